//! `rollback`

use super::{Failure, Global, Outcome};

/// Roll back a release to a previous revision
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `rollback` is not built yet".into()))
}
