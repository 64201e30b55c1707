//! What the caller of an operation may say. Field for flag Helm's; the defaults are ours where COMPATIBILITY.md says so.

use std::{collections::BTreeMap, time::Duration};

/// What an operation waits for before it counts as done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// Hooks alone, as Helm does when `--wait` is not given.
    HooksOnly,
    /// Everything the release holds is ready.
    #[default]
    Ready,
}

/// What happens when an operation fails after it has begun to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// The former state is put back.
    #[default]
    PutBack,
    /// Everything stays as it is, the revision is recorded as failed: Helm without `--rollback-on-failure`.
    Leave,
}

/// How far an operation goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DryRun {
    /// All the way.
    #[default]
    None,
    /// Renders and plans without asking the cluster more than upgrades must.
    Client,
    /// Everything but writing: `lookup`, ownership, and the server's own check of every object.
    Server,
}

/// What install, upgrade and rollback have in common.
#[derive(Clone, Debug)]
pub struct Common {
    /// What to wait for.
    pub wait: Wait,
    /// Jobs of the release must complete.
    pub wait_for_jobs: bool,
    /// For each wait: for a hook, for readiness, for a deletion.
    pub timeout: Duration,
    /// No hook runs.
    pub no_hooks: bool,
    /// Fields that others own are taken from them.
    pub force_conflicts: bool,
    /// What happens on failure.
    pub on_failure: OnFailure,
    /// How far to go.
    pub dry_run: DryRun,
    /// Revisions kept; 0 keeps all.
    pub history_max: usize,
    /// Instead of `Install complete` and the like.
    pub description: Option<String>,
}

impl Default for Common {
    fn default() -> Self {
        Self {
            wait: Wait::Ready,
            wait_for_jobs: false,
            timeout: Duration::from_secs(300),
            no_hooks: false,
            force_conflicts: false,
            on_failure: OnFailure::PutBack,
            dry_run: DryRun::None,
            history_max: 10,
            description: None,
        }
    }
}

/// How the chart is rendered.
#[derive(Clone, Debug, Default)]
pub struct Rendering {
    /// Notes of subcharts are added to those of the chart.
    pub sub_notes: bool,
    /// Values are not checked against `values.schema.json`.
    pub skip_schema_validation: bool,
    /// `getHostByName` asks the name servers.
    pub enable_dns: bool,
}

/// Options of [`install`](super::install).
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct InstallOptions {
    /// Name of the release.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The namespace is created if it does not exist.
    pub create_namespace: bool,
    /// The chart's `crds/` are left out.
    pub skip_crds: bool,
    /// Existing objects are adopted, whoever made them.
    pub take_ownership: bool,
    /// The name of an uninstalled or failed release is used again.
    pub replace: bool,
    /// The user's own labels of the record.
    pub labels: BTreeMap<String, String>,
    /// How the chart is rendered.
    pub rendering: Rendering,
    /// The rest.
    pub common: Common,
}

/// Which values of the former revision an upgrade takes over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reuse {
    /// All, if no new ones are given; else none.
    #[default]
    IfNoneGiven,
    /// None (`--reset-values`).
    Reset,
    /// All, the former chart's defaults included, new ones merged over them (`--reuse-values`).
    Reuse,
    /// The user's, merged over the new chart's defaults, new ones merged over them (`--reset-then-reuse-values`).
    ResetThenReuse,
}

/// Options of [`upgrade`](super::upgrade).
#[derive(Clone, Debug, Default)]
pub struct UpgradeOptions {
    /// Name of the release.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Which former values are taken over.
    pub reuse: Reuse,
    /// Existing objects that are new to the release are adopted, whoever made them.
    pub take_ownership: bool,
    /// The user's own labels of the record, merged into the former ones; `null` removes one.
    pub labels: BTreeMap<String, String>,
    /// How the chart is rendered.
    pub rendering: Rendering,
    /// The rest.
    pub common: Common,
}

/// Options of [`uninstall`](super::uninstall).
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct UninstallOptions {
    /// Name of the release.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// What happens to the objects that the deleted ones own.
    pub propagation: crate::cluster::Propagation,
    /// Nothing is deleted.
    pub dry_run: bool,
    /// A release that does not exist is no error.
    pub ignore_not_found: bool,
    /// The records are kept, so that the release can be rolled back to.
    pub keep_history: bool,
    /// No hook runs.
    pub no_hooks: bool,
    /// The objects must be gone.
    pub wait: bool,
    /// For each wait.
    pub timeout: Duration,
    /// Instead of `Uninstallation complete`.
    pub description: Option<String>,
    /// Claims and volumes of the release that are deleted; no others are.
    pub delete_claims: Vec<String>,
    /// Objects of the release that others need: they are kept.
    pub keep: Vec<crate::cluster::ObjectRef>,
}

impl UninstallOptions {
    /// Deletes everything but claims, waits for it, for five minutes at most.
    pub fn new(name: &str, namespace: &str) -> Self {
        Self {
            name: name.into(),
            namespace: namespace.into(),
            propagation: crate::cluster::Propagation::Background,
            dry_run: false,
            ignore_not_found: false,
            keep_history: false,
            no_hooks: false,
            wait: true,
            timeout: Duration::from_secs(300),
            description: None,
            delete_claims: Vec::new(),
            keep: Vec::new(),
        }
    }
}

/// Options of [`test`](super::test).
#[derive(Clone, Debug)]
pub struct TestOptions {
    /// Name of the release.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Only these tests; empty for all.
    pub only: Vec<String>,
    /// Not these.
    pub except: Vec<String>,
    /// For each test.
    pub timeout: Duration,
    /// The logs of the tests are wanted.
    pub logs: bool,
}
