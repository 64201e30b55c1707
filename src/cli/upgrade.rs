//! `upgrade`

use super::{Failure, Global, Outcome};

/// Upgrade a release in place, or hand over to a new release beside it
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `upgrade` is not built yet".into()))
}
