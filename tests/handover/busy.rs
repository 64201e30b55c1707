//! Somebody is at work on alpha.

use std::time::Duration;

use vulas_native::{action::Releases, cluster::Silent, release::Status};

use super::{Sandbox, support::scenario::Stage};

/// Adds a revision to alpha's history.
fn alpha_revision(stage: &Stage, status: Status) {
    stage.runtime.block_on(async {
        let records = Releases::of(&stage.cluster, &stage.core);
        let mut next = records.history("alpha", &Silent).await.unwrap().last().unwrap().clone();
        next.version += 1;
        next.set_status(status, "Preparing upgrade");
        records.create(&next).await.unwrap();
    });
}

#[test]
fn an_alpha_that_is_being_upgraded_is_refused() {
    let sandbox = Sandbox::small();
    alpha_revision(&sandbox.stage, Status::PendingUpgrade);
    sandbox.refuses(&[], &["revision 2 of alpha is pending-upgrade", "vulas-native history alpha -n vulas-core"]);
}

#[test]
fn alphas_history_is_not_written_while_somebody_works_on_alpha() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    let lease = stage.cluster.acquire_lease(&stage.core, "vulas-native.alpha", "somebody", Duration::from_secs(6));
    let lease = stage.runtime.block_on(lease).unwrap();
    stage
        .upgrade(&[])
        .ended(1)
        .said("step 4 of 8 (detach) failed")
        .said("somebody works on alpha")
        .said("Everything was put back");
    stage.runtime.block_on(lease.release()).unwrap();
    stage.upgrade(&[]).ended(0);
}
