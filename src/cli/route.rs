//! `route`: the traffic goes to another core release.

use std::time::Duration;

use super::{Global, Outcome, flags, handover};
use crate::database::human_bytes;
use crate::handover::{Commands, RouteOptions, route};

/// Route the traffic to a core release
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Namespace of the core releases
    #[arg(long, alias = "coreNamespace", value_name = "NAMESPACE")]
    core_namespace: Option<String>,
    /// The core release that shall be served
    #[arg(long, alias = "coreRelease", value_name = "RELEASE")]
    core_release: String,
    /// Namespace of the admin release
    #[arg(long, alias = "adminNamespace", value_name = "NAMESPACE")]
    admin_namespace: String,
    /// The admin release
    #[arg(long, alias = "adminRelease", value_name = "RELEASE", default_value = "admin")]
    admin_release: String,
    /// Chart of the admin release: a directory, a .tgz, or the name of an embedded chart
    #[arg(long, value_name = "CHART", default_value = "admin")]
    chart: String,
    /// Value of the admin chart that names the served release
    #[arg(long, value_name = "PATH", default_value = "global.managedRelease")]
    release_value: String,
    /// Leave what the release that is left has written, and the other does not have
    #[arg(long)]
    accept_loss: bool,
    /// Route to a release that is not ready
    #[arg(long)]
    force: bool,
    /// Limit of each wait, in seconds or as 5m0s
    #[arg(long, default_value = "300s", value_parser = flags::duration)]
    timeout: Duration,
}

/// Runs the command.
pub fn run(global: &Global, args: &Args) -> Outcome {
    let options = RouteOptions {
        namespace: handover::core_namespace(global, args.core_namespace.as_ref())?,
        release: args.core_release.clone(),
        admin_namespace: args.admin_namespace.clone(),
        admin_release: args.admin_release.clone(),
        admin_chart: args.chart.clone(),
        release_value: args.release_value.clone(),
        accept_loss: args.accept_loss,
        force: args.force,
        timeout: args.timeout,
        holder: handover::holder(),
    };
    let talk = handover::Talk::new(global)?;
    let routed = talk.block_on(|cluster, show| async move { route(&cluster, show, &options).await });
    let routed = routed.map_err(|error| handover::failure(&error))?;
    if routed.unchanged {
        outln!("{} serves {} already; nothing was changed.", args.admin_release, routed.after);
        return Ok(());
    }
    outln!(
        "{} serves {} now (was {}), revision {}, switched in {:.2} s.",
        args.admin_release,
        routed.after,
        routed.before.as_deref().unwrap_or("unknown"),
        routed.revision,
        routed.took.as_secs_f64()
    );
    if let Some(loss) = &routed.lost {
        outln!("Left behind in {}: {} of WAL; {}.", loss.alpha, human_bytes(loss.bytes()), loss.rows());
    }
    if let (Some(rows), Some(journal)) = (&routed.left, &routed.journal) {
        outln!("Left behind in {}: {rows}.", journal.beta);
    }
    if let Some(journal) = &routed.journal {
        for line in handover::next_lines(&Commands::of(journal).next()) {
            outln!("{line}");
        }
    }
    Ok(())
}
