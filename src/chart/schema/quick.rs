//! A quick judgement of values by a schema, for the usual case: a plain schema, and values that fit.
//!
//! The full validator compiles the schemas of all drafts before it looks at anything, which takes longer than rendering a
//! chart. Whatever is not plain here is left to it, and so is saying what is wrong.

use std::cell::Cell;

use serde_json::Value as Json;

use crate::gotemplate::{Map, Value, runes};
use crate::sprig::check;

/// References nested deeper than this are left to the full validator.
const MAX_DEPTH: usize = 100;
/// What takes more steps is left to it, too.
const MAX_STEPS: u32 = 1_000_000;
/// To find whether more items are unique takes too long here.
const MAX_UNIQUE: usize = 1000;

/// Keywords whose meaning is left to the full validator.
const NOT_PLAIN: [&str; 21] = [
    "$anchor",
    "$dynamicAnchor",
    "$dynamicRef",
    "$id",
    "$recursiveAnchor",
    "$recursiveRef",
    "$vocabulary",
    "additionalItems",
    "contains",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "id",
    "maxContains",
    "minContains",
    "prefixItems",
    "unevaluatedItems",
    "unevaluatedProperties",
];

const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

/// Whether the values fit the schema for certain. `false` says nothing.
pub fn fits(schema: &Json, values: &Map) -> bool {
    let draft = schema.get("$schema").map_or(Some(Draft::Recent), |url| Draft::of(url.as_str()?));
    let Some(draft) = draft else { return false };
    let judge = Judge { root: schema, draft, steps: Cell::new(0) };
    let whole = Value::map(values.borrow().iter().map(|(k, v)| (k.clone(), v.clone())));
    judge.is_plain(schema, 0) && judge.value(schema, &whole, 0) == Some(true)
}

/// The drafts that differ only in what is not plain, but for two things.
#[derive(Clone, Copy, PartialEq)]
enum Draft {
    /// Draft 6 and 7: formats are checked, and nothing beside a reference counts.
    Old,
    /// 2019-09 and 2020-12.
    Recent,
}

impl Draft {
    fn of(url: &str) -> Option<Self> {
        let url = url.strip_prefix("http").map(|u| u.strip_prefix('s').unwrap_or(u))?;
        match url.trim_end_matches('#') {
            "://json-schema.org/draft-06/schema" | "://json-schema.org/draft-07/schema" => Some(Self::Old),
            "://json-schema.org/draft/2019-09/schema"
            | "://json-schema.org/draft/2020-12/schema"
            // The latest one, whichever that is.
            | "://json-schema.org/schema" => Some(Self::Recent),
            _ => None,
        }
    }
}

struct Judge<'s> {
    root: &'s Json,
    draft: Draft,
    /// How often a schema met a value.
    steps: Cell<u32>,
}

