//! Releases on a real API server, and turn by turn with the real Helm.
//!
//! `tests/run` starts the server and says where it is: `VULAS_TEST_KUBECONFIG`, `VULAS_HELM`.

use std::process::{Command, Output};

use serde_json::{Value as Json, json};
use vulas_native::{
    action,
    cluster::{Cluster, ConnectOptions},
};

#[path = "release_scenarios/mod.rs"]
mod scenarios;

use scenarios::{common, get, history, install, namespace, states, uninstall, upgrade, words, words_of};

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: these tests are run by tests/run, which starts a cluster for them")
    })
}

async fn connect(name: &str) -> (Cluster, String) {
    let options = ConnectOptions { kubeconfig: Some(variable("VULAS_TEST_KUBECONFIG")), ..Default::default() };
    let cluster = Cluster::connect(&options).await.unwrap();
    // A namespace of its own: tests run side by side, and the cluster may have seen them before.
    let ns = format!("{}-{:08x}", name.replace('_', "-").chars().take(40).collect::<String>(), rand_suffix());
    namespace(&cluster, &ns).await;
    (cluster, ns)
}

fn rand_suffix() -> u32 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos() ^ std::process::id()
}

/// Runs a scenario in a namespace of its own.
macro_rules! on_the_server {
    ($($file:ident::$scenario:ident),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $scenario() {
            let (cluster, ns) = connect(stringify!($scenario)).await;
            scenarios::$file::$scenario(&cluster, &ns).await;
        }
    )+};
}

scenarios::for_each_scenario!(on_the_server);

fn run(program: &str, ns: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .args(["--namespace", ns, "--kubeconfig", &variable("VULAS_TEST_KUBECONFIG")])
        .output()
        .unwrap()
}

