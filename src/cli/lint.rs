//! `lint`

use super::{Failure, Global, Outcome};

/// Examine a chart for possible issues
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `lint` is not built yet".into()))
}
