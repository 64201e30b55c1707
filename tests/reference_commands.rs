//! Commands in surroundings that a list of cases cannot hold: variables, links, other settings; byte for byte as the real Helm.

mod support;

use std::path::Path;

use support::helm::{copy, helm, ours, root, run, run_with};

fn words(command: &str) -> Vec<String> {
    command.split(' ').map(str::to_owned).collect()
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

/// Kubeconfig files, by name.
const KUBECONFIGS: &[(&str, &str)] = &[
    ("one", "current-context: c1\ncontexts: [{name: c1, context: {namespace: from-one}}, {name: c2, context: {}}]\n"),
    ("two", "contexts: [{name: c1, context: {namespace: from-two}}, {name: c2, context: {namespace: two-of-two}}]\n"),
    ("broken", "contexts: [\n"),
    ("list", "- a\n"),
    ("empty", ""),
    ("comment", "# nothing\n"),
    ("second", "apiVersion: v2\ncurrent-context: c1\n"),
    ("pod", "kind: Pod\n"),
    ("first", "apiVersion: v1\nkind: Config\ncurrent-context: c2\n"),
    (
        "twice",
        "current-context: a\ncontexts: [{name: a, context: {namespace: x}}, {name: a, context: {namespace: y}}]\n",
    ),
    ("number", "current-context: a\ncontexts: [{name: a, context: {namespace: 5}}]\n"),
    ("case", "Current-Context: a\ncontexts: [{name: a, context: {Namespace: x}}]\n"),
    ("none", "contexts: [{name: '', context: {namespace: of-no-name}}]\n"),
    ("gone", "current-context: gone\ncontexts: [{name: a, context: {namespace: x}}]\n"),
];

/// Users and clusters of a context with the namespace `used`.
const PARTS: &[(&str, &str)] = &[
    ("{token: a}", "{server: 'https://a'}"),
    ("{token: a, username: b}", "{}"),
    ("{username: b, password: c}", "{}"),
    ("{client-certificate: one}", "{}"),
    ("{client-certificate: one, client-key: two}", "{}"),
    ("{client-certificate: one, client-key: missing}", "{}"),
    ("{client-certificate-data: YQ==, client-key-data: YQ==}", "{}"),
    ("{client-certificate-data: YQ==, client-key-data: YQ==, client-key: one}", "{}"),
    ("{client-certificate-data: YQ=, client-key-data: YQ==}", "{}"),
    ("{exec: {command: a, apiVersion: client.authentication.k8s.io/v1beta1}}", "{}"),
    ("{exec: {command: a, apiVersion: client.authentication.k8s.io/v1}}", "{}"),
    ("{exec: {command: a, apiVersion: x, interactiveMode: Never, env: [{name: ''}]}}", "{}"),
    ("{exec: {command: a, apiVersion: x, interactiveMode: Never}, auth-provider: {name: x}}", "{}"),
    ("{as-groups: [a]}", "{}"),
    ("{as: b, as-groups: [a]}", "{}"),
    ("{as-uid: a}", "{}"),
    ("{}", "{certificate-authority: one}"),
    ("{}", "{certificate-authority: missing}"),
    ("{}", "{certificate-authority: one, certificate-authority-data: YQ==}"),
    ("{}", "{certificate-authority-data: '-'}"),
    ("{}", "{proxy-url: 'socks5://a'}"),
    ("{}", "{proxy-url: 'ftp://a'}"),
    ("{}", "{proxy-url: 'http://a:b'}"),
    ("{}", "{server: 5}"),
];

#[test]
fn namespaces_come_from_kubeconfigs_alike() {
    let (helm, ours) = (helm(), ours());
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    for (name, text) in KUBECONFIGS {
        write(name, text);
    }
    std::fs::create_dir_all(folder.path().join("chart/templates")).unwrap();
    write("chart/Chart.yaml", "{apiVersion: v2, name: c, version: 1.0.0}");
    write("chart/templates/namespace.yaml", "namespace: {{ .Release.Namespace }}\n");
    let compare = |command: &str, variables: &[(&str, &str)]| {
        let command = words(&format!("template chart {command}"));
        let command: Vec<String> = command.into_iter().filter(|word| !word.is_empty()).collect();
        let [expected, found] = [&helm, &ours].map(|program| run_with(program, &command, folder.path(), variables));
        assert_eq!(found, expected, "{command:?} {variables:?}");
        found.stdout
    };
    for (name, _) in KUBECONFIGS {
        compare("", &[("KUBECONFIG", name)]);
        compare(&format!("--kubeconfig {name}"), &[]);
        for list in [format!("one:{name}"), format!("{name}:one"), format!("missing::{name}:{name}:two")] {
            compare("", &[("KUBECONFIG", &list)]);
            compare("--kube-context c2", &[("KUBECONFIG", &list)]);
            compare("--kube-context=", &[("KUBECONFIG", &list), ("HELM_KUBECONTEXT", "c2")]);
        }
    }
    for flag in ["", "--kube-context=", "--kubeconfig=", "--namespace=", "-n other", "--kube-context nowhere"] {
        for variables in [
            &[("KUBECONFIG", "one")][..],
            &[("KUBECONFIG", "one"), ("HELM_KUBECONTEXT", "")],
            &[("KUBECONFIG", "one"), ("HELM_NAMESPACE", "")],
            &[("KUBECONFIG", "one"), ("HELM_NAMESPACE", "mine")],
            &[("KUBECONFIG", "one"), ("HELM_KUBECONTEXT", "c2")],
            &[("KUBECONFIG", "")],
            &[("KUBECONFIG", "missing")],
        ] {
            compare(flag, variables);
        }
    }
    let mut usable = 0;
    for (user, cluster) in PARTS {
        let context = "{name: c, context: {user: u, cluster: k, namespace: used}}";
        write(
            "parts",
            &format!(
                "current-context: c\ncontexts: [{context}]\nusers: [{{name: u, user: {user}}}]\n\
                 clusters: [{{name: k, cluster: {cluster}}}]\n"
            ),
        );
        for flag in ["", "--kube-token t", "--kube-as-user u", "--kube-as-group g", "--kube-ca-file chart/Chart.yaml"] {
            usable += usize::from(compare(flag, &[("KUBECONFIG", "parts")]).contains("namespace: used"));
        }
    }
    assert!(usable > 20 && usable < 5 * PARTS.len() - 20, "{usable}");
}

/// Compares commands in a directory; words are divided by spaces.
fn compare_all(commands: &[&str], directory: &Path) {
    let (helm, ours) = (helm(), ours());
    for command in commands {
        let [expected, found] = [&helm, &ours].map(|program| run(program, &words(command), directory));
        assert_eq!(found, expected, "{command}");
    }
}

#[test]
fn wrong_flags_are_told_alike() {
    let (helm, ours) = (helm(), ours());
    for command in [
        "template c --timeout 1d",
        "template c --timeout 5",
        "template c --timeout .s",
        "template c --timeout 9999999h",
        "template c --qps abc",
        "template c --qps 1e39",
        "template c --burst-limit x",
        "template c --burst-limit 99999999999999999999",
        "template c -v x",
        "template c --v 0x1",
        "template c --wait=5",
        "template c --no-hooks=maybe",
        "dependency list --max-col-width -1",
        "dependency list --max-col-width=1e3",
        "template c -f",
        "template c --values",
        "template c -gf",
        "template c -n",
        "template c --set",
        "template c -f a\"b",
        "template c -f \n",
        "template c -a \"a\nb\"c",
        "template c -l a",
        "list --offset x",
        "list -m 1d",
        "upgrade a c --history-max x",
        "rollback a --history-max x",
    ] {
        // The one word with a newline in it.
        let command: Vec<String> = words(command).iter().map(|word| word.replace("\\n", "\n")).collect();
        let [expected, found] = [&helm, &ours].map(|program| run(program, &command, root()));
        // Helm's exit code for a wrong command line is that of any failure.
        assert_eq!((expected.code, found.code), (1, 2), "{command:?}: {found:?}");
        assert_eq!((found.stdout, found.stderr), (expected.stdout, expected.stderr), "{command:?}");
    }
}

#[test]
fn right_flags_are_taken_alike() {
    let chart = "template rel fixtures/charts/objects";
    let commands = [
        "--timeout=-5s",
        "--timeout 1.5h1ns",
        "--qps 1e3 --burst-limit 0x10 -v 5",
        "--description --atomic",
        "--description=--atomic --atomic=false",
        "--force --set a=1 --hide-notes=0 --render-subchart-notes --force=true",
        "--wait --force-replace -n --force",
        "-gn --atomic",
        "-- --force",
    ];
    let commands: Vec<String> = commands.iter().map(|flags| format!("{chart} {flags}")).collect();
    compare_all(&commands.iter().map(String::as_str).collect::<Vec<_>>(), root());
}

#[test]
fn values_files_are_taken_for_addresses_first() {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("fixtures/charts/objects"), &folder.path().join("c"));
    std::fs::create_dir(folder.path().join("x:")).unwrap();
    for name in ["1:2.yaml", "a%zz.yaml", ":x.yaml", "a%20b.yaml", "a#%zz", "a?b:c", "x:/y", "\u{7f}"] {
        std::fs::write(folder.path().join(name), "a: 1\n").unwrap();
    }
    let (helm, ours) = (helm(), ours());
    for name in ["1:2.yaml", "a%zz.yaml", ":x.yaml", "a%20b.yaml", "a#%zz", "a?b:c", "x:/y", "\u{7f}", "./1:2.yaml"] {
        for flag in ["-f", "--set-file"] {
            let value = if flag == "-f" { name.to_owned() } else { format!("data={name}") };
            let command = ["template", "c", flag, &value].map(str::to_owned);
            let [expected, found] = [&helm, &ours].map(|program| run(program, &command, folder.path()));
            assert_eq!(found, expected, "{command:?}");
        }
    }
    for list in
        ["c/values.yaml\nfoo", "\n\nc/values.yaml", "\"c/values.yaml\"\r\nx", "\"c/values\n.yaml\"", "c/values.yaml\r"]
    {
        let command = ["template", "c", "-f", list].map(str::to_owned);
        let [expected, found] = [&helm, &ours].map(|program| run(program, &command, folder.path()));
        assert_eq!(found, expected, "{command:?}");
    }
}

