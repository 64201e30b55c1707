//! Answers that never come, or break off.

use std::time::Duration;

use vulas_native::{
    cluster::Error as ClusterError,
    sandbox::{Action, Fault, Matcher},
};

use super::Sandbox;

#[test]
fn a_log_that_broke_off_does_not_cost_a_promotion() {
    let sandbox = Sandbox::small();
    let faults = sandbox.server.as_ref().unwrap().faults();
    let log = Matcher::of("get", "pods/log", "beta-promote-*");
    faults.add(Fault::once(log, Action::internal_error()));
    sandbox.stage.upgrade(&[]).ended(0).said("beta is up");
}

#[test]
fn a_command_that_is_never_answered_ends() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    let pod = "alpha-database-master-0";
    let exec = Matcher::of("get", "pods/exec", pod);
    sandbox.server.as_ref().unwrap().faults().add(Fault::always(exec, Action::Freeze));
    let asked = stage.cluster.exec(&stage.core, pod, "postgres", &["true"], None, Duration::from_secs(1));
    let error = stage.runtime.block_on(asked).unwrap_err();
    assert!(matches!(error, ClusterError::Timeout { .. }), "{error}");
}
