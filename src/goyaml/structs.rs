//! JSON into Go structs: which fields are set, and what Go says of values that do not fit.

use super::schema::{Struct, Type};
use super::{Error, json, number};
use crate::gotemplate::strconv;
use crate::gotemplate::value::Entries;
use crate::gotemplate::{Map, MapKind, Value};

/// Decodes a JSON value into a struct: a map of the fields that are present.
pub fn decode(value: &Value, target: &'static Struct, strict: bool) -> Result<Value, Error> {
    let mut reader = Decoder { strict, context: None, path: Vec::new(), first: None };
    let decoded = match value {
        Value::Nil => Some(empty()),
        value => reader.value(value, &Type::Struct(target), None)?,
    };
    match reader.first {
        Some(error) => Err(error),
        None => Ok(decoded.unwrap_or_else(empty)),
    }
}

fn empty() -> Value {
    Value::Map(Map::empty())
}

/// The word for a JSON value in errors.
pub fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Nil => "null",
        Value::Bool(_) => "bool",
        Value::Str(_) | Value::Bytes(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) | Value::Object(_) => "object",
        _ => "number",
    }
}

struct Decoder {
    strict: bool,
    /// The innermost struct around the current value.
    context: Option<&'static Struct>,
    /// The fields that lead to it.
    path: Vec<&'static str>,
    /// Go goes on after a value that does not fit, and reports the first.
    first: Option<Error>,
}

impl Decoder {
    /// The decoded value over the one that is there already, which Go keeps in part; `None` for the zero value.
    fn value(&mut self, value: &Value, target: &Type, old: Option<Value>) -> Result<Option<Value>, Error> {
        Ok(match (value, target.pointee()) {
            (Value::Nil, Type::Any | Type::List(_) | Type::Map(_)) => None,
            (Value::Nil, Type::Struct(_)) if matches!(target, Type::Pointer(_)) => None,
            (Value::Nil, _) => old,
            (value, Type::Any) => Some(value.clone()),
            (Value::Str(_), Type::Str) | (Value::Bool(_), Type::Bool) | (Value::Float(_), Type::Float) => {
                Some(value.clone())
            }
            (Value::Float(f), Type::Int) if f.fract() == 0.0 && f.abs() < 9.3e18 => Some(Value::int(*f as i64)),
            (Value::Float(f), Type::Int) => {
                let mut literal = b"number ".to_vec();
                number::append_json(&mut literal, *f);
                self.mismatch(&String::from_utf8_lossy(&literal), target.pointee());
                old
            }
            (value, Type::Time(read)) => Some(time(value, *read)?),
            (Value::List(list), Type::List(item)) => {
                let mut items = Vec::with_capacity(list.items.len());
                for (i, value) in list.items.iter().enumerate() {
                    let old = old.as_ref().and_then(Value::as_list).and_then(|l| l.get(i)).cloned();
                    items.push(self.value(value, item, old)?.unwrap_or_else(|| zero(item)));
                }
                Some(Value::list(items))
            }
            (Value::Map(map), Type::Map(item)) => {
                let mut entries = old.and_then(|o| o.as_map().map(|m| m.borrow().clone())).unwrap_or_default();
                for (key, value) in map.borrow().iter() {
                    let value = self.value(value, item, None)?.unwrap_or_else(|| zero(item));
                    entries.insert(key.clone(), value);
                }
                Some(Value::Map(Map::new(MapKind::Any, entries).into()))
            }
            (Value::Map(map), Type::Struct(target)) => {
                let fields = old.and_then(|o| o.as_map().map(|m| m.borrow().clone())).unwrap_or_default();
                Some(self.fields(&map.borrow(), target, fields)?)
            }
            (value, target) => {
                self.mismatch(json_kind(value), target);
                old
            }
        })
    }

    fn fields(&mut self, entries: &Entries, target: &'static Struct, mut out: Entries) -> Result<Value, Error> {
        let outer = self.context;
        let depth = self.path.len();
        for (key, value) in entries {
            let Some(field) = target.field(&key.to_str()) else {
                if self.strict {
                    let key = strconv::quote(key.as_bytes());
                    self.first.get_or_insert_with(|| Error::new(format!("json: unknown field {key}")));
                }
                continue;
            };
            self.context = Some(target);
            self.path.push(field.name);
            let old = out.remove(field.name.as_bytes());
            if let Some(value) = self.value(value, &field.ty, old)? {
                out.insert(field.name.into(), value);
            }
            self.path.truncate(depth);
            self.context = outer;
        }
        Ok(Value::Map(Map::new(MapKind::Any, out).into()))
    }

    fn mismatch(&mut self, what: &str, target: &Type) {
        if self.first.is_some() {
            return;
        }
        let place = match self.context {
            // A struct without a name is not named.
            Some(context) if context.package.is_empty() => format!("struct field .{}", self.path.join(".")),
            Some(context) => format!("struct field {}.{}", context.name, self.path.join(".")),
            None => "value".into(),
        };
        let ty = target.go_name();
        self.first = Some(Error::new(format!("json: cannot unmarshal {what} into Go {place} of type {ty}")));
    }
}

/// The zero value of a type, where it stands in a list or map.
fn zero(ty: &Type) -> Value {
    match ty {
        Type::Str => Value::str(""),
        Type::Bool => Value::Bool(false),
        Type::Int => Value::int(0),
        Type::Float => Value::Float(0.0),
        Type::Struct(_) => empty(),
        _ => Value::Nil,
    }
}

/// A time, as the function reads it.
fn time(value: &Value, read: fn(&[u8]) -> Result<String, String>) -> Result<Value, Error> {
    let Value::Str(text) = value else {
        return Err(Error::new("Time.UnmarshalJSON: input is not a JSON string"));
    };
    // Go does not undo escapes here.
    let mut literal = Vec::new();
    json::encode::append_string(&mut literal, text.as_bytes(), true);
    read(&literal[1..literal.len() - 1]).map(Value::str).map_err(Error::new)
}
