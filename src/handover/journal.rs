//! What has been done, written before and after each step, so that a run that was killed can be understood, resumed or
//! taken back by the next.
//!
//! The journal is a Secret in the core namespace (beta's values may hold secrets), one per namespace: a namespace has at
//! most one open handover.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Error, Layout, MANAGER, Moment, Stage, envelope};
use crate::{
    cluster::{Cluster, Error as ClusterError, Json, ObjectRef},
    database::{Changes, Lsn, TableCount},
};

/// Name of the Secret.
pub const NAME: &str = "vulas-native-handover";
/// Layout of the document in it; a newer one is refused.
const VERSION: u32 = 1;

/// Where a handover stands as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// `upgrade` is under way, or was interrupted.
    Upgrading,
    /// Beta is up beside alpha; the traffic goes to alpha.
    Up,
    /// The traffic goes to beta.
    Routed,
    /// `retreat`, or the undoing of a failure, is under way or was interrupted.
    Retreating,
    /// Everything was put back.
    Retreated,
    /// `finish` is under way, or was interrupted.
    Finishing,
    /// Alpha is retired.
    Finished,
}

impl State {
    /// Nothing more to do: a new handover may begin.
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Retreated | Self::Finished)
    }
}

/// How far a step is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Progress {
    /// Not begun.
    #[default]
    Pending,
    /// Begun; how far it came is not known.
    Started,
    /// Done.
    Done,
    /// Failed; what it did is not known.
    Failed,
    /// Taken back.
    Undone,
}

/// The record of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Which.
    pub stage: Stage,
    /// How far.
    pub progress: Progress,
    /// When it was begun, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
    /// How long it took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub millis: Option<u64>,
    /// What was done, in one line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// The moment from which alpha and beta differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fork {
    /// Alpha's position then.
    pub lsn: Lsn,
    /// Alpha's time then, RFC 3339 in UTC.
    pub time: String,
    /// What alpha's statistics said then.
    pub changes: Vec<Changes>,
    /// Which of alpha's transactions had ended then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transactions: Option<String>,
    /// Rows, counted on the replica after it had replayed the position.
    pub counts: Vec<TableCount>,
    /// Version of the schema.
    pub schema: Option<String>,
    /// Settings of the replica that a server on its volume needs as they are.
    #[serde(default)]
    pub settings: Vec<(String, String)>,
    /// What the user's check file printed on the replica.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
}

/// What the promotion made of the volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    /// Beta's timeline.
    pub timeline: u32,
    /// Where it left alpha's: all that alpha wrote up to here is in beta.
    pub switched: Lsn,
}

/// A setting that was made safe, as it was before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Former {
    /// `persistentVolumeClaimRetentionPolicy` of the replicas' StatefulSet.
    ClaimRetention {
        /// The policy as it stood.
        policy: Json,
    },
    /// Reclaim policy of a volume.
    Reclaim {
        /// The `PersistentVolume`.
        volume: String,
        /// `Delete`, `Recycle`
        policy: String,
    },
    /// Owners of the claim.
    Owners {
        /// `metadata.ownerReferences` as it stood.
        references: Json,
        /// `metadata.uid` of the claim.
        #[serde(default)]
        claim: Option<String>,
    },
}

/// A workload that was scaled to zero as a fence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scaled {
    /// `apps/v1`
    pub api_version: String,
    /// `Deployment`
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its replicas before.
    pub replicas: u32,
}

/// The traffic, moved to beta; in state [`State::Up`] it may only be about to be moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The admin release.
    pub release: String,
    /// Its namespace.
    pub namespace: String,
    /// The release that it served before.
    pub before: String,
    /// When, RFC 3339 in UTC.
    pub time: String,
    /// How long the switch took, in milliseconds.
    pub millis: u64,
    /// The value of its chart that names the served release.
    #[serde(default = "release_value")]
    pub release_value: String,
    /// Its chart: an absolute path, or the name of an embedded chart.
    #[serde(default = "admin_chart")]
    pub admin_chart: String,
    /// What was left behind with `--accept-loss`, in bytes of WAL.
    #[serde(default)]
    pub lost_bytes: u64,
    /// What beta's statistics said before, where it is not recorded how it came up.
    #[serde(default)]
    pub changes: Vec<Changes>,
}

fn release_value() -> String {
    super::RELEASE_VALUE.into()
}

fn admin_chart() -> String {
    super::ADMIN_CHART.into()
}

