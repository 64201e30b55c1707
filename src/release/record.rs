//! The fields of a record, named and left out as Helm's `release/v1` does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Json, Time};

/// The state of a revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Pushed to the cluster: the revision that counts.
    Deployed,
    /// Removed, its record kept.
    Uninstalled,
    /// A newer revision took its place.
    Superseded,
    /// Not deployed successfully.
    Failed,
    /// Being removed.
    Uninstalling,
    /// Being installed.
    PendingInstall,
    /// Being upgraded to.
    PendingUpgrade,
    /// Being rolled back to.
    PendingRollback,
    /// Not known.
    #[default]
    #[serde(other)]
    Unknown,
}

impl Status {
    /// The word in records and labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Deployed => "deployed",
            Self::Uninstalled => "uninstalled",
            Self::Superseded => "superseded",
            Self::Failed => "failed",
            Self::Uninstalling => "uninstalling",
            Self::PendingInstall => "pending-install",
            Self::PendingUpgrade => "pending-upgrade",
            Self::PendingRollback => "pending-rollback",
        }
    }

    /// An operation is, or was, under way.
    pub fn is_pending(self) -> bool {
        matches!(self, Self::PendingInstall | Self::PendingUpgrade | Self::PendingRollback)
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the objects of a revision were applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplyMethod {
    /// `csa`, and what Helm 3 left out: three-way merges computed by the client.
    ClientSide,
    /// `ssa`: server-side apply.
    ServerSide,
}

/// A revision of a release.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Release {
    /// Name of the release.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// State, times, description, notes.
    #[serde(default)]
    pub info: Info,
    /// The chart without its subcharts, as Helm writes it. `null` in damaged records.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub chart: Json,
    /// The values that the user supplied; an object, or `null` for none.
    #[serde(default, skip_serializing_if = "is_empty_object")]
    pub config: Json,
    /// The rendered objects, hooks excepted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub manifest: String,
    /// The hooks.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<Hook>,
    /// The revision, from 1 on.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub version: i64,
    /// Namespace of the release.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// `ssa`, `csa`, or nothing for `csa`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub apply_method: String,
    /// While an operation is under way, the objects that it makes anew, so that what a killed run has left can be told from what
    /// was there before. Ours alone: Helm passes over it, and no revision that is done has it.
    #[serde(default, rename = "vulasNativeCreates", skip_serializing_if = "Vec::is_empty")]
    pub creates: Vec<String>,
    /// The user's own labels; they stand on the Secret, not in the record.
    #[serde(skip)]
    pub labels: BTreeMap<String, String>,
    /// All labels of the Secret, Helm's own included. Known of records that were read.
    #[serde(skip)]
    pub all_labels: BTreeMap<String, String>,
    /// Written by this program last, not by Helm: it carries our check sum. Known of records that were read.
    #[serde(skip)]
    pub ours: bool,
}

impl Release {
    /// How the objects were applied.
    pub fn method(&self) -> ApplyMethod {
        if self.apply_method == "ssa" { ApplyMethod::ServerSide } else { ApplyMethod::ClientSide }
    }

    /// A text of the chart's metadata (`name`, `version`, `appVersion`), or an empty one.
    pub fn chart_text(&self, field: &str) -> &str {
        self.chart["metadata"][field].as_str().unwrap_or_default()
    }

    /// `core-3.1.4`, or `MISSING` when the record holds no chart.
    pub fn chart_label(&self) -> String {
        if self.chart["metadata"].is_object() {
            format!("{}-{}", self.chart_text("name"), self.chart_text("version"))
        } else {
            "MISSING".into()
        }
    }

    /// Sets state and description at once.
    pub fn set_status(&mut self, status: Status, description: impl Into<String>) {
        self.info.status = status;
        self.info.description = description.into();
    }
}

/// State, times, description, notes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Info {
    /// When the first revision was deployed.
    #[serde(default, skip_serializing_if = "Time::is_zero")]
    pub first_deployed: Time,
    /// When this revision was deployed.
    #[serde(default, skip_serializing_if = "Time::is_zero")]
    pub last_deployed: Time,
    /// When it was uninstalled.
    #[serde(default, skip_serializing_if = "Time::is_zero")]
    pub deleted: Time,
    /// One sentence for `history`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The state.
    #[serde(default)]
    pub status: Status,
    /// The rendered NOTES.txt.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
}

/// A hook: an object that is created at a certain moment of an operation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hook {
    /// Its name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its kind.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The template that it comes from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Its YAML.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub manifest: String,
    /// When it runs: `pre-install`, `post-upgrade`, `test`, ...
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// Its last run.
    #[serde(default)]
    pub last_run: HookExecution,
    /// Lower runs first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub weight: i64,
    /// `before-hook-creation`, `hook-succeeded`, `hook-failed`; none means the first.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "Vec::is_empty")]
    pub delete_policies: Vec<String>,
    /// `hook-succeeded`, `hook-failed`: whether its log is shown.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "Vec::is_empty")]
    pub output_log_policies: Vec<String>,
}

/// A run of a hook.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HookExecution {
    /// When it started.
    #[serde(default, skip_serializing_if = "Time::is_zero")]
    pub started_at: Time,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Time::is_zero")]
    pub completed_at: Time,
    /// How it ended.
    #[serde(default)]
    pub phase: HookPhase,
}

/// How a hook's run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HookPhase {
    /// Never ran.
    #[default]
    #[serde(rename = "")]
    None,
    /// Not known.
    Unknown,
    /// Under way.
    Running,
    /// Done.
    Succeeded,
    /// Ended with an error.
    Failed,
}

impl HookPhase {
    /// The word in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Unknown => "Unknown",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

fn is_empty_object(value: &Json) -> bool {
    value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty)
}

/// Go writes a nil slice as `null`.
fn null_is_default<'de, D: serde::Deserializer<'de>, T: Default + Deserialize<'de>>(reader: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(reader)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_of_helm_comes_back_unchanged() {
        let record = json!({
            "name": "a", "version": 2, "namespace": "ns", "apply_method": "ssa", "manifest": "---\n",
            "info": {"first_deployed": "2026-01-02T03:04:05.123456789Z", "last_deployed": "2026-01-02T03:04:05Z",
                     "description": "Upgrade complete", "status": "deployed", "notes": "hi"},
            "chart": {"metadata": {"name": "c", "version": "1.0.0"}, "values": {"a": 1.5}},
            "config": {"a": 1},
            "hooks": [{"name": "h", "kind": "Job", "path": "c/templates/h.yaml", "manifest": "x", "events": ["pre-install"],
                       "last_run": {"phase": ""}}],
        });
        let release: Release = serde_json::from_value(record.clone()).unwrap();
        assert_eq!(release.chart_label(), "c-1.0.0");
        assert_eq!(serde_json::to_value(&release).unwrap(), record);
    }

    #[test]
    fn what_is_missing_null_or_unknown_is_no_error() {
        let record = r#"{"name":"a","info":{"status":"odd","deleted":""},"hooks":null,"version":1}"#;
        let release: Release = serde_json::from_str(record).unwrap();
        assert_eq!((release.info.status, release.method()), (Status::Unknown, ApplyMethod::ClientSide));
        assert!(release.info.deleted.is_zero());
        assert_eq!(release.chart_label(), "MISSING");
    }
}
