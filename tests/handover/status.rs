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

#[test]
fn what_comes_next_is_told_in_the_same_words_everywhere() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    let next = || {
        let json = stage.run(&["status", "--core-namespace", &stage.core, "-o", "json"]).ended(0).stdout;
        let json: Json = serde_json::from_str(&json).unwrap();
        let word = |next: &Json, key: &str| next[key].as_str().unwrap().to_owned();
        let next = json["next"].as_array().unwrap().iter();
        next.map(|next| (word(next, "what"), word(next, "command"))).collect::<Vec<_>>()
    };
    let folder = tempfile::tempdir().unwrap();
    let upgraded = stage.upgrade(&["--report", &folder.path().display().to_string()]).ended(0).stdout;
    let report = std::fs::read_to_string(folder.path().join("vulas-native-upgrade-alpha-beta.md")).unwrap();
    let told = |place: &str, what: &str, command: &str| {
        assert!(place.lines().any(|line| line.contains(what) && line.contains(command)), "{what}: {command}\n{place}");
    };
    let words: Vec<String> = next().into_iter().map(|(what, _)| what).collect();
    assert_eq!(words, ["Go over", "Give it up"]);
    for (what, command) in next() {
        told(&upgraded, &what, &command);
        told(&report, &what, &command);
    }
    let routed = stage.route("beta", &[]).ended(0).stdout;
    assert_eq!(next().len(), 3);
    for (what, command) in next() {
        told(&routed, &what, &command);
    }
}
