//! `template`

use super::{Failure, Global, Outcome};

/// Locally render templates
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `template` is not built yet".into()))
}
