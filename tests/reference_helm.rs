//! Whole commands against the real Helm, byte for byte: stdout, stderr and exit code.
//!
//! `VULAS_HELM` names the binary, else `~/.cache/vulas-native/bin/helm` or the one in the PATH is taken.
//! With `VULAS_RECORD=1` the results of the fixtures are recorded for `golden_helm`.

mod support;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use support::helm::{Case, Outcome, cases, copy, difference, golden, helm, ours, root, run};
use support::reference::{Answer, module_cache, reference};

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
    for (chart, flags) in [
        ("hooks", &[][..]),
        ("show", &["--release-name"]),
        ("crds", &["--include-crds"]),
        ("not-utf8-files", &["--include-crds"]),
        ("splitting", &[]),
    ] {
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
fn links_are_followed_alike() {
    let (helm, ours) = (helm(), ours());
    let folder = tempfile::tempdir().unwrap();
    let up = "../".repeat(folder.path().components().count() + 3);
    let targets = [
        "values.yaml",
        "./templates/../values.yaml",
        "templates/",
        "values.yaml/",
        "values.yaml/x",
        "values.yaml/..",
        "templates/missing/../../values.yaml",
        "missing",
        "first",
        "link",
        &folder.path().to_string_lossy(),
        &format!("{}/other/values.yaml", folder.path().display()),
        &format!("{}/other/../other/values.yaml", folder.path().display()),
        &format!("{up}missing"),
        &format!("{up}{}/other/values.yaml", folder.path().display()),
    ];
    for target in targets {
        for place in ["link", "templates/link"] {
            for name in ["chart", "other"] {
                let chart = folder.path().join(name);
                let _ = std::fs::remove_dir_all(&chart);
                std::fs::create_dir_all(chart.join("templates")).unwrap();
                std::fs::write(chart.join("Chart.yaml"), "{apiVersion: v2, name: c, version: 1.0.0}").unwrap();
                std::fs::write(chart.join("values.yaml"), "a: b\n").unwrap();
                std::fs::write(chart.join("templates/list.txt"), "{{ range $n, $_ := .Files }}{{ $n }} {{ end }}")
                    .unwrap();
            }
            let chart = folder.path().join("chart");
            std::os::unix::fs::symlink(target, chart.join(place)).unwrap();
            std::os::unix::fs::symlink("link", chart.join("first")).unwrap();
            let args = case(&["template", "rel", &chart.to_string_lossy()]).args;
            let [expected, found] = [&helm, &ours].map(|program| run(program, &args, root()));
            assert_eq!(found, expected, "{place} -> {target}");
        }
    }
}

/// Serves schemas; returns the address.
fn schema_server() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let around = format!("302 Found\r\nLocation: http://{address}/round");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while reader.read_line(&mut request).unwrap() > 2 {}
            let schema = r#"{"$schema": "http://json-schema.org/draft-07/schema", "properties": {"a": {"type": "integer"}, "d": {"pattern": "^[a&&b]$"}}}"#;
            let (status, body) = match request.split(' ').nth(1).unwrap() {
                "/schema.json" => ("200 OK", schema),
                "/leads.json" => {
                    ("200 OK", r##"{"allOf": [{"$ref": "schema.json"}, {"$ref": "#/x"}], "x": {"required": ["b"]}}"##)
                }
                "/text" => ("200 OK", "no schema"),
                "/wrong.json" => ("200 OK", r#"{"type": 5}"#),
                "/empty" => ("200 OK", ""),
                "/moved" => ("302 Found\r\nLocation: /schema.json", ""),
                "/round" => (around.as_str(), ""),
                "/error" => ("500 Internal Server Error", schema),
                _ => ("404 Not Found", "none"),
            };
            let length = body.len();
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").unwrap();
        }
    });
    address
}

#[test]
fn schemas_on_the_network_are_fetched_alike() {
    let (helm, ours, served) = (helm(), ours(), schema_server());
    // A port that nobody listens on any more.
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Chart.yaml"), "{apiVersion: v2, name: c, version: 1.0.0}").unwrap();
    std::fs::create_dir(folder.path().join("templates")).unwrap();
    let paths = ["schema.json", "leads.json", "text", "wrong.json", "empty", "moved", "round", "error", "missing"];
    let urls = paths.iter().map(|path| format!("http://{served}/{path}"));
    for url in urls.chain([format!("http://{unused}/schema.json"), "file://host/nowhere.json".into()]) {
        std::fs::write(folder.path().join("values.schema.json"), format!(r#"{{"$ref": "{url}"}}"#)).unwrap();
        for values in ["a=1,b=1", "a=x,b=1", "a=1", "a=1,d=&"] {
            for command in [&["template", "rel"][..], &["lint"]] {
                let args = case(&[command, &[&folder.path().to_string_lossy(), "--set", values]].concat()).args;
                let [expected, found] = [&helm, &ours].map(|program| run(program, &args, root()));
                assert_eq!(found, expected, "{url} {values}");
            }
        }
    }
}

#[test]
fn deprecations_of_all_kinds_are_told_alike() {
    let folder = tempfile::tempdir().unwrap();
    let templates = folder.path().join("templates");
    std::fs::create_dir(&templates).unwrap();
    std::fs::write(folder.path().join("Chart.yaml"), "{apiVersion: v2, name: c, version: 1.0.0}").unwrap();
    let Answer::Ok(kinds) = reference().ask("kinds", serde_json::Value::Null) else { panic!("no kinds") };
    let kinds: Vec<[String; 2]> = serde_json::from_value(kinds).unwrap();
    for (i, [version, kind]) in kinds.iter().enumerate() {
        let object = format!("apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: a\n");
        std::fs::write(templates.join(format!("{i}.yaml")), object).unwrap();
    }
    let (helm, ours) = (helm(), ours());
    let versions = ["0.0.0", "1.8.0", "1.18.0", "1.19.0", "1.32.0", "1.33.0", "1.36.0", "1.60.0", "2.0.0"];
    for_all(&versions, |version| {
        let args = case(&["lint", &folder.path().to_string_lossy(), "--kube-version", version]).args;
        let [expected, found] = [&helm, &ours].map(|program| run(program, &args, root()));
        assert!(*version < "1.33" || expected.stdout.contains("deprecated"), "{expected:?}");
        (found != expected).then(|| format!("{version}\n{}", difference(&expected.to_text(), &found.to_text())))
    });
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
