//! `upgrade RELEASE CHART`: in place, as Helm's.

use super::{Failure, Global, Outcome, flags, install, output, session, source, values};
use crate::{
    action::{self, DryRun, InstallOptions, Releases, Reuse, UpgradeOptions},
    chart::{Notices, loader},
    release::Status,
};

/// The flags of an upgrade in place; those for values and waits hold for a handover as well.
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Args {
    /// Name of the release
    pub(super) release: Option<String>,
    /// The chart: a directory, a .tgz, or an embedded chart (core, admin, monitoring)
    chart_reference: Option<String>,
    /// If a release of this name does not exist, install it
    #[arg(short = 'i', long)]
    install: bool,
    /// Take over no former values
    #[arg(long)]
    pub(super) reset_values: bool,
    /// Take over all former values, the former chart's defaults included
    #[arg(long)]
    reuse_values: bool,
    /// Take over the former values over the new chart's defaults
    #[arg(long)]
    reset_then_reuse_values: bool,
    #[command(flatten)]
    chart: flags::ChartArgs,
    #[command(flatten)]
    pub(super) operation: flags::OperationArgs,
    #[command(flatten)]
    pub(super) values: values::ValuesArgs,
    /// How to print the release
    #[arg(short = 'o', long, default_value = "table")]
    output: output::Format,
}

/// Runs the command.
pub fn run(global: &Global, args: &Args) -> Outcome {
    let (Some(name), Some(chart)) = (&args.release, &args.chart_reference) else {
        return Err(Failure::Usage("Error: \"upgrade\" needs a release and a chart: upgrade RELEASE CHART".into()));
    };
    in_place(global, args, name, chart)
}

fn in_place(global: &Global, args: &Args, name: &str, chart_reference: &str) -> Outcome {
    let words = "UPGRADE FAILED";
    let common = args.operation.common(args.chart.description.as_deref())?;
    args.chart.check(&common, words)?;
    let printed = install::Printed { output: args.output, chart: &args.chart, debug: global.debug };
    session::run(global, async |cluster, reporter| {
        let namespace = cluster.namespace().to_owned();
        if args.install {
            let history = Releases::of(&cluster, &namespace)
                .history(name, &reporter)
                .await
                .map_err(|error| session::failure("", &error))?;
            let gone = history.last().is_none_or(|last| last.info.status == Status::Uninstalled);
            if gone {
                if args.output == output::Format::Table {
                    outln!("Release {name:?} does not exist. Installing it now.");
                }
                let options = InstallOptions {
                    name: name.to_owned(),
                    namespace,
                    create_namespace: args.chart.create_namespace,
                    skip_crds: args.chart.skip_crds,
                    take_ownership: args.chart.take_ownership,
                    replace: !history.is_empty(),
                    labels: args.chart.labels(),
                    rendering: args.chart.rendering(args.values.skip_schema_validation),
                    common,
                };
                return install::install(&cluster, &reporter, chart_reference, &args.values, &options, printed, "")
                    .await;
            }
        }
        let failed = |error: crate::chart::Error| session::failure("", &error.into());
        let notices = Notices::new();
        let user = args.values.merge().map_err(failed)?;
        let location = args.chart.source.locate(chart_reference).map_err(failed)?;
        let update = args.chart.dependency_update.then_some(global.debug);
        let chart = source::load_installable(&location, loader::load, update, &notices).map_err(failed)?;
        for notice in notices.take() {
            output::complain(&notice.to_string());
        }
        let options = UpgradeOptions {
            name: name.to_owned(),
            namespace,
            reuse: args.reuse(),
            take_ownership: args.chart.take_ownership,
            labels: args.chart.labels(),
            rendering: args.chart.rendering(args.values.skip_schema_validation),
            common,
        };
        let release = action::upgrade(&cluster, chart, user, &options, &reporter)
            .await
            .map_err(|error| session::failure(words, &error))?;
        if args.output == output::Format::Table && options.common.dry_run == DryRun::None {
            outln!("Release {name:?} has been upgraded. Happy Helming!");
        }
        printed.print(&release)
    })
}

impl Args {
    /// Helm's precedence: reset, then reuse, then reset and reuse.
    fn reuse(&self) -> Reuse {
        match (self.reset_values, self.reuse_values, self.reset_then_reuse_values) {
            (true, _, _) => Reuse::Reset,
            (_, true, _) => Reuse::Reuse,
            (_, _, true) => Reuse::ResetThenReuse,
            _ => Reuse::IfNoneGiven,
        }
    }
}
