//! What in alpha's database would be lost, hang or go wrong with a replica of it taken away: asked before anything is
//! changed.

use super::{Layout, Problem};
use crate::{
    cluster::Cluster,
    database::{Error, Facts, Standby, human_bytes},
};

/// A slot that holds more than this for nobody is worth a word.
const MUCH_WAL: u64 = 1 << 30;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Hazards {
    pub problems: Vec<Problem>,
    pub warnings: Vec<String>,
    /// The replica's slot on the master.
    pub slot: Option<String>,
    /// Libraries and extensions that beta's image must have.
    pub libraries: Vec<String>,
}

/// What the servers say.
struct Told {
    master: Facts,
    replica: Facts,
    /// Who follows the replica.
    followers: Vec<Standby>,
    /// Tables that are not logged.
    unlogged: Vec<String>,
    extensions: Vec<String>,
}

/// Asks master and replica.
pub(super) async fn look(cluster: &Cluster, namespace: &str, layout: &Layout, beta: &str) -> Result<Hazards, Error> {
    let (master, replica) = (layout.master.server(cluster, namespace), layout.replica.server(cluster, namespace));
    let mut told = Told {
        master: master.facts().await?,
        replica: replica.facts().await?,
        followers: replica.standbys().await?,
        unlogged: Vec::new(),
        extensions: Vec::new(),
    };
    for (what, name) in master.contents().await? {
        if what == "unlogged" { told.unlogged.push(name) } else { told.extensions.push(name) }
    }
    Ok(judge(&told, layout, beta))
}

fn judge(told: &Told, layout: &Layout, beta: &str) -> Hazards {
    let mut found = Hazards::default();
    let (master, pod) = (&layout.master.pod, &layout.replica.pod);
    let own = told.replica.own_slot.as_str();
    found.slot = told.master.slots.iter().find(|s| s.physical && s.name == own).map(|s| s.name.clone());
    if !told.followers.is_empty() {
        let names: Vec<&str> = told.followers.iter().map(|s| s.name.as_str()).collect();
        found.problems.push(Problem::new(
            format!("other standbys follow pod/{pod}: {}; they would be left without their source", names.join(", ")),
            format!("let them follow pod/{master} first"),
        ));
    }
    let awaited = told.master.setting("synchronized_standby_slots");
    if !own.is_empty() && awaited.split(',').any(|name| name.trim().trim_matches('"') == own) {
        found.problems.push(Problem::new(
            format!("logical replication of pod/{master} waits for slot {own} of pod/{pod} (synchronized_standby_slots): without it, it would hang"),
            "let synchronized_standby_slots name the slot of another standby, or none, first",
        ));
    }
    for slot in told.master.slots.iter().filter(|s| !s.active && s.name != own && s.retained > MUCH_WAL) {
        found.warnings.push(format!(
            "replication slot {} of pod/{master} is used by nobody and holds {} of WAL",
            slot.name,
            human_bytes(slot.retained)
        ));
    }
    let mount = layout.volume.mount.trim_end_matches('/');
    for (name, place) in &told.replica.tablespaces {
        if place.strip_prefix(mount).is_some_and(|rest| rest.starts_with('/')) {
            found
                .warnings
                .push(format!("tablespace {name} lies at {place}: {beta} must mount the volume at {mount} as well"));
        } else {
            found.problems.push(Problem::new(
                format!("tablespace {name} of pod/{pod} lies at {place}, not on persistentvolumeclaim/{}", layout.volume.claim),
                "a database that lies on several volumes can't be handed over: move its tables to pg_default and drop it",
            ));
        }
    }
    if !told.master.prepared.is_empty() {
        found.warnings.push(format!(
            "{} prepared transactions are open on pod/{master} ({}): {beta} has them too, with their locks, until COMMIT PREPARED or ROLLBACK PREPARED there, and needs max_prepared_transactions for them",
            told.master.prepared.len(),
            told.master.prepared.join(", ")
        ));
    }
    if !told.unlogged.is_empty() {
        found.warnings.push(format!(
            "unlogged tables are empty in {beta}, since no replica has their rows: {}",
            told.unlogged.join(", ")
        ));
    }
    let archives = |facts: &Facts| {
        !matches!(facts.setting("archive_mode"), "" | "off")
            && ["archive_command", "archive_library"].iter().any(|n| !matches!(facts.setting(n), "" | "(disabled)"))
    };
    if archives(&told.replica) || archives(&told.master) {
        found.warnings.push(format!(
            "the database archives its WAL: archiving that is configured on the volume is switched off for {beta} (ALTER SYSTEM SET archive_mode = off), since two servers must not share an archive; give it one of its own, then ALTER SYSTEM RESET archive_mode"
        ));
    }
    let is_far = |address: &&String| {
        !address.starts_with("127.") && !matches!(address.as_str(), "::1" | "samehost" | "localhost" | "")
    };
    if !told.replica.hba.is_empty() && !told.replica.hba.iter().any(|address| is_far(&address)) {
        found.warnings.push(format!(
            "pg_hba.conf of pod/{pod} lets in no client from another pod; where {beta}'s chart does not bring its own, its clients are refused"
        ));
    }
    found.libraries = told
        .master
        .setting("shared_preload_libraries")
        .split(',')
        .map(|l| l.trim().trim_matches('"').to_owned())
        .filter(|l| !l.is_empty())
        .collect();
    found.libraries.extend(told.extensions.iter().cloned());
    found.libraries.sort();
    found.libraries.dedup();
    found
}

