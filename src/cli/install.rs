//! `install`

use super::{Failure, Global, Outcome};

/// Install a chart
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `install` is not built yet".into()))
}
