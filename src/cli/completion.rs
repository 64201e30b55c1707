//! `completion`

use super::{Global, Outcome, output};

/// Generate the autocompletion script for a shell
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// Runs the command.
pub fn run(_global: &Global, args: &Args) -> Outcome {
    let mut command = super::command_line();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "vulas-native", &mut script);
    output::print(&script)
}
