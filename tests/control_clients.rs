//! The programs that people use, on the sandbox: Helm and kubectl work as on a cluster.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use vulas_native::sandbox::{Config, Pace, Server};

/// A sandbox and the programs that talk to it.
struct Clients {
    kubeconfig: PathBuf,
    _server: Server,
    _runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

impl Clients {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let config = Config { pace: Pace::fast(), namespaces: vec!["a".into()], ..Config::default() };
        let server = runtime.block_on(Server::start(config)).unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        std::fs::write(&kubeconfig, server.kubeconfig_for("a")).unwrap();
        Self { kubeconfig, _server: server, _runtime: runtime, _folder: folder }
    }

    fn run(&self, variable: &str, arguments: &[&str], stdin: &str) -> Output {
        let program = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set; tests/run sets it"));
        let mut child = Command::new(program)
            .args(arguments)
            .env("KUBECONFIG", &self.kubeconfig)
            .env("HOME", self.kubeconfig.parent().unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    #[track_caller]
    fn works(&self, variable: &str, arguments: &[&str], stdin: &str) -> String {
        let output = self.run(variable, arguments, stdin);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    #[track_caller]
    fn helm(&self, arguments: &[&str]) -> String {
        self.works("VULAS_HELM", arguments, "")
    }

    #[track_caller]
    fn kubectl(&self, arguments: &[&str]) -> String {
        self.works("VULAS_KUBECTL", arguments, "")
    }
}

fn core() -> String {
    format!("{}/vendor-charts/core-3.2.0.tgz", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn helm_installs_upgrades_rolls_back_and_uninstalls() {
    let clients = Clients::new();
    let chart = core();
    clients.helm(&["install", "alpha", &chart, "--wait", "--timeout", "60s"]);
    assert!(clients.helm(&["list", "--short"]).contains("alpha"));
    clients.helm(&["upgrade", "alpha", &chart, "--wait", "--timeout", "60s", "--set", "frontendbugs.replicas=2"]);
    let replicas = ["get", "deployment", "alpha-frontendbugs", "-o", "jsonpath={.status.readyReplicas}"];
    assert_eq!(clients.kubectl(&replicas), "2");
    clients.kubectl(&["scale", "statefulset", "alpha-database-slave", "--replicas", "1"]);
    let refused = clients.run("VULAS_HELM", &["upgrade", "alpha", &chart], "");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    let conflict = "Apply failed with 1 conflict: conflict with \"kubectl\" with subresource \"scale\" using apps/v1: .spec.replicas";
    assert!(!refused.status.success() && said.contains(conflict), "{said}");
    clients.helm(&["rollback", "alpha", "1", "--wait", "--timeout", "60s", "--force-conflicts"]);
    let history = clients.helm(&["history", "alpha"]);
    assert!(history.contains("Rollback to 1") && history.contains("failed"), "{history}");
    clients.helm(&["test", "alpha", "--timeout", "60s"]);
    clients.helm(&["uninstall", "alpha", "--wait", "--timeout", "60s"]);
    assert_eq!(clients.helm(&["list", "--short", "--all-namespaces"]).trim(), "");
    let claims = clients.kubectl(&["get", "persistentvolumeclaims", "-o", "name"]);
    assert_eq!(claims.lines().count(), 3, "claims of StatefulSets outlive them: {claims}");
}

const SET: &str = r#"{"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
    "spec": {"serviceName": "db", "replicas": 2, "selector": {"matchLabels": {"app": "db"}},
        "template": {"metadata": {"labels": {"app": "db"}},
            "spec": {"containers": [{"name": "postgres", "image": "postgres:16", "volumeMounts": [{"name": "data", "mountPath": "/d"}]}]}},
        "volumeClaimTemplates": [{"metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]}}"#;

#[test]
fn kubectl_looks_changes_and_enters() {
    let clients = Clients::new();
    clients.works("VULAS_KUBECTL", &["apply", "--server-side", "-f", "-"], SET);
    clients.kubectl(&["rollout", "status", "statefulset/db", "--timeout", "30s"]);
    let pods = clients.kubectl(&["get", "pods", "-o", "wide"]);
    let columns: Vec<&str> = pods.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(columns[..6], ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP"]);
    assert!(pods.lines().nth(1).unwrap().contains("1/1     Running"), "{pods}");
    let described = clients.kubectl(&["describe", "statefulset", "db"]);
    assert!(described.contains("create Pod db-1 in StatefulSet db successful"), "{described}");
    assert!(clients.kubectl(&["logs", "db-0"]).contains("database system is ready"));
    let sql = "SELECT pg_is_in_recovery();";
    assert_eq!(clients.works("VULAS_KUBECTL", &["exec", "-i", "db-0", "--", "psql", "-At"], sql).trim(), "f");
    let failed = clients.run("VULAS_KUBECTL", &["exec", "db-0", "--", "sh", "-c", "exit 3"], "");
    assert_eq!(failed.status.code(), Some(3));
    clients.kubectl(&["scale", "statefulset", "db", "--replicas", "1"]);
    clients.kubectl(&["wait", "--for=delete", "pod/db-1", "--timeout", "30s"]);
    assert!(clients.kubectl(&["explain", "statefulset.spec.replicas"]).contains("<integer>"));
    let misspelt = SET.replace("serviceName", "servicename");
    let refused = clients.run("VULAS_KUBECTL", &["create", "-f", "-"], &misspelt);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("unknown field \"spec.servicename\""), "{said}");
    clients.kubectl(&["delete", "statefulset", "db", "--cascade=foreground"]);
    clients.kubectl(&["delete", "namespace", "a"]);
    assert!(!clients.kubectl(&["get", "namespaces", "-o", "name"]).contains("namespace/a"));
    assert_eq!(clients.kubectl(&["get", "persistentvolumes", "-o", "name"]), "");
}
