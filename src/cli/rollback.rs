//! `rollback`

use super::{Failure, Global, Outcome, flags, session};
use crate::action;

/// Roll back a release to a previous revision
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Name of the release
    release: String,
    /// Revision to go back to; left out or 0: the one before the last
    revision: Option<String>,
    #[command(flatten)]
    operation: flags::OperationArgs,
}

/// Runs the command.
pub fn run(global: &Global, args: &Args) -> Outcome {
    let revision = match &args.revision {
        Some(text) => text.parse().map_err(|_| {
            Failure::Usage(format!(
                "Error: could not convert revision to a number: strconv.Atoi: parsing {text:?}: invalid syntax"
            ))
        })?,
        None => 0,
    };
    let common = args.operation.common(None)?;
    session::run(global, async |cluster, reporter| {
        let namespace = cluster.namespace().to_owned();
        action::rollback(&cluster, &namespace, &args.release, revision, &common, &reporter)
            .await
            .map_err(|error| session::failure("", &error))?;
        outln!("Rollback was a success! Happy Helming!");
        Ok(())
    })
}
