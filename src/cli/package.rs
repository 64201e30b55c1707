//! `package`

use super::{Failure, Global, Outcome};

/// Package a chart directory into a chart archive
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `package` is not built yet".into()))
}
