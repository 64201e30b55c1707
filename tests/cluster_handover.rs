//! The handover on a real kubelet with real PostgreSQL (`tests/run cluster`).

mod support;

use support::scenario::{Stage, fenced, killed_and_resumed, there_and_back};

#[test]
fn postgresql_16_there_and_back_with_200_000_rows() {
    let stage = Stage::on_a_node("pg16-", &[]);
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
    let stage = Stage::on_a_node("pg11-", &["core-pg11.yaml"]);
    stage.install();
    there_and_back(&stage, 20_000);
    fenced(&stage);
    stage.remove();
}

#[test]
fn postgresql_18_there_and_back_with_settings_that_hinder() {
    let stage = Stage::on_a_node("pg18-", &["core-pg18.yaml"]);
    stage.install();
    stage.upgrade(&["--fence", "read-only"]).ended(1).said("takes no ALTER SYSTEM");
    there_and_back(&stage, 20_000);
    stage.remove();
}
