//! `upgrade RELEASE CHART`: in place, as Helm's.

use std::time::Duration;

use super::{Failure, Global, Outcome, handover, values::ValuesArgs};

/// The flags of an upgrade in place; those for values and waits are shared with the handover.
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Args {
    /// The release
    #[arg(value_name = "RELEASE")]
    pub release: Option<String>,
    /// The chart
    #[arg(value_name = "CHART")]
    pub chart: Option<String>,
    /// Values.
    #[command(flatten)]
    pub values: ValuesArgs,
    /// When upgrading, reset the values to the ones built into the chart
    #[arg(long)]
    pub reset_values: bool,
    /// Time to wait for any individual Kubernetes operation
    #[arg(long, default_value = "5m0s", value_parser = handover::duration)]
    pub timeout: Duration,
}

impl Args {
    /// The limit of each wait.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }
}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `upgrade` in place is not built yet".into()))
}
