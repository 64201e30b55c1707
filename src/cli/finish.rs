//! `finish`: the former release is retired.

use std::time::Duration;

use jiff::Timestamp;

use super::{Global, Outcome, flags, handover};
use crate::handover::{FinishOptions, finish};

/// Retire the former release after its traffic was routed away
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Namespace of the core releases
    #[arg(long, alias = "coreNamespace", value_name = "NAMESPACE")]
    core_namespace: Option<String>,
    /// Namespace of the admin release (not needed; accepted so that the commands look alike)
    #[arg(long, alias = "adminNamespace", value_name = "NAMESPACE")]
    admin_namespace: Option<String>,
    /// Retire it though the traffic does not go to the future release as recorded: it was moved by other means
    #[arg(long)]
    force: bool,
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
    let options = FinishOptions {
        namespace: handover::core_namespace(global, args.core_namespace.as_ref())?,
        force: args.force,
        timeout: args.timeout,
        holder: handover::holder(),
        stop: talk.stop_on_signals(handover::LEAVES),
    };
    let result = talk.block_on(|cluster, show| async move { finish(&cluster, show, &options).await });
    talk.report(started, &args.report);
    let (journal, claims) = result.map_err(|error| talk.failure(&error))?;
    outln!(
        "{} is retired; {} stays, on persistentvolumeclaim/{}.",
        journal.alpha,
        journal.beta,
        journal.layout.volume.claim
    );
    if !claims.is_empty() {
        outln!("Its claims were kept, with what it wrote after the fork. When nobody needs that any more:");
        outln!("  kubectl -n {} delete pvc {}", journal.namespace, claims.join(" "));
    }
    talk.print_report_path();
    Ok(())
}
