//! YAML into Go structs: what `sigs.k8s.io/yaml` and `encoding/json` make of a document when they know the target's type.
//!
//! A number or a boolean becomes a string where a string is wanted; field names match in any case; a value of the wrong type is
//! an error with Go's text, and the rest of the document is still read.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::gotemplate::value::Entries;
use crate::gotemplate::{Map, MapKind, Value};
use crate::goyaml;

/// A Go type that YAML is read into.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// `interface {}`
    Any,
    /// `string`
    Str,
    /// `bool`
    Bool,
    /// `[]string`
    Strings,
    /// `[]interface {}`
    List,
    /// `map[string]string`
    StringMap,
    /// A struct or a pointer to one.
    Struct(&'static Struct),
    /// A slice of pointers to structs.
    Structs(&'static Struct),
    /// Whatever it is, it decodes itself (`time.Time`).
    Opaque,
}

/// A Go struct.
#[derive(Debug)]
pub struct Struct {
    /// The bare name; empty for an anonymous struct.
    pub name: &'static str,
    /// The type as Go prints it.
    pub go_type: &'static str,
    /// JSON names and types of the fields.
    pub fields: &'static [(&'static str, Shape)],
}

impl Struct {
    fn field(&self, key: &str) -> Option<&(&'static str, Shape)> {
        let exact = self.fields.iter().find(|(name, _)| *name == key);
        exact.or_else(|| self.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)))
    }
}

/// Reads a document into a struct: a map of the fields that it sets, with the field's own names.
///
/// # Errors
/// Go's text, beginning with `error converting YAML to JSON` or `error unmarshaling JSON`.
pub fn structure(data: &[u8], target: &'static Struct) -> Result<Rc<Map>, String> {
    read(data, target, false)
}

/// The same, refusing unknown fields and duplicate keys.
///
/// # Errors
/// As [`structure`].
pub fn structure_strictly(data: &[u8], target: &'static Struct) -> Result<Rc<Map>, String> {
    read(data, target, true)
}

fn read(data: &[u8], target: &'static Struct, strict: bool) -> Result<Rc<Map>, String> {
    let raw = raw(data, strict)?;
    let mut reader = Reader { strict, ..Reader::default() };
    let value = match raw {
        Value::Nil => Value::Nil,
        Value::Map(map) => reader.fields(&map, target),
        other => {
            reader.mismatch(&other, target.go_type);
            Value::Nil
        }
    };
    if let Some(error) = reader.error {
        return Err(format!("error unmarshaling JSON: while decoding JSON: {error}"));
    }
    Ok(match value {
        Value::Map(map) => map,
        _ => Rc::new(Map::new(MapKind::Any, BTreeMap::new())),
    })
}

/// Reads a document into a `map[string]interface {}`; nothing at all reads as the empty map.
///
/// # Errors
/// As [`structure`].
pub fn map(data: &[u8]) -> Result<Rc<Map>, String> {
    match goyaml::unmarshal(data).map_err(|e| e.to_string())? {
        Value::Map(map) => Ok(map),
        Value::Nil => Ok(Rc::new(Map::new(MapKind::Any, BTreeMap::new()))),
        other => Err(format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of type \
             map[string]interface {{}}",
            json_kind(&other)
        )),
    }
}

fn raw(data: &[u8], strict: bool) -> Result<Value, String> {
    let result = if strict { goyaml::unmarshal_raw_strict(data) } else { goyaml::unmarshal_raw(data) };
    result.map_err(|e| e.to_string())
}

#[derive(Default)]
struct Reader {
    strict: bool,
    /// The names of the fields on the way, outermost first.
    path: Vec<&'static str>,
    /// The struct that holds the last of them.
    owner: &'static str,
    error: Option<String>,
}

impl Reader {
    fn fields(&mut self, map: &Map, target: &'static Struct) -> Value {
        let mut found = Entries::new();
        for (key, value) in map.borrow().iter() {
            let key = key.to_str();
            let Some((name, shape)) = target.field(&key) else {
                if self.strict && self.error.is_none() {
                    self.error = Some(format!("json: unknown field {}", super::notice::quote(&key)));
                }
                continue;
            };
            let owner = std::mem::replace(&mut self.owner, target.name);
            self.path.push(name);
            if let Some(value) = self.value(value, *shape) {
                found.insert((*name).into(), value);
            }
            self.path.pop();
            self.owner = owner;
        }
        Value::Map(Rc::new(Map::new(MapKind::Any, found)))
    }

