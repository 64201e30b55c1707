//! `version`

use super::{Failure, Global, Outcome};

/// Print the version information
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `version` is not built yet".into()))
}
