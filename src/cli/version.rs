//! `version`

use super::{Global, Outcome};
use crate::render::capabilities::HELM_VERSION;

/// Print the version
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Print the version number only
    #[arg(long)]
    pub short: bool,
}

/// Runs the command.
#[allow(clippy::unnecessary_wraps, reason = "every command returns an outcome")]
pub fn run(_global: &Global, args: &Args) -> Outcome {
    let version = env!("CARGO_PKG_VERSION");
    if args.short {
        outln!("v{version}");
    } else {
        outln!("vulas-native v{version}, renders charts as Helm {HELM_VERSION}");
    }
    Ok(())
}
