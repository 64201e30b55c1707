//! `get`

use super::{Failure, Global, Outcome};

/// Download extended information of a named release
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `get` is not built yet".into()))
}
