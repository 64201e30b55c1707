//! Values to JSON, as `encoding/json` writes them.

use base64::Engine as _;

use super::super::nesting::{Nested, Nesting, check_length};
use super::super::{Error, number};
use crate::gotemplate::Value;
use crate::gotemplate::value::Entries;

/// How to write.
#[derive(Clone, Copy, Debug)]
pub struct Format<'a> {
    /// Whether `<`, `>` and `&` are escaped.
    pub escape_html: bool,
    /// Prefix of each line and indentation per level; everything on one line without.
    pub indent: Option<(&'a str, &'a str)>,
}

/// Appends a value.
pub fn encode(out: &mut Vec<u8>, value: &Value, format: Format<'_>) -> Result<(), Error> {
    Encoder { out, format, nesting: Nesting::default() }.value(value)
}

struct Encoder<'a> {
    out: &'a mut Vec<u8>,
    format: Format<'a>,
    nesting: Nesting,
}

impl Nested for Encoder<'_> {
    fn nesting(&mut self) -> &mut Nesting {
        &mut self.nesting
    }
}

impl Encoder<'_> {
    fn value(&mut self, value: &Value) -> Result<(), Error> {
        check_length(self.out.len())?;
        match value {
            Value::Nil => self.out.extend_from_slice(b"null"),
            Value::Bool(b) => self.out.extend_from_slice(if *b { b"true" } else { b"false" }),
            Value::Int(n, _) => number::append_int(self.out, *n),
            Value::Uint(n, _) => number::append_uint(self.out, *n),
            Value::Float(f) if !f.is_finite() => {
                return Err(Error::new(format!("json: unsupported value: {}", number::shortest(*f))));
            }
            Value::Float(f) => number::append_json(self.out, *f),
            Value::Complex(_) => return Err(Error::new("json: unsupported type: complex128")),
            Value::Str(s) => self.string(s.as_bytes()),
            Value::Bytes(bytes) => {
                self.out.push(b'"');
                let text = base64::engine::general_purpose::STANDARD.encode(bytes.as_slice());
                self.out.extend_from_slice(text.as_bytes());
                self.out.push(b'"');
            }
            Value::List(list) if list.nil => self.out.extend_from_slice(b"null"),
            Value::List(list) => self.nested(|this| this.list(&list.items))?,
            Value::Map(map) if map.nil => self.out.extend_from_slice(b"null"),
            Value::Map(map) => {
                let cycle = format!("json: unsupported value: encountered a cycle via {}", value.type_name());
                self.inside_map(map, &cycle, |this| this.map(&map.borrow()))?;
            }
            Value::Object(object) => match object.struct_fields() {
                Some(mut fields) => {
                    fields.retain(|field| !field.omit_empty || field.value.truth());
                    let members = fields.iter().map(|field| (field.json.as_bytes(), &field.value));
                    self.nested(|this| this.members(members))?;
                }
                // What stands for it is no level of its own.
                None => self.value(&object.to_plain())?,
            },
        }
        Ok(())
    }

    fn list(&mut self, items: &[Value]) -> Result<(), Error> {
        self.out.push(b'[');
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.out.push(b',');
            }
            self.line(0);
            self.value(item)?;
        }
        if !items.is_empty() {
            self.line(1);
        }
        self.out.push(b']');
        Ok(())
    }

    fn map(&mut self, entries: &Entries) -> Result<(), Error> {
        self.members(entries.iter().map(|(key, value)| (key.as_bytes(), value)))
    }

    fn members<'v>(&mut self, members: impl ExactSizeIterator<Item = (&'v [u8], &'v Value)>) -> Result<(), Error> {
        self.out.push(b'{');
        let empty = members.len() == 0;
        for (i, (key, value)) in members.enumerate() {
            if i > 0 {
                self.out.push(b',');
            }
            self.line(0);
            self.string(key);
            self.out.extend_from_slice(if self.format.indent.is_some() { b": " } else { b":" });
            self.value(value)?;
        }
        if !empty {
            self.line(1);
        }
        self.out.push(b'}');
        Ok(())
    }

    /// Starts a new line, if lines are wanted, some levels further out.
    fn line(&mut self, out: usize) {
        if let Some((prefix, indent)) = self.format.indent {
            self.out.push(b'\n');
            self.out.extend_from_slice(prefix.as_bytes());
            for _ in out..self.nesting.depth() {
                self.out.extend_from_slice(indent.as_bytes());
            }
        }
    }

    fn string(&mut self, text: &[u8]) {
        append_string(self.out, text, self.format.escape_html);
    }
}

/// Bytes that stand for themselves in a JSON string; `true` also for `<`, `>` and `&`.
const PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut i = 0x20;
    while i < 0x80 {
        table[i] = !matches!(i as u8, b'"' | b'\\');
        i += 1;
    }
    table
};

/// Appends a string in quotes. Bytes that are not UTF-8 become U+FFFD.
pub fn append_string(out: &mut Vec<u8>, s: &[u8], escape_html: bool) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let mut start = 0;
    let mut i = 0;
    while i < s.len() {
        let byte = s[i];
        if PLAIN[byte as usize] && !(escape_html && matches!(byte, b'<' | b'>' | b'&')) {
            i += 1;
            continue;
        }
        if byte < 0x80 {
            out.extend_from_slice(&s[start..i]);
            match byte {
                b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
                0x08 => out.extend_from_slice(b"\\b"),
                0x0C => out.extend_from_slice(b"\\f"),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                b'\t' => out.extend_from_slice(b"\\t"),
                _ => {
                    out.extend_from_slice(b"\\u00");
                    out.extend_from_slice(&[HEX[(byte >> 4) as usize], HEX[(byte & 15) as usize]]);
                }
            }
            i += 1;
            start = i;
            continue;
        }
        let (c, width) = crate::gotemplate::runes::decode_rune(&s[i..]);
        if c == char::REPLACEMENT_CHARACTER && width == 1 {
            out.extend_from_slice(&s[start..i]);
            out.extend_from_slice(b"\\ufffd");
            start = i + 1;
        } else if matches!(c, '\u{2028}' | '\u{2029}') {
            out.extend_from_slice(&s[start..i]);
            out.extend_from_slice(b"\\u202");
            out.push(HEX[(u32::from(c) & 15) as usize]);
            start = i + width;
        }
        i += width;
    }
    out.extend_from_slice(&s[start..]);
    out.push(b'"');
}
