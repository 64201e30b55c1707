//! Values to TOML, as `github.com/BurntSushi/toml` writes them.

use super::super::nesting::{Nested, Nesting, check_length};
use super::super::{Error, number};
use super::{dotted, push_dotted, push_key, push_quoted};
use crate::gotemplate::value::Entries;
use crate::gotemplate::{GoStr, IntKind, Object, Value};

/// Go crashes on it.
const CYCLE: &str = "toml: map contains itself";

/// What TOML makes of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Nil,
    Scalar,
    Array,
    Table,
    ArrayOfTables,
}

/// Writes a document.
pub fn encode(value: &Value) -> Result<Vec<u8>, Error> {
    if value.is_nil() {
        return Err(Error::panic("reflect: call of reflect.Value.Type on zero Value"));
    }
    let mut encoder = Encoder { out: Vec::new(), key: Vec::new(), nesting: Nesting::default() };
    encoder.value(value)?;
    Ok(encoder.out)
}

struct Encoder {
    out: Vec<u8>,
    /// The key of the current table.
    key: Vec<GoStr>,
    nesting: Nesting,
}

impl Nested for Encoder {
    fn nesting(&mut self) -> &mut Nesting {
        &mut self.nesting
    }
}

impl Encoder {
    /// A value under the current key.
    fn value(&mut self, value: &Value) -> Result<(), Error> {
        check_length(self.out.len())?;
        match value {
            Value::Nil => Ok(()),
            Value::Map(map) if map.nil => Ok(()),
            Value::Map(map) => self.inside_map(map, CYCLE, |this| this.table(of_map(&map.borrow()))),
            Value::List(list) if type_of(value)? == Type::ArrayOfTables => self.array_of_tables(&list.items),
            Value::Object(object) if object.type_name() != "time.Time" => match object.struct_fields() {
                Some(fields) => {
                    let names: Vec<GoStr> = fields.iter().map(|field| field.name.into()).collect();
                    let entries = names.iter().zip(fields.iter().map(|field| &field.value)).collect();
                    self.nested(|this| this.table(entries))
                }
                None => self.nested(|this| this.value(&object.to_plain())),
            },
            Value::Complex(_) => {
                let parts: Vec<&[u8]> = self.key.iter().map(GoStr::as_bytes).collect();
                let key = dotted(&parts);
                Err(Error::new(format!("unsupported type for key '{key}': complex128")))
            }
            _ => self.key_value(value),
        }
    }

    fn new_line(&mut self) {
        if !self.out.is_empty() {
            self.out.push(b'\n');
        }
    }

    fn indent(&mut self) {
        let level = self.key.len().saturating_sub(1);
        self.out.resize(self.out.len() + 2 * level, b' ');
    }

    fn key_value(&mut self, value: &Value) -> Result<(), Error> {
        let Some(last) = self.key.last().cloned() else { return self.element(value) };
        self.indent();
        push_key(&mut self.out, last.as_bytes());
        self.out.extend_from_slice(b" = ");
        self.element(value)?;
        self.new_line();
        Ok(())
    }

    fn header(&mut self, open: &[u8], close: &[u8]) {
        let parts: Vec<&[u8]> = self.key.iter().map(GoStr::as_bytes).collect();
        self.out.extend_from_slice(open);
        push_dotted(&mut self.out, &parts);
        self.out.extend_from_slice(close);
        self.out.push(b'\n');
    }

    /// A table with its header.
    fn table(&mut self, entries: Vec<Entry<'_>>) -> Result<(), Error> {
        if self.key.len() == 1 {
            self.new_line();
        }
        if !self.key.is_empty() {
            self.indent();
            self.header(b"[", b"]");
        }
        self.entries(entries)
    }

    fn array_of_tables(&mut self, items: &[Value]) -> Result<(), Error> {
        if self.key.is_empty() {
            return Err(Error::new("toml: top-level values must be Go maps or structs"));
        }
        for item in items {
            let plain;
            let entries = match item {
                Value::Map(map) => map,
                Value::Object(object) => {
                    plain = object.to_plain();
                    let Some(map) = plain.as_map() else { continue };
                    map
                }
                _ => continue,
            };
            if entries.nil {
                continue;
            }
            self.new_line();
            self.indent();
            self.header(b"[[", b"]]");
            self.inside_map(entries, CYCLE, |this| this.entries(of_map(&entries.borrow())))?;
        }
        Ok(())
    }

    /// The entries of the current table: values first, then tables.
    fn entries(&mut self, entries: Vec<Entry<'_>>) -> Result<(), Error> {
        let (direct, sub) = split(entries)?;
        for (key, value) in direct.into_iter().chain(sub) {
            if is_nil(value) {
                continue;
            }
            self.key.push(key.clone());
            self.value(value)?;
            self.key.pop();
        }
        Ok(())
    }

