//! `history`

use super::{Failure, Global, Outcome};

/// Fetch release history
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `history` is not built yet".into()))
}
