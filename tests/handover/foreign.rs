//! A beta that is not the handover's own.

use super::Sandbox;

#[test]
fn a_beta_that_somebody_else_has_installed_meanwhile_is_left_alone() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    stage.sql("alpha-database-master-0", "CREATE TABLE visit (id bigint, note text);");
    assert!(sandbox.killed_at(1, |write| write.verb == "create" && write.path.ends_with("/jobs")));
    let chart = tempfile::tempdir().unwrap();
    std::fs::create_dir(chart.path().join("templates")).unwrap();
    std::fs::write(chart.path().join("Chart.yaml"), "apiVersion: v2\nname: other\nversion: 1.0.0\n").unwrap();
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: of-beta}\n";
    std::fs::write(chart.path().join("templates/map.yaml"), map).unwrap();
    stage.run(&["install", "beta", chart.path().to_str().unwrap(), "-n", &stage.core]).ended(0);
    let resume = ["upgrade", "--resume", "--core-namespace", &stage.core];
    stage.run(&resume).ended(1).said("release beta was installed by somebody else").said("Everything was put back");
    assert!(stage.get(&stage.namespaced("v1", "ConfigMap", "of-beta")).is_some());
    stage.run(&["status", "beta", "-n", &stage.core]).ended(0).said("deployed");
    stage.replica_follows("visit");
}
