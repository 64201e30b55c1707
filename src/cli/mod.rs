//! The command line: one file per command, thin: flags in, library call, output.
//!
//! Results go to stdout, all talk to stderr.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args as _, FromArgMatches as _};

/// Says something to a reader who may have gone, as after `| head`: the standard library's macro would panic then, in the
/// midst of a change.
macro_rules! outln {
    ($($words:tt)*) => { $crate::cli::output::say(format_args!($($words)*)) };
}

mod completion;
mod csv;
mod demo;
mod dependency;
mod describe;
mod environment;
mod finish;
mod flags;
mod get;
mod global;
mod goflags;
mod handover;
mod history;
mod install;
mod kubeconfig;
mod lint;
mod list;
mod namespace;
mod naming;
mod notices;
mod output;
mod output_dir;
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
mod table;
mod template;
mod test;
mod uninstall;
mod upgrade;
mod upgrade_beside;
mod upgrade_in_place;
mod usage;
pub mod values;
mod version;
mod width;

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
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Left(_) => 3,
            Self::Refused(_) => 4,
        }
    }

    fn message(&self) -> &str {
        match self {
            Self::Failed(message) | Self::Usage(message) | Self::Left(message) | Self::Refused(message) => message,
        }
    }
}

/// What every command returns.
pub type Outcome = Result<(), Failure>;

/// Defines [`Command`]: name, module and other names of every command (those before the semicolon are shown in the help).
macro_rules! commands {
    ($($variant:ident, $module:ident, $name:literal, [$($shown:literal),*; $($hidden:literal),*];)*) => {
        /// A command and its arguments.
        #[cfg_attr(test, derive(Debug))]
        enum Command {
            $($variant($module::Args),)*
        }

        impl Command {
            /// Adds all commands to the command line.
            fn augment(mut line: clap::Command) -> clap::Command {
                $(
                    let command = $module::Args::augment_args(clap::Command::new($name));
                    let (shown, hidden): (&[&str], &[&str]) = (&[$($shown),*], &[$($hidden),*]);
                    line = line.subcommand(command.visible_aliases(shown).aliases(hidden));
                )*
                line
            }

            /// Adds the arguments of one command, if there is one of this name.
            fn augment_alone(line: clap::Command, name: &str) -> Option<clap::Command> {
                match name {
                    $($name $(| $shown)* $(| $hidden)* => Some($module::Args::augment_args(line)),)*
                    _ => None,
                }
            }

            /// Takes the command of this name out of what was parsed.
            fn from_matches(name: &str, matches: &mut clap::ArgMatches) -> Result<Self, clap::Error> {
                match name {
                    $($name $(| $shown)* $(| $hidden)* => {
                        Ok(Self::$variant($module::Args::from_arg_matches_mut(matches)?))
                    })*
                    _ => Err(clap::Error::new(ErrorKind::InvalidSubcommand)),
                }
            }

            fn run(&self, global: &Global) -> Outcome {
                match self {
                    $(Self::$variant(args) => $module::run(global, args),)*
                }
            }
        }
    };
}

commands! {
    Completion, completion, "completion", [;];
    Demo, demo, "demo", [;];
    Dependency, dependency, "dependency", ["dep"; "dependencies"];
    Finish, finish, "finish", [;];
    Get, get, "get", [;];
    History, history, "history", [; "hist"];
    Install, install, "install", [;];
    Lint, lint, "lint", [;];
    List, list, "list", ["ls";];
    Package, package, "package", [;];
    Retreat, retreat, "retreat", [;];
    Rollback, rollback, "rollback", [;];
    Route, route, "route", [;];
    Sandbox, sandbox, "sandbox", [;];
    Show, show, "show", [; "inspect"];
    Status, status, "status", [;];
    Template, template, "template", [;];
    Test, test, "test", [;];
    Uninstall, uninstall, "uninstall", ["delete", "del", "un";];
    Upgrade, upgrade, "upgrade", [;];
    Version, version, "version", [;];
}

/// The whole command line.
fn command_line() -> clap::Command {
    let line = clap::Command::new("vulas-native")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Helm-compatible releases and a lossless database handover, in one binary")
        .subcommand_required(true)
        .arg_required_else_help(true);
    Command::augment(Global::augment_args(line))
}

