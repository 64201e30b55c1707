//! Flags that install, upgrade and rollback share, with Helm's names.

use std::{collections::BTreeMap, time::Duration};

use super::post_renderer::PostRenderer;
use super::source::ChartSource;
use super::{Failure, goflags};
use crate::action::{Common, DryRun, OnFailure, Rendering, Wait};
use crate::sprig::check;

/// How an operation goes about its work.
#[derive(clap::Args, Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of Helm's")]
pub struct OperationArgs {
    /// What to wait for: watcher (everything is ready) or hookOnly (hooks alone, as Helm does without this flag)
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "watcher", default_missing_value = "watcher", value_name = "STRATEGY", value_parser = wait)]
    pub wait: String,
    /// Jobs of the release must complete as well
    #[arg(long)]
    pub wait_for_jobs: bool,
    /// Longest wait for a hook, for readiness, for a deletion
    #[arg(long, default_value = "5m0s", value_parser = duration)]
    pub timeout: Duration,
    /// Run no hooks
    #[arg(long)]
    pub no_hooks: bool,
    /// Take fields that others own
    #[arg(long)]
    pub force_conflicts: bool,
    /// Put everything back when the operation fails; =false leaves it as it is, as Helm does without this flag
    #[arg(long, alias = "atomic", num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true")]
    pub rollback_on_failure: bool,
    /// Simulate: client (render and compare), server (have the server check every object as well)
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "none", default_missing_value = "client", value_name = "none|client|server")]
    pub dry_run: String,
    /// Revisions kept, 0 for all
    #[arg(long, default_value_t = 10, env = "HELM_MAX_HISTORY", value_parser = count)]
    pub history_max: usize,
    /// Server-side apply: auto and true are the same, client-side apply is not supported
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "auto", default_missing_value = "true")]
    pub server_side: String,
    /// Not supported: objects are never replaced
    #[arg(long, alias = "force", hide = true)]
    pub force_replace: bool,
    /// Accepted for Helm's sake: what a failed operation created is deleted anyway
    #[arg(long, hide = true)]
    pub cleanup_on_fail: bool,
}

impl OperationArgs {
    /// The options of the operation.
    ///
    /// # Errors
    /// Values that are not Helm's, and what is not supported.
    pub fn common(&self, description: Option<&str>) -> Result<Common, Failure> {
        let usage = |text: String| Err(Failure::Usage(format!("Error: {text}")));
        let wait = match self.wait.as_str() {
            "watcher" | "legacy" | "true" => Wait::Ready,
            _ => Wait::HooksOnly,
        };
        let dry_run = match self.dry_run.as_str() {
            "none" | "false" => DryRun::None,
            "client" | "true" => DryRun::Client,
            "server" => DryRun::Server,
            other => {
                return usage(format!(
                    "invalid dry-run value ({other:?}). Must be \"none\", \"server\", or \"client\""
                ));
            }
        };
        if self.server_side == "false" {
            return usage("--server-side=false is not supported: objects are applied by the server".into());
        }
        if !matches!(self.server_side.as_str(), "auto" | "true") {
            return usage(format!("invalid/unknown release server-side apply method: {}", self.server_side));
        }
        if self.force_replace {
            return usage(
                "--force-replace is not supported: replacing objects loses what others wrote to them; --force-conflicts takes fields instead"
                    .into(),
            );
        }
        Ok(Common {
            wait,
            wait_for_jobs: self.wait_for_jobs,
            timeout: self.timeout,
            no_hooks: self.no_hooks,
            force_conflicts: self.force_conflicts,
            on_failure: if self.rollback_on_failure { OnFailure::PutBack } else { OnFailure::Leave },
            dry_run,
            history_max: self.history_max,
            description: description.filter(|text| !text.is_empty()).map(str::to_owned),
        })
    }
}

