//! `get`

use std::fmt::Write as _;

use serde_json::json;

use super::{Failure, Global, Outcome, describe, goflags, output, session};
use crate::{action::Releases, cluster::Cluster, release::Release, report::Reporter};

/// Download extended information of a named release
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// Download all information for a named release
    All(Named),
    /// Download all hooks for a named release
    Hooks(Named),
    /// Download the manifest for a named release
    Manifest(Named),
    /// Fetch metadata for a given release
    Metadata(Formatted),
    /// Download the notes for a named release
    Notes(Named),
    /// Download the values file for a named release
    Values {
        #[command(flatten)]
        named: Formatted,
        /// Dump all (computed) values
        #[arg(short = 'a', long)]
        all: bool,
    },
}

#[derive(clap::Args, Debug)]
struct Named {
    /// Name of the release
    release: String,
    /// The revision; left out: the last
    #[arg(long, default_value_t = 0, value_parser = goflags::integer)]
    revision: i64,
}

#[derive(clap::Args, Debug)]
struct Formatted {
    #[command(flatten)]
    named: Named,
    /// How to print it
    #[arg(short = 'o', long, default_value = "table")]
    output: output::Format,
}

/// Runs the command.
pub fn run(global: &Global, args: &Args) -> Outcome {
    session::run(global, async |cluster, reporter| {
        let named = args.what.named();
        let release = release(&cluster, &reporter, &named.release, named.revision).await?;
        output::print(args.what.text(&release)?.as_bytes())
    })
}

impl What {
    fn named(&self) -> &Named {
        match self {
            Self::All(named) | Self::Hooks(named) | Self::Manifest(named) | Self::Notes(named) => named,
            Self::Metadata(formatted) | Self::Values { named: formatted, .. } => &formatted.named,
        }
    }

    fn text(&self, release: &Release) -> Result<String, Failure> {
        match self {
            Self::All(_) => {
                describe::text(release, describe::Shown { debug: true, metadata: true, ..Default::default() })
            }
            Self::Hooks(_) => {
                let hooks = release.hooks.iter();
                let texts: Vec<String> =
                    hooks.map(|hook| format!("---\n# Source: {}\n{}\n", hook.path, hook.manifest)).collect();
                Ok(texts.concat())
            }
            Self::Manifest(_) => Ok(format!("{}\n", release.manifest)),
            Self::Notes(_) if release.info.notes.is_empty() => Ok(String::new()),
            Self::Notes(_) => Ok(format!("NOTES:\n{}\n", release.info.notes)),
            Self::Metadata(formatted) => metadata(release, formatted.output, formatted.named.revision <= 0),
            Self::Values { named, all } => values(release, named.output, *all),
        }
    }
}

/// A revision of a release; 0 for the last.
///
/// # Errors
/// Helm's `release: not found`.
pub async fn release(cluster: &Cluster, reporter: &Reporter, name: &str, revision: i64) -> Result<Release, Failure> {
    cluster
        .version()
        .await
        .map_err(|error| Failure::Failed(format!("Error: kubernetes cluster unreachable: {error}")))?;
    let releases = Releases::of(cluster, cluster.namespace());
    let history = releases.history(name, reporter).await.map_err(|error| session::failure("", &error))?;
    let found = if revision <= 0 { history.last() } else { history.get(revision) };
    found.cloned().ok_or_else(|| Failure::Failed("Error: release: not found".into()))
}

fn values(release: &Release, format: output::Format, all: bool) -> Result<String, Failure> {
    let values = if all { describe::computed(release)? } else { describe::config(release) };
    let yaml = || output::yaml(&values);
    match format {
        output::Format::Json => output::json(&crate::release::chart::to_json(&values)),
        output::Format::Yaml => yaml(),
        output::Format::Table if all => Ok(format!("COMPUTED VALUES:\n{}", yaml()?)),
        output::Format::Table => Ok(format!("USER-SUPPLIED VALUES:\n{}", yaml()?)),
    }
}

/// `a=1,b=2`, as Kubernetes prints a set of labels.
fn set(entries: &serde_json::Value) -> String {
    let entries = entries.as_object().into_iter().flatten();
    entries.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect::<Vec<_>>().join(",")
}

fn metadata(release: &Release, format: output::Format, last: bool) -> Result<String, Failure> {
    let chart = &release.chart["metadata"];
    let text = |field: &str| chart[field].as_str().unwrap_or_default();
    // Helm shows its own labels as well when no revision is named: it then reads records by listing.
    let labels = json!(if last { &release.all_labels } else { &release.labels });
    let deployed_at = release.info.last_deployed.rfc3339_seconds();
    if format == output::Format::Table {
        let mut dependencies: Vec<&str> =
            chart["dependencies"].as_array().into_iter().flatten().filter_map(|one| one["name"].as_str()).collect();
        dependencies.sort_unstable();
        let method = match release.apply_method.as_str() {
            "" => "client-side apply (defaulted)".to_owned(),
            "csa" => "client-side apply".to_owned(),
            "ssa" => "server-side apply".to_owned(),
            other => format!("unknown ({other:?})"),
        };
        let mut out = String::new();
        let rows = [
            ("NAME", release.name.clone()),
            ("CHART", text("name").into()),
            ("VERSION", text("version").into()),
            ("APP_VERSION", text("appVersion").into()),
            ("ANNOTATIONS", set(&chart["annotations"])),
            ("LABELS", set(&labels)),
            ("DEPENDENCIES", dependencies.join(",")),
            ("NAMESPACE", release.namespace.clone()),
            ("REVISION", release.version.to_string()),
            ("STATUS", release.info.status.to_string()),
            ("DEPLOYED_AT", deployed_at),
            ("APPLY_METHOD", method),
        ];
        for (name, value) in rows {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{name}: {value}");
        }
        return Ok(out);
    }
    let full = Metadata {
        name: &release.name,
        chart: text("name"),
        version: text("version"),
        app_version: text("appVersion"),
        annotations: Some(&chart["annotations"]).filter(|map| map.as_object().is_some_and(|map| !map.is_empty())),
        labels: Some(&labels).filter(|map| map.as_object().is_some_and(|map| !map.is_empty())),
        dependencies: Some(&chart["dependencies"]).filter(|list| list.as_array().is_some_and(|list| !list.is_empty())),
        namespace: &release.namespace,
        revision: release.version,
        status: release.info.status.as_str(),
        deployed_at,
        apply_method: &release.apply_method,
    };
    match format {
        output::Format::Yaml => output::yaml(&output::plain(&serde_json::to_value(&full).unwrap_or_default())),
        _ => output::json(&full),
    }
}

/// Fields in Helm's order.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    name: &'a str,
    chart: &'a str,
    version: &'a str,
    app_version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<&'a serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dependencies: Option<&'a serde_json::Value>,
    namespace: &'a str,
    revision: i64,
    status: &'a str,
    deployed_at: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    apply_method: &'a str,
}
