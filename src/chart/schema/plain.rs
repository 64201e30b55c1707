//! Schemas that are well-formed for certain: the usual ones. What is not plain here goes through the library.

use serde_json::Value as Json;

use super::judge::Draft;
use crate::sprig::check;

/// Schemas nested deeper than this are left to the library.
const MAX_DEPTH: usize = 100;
/// To find whether more items are unique takes too long here.
const MAX_UNIQUE: usize = 1000;

/// Keywords that are left to the library.
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

/// Whether a schema is well-formed and says nothing that needs the library.
pub fn is_plain(schema: &Json) -> bool {
    Draft::of(schema).is_some_and(|draft| draft > Draft::Four) && is_plain_in(schema, schema, 0)
}

fn is_plain_in(root: &Json, schema: &Json, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    let Json::Object(keywords) = schema else { return schema.is_boolean() };
    keywords.iter().all(|(keyword, value)| {
        let plain = |schema: &Json| is_plain_in(root, schema, depth + 1);
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
                let valid = |(pattern, schema): (&String, &Json)| check::expression(pattern).is_ok() && plain(schema);
                value.as_object().is_some_and(|o| o.iter().all(valid))
            }
            "additionalProperties" | "propertyNames" | "items" | "not" | "if" | "then" | "else" => plain(value),
            "allOf" | "anyOf" | "oneOf" => value.as_array().is_some_and(|a| !a.is_empty() && a.iter().all(plain)),
            "required" => value.as_array().is_some_and(|a| a.iter().all(Json::is_string) && are_unique(a)),
            "enum" => value.as_array().is_some_and(|a| !a.is_empty() && are_unique(a)),
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => value.is_number(),
            "multipleOf" => value.as_i64().is_some_and(|n| n > 0),
            "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => value.is_u64(),
            "uniqueItems" | "deprecated" | "readOnly" | "writeOnly" => value.is_boolean(),
            "pattern" => value.as_str().is_some_and(|pattern| check::expression(pattern).is_ok()),
            "title" | "description" | "$comment" | "$schema" | "format" => value.is_string(),
            "examples" => value.is_array(),
            "$ref" => is_place(root, value),
            "$id" if depth == 0 => is_name(value),
            other => !NOT_PLAIN.contains(&other),
        }
    })
}

/// Whether it names the document, and none that the library knows already.
fn is_name(id: &Json) -> bool {
    let url = id.as_str().filter(|id| !id.contains('#')).and_then(|id| check::url(id).ok());
    url.is_some_and(|url| url.absolute && !url.host.is_empty() && url.host != "json-schema.org")
}

/// Whether a reference leads to one of the places in the document that are looked through anyway.
fn is_place(root: &Json, reference: &Json) -> bool {
    let Some(pointer) = reference.as_str().and_then(|reference| reference.strip_prefix('#')) else { return false };
    let known = ["/definitions/", "/$defs/"].iter().any(|place| pointer.starts_with(place));
    // Deeper places might be no schemas; escapes are rare.
    let simple = pointer.matches('/').count() == 2 && !pointer.contains(['%', '~']);
    pointer.is_empty() || (known && simple && root.pointer(pointer).is_some())
}

fn are_unique(items: &[Json]) -> bool {
    items.len() <= MAX_UNIQUE && items.iter().enumerate().all(|(i, item)| !items[..i].contains(item))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_plain_is_left_to_the_library() {
        for schema in [
            r#"{"type": "text"}"#,
            r#"{"properties": {"never": {"type": 5}}}"#,
            r#"{"$schema": "http://json-schema.org/draft-04/schema#"}"#,
            r#"{"dependentRequired": {}}"#,
            r#"{"properties": {"a": {"$ref": "other.json"}}}"#,
            r#"{"pattern": "["}"#,
            r#"{"$id": "http://json-schema.org/draft-07/schema"}"#,
            r#"{"$id": "https://example.com/a#b"}"#,
            r#"{"properties": {"a": {"$id": "https://example.com/a"}}}"#,
        ] {
            assert!(!is_plain(&serde_json::from_str(schema).unwrap()), "{schema}");
        }
    }
}