    /// A value where no key stands before it.
    fn element(&mut self, value: &Value) -> Result<(), Error> {
        match value {
            Value::Str(s) => push_quoted(&mut self.out, s.as_bytes()),
            Value::Bool(b) => self.out.extend_from_slice(if *b { b"true" } else { b"false" }),
            Value::Int(n, IntKind::Duration) => push_quoted(&mut self.out, number::duration(*n).as_bytes()),
            Value::Int(n, _) => number::append_int(&mut self.out, *n),
            Value::Uint(n, _) => number::append_uint(&mut self.out, *n),
            Value::Float(f) => self.float(*f),
            Value::Bytes(bytes) => {
                let items: Vec<Value> = bytes.iter().map(|b| Value::int(i64::from(*b))).collect();
                self.array(&items)?;
            }
            Value::List(list) => self.nested(|this| this.array(&list.items))?,
            Value::Map(map) => self.inside_map(map, CYCLE, |this| this.inline_table(&map.borrow()))?,
            Value::Object(object) if object.type_name() == "time.Time" => self.time(object.as_ref()),
            Value::Object(object) => self.nested(|this| this.element(&object.to_plain()))?,
            Value::Complex(_) => return Err(Error::new("unexpected type: complex128")),
            Value::Nil => return Err(Error::new("toml: cannot encode array with nil element")),
        }
        Ok(())
    }

    fn float(&mut self, f: f64) {
        if f.is_nan() || f.is_infinite() {
            if f.is_sign_negative() {
                self.out.push(b'-');
            }
            self.out.extend_from_slice(if f.is_nan() { b"nan" } else { b"inf" });
            return;
        }
        let text = number::shortest(f);
        self.out.extend_from_slice(text.as_bytes());
        if !text.contains(['.', 'e']) {
            self.out.extend_from_slice(b".0");
        }
    }

    fn array(&mut self, items: &[Value]) -> Result<(), Error> {
        self.out.push(b'[');
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.out.extend_from_slice(b", ");
            }
            self.element(item)?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn inline_table(&mut self, entries: &Entries) -> Result<(), Error> {
        let (direct, sub) = split(of_map(entries))?;
        self.out.push(b'{');
        let count = direct.len();
        let more = !sub.is_empty();
        for (i, (key, value)) in direct.into_iter().enumerate() {
            self.inline_entry(key, value, more || i + 1 != count)?;
        }
        let count = sub.len();
        for (i, (key, value)) in sub.into_iter().enumerate() {
            self.inline_entry(key, value, i + 1 != count)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn inline_entry(&mut self, key: &GoStr, value: &Value, comma: bool) -> Result<(), Error> {
        if is_nil(value) {
            return Ok(());
        }
        push_key(&mut self.out, key.as_bytes());
        self.out.extend_from_slice(b" = ");
        self.element(value)?;
        if comma {
            self.out.extend_from_slice(b", ");
        }
        Ok(())
    }

    /// A time as it would be written: without offset if it was read without.
    fn time(&mut self, time: &dyn Object) {
        let Value::Str(text) = time.to_plain() else { return };
        let text = text.to_str();
        let shown = time.display();
        let (date, clock) = text.split_once('T').unwrap_or((&text, ""));
        let local = clock.split(['Z', '+', '-']).next().unwrap_or_default();
        let out = if shown.ends_with("datetime-local") {
            format!("{date}T{local}")
        } else if shown.ends_with("date-local") {
            date.to_owned()
        } else if shown.ends_with("time-local") {
            local.to_owned()
        } else {
            text.clone().into_owned()
        };
        self.out.extend_from_slice(out.as_bytes());
    }
}

type Entry<'a> = (&'a GoStr, &'a Value);

fn of_map(entries: &Entries) -> Vec<Entry<'_>> {
    entries.iter().collect()
}

/// The entries that are not tables, and those that are, each in the order of the keys.
fn split(entries: Vec<Entry<'_>>) -> Result<(Vec<Entry<'_>>, Vec<Entry<'_>>), Error> {
    let (mut direct, mut sub) = (Vec::new(), Vec::new());
    for (key, value) in entries {
        match type_of(value)? {
            Type::Table | Type::ArrayOfTables => sub.push((key, value)),
            _ => direct.push((key, value)),
        }
    }
    Ok((direct, sub))
}

fn is_nil(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::List(list) => list.nil,
        Value::Map(map) => map.nil,
        _ => false,
    }
}

fn type_of(value: &Value) -> Result<Type, Error> {
    Ok(match value {
        value if is_nil(value) => Type::Nil,
        Value::Map(_) => Type::Table,
        Value::Bytes(_) => Type::Array,
        Value::List(list) => {
            let mut tables = !list.items.is_empty();
            for item in &list.items {
                match stacker::maybe_grow(64 * 1024, 1024 * 1024, || type_of(item))? {
                    Type::Nil => return Err(Error::new("toml: cannot encode array with nil element")),
                    ty => tables &= ty == Type::Table,
                }
            }
            if tables { Type::ArrayOfTables } else { Type::Array }
        }
        Value::Complex(_) => return Err(Error::new("unsupported type: complex128")),
        Value::Object(object) if object.type_name() == "time.Time" => Type::Scalar,
        Value::Object(object) if object.struct_fields().is_some() => Type::Table,
        Value::Object(object) => match object.to_plain() {
            Value::Object(_) => Type::Scalar,
            plain => type_of(&plain)?,
        },
        _ => Type::Scalar,
    })
}
