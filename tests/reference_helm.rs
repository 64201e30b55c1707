//! Whole commands against the real Helm, byte for byte: stdout, stderr and exit code.
//!
//! `VULAS_HELM` names the binary, else `~/.cache/vulas-native/bin/helm` or the one in the PATH is taken.
//! With `VULAS_RECORD=1` the results of the fixtures are recorded for `golden_helm`.

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use support::helm::{Case, Outcome, cases, difference, golden, helm, ours, root, run};
use support::reference::module_cache;

/// Helm needs a tenth of a second for each; two at a time do not starve the machine.
const WORKERS: usize = 2;

/// Calls `check` for all, in parallel, and fails with what it found.
fn for_all<T: Sync>(items: &[T], check: impl Fn(&T) -> Option<String> + Sync) {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(failure) = check(item) {
                        failures.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    println!("{} of {} identical", items.len() - failures.len(), items.len());
    assert!(failures.is_empty(), "{} of {} differ:\n{}", failures.len(), items.len(), failures.join("\n"));
}

#[test]
fn recorded_cases_are_as_helm_does_them() {
    let (helm, ours) = (helm(), ours());
    let record = std::env::var_os("VULAS_RECORD").is_some();
    if record {
        std::fs::create_dir_all(root().join("fixtures/golden")).unwrap();
    }
    for_all(&cases(), |case| {
        let expected = run(&helm, &case.args, root()).to_text();
        if record {
            std::fs::write(golden(case), &expected).unwrap();
        }
        let name = format!("{}: {}", case.name, case.args.join(" "));
        let found = run(&ours, &case.args, root()).to_text();
        if found != expected {
            return Some(format!("{name}\n{}", difference(&expected, &found)));
        }
        let recorded = std::fs::read_to_string(golden(case)).unwrap_or_default();
        (recorded != expected).then(|| format!("{name}\n  the recorded result is not what Helm does"))
    });
}

/// All chart directories and archives below a directory.
fn charts(directory: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(directory).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    if entries.iter().any(|path| path.file_name().is_some_and(|name| name == "Chart.yaml")) {
        found.push(directory.to_path_buf());
    }
    for path in entries {
        if path.is_dir() && !path.is_symlink() {
            charts(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "tgz") {
            found.push(path);
        }
    }
}

fn case(words: &[&str]) -> Case {
    Case { name: String::new(), args: words.iter().map(ToString::to_string).collect() }
}

/// Compares a command in a directory. What differs between two runs of Helm itself is random and not compared.
fn compare(helm: &Path, case: &Case, directory: &Path) -> Option<String> {
    let expected = run(helm, &case.args, directory);
    // Helm crashes on some charts of the generation to come; there is nothing to reproduce.
    if expected.stderr.starts_with("panic: ") {
        return None;
    }
    let found = run(&ours(), &case.args, directory);
    if found == expected {
        return None;
    }
    // Subcharts come in random order, too, and are listed so.
    if with_sorted_lists(&found) == with_sorted_lists(&expected) {
        return None;
    }
    let again = run(helm, &case.args, directory);
    let (expected, found) =
        if again == expected { (expected, found) } else { without_random(&expected, &again, &found) };
    (found != expected)
        .then(|| format!("{}\n{}", case.args.join(" "), difference(&expected.to_text(), &found.to_text())))
}

/// The names in `missing these dependencies: b,a` in order.
fn with_sorted_lists(outcome: &Outcome) -> Outcome {
    const MARK: &str = "chart metadata is missing these dependencies: ";
    let sorted = |line: &str| match line.split_once(MARK) {
        Some((before, names)) => {
            let mut names: Vec<&str> = names.split(',').collect();
            names.sort_unstable();
            format!("{before}{MARK}{}", names.join(","))
        }
        None => line.to_string(),
    };
    Outcome { stdout: outcome.stdout.lines().map(sorted).collect::<Vec<_>>().join("\n"), ..outcome.clone() }
}

/// Blanks the lines that Helm writes differently each time.
fn without_random(first: &Outcome, second: &Outcome, ours: &Outcome) -> (Outcome, Outcome) {
    let (a, b): (Vec<&str>, Vec<&str>) = (first.stdout.lines().collect(), second.stdout.lines().collect());
    let random: BTreeSet<usize> = (0..a.len()).filter(|i| b.get(*i) != Some(&a[*i])).collect();
    let blank = |outcome: &Outcome| {
        let lines = outcome.stdout.lines().enumerate().map(|(i, l)| if random.contains(&i) { "<random>" } else { l });
        Outcome { stdout: lines.collect::<Vec<_>>().join("\n"), ..outcome.clone() }
    };
    (blank(first), blank(ours))
}

#[test]
fn the_charts_of_helms_own_tests_render_alike() {
    let helm = helm();
    let module = module_cache().join(format!("helm.sh/helm/v4@{}", support::helm::HELM_VERSION));
    assert!(module.is_dir(), "{} is missing: run `go mod download helm.sh/helm/v4@v4.2.4`", module.display());
    let mut found = Vec::new();
    charts(&module, &mut found);
    let mut all = Vec::new();
    for chart in &found {
        let chart = format!("./{}", chart.strip_prefix(&module).unwrap().display());
        all.push(case(&["template", &chart]));
        all.push(case(&[
            "template",
            "rel",
            &chart,
            "-n",
            "elsewhere",
            "--include-crds",
            "--is-upgrade",
            "--set",
            "global.x=1,subchart1.enabled=true,tags.front-end=false,name=value,replicaCount=3,service.port=null",
            "--kube-version",
            "1.22",
            "-a",
            "example.com/v1",
        ]));
        all.push(case(&["show", "all", &chart]));
        all.push(case(&["dependency", "list", &chart]));
    }
    for_all(&all, |case| compare(&helm, case, &module));
}

#[test]
fn the_charts_of_helms_own_tests_lint_alike() {
    let helm = helm();
    let module = module_cache().join(format!("helm.sh/helm/v4@{}", support::helm::HELM_VERSION));
    let mut found = Vec::new();
    charts(&module, &mut found);
    let all: Vec<Case> = (found.iter())
        // Archives are unpacked to a directory whose name is random and shown.
        .filter(|chart| chart.is_dir())
        .map(|chart| case(&["lint", &format!("./{}", chart.strip_prefix(&module).unwrap().display())]))
        .collect();
    for_all(&all, |case| compare(&helm, case, &module));
}

#[test]
fn our_own_charts_render_alike() {
    let helm = helm();
    let mut all = Vec::new();
    for chart in ["core", "admin", "monitoring"] {
        let path = format!("./vendor-charts/{chart}");
        for flags in [
            &[][..],
            &["--is-upgrade", "-n", "vulas", "--skip-tests"],
            &["--set", "global.managedRelease=alpha,global.coreNamespace=core"],
            &["--set", "database.postgres.master.existingClaims=data-x-0,database.postgres.image.tag=11"],
            &["--set", "global.imageRegistry=registry.local,restbackend.enabled=false"],
        ] {
            all.push(case(&[&["template", "rel", &path], flags].concat()));
        }
        all.push(case(&["lint", &path]));
        all.push(case(&["show", "all", &path]));
    }
    for_all(&all, |case| compare(&helm, case, root()));
}

#[test]
fn helm_reads_what_we_pack() {
    let helm = helm();
    let folder = tempfile::tempdir().unwrap();
    let destination = folder.path().to_string_lossy().into_owned();
    for chart in ["umbrella", "globals", "files", "generation-one", "alias", "crds"] {
        let source = format!("fixtures/charts/{chart}");
        let packed = run(&ours(), &case(&["package", &source, "-d", &destination]).args, root());
        let archive = packed.stdout.trim().rsplit(": ").next().unwrap().to_string();
        for args in [["template", "rel"], ["show", "all"]] {
            let [directory, packed] =
                [&source, &archive].map(|from| run(&helm, &case(&[args[0], args[1], from]).args, root()));
            assert_eq!(packed, directory, "{chart}");
        }
    }
}

#[test]
fn files_are_written_alike() {
    let helm = helm();
    for (chart, flags) in
        [("hooks", &[][..]), ("show", &["--release-name"]), ("crds", &["--include-crds"]), ("splitting", &[])]
    {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let source = root().join("fixtures/charts").join(chart).to_string_lossy().into_owned();
        let args = case(&[&["template", "rel", &source, "--output-dir", "out"], flags].concat());
        let [expected, found] = [(&helm, &folders[0]), (&ours(), &folders[1])].map(|(program, folder)| {
            let mut outcomes = vec![run(program, &args.args, folder.path()), run(program, &args.args, folder.path())];
            let mut files = Vec::new();
            contents(folder.path(), folder.path(), &mut files);
            outcomes.push(Outcome { code: 0, stdout: files.concat(), stderr: String::new() });
            outcomes
        });
        assert_eq!(found, expected, "{chart}");
    }
}

#[test]
fn dependencies_are_gathered_alike() {
    let helm = helm();
    for (chart, command) in [
        ("parent", "dependency update"),
        ("parent", "dependency build --debug"),
        ("generation-one", "dependency build"),
        ("unpacked", "dependency update"),
        ("too-old", "dependency update"),
    ] {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [expected, found] = [(&helm, &folders[0]), (&ours(), &folders[1])].map(|(program, folder)| {
            copy(&root().join("fixtures/charts/gather"), folder.path());
            let words: Vec<&str> = command.split(' ').chain([chart]).collect();
            let mut outcomes = vec![run(program, &case(&words).args, folder.path())];
            // What changed meanwhile is noticed; what was not needed goes.
            let unwanted = folder.path().join(chart).join("charts/child-1.0.0.tgz");
            if let Some(packed) = unwanted.parent().map(|charts| charts.join("child-1.2.3.tgz"))
                && packed.exists()
            {
                std::fs::copy(packed, unwanted).unwrap();
            }
            outcomes.push(run(program, &case(&["dependency", "build", chart]).args, folder.path()));
            outcomes.push(run(program, &case(&["template", "rel", chart, "--dependency-update"]).args, folder.path()));
            let mut files = Vec::new();
            contents(folder.path(), folder.path(), &mut files);
            let files = files.iter().flat_map(|file| file.split_inclusive('\n'));
            let stdout = files.filter(|line| !line.starts_with("generated: ")).collect();
            outcomes.push(Outcome { code: 0, stdout, stderr: String::new() });
            outcomes
        });
        assert_eq!(found, expected, "{command} {chart}");
    }
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

fn contents(top: &Path, directory: &Path, found: &mut Vec<String>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(directory).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            contents(top, &path, found);
        } else {
            // Archives are not alike: their times differ.
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            found.push(format!("{}\n{text}", path.strip_prefix(top).unwrap().display()));
        }
    }
}