#[test]
fn directories_of_output_fail_alike() {
    let (helm, ours) = (helm(), ours());
    // What is in the way, and what is asked for.
    for (directories, files, flags) in [
        (&["out/c/templates/z.yaml"][..], &[][..], ""),
        (&["out/c/templates/b.yaml"], &[], ""),
        (&["out/c/templates/b.yaml", "out/c/templates/z.yaml"], &[], ""),
        (&[], &["out"], ""),
        (&["out"], &["out/c"], ""),
        (&["out/c"], &["out/c/templates"], ""),
        (&["out"], &[], "-s templates/a.yaml"),
        (&["out/c/templates/a.yaml"], &[], "-s templates/a.yaml"),
        (&[], &[], "--release-name"),
        (&[], &["out"], "--release-name"),
        (&[], &[], "--set broken=true"),
        (&["out/c/templates/b.yaml"], &[], "--set broken=true"),
    ] {
        for (directory, debug) in [("out", false), ("out", true), ("./out//x/..", false), ("out/", true)] {
            let [expected, found] = [&helm, &ours].map(|program| {
                let folder = tempfile::tempdir().unwrap();
                let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
                std::fs::create_dir_all(folder.path().join("c/templates")).unwrap();
                write("c/Chart.yaml", "{apiVersion: v2, name: c, version: 1.0.0}");
                write("c/templates/a.yaml", "kind: A\n");
                write("c/templates/b.yaml", "{kind: B, metadata: {annotations: {helm.sh/hook: test}}}\n");
                write("c/templates/x.yaml", "{{ if .Values.broken }}kind: [{{ end }}\n");
                write("c/templates/z.yaml", "kind: Z\n");
                for name in directories {
                    std::fs::create_dir_all(folder.path().join(name)).unwrap();
                }
                for name in files {
                    write(name, "");
                }
                let command =
                    format!("template c --output-dir {directory} {flags}{}", if debug { " --debug" } else { "" });
                let command: Vec<String> = words(&command).into_iter().filter(|word| !word.is_empty()).collect();
                let mut outcome = run(program, &command, folder.path());
                outcome.stderr = outcome.stderr.lines().filter(|line| !line.starts_with("level=DEBUG")).collect();
                // Broken files come in the order of Go's maps.
                let mut lines: Vec<&str> = outcome.stdout.split_inclusive('\n').collect();
                lines.sort_unstable();
                outcome.stdout = lines.concat();
                outcome
            });
            assert_eq!(found, expected, "{directories:?} {files:?} {flags} {directory} {debug}");
        }
    }
}

