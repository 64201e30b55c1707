//! Between the first look at the journal and the Lease somebody else may have come to an end; what he left counts.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;
use vulas_native::{
    cluster::{Cluster, ConnectOptions, Silent, Write},
    database::Server,
    handover::{self, FinishOptions, RetreatOptions, State},
};

use super::{Journal, Sandbox, Stage, is_journal, meanwhile::Meanwhile};

/// The Lease is about to be taken: the journal was looked at.
fn takes_lease(write: &Write) -> bool {
    write.path.contains("/leases")
}

/// A second operator, with a connection of his own.
fn other(stage: &Stage) -> (tokio::runtime::Runtime, Cluster) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let kubeconfig = Some(stage.kubeconfig.display().to_string());
    let options = ConnectOptions { kubeconfig, ..ConnectOptions::default() };
    let cluster = runtime.block_on(Cluster::connect(&options)).unwrap();
    (runtime, cluster)
}

fn state(stage: &Stage) -> State {
    stage.runtime.block_on(Journal::load(&stage.cluster, &stage.core)).unwrap().unwrap().state
}

#[test]
fn a_retreat_sees_what_was_routed_while_it_waited() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    stage.sql("alpha-database-master-0", "CREATE TABLE visit (id bigint, note text);");
    stage.upgrade(&[]).ended(0);
    let (core, admin) = (stage.core.clone(), stage.admin.clone());
    let mut route = stage.command(&[
        "route",
        "--core-namespace",
        &core,
        "--core-release=beta",
        "--admin-namespace",
        &admin,
        "--admin-release",
        &stage.admin_release,
    ]);
    let (runtime, cluster) = other(stage);
    let hook = Meanwhile::new(takes_lease, move || {
        assert!(route.output().unwrap().status.success());
        let beta = Server::new(&cluster, &core, "beta-database-master-0", "postgres");
        runtime.block_on(beta.run("vulas", "INSERT INTO visit SELECT g, 'row' FROM generate_series(1, 5) g;")).unwrap();
    });
    let options = RetreatOptions { accept_loss: false, ..sandbox.retreat_options() };
    let cluster = stage.cluster.with_hook(Arc::new(hook));
    let retreated = handover::retreat(&cluster, &Silent, &options);
    let error = stage.runtime.block_on(retreated).unwrap_err();
    assert_eq!(error.exit_code(), 4, "{error}");
    assert!(error.to_string().contains("visit +5"), "{error}");
    assert_eq!(state(stage), State::Routed);
    assert_eq!(stage.count("beta-database-master-0", "visit"), 5);
}

#[test]
fn a_finish_sees_what_was_given_up_while_it_waited() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    stage.upgrade(&[]).ended(0);
    stage.route("beta", &[]).ended(0);
    let mut retreat = stage.command(&[
        "retreat",
        "--accept-loss",
        "--core-namespace",
        &stage.core,
        "--admin-namespace",
        &stage.admin,
    ]);
    let hook = Meanwhile::new(takes_lease, move || assert!(retreat.output().unwrap().status.success()));
    let options = FinishOptions {
        namespace: stage.core.clone(),
        force: false,
        timeout: None,
        holder: "test".into(),
        stop: CancellationToken::new(),
    };
    let cluster = stage.cluster.with_hook(Arc::new(hook));
    let finished = handover::finish(&cluster, &Silent, &options);
    let error = stage.runtime.block_on(finished).unwrap_err();
    assert!(error.to_string().contains("is not at a point where it could be finished"), "{error}");
    assert_eq!(state(stage), State::Retreated);
    assert_eq!(stage.sql("alpha-database-master-0", "SELECT pg_is_in_recovery();"), "f");
}

#[test]
fn a_resumption_sees_what_was_taken_back_while_it_waited() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    stage.sql("alpha-database-master-0", "CREATE TABLE visit (id bigint, note text);");
    assert!(sandbox.killed_at(9, is_journal));
    let (runtime, cluster) = other(stage);
    let options = sandbox.retreat_options();
    let hook = Meanwhile::new(takes_lease, move || {
        runtime.block_on(handover::retreat(&cluster, &Silent, &options)).unwrap();
    });
    let cluster = stage.cluster.with_hook(Arc::new(hook));
    let resumed = handover::resume(&cluster, &Silent, &stage.core, "test", CancellationToken::new());
    let error = stage.runtime.block_on(resumed).unwrap_err();
    assert!(error.to_string().contains("was not interrupted"), "{error}");
    assert_eq!(state(stage), State::Retreated);
    stage.replica_follows("visit");
    // The Lease was given back: nobody waits for it.
    let begun = std::time::Instant::now();
    stage.retreat(&[]).ended(1).said("was taken back already");
    assert!(begun.elapsed() < Duration::from_secs(10));
}
