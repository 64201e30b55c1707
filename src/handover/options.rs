//! What is asked of an upgrade, and who is told about it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Given, Journal, Stage};
use crate::cluster::{Json, Observer};

/// What becomes of what alpha writes between fork and switch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fence {
    /// It is lost; `route` says so before.
    #[default]
    None,
    /// Nothing is written: alpha's clients may only read from the fork on.
    ReadOnly,
    /// Nothing is written: alpha's writers are scaled to zero at the fork.
    Scale,
}

impl Fence {
    /// As on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ReadOnly => "read-only",
            Self::Scale => "scale",
        }
    }
}

/// What is asked of an upgrade.
#[derive(Clone)]
pub struct UpgradeOptions {
    /// Namespace of both core releases.
    pub namespace: String,
    /// Namespace of the admin release, for the commands that are shown at the end.
    pub admin_namespace: Option<String>,
    /// The release that is left.
    pub alpha: String,
    /// The release that is gone over to.
    pub beta: String,
    /// Beta's chart: a directory, an archive, or the name of an embedded chart.
    pub chart: String,
    /// Values for beta, on top of alpha's own.
    pub values: Json,
    /// Do not begin with alpha's own values.
    pub reset_values: bool,
    /// Where beta's chart takes the claim; found by rendering when not given.
    pub claim_value: Option<String>,
    /// Where beta's chart takes the name of the Secret with alpha's database credentials (empty: nowhere); found by
    /// rendering when not given.
    pub credentials_value: Option<String>,
    /// Where alpha's chart takes the number of replicas; found by rendering when not given.
    pub replicas_value: Option<String>,
    /// What can't be found.
    pub given: Given,
    /// Alpha's only replica may be taken.
    pub take_only_replica: bool,
    /// What becomes of what alpha writes after the fork.
    pub fence: Fence,
    /// SQL whose output must be the same on alpha's replica at the fork and on beta.
    pub check_sql: Option<String>,
    /// Limit of each wait.
    pub timeout: Duration,
    /// Who we are, for Lease and journal.
    pub holder: String,
    /// Cancelled when the user or the system wants an end: what was done is then taken back.
    pub stop: CancellationToken,
}

/// Is told what goes on; the report room shows it.
pub trait Show: Observer {
    /// What will happen, before it does: a name and a sentence each.
    fn plan(&self, lines: &[(String, String)]) {
        let _ = lines;
    }
    /// A step begins.
    fn step(&self, stage: Stage) {
        let _ = stage;
    }
    /// A step has ended well; `detail` in one line.
    fn step_done(&self, stage: Stage, detail: &str, took: Duration) {
        let _ = (stage, detail, took);
    }
    /// A step has failed.
    fn step_failed(&self, stage: Stage, cause: &str, took: Duration) {
        let _ = (stage, cause, took);
    }
    /// A step is being taken back.
    fn undo(&self, stage: Stage) {
        let _ = stage;
    }
    /// It was taken back.
    fn undone(&self, stage: Stage, detail: &str, took: Duration) {
        let _ = (stage, detail, took);
    }
    /// Something is being done that is no step of an upgrade.
    fn task(&self, number: usize, name: &str) {
        let _ = (number, name);
    }
    /// It has ended well.
    fn task_done(&self, detail: &str, took: Duration) {
        let _ = (detail, took);
    }
    /// The journal was written. Reports are made from it.
    fn recorded(&self, journal: &Journal) {
        let _ = journal;
    }
}

impl Show for crate::cluster::Silent {}