/// What beta is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Future {
    /// Chart: an absolute path, or the name of an embedded chart.
    pub chart: String,
    /// What tells it from others (SHA-256 of its files).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Chart's name and version, for people.
    pub title: String,
    /// The values given for it, complete (alpha's own, the user's and the handover's).
    pub values: Json,
    /// How many objects it has.
    pub objects: usize,
    /// What the names of its own claims begin with.
    #[serde(default)]
    pub claim_stems: Vec<String>,
    /// Its Secrets that an uninstall keeps.
    #[serde(default)]
    pub kept_secrets: Vec<String>,
}

/// The journal of one handover.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Journal {
    /// Layout of this document.
    pub version: u32,
    /// Where the handover stands.
    pub state: State,
    /// The release that is left.
    pub alpha: String,
    /// The release that is gone over to.
    pub beta: String,
    /// Namespace of both.
    pub namespace: String,
    /// Namespace of the admin release, when given.
    pub admin_namespace: Option<String>,
    /// The admin release there that serves alpha, when there is one.
    #[serde(default)]
    pub admin_release: Option<String>,
    /// Who runs or ran it: user, host, process.
    pub holder: String,
    /// When it began, RFC 3339 in UTC.
    pub began: String,
    /// When this was written.
    pub written: String,
    /// What becomes of alpha's writes after the fork: `none`, `read-only`, `scale`.
    pub fence: String,
    /// How the old value of replicas is named in alpha's values, when known.
    pub replicas_value: Option<String>,
    /// Alpha's own values before they were changed.
    #[serde(default)]
    pub alpha_values: Json,
    /// Limit of each wait, in seconds.
    pub timeout: u64,
    /// The steps.
    pub steps: Vec<StepRecord>,
    /// What was found.
    pub layout: Layout,
    /// Alpha's revision before.
    pub alpha_revision: u32,
    /// Alpha's chart, for people.
    pub alpha_title: String,
    /// What beta is made of.
    pub future: Future,
    /// Settings made safe.
    #[serde(default)]
    pub former: Vec<Former>,
    /// Workloads scaled to zero.
    #[serde(default)]
    pub scaled: Vec<Scaled>,
    /// Clients of alpha may only read.
    #[serde(default)]
    pub fenced: bool,
    /// The fork.
    #[serde(default)]
    pub fork: Option<Fork>,
    /// Alpha's revision that holds the lowered number of replicas.
    #[serde(default)]
    pub lowered_revision: Option<u32>,
    /// The Job that promotes.
    #[serde(default)]
    pub job: Option<String>,
    /// The volume may have been promoted: it can't go back to alpha.
    #[serde(default)]
    pub taken: bool,
    /// A Job that is gone may have promoted it: what a later one says of itself proves nothing.
    #[serde(default)]
    pub touched: bool,
    /// Its log.
    #[serde(default)]
    pub job_log: Vec<String>,
    /// The promotion.
    #[serde(default)]
    pub promotion: Option<Promotion>,
    /// The label of beta's records by which they are known as this handover's own; of a beta without it nothing is removed.
    #[serde(default)]
    pub beta_mark: Option<String>,
    /// Beta's claims that are not alpha's, to be deleted with it.
    #[serde(default)]
    pub beta_claims: Vec<String>,
    /// How many rows beta has, and in how many tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beta_rows: Option<(u64, usize)>,
    /// Schema of beta.
    #[serde(default)]
    pub beta_schema: Option<String>,
    /// How beta was when it came up: what it has written since is not given up unasked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beta_up: Option<Moment>,
    /// What beta has written may be lost: that was agreed to when the retreat that is under way began.
    #[serde(default)]
    pub loss_accepted: bool,
    /// Secrets and ConfigMaps of alpha that stay when it is retired, since beta refers to them: kind and name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alpha_kept: Vec<(String, String)>,
    /// Alpha's claims, which stay when it is retired: they hold what it wrote after the fork.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alpha_claims: Vec<String>,
    /// The SQL of the user's check file.
    #[serde(default)]
    pub check_sql: Option<String>,
    /// The traffic.
    #[serde(default)]
    pub route: Option<Route>,
    /// The replica's slot on alpha's master, which must not hold WAL for nobody.
    #[serde(default)]
    pub slot: Option<String>,
    /// What the user should know, found on the way.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// The Secret's `resourceVersion` as it was read or written last; what others have written since is not written over.
    #[serde(skip)]
    pub(super) stored: Option<String>,
}

