//! `completion`

use super::{Global, Outcome};

/// Generate the autocompletion script for a shell
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// Runs the command.
#[allow(clippy::unnecessary_wraps, reason = "every command returns an outcome")]
pub fn run(_global: &Global, args: &Args) -> Outcome {
    let mut command = super::command_line(None);
    clap_complete::generate(args.shell, &mut command, "vulas-native", &mut std::io::stdout());
    Ok(())
}
