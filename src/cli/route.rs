//! `route`

use super::{Failure, Global, Outcome};

/// Move the traffic to a core release
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `route` is not built yet".into()))
}
