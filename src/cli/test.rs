//! `test`

use super::{Failure, Global, Outcome};

/// Run tests for a release
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `test` is not built yet".into()))
}
