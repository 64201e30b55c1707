//! Regular expressions of schemas. Helm's library has Go's, the validator has its own: it is given each expression as it
//! writes what Go reads, with the original in a comment, from which messages take it back. References are put likewise.

use std::fmt::Write;

use serde_json::{Map, Value as Json};

use super::formats;
use crate::sprig::check;

const COMMENT: &str = "(?x:#";

/// Puts the validator's expressions in the place of Go's, everywhere in a schema.
pub fn replace(schema: &mut Json) {
    let Json::Object(keywords) = schema else { return };
    for (keyword, value) in keywords {
        match (keyword.as_str(), value) {
            ("pattern", Json::String(pattern)) => *pattern = replaced(pattern),
            ("format", Json::String(format)) if format == "regex" => formats::EXPRESSION.clone_into(format),
            ("$ref", Json::String(reference)) => *reference = escaped(reference),
            // Data, no schemas.
            ("const" | "default" | "enum" | "examples", _) => {}
            (keyword, Json::Object(schemas)) if is_map_of_schemas(keyword) => {
                if keyword == "patternProperties" {
                    *schemas =
                        std::mem::take(schemas).into_iter().map(|(k, v)| (replaced(&k), v)).collect::<Map<_, _>>();
                }
                schemas.values_mut().for_each(nested);
            }
            (_, Json::Array(schemas)) => schemas.iter_mut().for_each(nested),
            (_, value) => nested(value),
        }
    }
}

fn nested(schema: &mut Json) {
    stacker::maybe_grow(32 << 10, 1 << 20, || replace(schema));
}

fn is_map_of_schemas(keyword: &str) -> bool {
    matches!(
        keyword,
        "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas" | "dependencies"
    )
}

/// A reference with escapes for what Go reads in a URL without them. What Go refuses stays as it is: the validator refuses it, too.
fn escaped(reference: &str) -> String {
    if formats::uri_reference(reference).is_err() {
        return reference.to_owned();
    }
    // Brackets around an address of a host are no others'.
    let host_ends = match reference.split_once("//") {
        Some((scheme, rest)) if scheme.is_empty() || scheme.ends_with(':') => {
            reference.len() - rest.len() + rest.find(['/', '?', '#']).unwrap_or(rest.len())
        }
        _ => 0,
    };
    let mut out = String::with_capacity(reference.len());
    for (at, byte) in reference.bytes().enumerate() {
        let is_plain = match byte {
            b'[' | b']' => at < host_ends,
            b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}' => false,
            _ => byte.is_ascii_graphic(),
        };
        if is_plain {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// What the validator is given for an expression; not well-formed if that is not.
fn replaced(expression: &str) -> String {
    let mut out = check::canonical(expression).unwrap_or_else(|_| "(".into());
    out.push_str(COMMENT);
    for byte in expression.bytes() {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out.push_str("\n)");
    out
}

/// The expression that was replaced by a text; the text itself if none was.
pub fn original(text: &str) -> String {
    let hidden = text.rsplit_once(COMMENT).and_then(|(_, rest)| rest.strip_suffix("\n)"));
    let bytes = hidden.and_then(|digits| {
        let pairs = (0..digits.len()).step_by(2);
        pairs.map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()).collect::<Option<Vec<u8>>>()
    });
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| text.to_owned())
}

/// A JSON pointer with the expressions in it as they were.
pub fn original_place(pointer: &str) -> String {
    if !pointer.contains(COMMENT) {
        return pointer.to_owned();
    }
    let restored = |token: &str| match original(token) {
        same if same == token => same,
        expression => expression.replace('~', "~0").replace('/', "~1"),
    };
    pointer.split('/').map(restored).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn expressions_are_found_wherever_schemas_are() {
        let mut schema = json!({
            "pattern": "\\d",
            "properties": {"pattern": {"items": [{"pattern": "{"}]}, "format": {"format": "regex"}},
            "default": {"pattern": "\\d"},
        });
        replace(&mut schema);
        assert_ne!(schema["pattern"], "\\d");
        assert_eq!(original(schema["pattern"].as_str().unwrap()), "\\d");
        assert_eq!(original(schema["properties"]["pattern"]["items"][0]["pattern"].as_str().unwrap()), "{");
        assert_eq!(schema["properties"]["format"]["format"], formats::EXPRESSION);
        assert_eq!(schema["default"]["pattern"], "\\d");
        assert_eq!(original("(?x:#"), "(?x:#");
    }
}
