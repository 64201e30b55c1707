//! `uninstall`

use super::{Failure, Global, Outcome};

/// Uninstall a release
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `uninstall` is not built yet".into()))
}
