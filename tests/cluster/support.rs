//! A cluster that `tests/cluster/up.sh` started, as the tests use it: by the real kubectl and the real Helm.
//!
//! `tests/run` starts the cluster and says where it is: `VULAS_TEST_KUBECONFIG`, `VULAS_KUBECTL`, `VULAS_HELM`.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::{
    path::PathBuf,
    process::{Command, Output},
    thread::sleep,
    time::{Duration, Instant},
};

/// How long anything may take before a test gives up on it.
const LIMIT: Duration = Duration::from_secs(240);

/// A namespace of the cluster.
pub struct Cluster {
    kubectl: String,
    helm: String,
    kubeconfig: String,
    /// Its name.
    pub namespace: String,
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: these tests are run by tests/run, which starts a cluster for them")
    })
}

/// A path in the repository.
pub fn repository(path: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path).to_str().expect("the repository's path is UTF-8").to_owned()
}

/// The vendored archive of a chart.
pub fn chart(name: &str) -> String {
    repository(&format!("vendor-charts/{name}-3.2.0.tgz"))
}

/// A values file of the test node.
pub fn values(name: &str) -> String {
    repository(&format!("tests/cluster/values/{name}.yaml"))
}

/// Standard output of a command that must succeed.
fn must(output: &Output, what: &[&str]) -> String {
    assert!(
        output.status.success(),
        "{what:?} failed\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

impl Cluster {
    /// A new namespace, with the labels given.
    pub fn namespace(name: &str, labels: &[&str]) -> Self {
        let cluster = Self {
            kubectl: variable("VULAS_KUBECTL"),
            helm: variable("VULAS_HELM"),
            kubeconfig: variable("VULAS_TEST_KUBECONFIG"),
            namespace: name.to_owned(),
        };
        cluster.kubectl(&["create", "namespace", name]);
        for label in labels {
            cluster.kubectl(&["label", "namespace", name, label]);
        }
        cluster
    }

    /// Runs kubectl in the namespace.
    pub fn try_kubectl(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.kubectl);
        command.args(["--kubeconfig", &self.kubeconfig, "--namespace", &self.namespace]).args(arguments);
        command.output().expect("kubectl starts")
    }

    /// Runs kubectl in the namespace; it must succeed. Returns what it printed.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        must(&self.try_kubectl(arguments), arguments)
    }

    /// Sends a manifest to `kubectl apply`, or another verb that reads `-f -`.
    pub fn try_send(&self, verb: &[&str], manifest: &str) -> Output {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), manifest).expect("the manifest is written");
        let mut arguments = verb.to_vec();
        arguments.extend(["-f", file.path().to_str().expect("a UTF-8 path")]);
        self.try_kubectl(&arguments)
    }

    /// Creates the objects of a manifest.
    pub fn create(&self, manifest: &str) {
        must(&self.try_send(&["create"], manifest), &["create"]);
    }

    /// Runs Helm in the namespace.
    pub fn try_helm(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.helm);
        command.args(["--kubeconfig", &self.kubeconfig, "--namespace", &self.namespace]).args(arguments);
        command.output().expect("helm starts")
    }

    /// Runs Helm in the namespace; it must succeed.
    pub fn helm(&self, arguments: &[&str]) -> String {
        must(&self.try_helm(arguments), arguments)
    }

    /// Asks the PostgreSQL in a pod. `None` when it does not answer.
    pub fn try_sql(&self, pod: &str, database: &str, sql: &str) -> Option<String> {
        let output = self.try_kubectl(&[
            "exec",
            pod,
            "-c",
            "postgres",
            "--",
            "psql",
            "-XAtq",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "postgres",
            "-d",
            database,
            "-c",
            sql,
        ]);
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    /// Asks the PostgreSQL in a pod, database `vulas`; it must answer.
    pub fn sql(&self, pod: &str, sql: &str) -> String {
        self.try_sql(pod, "vulas", sql).unwrap_or_else(|| panic!("{pod} did not answer {sql:?}"))
    }

    /// Polls until it holds.
    pub fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let start = Instant::now();
        while !holds() {
            if start.elapsed() > LIMIT {
                let pods = self.try_kubectl(&["get", "pods,pvc"]);
                let events = self.try_kubectl(&["get", "events", "--sort-by=.lastTimestamp"]);
                panic!(
                    "{what} did not come true\n{}{}",
                    String::from_utf8_lossy(&pods.stdout),
                    String::from_utf8_lossy(&events.stdout)
                );
            }
            sleep(Duration::from_millis(200));
        }
    }

    /// Waits until the pod's init container `prepare` says why it refuses to start PostgreSQL. Returns the line.
    pub fn refusal(&self, pod: &str) -> String {
        let mut said = String::new();
        self.until(&format!("refusal of {pod}"), || {
            let log = self.try_kubectl(&["logs", pod, "-c", "prepare"]);
            let log = String::from_utf8_lossy(&log.stdout).into_owned();
            let refusal = log.lines().find(|line| line.contains("refused to start PostgreSQL"));
            refusal.unwrap_or_default().clone_into(&mut said);
            !said.is_empty()
        });
        said
    }

    /// Waits until an object is gone.
    pub fn gone(&self, object: &str) {
        self.kubectl(&["wait", "--for=delete", object, "--timeout=240s"]);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = self.try_kubectl(&["delete", "namespace", &self.namespace, "--wait=false"]);
        }
    }
}
