//! The API server's own judgement of the charts: every object of every combination of values is accepted, and no pod would be kept out
//! of a namespace with the "restricted" pod security, but for the one that reads a node's log files.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "cluster/support.rs"]
mod support;

use support::{Cluster, chart};

/// Renders with Helm and asks the server to create all of it, for nothing. Returns the server's warnings.
fn warnings(cluster: &Cluster, name: &str, options: &[&str]) -> Vec<String> {
    let archive = chart(name);
    let mut arguments = vec!["template", "tried", &archive];
    arguments.extend(options);
    let manifest = cluster.helm(&arguments);
    let answer = cluster.try_send(&["create", "--dry-run=server"], &manifest);
    let said = String::from_utf8_lossy(&answer.stderr);
    assert!(answer.status.success(), "{name} {options:?}\n{said}");
    said.lines().map(str::to_owned).collect()
}

#[test]
fn the_server_accepts_every_object_of_core_and_admin_as_restricted() {
    let cluster = Cluster::namespace("charts-dry-run", &["pod-security.kubernetes.io/warn=restricted"]);
    let nothing: Vec<String> = Vec::new();
    for options in [
        &[][..],
        &["--set", "database.postgres.image.tag=11"],
        &["--set", "database.postgres.image.tag=17-alpine", "--set", "database.postgres.slave.replicas=0"],
        &[
            "--set",
            "database.postgres.master.existingClaims=some-claim",
            "--set",
            "global.database.existingSecret=some-secret",
        ],
        &[
            "--set",
            "database.postgres.master.existingClaims={some-claim}",
            "--set",
            "database.postgres.master.dataFolder=.",
        ],
        &["--set", "database.postgres.master.podDisruptionBudget.enabled=true", "--set", "database.pgpool.replicas=3"],
        &[
            "--set",
            "frontendapps.autoscaling.enabled=true",
            "--set",
            "restbackend.replicas=2",
            "--set",
            "tags.frontend=true",
        ],
        &["--set", "global.imageRegistry=registry.example.com:5000", "--set", "global.imagePullSecrets={one,two}"],
        &["--set-string", "database.postgres.initScripts.extra\\.sql=CREATE EXTENSION pg_trgm;"],
        &[
            "--set",
            "database.postgres.settings.work_mem=8MB",
            "--set",
            "database.postgres.pgHba={host all all 10.0.0.0/8 reject}",
        ],
        &[
            "--set",
            "restbackend.serviceAccount.create=false",
            "--set",
            "restbackend.podDisruptionBudget.minAvailable=1",
        ],
        &["--set", "database.service.type=NodePort", "--set", "frontendapps.service.type=LoadBalancer"],
        &[
            "--set",
            "database.enabled=false",
            "--set",
            "patchlibanalyzer.enabled=false",
            "--set",
            "networkPolicy.defaultDeny=false",
        ],
    ] {
        assert_eq!(warnings(&cluster, "core", options), nothing, "{options:?}");
    }
    for options in [
        &[][..],
        &["--set", "ingress.hosts={vulas.example.com,other.example.com}", "--set", "ingressClass.default=true"],
        &["--set", "ingress.tls[0].secretName=certificate", "--set", "ingress.tls[0].hosts={vulas.example.com}"],
        &[
            "--set",
            "controller.enabled=false",
            "--set",
            "ingressClass.create=false",
            "--set",
            "ingressClass.name=nginx",
        ],
        &["--set", "controller.service.type=LoadBalancer", "--set", "controller.service.externalTrafficPolicy=Local"],
        &["--set", "controller.extraArgs.enable-metrics=true", "--set", "controller.replicas=1"],
    ] {
        assert_eq!(warnings(&cluster, "admin", options), nothing, "{options:?}");
    }
}

