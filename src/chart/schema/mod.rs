//! Checking values against `values.schema.json`, with the messages of Helm's JSON schema library.

mod cost;
mod decimal;
mod formats;
mod judge;
mod library;
mod patterns;
mod plain;
mod rational;
mod remote;
mod words;

use std::fmt::Write;
use std::rc::Rc;

use serde_json::Value as Json;

use self::judge::Refusal;
pub use self::remote::Fetch;
use super::{Chart, Error, Notices};
use crate::gotemplate::{Map, Value};
use crate::goyaml;

const LOCATION: &str = "file:///values.schema.json";
/// How deep a schema may be nested.
const MAX_DEPTH: i32 = 500;
/// The stack for schemas and values as deep as they may be.
const STACK: usize = 64 << 20;

/// Checks the coalesced values of a chart and its subcharts against their schemas. Without `fetch`, references to the network
/// are errors.
///
/// # Errors
/// What does not fit, chart by chart.
pub fn validate(chart: &Chart, values: &Map, fetch: Option<&Rc<dyn Fetch>>, notices: &Notices) -> Result<(), Error> {
    let mut problems = String::new();
    collect(chart, values, fetch, notices, &mut problems);
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::new(format!(
        "values don't meet the specifications of the schema(s) in the following chart(s):\n{problems}"
    )))
}

fn collect(chart: &Chart, values: &Map, fetch: Option<&Rc<dyn Fetch>>, notices: &Notices, problems: &mut String) {
    if let Some(schema) = &chart.schema {
        notices.debug("chart name", || vec![("chart-name", chart.name().to_string())]);
        if let Err(problem) = validate_against(values, schema.as_bytes(), fetch, notices) {
            problems.push_str(chart.name());
            problems.push_str(":\n");
            problems.push_str(&problem);
        }
    }
    notices.debug("number of dependencies in the chart", || {
        vec![("chart", chart.name().to_string()), ("dependencies", chart.dependencies.len().to_string())]
    });
    for sub in &chart.dependencies {
        match values.get(sub.name()) {
            None | Some(Value::Nil) => {}
            Some(value) => match crate::chart::coalesce::table(&value) {
                Some(map) => collect(sub, map, fetch, notices, problems),
                None => {
                    // Writing to a string cannot fail.
                    let _ = writeln!(
                        problems,
                        "{}:\ninvalid type for values: expected object (map), got {}",
                        sub.name(),
                        value.type_name()
                    );
                }
            },
        }
    }
}

/// Checks values against one schema, as [`validate`].
///
/// # Errors
/// Helm's text.
pub fn validate_against(
    values: &Map,
    schema: &[u8],
    fetch: Option<&Rc<dyn Fetch>>,
    notices: &Notices,
) -> Result<(), String> {
    let text = schema;
    let schema = read(text)?;
    notices.debug_bytes("unmarshalled JSON schema", "schema", text);
    // Schemas and values are walked through by recursion.
    stacker::grow(STACK, || validate_deep(&schema, &to_json_map(values), fetch, notices))
}

fn validate_deep(
    schema: &Json,
    instance: &Json,
    fetch: Option<&Rc<dyn Fetch>>,
    notices: &Notices,
) -> Result<(), String> {
    // The library reads the schemas of all drafts before it looks at anything, which takes longer than rendering a chart.
    if plain::is_plain(schema)
        && let Ok(verdict) = judge::judge(schema, instance)
    {
        return verdict.map_err(|failure| words::all(&failure));
    }
    let library = library::Compiled::new(schema, instance, fetch, notices)?;
    match judge::judge(schema, instance) {
        Ok(verdict) => verdict.map_err(|failure| words::all(&failure)),
        Err(Refusal::Work(problem)) => Err(problem),
        Err(Refusal::Unknown) => library.validate(instance),
    }
}

/// Reads a schema. What Go reads more generously, such as half of a surrogate pair or a number of any size, goes through Go's own
/// reader.
fn read(text: &[u8]) -> Result<Json, String> {
    if let Ok(schema) = serde_json::from_slice(text) {
        return Ok(schema);
    }
    if is_deep(text) {
        return Err(format!("the schema is nested more than {MAX_DEPTH} levels deep"));
    }
    let (schema, end) = goyaml::from_json_prefix_with_all_numbers(text).map_err(|e| e.to_string())?;
    if text[end..].trim_ascii().is_empty() {
        Ok(to_json(&schema))
    } else {
        Err("invalid character after top-level value".into())
    }
}

/// Whether there are more brackets within each other than a schema needs.
fn is_deep(text: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0, false, false);
    for byte in text {
        match byte {
            _ if std::mem::take(&mut escaped) => {}
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth -= 1,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

fn to_json_map(map: &Map) -> Json {
    Json::Object(map.borrow().iter().map(|(k, v)| (k.to_str().into_owned(), to_json(v))).collect())
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::Nil | Value::Complex(_) | Value::Object(_) => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(i, _) => (*i).into(),
        Value::Uint(u, _) => (*u).into(),
        // A whole number is an integer, however it was written.
        Value::Float(f) if f.fract() == 0.0 && f.abs() < 9e15 => (*f as i64).into(),
        Value::Float(f) => (*f).into(),
        Value::Str(s) => Json::String(s.to_str().into_owned()),
        Value::Bytes(b) => Json::String(String::from_utf8_lossy(b).into_owned()),
        Value::List(list) => Json::Array(list.items.iter().map(to_json).collect()),
        Value::Map(map) => to_json_map(map),
    }
}
