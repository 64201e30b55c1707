//! `history`

use serde::Serialize;

use super::table::table;
use super::{Failure, Global, Outcome, goflags, output, session};
use crate::{
    action::{self, Releases},
    release::Release,
};

/// Fetch release history
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Name of the release
    release: String,
    /// Maximum number of revisions to include
    #[arg(long, default_value_t = 256, value_parser = goflags::integer)]
    max: i64,
    /// How to print it
    #[arg(short = 'o', long, default_value = "table")]
    output: output::Format,
}

/// Fields in Helm's order.
#[derive(Serialize)]
struct Row<'a> {
    revision: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<&'a str>,
    status: &'a str,
    chart: String,
    app_version: &'a str,
    description: &'a str,
}

/// Runs the command.
pub fn run(global: &Global, args: &Args) -> Outcome {
    session::run(global, async |cluster, reporter| {
        cluster
            .version()
            .await
            .map_err(|error| Failure::Failed(format!("Error: kubernetes cluster unreachable: {error}")))?;
        if !action::is_name(&args.release) {
            return Err(Failure::Failed(format!("Error: release name is invalid: {}", args.release)));
        }
        let releases = Releases::of(&cluster, cluster.namespace());
        let history = releases.history(&args.release, &reporter).await.map_err(|error| session::failure("", &error))?;
        if history.is_empty() {
            return Err(Failure::Failed("Error: release: not found".into()));
        }
        let revisions = history.revisions();
        let shown = &revisions[revisions.len().saturating_sub(usize::try_from(args.max).unwrap_or(0))..];
        output::print(text(shown, args.output)?.as_bytes())
    })
}

fn text(revisions: &[Release], format: output::Format) -> Result<String, Failure> {
    if format == output::Format::Table {
        let header =
            ["REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION", "DESCRIPTION"].map(str::to_owned).to_vec();
        let rows = revisions.iter().map(|release| {
            vec![
                release.version.to_string(),
                release.info.last_deployed.ansic(),
                release.info.status.to_string(),
                release.chart_label(),
                app_version(release).to_owned(),
                release.info.description.clone(),
            ]
        });
        return Ok(table(&std::iter::once(header).chain(rows).collect::<Vec<_>>(), 0));
    }
    let rows: Vec<Row<'_>> = revisions
        .iter()
        .map(|release| Row {
            revision: release.version,
            updated: Some(release.info.last_deployed.as_str()).filter(|_| !release.info.last_deployed.is_zero()),
            status: release.info.status.as_str(),
            chart: release.chart_label(),
            app_version: app_version(release),
            description: &release.info.description,
        })
        .collect();
    match format {
        output::Format::Yaml => output::yaml(&output::plain(&serde_json::to_value(&rows).unwrap_or_default())),
        _ => output::json(&rows),
    }
}

/// The version of what the chart installs; `MISSING` as Helm has it when a record holds no chart.
pub fn app_version(release: &Release) -> &str {
    if release.chart["metadata"].is_object() { release.chart_text("appVersion") } else { "MISSING" }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Recorded by Helm: `pkg/cmd/testdata/output/history.{txt,json,yaml}`, two of its rows.
    #[test]
    fn printed_as_helm_prints() {
        let release = |version: i64, status: &str| -> Release {
            serde_json::from_value(json!({"version": version,
                "info": {"last_deployed": "1977-09-02T22:04:05Z", "status": status, "description": "Release mock"},
                "chart": {"metadata": {"name": "foo", "version": "0.1.0-beta.1", "appVersion": "1.0"}}}))
            .unwrap()
        };
        let revisions = [release(3, "superseded"), release(4, "deployed")];
        let shown = |format| text(&revisions, format).unwrap_or_default();
        assert_eq!(
            shown(output::Format::Table),
            "REVISION\tUPDATED                 \tSTATUS    \tCHART           \tAPP VERSION\tDESCRIPTION \n\
             3       \tFri Sep  2 22:04:05 1977\tsuperseded\tfoo-0.1.0-beta.1\t1.0        \tRelease mock\n\
             4       \tFri Sep  2 22:04:05 1977\tdeployed  \tfoo-0.1.0-beta.1\t1.0        \tRelease mock\n"
        );
        assert_eq!(
            shown(output::Format::Json),
            "[{\"revision\":3,\"updated\":\"1977-09-02T22:04:05Z\",\"status\":\"superseded\",\"chart\":\"foo-0.1.0-beta.1\",\
             \"app_version\":\"1.0\",\"description\":\"Release mock\"},{\"revision\":4,\"updated\":\"1977-09-02T22:04:05Z\",\
             \"status\":\"deployed\",\"chart\":\"foo-0.1.0-beta.1\",\"app_version\":\"1.0\",\"description\":\"Release mock\"}]\n"
        );
        assert_eq!(
            shown(output::Format::Yaml),
            "- app_version: \"1.0\"\n  chart: foo-0.1.0-beta.1\n  description: Release mock\n  revision: 3\n  status: superseded\n  \
             updated: \"1977-09-02T22:04:05Z\"\n- app_version: \"1.0\"\n  chart: foo-0.1.0-beta.1\n  description: Release mock\n  \
             revision: 4\n  status: deployed\n  updated: \"1977-09-02T22:04:05Z\"\n"
        );
    }
}
