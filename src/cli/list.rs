//! `list`

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::table::table;
use super::{Failure, Global, Outcome, flags, goflags, history::app_version, output, session};
use crate::{
    action::Releases,
    release::{Release, Status},
    sprig,
};

/// List releases
#[derive(clap::Args, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "flags, as Helm has them")]
pub struct Args {
    /// List releases of all namespaces
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// Names alone
    #[arg(short = 'q', long)]
    short: bool,
    /// Sort by release date, oldest first
    #[arg(short = 'd', long)]
    date: bool,
    /// Reverse the order
    #[arg(short = 'r', long)]
    reverse: bool,
    /// A regular expression that names must match
    #[arg(short = 'f', long)]
    filter: Option<String>,
    /// A selector of labels (key1=value1,key2!=value2)
    #[arg(short = 'l', long)]
    selector: Option<String>,
    /// Maximum number of releases
    #[arg(short = 'm', long, default_value_t = 256, value_parser = goflags::integer)]
    max: i64,
    /// Format times by a layout of Go's, such as "2006-01-02 15:04:05Z0700"
    #[arg(long)]
    time_format: Option<String>,
    /// Number of the first release, from 0
    #[arg(long, default_value_t = 0, value_parser = flags::count)]
    offset: usize,
    /// Do not print headers
    #[arg(long)]
    no_headers: bool,
    /// Show deployed releases
    #[arg(long)]
    deployed: bool,
    /// Show failed releases
    #[arg(long)]
    failed: bool,
    /// Show pending releases
    #[arg(long)]
    pending: bool,
    /// Show superseded releases
    #[arg(long)]
    superseded: bool,
    /// Show uninstalled releases (uninstall --keep-history)
    #[arg(long)]
    uninstalled: bool,
    /// Show releases that are being uninstalled
    #[arg(long)]
    uninstalling: bool,
    /// How to print them
    #[arg(short = 'o', long, default_value = "table")]
    output: output::Format,
}

/// Fields in Helm's order.
#[derive(Serialize)]
struct Row {
    name: String,
    namespace: String,
    revision: String,
    updated: String,
    status: String,
    chart: String,
    app_version: String,
}

/// Runs the command.
pub fn run(global: &Global, args: &Args) -> Outcome {
    session::run(global, async |cluster, reporter| {
        cluster
            .version()
            .await
            .map_err(|error| Failure::Failed(format!("Error: kubernetes cluster unreachable: {error}")))?;
        let releases = if args.all_namespaces {
            Releases::everywhere(&cluster)
        } else {
            Releases::of(&cluster, cluster.namespace())
        };
        let all = releases.all(None, &reporter).await.map_err(|error| session::failure("", &error))?;
        let mut chosen = args.latest(all)?;
        if let Some(selector) = &args.selector {
            // By the labels of the revision that is shown, which may differ from those of a former one.
            let labelled = releases.all(Some(selector), &reporter).await;
            let labelled = labelled.map_err(|error| session::failure("", &error))?;
            let labelled: BTreeSet<_> = labelled.iter().map(identity).collect();
            chosen.retain(|release| labelled.contains(&identity(release)));
        }
        output::print(args.text(args.in_order(chosen))?.as_bytes())
    })
}

impl Args {
    /// The releases to show. Of each the newest revision, unless superseded ones are asked for alone.
    fn latest(&self, all: Vec<Release>) -> Result<Vec<Release>, Failure> {
        let matches = self.filter()?;
        let mut releases: Vec<Release> = all.into_iter().filter(|release| matches(&release.name)).collect();
        let wanted = self.states();
        if wanted != [Status::Superseded] {
            let mut latest: BTreeMap<(String, String), Release> = BTreeMap::new();
            for release in releases {
                let key = (release.namespace.clone(), release.name.clone());
                if latest.get(&key).is_none_or(|known| known.version <= release.version) {
                    latest.insert(key, release);
                }
            }
            releases = latest.into_values().collect();
        }
        releases.retain(|release| wanted.is_empty() || wanted.contains(&release.info.status));
        Ok(releases)
    }

    /// The part of the releases that is shown, in its order.
    fn in_order(&self, mut releases: Vec<Release>) -> Vec<Release> {
        releases.sort_by(|a, b| a.name.cmp(&b.name));
        if self.date {
            // Helm compares whole seconds.
            releases.sort_by_key(|release| release.info.last_deployed.timestamp().map(Timestamp::as_second));
        }
        if self.reverse {
            releases.reverse();
        }
        let most = usize::try_from(self.max).ok().filter(|most| *most > 0).unwrap_or(usize::MAX);
        releases.into_iter().skip(self.offset).take(most).collect()
    }

