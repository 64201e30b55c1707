//! A wrong command line, in the words of Helm's flag library where it has any.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use crate::gotemplate::strconv;

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
            let value = strconv::quote(value.as_bytes());
            format!("invalid argument {value} for {:?} flag: {reason}", with_short(flag, program, words))
        }),
        ErrorKind::InvalidSubcommand => Some(unknown_command(text(ContextKind::InvalidSubcommand), error)),
        ErrorKind::InvalidValue if flag.starts_with("--output") && !value.is_empty() => {
            let flag = with_short("--output", program, words);
            Some(format!(
                "invalid argument {value:?} for {flag:?} flag: invalid format type (one of table, json, yaml)"
            ))
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            let flag = flag.split([' ', '=', '[']).next().unwrap_or(flag);
            flag.starts_with('-').then(|| format!("flag needs an argument: {}", as_spelled(flag, words)))
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

/// Commands of Helm that are not here, and what is done instead.
const HELMS: [(&[&str], &str); 4] = [
    (&["pull", "push", "registry", "repo", "search"], "charts are directories, archives (.tgz) or embedded"),
    (&["create"], "charts are written by hand, or by Helm"),
    (&["plugin"], "there are no plugins"),
    (&["verify"], "signatures are not checked"),
];

fn unknown_command(name: &str, error: &clap::Error) -> String {
    let mut message = format!("unknown command {name:?} for \"vulas-native\"\n");
    let instead = HELMS.iter().find(|(names, _)| names.contains(&name)).map(|(_, instead)| *instead);
    match (instead, error.get(ContextKind::SuggestedSubcommand)) {
        (Some(instead), _) => message.push_str(&format!("Helm's {name} is left out: {instead}.\n")),
        (None, Some(ContextValue::Strings(near))) => {
            // The most similar one comes last.
            if let Some(name) = near.last() {
                message.push_str(&format!("\nDid you mean this?\n\t{name}\n\n"));
            }
        }
        _ => {}
    }
    message + "Run 'vulas-native --help' for usage."
}

fn unknown_flag(flag: &str, words: &[String]) -> Option<String> {
    if flag.starts_with("--") {
        return Some(format!("unknown flag: {}", flag.split('=').next().unwrap_or(flag)));
    }
    let letter = flag.strip_prefix('-')?;
    let word = words.iter().find(|word| word.starts_with('-') && !word.starts_with("--") && word.contains(letter));
    Some(format!("unknown shorthand flag: '{letter}' in {}", word.map_or(flag, String::as_str)))
}

/// A flag whose value is missing, which ends the line: `'f' in -f` for one that is spelled as a letter.
fn as_spelled(flag: &str, words: &[String]) -> String {
    let letters = words.last().filter(|word| !word.starts_with("--")).and_then(|word| word.strip_prefix('-'));
    match letters.and_then(|letters| letters.chars().last()) {
        Some(letter) => format!("'{letter}' in -{letter}"),
        None => flag.to_owned(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(words: &[&str]) -> String {
        let program = super::super::command_line();
        let line = std::iter::once("vulas-native").chain(words.iter().copied());
        let error = program.clone().try_get_matches_from(line).unwrap_err();
        message(&error, &program, &words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn commands_that_are_not_here() {
        assert_eq!(
            refused(&["pull", "x"]),
            "Error: unknown command \"pull\" for \"vulas-native\"\n\
             Helm's pull is left out: charts are directories, archives (.tgz) or embedded.\n\
             Run 'vulas-native --help' for usage."
        );
        assert_eq!(
            refused(&["instal"]),
            "Error: unknown command \"instal\" for \"vulas-native\"\n\nDid you mean this?\n\tinstall\n\n\
             Run 'vulas-native --help' for usage."
        );
    }

    #[test]
    fn an_unknown_format() {
        assert_eq!(
            refused(&["list", "-o", "xml"]),
            "Error: invalid argument \"xml\" for \"-o, --output\" flag: invalid format type (one of table, json, yaml)"
        );
    }
}