/// Standard output of a program that must succeed.
fn succeeds(program: &str, ns: &str, arguments: &[&str]) -> String {
    let output = run(program, ns, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn helm(ns: &str, arguments: &[&str]) -> String {
    succeeds(&variable("VULAS_HELM"), ns, arguments)
}

fn ours(ns: &str, arguments: &[&str]) -> String {
    succeeds(OURS, ns, arguments)
}

const OURS: &str = env!("CARGO_BIN_EXE_vulas-native");

/// The chart of the scenarios as a folder, for the command line.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &[u8]| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let chart = words();
    write("Chart.yaml", b"apiVersion: v2\nname: words\nversion: 1.0.0\nappVersion: '7'\n");
    for file in chart.raw_values.iter().chain(&chart.templates) {
        write(&file.name, file.data.as_bytes());
    }
    folder
}

/// What both programs print of a release must be the same, byte for byte.
fn compare(ns: &str, name: &str) {
    for arguments in [
        &["list"][..],
        &["list", "-o", "json"],
        &["list", "-o", "yaml"],
        &["list", "--short", "-o", "json"],
        &["list", "--no-headers", "--date"],
        &["list", "--superseded"],
        &["list", "--failed", "-o", "json"],
        &["list", "--max", "-1", "--reverse"],
        &["list", "--offset", "1"],
        &["list", "--filter", "^[a-m]"],
        &["list", "--filter", "["],
        &["list", "--selector", "team=x"],
        &["list", "--selector", "team!=x"],
        &["list", "--time-format", "2006-01-02 15:04:05Z0700"],
        &["history", name],
        &["history", name, "-o", "json"],
        &["history", name, "-o", "yaml"],
        &["history", name, "--max", "1"],
        &["history", name, "--max", "-1"],
        &["history", "nobody"],
        &["history", "No_Name"],
        &["status", name, "-o", "json"],
        &["status", name, "-o", "yaml"],
        &["status", name, "--revision", "1", "-o", "json"],
        &["status", name, "--revision", "99"],
        &["status", "nobody"],
        &["get", "all", name],
        &["get", "hooks", name],
        &["get", "manifest", name],
        &["get", "metadata", name],
        &["get", "metadata", name, "-o", "json"],
        &["get", "metadata", name, "--revision", "1"],
        &["get", "metadata", name, "-o", "yaml"],
        &["get", "all", "nobody"],
        &["get", "manifest", name, "--revision", "99"],
        &["get", "values", name, "-a", "-o", "yaml"],
        &["get", "notes", name],
        &["get", "values", name],
        &["get", "values", name, "-a", "-o", "json"],
        &["get", "values", name, "-o", "yaml", "--revision", "1"],
    ] {
        // Codes of failures differ: 2 is our own for a wrong command line.
        let shown = |program: &str| {
            let Output { status, stdout, stderr } = run(program, ns, arguments);
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            (text(&stdout), text(&stderr), status.success())
        };
        assert_eq!(shown(OURS), shown(&variable("VULAS_HELM")), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn helm_goes_on_with_what_we_installed() {
    let (cluster, ns) = connect("helm-goes-on").await;
    let (ns, folder) = (ns.as_str(), folder());
    let chart = folder.path().to_str().unwrap();
    ours(ns, &["install", "a", chart, "--set", "word=one", "--labels", "team=x"]);
    compare(ns, "a");
    ours(ns, &["upgrade", "a", chart, "--set", "word=two,count=2"]);
    compare(ns, "a");
    helm(ns, &["rollback", "a", "1"]);
    assert_eq!(words_of(&cluster, ns, "a").await, ["0 one", "1 one", "2 one"]);
    compare(ns, "a");
    // Server-side apply goes on: the record says so.
    helm(ns, &["upgrade", "a", chart, "--set", "word=three"]);
    assert_eq!(history(&cluster, ns, "a").await.last().unwrap().apply_method, "ssa");
    upgrade(&cluster, ns, "a", words(), json!({"word": "four", "count": 1})).await.unwrap();
    assert_eq!(words_of(&cluster, ns, "a").await, ["0 four"]);
    assert_eq!(states(&cluster, ns, "a").await, "1 superseded, 2 superseded, 3 superseded, 4 superseded, 5 deployed");
    compare(ns, "a");
    helm(ns, &["uninstall", "a"]);
    assert_eq!(words_of(&cluster, ns, "a").await, [] as [&str; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn we_go_on_with_what_helm_installed() {
    let (cluster, ns) = connect("we-go-on").await;
    let (ns, folder) = (ns.as_str(), folder());
    let chart = folder.path().to_str().unwrap();
    helm(ns, &["install", "b", chart, "--set", "word=one"]);
    compare(ns, "b");
    upgrade(&cluster, ns, "b", words(), json!({"word": "two", "count": 2})).await.unwrap();
    helm(ns, &["upgrade", "b", chart, "--set", "word=three"]);
    action::rollback(&cluster, ns, "b", 1, &common(), &scenarios::Heard::default()).await.unwrap();
    assert_eq!(words_of(&cluster, ns, "b").await, ["0 one", "1 one", "2 one"]);
    compare(ns, "b");
    uninstall(&cluster, ns, "b").await;
    assert_eq!(helm(ns, &["list", "-q"]), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_side_fields_are_migrated() {
    let (cluster, ns) = connect("client-side").await;
    let (ns, folder) = (ns.as_str(), folder());
    let chart = folder.path().to_str().unwrap();
    helm(ns, &["install", "c", chart, "--server-side=false"]);
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c-0}\ndata: {other: x}\n";
    let other = scenarios::chart_of("words", &[("templates/all.yaml", template)]);
    upgrade(&cluster, ns, "c", other, json!({})).await.unwrap();
    let map = get(&cluster, "v1", "ConfigMap", ns, "c-0").await.unwrap();
    // The field that Helm had written by client-side apply is pruned, since its ownership was moved.
    assert_eq!(map["data"], json!({"other": "x"}));
    let owners: Vec<(&Json, &Json)> = map["metadata"]["managedFields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (&entry["manager"], &entry["operation"]))
        .collect();
    assert_eq!(owners, [(&json!("helm"), &json!("Apply"))]);
    uninstall(&cluster, ns, "c").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pending_release_of_helm_is_not_touched_but_rolled_back() {
    let (cluster, ns) = connect("pending-helm").await;
    let (ns, folder) = (ns.as_str(), folder());
    helm(ns, &["install", "p", folder.path().to_str().unwrap()]);
    upgrade(&cluster, ns, "p", words(), json!({"word": "two"})).await.unwrap();
    // As a killed Helm leaves it: a pending record without our check sum.
    let mut pending = history(&cluster, ns, "p").await.last().unwrap().clone();
    pending.version = 3;
    pending.info.status = vulas_native::release::Status::PendingUpgrade;
    let stored = vulas_native::release::stored::to_secret(
        &pending,
        vulas_native::release::stored::Writing::Create,
        cluster.now(),
    )
    .unwrap();
    let mut secret = stored.main;
    secret["metadata"]["annotations"] = json!({});
    cluster.create(&secret, "helm", false).await.unwrap();
    let refused = upgrade(&cluster, ns, "p", words(), json!({})).await.unwrap_err();
    assert!(
        refused.message.contains("written by Helm") && refused.message.contains("vulas-native rollback p 2"),
        "{refused}"
    );
    action::rollback(&cluster, ns, "p", 2, &common(), &scenarios::Heard::default()).await.unwrap();
    assert_eq!(history(&cluster, ns, "p").await.deployed().unwrap().version, 4);
    install(&cluster, ns, "other", words(), json!({})).await.unwrap();
    uninstall(&cluster, ns, "p").await;
}
