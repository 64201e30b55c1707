//! The command line: one file per command, thin: flags in, library call, output.
//!
//! Results go to stdout, all talk to stderr.

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

mod completion;
mod demo;
mod dependency;
mod describe;
mod finish;
mod flags;
mod get;
mod global;
mod goflags;
mod handover;
mod history;
mod install;
mod lint;
mod list;
mod namespace;
mod naming;
mod notices;
mod output;
mod package;
mod post_renderer;
mod resources;
mod retreat;
mod rollback;
mod route;
mod sandbox;
mod session;
mod show;
mod source;
mod status;
mod status_handover;
mod template;
mod test;
mod uninstall;
mod upgrade;
mod upgrade_beside;
mod upgrade_in_place;
mod usage;
pub mod values;
mod version;

pub use global::Global;

/// How a command ended, other than well. The exit codes are part of the interface (README, section "Exit codes").
#[derive(Debug)]
pub enum Failure {
    /// 1: failed; nothing was changed, or everything was put back.
    Failed(String),
    /// 2: the command line is wrong.
    Usage(String),
    /// 3: failed, and something is left to do; the message says what and how.
    Left(String),
    /// 4: refused before anything was changed; a decision is needed.
    Refused(String),
    /// 5: `plan` found changes.
    Changes,
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Left(_) => 3,
            Self::Refused(_) => 4,
            Self::Changes => 5,
        }
    }
}

/// What every command returns.
pub type Outcome = Result<(), Failure>;

#[derive(Parser)]
#[command(
    name = "vulas-native",
    version,
    about = "Helm-compatible releases and a lossless database handover, in one binary"
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Completion(completion::Args),
    Demo(demo::Args),
    #[command(visible_alias = "dep", alias = "dependencies")]
    Dependency(dependency::Args),
    Finish(finish::Args),
    Get(get::Args),
    #[command(alias = "hist")]
    History(history::Args),
    Install(install::Args),
    Lint(lint::Args),
    #[command(visible_alias = "ls")]
    List(list::Args),
    Package(package::Args),
    Retreat(retreat::Args),
    Rollback(rollback::Args),
    Route(route::Args),
    Sandbox(sandbox::Args),
    #[command(alias = "inspect")]
    Show(show::Args),
    Status(status::Args),
    Template(template::Args),
    Test(test::Args),
    #[command(visible_aliases = ["delete", "del", "un"])]
    Uninstall(uninstall::Args),
    Upgrade(upgrade::Args),
    Version(version::Args),
}

/// Parses the command line, runs the command and returns the documented exit code.
pub fn main() -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            match &failure {
                Failure::Failed(message)
                | Failure::Usage(message)
                | Failure::Left(message)
                | Failure::Refused(message) => {
                    eprintln!("{message}");
                }
                Failure::Changes => {}
            }
            ExitCode::from(failure.code())
        }
    }
}

/// Reads the command line. Help and errors are printed here.
fn parse() -> Result<Cli, ExitCode> {
    let words: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let command = goflags::as_go_reads(Cli::command());
    let parsed = command.clone().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(mut cli) => {
            cli.global.typed = words;
            cli.global.debug = cli.global.is_debug();
            Ok(cli)
        }
        Err(error) if error.use_stderr() && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            eprintln!("{}", usage::message(&error, &command, &words));
            Err(ExitCode::from(2))
        }
        Err(error) => {
            // Help shows flags as they are declared, without the values that Go's flags take, too.
            let error = Cli::try_parse().err().filter(|plain| plain.kind() == error.kind()).unwrap_or(error);
            let _ = error.print();
            Err(ExitCode::from(if error.use_stderr() { 2 } else { 0 }))
        }
    }
}

fn run(cli: &Cli) -> Outcome {
    let global = &cli.global;
    global.check()?;
    match &cli.command {
        Command::Completion(args) => completion::run(global, args),
        Command::Demo(args) => demo::run(global, args),
        Command::Dependency(args) => dependency::run(global, args),
        Command::Finish(args) => finish::run(global, args),
        Command::Get(args) => get::run(global, args),
        Command::History(args) => history::run(global, args),
        Command::Install(args) => install::run(global, args),
        Command::Lint(args) => lint::run(global, args),
        Command::List(args) => list::run(global, args),
        Command::Package(args) => package::run(global, args),
        Command::Retreat(args) => retreat::run(global, args),
        Command::Rollback(args) => rollback::run(global, args),
        Command::Route(args) => route::run(global, args),
        Command::Sandbox(args) => sandbox::run(global, args),
        Command::Show(args) => show::run(global, args),
        Command::Status(args) => status::run(global, args),
        Command::Template(args) => template::run(global, args),
        Command::Test(args) => test::run(global, args),
        Command::Uninstall(args) => uninstall::run(global, args),
        Command::Upgrade(args) => upgrade::run(global, args),
        Command::Version(args) => version::run(global, args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_flags_of_a_command_share_a_name() {
        Cli::command().debug_assert();
        goflags::as_go_reads(Cli::command()).debug_assert();
    }
}
