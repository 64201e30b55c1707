//! `completion`

use super::{Failure, Global, Outcome};

/// Generate the completion script of a shell
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `completion` is not built yet".into()))
}
