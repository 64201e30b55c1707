//! `sandbox`

use super::{Failure, Global, Outcome};

/// Run an API server in memory and write a kubeconfig for it
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_global: &Global, _args: &Args) -> Outcome {
    Err(Failure::Failed("error: `sandbox` is not built yet".into()))
}
