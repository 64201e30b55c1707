//! Alpha's record is put back by what it says, also when a run ends between its writing and the journal's.

use vulas_native::{
    action::Releases,
    cluster::{Silent, Write},
    handover::{self, State},
};

use super::{Sandbox, killed::killed_at, killed_then_mended};

/// A revision of alpha is written. (The journal is applied, and beta's first revision comes later.)
fn new_revision(write: &Write) -> bool {
    write.verb == "create" && write.path.ends_with("/secrets") && !write.dry_run
}

/// The revision before it is marked as superseded.
fn superseded(write: &Write) -> bool {
    write.verb == "replace" && write.path.contains("sh.helm.release.v1.alpha.")
}

#[test]
fn a_lowered_record_that_the_journal_does_not_know_is_raised() {
    for counts in [new_revision, superseded] {
        assert!(killed_then_mended(counts, 1));
    }
}

#[test]
fn a_record_is_lowered_once_when_the_upgrade_goes_on() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    assert!(sandbox.killed_at(1, new_revision));
    let stop = tokio_util::sync::CancellationToken::new();
    let resumed = handover::resume(&stage.cluster, &Silent, &stage.core, "test", stop);
    let journal = stage.runtime.block_on(resumed).unwrap();
    assert_eq!((journal.state, journal.lowered_revision), (State::Up, Some(2)));
    let records = Releases::of(&stage.cluster, &stage.core);
    let history = stage.runtime.block_on(records.history("alpha", &Silent)).unwrap();
    assert_eq!((history.revisions().len(), history.all_deployed().count()), (2, 1));
}

#[test]
fn a_retreat_that_is_killed_when_it_has_raised_the_record_is_gone_on_with() {
    for counts in [new_revision, superseded] {
        let sandbox = Sandbox::small();
        let stage = &sandbox.stage;
        stage.sql("alpha-database-master-0", "CREATE TABLE visit (id bigint, note text);");
        let (slaves, values) = (stage.slaves(), stage.values_of_alpha());
        stage.upgrade(&[]).ended(0);
        let options = sandbox.retreat_options();
        let ended =
            killed_at(stage, 1, counts, async |cluster| handover::retreat(cluster, &Silent, &options).await.is_ok());
        assert_eq!(ended, None);
        stage.runtime.block_on(handover::retreat(&stage.cluster, &Silent, &options)).unwrap();
        stage.replica_follows("visit");
        assert_eq!((stage.slaves(), stage.values_of_alpha()), (slaves, values));
        let records = Releases::of(&stage.cluster, &stage.core);
        let history = stage.runtime.block_on(records.history("alpha", &Silent)).unwrap();
        assert_eq!(history.all_deployed().count(), 1);
    }
}
