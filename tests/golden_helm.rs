//! Whole commands against results recorded from the real Helm (`fixtures/golden/`).
//!
//! They are recorded anew by the comparison with Helm itself:
//! `VULAS_RECORD=1 cargo test --features reference --test reference_helm -- recorded`.
#![cfg(feature = "cluster")]

mod support;

use support::helm::{cases, difference, golden, ours, root, run};

#[test]
fn commands_do_what_helm_was_seen_to_do() {
    let program = ours();
    let mut failures = Vec::new();
    let cases = cases();
    for case in &cases {
        let path = golden(case);
        let expected = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let found = run(&program, &case.args, root()).to_text();
        if found != expected {
            failures.push(format!("{}: {}\n{}", case.name, case.args.join(" "), difference(&expected, &found)));
        }
    }
    assert!(failures.is_empty(), "{} of {} differ:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

#[test]
fn every_recorded_result_belongs_to_a_case() {
    let known: Vec<_> = cases().iter().map(golden).collect();
    for entry in std::fs::read_dir(root().join("fixtures/golden")).unwrap() {
        let path = entry.unwrap().path();
        assert!(known.contains(&path), "{} belongs to no case", path.display());
    }
}

#[test]
fn a_packed_chart_renders_as_its_directory() {
    let folder = tempfile::tempdir().unwrap();
    let destination = folder.path().to_string_lossy().into_owned();
    let args = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    for chart in ["umbrella", "globals", "files", "generation-one"] {
        let source = format!("fixtures/charts/{chart}");
        let packed = run(&ours(), &args(&["package", &source, "-d", &destination]), root());
        assert_eq!(packed.code, 0, "{packed:?}");
        let archive = packed.stdout.trim().rsplit(": ").next().unwrap().to_string();
        let first = std::fs::read(&archive).unwrap();
        run(&ours(), &args(&["package", &source, "-d", &destination]), root());
        assert_eq!(std::fs::read(&archive).unwrap(), first, "{chart} packs differently a second time");
        let [from_source, from_archive] =
            [source.as_str(), archive.as_str()].map(|c| run(&ours(), &args(&["template", "rel", c]), root()));
        assert_eq!(from_archive, from_source, "{chart}");
    }
}

/// What is noted comes before what is found, where both go to one place.
#[test]
fn notes_come_before_results() {
    let folder = tempfile::tempdir().unwrap();
    let (both, destination) = (folder.path().join("both"), folder.path().to_string_lossy().into_owned());
    for (words, result) in [
        ("template rel fixtures/charts/table-conflicts --debug", "---\n"),
        ("template rel fixtures/charts/yaml-tab --debug", "---\n"),
        ("lint fixtures/charts/import-values", "==> Linting"),
        ("package fixtures/charts/generation-two-requirements -d", "Successfully packaged"),
    ] {
        let file = std::fs::File::create(&both).unwrap();
        let mut command = std::process::Command::new(ours());
        command.args(words.split(' ')).current_dir(root()).stdout(file.try_clone().unwrap()).stderr(file);
        if words.ends_with("-d") {
            command.arg(&destination);
        }
        command.status().unwrap();
        let text = std::fs::read_to_string(&both).unwrap();
        let at = |part: &str| [text.find(part), text.rfind(part)];
        let ([first, last], [begin, _]) = (at("level="), at(result));
        assert!(first.is_some() && begin.is_some() && last < begin, "{words}:\n{text}");
    }
}
