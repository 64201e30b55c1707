//! Flags read as Helm's library reads them: booleans with a value, the last of several wins, values that begin with a hyphen.

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, Command};

use super::csv;
use crate::gotemplate::strconv;

/// The same command, taking what Go's flags take.
pub fn as_go_reads(command: Command) -> Command {
    let command = command.args_override_self(true).mut_args(|arg| {
        if arg.is_positional() {
            return arg;
        }
        if matches!(arg.get_action(), ArgAction::SetTrue) {
            return (arg.action(ArgAction::Set).num_args(0..=1).require_equals(true))
                .default_missing_value("true")
                .default_value("false")
                .value_parser(ValueParser::new(boolean));
        }
        let takes_value = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
        if takes_value && !arg.is_require_equals_set() { arg.allow_hyphen_values(true) } else { arg }
    });
    command.mut_subcommands(as_go_reads)
}

/// The flags with long names that a command line gives, in its order, as they are spelled. What follows a flag that takes a
/// value is none.
pub fn given<'a>(command: &Command, words: &'a [String]) -> Vec<&'a str> {
    let takes_value =
        |arg: &Arg| matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) && !arg.is_require_equals_set();
    let mut found = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        let arg = if let Some(long) = word.strip_prefix("--") {
            let name = long.split('=').next().unwrap_or(long);
            found.push(name);
            let named = |arg: &&Arg| {
                arg.get_long() == Some(name) || arg.get_all_aliases().is_some_and(|names| names.contains(&name))
            };
            command.get_arguments().find(named).filter(|_| name.len() == long.len())
        } else if let Some(letters) = word.strip_prefix('-') {
            // A value may follow the last letter alone.
            let of = |letter| command.get_arguments().find(|arg| arg.get_short() == Some(letter));
            let taking = letters.char_indices().find(|(_, letter)| of(*letter).is_some_and(takes_value));
            taking.filter(|(at, letter)| at + letter.len_utf8() == letters.len()).and_then(|(_, letter)| of(letter))
        } else {
            None
        };
        if arg.is_some_and(takes_value) {
            words.next();
        }
    }
    found
}

/// Go's `strconv.ParseBool`.
///
/// # Errors
/// What is none of its words.
pub fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(number_fault("ParseBool", text, &strconv::NumError::Syntax)),
    }
}

/// Go's `strconv.ParseInt`, with the base that the text's own prefix says.
///
/// # Errors
/// Its text.
pub fn integer(text: &str) -> Result<i64, String> {
    strconv::parse_int(text.as_bytes(), 0, 64).map_err(|error| number_fault("ParseInt", text, &error))
}

/// Go's `strconv.ParseUint`, with the base that the text's own prefix says.
///
/// # Errors
/// Its text.
pub fn unsigned(text: &str) -> Result<u64, String> {
    strconv::parse_uint(text.as_bytes(), 0, 64).map_err(|error| number_fault("ParseUint", text, &error))
}

/// The decimal numbers that fit into 32 bits, as the flag of Kubernetes' log takes them.
///
/// # Errors
/// Go's text.
pub fn level(text: &str) -> Result<i64, String> {
    strconv::parse_int(text.as_bytes(), 10, 32).map_err(|error| number_fault("ParseInt", text, &error))
}

/// Go's `strconv.ParseFloat` with 32 bits.
///
/// # Errors
/// Its text.
pub fn float(text: &str) -> Result<f64, String> {
    let fault = |error| number_fault("ParseFloat", text, &error);
    let number = strconv::parse_float(text.as_bytes()).map_err(fault)?;
    if number.is_finite() && (number as f32).is_infinite() { Err(fault(strconv::NumError::Range)) } else { Ok(number) }
}

fn number_fault(function: &str, text: &str, error: &strconv::NumError) -> String {
    format!("strconv.{function}: parsing {}: {error}", strconv::quote(text.as_bytes()))
}

/// A flag that holds a list: elements divided by commas, quoted as in CSV.
#[derive(Clone, Debug)]
pub struct List(pub Vec<String>);

/// Reads a [`List`] as Go's CSV reader does: `"a,b"` is one element, and what follows the first line is left out.
///
/// # Errors
/// Go's words for quotes in the wrong place.
pub fn list(text: &str) -> Result<List, String> {
    if text.is_empty() { Ok(List(Vec::new())) } else { csv::record(text).map(List) }
}

/// A flag that holds `KEY=VALUE` pairs divided by commas.
#[derive(Clone, Debug)]
pub struct Pairs(pub Vec<(String, String)>);

/// Reads [`Pairs`].
///
/// # Errors
/// What is not `KEY=VALUE`, and what [`list`] refuses.
pub fn pairs(text: &str) -> Result<Pairs, String> {
    let elements = match text.matches('=').count() {
        0 => return Err(format!("{text} must be formatted as key=value")),
        1 => vec![text.trim_matches('"').to_string()],
        _ => list(text)?.0,
    };
    let pair = |element: String| match element.split_once('=') {
        Some((key, value)) => Ok((key.to_string(), value.to_string())),
        None => Err(format!("{element} must be formatted as key=value")),
    };
    elements.into_iter().map(pair).collect::<Result<_, _>>().map(Pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser, Debug)]
    struct Sample {
        #[arg(long)]
        flag: bool,
        #[arg(long, short)]
        name: Option<String>,
        #[arg(long)]
        set: Vec<String>,
        words: Vec<String>,
    }

    fn parse(words: &[&str]) -> Result<Sample, clap::Error> {
        use clap::{CommandFactory, FromArgMatches};
        let matches = as_go_reads(Sample::command()).try_get_matches_from(words)?;
        Sample::from_arg_matches(&matches)
    }

    #[test]
    fn booleans_take_values_after_an_equals_sign_only() {
        for (word, expected) in [("--flag", true), ("--flag=T", true), ("--flag=0", false), ("x", false)] {
            assert_eq!(parse(&["p", word]).unwrap().flag, expected, "{word}");
        }
        let sample = parse(&["p", "--flag", "--flag=false", "word"]).unwrap();
        assert!(!sample.flag);
        assert_eq!(sample.words, ["word"]);
        assert!(parse(&["p", "--flag=yes"]).is_err());
    }

    #[test]
    fn the_last_of_several_wins_and_values_may_begin_with_a_hyphen() {
        let sample = parse(&["p", "-n", "a", "--name", "--b", "--set", "-x=1", "--set", "--flag", "--flag"]).unwrap();
        assert_eq!(sample.name.as_deref(), Some("--b"));
        assert_eq!(sample.set, ["-x=1", "--flag"]);
        assert!(sample.flag);
    }

    #[test]
    fn integers_are_read_with_their_prefix() {
        assert_eq!(["7", "-1", "0x10", "010", "1_000"].map(|text| integer(text).ok()), [7, -1, 16, 8, 1000].map(Some));
        assert_eq!(integer("x").unwrap_err(), "strconv.ParseInt: parsing \"x\": invalid syntax");
    }

    #[test]
    fn what_follows_a_flag_is_no_flag() {
        use clap::CommandFactory;
        let given = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            given(&Sample::command(), &words).join(" ")
        };
        assert_eq!(given(&["--flag", "--set", "--name", "--set=1", "x", "--flag=0"]), "flag set set flag");
        assert_eq!(given(&["-n", "--flag", "-n=x", "--flag", "-nx", "--set"]), "flag set");
        assert_eq!(given(&["--", "--flag"]), "");
    }
}
