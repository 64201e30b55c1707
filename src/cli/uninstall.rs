//! `uninstall`

use std::time::Duration;

use super::{Failure, Global, Outcome, flags, session};
use crate::{
    action::{self, UninstallOptions},
    cluster::{ObjectRef, Propagation},
};

/// Uninstall a release
#[derive(clap::Args, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of Helm's")]
pub struct Args {
    /// Names of releases
    #[arg(required = true, value_name = "RELEASE")]
    releases: Vec<String>,
    /// Simulate
    #[arg(long)]
    dry_run: bool,
    /// Run no hooks
    #[arg(long)]
    no_hooks: bool,
    /// A release that does not exist is no error
    #[arg(long)]
    ignore_not_found: bool,
    /// Delete the objects, but keep the records
    #[arg(long)]
    keep_history: bool,
    /// What happens to objects that the deleted ones own: background, orphan or foreground
    #[arg(long, default_value = "background")]
    cascade: String,
    /// watcher: wait until the objects are gone; hookOnly: do not, as Helm does without this flag
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "watcher", default_missing_value = "watcher", value_name = "STRATEGY")]
    wait: String,
    /// Longest wait for a hook, and for the deletion
    #[arg(long, default_value = "5m0s", value_parser = flags::duration)]
    timeout: Duration,
    /// Add a custom description
    #[arg(long)]
    description: Option<String>,
    /// Claims and volumes of the release that are deleted, by name; all others are kept
    #[arg(long, value_delimiter = ',', value_name = "CLAIM")]
    delete_claims: Vec<String>,
}

/// Runs the command.
pub fn run(global: &Global, args: &Args) -> Outcome {
    let propagation = match args.cascade.as_str() {
        "background" => Propagation::Background,
        "orphan" => Propagation::Orphan,
        "foreground" => Propagation::Foreground,
        other => {
            return Err(Failure::Usage(format!(
                "Error: invalid cascade value ({other}). Must be \"background\", \"foreground\", or \"orphan\""
            )));
        }
    };
    session::run(global, async |cluster, reporter| {
        for name in &args.releases {
            let options = UninstallOptions {
                propagation,
                dry_run: args.dry_run,
                ignore_not_found: args.ignore_not_found,
                keep_history: args.keep_history,
                no_hooks: args.no_hooks,
                wait: !matches!(args.wait.as_str(), "hookOnly" | "false"),
                timeout: args.timeout,
                description: args.description.clone(),
                delete_claims: args.delete_claims.clone(),
                ..UninstallOptions::new(name, cluster.namespace())
            };
            let outcome =
                action::uninstall(&cluster, &options, &reporter).await.map_err(|error| session::failure("", &error))?;
            if let Some(outcome) = outcome {
                print_kept("These resources were kept due to the resource policy:", &outcome.kept_by_policy);
                print_kept(
                    "These resources were kept, since they hold data (--delete-claims NAME deletes one):",
                    &outcome.kept_claims,
                );
            }
            outln!("release {name:?} uninstalled");
        }
        Ok(())
    })
}

fn print_kept(words: &str, kept: &[ObjectRef]) {
    if !kept.is_empty() {
        outln!("{words}");
        for reference in kept {
            outln!("[{}] {}", reference.kind, reference.name);
        }
        outln!("");
    }
}