impl<'s> Judge<'s> {
    /// Whether a schema is well-formed and says nothing that is not understood here.
    fn is_plain(&self, schema: &Json, depth: usize) -> bool {
        if depth > MAX_DEPTH {
            return false;
        }
        let Json::Object(keywords) = schema else { return schema.is_boolean() };
        keywords.iter().all(|(keyword, value)| {
            let plain = |schema: &Json| self.is_plain(schema, depth + 1);
            match keyword.as_str() {
                "type" => match value {
                    Json::String(name) => TYPES.contains(&name.as_str()),
                    Json::Array(names) => {
                        let known = |name: &Json| name.as_str().is_some_and(|name| TYPES.contains(&name));
                        !names.is_empty() && names.iter().all(known) && are_unique(names)
                    }
                    _ => false,
                },
                "properties" | "definitions" | "$defs" => value.as_object().is_some_and(|o| o.values().all(plain)),
                "patternProperties" => {
                    let valid =
                        |(pattern, schema): (&String, &Json)| check::expression(pattern).is_ok() && plain(schema);
                    value.as_object().is_some_and(|o| o.iter().all(valid))
                }
                "additionalProperties" | "propertyNames" | "items" | "not" | "if" | "then" | "else" => plain(value),
                "allOf" | "anyOf" | "oneOf" => value.as_array().is_some_and(|a| !a.is_empty() && a.iter().all(plain)),
                "required" => value.as_array().is_some_and(|a| a.iter().all(Json::is_string) && are_unique(a)),
                "enum" => value.as_array().is_some_and(|a| !a.is_empty() && are_unique(a)),
                "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => value.is_number(),
                "multipleOf" => value.as_i64().is_some_and(|n| n > 0),
                "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => {
                    value.is_u64()
                }
                "uniqueItems" | "deprecated" | "readOnly" | "writeOnly" => value.is_boolean(),
                "pattern" => value.as_str().is_some_and(|pattern| check::expression(pattern).is_ok()),
                "title" | "description" | "$comment" | "$schema" | "format" => value.is_string(),
                "examples" => value.is_array(),
                "$ref" => self.target(value).is_some(),
                other => !NOT_PLAIN.contains(&other),
            }
        })
    }

    /// What a reference inside the document refers to, if it is one of the places that are looked through anyway.
    fn target(&self, reference: &Json) -> Option<&'s Json> {
        let pointer = reference.as_str()?.strip_prefix('#')?;
        let known = ["/definitions/", "/$defs/"].iter().any(|place| pointer.starts_with(place));
        // Deeper places might be no schemas; escapes are rare.
        let simple = pointer.matches('/').count() == 2 && !pointer.contains(['%', '~']);
        if pointer.is_empty() { Some(self.root) } else { self.root.pointer(pointer).filter(|_| known && simple) }
    }

    /// Whether a value fits; `None` if that is hard to say.
    fn value(&self, schema: &Json, value: &Value, depth: usize) -> Option<bool> {
        self.steps.set(self.steps.get() + 1);
        if depth > MAX_DEPTH || self.steps.get() > MAX_STEPS {
            return None;
        }
        let Json::Object(keywords) = schema else { return schema.as_bool() };
        if let Some(reference) = keywords.get("$ref") {
            let target = self.value(self.target(reference)?, value, depth + 1)?;
            if !target || self.draft == Draft::Old {
                return Some(target);
            }
        }
        for (keyword, rule) in keywords {
            let fits = match keyword.as_str() {
                "type" => match rule {
                    Json::Array(names) => names.iter().any(|name| is_of_type(value, name)),
                    name => is_of_type(value, name),
                },
                "enum" => rule.as_array()?.iter().any(|one| equals(one, value)),
                "const" => equals(rule, value),
                "allOf" | "anyOf" | "oneOf" => {
                    let mut matched = 0;
                    let schemas = rule.as_array()?;
                    for schema in schemas {
                        matched += usize::from(self.value(schema, value, depth + 1)?);
                    }
                    match keyword.as_str() {
                        "allOf" => matched == schemas.len(),
                        "anyOf" => matched > 0,
                        _ => matched == 1,
                    }
                }
                "not" => !self.value(rule, value, depth + 1)?,
                "if" => {
                    let branch = if self.value(rule, value, depth + 1)? { "then" } else { "else" };
                    keywords.get(branch).map_or(Some(true), |branch| self.value(branch, value, depth + 1))?
                }
                // The validator knows the formats.
                "format" if self.draft == Draft::Old && value.as_str().is_some() => return None,
                _ => true,
            };
            if !fits {
                return Some(false);
            }
        }
        match value {
            Value::Map(map) => self.object(schema, map, depth),
            Value::List(list) => self.array(schema, &list.items, depth),
            Value::Str(text) => string(schema, &text.to_str()),
            Value::Int(..) | Value::Uint(..) | Value::Float(_) => number(schema, to_float(value)?),
            Value::Nil | Value::Bool(_) => Some(true),
            _ => None,
        }
    }

    fn object(&self, schema: &Json, map: &Map, depth: usize) -> Option<bool> {
        let Json::Object(keywords) = schema else { return schema.as_bool() };
        let entries = map.borrow();
        let required = keywords.get("required").and_then(Json::as_array).into_iter().flatten();
        if !required.filter_map(Json::as_str).all(|name| entries.contains_key(name.as_bytes())) {
            return Some(false);
        }
        if !within(keywords, "minProperties", "maxProperties", entries.len()) {
            return Some(false);
        }
        let properties = keywords.get("properties").and_then(Json::as_object);
        let patterns = keywords.get("patternProperties").and_then(Json::as_object);
        for (key, value) in entries.iter() {
            let name = key.to_str();
            let mut evaluated = false;
            if let Some(schema) = properties.and_then(|p| p.get(&*name)) {
                evaluated = true;
                if !self.value(schema, value, depth + 1)? {
                    return Some(false);
                }
            }
            for (pattern, schema) in patterns.into_iter().flatten() {
                if check::matches(pattern, &name).ok()? {
                    evaluated = true;
                    if !self.value(schema, value, depth + 1)? {
                        return Some(false);
                    }
                }
            }
            if let Some(rest) = keywords.get("additionalProperties").filter(|_| !evaluated)
                && !self.value(rest, value, depth + 1)?
            {
                return Some(false);
            }
            if let Some(schema) = keywords.get("propertyNames")
                && !self.value(schema, &Value::Str(key.clone()), depth + 1)?
            {
                return Some(false);
            }
        }
        Some(true)
    }

    fn array(&self, schema: &Json, items: &[Value], depth: usize) -> Option<bool> {
        let Json::Object(keywords) = schema else { return schema.as_bool() };
        if !within(keywords, "minItems", "maxItems", items.len()) {
            return Some(false);
        }
        if keywords.get("uniqueItems") == Some(&Json::Bool(true)) && items.len() > 1 {
            return None;
        }
        if let Some(schema) = keywords.get("items") {
            for item in items {
                if !self.value(schema, item, depth + 1)? {
                    return Some(false);
                }
            }
        }
        Some(true)
    }
}