/// How many standbys a commit waits for: `ANY 2 (a, b)`, `FIRST 1 (a)`, `2 (a, b)`, `a, b`.
pub(super) fn synchronous(names: &str) -> usize {
    let names = names.trim();
    if names.is_empty() {
        return 0;
    }
    let Some((before, _)) = names.split_once('(') else { return 1 };
    before.split_whitespace().next_back().and_then(|word| word.parse().ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Slot;
    use serde_json::json;

    fn layout() -> Layout {
        let identity = json!({"major": 16, "version": "16.4", "data_directory": "/pg/data", "user": "postgres",
            "in_recovery": true, "system_identifier": "7", "timeline": 1, "wal_level": "replica"});
        let place = |pod: &str| json!({"statefulset": "a", "pod": pod, "container": "db", "identity": identity});
        let volume =
            json!({"claim": "c", "volume": null, "mount": "/pg", "sub_path": null, "capacity": "", "class": null});
        serde_json::from_value(
            json!({"master": place("a-0"), "replica": place("a-1"), "volume": volume, "replicas": 2, "secret": null}),
        )
        .unwrap()
    }

    fn told() -> Told {
        Told {
            master: Facts::default(),
            replica: Facts::default(),
            followers: Vec::new(),
            unlogged: Vec::new(),
            extensions: Vec::new(),
        }
    }

    fn judged(told: &Told) -> Hazards {
        judge(told, &layout(), "beta")
    }

    #[test]
    fn a_plain_database_has_no_hazards() {
        let found = judged(&told());
        assert!(found.problems.is_empty() && found.warnings.is_empty() && found.slot.is_none(), "{found:?}");
    }

    #[test]
    fn what_would_be_left_behind_is_refused() {
        let mut it = told();
        it.followers.push(Standby {
            name: "a-2".into(),
            address: String::new(),
            state: "streaming".into(),
            sent: crate::database::Lsn(0),
            replayed: crate::database::Lsn(0),
            sync: "async".into(),
        });
        it.replica.tablespaces = vec![("fast".into(), "/ssd/fast".into()), ("near".into(), "/pg/near".into())];
        let found = judged(&it);
        assert!(found.problems[0].what.contains("a-2") && found.problems[1].what.contains("fast"), "{found:?}");
        assert_eq!(found.problems.len(), 2);
        assert!(found.warnings[0].contains("near"), "{found:?}");
    }

    #[test]
    fn a_slot_that_logical_replication_waits_for_is_not_taken() {
        let mut it = told();
        it.replica.own_slot = "a_1".into();
        for (slots, awaited) in [("a_0, \"a_1\"", true), ("a_1", true), ("a_10", false), ("", false)] {
            it.master.settings = vec![("synchronized_standby_slots".into(), slots.into())];
            let found = judged(&it).problems;
            assert_eq!(found.iter().any(|p| p.what.contains("waits for slot a_1 of pod/a-1")), awaited, "{slots}");
        }
    }

    #[test]
    fn what_changes_is_said() {
        let mut it = told();
        let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        it.master.settings = vec![
            setting("archive_mode", "on"),
            setting("archive_command", "set"),
            setting("shared_preload_libraries", "pg_stat_statements, \"timescaledb\""),
        ];
        it.master.prepared = vec!["tx1".into()];
        it.unlogged = vec!["public.cache".into()];
        it.extensions = vec!["timescaledb".into()];
        it.replica.hba = vec!["127.0.0.1".into(), "::1".into()];
        it.replica.own_slot = "a_1".into();
        let slot =
            |name: &str, active: bool, retained: u64| Slot { name: name.into(), physical: true, active, retained };
        it.master.slots = vec![slot("a_1", true, 0), slot("lost", false, 5 << 30)];
        let found = judged(&it);
        for words in [
            "archive_mode = off",
            "tx1",
            "public.cache",
            "pg_hba.conf",
            "slot lost of pod/a-0 is used by nobody and holds 5.4 GB",
        ] {
            assert!(found.warnings.iter().any(|w| w.contains(words)), "{words}: {found:?}");
        }
        assert_eq!(found.slot.as_deref(), Some("a_1"));
        assert_eq!(found.libraries, ["pg_stat_statements", "timescaledb"]);
        it.replica.hba.push("10.0.0.0".into());
        assert!(!judged(&it).warnings.iter().any(|w| w.contains("pg_hba.conf")));
    }

    #[test]
    fn commits_wait_for_so_many_standbys() {
        for (names, count) in
            [("", 0), ("a", 1), ("*", 1), ("a, b", 1), ("2 (a, b)", 2), ("FIRST 2 (a, b, c)", 2), ("ANY 1 (a, b)", 1)]
        {
            assert_eq!(synchronous(names), count, "{names}");
        }
    }
}
