//! YAML, JSON and TOML exactly as Go reads and writes them.
//!
//! | here | there |
//! |---|---|
//! | [`from_yaml`], [`from_yaml_map`], [`from_yaml_list`], [`from_yaml_struct`] | `sigs.k8s.io/yaml` (on `go.yaml.in/yaml/v2`) |
//! | [`to_yaml`] | `sigs.k8s.io/yaml.Marshal` |
//! | [`to_yaml_pretty`] | `go.yaml.in/yaml/v3` with an indentation of 2 |
//! | [`from_json`], [`from_json_map`], [`from_json_list`], [`from_json_prefix`], [`to_json`], [`to_json_indent`] | `encoding/json` |
//! | [`from_toml`], [`to_toml`] | `github.com/BurntSushi/toml` |
//! | [`documents`] | `k8s.io/apimachinery/pkg/util/yaml.YAMLReader` |
//!
//! ```
//! use vulas_native::goyaml;
//!
//! # fn main() -> Result<(), goyaml::Error> {
//! // YAML 1.1: `yes` is true, 010 is octal; numbers of values are floats.
//! let value = goyaml::from_yaml(b"on: yes\nmode: 010\nlist: &l [x]\nagain: *l\n")?;
//! assert_eq!(goyaml::to_json(&value, true)?, br#"{"again":["x"],"list":["x"],"mode":8,"true":true}"#);
//! assert_eq!(goyaml::to_yaml(&value)?, b"again:\n- x\nlist:\n- x\nmode: 8\n\"true\": true\n");
//! let error = goyaml::from_yaml(b"a: b: c").unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "error converting YAML to JSON: yaml: mapping values are not allowed in this context"
//! );
//! # Ok(())
//! # }
//! ```
//!
//! Errors carry the text that the Go library would give. Nesting is bounded as in Go and costs no stack.

mod documents;
mod error;
mod json;
mod nesting;
mod number;
pub mod schema;
mod structs;
#[cfg(test)]
mod tests;
mod toml;
mod yaml;

pub use documents::{documents, documents_before_error};
pub use error::Error;
pub use toml::{DateTime, Zone};

use crate::gotemplate::value::Entries;
use crate::gotemplate::{List, ListKind, Map, MapKind, Value};
use json::decode::Decoded;
use json::encode::Format;
use schema::{Struct, Type};
use yaml::decode::Options;
use yaml::resolve::Dialect;

/// Reads the first YAML document of a text into what Go calls an `interface{}`: all numbers are `float64`, all keys strings.
/// An empty document is nil.
///
/// # Errors
/// `error converting YAML to JSON: yaml: ...` for what is not YAML or has no form in JSON.
pub fn from_yaml(text: &[u8]) -> Result<Value, Error> {
    decode_yaml(text, &Type::Any, false)
}

/// Like [`from_yaml`], but a key that is set twice is an error (`UnmarshalStrict`).
///
/// # Errors
/// Those of [`from_yaml`], and `line N: key "x" already set in map`.
pub fn from_yaml_strict(text: &[u8]) -> Result<Value, Error> {
    decode_yaml(text, &Type::Any, true)
}

/// Reads a YAML document into a `map[string]interface{}`. An empty document gives an empty map.
///
/// # Errors
/// Those of [`from_yaml`], and `error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ...` for anything but a
/// mapping.
pub fn from_yaml_map(text: &[u8]) -> Result<Value, Error> {
    match decode_yaml(text, &Type::Map(&Type::Any), false)? {
        Value::Nil => Ok(Value::Map(Map::empty())),
        map @ Value::Map(_) => Ok(map),
        other => Err(mismatch(&other, "map[string]interface {}").within(WHILE_DECODING)),
    }
}

/// Reads a YAML document into a `[]interface{}`. An empty document gives an empty list.
///
/// # Errors
/// Those of [`from_yaml`], and `error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ...` for anything but a
/// sequence.
pub fn from_yaml_list(text: &[u8]) -> Result<Value, Error> {
    match decode_yaml(text, &Type::List(&Type::Any), false)? {
        Value::Nil => Ok(Value::list(Vec::new())),
        list @ Value::List(_) => Ok(list),
        other => Err(mismatch(&other, "[]interface {}").within(WHILE_DECODING)),
    }
}

