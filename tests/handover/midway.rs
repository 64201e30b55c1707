//! What fails midway says that something is left to do, and can be gone on with.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;
use vulas_native::{
    cluster::{Cluster, ConnectOptions, ObjectRef, Patch, Silent, Write},
    handover::{self, FinishOptions, RouteOptions, State},
};

use super::{
    Journal, Sandbox, Stage, is_journal,
    meanwhile::{Meanwhile, Refusing},
};

#[test]
fn a_retreat_whose_journal_is_refused_is_not_over() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    stage.sql("alpha-database-master-0", "CREATE TABLE visit (id bigint, note text);");
    stage.upgrade(&[]).ended(0);
    let mut failed = 0;
    // Each time one write more passes, until none is left to be refused.
    for passes in 0.. {
        let cluster = stage.cluster.with_hook(Arc::new(Refusing::new(passes, 1, is_journal)));
        let options = sandbox.retreat_options();
        let retreated = handover::retreat(&cluster, &Silent, &options);
        match stage.runtime.block_on(retreated) {
            Ok(journal) => {
                assert_eq!(journal.state, State::Retreated);
                break;
            }
            Err(error) => {
                assert!(error.to_string().contains("the disk is full"), "{error}");
                assert_eq!((error.exit_code(), error.aftermath()), (3, "Something is left to do."), "{error}");
                failed += 1;
            }
        }
    }
    assert!(failed > 3, "only {failed} writes were refused");
    stage.replica_follows("visit");
}

#[test]
fn a_finish_whose_journal_is_refused_is_not_over() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    stage.upgrade(&[]).ended(0);
    stage.route("beta", &[]).ended(0);
    let options = FinishOptions {
        namespace: stage.core.clone(),
        force: false,
        timeout: None,
        holder: "test".into(),
        stop: CancellationToken::new(),
    };
    let cluster = stage.cluster.with_hook(Arc::new(Refusing::new(1, 1, is_journal)));
    let error = stage.runtime.block_on(handover::finish(&cluster, &Silent, &options)).unwrap_err();
    assert_eq!((error.exit_code(), error.aftermath()), (3, "Something is left to do."), "{error}");
    let (journal, _) = stage.runtime.block_on(handover::finish(&stage.cluster, &Silent, &options)).unwrap();
    assert_eq!(journal.state, State::Finished);
}

/// Somebody else takes the Lease just before the first write that fits.
fn taken_over(stage: &Stage, fits: impl Fn(&Write) -> bool + Send + Sync + 'static) -> Meanwhile {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let kubeconfig = Some(stage.kubeconfig.display().to_string());
    let namespace = stage.core.clone();
    Meanwhile::new(fits, move || {
        let connect = ConnectOptions { kubeconfig: kubeconfig.clone(), ..ConnectOptions::default() };
        let lease = ObjectRef::new("coordination.k8s.io/v1", "Lease", &namespace, handover::LEASE);
        let taken = Patch::Merge(serde_json::json!({"spec": {"holderIdentity": "other", "leaseDurationSeconds": 1}}));
        runtime.block_on(async {
            let cluster = Cluster::connect(&connect).await.unwrap();
            cluster.patch(&lease, &taken, None, "test").await.unwrap();
        });
        // Until its holder has looked at it again.
        std::thread::sleep(Duration::from_secs(6));
    })
}

#[test]
fn a_lease_that_is_lost_midway_leaves_something_to_do() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    stage.upgrade(&[]).ended(0);
    let hook = taken_over(stage, |write| write.verb == "delete" && write.path.ends_with("/data-beta-database-slave-0"));
    let cluster = stage.cluster.with_hook(Arc::new(hook));
    let options = sandbox.retreat_options();
    let retreated = handover::retreat(&cluster, &Silent, &options);
    let error = stage.runtime.block_on(retreated).unwrap_err();
    assert!(error.to_string().contains("was lost"), "{error}");
    assert_eq!((error.exit_code(), error.aftermath()), (3, "Something is left to do."), "{error}");
    let journal = stage.runtime.block_on(Journal::load(&stage.cluster, &stage.core)).unwrap().unwrap();
    assert_eq!(journal.state, State::Retreating);
    stage.retreat(&[]).ended(0);
}

#[test]
fn a_route_whose_lease_is_lost_writes_nothing_more() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    stage.upgrade(&[]).ended(0);
    // The first write of the admin release: the journal has the route already.
    let admin = stage.admin.clone();
    let hook = taken_over(stage, move |write| write.path.contains(&format!("/namespaces/{admin}/")));
    let options = RouteOptions {
        namespace: stage.core.clone(),
        release: "beta".into(),
        admin_namespace: stage.admin.clone(),
        admin_release: stage.admin_release.clone(),
        release_value: handover::RELEASE_VALUE.into(),
        admin_chart: handover::ADMIN_CHART.into(),
        accept_loss: false,
        force: false,
        timeout: Duration::from_secs(60),
        holder: "test".into(),
    };
    let cluster = stage.cluster.with_hook(Arc::new(hook));
    let error = stage.runtime.block_on(handover::route(&cluster, &Silent, &options)).unwrap_err();
    assert!(error.to_string().contains("was lost"), "{error}");
    let journal = stage.runtime.block_on(Journal::load(&stage.cluster, &stage.core)).unwrap().unwrap();
    assert_eq!(journal.state, State::Up);
    stage.route("beta", &[]).ended(0);
}
