//! The handover on a real kubelet with real PostgreSQL (`tests/run cluster`).

mod support;

use std::path::{Path, PathBuf};

use support::scenario::{Stage, fenced, killed_and_resumed, there_and_back};

fn stage(name: &str, more: &[&str]) -> Stage {
    let kubeconfig = std::env::var_os("VULAS_TEST_KUBECONFIG")
        .expect("VULAS_TEST_KUBECONFIG names no cluster: use tests/run cluster");
    let values = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/values");
    // Namespaces of their own, so that a cluster can be used again.
    let mut stage = Stage::new(Path::new(&kubeconfig), &format!("{name}{}", std::process::id()));
    let file = |name: &str| -> PathBuf { values.join(name) };
    stage.core_values = ["core.yaml"].iter().chain(more).map(|name| file(name)).collect();
    stage.admin_values = vec![file("admin.yaml")];
    stage
}

#[test]
fn postgresql_16_there_and_back_with_200_000_rows() {
    let stage = stage("pg16-", &[]);
    stage.install();
    there_and_back(&stage, 200_000);
    fenced(&stage);
    // The hardest instant: the pod is gone, the volume is not yet promoted.
    killed_and_resumed(&stage, "4 detach");
    // And with beta half installed.
    killed_and_resumed(&stage, "ready, waiting for");
    stage.remove();
}

#[test]
fn postgresql_11_there_and_back() {
    let stage = stage("pg11-", &["core-pg11.yaml"]);
    stage.install();
    there_and_back(&stage, 20_000);
    fenced(&stage);
    stage.remove();
}