/// How a chart is rendered and its release shown.
#[derive(clap::Args, Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of Helm's")]
pub struct ChartArgs {
    /// Add a custom description
    #[arg(long)]
    pub description: Option<String>,
    /// Labels that are added to the release's record: KEY=VALUE, divided by commas
    #[arg(short = 'l', long, value_name = "KEY=VALUE", value_parser = goflags::pairs)]
    pub labels: Vec<goflags::Pairs>,
    /// Render subchart notes along with the parent's
    #[arg(long)]
    pub render_subchart_notes: bool,
    /// Do not print the notes
    #[arg(long)]
    pub hide_notes: bool,
    /// Leave the content of Secrets out of a dry run's output
    #[arg(long)]
    pub hide_secret: bool,
    /// Let templates ask name servers (getHostByName)
    #[arg(long)]
    pub enable_dns: bool,
    /// Leave out the custom resource definitions of crds/
    #[arg(long)]
    pub skip_crds: bool,
    /// Adopt existing objects, whoever made them
    #[arg(long)]
    pub take_ownership: bool,
    /// Create the namespace of the release if it does not exist
    #[arg(long)]
    pub create_namespace: bool,
    /// Accepted for Helm's sake: the server always validates
    #[arg(long, hide = true)]
    pub disable_openapi_validation: bool,
    /// Update dependencies if they are missing
    #[arg(long)]
    pub dependency_update: bool,
    #[command(flatten)]
    pub source: ChartSource,
    #[command(flatten)]
    pub post_renderer: PostRenderer,
}

impl ChartArgs {
    /// How the chart is rendered.
    pub fn rendering(&self, skip_schema_validation: bool) -> Rendering {
        Rendering { sub_notes: self.render_subchart_notes, skip_schema_validation, enable_dns: self.enable_dns }
    }

    /// The labels.
    pub fn labels(&self) -> BTreeMap<String, String> {
        self.labels.iter().flat_map(|pairs| pairs.0.clone()).collect()
    }

    /// Helm refuses to hide Secrets of a real run.
    ///
    /// # Errors
    /// `hiding Kubernetes secrets requires a dry-run mode`
    pub fn check(&self, common: &Common, words: &str) -> Result<(), Failure> {
        if self.hide_secret && common.dry_run == DryRun::None {
            return Err(Failure::Usage(format!("Error: {words}: hiding Kubernetes secrets requires a dry-run mode")));
        }
        Ok(())
    }
}

/// The strategies of `--wait`.
///
/// # Errors
/// Helm's text for what is none.
pub fn wait(text: &str) -> Result<String, String> {
    match text {
        "watcher" | "hookOnly" | "legacy" | "true" | "false" => Ok(text.into()),
        _ => Err(format!("invalid wait input {text:?}. Valid inputs are watcher, hookOnly, and legacy")),
    }
}

/// What Helm says of a strategy that is spelled in an old way.
pub fn deprecated_wait(strategy: &str) -> Option<String> {
    let instead = match strategy {
        "true" => "watcher",
        "false" => "hookOnly",
        _ => return None,
    };
    Some(format!("--wait={strategy} is deprecated (boolean value) and can be replaced with --wait={instead}"))
}

/// Go's durations: `300s`, `5m0s`, `1h30m`, `1.5h`. Of one below zero nothing is left.
///
/// # Errors
/// What is not one.
pub fn duration(text: &str) -> Result<Duration, String> {
    Ok(Duration::from_nanos(check::duration(text)?.try_into().unwrap_or_default()))
}

/// A whole number of things; one below zero counts as 0.
///
/// # Errors
/// What is no number.
pub fn count(text: &str) -> Result<usize, String> {
    Ok(goflags::integer(text)?.try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        assert_eq!(duration("5m0s"), Ok(Duration::from_secs(300)));
        assert_eq!(duration("1.5h"), Ok(Duration::from_secs(5400)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("300").unwrap_err(), "time: missing unit in duration \"300\"");
        assert_eq!(duration("-5s"), Ok(Duration::ZERO));
        assert_eq!(duration("1d").unwrap_err(), "time: unknown unit \"d\" in duration \"1d\"");
    }
}
