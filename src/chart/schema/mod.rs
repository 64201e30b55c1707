//! Checking values against `values.schema.json`, with the messages of Helm's JSON schema library.

mod cost;
mod formats;
mod patterns;
mod quick;

use std::collections::HashSet;
use std::error::Error as StdError;
use std::fmt::Write;

use boon::{CompileError, Compiler, ErrorKind, Schemas, SchemeUrlLoader, UrlLoader, ValidationError};
use serde_json::Value as Json;

use super::notice::quote as go_quote;
use super::{Chart, Error, Notices};
use crate::gotemplate::{Map, Value};
use crate::goyaml;
use crate::sprig::check;

const LOCATION: &str = "file:///values.schema.json";
/// How deep a schema may be nested.
const MAX_DEPTH: i32 = 500;
/// The stack for schemas and values as deep as they may be.
const STACK: usize = 64 << 20;

/// Checks the coalesced values of a chart and its subcharts against their schemas.
///
/// # Errors
/// What does not fit, chart by chart.
pub fn validate(chart: &Chart, values: &Map, notices: &Notices) -> Result<(), Error> {
    let mut problems = String::new();
    collect(chart, values, notices, &mut problems);
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::new(format!(
        "values don't meet the specifications of the schema(s) in the following chart(s):\n{problems}"
    )))
}