/// Reads a YAML document into a Go struct: the fields that are present, by their JSON names; fields that are absent have the
/// zero value of their type. Keys match without regard to case if none matches exactly; numbers and booleans become strings
/// where the struct has strings. In strict mode (`UnmarshalStrict`) keys that are no field, and keys that are set twice, are
/// errors.
///
/// # Errors
/// Those of [`from_yaml`], and of JSON decoding, such as `error unmarshaling JSON: while decoding JSON: json: cannot unmarshal
/// array into Go struct field Metadata.version of type string`.
pub fn from_yaml_struct(text: &[u8], target: &'static Struct, strict: bool) -> Result<Value, Error> {
    let value = decode_yaml(text, &Type::Struct(target), strict)?;
    structs::decode(&value, target, strict).map_err(|e| e.within(WHILE_DECODING))
}

/// Whether a text is JSON (`json.Valid`): numbers may be larger than any float.
pub fn is_json(text: &[u8]) -> bool {
    json::decode::decode(text).is_ok()
}

/// Decodes what JSON said into a Go struct, as [`from_yaml_struct`] does, but nothing becomes a string.
///
/// # Errors
/// `json: cannot unmarshal array into Go struct field Metadata.version of type string` and the like.
pub fn json_to_struct(value: &Value, target: &'static Struct) -> Result<Value, Error> {
    structs::decode(value, target, false)
}

/// Reads JSON into what Go calls an `interface{}`: all numbers are `float64`.
///
/// # Errors
/// Go's text of the first fault, such as `invalid character '}' looking for beginning of value`.
pub fn from_json(text: &[u8]) -> Result<Value, Error> {
    let Decoded { value, fault } = json::decode::decode(text)?;
    fault.map_or(Ok(value), Err)
}

/// Reads JSON into a `map[string]interface{}`. Of `null` it becomes the nil map. If the JSON is well-formed but a number in it
/// is out of range, the rest is read: value and error are both there, as in Go.
///
/// # Errors
/// Not JSON, or not an object; the map is as it was, empty.
pub fn from_json_map(text: &[u8]) -> (Value, Option<Error>) {
    let empty = |nil| {
        let mut map = Map::new(MapKind::Any, Entries::new());
        map.nil = nil;
        Value::Map(map.into())
    };
    match json::decode::decode(text) {
        Err(error) => (empty(false), Some(error)),
        Ok(Decoded { value: Value::Nil, fault: None }) => (empty(true), None),
        Ok(Decoded { value: map @ Value::Map(_), fault }) => (map, fault),
        Ok(other) => (empty(false), Some(mismatch(&other.into_value(), "map[string]interface {}"))),
    }
}

/// Reads JSON into a `[]interface{}`. Of `null` it becomes the nil slice. As for [`from_json_map`], value and error may both be
/// there.
///
/// # Errors
/// Not JSON, or not an array; the list is as it was, empty.
pub fn from_json_list(text: &[u8]) -> (Value, Option<Error>) {
    let empty = |nil: bool| {
        Value::List(if nil { List::nil(ListKind::Any) } else { List::new(ListKind::Any, Vec::new()) }.into())
    };
    match json::decode::decode(text) {
        Err(error) => (empty(false), Some(error)),
        Ok(Decoded { value: Value::Nil, fault: None }) => (empty(true), None),
        Ok(Decoded { value: list @ Value::List(_), fault }) => (list, fault),
        Ok(other) => (empty(false), Some(mismatch(&other.into_value(), "[]interface {}"))),
    }
}

