//! A wrong command line, in the words of Helm's flag library where it has any.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

/// The message for an error of the parser; `words` are those after the program's name.
pub fn message(error: &clap::Error, program: &Command, words: &[String]) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let (flag, value) = (text(ContextKind::InvalidArg), text(ContextKind::InvalidValue));
    let in_our_words = match error.kind() {
        ErrorKind::UnknownArgument => unknown_flag(flag, words),
        ErrorKind::ValueValidation => error.source().map(|reason| {
            let flag = flag.split([' ', '=', '[']).next().unwrap_or(flag);
            format!("invalid argument {value:?} for {:?} flag: {reason}", with_short(flag, program, words))
        }),
        ErrorKind::InvalidValue if value.is_empty() => {
            let flag = flag.split([' ', '=', '[']).next().unwrap_or(flag);
            flag.starts_with('-').then(|| format!("flag needs an argument: {flag}"))
        }
        _ => None,
    };
    match in_our_words {
        Some(words) => format!("Error: {words}"),
        None => {
            let rendered = error.render().to_string();
            let rendered = rendered.trim_end();
            rendered.strip_prefix("error: ").map_or_else(|| rendered.to_string(), |rest| format!("Error: {rest}"))
        }
    }
}

fn unknown_flag(flag: &str, words: &[String]) -> Option<String> {
    if flag.starts_with("--") {
        return Some(format!("unknown flag: {}", flag.split('=').next().unwrap_or(flag)));
    }
    let letter = flag.strip_prefix('-')?;
    let word = words.iter().find(|word| word.starts_with('-') && !word.starts_with("--") && word.contains(letter));
    Some(format!("unknown shorthand flag: '{letter}' in {}", word.map_or(flag, String::as_str)))
}

/// `-f, --values` for `--values` of a command that has both.
fn with_short(flag: &str, program: &Command, words: &[String]) -> String {
    let mut command = program;
    for word in words {
        if let Some(found) = command.find_subcommand(word) {
            command = found;
        }
    }
    let named = |arg: &&Arg| flag.strip_prefix("--").is_some_and(|name| arg.get_long() == Some(name));
    match command.get_arguments().chain(program.get_arguments()).find(named).and_then(Arg::get_short) {
        Some(short) => format!("-{short}, {flag}"),
        None => flag.to_string(),
    }
}
