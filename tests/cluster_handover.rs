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

#[test]
fn postgresql_18_there_and_back_with_settings_that_hinder() {
    let stage = stage("pg18-", &["core-pg18.yaml"]);
    stage.install();
    stage.upgrade(&["--fence", "read-only"]).ended(1).said("takes no ALTER SYSTEM");
    there_and_back(&stage, 20_000);
    stage.remove();
}

/// Versions that have no test of their own. `VULAS_TEST_POSTGRES` lists them (`12 13 14 17`); their images: tests/cluster/README.md.
#[test]
#[ignore = "needs images that the others do not"]
fn other_versions_there_and_back() {
    let versions = std::env::var("VULAS_TEST_POSTGRES").expect("VULAS_TEST_POSTGRES lists no versions");
    for major in versions.split_whitespace() {
        let stage = stage(&format!("pg{major}-"), &[]);
        stage.install_with(&["--set-string", &format!("database.postgres.image.tag={major}")]);
        let start = std::time::Instant::now();
        let told = |what: &str| eprintln!("PostgreSQL {major}: {what} after {} s", start.elapsed().as_secs());
        there_and_back(&stage, 20_000);
        told("there and back");
        fenced(&stage);
        told("fenced");
        killed_and_resumed(&stage, "4 detach");
        told("killed and resumed");
        stage.remove();
    }
}
