//! The charts that are compiled into the program.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::{Chart, Error, Notices, loader};

const SUMS: &str = include_str!("../../vendor-charts/SHA256SUMS");

/// Name, file name and archive of each.
const ARCHIVES: [(&str, &str, &[u8]); 3] = [
    ("core", "core-3.2.0.tgz", include_bytes!("../../vendor-charts/core-3.2.0.tgz")),
    ("admin", "admin-3.2.0.tgz", include_bytes!("../../vendor-charts/admin-3.2.0.tgz")),
    ("monitoring", "monitoring-3.2.0.tgz", include_bytes!("../../vendor-charts/monitoring-3.2.0.tgz")),
];

/// The names of the embedded charts.
pub fn names() -> impl Iterator<Item = &'static str> {
    ARCHIVES.iter().map(|(name, ..)| *name)
}

/// The archive of an embedded chart, checked against its recorded hash; `None` if there is none of this name.
///
/// # Errors
/// The archive is not the one that was recorded.
pub fn archive(name: &str) -> Option<Result<&'static [u8], Error>> {
    let (_, file, data) = ARCHIVES.iter().find(|(known, ..)| *known == name)?;
    let recorded = SUMS.lines().filter_map(|line| line.split_once("  ")).find(|(_, of)| of == file).map(|(sum, _)| sum);
    let sum = Sha256::digest(data).iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    Some(if recorded == Some(sum.as_str()) {
        Ok(*data)
    } else {
        Err(Error::new(format!(
            "the embedded chart {file} has the hash {sum}, but {} is recorded: this program was built from damaged files",
            recorded.unwrap_or("nothing")
        )))
    })
}

/// Loads an embedded chart; `None` if there is none of this name.
///
/// # Errors
/// As [`archive`].
pub fn load(name: &str, notices: &Notices) -> Option<Result<Chart, Error>> {
    Some(archive(name)?.and_then(|data| loader::load_archive(data, notices)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_chart_is_the_recorded_one_and_loads() {
        for name in names() {
            let chart = load(name, &Notices::new()).unwrap().unwrap();
            assert_eq!(chart.name(), name);
        }
        assert!(archive("other").is_none());
    }
}
