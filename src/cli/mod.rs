//! The command line: one file per command, thin: flags in, library call, output.
//!
//! Results go to stdout, all talk to stderr.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args as _, FromArgMatches as _};

use crate::gotemplate::errtext;

/// Says something to a reader who may have gone, as after `| head`: the standard library's macro would panic then, in the
/// midst of a change.
macro_rules! outln {
    ($($words:tt)*) => { $crate::cli::output::say(format_args!($($words)*)) };
}

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
        enum Command {
            $($variant($module::Args),)*
        }

        impl Command {
            /// Adds the commands to the command line: all of them, or only the one that is asked for, since setting up the
            /// flags of all takes longer than rendering a small chart.
            fn augment(mut line: clap::Command, asked: Option<&str>) -> clap::Command {
                $(
                    let names = [$name, $($shown,)* $($hidden,)*];
                    if asked.is_none_or(|asked| names.contains(&asked)) {
                        let command = $module::Args::augment_args(clap::Command::new($name));
                        let (shown, hidden): (&[&str], &[&str]) = (&[$($shown),*], &[$($hidden),*]);
                        line = line.subcommand(command.visible_aliases(shown).aliases(hidden));
                    }
                )*
                line
            }

            /// Takes the command out of what was parsed.
            fn from_matches(matches: &mut clap::ArgMatches) -> Result<Self, clap::Error> {
                let Some((name, mut matches)) = matches.remove_subcommand() else {
                    return Err(clap::Error::new(ErrorKind::MissingSubcommand));
                };
                match name.as_str() {
                    $($name => Ok(Self::$variant($module::Args::from_arg_matches_mut(&mut matches)?)),)*
                    _ => Err(clap::Error::new(ErrorKind::InvalidSubcommand)),
                }
            }

            fn run(&self, global: &Global) -> Outcome {
                match self {
                    $(Self::$variant(args) => $module::run(global, args),)*
                }
            }

            /// Whether a command has this name.
            fn exists(name: &str) -> bool {
                [$($name, $($shown,)* $($hidden,)*)*].contains(&name)
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

/// The whole command line, or the part of it that one command needs.
fn command_line(asked: Option<&str>) -> clap::Command {
    let line = clap::Command::new("vulas-native")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Helm-compatible releases and a lossless database handover, in one binary")
        .subcommand_required(true)
        .arg_required_else_help(true);
    Command::augment(Global::augment_args(line), asked)
}

/// Parses a command line, the program's name included.
fn parse(line: Vec<OsString>) -> Result<(Global, Command), clap::Error> {
    let typed: Vec<String> = line.iter().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    let asked = typed.first().map(String::as_str).filter(|name| Command::exists(name));
    let mut matches = goflags::as_go_reads(command_line(asked)).try_get_matches_from(line)?;
    let mut global = Global::from_arg_matches_mut(&mut matches)?;
    global.typed = typed;
    global.debug = global.is_debug();
    Ok((global, Command::from_matches(&mut matches)?))
}

/// Prints help, or says what is wrong with the command line; the exit code.
fn refuse(error: &clap::Error, line: Vec<OsString>) -> ExitCode {
    let is_help = !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if is_help {
        // Help shows flags as they are declared, without the values that Go's flags take, too.
        let plain = command_line(None).try_get_matches_from(line).err().filter(|plain| plain.kind() == error.kind());
        let _ = plain.as_ref().unwrap_or(error).print();
    } else {
        let words: Vec<String> = line.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
        eprintln!("{}", usage::message(error, &command_line(None), &words));
    }
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}

/// Parses the command line, runs the command and returns the documented exit code.
pub fn main() -> ExitCode {
    let line: Vec<OsString> = std::env::args_os().collect();
    let (global, command) = match parse(line.clone()) {
        Ok(parsed) => parsed,
        Err(error) => return refuse(&error, line),
    };
    match global.check().and_then(|()| command.run(&global)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // There is nobody to tell when stderr is closed.
            let _ = std::io::stderr().write_all(&[&errtext::bytes(failure.message()), &b"\n"[..]].concat());
            ExitCode::from(failure.code())
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_flags_of_a_command_share_a_name() {
        super::command_line(None).debug_assert();
        super::goflags::as_go_reads(super::command_line(None)).debug_assert();
    }

    #[test]
    fn a_command_alone_is_parsed_as_among_all() {
        for words in [&["vulas-native", "un", "a", "--no-hooks"][..], &["vulas-native", "template", "core", "--debug"]]
        {
            for asked in [None, Some(words[1])] {
                let mut matches = super::command_line(asked).try_get_matches_from(words).unwrap();
                assert!(super::Command::from_matches(&mut matches).is_ok(), "{words:?}");
            }
        }
    }
}
