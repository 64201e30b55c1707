//! `show`

use super::{Failure, Global, Outcome};

/// Show information of a chart
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `show` is not built yet".into()))
}
