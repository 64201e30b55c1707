//! `dependency`

use super::{Failure, Global, Outcome};

/// Show the dependencies of a chart
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `dependency` is not built yet".into()))
}