fn string(schema: &Json, text: &str) -> Option<bool> {
    let Json::Object(keywords) = schema else { return schema.as_bool() };
    if !within(keywords, "minLength", "maxLength", runes::rune_count(text.as_bytes())) {
        return Some(false);
    }
    match keywords.get("pattern").and_then(Json::as_str) {
        Some(pattern) => check::matches(pattern, text).ok(),
        None => Some(true),
    }
}

fn number(schema: &Json, number: f64) -> Option<bool> {
    let bound = |keyword: &str| schema.get(keyword).and_then(Json::as_f64);
    if let Some(divisor) = bound("multipleOf")
        && (number % divisor != 0.0 || number.abs() > 9e15)
    {
        return None;
    }
    Some(
        bound("minimum").is_none_or(|least| number >= least)
            && bound("maximum").is_none_or(|most| number <= most)
            && bound("exclusiveMinimum").is_none_or(|below| number > below)
            && bound("exclusiveMaximum").is_none_or(|above| number < above),
    )
}

fn within(keywords: &serde_json::Map<String, Json>, least: &str, most: &str, count: usize) -> bool {
    let bound = |keyword: &str| keywords.get(keyword).and_then(Json::as_u64);
    bound(least).is_none_or(|least| count as u64 >= least) && bound(most).is_none_or(|most| count as u64 <= most)
}

fn are_unique(items: &[Json]) -> bool {
    items.len() <= MAX_UNIQUE && items.iter().enumerate().all(|(i, item)| !items[..i].contains(item))
}

fn to_float(value: &Value) -> Option<f64> {
    match value {
        Value::Int(i, _) => Some(*i as f64),
        Value::Uint(u, _) => Some(*u as f64),
        Value::Float(f) => Some(*f),
        _ => None,
    }
}