/// Reads TOML into a `map[string]interface{}`: integers are `int64`, arrays of tables `[]map[string]interface{}`. Dates and
/// times are made by `time`.
///
/// ```
/// use vulas_native::{goyaml, gotemplate::Value};
///
/// let text = b"title = \"x\"\n[owner]\nborn = 1979-05-27\n";
/// let value = goyaml::from_toml(text, &|time| Value::int(time.year.into())).unwrap();
/// assert_eq!(goyaml::to_json(&value, false).unwrap(), br#"{"owner":{"born":1979},"title":"x"}"#);
/// ```
///
/// # Errors
/// `toml: line 1 (last key "a"): ...`
pub fn from_toml(text: &[u8], time: &dyn Fn(&DateTime) -> Value) -> Result<Value, Error> {
    toml::decode::decode(text, time)
}

/// Writes TOML.
///
/// # Errors
/// A value that TOML can't say, for example a list with a nil in it. For nil itself Go panics.
pub fn to_toml(value: &Value) -> Result<Vec<u8>, Error> {
    toml::encode::encode(value)
}

/// Reads the JSON value at the start of a text; gives also the number of bytes it takes, white space before it included
/// (`json.Decoder.Decode` and `InputOffset`).
///
/// # Errors
/// `EOF` if there is nothing but white space, `unexpected EOF` if the text ends within the value, or the fault in it.
pub fn from_json_prefix(text: &[u8]) -> Result<(Value, usize), Error> {
    json::decode::decode_prefix(text)
}

/// The same as a decoder reads it that keeps numbers as they are written (`UseNumber`): one beyond `float64` is no error, but
/// becomes the largest or the smallest.
///
/// # Errors
/// Those of [`from_json_prefix`] but for numbers.
pub fn from_json_prefix_with_all_numbers(text: &[u8]) -> Result<(Value, usize), Error> {
    json::decode::decode_prefix_with_all_numbers(text)
}

/// Writes JSON on one line. With `escape_html` `<`, `>` and `&` are escaped, as `json.Marshal` does.
///
/// # Errors
/// A value that JSON can't say: NaN, infinity, a complex number, a map that contains itself.
pub fn to_json(value: &Value, escape_html: bool) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(128);
    json::encode::encode(&mut out, value, Format { escape_html, indent: None })?;
    Ok(out)
}

/// Writes JSON on several lines, as `json.MarshalIndent` does: each line begins with `prefix`, then `indent` for each level.
///
/// # Errors
/// Those of [`to_json`].
pub fn to_json_indent(value: &Value, prefix: &str, indent: &str, escape_html: bool) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(256);
    json::encode::encode(&mut out, value, Format { escape_html, indent: Some((prefix, indent)) })?;
    Ok(out)
}

/// Writes YAML as `sigs.k8s.io/yaml.Marshal` does: with a line feed at the end. The text is UTF-8.
///
/// # Errors
/// `error marshaling into JSON: ...` for a value that JSON can't say; `yaml: ...` for characters that YAML can't.
pub fn to_yaml(value: &Value) -> Result<Vec<u8>, Error> {
    yaml::marshal(value)
}

/// Writes YAML as the encoder of `go.yaml.in/yaml/v3` with an indentation of 2 does: with a line feed at the end. The text is
/// UTF-8.
///
/// # Errors
/// A complex number, at which Go panics with this text.
pub fn to_yaml_pretty(value: &Value) -> Result<Vec<u8>, Error> {
    yaml::emit::Emitter::emit(value, Dialect::V3)
}

/// What sigs.k8s.io/yaml puts before errors of its first and of its second step.
const CONVERTING: &str = "error converting YAML to JSON";
const WHILE_DECODING: &str = "error unmarshaling JSON: while decoding JSON";

fn decode_yaml(text: &[u8], target: &Type, strict: bool) -> Result<Value, Error> {
    let options = Options { strict, integers: false };
    let (value, too_deep) = yaml::decode(text, target, options).map_err(|e| e.within(CONVERTING))?;
    match too_deep {
        Some(c) => Err(Error::new(format!("invalid character '{c}' exceeded max depth")).within(WHILE_DECODING)),
        None => Ok(value),
    }
}

/// The error of a JSON value that does not fit the Go type.
fn mismatch(value: &Value, go_type: &str) -> Error {
    Error::new(format!("json: cannot unmarshal {} into Go value of type {go_type}", structs::json_kind(value)))
}