#[test]
fn documents_in_utf16_go_to_files_alike() {
    let command = ["template", "c", "--output-dir", "out"].map(str::to_owned);
    let [expected, found] = [helm(), ours()].map(|program| {
        let folder = tempfile::tempdir().unwrap();
        copy(&root().join("fixtures/charts/utf16"), &folder.path().join("c"));
        run(&program, &command, folder.path());
        let written = folder.path().join("out/utf16/templates");
        let mut files: Vec<_> = std::fs::read_dir(written).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
            .iter()
            .map(|file| (file.file_name().unwrap().to_owned(), std::fs::read(file).unwrap()))
            .collect::<Vec<_>>()
    });
    assert!(!expected.is_empty());
    assert!(found == expected, "{command:?}");
}

#[test]
fn locks_are_read_alike() {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("fixtures/charts/gather"), folder.path());
    let lock = folder.path().join("child/Chart.lock");
    for text in [
        "",
        "# nothing\n",
        "null",
        "dependencies: []",
        "dependencies: []\ngenerated: 2020-01-01",
        "dependencies: []\ngenerated: '2020-01-01 00:00:00Z'",
        "dependencies: []\ngenerated: '2020-01-01T00:00:00+25:00'",
        "dependencies: []\ngenerated: '2020-01-01T00:00:00.600+02:00'",
        "dependencies: []\ngenerated: '2020-13-01T00:00:00Z'",
        "dependencies: []\ngenerated: '2020-01-01T00:00:00z'",
        "dependencies: []\ngenerated: '2020-01-01T0:00:00Z'",
        "dependencies: []\ngenerated: '<\"'",
        "dependencies: []\ngenerated: ''",
        "dependencies: []\ngenerated: []",
        "dependencies: []\ngenerated: 2020-01-01T00:00:00Z\ndigest: 5",
    ] {
        std::fs::write(&lock, text).unwrap();
        compare_all(&["template rel child", "show chart child", "lint child", "package child -d out"], folder.path());
        let (helm, ours) = (helm(), ours());
        let packed = [&helm, &ours].map(|program| {
            run(program, &words("package child -d out"), folder.path());
            let archive = std::process::Command::new("tar")
                .args(["xzOf", "out/child-1.2.3.tgz", "child/Chart.lock"])
                .current_dir(folder.path())
                .output()
                .unwrap();
            String::from_utf8_lossy(&archive.stdout).into_owned()
        });
        assert_eq!(packed[1], packed[0], "{text}");
    }
    // A lock of nothing is none.
    let outcomes = [&helm(), &ours()].map(|program| {
        let folder = tempfile::tempdir().unwrap();
        copy(&root().join("fixtures/charts/gather"), folder.path());
        std::fs::write(folder.path().join("parent/Chart.lock"), "").unwrap();
        let outcome = run(program, &words("dependency build parent"), folder.path());
        (outcome, std::fs::read(folder.path().join("parent/Chart.lock")).unwrap().is_empty())
    });
    assert_eq!(outcomes[1], outcomes[0]);
}

