//! `retreat`: the future release is given up.

use std::time::Duration;

use jiff::Timestamp;

use super::{Global, Outcome, flags, handover};
use crate::handover::{RetreatOptions, retreat};

/// Give the future release up: traffic back, release removed, the current release's replica cloned anew
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Namespace of the core releases
    #[arg(long, alias = "coreNamespace", value_name = "NAMESPACE")]
    core_namespace: Option<String>,
    /// Namespace of the admin release
    #[arg(long, alias = "adminNamespace", value_name = "NAMESPACE")]
    admin_namespace: Option<String>,
    /// The admin release (found when not given; empty when there is none any more)
    #[arg(long, alias = "adminRelease", value_name = "RELEASE")]
    admin_release: Option<String>,
    /// Chart of the admin release: a directory, a .tgz, or the name of an embedded chart (that of the route when not given)
    #[arg(long, value_name = "CHART")]
    chart: Option<String>,
    /// Value of the admin chart that names the served release (that of the route when not given)
    #[arg(long, value_name = "PATH")]
    release_value: Option<String>,
    /// Leave what the future release has written since it came up
    #[arg(long)]
    accept_loss: bool,
    /// Limit of each wait, in seconds or as 5m0s (the upgrade's own when not given)
    #[arg(long, value_parser = flags::duration)]
    timeout: Option<Duration>,
    /// Folder for the report
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    report: String,
}

/// Runs the command.
pub fn run(global: &Global, args: &Args) -> Outcome {
    let started = Timestamp::now();
    let talk = handover::Talk::new(global)?;
    let options = RetreatOptions {
        namespace: handover::core_namespace(global, args.core_namespace.as_ref())?,
        admin_namespace: args.admin_namespace.clone(),
        admin_release: args.admin_release.clone(),
        admin_chart: args.chart.clone(),
        release_value: args.release_value.clone(),
        accept_loss: args.accept_loss,
        timeout: args.timeout,
        holder: handover::holder(),
        stop: talk.stop_on_signals(handover::LEAVES),
    };
    let result = talk.block_on(|cluster, show| async move { retreat(&cluster, show, &options).await });
    talk.report(started, &args.report);
    let journal = result.map_err(|error| talk.failure(&error))?;
    outln!("{} was given up; {} is as it was, {} streams.", journal.beta, journal.alpha, journal.layout.replica.pod);
    talk.print_report_path();
    Ok(())
}
