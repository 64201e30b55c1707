//! `list`

use super::{Failure, Global, Outcome};

/// List releases
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `list` is not built yet".into()))
}
