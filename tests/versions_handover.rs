//! The handover with versions of PostgreSQL that no test of the cluster tier has. `VULAS_TEST_POSTGRES` lists them (`12 13 14 17`), with which `tests/run cluster`
//! runs this as well; their images: tests/cluster/README.md.

mod support;

use support::scenario::{Stage, fenced, killed_and_resumed, there_and_back};

#[test]
fn other_versions_there_and_back() {
    let versions = std::env::var("VULAS_TEST_POSTGRES").expect("VULAS_TEST_POSTGRES lists no versions");
    assert!(versions.split_whitespace().next().is_some(), "VULAS_TEST_POSTGRES lists no versions");
    for major in versions.split_whitespace() {
        let stage = Stage::on_a_node(&format!("pg{major}-"), &[]);
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