/// Writes the Secret if it is still as it was in `over`, or if there is none; returns its version.
async fn write_over(cluster: &Cluster, secret: &Json, over: Option<String>) -> Result<Option<String>, ClusterError> {
    if let Some(version) = over {
        let mut secret = secret.clone();
        secret["metadata"]["resourceVersion"] = json!(version);
        match cluster.replace(&secret, MANAGER).await {
            // Somebody has deleted it; what is done must be known all the same.
            Err(error) if error.is_not_found() => {}
            written => return Ok(version_of(&written?)),
        }
    }
    Ok(version_of(&cluster.create(secret, MANAGER, false).await?))
}

fn version_of(secret: &Json) -> Option<String> {
    secret.pointer("/metadata/resourceVersion").and_then(Json::as_str).map(str::to_owned)
}

/// Now, RFC 3339 in UTC with seconds.
pub fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl Journal {
    fn object(namespace: &str) -> ObjectRef {
        ObjectRef::new("v1", "Secret", namespace, NAME)
    }

    /// The layout version that is written.
    pub(super) const fn version() -> u32 {
        VERSION
    }

    /// Reads the journal of a namespace; `None` when there is none.
    ///
    /// # Errors
    /// When the server refuses, or the document can't be read.
    pub async fn load(cluster: &Cluster, namespace: &str) -> Result<Option<Self>, Error> {
        let Some(secret) = cluster.get(&Self::object(namespace)).await? else { return Ok(None) };
        let broken = |cause: String| Error::Journal { namespace: namespace.into(), cause };
        let document = envelope::open(&secret).map_err(broken)?;
        let version = document.get("version").and_then(Json::as_u64).unwrap_or_default();
        if version != u64::from(VERSION) {
            return Err(broken(format!(
                "written by another version of this program (layout {version}, known {VERSION})"
            )));
        }
        let mut journal: Self = serde_json::from_value(document).map_err(|e| broken(e.to_string()))?;
        journal.stored = version_of(&secret);
        Ok(Some(journal))
    }

    /// Writes the journal over what was read or written last; a new one over none, or over one that is closed.
    ///
    /// # Errors
    /// When the server refuses, or another run has written the journal in between.
    pub async fn save(&mut self, cluster: &Cluster) -> Result<(), Error> {
        self.written = now();
        let broken = |cause| Error::Journal { namespace: self.namespace.clone(), cause };
        let secret = envelope::seal(self).map_err(broken)?;
        self.stored = self.store(cluster, secret).await?;
        Ok(())
    }

    async fn store(&self, cluster: &Cluster, secret: Json) -> Result<Option<String>, Error> {
        let over = match &self.stored {
            Some(version) => Some(version.clone()),
            None => match Self::load(cluster, &self.namespace).await? {
                Some(open) if !open.state.is_closed() && open.holder != self.holder => return Err(self.taken_over()),
                found => found.and_then(|found| found.stored),
            },
        };
        match write_over(cluster, &secret, over).await {
            Err(error) if error.is_conflict() || error.is_already_exists() => {
                // What we wrote ourselves, and whose answer was lost, may be written over.
                let live = Self::load(cluster, &self.namespace).await?.filter(|live| live.holder == self.holder);
                let version = live.and_then(|live| live.stored).ok_or_else(|| self.taken_over())?;
                Ok(write_over(cluster, &secret, Some(version)).await?)
            }
            written => Ok(written?),
        }
    }

    fn taken_over(&self) -> Error {
        let cause = "another run has written it in the meantime; see where the handover stands before anything else";
        Error::Journal { namespace: self.namespace.clone(), cause: cause.into() }
    }

    /// The record of a step.
    pub fn step(&self, stage: Stage) -> Option<&StepRecord> {
        self.steps.iter().find(|step| step.stage == stage)
    }

    /// The record of a step, made when there is none.
    pub(super) fn step_mut(&mut self, stage: Stage) -> &mut StepRecord {
        let index = self.steps.iter().position(|step| step.stage == stage).unwrap_or_else(|| {
            let progress = Progress::Pending;
            self.steps.push(StepRecord { stage, progress, started: None, millis: None, detail: String::new() });
            self.steps.len() - 1
        });
        &mut self.steps[index]
    }

    /// How far a step is.
    pub fn progress(&self, stage: Stage) -> Progress {
        self.step(stage).map(|step| step.progress).unwrap_or_default()
    }

    /// The first step that is not done.
    pub fn next(&self) -> Option<Stage> {
        Stage::ALL.into_iter().find(|stage| self.progress(*stage) != Progress::Done)
    }

    /// The position up to which beta holds what alpha wrote: where its timeline began, or the fork while that is not known.
    pub fn shared_up_to(&self) -> Option<Lsn> {
        let fork = self.fork.as_ref().map(|fork| fork.lsn);
        self.promotion.as_ref().map(|promotion| promotion.switched).max(fork)
    }
}
