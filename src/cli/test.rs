//! `test`

use std::time::Duration;

use super::{Failure, Global, Outcome, describe, flags, output, session};
use crate::action::{self, TestOptions};

/// Run tests for a release
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Name of the release
    release: String,
    /// Longest wait for each test
    #[arg(long, default_value = "5m0s", value_parser = flags::duration)]
    timeout: Duration,
    /// Print the logs of the tests
    #[arg(long)]
    logs: bool,
    /// Tests by name: name=A, !name=B
    #[arg(long, value_delimiter = ',')]
    filter: Vec<String>,
}

/// Runs the command.
pub fn run(global: &Global, args: &Args) -> Outcome {
    session::run(global, async |cluster, reporter| {
        let names = |prefix: &str| {
            let names = args
                .filter
                .iter()
                .filter_map(|filter| filter.replace("! ", "!").strip_prefix(prefix).map(str::to_owned));
            names.collect::<Vec<_>>()
        };
        let options = TestOptions {
            name: args.release.clone(),
            namespace: cluster.namespace().to_owned(),
            only: names("name="),
            except: names("!name="),
            timeout: args.timeout,
            logs: args.logs,
        };
        let tested = action::test(&cluster, &options, &reporter).await.map_err(|error| session::failure("", &error))?;
        let shown = describe::Shown { debug: global.debug, hide_notes: true, ..Default::default() };
        output::print(describe::text(&tested.release, shown)?.as_bytes())?;
        for (source, log) in &tested.logs {
            outln!("\nPOD LOGS: {source}\n{log}");
        }
        tested.outcome.map_err(|error| Failure::Failed(format!("Error: {error}")))
    })
}