#[test]
fn archives_are_put_alike() {
    let outcomes = [&helm(), &ours()].map(|program| {
        let folder = tempfile::tempdir().unwrap();
        copy(&root().join("fixtures/charts/gather/child"), &folder.path().join("c"));
        std::fs::write(folder.path().join("file"), "").unwrap();
        std::os::unix::fs::symlink("loop", folder.path().join("loop")).unwrap();
        std::os::unix::fs::symlink("missing", folder.path().join("dangling")).unwrap();
        let mut outcomes = Vec::new();
        for directory in
            ["./o//x", "o/../p/", "file", "file/x", "loop", "loop/x", "dangling", "dangling/x", ".", "./", "new"]
        {
            outcomes.push((directory, run(program, &words(&format!("package c -d {directory}")), folder.path())));
        }
        for schema in ["{\"a\":1e999}", "{", "{}{}", " [] ", "\"\\ud800\"", "1e", "nul"] {
            std::fs::write(folder.path().join("c/values.schema.json"), schema).unwrap();
            outcomes.push((schema, run(program, &words("package c -d o"), folder.path())));
        }
        outcomes
    });
    assert_eq!(outcomes[1], outcomes[0]);
}

#[test]
fn dependencies_are_listed_alike() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let (helm, ours) = (helm(), ours());
    for (name, version) in
        [("foo", "1.2.3"), ("foo", "v1.2.4"), ("foo-bar", "1.0.0"), ("two", "1.0.0"), ("two", "2.0.0")]
    {
        write("sub/Chart.yaml", &format!("{{apiVersion: v2, name: {name}, version: {version}}}"));
        run(&helm, &words("package sub -d charts"), folder.path());
    }
    for chart in ["dep", "dep[1]", "dep[1", "dep*", "de\\p", "d?p"] {
        write(
            &format!("{chart}/Chart.yaml"),
            "apiVersion: v2\nname: dep\nversion: 1.0.0\ndependencies:\n\
             - {name: foo, version: 1.x, repository: 'https://日本語.example.com/x'}\n\
             - {name: foo-bar, version: '>2', repository: ''}\n\
             - {name: two, version: 1.x, repository: \"https://e\\u0301.example.com/\\na longer line\"}\n\
             - {name: 'f[', version: 1.x, repository: 'https://example.com/한국어한국어한국어'}\n\
             - {name: 'f*', version: 1.x, repository: ''}\n\
             - {name: '../charts/foo', version: 1.x, repository: ''}\n\
             - {name: unpacked, version: 1.x, repository: ''}\n",
        );
        copy(&folder.path().join("charts"), &folder.path().join(chart).join("charts"));
        write(&format!("{chart}/charts/unpacked/Chart.yaml"), "{apiVersion: v2, name: unpacked, version: 1.0.0}");
        write(&format!("{chart}/charts/broken-1.0.0.tgz"), "");
        for width in ["80", "20", "3", "1", "0"] {
            let command = ["dependency", "list", chart, "--max-col-width", width].map(str::to_owned);
            let [expected, found] = [&helm, &ours].map(|program| run(program, &command, folder.path()));
            assert_eq!(found, expected, "{command:?}");
        }
    }
}
