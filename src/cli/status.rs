//! `status`

use super::{Failure, Global, Outcome};

/// Display the status of a release or of a handover
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `status` is not built yet".into()))
}
