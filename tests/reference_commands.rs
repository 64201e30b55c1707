//! Commands in surroundings that a list of cases cannot hold: variables, links, other settings; byte for byte as the real Helm.

mod support;

use std::path::Path;

use support::helm::{helm, ours, root, run};

fn words(command: &str) -> Vec<String> {
    command.split(' ').map(str::to_owned).collect()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// What lies in `charts/` and is no archive stays there, whatever it leads to.
#[test]
fn links_among_gathered_charts_are_kept_alike() {
    let helm = helm();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [expected, found] = [(&helm, &folders[0]), (&ours(), &folders[1])].map(|(program, folder)| {
        copy(&root().join("fixtures/charts/gather"), folder.path());
        let charts = folder.path().join("parent/charts");
        std::fs::create_dir_all(&charts).unwrap();
        for (name, target) in [("chart", "../../child"), ("_text", "../Chart.yaml")] {
            std::os::unix::fs::symlink(target, charts.join(name)).unwrap();
        }
        let outcome = run(program, &words("dependency update parent"), folder.path());
        let mut left: Vec<_> = std::fs::read_dir(&charts).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        (outcome, left)
    });
    assert_eq!(found, expected);
    assert!(found.1.len() > 2, "{found:?}");
}