fn collect(chart: &Chart, values: &Map, notices: &Notices, problems: &mut String) {
    if let Some(schema) = &chart.schema {
        notices.debug("chart name", || vec![("chart-name", chart.name().to_string())]);
        if let Err(problem) = validate_against(values, schema.as_bytes(), notices) {
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
                Some(map) => collect(sub, map, notices, problems),
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

/// Checks values against one schema.
///
/// # Errors
/// Helm's text.
pub fn validate_against(values: &Map, schema: &[u8], notices: &Notices) -> Result<(), String> {
    notices.debug("unmarshalled JSON schema", || vec![("schema", String::from_utf8_lossy(schema).into_owned())]);
    let schema = read(schema)?;
    if quick::fits(&schema, values) {
        return Ok(());
    }
    // The validator walks through schemas and values by recursion.
    stacker::grow(STACK, || validate_fully(values, schema, notices))
}

fn validate_fully(values: &Map, mut schema: Json, notices: &Notices) -> Result<(), String> {
    let mut compiler = Compiler::new();
    let mut loader = SchemeUrlLoader::new();
    loader.register("file", Box::new(FileLoader));
    loader.register("http", Box::new(NoNetwork));
    loader.register("https", Box::new(NoNetwork));
    loader.register("urn", Box::new(Permissive));
    compiler.use_loader(Box::new(loader));
    formats::register(&mut compiler);
    warn_of_urns(&schema, notices);
    check_draft(&schema)?;
    patterns::replace(&mut schema);
    let instance = to_json_map(values);
    cost::check(&schema, &instance)?;
    compiler.add_resource(LOCATION, schema).map_err(|e| compile_error(&e))?;
    let mut schemas = Schemas::new();
    let index = compiler.compile(LOCATION, &mut schemas).map_err(|e| compile_error(&e))?;
    let Err(error) = schemas.validate(&instance, index) else { return Ok(()) };
    let mut text = String::new();
    describe_all(&error.causes, error.schema_url, &mut text);
    Err(format!("{}\n", text.strip_prefix('\n').unwrap_or(&text)))
}

/// Reads a schema. What Go reads more generously, such as half of a surrogate pair, goes through Go's own reader.
fn read(text: &[u8]) -> Result<Json, String> {
    if let Ok(schema) = serde_json::from_slice(text) {
        return Ok(schema);
    }
    if is_deep(text) {
        return Err(format!("the schema is nested more than {MAX_DEPTH} levels deep"));
    }
    let (schema, end) = goyaml::from_json_prefix(text).map_err(|e| e.to_string())?;
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

/// Refuses a `$schema` that is no absolute URL.
fn check_draft(schema: &Json) -> Result<(), String> {
    let Some(draft) = schema.get("$schema").and_then(Json::as_str) else { return Ok(()) };
    match check::url(draft) {
        Ok(url) if url.absolute => Ok(()),
        Ok(_) => Err(no_loader(draft.split('#').next().unwrap_or(draft))),
        Err(error) => Err(format!("invalid $schema in {}: {error}", go_quote(&format!("{LOCATION}#")))),
    }
}

fn no_loader(url: &str) -> String {
    format!("failing loading {0}: no URLLoader registered for {0}", go_quote(url))
}

struct FileLoader;

impl UrlLoader for FileLoader {
    fn load(&self, url: &str) -> Result<Json, Box<dyn StdError>> {
        let path = url.strip_prefix("file://").unwrap_or(url);
        let data = crate::chart::goerr::read_file(std::path::Path::new(path))?;
        Ok(serde_json::from_slice(&data)?)
    }
}

/// Schemas elsewhere are not fetched: a rendering must not depend on the network.
struct NoNetwork;

impl UrlLoader for NoNetwork {
    fn load(&self, _url: &str) -> Result<Json, Box<dyn StdError>> {
        Err("schemas are not loaded from the network; put it into the chart or use --skip-schema-validation".into())
    }
}

/// A name that nobody resolves allows everything, as in Helm.
struct Permissive;

impl UrlLoader for Permissive {
    fn load(&self, _url: &str) -> Result<Json, Box<dyn StdError>> {
        Ok(Json::Bool(true))
    }
}

fn warn_of_urns(schema: &Json, notices: &Notices) {
    match schema {
        Json::Object(entries) => {
            if let Some(Json::String(reference)) = entries.get("$ref")
                && reference.starts_with("urn:")
            {
                let urn = reference.split('#').next().unwrap_or(reference);
                notices
                    .warn("unresolved URN reference ignored; using permissive schema", vec![("urn", urn.to_string())]);
            }
            entries.values().for_each(|value| warn_of_urns(value, notices));
        }
        Json::Array(items) => items.iter().for_each(|value| warn_of_urns(value, notices)),
        _ => {}
    }
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

/// The causes that Helm's library finds, too: it looks no further at a text that is not of the format.
fn found<'e, 's, 'v>(causes: &'e [ValidationError<'s, 'v>]) -> impl Iterator<Item = &'e ValidationError<'s, 'v>> {
    let is_format = |cause: &ValidationError<'_, '_>| matches!(cause.kind, ErrorKind::Format { .. });
    let place = |cause: &ValidationError<'_, '_>| (cause.schema_url.to_string(), cause.instance_location.to_string());
    let ended: HashSet<_> = causes.iter().filter(|cause| is_format(cause)).map(place).collect();
    causes.iter().filter(move |cause| is_format(cause) || ended.is_empty() || !ended.contains(&place(cause)))
}

/// What a schema finds. The validator puts the failures of a single branch of a group (`allOf` and the like) among those of the
/// schema itself; in Helm's library they are a group of their own.
fn describe_all(causes: &[ValidationError<'_, '_>], base: &str, out: &mut String) {
    let causes: Vec<_> = found(causes).collect();
    let branches: Option<Vec<_>> = causes.iter().map(|cause| branch(cause, base)).collect();
    match branches.as_deref() {
        Some([first, others @ ..]) if !others.is_empty() && others.iter().all(|other| other == first) => {
            let (place, keyword) = left_out(causes[0], base).swap_remove(0);
            let none = if keyword == "oneOf" { ", none matched" } else { "" };
            line(1, &place, &format!("'{keyword}' failed{none}"), out);
            line(2, &place, &reason(&ErrorKind::Group), out);
            for cause in causes {
                describe(cause, first, 3, out);
            }
        }
        _ => causes.into_iter().for_each(|cause| describe(cause, base, 1, out)),
    }
}

/// The branch of the outermost group, right in the schema itself, in which an error was found.
fn branch(error: &ValidationError<'_, '_>, base: &str) -> Option<String> {
    let path = error.schema_url.strip_prefix(base)?;
    let mut steps = path.split('/').filter(|step| !step.is_empty() && *step != "#");
    let keyword = steps.next().filter(|step| matches!(*step, "allOf" | "anyOf" | "oneOf"))?;
    let number = steps.next()?;
    let end = path.find(keyword)? + keyword.len() + 1 + number.len();
    Some(format!("{base}{}", &path[..end]))
}

/// One line for an error and its causes below it; `base` is the schema from which its own place is counted.
fn describe(error: &ValidationError<'_, '_>, base: &str, depth: usize, out: &mut String) {
    let mut inner = depth;
    for (place, keyword) in left_out(error, base) {
        let none = if keyword == "oneOf" { ", none matched" } else { "" };
        line(inner, &place, &format!("'{keyword}' failed{none}"), out);
        inner += 1;
    }
    let causes: Vec<_> = found(&error.causes).collect();
    let only_leads_on = causes.len() == 1 && matches!(error.kind, ErrorKind::Reference { .. } | ErrorKind::Group);
    if !only_leads_on {
        line(inner, &patterns::original_place(&error.instance_location.to_string()), &reason(&error.kind), out);
        inner += 1;
    }
    let base = match &error.kind {
        ErrorKind::Reference { url, .. } => (*url).to_string(),
        // The branches of a group are counted from the schema that lists them.
        ErrorKind::AllOf => format!("{}/allOf", error.schema_url),
        ErrorKind::AnyOf => format!("{}/anyOf", error.schema_url),
        ErrorKind::OneOf(_) => format!("{}/oneOf", error.schema_url),
        _ => error.schema_url.to_string(),
    };
    for cause in causes {
        describe(cause, &base, inner, out);
    }
}

fn line(depth: usize, place: &str, reason: &str, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = write!(out, "\n{}- at {}: {reason}", "  ".repeat(depth - 1), quote(place));
}

/// The groups (`allOf` and the like) between a schema and an error in one of its branches. The validator leaves out those with
/// a single failure, Helm's shows them: place in the values and keyword of each.
fn left_out(error: &ValidationError<'_, '_>, base: &str) -> Vec<(String, &'static str)> {
    let Some(path) = error.schema_url.strip_prefix(base) else { return Vec::new() };
    let mut steps = path.split('/').filter(|step| !step.is_empty() && *step != "#").peekable();
    if base.ends_with("Of") {
        // The number of the branch of a group that is shown.
        steps.next();
    }
    // How many elements of the place each step goes down, to find the place of a group from its end.
    let mut found: Vec<(usize, &'static str)> = Vec::new();
    let mut down = 0;
    // The names on the way: the place of an error in a name is the name itself, from which nothing leads up.
    let mut names = Vec::new();
    while let Some(step) = steps.next() {
        match step {
            "allOf" | "anyOf" | "oneOf" => {
                steps.next();
                found.push((
                    down,
                    if step == "allOf" {
                        "allOf"
                    } else if step == "anyOf" {
                        "anyOf"
                    } else {
                        "oneOf"
                    },
                ));
            }
            "properties" | "patternProperties" | "prefixItems" => {
                names.extend(steps.next());
                down += 1;
            }
            "items" | "additionalItems" | "unevaluatedItems" | "contains" => {
                steps.next_if(|next| next.bytes().all(|b| b.is_ascii_digit()));
                down += 1;
            }
            "additionalProperties" | "unevaluatedProperties" => down += 1,
            "dependentSchemas" | "dependencies" | "$defs" | "definitions" => {
                steps.next();
            }
            _ => {}
        }
    }
    let place = patterns::original_place(&error.instance_location.to_string());
    let tokens: Vec<&str> = match error.kind {
        ErrorKind::PropertyName { .. } if names.len() == down => names,
        _ => place.split('/').skip(1).collect(),
    };
    let above = tokens.len().saturating_sub(down);
    let place = |down: usize| tokens.iter().take(above + down).fold(String::new(), |p, token| p + "/" + token);
    found.into_iter().map(|(down, keyword)| (place(down), keyword)).collect()
}

fn reason(kind: &ErrorKind<'_, '_>) -> String {
    match kind {
        ErrorKind::Group | ErrorKind::Reference { .. } => "validation failed".into(),
        ErrorKind::Schema { url } => format!("jsonschema validation failed with {}", quote(url)),
        ErrorKind::ContentSchema => "'contentSchema' failed".into(),
        ErrorKind::PropertyName { prop } => format!("invalid propertyName {}", quote(&patterns::original(prop))),
        ErrorKind::RefCycle { url, kw_loc1, kw_loc2 } => {
            format!("both {kw_loc1} and {kw_loc2} resolve to {} causing reference cycle", go_quote(url))
        }
        ErrorKind::FalseSchema => "false schema".into(),
        ErrorKind::Type { got, want } => {
            let want: Vec<String> = want.iter().map(|t| t.to_string()).collect();
            format!("got {got}, want {}", want.join(" or "))
        }
        ErrorKind::Enum { want } => match want.as_slice() {
            want if want.iter().any(|v| v.is_array() || v.is_object()) => "'enum' failed".into(),
            [only] => format!("value must be {}", display(only)),
            want => format!("value must be one of {}", want.iter().map(display).collect::<Vec<_>>().join(", ")),
        },
        ErrorKind::Const { want } if want.is_array() || want.is_object() => "'const' failed".into(),
        ErrorKind::Const { want } => format!("value must be {}", display(want)),
        // The validator judges the expressions of schemas by its own rules; the words are Go's.
        ErrorKind::Format { got, want: "regex", err } => {
            let Some(expression) = got.as_str().map(patterns::original) else { return err.to_string() };
            let problem = check::expression(&expression).err().unwrap_or_else(|| err.to_string());
            format!("{} is not valid regex: {problem}", quote(&expression))
        }
        ErrorKind::Format { got, want: patterns::FORMAT, err } => format!("{} is not valid regex: {err}", display(got)),
        ErrorKind::Format { got, want, err } => format!("{} is not valid {want}: {err}", display(got)),
        ErrorKind::MinProperties { got, want } => counted("minProperties", *got, *want),
        ErrorKind::MaxProperties { got, want } => counted("maxProperties", *got, *want),
        ErrorKind::MinItems { got, want } => counted("minItems", *got, *want),
        ErrorKind::MaxItems { got, want } => counted("maxItems", *got, *want),
        ErrorKind::MinLength { got, want } => counted("minLength", *got, *want),
        ErrorKind::MaxLength { got, want } => counted("maxLength", *got, *want),
        ErrorKind::AdditionalProperties { got } => {
            format!("additional properties {} not allowed", quoted_list(got.iter().map(|s| &**s)))
        }
        ErrorKind::AdditionalItems { got } => format!("last {} additionalItem(s) not allowed", grouped(*got)),
        ErrorKind::Required { want } if want.len() == 1 => format!("missing property {}", quote(want[0])),
        ErrorKind::Required { want } => format!("missing properties {}", quoted_list(want.iter().copied())),
        ErrorKind::Dependency { prop, missing } | ErrorKind::DependentRequired { prop, missing } => {
            format!("properties {} required, if {} exists", quoted_list(missing.iter().copied()), quote(prop))
        }
        ErrorKind::UniqueItems { got: [i, j] } => format!("items at {} and {} are equal", grouped(*i), grouped(*j)),
        ErrorKind::Contains => "no items match contains schema".into(),
        ErrorKind::MinContains { got, want } if got.is_empty() => {
            format!("min {} items required to match contains schema, but none matched", grouped(*want))
        }
        ErrorKind::MinContains { got, want } => contained("min", got, *want),
        ErrorKind::MaxContains { got, want } => contained("max", got, *want),
        ErrorKind::Pattern { got, want } => {
            format!("{} does not match pattern {}", quote(got), quote(&patterns::original(want)))
        }
        ErrorKind::ContentEncoding { want, err } => format!("value is not {} encoded: {err}", quote(want)),
        ErrorKind::ContentMediaType { want, err, .. } => format!("value if not of mediatype {}: {err}", quote(want)),
        ErrorKind::Minimum { got, want } => compared("minimum", got, want),
        ErrorKind::Maximum { got, want } => compared("maximum", got, want),
        ErrorKind::ExclusiveMinimum { got, want } => compared("exclusiveMinimum", got, want),
        ErrorKind::ExclusiveMaximum { got, want } => compared("exclusiveMaximum", got, want),
        ErrorKind::MultipleOf { got, want } => compared("multipleOf", got, want),
        ErrorKind::Not => "'not' failed".into(),
        ErrorKind::AllOf => "'allOf' failed".into(),
        ErrorKind::AnyOf => "'anyOf' failed".into(),
        ErrorKind::OneOf(None) => "'oneOf' failed, none matched".into(),
        ErrorKind::OneOf(Some((i, j))) => {
            format!("'oneOf' failed, subschemas {}, {} matched", grouped(*i), grouped(*j))
        }
    }
}

fn counted(keyword: &str, got: usize, want: usize) -> String {
    format!("{keyword}: got {}, want {}", grouped(got), grouped(want))
}

fn contained(bound: &str, got: &[usize], want: usize) -> String {
    let places: Vec<String> = got.iter().map(ToString::to_string).collect();
    format!(
        "{bound} {} items required to match contains schema, but matched {} items at {}",
        grouped(want),
        grouped(got.len()),
        places.join(" ")
    )
}

fn compared(keyword: &str, got: &serde_json::Number, want: &serde_json::Number) -> String {
    format!("{keyword}: got {}, want {}", grouped_number(got), grouped_number(want))
}

/// A number as English writes it, which Helm's library does: 65,535 and 1.5×10⁰⁶.
fn grouped_number(number: &serde_json::Number) -> String {
    let plain = crate::gotemplate::strconv::format_float(number.as_f64().unwrap_or_default(), b'g', None);
    let (sign, plain) = plain.strip_prefix('-').map_or(("", plain.as_str()), |digits| ("-", digits));
    let (digits, exponent) = plain.split_once('e').map_or((plain, ""), |(d, e)| (d, e));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let mut text = format!("{sign}{}", group(whole));
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    if !exponent.is_empty() {
        text.push_str("×10");
        text.extend(exponent.chars().filter_map(|c| match c {
            '-' => Some('⁻'),
            c => c.to_digit(10).map(|d| ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][d as usize]),
        }));
    }
    text
}

fn grouped(number: usize) -> String {
    group(&number.to_string())
}

fn group(digits: &str) -> String {
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// The library's quotes: single ones around Go's escapes.
fn quote(text: &str) -> String {
    let quoted = go_quote(text).replace("\\\"", "\"").replace('\'', "\\'");
    format!("'{}'", &quoted[1..quoted.len() - 1])
}

fn quoted_list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    items.map(quote).collect::<Vec<_>>().join(", ")
}

fn display(value: &Json) -> String {
    match value {
        Json::String(s) => quote(s),
        Json::Array(_) | Json::Object(_) => "value".into(),
        Json::Null => "<nil>".into(),
        other => other.to_string(),
    }
}

fn compile_error(error: &CompileError) -> String {
    match error {
        CompileError::LoadUrlError { url, src } if src.to_string().starts_with("unsupported scheme") => no_loader(url),
        CompileError::LoadUrlError { url, src } => format!("failing loading {}: {src}", go_quote(url)),
        CompileError::UnsupportedUrlScheme { url } => no_loader(url),
        CompileError::UnsupportedDraft { url } => format!("draft {} is not supported", go_quote(url)),
        CompileError::MetaSchemaCycle { url } => format!("cycle in resolving $schema in {}", go_quote(url)),
        CompileError::ValidationError { url, src } => {
            let mut text = String::new();
            for cause in found(&src.causes) {
                describe(cause, src.schema_url, 1, &mut text);
            }
            let inner = format!("{}{text}", reason(&src.kind));
            format!("{} is not valid against metaschema: {inner}", go_quote(url))
        }
        CompileError::InvalidRegex { url, regex, src } => {
            format!("invalid regex {} at {}: {src}", go_quote(&patterns::original(regex)), go_quote(url))
        }
        CompileError::JsonPointerNotFound(place) => format!("json-pointer in {} not found", go_quote(place)),
        CompileError::AnchorNotFound { url, reference } => {
            format!("anchor in {} not found in schema {}", go_quote(reference), go_quote(url))
        }
        other => other.to_string(),
    }
}
