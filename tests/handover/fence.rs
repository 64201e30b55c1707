//! The fence is lifted before alpha gets the traffic back and before its replica is cloned.

use std::{sync::Arc, time::Duration};

use vulas_native::{
    cluster::{Cluster, ConnectOptions, Patch, Silent, Write},
    database::Server,
    handover,
};

use super::{
    Config, Pace, Sandbox, Stage, is_journal,
    killed::killed_at,
    meanwhile::{Meanwhile, Refusing},
};

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

#[test]
fn a_session_that_commits_late_is_waited_for() {
    let values = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/values/database-only.yaml");
    let pace = Pace { commit: 1500, ..Pace::fast() };
    let mut sandbox = Sandbox::new(Config { pace, ..Config::default() });
    sandbox.stage.core_values.push(values.into());
    let stage = &sandbox.stage;
    stage.install_alpha(&[]);
    stage.sql(ALPHA, "CREATE TABLE visit (id bigint, note text);");
    stage.upgrade(&["--fence", "read-only"]).ended(0).said("clients of alpha may only read (1 session ended)");
    assert_eq!((stage.count(ALPHA, "visit"), stage.count("beta-database-master-0", "visit")), (1, 1));
    stage.retreat(&[]).ended(0);
}

#[test]
fn a_fence_that_would_not_hold_is_refused() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    let refused = |words: &[&str]| sandbox.refuses(&["--fence", "read-only"], words);
    stage.sql(ALPHA, "ALTER ROLE vulas SET default_transaction_read_only = off;");
    stage.sql(ALPHA, "PREPARE TRANSACTION 'half';");
    refused(&["lets some write in spite of a fence", "vulas in all databases", "prepared transactions", "half"]);
    stage.sql(ALPHA, "ALTER SYSTEM SET default_transaction_read_only = on;");
    refused(&["may only read already", "use --fence=none"]);
    stage.sql(ALPHA, "ALTER SYSTEM RESET default_transaction_read_only;");
    let master = stage.namespaced("apps/v1", "StatefulSet", "alpha-database-master");
    let arguments = serde_json::json!([{"op": "add", "path": "/spec/template/spec/containers/0/args",
        "value": ["-c", "default_transaction_read_only=off"]}]);
    stage.runtime.block_on(stage.cluster.patch(&master, &Patch::Json(arguments), None, "test")).unwrap();
    stage.until("the master to start anew", Duration::from_secs(20), || {
        let pod = stage.get(&stage.namespaced("v1", "Pod", ALPHA));
        pod.is_some_and(|pod| pod["spec"]["containers"][0]["args"].is_array())
            && stage.try_sql(ALPHA, "SELECT 1;").is_ok()
    });
    refused(&["has default_transaction_read_only on its command line"]);
}

/// What runs SQL on alpha's master, from within another runtime.
fn aside(stage: &Stage, sql: &'static str) -> impl FnMut() + Send + 'static {
    let (kubeconfig, namespace) = (stage.kubeconfig.display().to_string(), stage.core.clone());
    move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let options = ConnectOptions { kubeconfig: Some(kubeconfig.clone()), ..Default::default() };
            let cluster = Cluster::connect(&options).await.unwrap();
            Server::new(&cluster, &namespace, ALPHA, "postgres").run("vulas", sql).await.unwrap();
        });
    }
}

#[test]
fn a_fence_that_does_not_hold_is_taken_back() {
    for (sql, words) in [
        ("ALTER ROLE vulas SET default_transaction_read_only = off;", "lets some write in spite of a fence"),
        ("ALTER ROLE postgres SET default_transaction_read_only = off;", "does not keep its clients from writing"),
    ] {
        let sandbox = Sandbox::small();
        let stage = &sandbox.stage;
        // After preflight has found nothing.
        let cluster = stage.cluster.with_hook(Arc::new(Meanwhile::new(is_journal, aside(stage, sql))));
        let timeout = Duration::from_secs(3);
        let options = handover::UpgradeOptions { fence: handover::Fence::ReadOnly, timeout, ..sandbox.options() };
        let error = stage.runtime.block_on(handover::upgrade(&cluster, &Silent, &options)).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.aftermath(), "Everything was put back: the current release is as it was.");
        assert!(!is_fenced(stage, ALPHA));
    }
}

#[test]
fn a_fence_that_is_not_gone_stops_a_retreat() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    stage.sql(ALPHA, "CREATE TABLE visit (id bigint, note text);");
    stage.upgrade(&["--fence", "read-only"]).ended(0);
    stage.sql(ALPHA, "ALTER ROLE postgres SET default_transaction_read_only = on;");
    stage
        .retreat(&["--timeout", "2s"])
        .ended(3)
        .said("does not let its clients write: default_transaction_read_only is still on for new sessions")
        .said("set by: user");
    stage.sql(ALPHA, "ALTER ROLE postgres RESET default_transaction_read_only;");
    stage.retreat(&[]).ended(0).said("clients of alpha may write again");
    stage.replica_follows("visit");
}

#[test]
fn writers_that_are_ending_are_waited_for() {
    let pace = Pace { stop: 1500..1501, ..Pace::fast() };
    let sandbox = Sandbox::new(Config { pace, ..Config::default() });
    let stage = &sandbox.stage;
    stage.install_alpha(&[]);
    let options = handover::UpgradeOptions { fence: handover::Fence::Scale, ..sandbox.options() };
    // The first thing that is done after the fork.
    let detach = |write: &Write| write.path.ends_with("/statefulsets/alpha-database-slave") && !write.dry_run;
    let ended = killed_at(stage, 1, detach, async |cluster| handover::upgrade(cluster, &Silent, &options).await);
    assert!(ended.is_none(), "{ended:?}");
    let pods = stage.runtime.block_on(stage.cluster.list("v1", "Pod", Some(&stage.core), None)).unwrap();
    let names: Vec<_> = pods.iter().filter_map(|pod| pod["metadata"]["name"].as_str()).collect();
    assert!(!names.iter().any(|name| name.starts_with("alpha-restbackend")), "they may still write: {names:?}");
}