    fn filter(&self) -> Result<impl Fn(&str) -> bool + use<'_>, Failure> {
        let pattern = self.filter.as_deref().filter(|pattern| !pattern.is_empty());
        if let Some(pattern) = pattern {
            sprig::check::expression(pattern).map_err(|error| Failure::Usage(format!("Error: {error}")))?;
        }
        Ok(move |name: &str| pattern.is_none_or(|pattern| sprig::check::matches(pattern, name).unwrap_or(false)))
    }

    /// The states to show; empty for all.
    fn states(&self) -> Vec<Status> {
        let flags: [(bool, &[Status]); 6] = [
            (self.deployed, &[Status::Deployed]),
            (self.uninstalled, &[Status::Uninstalled]),
            (self.uninstalling, &[Status::Uninstalling]),
            (self.pending, &[Status::PendingInstall, Status::PendingRollback, Status::PendingUpgrade]),
            (self.failed, &[Status::Failed]),
            (self.superseded, &[Status::Superseded]),
        ];
        flags.iter().filter(|(set, _)| *set).flat_map(|(_, states)| states.iter().copied()).collect()
    }

    fn text(&self, releases: Vec<Release>) -> Result<String, Failure> {
        if self.short {
            let names: Vec<String> = releases.into_iter().map(|release| release.name).collect();
            return match self.output {
                output::Format::Table => Ok(names.iter().flat_map(|name| [name, "\n"]).collect()),
                output::Format::Json => output::json(&names),
                output::Format::Yaml => output::yaml(&output::plain(&names.into())),
            };
        }
        let rows: Vec<Row> = releases.iter().map(|release| self.row(release)).collect();
        match self.output {
            output::Format::Json => output::json(&rows),
            output::Format::Yaml => output::yaml(&output::plain(&serde_json::to_value(&rows).unwrap_or_default())),
            output::Format::Table => {
                let header = ["NAME", "NAMESPACE", "REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION"]
                    .map(str::to_owned)
                    .to_vec();
                let header = (!self.no_headers).then_some(header);
                let cells = rows.into_iter().map(|row| {
                    vec![row.name, row.namespace, row.revision, row.updated, row.status, row.chart, row.app_version]
                });
                Ok(table(&header.into_iter().chain(cells).collect::<Vec<_>>(), 0))
            }
        }
    }

    fn row(&self, release: &Release) -> Row {
        let updated = &release.info.last_deployed;
        let layout = self.time_format.as_deref().filter(|layout| !layout.is_empty());
        let updated = match layout {
            _ if updated.is_zero() => "-".into(),
            Some(layout) => sprig::layout::format(layout, updated.as_str()).unwrap_or_else(|_| updated.go_string()),
            None => updated.go_string(),
        };
        Row {
            name: release.name.clone(),
            namespace: release.namespace.clone(),
            revision: release.version.to_string(),
            updated,
            status: release.info.status.to_string(),
            chart: release.chart_label(),
            app_version: app_version(release).to_owned(),
        }
    }
}

/// Which revision of which release it is.
fn identity(release: &Release) -> (String, String, i64) {
    (release.namespace.clone(), release.name.clone(), release.version)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn release(name: &str, version: i64, second: u32, status: &str) -> Release {
        serde_json::from_value(json!({"name": name, "namespace": "default", "version": version,
            "info": {"last_deployed": format!("2016-01-16T00:00:{second:02}Z"), "status": status},
            "chart": {"metadata": {"name": "chickadee", "version": "1.0.0", "appVersion": "0.0.1"}}}))
        .unwrap()
    }

    fn shown(args: &Args) -> String {
        let all = vec![
            release("rocket", 1, 2, "failed"),
            release("iguana", 1, 1, "superseded"),
            release("hummingbird", 1, 3, "deployed"),
            release("iguana", 2, 4, "deployed"),
        ];
        args.latest(all).and_then(|latest| args.text(args.in_order(latest))).unwrap_or_default()
    }

    fn args() -> Args {
        Args { max: 256, ..Args::default() }
    }

    /// Recorded by Helm: `pkg/cmd/testdata/output/list.txt`.
    #[test]
    fn printed_as_helm_prints() {
        assert_eq!(
            shown(&args()),
            "NAME       \tNAMESPACE\tREVISION\tUPDATED                      \tSTATUS  \tCHART          \tAPP VERSION\n\
             hummingbird\tdefault  \t1       \t2016-01-16 00:00:03 +0000 UTC\tdeployed\tchickadee-1.0.0\t0.0.1      \n\
             iguana     \tdefault  \t2       \t2016-01-16 00:00:04 +0000 UTC\tdeployed\tchickadee-1.0.0\t0.0.1      \n\
             rocket     \tdefault  \t1       \t2016-01-16 00:00:02 +0000 UTC\tfailed  \tchickadee-1.0.0\t0.0.1      \n"
        );
    }

    #[test]
    fn chosen_and_ordered() {
        let short = |args: Args| shown(&Args { short: true, ..args }).replace('\n', " ");
        assert_eq!(short(args()), "hummingbird iguana rocket ");
        assert_eq!(short(Args { date: true, ..args() }), "rocket hummingbird iguana ");
        assert_eq!(short(Args { date: true, reverse: true, ..args() }), "iguana hummingbird rocket ");
        assert_eq!(short(Args { max: -1, ..args() }), "hummingbird iguana rocket ");
        assert_eq!(
            shown(&Args { max: 1, no_headers: true, time_format: Some("Jan _2 2006".into()), ..args() }),
            "hummingbird\tdefault\t1\tJan 16 2016\tdeployed\tchickadee-1.0.0\t0.0.1\n"
        );
        assert_eq!(short(Args { superseded: true, ..args() }), "iguana ");
        assert_eq!(short(Args { failed: true, ..args() }), "rocket ");
        assert_eq!(short(Args { filter: Some("^[hi]".into()), ..args() }), "hummingbird iguana ");
        assert_eq!(short(Args { offset: 1, max: 1, ..args() }), "iguana ");
        assert_eq!(
            shown(&Args { short: true, output: output::Format::Json, ..args() }),
            "[\"hummingbird\",\"iguana\",\"rocket\"]\n"
        );
    }
}
