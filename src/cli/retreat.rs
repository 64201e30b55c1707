//! `retreat`

use super::{Failure, Global, Outcome};

/// Give the new release up: traffic first, then the release, then the old release's replica
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `retreat` is not built yet".into()))
}
