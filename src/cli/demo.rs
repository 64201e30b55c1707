//! `demo`

use super::{Failure, Global, Outcome};

/// Show the whole upgrade, there and back, on an API server in memory
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `demo` is not built yet".into()))
}