#[test]
fn of_monitoring_only_the_reader_of_log_files_needs_more_rights() {
    let cluster = Cluster::namespace("charts-dry-run-monitoring", &["pod-security.kubernetes.io/warn=restricted"]);
    for options in [
        &[][..],
        &["--set", "elasticsearch.replicas=3", "--set", "prometheus.persistence.enabled=false"],
        &["--set", "prometheus.namespaces={charts-dry-run-monitoring}", "--set", "fluentd.namespaces={one,two}"],
        &["--set", "grafana.admin.existingSecret=some-secret", "--set", "kibana.enabled=false"],
    ] {
        let warned = warnings(&cluster, "monitoring", options);
        assert!(
            matches!(&warned[..], [one] if one.contains(r#"(volumes "logs", "state" use"#)),
            "{options:?}: {warned:?}"
        );
        let mut without = options.to_vec();
        without.extend(["--set", "fluentd.enabled=false"]);
        assert!(warnings(&cluster, "monitoring", &without).is_empty(), "{without:?}");
    }
}

/// What kwok's nodes show of the charts: all objects become ready, twice in one namespace, side by side.
#[test]
fn two_releases_live_in_one_namespace() {
    let cluster = Cluster::namespace("charts-two", &[]);
    let core = chart("core");
    for release in ["alpha", "beta"] {
        cluster.helm(&["install", release, &core, "--wait", "--timeout", "120s"]);
    }
    let selected = |release: &str| {
        cluster.kubectl(&[
            "get",
            "pods",
            "-l",
            &format!("app.kubernetes.io/instance={release}"),
            "-o",
            "jsonpath={.items[*].metadata.name}",
        ])
    };
    assert_eq!(selected("alpha").split(' ').count(), selected("beta").split(' ').count());
    assert!(selected("alpha").split(' ').all(|pod| pod.starts_with("alpha-")));
    let endpoints = cluster.kubectl(&[
        "get",
        "endpointslices",
        "-l",
        "kubernetes.io/service-name=beta-database-slave",
        "-o",
        "jsonpath={.items[*].endpoints[*].targetRef.name}",
    ]);
    assert!(endpoints.split(' ').all(|pod| pod.starts_with("beta-database-slave-")), "{endpoints}");
    // Upgrades keep the credentials, an uninstall keeps them and the claims.
    let secret = || cluster.kubectl(&["get", "secret", "alpha-database", "-o", "jsonpath={.data}"]);
    let before = secret();
    cluster.helm(&["upgrade", "alpha", &core, "--set", "frontendapps.replicas=1"]);
    assert_eq!(secret(), before);
    cluster.helm(&["uninstall", "alpha"]);
    assert_eq!(secret(), before);
    cluster.helm(&["install", "alpha", &core]);
    assert_eq!(secret(), before, "installed again, alpha finds its credentials");
    // Credentials come from another release, or the install says that they do not.
    cluster.helm(&["install", "gamma", &core, "--set", "global.database.copyCredentialsFrom=alpha-database"]);
    assert_eq!(cluster.kubectl(&["get", "secret", "gamma-database", "-o", "jsonpath={.data}"]), before);
    let refused =
        cluster.try_helm(&["install", "delta", &core, "--set", "global.database.copyCredentialsFrom=nobody-database"]);
    assert!(
        String::from_utf8_lossy(&refused.stderr)
            .contains(r#"there is no Secret "nobody-database" in namespace "charts-two""#)
    );
}

/// `template --dry-run=server`: capabilities and `lookup` are the cluster's, kinds that it does not know are refused.
#[test]
fn a_dry_run_on_the_server_renders_as_helm_does() {
    let _namespace = Cluster::namespace("charts-on-server", &[]);
    let kubeconfig = std::env::var("VULAS_TEST_KUBECONFIG").expect("VULAS_TEST_KUBECONFIG names a cluster");
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| {
        let path = scratch.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("written");
        std::fs::write(path, text).expect("written");
    };
    write("Chart.yaml", "apiVersion: v2\nname: asks\nversion: 1.0.0\n");
    write(
        "templates/found.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: found\ndata:\n  \
         version: {{ .Capabilities.KubeVersion.Version | quote }}\n  \
         apps: {{ .Capabilities.APIVersions.Has \"apps/v1/Deployment\" | quote }}\n  \
         none: {{ .Capabilities.APIVersions.Has \"none/v1\" | quote }}\n  \
         phase: {{ (lookup \"v1\" \"Namespace\" \"\" \"charts-on-server\").status.phase | quote }}\n  \
         missing: {{ lookup \"v1\" \"Secret\" \"charts-on-server\" \"missing\" | len | quote }}\n  \
         listed: {{ (lookup \"v1\" \"Namespace\" \"\" \"\").items | len | lt 3 | quote }}\n",
    );
    let folder = scratch.path().to_string_lossy().into_owned();
    let run = |program: &str, more: &[&str]| {
        let output = std::process::Command::new(program)
            .args(["template", "tried", &folder, "--dry-run=server", "-n", "charts-on-server"])
            .args(more)
            .env("KUBECONFIG", &kubeconfig)
            .output()
            .expect("the program starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let helm = std::env::var("VULAS_HELM").expect("VULAS_HELM names the real Helm");
    let ours = env!("CARGO_BIN_EXE_vulas-native");
    let (expected, found) = (run(&helm, &[]), run(ours, &[]));
    assert!(expected.1.contains("phase: \"Active\""), "{expected:?}");
    assert_eq!(found, expected);

    write("templates/unknown.yaml", "apiVersion: none/v1\nkind: Nothing\nmetadata:\n  name: x\n");
    let (expected, found) = (run(&helm, &[]), run(ours, &[]));
    assert_eq!((found.0, &found.1), (expected.0, &expected.1));
    for (_, _, said) in [&expected, &found] {
        assert!(said.contains("unable to build kubernetes objects from release manifest"), "{said}");
        assert!(said.contains("Nothing"), "{said}");
    }
}
