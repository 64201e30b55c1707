//! The life of releases on any API server: the sandbox (`tests/releases.rs`) and a real control plane (`tests/control_releases.rs`).
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value as Json, json};
use vulas_native::{
    action::{self, Common, InstallOptions, OnFailure, Outcome, Releases, UninstallOptions, UpgradeOptions, Wait},
    chart::{self, Chart, Notices},
    cluster::{Cluster, DeleteOptions, Error as ClusterError, ObjectRef, Observer, Write, WriteHook},
    release::{History, Release, Status, chart::values_of},
};

pub mod claims;
pub mod life;
pub mod trouble;
pub mod workloads;

/// Hands all scenarios to a macro that makes tests of them.
macro_rules! for_each_scenario {
    ($run:ident) => {
        $run!(
            life::install_upgrade_rollback_uninstall,
            life::unchanged_objects_are_not_written,
            life::history_is_kept_short,
            life::what_holds_data_and_what_is_kept_stays,
            life::definitions_come_first,
            life::templates_look_things_up,
            life::adoption,
            life::a_record_larger_than_a_secret,
            claims::claims_outlive_a_pruned_statefulset,
            claims::claims_outlive_an_install_that_is_put_back,
            claims::claims_outlive_a_killed_upgrade,
            trouble::refusals_change_nothing,
            trouble::conflicts_are_named_and_forced_only_when_asked,
            trouble::a_fault_at_every_write_is_put_back,
            trouble::a_killed_run_is_recovered_by_the_next,
            trouble::a_killed_install_or_uninstall_leaves_no_trace,
            trouble::a_killed_upgrade_of_a_failed_release_deletes_only_its_own,
            trouble::a_killed_run_does_not_cost_what_it_adopted,
            trouble::a_failed_install_leaves_nothing_or_all,
            trouble::two_runs_do_not_meet,
            workloads::hooks_run_in_their_order,
            workloads::what_does_not_become_ready_is_put_back,
            workloads::the_autoscaler_keeps_its_number,
        );
    };
}
pub(crate) use for_each_scenario;

/// Remembers what it is told.
#[derive(Default)]
pub struct Heard(Mutex<Vec<String>>);

impl Heard {
    pub fn all(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }
}

impl Observer for Heard {
    fn info(&self, message: &str) {
        self.0.lock().unwrap().push(message.into());
    }
    fn warning(&self, message: &str) {
        self.0.lock().unwrap().push(format!("warning: {message}"));
    }
}

/// Fails the n-th write that is not a dry run; with `on`, all from that one on, as if the process had been killed there.
pub struct Fails {
    pub at: usize,
    pub on: bool,
    /// The write is carried out, but its answer is lost.
    pub after: bool,
    pub seen: AtomicUsize,
    pub paths: Mutex<Vec<String>>,
}

impl Fails {
    pub fn at(at: usize, on: bool, after: bool) -> Arc<Self> {
        Arc::new(Self { at, on, after, seen: AtomicUsize::new(0), paths: Mutex::default() })
    }

    fn strikes(&self, number: usize) -> bool {
        number == self.at || (self.on && number > self.at)
    }
}

impl WriteHook for Fails {
    fn before(&self, write: &Write) -> Result<(), ClusterError> {
        // Renewals of the Lease come when they come.
        if write.dry_run || write.path.contains("/leases") {
            return Ok(());
        }
        let number = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        self.paths.lock().unwrap().push(format!("{} {}", write.verb, write.path));
        let killed = self.on && number > self.at;
        if self.strikes(number) && (!self.after || killed) {
            return Err(ClusterError::Other(format!("injected before write {number}")));
        }
        Ok(())
    }

    fn after(&self, write: &Write) -> Result<(), ClusterError> {
        if write.dry_run || write.path.contains("/leases") {
            return Ok(());
        }
        let number = self.seen.load(Ordering::SeqCst);
        if self.after && number == self.at {
            return Err(ClusterError::Other(format!("injected after write {number}")));
        }
        Ok(())
    }
}