    /// The value in its shape; `None` if the field keeps what it has.
    fn value(&mut self, value: &Value, shape: Shape) -> Option<Value> {
        match (shape, value) {
            (Shape::Any | Shape::Opaque, value) => Some(plain(value)),
            (Shape::Str | Shape::Bool, Value::Nil) => None,
            (_, Value::Nil) => Some(Value::Nil),
            (Shape::Str, value) => self.string(value),
            (Shape::Bool, Value::Bool(b)) => Some(Value::Bool(*b)),
            (Shape::Bool, other) => self.mismatch(other, "bool"),
            (Shape::Strings, Value::List(list)) => {
                let items = list.items.iter().map(|item| self.element(item)).collect();
                Some(Value::list(items))
            }
            (Shape::Strings, other) => self.mismatch(other, "[]string"),
            (Shape::List, Value::List(list)) => Some(Value::list(list.items.iter().map(plain).collect())),
            (Shape::List, other) => self.mismatch(other, "[]interface {}"),
            (Shape::StringMap, Value::Map(map)) => {
                let entries = map.borrow().iter().map(|(k, v)| (k.clone(), self.element(v))).collect();
                Some(Value::Map(Rc::new(Map::new(MapKind::Any, entries))))
            }
            (Shape::StringMap, other) => self.mismatch(other, "map[string]string"),
            (Shape::Struct(target), Value::Map(map)) => Some(self.fields(map, target)),
            (Shape::Struct(target), other) => self.mismatch(other, target.go_type),
            (Shape::Structs(target), Value::List(list)) => {
                let items = (list.items.iter())
                    .map(|item| match item {
                        Value::Nil => Value::Nil,
                        Value::Map(map) => self.fields(map, target),
                        other => self.mismatch(other, target.go_type).unwrap_or_default(),
                    })
                    .collect();
                Some(Value::list(items))
            }
            (Shape::Structs(target), other) => {
                let go_type = format!("[]*{}", target.go_type);
                self.mismatch(other, &go_type)
            }
        }
    }

    /// An element of a list or a map of strings: null is the empty string.
    fn element(&mut self, value: &Value) -> Value {
        if value.is_nil() { Value::str("") } else { self.string(value).unwrap_or_else(|| Value::str("")) }
    }

    fn string(&mut self, value: &Value) -> Option<Value> {
        Some(Value::str(match value {
            Value::Str(s) => return Some(Value::Str(s.clone())),
            Value::Bool(b) => b.to_string(),
            Value::Int(i, _) => i.to_string(),
            Value::Uint(u, _) => u.to_string(),
            Value::Float(f) => short_float(*f),
            other => return self.mismatch(other, "string"),
        }))
    }

    /// Remembers the first mismatch and goes on, as Go's decoder does.
    fn mismatch(&mut self, value: &Value, go_type: &str) -> Option<Value> {
        if self.error.is_none() {
            let kind = json_kind(value);
            self.error = Some(if self.path.is_empty() {
                format!("json: cannot unmarshal {kind} into Go value of type {go_type}")
            } else {
                format!(
                    "json: cannot unmarshal {kind} into Go struct field {}.{} of type {go_type}",
                    self.owner,
                    self.path.join(".")
                )
            });
        }
        None
    }
}

/// The JSON kind of a value in Go's words.
pub fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Nil => "null",
        Value::Bool(_) => "bool",
        Value::Int(..) | Value::Uint(..) | Value::Float(_) | Value::Complex(_) => "number",
        Value::Str(_) | Value::Bytes(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) | Value::Object(_) => "object",
    }
}

/// What JSON leaves of a YAML value: every number a `float64`.
fn plain(value: &Value) -> Value {
    match value {
        Value::Int(i, _) => Value::Float(*i as f64),
        Value::Uint(u, _) => Value::Float(*u as f64),
        Value::List(list) => Value::list(list.items.iter().map(plain).collect()),
        Value::Map(map) => {
            let entries = map.borrow().iter().map(|(k, v)| (k.clone(), plain(v))).collect();
            Value::Map(Rc::new(Map::new(MapKind::Any, entries)))
        }
        other => other.clone(),
    }
}

/// Go's `strconv.FormatFloat(f, 'g', -1, 32)`.
fn short_float(f: f64) -> String {
    let single = f as f32;
    if single.is_nan() {
        return "NaN".into();
    }
    if single.is_infinite() {
        return if single > 0.0 { "+Inf".into() } else { "-Inf".into() };
    }
    let scientific = format!("{single:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // The shortest form turns to exponents at a million.
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    format!("{single}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_go_prints_them() {
        for (f, expected) in [(1.1, "1.1"), (1.0, "1"), (1e21, "1e+21"), (1_234_567.0, "1.234567e+06"), (123_456.0, "123456"), (0.00001, "1e-05"), (1.123_456_789, "1.1234568")] {
            assert_eq!(short_float(f), expected);
        }
    }
}
