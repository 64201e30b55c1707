//! `list`

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Failure, Global, Outcome, history::app_version, output, session};
use crate::{
    action::Releases,
    release::{Release, Status},
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
    /// Sort by release date, newest first
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
    #[arg(short = 'm', long, default_value_t = 256)]
    max: usize,
    /// Number of the first release, from 0
    #[arg(long, default_value_t = 0)]
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
        let all =
            releases.all(args.selector.as_deref(), &reporter).await.map_err(|error| session::failure("", &error))?;
        print!("{}", args.text(args.chosen(all)?)?);
        Ok(())
    })
}

impl Args {
    /// The releases to show, in their order. Of each the newest revision, unless superseded ones are asked for alone.
    fn chosen(&self, all: Vec<Release>) -> Result<Vec<Release>, Failure> {
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
        if self.date {
            releases.sort_by_key(|release| std::cmp::Reverse(release.info.last_deployed.timestamp()));
        } else {
            releases.sort_by(|a, b| a.name.cmp(&b.name));
        }
        if self.reverse {
            releases.reverse();
        }
        let most = if self.max == 0 { usize::MAX } else { self.max };
        Ok(releases.into_iter().skip(self.offset).take(most).collect())
    }

    fn filter(&self) -> Result<impl Fn(&str) -> bool, Failure> {
        let pattern = match &self.filter {
            Some(pattern) => {
                let compiled = regex_automata::meta::Regex::new(pattern);
                Some(compiled.map_err(|error| Failure::Usage(format!("Error: error parsing regexp: {error}")))?)
            }
            None => None,
        };
        Ok(move |name: &str| pattern.as_ref().is_none_or(|pattern| pattern.is_match(name)))
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
        let rows: Vec<Row> = releases.iter().map(row).collect();
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
                Ok(output::table(&header.into_iter().chain(cells).collect::<Vec<_>>()))
            }
        }
    }
}

fn row(release: &Release) -> Row {
    let updated = &release.info.last_deployed;
    Row {
        name: release.name.clone(),
        namespace: release.namespace.clone(),
        revision: release.version.to_string(),
        updated: if updated.is_zero() { "-".into() } else { updated.go_string() },
        status: release.info.status.to_string(),
        chart: release.chart_label(),
        app_version: app_version(release).to_owned(),
    }
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
        args.chosen(all).and_then(|chosen| args.text(chosen)).unwrap_or_default()
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
        assert_eq!(short(Args { date: true, ..args() }), "iguana hummingbird rocket ");
        assert_eq!(short(Args { date: true, reverse: true, ..args() }), "rocket hummingbird iguana ");
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