/// A chart of the given files, beside its `Chart.yaml`.
pub fn chart_of(name: &str, files: &[(&str, &str)]) -> Chart {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "Chart.yaml", &format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\nappVersion: '7'\n"));
    for (path, text) in files {
        write(folder.path(), path, text);
    }
    chart::load(folder.path().to_str().unwrap(), &Notices::default()).unwrap()
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Config maps `0..count` with a word, and a Secret.
pub fn words() -> Chart {
    let template = "{{- range $i := until (int .Values.count) }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ $.Release.Name }}-{{ $i }}
data:
  word: {{ $.Values.word | quote }}
{{- end }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ .Release.Name }}-secret
stringData:
  same: always
";
    chart_of(
        "words",
        &[
            ("values.yaml", "count: 3\nword: first\n"),
            ("templates/all.yaml", template),
            ("templates/NOTES.txt", "Say {{ .Values.word }} (revision {{ .Release.Revision }})"),
        ],
    )
}

pub fn common() -> Common {
    Common { timeout: Duration::from_secs(60), ..Common::default() }
}

pub fn install_options(name: &str, namespace: &str) -> InstallOptions {
    InstallOptions { name: name.into(), namespace: namespace.into(), common: common(), ..InstallOptions::default() }
}

pub fn upgrade_options(name: &str, namespace: &str) -> UpgradeOptions {
    UpgradeOptions { name: name.into(), namespace: namespace.into(), common: common(), ..UpgradeOptions::default() }
}

pub async fn install(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    chart: Chart,
    values: Json,
) -> Result<Release, action::Error> {
    action::install(cluster, chart, values_of(&values), &install_options(name, namespace), &Heard::default()).await
}

pub async fn upgrade(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    chart: Chart,
    values: Json,
) -> Result<Release, action::Error> {
    action::upgrade(cluster, chart, values_of(&values), &upgrade_options(name, namespace), &Heard::default()).await
}

pub async fn uninstall(cluster: &Cluster, namespace: &str, name: &str) -> action::Uninstalled {
    let options = UninstallOptions { timeout: Duration::from_secs(60), ..UninstallOptions::new(name, namespace) };
    action::uninstall(cluster, &options, &Heard::default()).await.unwrap().unwrap()
}

pub async fn history(cluster: &Cluster, namespace: &str, name: &str) -> History {
    Releases::of(cluster, namespace).history(name, &Heard::default()).await.unwrap()
}

/// Revisions and their states: `1 superseded, 2 deployed`.
pub async fn states(cluster: &Cluster, namespace: &str, name: &str) -> String {
    let history = history(cluster, namespace, name).await;
    let states: Vec<String> = history.revisions().iter().map(|r| format!("{} {}", r.version, r.info.status)).collect();
    states.join(", ")
}

/// The words of a release's config maps, by their numbers.
pub async fn words_of(cluster: &Cluster, namespace: &str, name: &str) -> Vec<String> {
    let maps = cluster.list("v1", "ConfigMap", Some(namespace), None).await.unwrap();
    let prefix = format!("{name}-");
    let mut words: Vec<String> = maps
        .iter()
        .filter_map(|map| {
            let number = map["metadata"]["name"].as_str()?.strip_prefix(&prefix)?;
            Some(format!("{number} {}", map["data"]["word"].as_str()?))
        })
        .collect();
    words.sort();
    words
}

pub async fn get(cluster: &Cluster, api_version: &str, kind: &str, namespace: &str, name: &str) -> Option<Json> {
    cluster.get(&ObjectRef::new(api_version, kind, namespace, name)).await.unwrap()
}

/// A namespace of its own.
pub async fn namespace(cluster: &Cluster, name: &str) {
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    cluster.create(&object, "test", false).await.unwrap();
}

/// As if the Lease of a dead run had expired.
pub async fn expire_lease(cluster: &Cluster, namespace: &str, name: &str) {
    let lease = ObjectRef::new("coordination.k8s.io/v1", "Lease", namespace, &format!("vulas-native.{name}"));
    cluster.delete(&lease, &DeleteOptions::default()).await.unwrap();
}
