//! What `status` says, to decide by.

use vulas_native::{
    cluster::{Json, Patch},
    sandbox::{Action, Fault, Matcher},
};

use super::{Sandbox, Stage};

const BETA: &str = "beta-database-master-0";

/// The line that begins with the release's name.
fn of_beta(stage: &Stage) -> String {
    let said = stage.status().ended(0).stdout;
    said.lines().find(|line| line.starts_with("  beta ")).unwrap_or_else(|| panic!("nothing of beta:\n{said}")).into()
}

#[test]
fn what_beta_has_written_is_told_before_anybody_decides() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    stage.sql("alpha-database-master-0", "CREATE TABLE visit (id bigint, note text);");
    stage.upgrade(&[]).ended(0);
    assert!(of_beta(stage).ends_with("Z: no rows changed"), "{}", of_beta(stage));
    stage.sql(BETA, "INSERT INTO visit SELECT g, 'row' FROM generate_series(1, 5) g;");
    assert!(of_beta(stage).ends_with("Z: rows changed by table: visit +5"), "{}", of_beta(stage));
    stage.route("beta", &[]).ended(0);
    let json = stage.run(&["status", "--core-namespace", &stage.core, "-o", "json"]).ended(0).stdout;
    let json: Json = serde_json::from_str(&json).unwrap();
    assert_eq!(json["future"]["written"][0]["inserted"], 5, "{json:#}");
    // Who does not answer is not waited for; who is gone is told.
    let asked = Matcher::of("get", "pods/exec", BETA);
    let faults = sandbox.server.as_ref().unwrap().faults();
    faults.add(Fault::always(asked, Action::Freeze));
    assert!(of_beta(stage).ends_with("not known, since its server did not answer within 10 s"), "{}", of_beta(stage));
    faults.clear();
    let master = stage.namespaced("apps/v1", "StatefulSet", "beta-database-master");
    let none = Patch::Merge(serde_json::json!({"spec": {"replicas": 0}}));
    stage.runtime.block_on(stage.cluster.patch(&master, &none, None, "test")).unwrap();
    let pod = stage.namespaced("v1", "Pod", BETA);
    stage.until("beta's master to go", std::time::Duration::from_secs(20), || stage.get(&pod).is_none());
    assert!(of_beta(stage).contains("not known, since no server of beta runs on its volume"), "{}", of_beta(stage));
    stage.retreat(&["--accept-loss"]).ended(0);
    assert!(!stage.status().ended(0).stdout.contains("  beta "));
}