fn is_of_type(value: &Value, name: &Json) -> bool {
    match name.as_str() {
        Some("null") => value.is_nil(),
        Some("boolean") => matches!(value, Value::Bool(_)),
        Some("string") => matches!(value, Value::Str(_)),
        Some("array") => matches!(value, Value::List(_)),
        Some("object") => matches!(value, Value::Map(_)),
        Some("number") => to_float(value).is_some(),
        Some("integer") => to_float(value).is_some_and(|f| f.fract() == 0.0),
        _ => false,
    }
}

fn equals(json: &Json, value: &Value) -> bool {
    match (json, value) {
        (Json::Null, Value::Nil) => true,
        (Json::Bool(a), Value::Bool(b)) => a == b,
        (Json::String(a), Value::Str(b)) => b == a.as_str(),
        (Json::Number(a), b) => a.as_f64().is_some_and(|a| to_float(b) == Some(a)),
        (Json::Array(a), Value::List(b)) => {
            a.len() == b.items.len() && a.iter().zip(&b.items).all(|(a, b)| equals(a, b))
        }
        (Json::Object(a), Value::Map(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equals(a, &b)))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goyaml;

    fn judged(schema: &str, values: &str) -> bool {
        let schema: Json = serde_json::from_str(schema).unwrap();
        let values = goyaml::from_yaml_map(values.as_bytes()).unwrap();
        fits(&schema, values.as_map().unwrap())
    }

    /// Nothing may be let through that the full validator refuses.
    #[test]
    fn what_does_not_fit_is_never_let_through() {
        for (schema, fitting, not_fitting) in [
            (r#"{"properties": {"a": {"type": "integer", "minimum": 1}}}"#, "a: 2", "a: 0"),
            (r#"{"properties": {"a": {"type": ["string", "null"]}}}"#, "a: null", "a: 1"),
            (r#"{"required": ["a"], "additionalProperties": false, "properties": {"a": true}}"#, "a: 1", "b: 1"),
            (r#"{"properties": {"a": {"enum": [1, "x", [true]]}}}"#, "a: [true]", "a: y"),
            (r#"{"properties": {"a": {"pattern": "^x+$", "maxLength": 3}}}"#, "a: xx", "a: xxxx"),
            (r#"{"properties": {"a": {"oneOf": [{"type": "integer"}, {"type": "number"}]}}}"#, "a: 1.5", "a: 1"),
            (r#"{"properties": {"a": {"items": {"type": "string"}, "minItems": 1}}}"#, "a: [x]", "a: [1]"),
            (r##"{"$defs": {"p": {"maximum": 5}}, "properties": {"a": {"$ref": "#/$defs/p"}}}"##, "a: 5", "a: 6"),
            (r#"{"patternProperties": {"^a": {"type": "string"}}, "additionalProperties": false}"#, "ab: x", "b: x"),
            (
                r#"{"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}}"#,
                "c: 1",
                "a: 1",
            ),
            (r#"{"properties": {"a": {"not": {"const": 1}}}}"#, "a: 2", "a: 1.0"),
            (
                r#"{"$schema": "http://json-schema.org/draft-07/schema#",
                    "properties": {"a": {"oneOf": [{"format": "idn-email"}, {"maxProperties": 3}]}}}"#,
                "b: 1",
                "a: x",
            ),
        ] {
            assert!(judged(schema, fitting), "{schema} {fitting}");
            assert!(!judged(schema, not_fitting), "{schema} {not_fitting}");
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_full_validator() {
        for schema in [
            r#"{"type": "text"}"#,
            r#"{"properties": {"never": {"type": 5}}}"#,
            r#"{"$schema": "http://json-schema.org/draft-04/schema#"}"#,
            r#"{"dependentRequired": {}}"#,
            r#"{"properties": {"a": {"$ref": "other.json"}}}"#,
            r#"{"pattern": "["}"#,
        ] {
            assert!(!judged(schema, "a: 1"), "{schema}");
        }
    }
}
