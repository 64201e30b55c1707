//! `finish`

use super::{Failure, Global, Outcome};

/// Retire the old release after a handover
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `finish` is not built yet".into()))
}
