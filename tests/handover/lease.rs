//! A run that was not heard of for too long: somebody else has taken over.

use std::time::Duration;

use vulas_native::{
    cluster::{ApplyOptions, Error as ClusterError},
    handover::Journal,
    sandbox::{Action, Fault, Matcher},
};

use super::Sandbox;

#[test]
fn a_stale_run_does_not_write_over_the_journal_of_a_newer_one() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    stage.upgrade(&[]).ended(0);
    let load = || stage.runtime.block_on(Journal::load(&stage.cluster, &stage.core)).unwrap().unwrap();
    let (mut newer, mut stale) = (load(), load());
    newer.holder = "newer".into();
    newer.warnings.push("kept".into());
    stage.runtime.block_on(newer.save(&stage.cluster)).unwrap();
    stale.holder = "stale".into();
    let error = stage.runtime.block_on(stale.save(&stage.cluster)).unwrap_err();
    assert!(error.to_string().contains("another run has written it"), "{error}");
    assert!(load().warnings.contains(&"kept".to_owned()));
    stage.runtime.block_on(newer.save(&stage.cluster)).unwrap();
}

#[test]
fn a_run_that_was_not_heard_of_writes_nothing_any_more() {
    let sandbox = Sandbox::fast();
    let stage = &sandbox.stage;
    let map =
        serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "default"}});
    let options = ApplyOptions::new("test");
    stage.runtime.block_on(async {
        let lease = stage.cluster.acquire_lease("default", "x", "one", Duration::from_secs(2)).await.unwrap();
        let fenced = lease.fence(&stage.cluster);
        fenced.apply(&map, &options).await.unwrap();
        // The renewals are never answered.
        let leases = Matcher { resource: "leases".into(), ..Matcher::default() };
        sandbox.server.as_ref().unwrap().faults().add(Fault::always(leases, Action::Freeze));
        tokio::time::sleep(Duration::from_millis(2500)).await;
        assert!(lease.is_lost());
        let refused = fenced.apply(&map, &options).await.unwrap_err();
        assert!(matches!(refused, ClusterError::Lost { .. }), "{refused}");
        stage.cluster.apply(&map, &options).await.unwrap();
    });
}
