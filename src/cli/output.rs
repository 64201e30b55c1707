//! JSON and YAML as Helm prints them, and where output goes.

use std::io::Write as _;

use serde::Serialize;

use super::{Failure, Outcome};
use crate::gotemplate::{Value, errtext};
use crate::goyaml;

/// `-o`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// JSON in one line, with the characters escaped that Go's encoder escapes for HTML.
///
/// # Errors
/// What cannot be written as JSON.
pub fn json(value: &impl Serialize) -> Result<String, Failure> {
    let plain = serde_json::to_string(value)
        .map_err(|error| Failure::Failed(format!("Error: unable to write JSON output: {error}")))?;
    let mut text = String::with_capacity(plain.len() + 1);
    for c in plain.chars() {
        match c {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            c => text.push(c),
        }
    }
    text.push('\n');
    Ok(text)
}

/// YAML as Helm's encoder writes it: keys sorted.
///
/// # Errors
/// What cannot be written as YAML.
pub fn yaml(value: &Value) -> Result<String, Failure> {
    let text = goyaml::to_yaml(value)
        .map_err(|error| Failure::Failed(format!("Error: unable to write YAML output: {error}")))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// A JSON value as the YAML writer takes it: whole numbers stay whole, as in a Go struct with integer fields.
pub fn plain(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Number(number) => {
            number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap_or_default()), Value::int64)
        }
        serde_json::Value::Array(items) => Value::list(items.iter().map(plain).collect()),
        serde_json::Value::Object(entries) => {
            Value::map(entries.iter().map(|(key, value)| (key.as_str(), plain(value))))
        }
        other => crate::release::chart::from_json(other),
    }
}

/// Says a line on stdout. What was done stays done when nobody hears it.
pub fn say(line: std::fmt::Arguments<'_>) {
    let _ = std::io::stdout().lock().write_fmt(format_args!("{line}\n"));
}

/// Says a line on stderr, which may hold what is not UTF-8 as [`errtext`] says. There is nobody to tell when it is closed.
pub fn complain(line: &str) {
    let _ = std::io::stderr().lock().write_all(&[&errtext::bytes(line), &b"\n"[..]].concat());
}

/// Writes results.
///
/// # Errors
/// As [`printed`].
pub fn print(bytes: &[u8]) -> Outcome {
    printed(std::io::stdout().lock().write_all(bytes))
}

/// A reader that has gone (`| head`) is no failure of ours.
///
/// # Errors
/// Results could not be written otherwise.
pub fn printed(written: std::io::Result<()>) -> Outcome {
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Failed(format!("Error: cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_escaped_as_go_escapes() {
        assert_eq!(json(&serde_json::json!({"a": "<&>"})).ok().as_deref(), Some("{\"a\":\"\\u003c\\u0026\\u003e\"}\n"));
    }
}
