//! What is wrong with a value, in the words of Helm's JSON schema library.

use std::fmt::Write;

use boon::ErrorKind;
use serde_json::Value as Json;

use super::super::notice::quote as go_quote;
use super::judge::{Failure, Role};
use super::{formats, patterns};
use crate::sprig::check;

/// All that a schema found.
pub fn all(failure: &Failure) -> String {
    let mut text = String::new();
    match failure.role {
        Role::Group => failure.causes.iter().for_each(|cause| describe(cause, 1, &mut text)),
        _ => describe(failure, 1, &mut text),
    }
    format!("{}\n", text.strip_prefix('\n').unwrap_or(&text))
}

/// One line for a failure and its causes below it.
fn describe(failure: &Failure, depth: usize, out: &mut String) {
    let only_leads_on = failure.role == Role::Reference && failure.causes.len() == 1;
    if !only_leads_on {
        line(depth, &failure.place, &failure.reason, out);
    }
    let depth = depth + usize::from(!only_leads_on);
    failure.causes.iter().for_each(|cause| describe(cause, depth, out));
}

/// One line of what a schema found, and a line break before it.
pub fn line(depth: usize, place: &str, reason: &str, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = write!(out, "\n{}- at {}: {reason}", "  ".repeat(depth - 1), quote(place));
}

/// What is wrong, without the place.
pub fn reason(kind: &ErrorKind<'_, '_>) -> String {
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
        ErrorKind::Format { got, want: formats::EXPRESSION, err } => {
            format!("{} is not valid regex: {err}", display(got))
        }
        ErrorKind::Format { got, want, err } => {
            // Schemas it judges by its own formats.
            let own = formats::of(want).and_then(|(_, judge)| judge(got.as_str()?).err());
            format!("{} is not valid {want}: {}", display(got), own.unwrap_or_else(|| err.to_string()))
        }
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
    // What is beyond is read as the last number.
    match number.as_f64() {
        Some(f64::MAX) => return "∞".into(),
        Some(f64::MIN) => return "-∞".into(),
        _ => {}
    }
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