/// The command line that begins with the name of a command, without all the others: setting up their flags takes longer than
/// rendering a small chart.
fn command_alone(name: &str) -> Option<clap::Command> {
    Command::augment_alone(Global::augment_args(clap::Command::new("vulas-native")), name)
}

/// Parses a command line, the program's name included.
fn parse(line: &[OsString]) -> Result<(Global, Command), clap::Error> {
    let typed: Vec<String> = line.iter().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    let (mut global, command) = match typed.first().and_then(|name| parse_alone(name, &line[1..])) {
        Some(parsed) => parsed,
        None => parse_whole(line)?,
    };
    global.typed = typed;
    global.debug = global.is_debug();
    Ok((global, command))
}

/// Parses a line that begins with the name of a command. `None` if it does not, or if anything is wrong, which the
/// [whole](parse_whole) line says better.
fn parse_alone(name: &str, line: &[OsString]) -> Option<(Global, Command)> {
    // It lasts as long as the program, which does not wait for it to be taken apart.
    let command = Box::leak(Box::new(goflags::as_go_reads(command_alone(name)?)));
    let mut matches = command.try_get_matches_from_mut(line).ok()?;
    let global = Global::from_arg_matches_mut(&mut matches).ok()?;
    Some((global, Command::from_matches(name, &mut matches).ok()?))
}

fn parse_whole(line: &[OsString]) -> Result<(Global, Command), clap::Error> {
    let mut matches = goflags::as_go_reads(command_line()).try_get_matches_from(line)?;
    let global = Global::from_arg_matches_mut(&mut matches)?;
    let (name, mut matches) =
        matches.remove_subcommand().ok_or_else(|| clap::Error::new(ErrorKind::MissingSubcommand))?;
    Ok((global, Command::from_matches(&name, &mut matches)?))
}

/// Prints help, or says what is wrong with the command line; the exit code.
fn refuse(error: &clap::Error, line: &[OsString]) -> ExitCode {
    let is_help = !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if is_help {
        // Help shows flags as they are declared, without the values that Go's flags take, too.
        let plain = command_line().try_get_matches_from(line).err().filter(|plain| plain.kind() == error.kind());
        let _ = plain.as_ref().unwrap_or(error).print();
    } else {
        let words: Vec<String> = line.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
        output::complain(&usage::message(error, &command_line(), &words));
    }
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}

/// Parses the command line, runs the command and returns the documented exit code.
pub fn main() -> ExitCode {
    let line: Vec<OsString> = std::env::args_os().collect();
    let (global, command) = match parse(&line) {
        Ok(parsed) => parsed,
        Err(error) => return refuse(&error, &line),
    };
    match global.check().and_then(|()| command.run(&global)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(failure.message());
            ExitCode::from(failure.code())
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_flags_of_a_command_share_a_name() {
        super::command_line().debug_assert();
        let whole = super::goflags::as_go_reads(super::command_line());
        for command in whole.get_subcommands() {
            let names = std::iter::once(command.get_name()).chain(command.get_all_aliases());
            for name in names {
                super::goflags::as_go_reads(super::command_alone(name).unwrap()).debug_assert();
            }
        }
        whole.debug_assert();
    }

    #[test]
    fn a_command_alone_is_parsed_as_among_all() {
        for words in [
            &["vulas-native", "un", "a", "--no-hooks", "-n", "b"][..],
            &["vulas-native", "template", "core", "--debug=false", "--set", "a=1"],
            &["vulas-native", "lint", "--quiet", "core"],
            &["vulas-native", "get", "values", "a", "-o", "json"],
        ] {
            let line: Vec<_> = words.iter().map(Into::into).collect();
            let alone = super::parse_alone(words[1], &line[1..]).map(|parsed| format!("{parsed:?}"));
            let among_all = super::parse_whole(&line).map(|parsed| format!("{parsed:?}"));
            assert_eq!(alone, among_all.ok(), "{words:?}");
            assert!(alone.is_some(), "{words:?}");
        }
    }
}
