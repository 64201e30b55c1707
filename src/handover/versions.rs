//! Which versions of PostgreSQL can be handed over.

use super::Problem;
use crate::database::Identity;

/// Functions and views of positions have the names that are asked for from 10 on.
const OLDEST: u32 = 10;
/// The first and last version that was handed over on a real kubelet (COMPATIBILITY.md).
const PROVEN: std::ops::RangeInclusive<u32> = 11..=18;

/// Why a server's version can't be handed over.
pub(super) fn refusal(server: &Identity) -> Option<Problem> {
    (server.major < OLDEST).then(|| {
        Problem::new(
            format!("alpha runs PostgreSQL {}, which can't be handed over", server.version),
            format!("bring it to {} or later first (pg_upgrade, or a dump)", PROVEN.start()),
        )
    })
}

/// What is to be said of a version that nobody has tried.
pub(super) fn warning(server: &Identity) -> Option<String> {
    (!PROVEN.contains(&server.major)).then(|| {
        format!(
            "PostgreSQL {} has never been handed over: {} to {} have; try it on a copy first",
            server.version,
            PROVEN.start(),
            PROVEN.end()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(major: u32, version: &str) -> Identity {
        serde_json::from_value(
            serde_json::json!({"major": major, "version": version, "data_directory": "/d", "user": "p",
            "in_recovery": false, "system_identifier": "7", "timeline": 1, "wal_level": "replica"}),
        )
        .unwrap()
    }

    #[test]
    fn versions_are_proven_untried_or_refused() {
        for (major, version, refused, warned) in [
            (9, "9.6.24", true, true),
            (10, "10.23", false, true),
            (11, "11.22", false, false),
            (18, "18.6", false, false),
            (19, "19beta1", false, true),
        ] {
            let server = server(major, version);
            assert_eq!((refusal(&server).is_some(), warning(&server).is_some()), (refused, warned), "{version}");
        }
    }
}
