//! The fence is lifted before alpha gets the traffic back and before its replica is cloned.

use std::sync::Arc;

use vulas_native::{cluster::Silent, database::Server, handover};

use super::{Sandbox, Stage, meanwhile::Refusing};

const ALPHA: &str = "alpha-database-master-0";

fn is_fenced(stage: &Stage, pod: &str) -> bool {
    stage.runtime.block_on(Server::new(&stage.cluster, &stage.core, pod, "postgres").is_fenced()).unwrap()
}

#[test]
fn the_clone_of_a_retreat_has_no_fence() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    stage.upgrade(&["--fence", "read-only"]).ended(0);
    assert!(is_fenced(stage, ALPHA));
    stage.retreat(&[]).ended(0).said("clients of alpha may write again");
    assert!(!is_fenced(stage, ALPHA));
    assert!(!is_fenced(stage, "alpha-database-slave-1"), "the clone is read-only");
}

#[test]
fn a_fence_that_was_copied_does_not_reach_beta() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    stage.sql(ALPHA, "CREATE TABLE visit (id bigint, note text);");
    // As in a clone that was made while the master had a fence.
    stage.sql("alpha-database-slave-1", "ALTER SYSTEM SET default_transaction_read_only = on;");
    stage.upgrade(&["--timeout", "120s"]).ended(0);
    assert!(!is_fenced(stage, "beta-database-master-0"));
}

#[test]
fn the_fence_is_lifted_before_the_traffic_moves() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    stage.upgrade(&["--fence", "read-only"]).ended(0);
    stage.route("beta", &[]).ended(0);
    let admin = format!("/namespaces/{}/", stage.admin);
    let cluster =
        stage.cluster.with_hook(Arc::new(Refusing::new(0, usize::MAX, move |write| write.path.contains(&admin))));
    let options = sandbox.retreat_options();
    let retreated = handover::retreat(&cluster, &Silent, &options);
    let error = stage.runtime.block_on(retreated).unwrap_err();
    assert_eq!(error.exit_code(), 3, "{error}");
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert!(!is_fenced(stage, ALPHA), "the traffic would go to a master that may only be read");
    stage.retreat(&[]).ended(0);
}

#[test]
fn a_route_back_lifts_the_fence() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    stage.upgrade(&["--fence", "read-only"]).ended(0);
    // Alpha has the traffic, and keeps its fence.
    stage.route("alpha", &[]).ended(0);
    assert!(is_fenced(stage, ALPHA));
    stage.route("beta", &[]).ended(0);
    stage.route("alpha", &[]).ended(0).said("clients of alpha may write again");
    assert!(!is_fenced(stage, ALPHA));
    stage.retreat(&[]).ended(0);
}

#[test]
fn a_route_back_starts_the_writers_again() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    stage.upgrade(&["--fence", "scale"]).ended(0);
    stage.route("beta", &[]).ended(0);
    stage.route("alpha", &[]).ended(0);
    let backend = stage.get(&stage.namespaced("apps/v1", "Deployment", "alpha-restbackend")).unwrap();
    assert_eq!(backend["status"]["readyReplicas"], backend["spec"]["replicas"]);
    assert!(backend["spec"]["replicas"].as_u64() > Some(0));
    stage.retreat(&[]).ended(0);
}
