//! Runs that are told to stop, and go on later.

use vulas_native::sandbox::{Action, Fault, Matcher};

use super::Sandbox;

#[test]
fn a_retreat_stops_when_told_and_says_how_to_go_on() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    stage.sql("alpha-database-master-0", "CREATE TABLE visit (id bigint, note text);");
    stage.upgrade(&[]).ended(0);
    // The replica that comes back can't be asked: a clone takes its time.
    let faults = sandbox.server.as_ref().unwrap().faults();
    let asked = Matcher::of("get", "pods/exec", "alpha-database-slave-1");
    faults.add(Fault::always(asked, Action::internal_error()));
    let retreat = ["retreat", "--core-namespace", &stage.core, "--admin-namespace", &stage.admin];
    stage.interrupted_command(&retreat, "6 install").ended(3).said("Go on:").said("vulas-native retreat --core");
    // Once more, within the wait itself.
    stage.interrupted_command(&retreat, "to stream").ended(3).said("Go on:");
    faults.clear();
    stage.retreat(&[]).ended(0);
    stage.replica_follows("visit");
}

#[test]
fn what_a_resumed_run_would_not_heed_is_refused() {
    let sandbox = Sandbox::fast();
    let core = format!("--core-namespace={}", sandbox.stage.core);
    for more in [["--fence", "read-only"], ["--timeout", "5m"], ["--chart", "core"], ["--set", "a=b"]] {
        sandbox
            .stage
            .run(&[&["upgrade", "--resume", &core][..], &more].concat())
            .ended(2)
            .said("--resume")
            .said(more[0]);
    }
}
