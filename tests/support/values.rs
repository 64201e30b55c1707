//! Go values on the wire; the form is described in `tests/reference/goref/values.go`.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use vulas_native::gotemplate::strconv::quote;
use vulas_native::gotemplate::value::Entries;
use vulas_native::gotemplate::{GoStr, IntKind, List, ListKind, Map, MapKind, UintKind, Value};

use super::reference::{base64, unbase64};

/// Writes a value for a request.
pub fn pack(value: &Value) -> Json {
    match value {
        Value::Nil => Json::Null,
        Value::Bool(b) => (*b).into(),
        Value::Float(f) => json!({"f": format!("{:x}", if f.is_nan() { 0x7FF8_0000_0000_0001 } else { f.to_bits() })}),
        Value::Int(n, IntKind::Int) => json!({"I": n.to_string()}),
        Value::Int(n, IntKind::Int64) => json!({"i": n.to_string()}),
        Value::Uint(n, UintKind::Uint64) => json!({"u": n.to_string()}),
        Value::Int(n, IntKind::Duration) => json!({"d": n.to_string()}),
        Value::Int(n, IntKind::Int8) => json!({"I8": n.to_string()}),
        Value::Int(n, IntKind::Int32) => json!({"I32": n.to_string()}),
        Value::Uint(n, UintKind::Uint) => json!({"U": n.to_string()}),
        Value::Uint(n, UintKind::Uint8) => json!({"U8": n.to_string()}),
        Value::Complex(c) => json!({"c": format!("{:?}{:+?}i", c.0, c.1)}),
        Value::Str(s) => json!({"s": base64(s.as_bytes())}),
        Value::Bytes(b) => json!({"b": base64(b.as_slice())}),
        Value::List(list) if list.nil => json!({"nl": 1}),
        Value::List(list) if list.kind == ListKind::Str => {
            json!({"ls": list.items.iter().map(|v| base64(v.as_str().unwrap().as_bytes())).collect::<Vec<_>>()})
        }
        Value::List(list) if list.kind == ListKind::Int => {
            json!({"lI": list.items.iter().map(|v| if let Value::Int(n, _) = v { *n } else { 0 }).collect::<Vec<_>>()})
        }
        Value::List(list) if list.kind == ListKind::ListOfAny => {
            json!({"ll": list.items.iter().map(pack).collect::<Vec<_>>()})
        }
        Value::List(list) if list.kind == ListKind::MapOfAny => {
            json!({"lm": list.items.iter().map(pack).collect::<Vec<_>>()})
        }
        Value::List(list) => list.items.iter().map(pack).collect::<Vec<_>>().into(),
        Value::Map(map) if map.nil => json!({"nm": 1}),
        Value::Map(map) if map.kind == MapKind::Str => {
            let text = |s: &GoStr| s.to_str().into_owned();
            let entries = map.borrow();
            let entries = entries.iter().map(|(k, v)| (text(k), v.as_str().map(text).into()));
            json!({"ms": entries.collect::<serde_json::Map<_, _>>()})
        }
        Value::Map(map) => {
            json!({"m": map.borrow().iter().map(|(k, v)| json!([base64(k.as_bytes()), pack(v)])).collect::<Vec<_>>()})
        }
        other => json!({"o": format!("{} {other:?}", other.type_name())}),
    }
}

/// The text that stands for a value in answers.
pub fn pack_text(value: &Value) -> Json {
    let mut out = String::new();
    text(&mut out, value);
    base64(out)
}

fn text(out: &mut String, value: &Value) {
    match value {
        Value::Nil => out.push('n'),
        Value::Bool(b) => out.push(if *b { 'T' } else { 'F' }),
        Value::Float(f) => {
            // Go's NaN has another payload.
            let nan = 0x7FF8_0000_0000_0001 | (f.to_bits() & (1 << 63));
            let _ = write!(out, "f{:x}", if f.is_nan() { nan } else { f.to_bits() });
        }
        Value::Int(n, IntKind::Int) => {
            let _ = write!(out, "I{n}");
        }
        Value::Int(n, IntKind::Int64) => {
            let _ = write!(out, "i{n}");
        }
        Value::Uint(n, UintKind::Uint64) => {
            let _ = write!(out, "u{n}");
        }
        Value::Str(s) => {
            let _ = write!(out, "s{}", quote(s.as_bytes()));
        }
        Value::Bytes(b) => {
            let _ = write!(out, "b{}", quote(b));
        }
        Value::List(list) if list.nil => out.push('L'),
        Value::List(list) if list.kind == ListKind::Str => {
            out.push_str("S[");
            for item in &list.items {
                let _ = write!(out, "{} ", quote(item.as_str().unwrap().as_bytes()));
            }
            out.push(']');
        }
        Value::List(list) => {
            if list.kind == ListKind::MapOfAny {
                out.push('M');
            }
            out.push('[');
            for item in &list.items {
                text(out, item);
                out.push(' ');
            }
            out.push(']');
        }
        Value::Map(map) if map.nil => out.push('N'),
        Value::Map(map) => {
            out.push('{');
            for (key, value) in map.borrow().iter() {
                let _ = write!(out, "{}:", quote(key.as_bytes()));
                text(out, value);
                out.push(' ');
            }
            out.push('}');
        }
        other => {
            let _ = write!(out, "o{} {other:?}", other.type_name());
        }
    }
}

/// Reads a value.
pub fn unpack(json: &Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(b) => Value::Bool(*b),
        Json::Array(items) => Value::list(items.iter().map(unpack).collect()),
        Json::Object(tagged) => {
            let (tag, body) = tagged.iter().next().unwrap();
            let text = || body.as_str().unwrap();
            match tag.as_str() {
                "f" => Value::Float(f64::from_bits(u64::from_str_radix(text(), 16).unwrap())),
                "I" => Value::int(text().parse().unwrap()),
                "i" => Value::int64(text().parse().unwrap()),
                "u" => Value::Uint(text().parse().unwrap(), UintKind::Uint64),
                "s" => Value::str(unbase64(text())),
                "b" => Value::Bytes(unbase64(text()).into()),
                "ls" => Value::strings(body.as_array().unwrap().iter().map(|s| unbase64(s.as_str().unwrap()))),
                "nl" => Value::List(List::nil(ListKind::Any).into()),
                "nm" => {
                    let mut map = Map::new(MapKind::Any, Entries::new());
                    map.nil = true;
                    Value::Map(map.into())
                }
                "m" => Value::map(
                    body.as_array()
                        .unwrap()
                        .iter()
                        .map(|pair| (GoStr::from(unbase64(pair[0].as_str().unwrap())), unpack(&pair[1]))),
                ),
                _ => panic!("not a packed value: {json}"),
            }
        }
        _ => panic!("not a packed value: {json}"),
    }
}
