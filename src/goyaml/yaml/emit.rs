//! Values to YAML text, in the layout of Go's yaml.v2 and yaml.v3.
//!
//! Of v2 this writes what sigs.k8s.io/yaml hands to it: what JSON can say. Of v3 it writes Go values directly.

use std::cmp::Ordering;

use base64::Engine as _;

use super::super::nesting::{Nested, Nesting, check_length};
use super::super::{Error, number};
use super::chars::{self, break_len};
use super::keyorder;
use super::resolve::Dialect;
use super::scalar_style::{Style, choose, is_printable, is_simple};
use crate::gotemplate::value::Entries;
use crate::gotemplate::{GoStr, IntKind, Value};

/// Columns per level.
const INDENT: isize = 2;
/// The column after which v2 breaks lines at spaces; v3 does not.
const WIDTH: usize = 80;
/// How long a key without `?` may be.
const MAX_SIMPLE_KEY: usize = 128;

/// Where a node stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Item,
    Mapping,
    SimpleKey,
}

/// A writer of one document.
pub struct Emitter {
    out: Vec<u8>,
    dialect: Dialect,
    column: usize,
    indent: isize,
    /// Whether the last thing written was whitespace.
    whitespace: bool,
    /// Whether only indentation and `-` or `?` stand on the line so far.
    indention: bool,
    nesting: Nesting,
}

impl Nested for Emitter {
    fn nesting(&mut self) -> &mut Nesting {
        &mut self.nesting
    }
}

impl Emitter {
    /// Writes a document.
    pub fn emit(value: &Value, dialect: Dialect) -> Result<Vec<u8>, Error> {
        let mut emitter = Self {
            out: Vec::with_capacity(256),
            dialect,
            column: 0,
            indent: -1,
            whitespace: true,
            indention: true,
            nesting: Nesting::default(),
        };
        emitter.node(value, Place::Root)?;
        emitter.write_indent();
        Ok(emitter.out)
    }

    // --- nodes ---

    fn node(&mut self, value: &Value, place: Place) -> Result<(), Error> {
        check_length(self.out.len())?;
        match value {
            Value::Nil => self.plain(b"null"),
            Value::Bool(b) => self.plain(if *b { b"true" } else { b"false" }),
            Value::Int(n, IntKind::Duration) if self.dialect == Dialect::V3 => {
                self.string(number::duration(*n).as_bytes(), place);
            }
            Value::Int(n, _) => {
                let mut text = Vec::with_capacity(20);
                number::append_int(&mut text, *n);
                self.plain(&text);
            }
            Value::Uint(n, _) => {
                let mut text = Vec::with_capacity(20);
                number::append_uint(&mut text, *n);
                self.plain(&text);
            }
            Value::Float(f) => self.float(*f),
            Value::Complex(_) => return Err(Error::panic("cannot marshal type: complex128")),
            Value::Str(s) => self.go_string(s, place),
            Value::Bytes(bytes) if self.dialect == Dialect::V2 => {
                self.string(base64::engine::general_purpose::STANDARD.encode(bytes.as_slice()).as_bytes(), place);
            }
            Value::Bytes(bytes) => {
                let items: Vec<Value> = bytes.iter().map(|b| Value::int(i64::from(*b))).collect();
                self.sequence(&items, place)?;
            }
            Value::List(list) if list.nil && self.dialect == Dialect::V2 => self.plain(b"null"),
            Value::List(list) => self.sequence(&list.items, place)?,
            Value::Map(map) if map.nil && self.dialect == Dialect::V2 => self.plain(b"null"),
            Value::Map(map) => {
                self.inside_map(map, "yaml: map contains itself", |this| this.mapping(&map.borrow()))?;
            }
            // Not a text that reads like one: that is quoted.
            Value::Object(object) if self.dialect == Dialect::V3 && object.type_name() == "time.Time" => {
                let time = object.to_plain();
                let text = time.as_str().map(GoStr::as_bytes).unwrap_or_default();
                self.styled(text, choose(text, self.dialect, place == Place::SimpleKey, true).0, place);
            }
            Value::Object(object) => match object.struct_fields() {
                // This library knows nothing of the names in JSON.
                Some(fields) if self.dialect == Dialect::V3 => {
                    let names: Vec<GoStr> = fields.iter().map(|field| field.name.to_lowercase().into()).collect();
                    let members = names.iter().zip(fields.iter().map(|field| &field.value)).collect();
                    self.nested(|this| this.members(members))?;
                }
                _ => self.nested(|this| this.node(&object.to_plain(), place))?,
            },
        }
        Ok(())
    }

    fn sequence(&mut self, items: &[Value], place: Place) -> Result<(), Error> {
        if items.is_empty() {
            self.indicator(b"[", true, true, false);
            self.indicator(b"]", false, false, false);
            return Ok(());
        }
        let outer = self.indent;
        let indentless = self.dialect == Dialect::V2 && place == Place::Mapping && !self.indention;
        self.increase_indent(false, indentless);
        self.nested(|this| {
            for item in items {
                this.write_indent();
                this.indicator(b"-", true, false, true);
                this.node(item, Place::Item)?;
            }
            Ok(())
        })?;
        self.indent = outer;
        Ok(())
    }

    fn mapping(&mut self, entries: &Entries) -> Result<(), Error> {
        if entries.is_empty() {
            self.indicator(b"{", true, true, false);
            self.indicator(b"}", false, false, false);
            return Ok(());
        }
        let mut sorted: Vec<(&GoStr, &Value)> = entries.iter().collect();
        let dialect = self.dialect;
        let order = |a: &(&GoStr, _), b: &(&GoStr, _)| keyorder::compare(a.0.as_bytes(), b.0.as_bytes(), dialect);
        // Mostly the bytewise order is the right one already.
        if !sorted.is_sorted_by(|a, b| order(a, b) != Ordering::Greater) {
            keyorder::sort(&mut sorted, order);
        }
        self.members(sorted)
    }

    /// The members of a mapping that is not empty, in their order.
    fn members(&mut self, members: Vec<(&GoStr, &Value)>) -> Result<(), Error> {
        let outer = self.indent;
        self.increase_indent(false, false);
        for (key, value) in members {
            self.write_indent();
            if self.is_simple_key(key) {
                self.go_string(key, Place::SimpleKey);
                self.indicator(b":", false, false, false);
            } else {
                self.indicator(b"?", true, false, true);
                self.go_string(key, Place::Mapping);
                self.write_indent();
                self.indicator(b":", true, false, true);
            }
            self.node(value, Place::Mapping)?;
        }
        self.indent = outer;
        Ok(())
    }

    fn is_simple_key(&self, key: &GoStr) -> bool {
        let text = key.as_bytes();
        if self.dialect == Dialect::V3 && std::str::from_utf8(text).is_err() {
            let encoded = encode_binary(text);
            return !encoded.contains(&b'\n') && "!!binary".len() + encoded.len() <= MAX_SIMPLE_KEY;
        }
        text.len() <= MAX_SIMPLE_KEY && (0..text.len()).all(|i| break_len(&text[i..]) == 0)
    }

    // --- scalars ---

    fn float(&mut self, f: f64) {
        let text = match self.dialect {
            // JSON has written the number, and YAML has read an integer if it looks like one.
            Dialect::V2 if f.fract() == 0.0 && f.abs() < 18_446_744_073_709_551_616.0 => {
                if f > -9_223_372_036_854_775_808.0 {
                    let mut text = Vec::with_capacity(24);
                    number::append_json(&mut text, if f == 0.0 { 0.0 } else { f });
                    return self.plain(&text);
                }
                number::shortest(f)
            }
            _ => number::shortest(f),
        };
        self.plain(match text.as_str() {
            "+Inf" => b".inf",
            "-Inf" => b"-.inf",
            "NaN" => b".nan",
            other => other.as_bytes(),
        });
    }

    fn go_string(&mut self, s: &GoStr, place: Place) {
        let bytes = s.as_bytes();
        if is_simple(bytes) {
            self.plain(bytes);
        } else if std::str::from_utf8(bytes).is_ok() {
            self.string(bytes, place);
        } else if self.dialect == Dialect::V2 {
            self.string(s.to_str().as_bytes(), place);
        } else {
            let encoded = encode_binary(bytes);
            if !self.whitespace {
                self.put(b' ');
            }
            self.text(b"!!binary");
            self.whitespace = false;
            self.indention = false;
            self.styled(&encoded, choose(&encoded, self.dialect, place == Place::SimpleKey, true).0, place);
        }
    }

    fn string(&mut self, text: &[u8], place: Place) {
        if is_simple(text) {
            return self.plain(text);
        }
        let (style, _) = choose(text, self.dialect, place == Place::SimpleKey, false);
        self.styled(text, style, place);
    }

    fn styled(&mut self, text: &[u8], style: Style, place: Place) {
        let outer = self.indent;
        self.increase_indent(true, false);
        let width = if self.dialect == Dialect::V2 && place != Place::SimpleKey { WIDTH } else { usize::MAX };
        match style {
            Style::Plain => self.plain_text(text, width),
            Style::SingleQuoted => self.single_quoted(text, width),
            Style::DoubleQuoted => self.double_quoted(text, width),
            Style::Literal => self.literal(text),
        }
        self.indent = outer;
    }

    /// A plain scalar of ASCII without spaces.
    fn plain(&mut self, text: &[u8]) {
        if !self.whitespace {
            self.put(b' ');
        }
        self.out.extend_from_slice(text);
        self.column += text.len();
        self.whitespace = false;
        self.indention = false;
    }

    fn plain_text(&mut self, text: &[u8], width: usize) {
        if !(self.whitespace || text.is_empty() && self.dialect == Dialect::V3) {
            self.put(b' ');
        }
        self.folded(text, width, false);
        if !text.is_empty() || self.dialect == Dialect::V2 {
            self.whitespace = false;
        }
        self.indention = false;
    }

    fn single_quoted(&mut self, text: &[u8], width: usize) {
        self.indicator(b"'", true, false, false);
        self.folded(text, width, true);
        self.indicator(b"'", false, false, false);
        self.indention = false;
    }

    /// Text whose lines may be broken at single spaces.
    fn folded(&mut self, text: &[u8], width: usize, quoted: bool) {
        let (mut spaces, mut breaks) = (false, false);
        let mut i = 0;
        while i < text.len() {
            let rest = &text[i..];
            let byte = rest[0];
            if byte == b' ' {
                let inside = !quoted || (i > 0 && i < text.len() - 1);
                if !spaces && self.column > width && inside && rest.get(1) != Some(&b' ') {
                    self.write_indent();
                } else {
                    self.put(b' ');
                }
                i += 1;
                spaces = true;
            } else if break_len(rest) > 0 {
                if !breaks && byte == b'\n' {
                    self.put_break();
                }
                i += self.write_break(rest);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.write_indent();
                }
                if byte == b'\'' && quoted {
                    self.put(b'\'');
                }
                i += self.write_char(rest);
                self.indention = false;
                spaces = false;
                breaks = false;
            }
        }
    }

    fn double_quoted(&mut self, text: &[u8], width: usize) {
        self.indicator(b"\"", true, false, false);
        // Go looks for the mark at the start of the text whenever it looks at a character, so that all are escaped.
        let all = text.starts_with(&[0xEF, 0xBB, 0xBF]);
        let mut spaces = false;
        let mut i = 0;
        while i < text.len() {
            let rest = &text[i..];
            let byte = rest[0];
            if all || !is_printable(rest) || break_len(rest) > 0 || matches!(byte, b'"' | b'\\') {
                i += self.escape(rest);
                spaces = false;
            } else if byte == b' ' {
                if !spaces && self.column > width && i > 0 && i < text.len() - 1 {
                    self.write_indent();
                    if rest.get(1) == Some(&b' ') {
                        self.put(b'\\');
                    }
                } else {
                    self.put(b' ');
                }
                i += 1;
                spaces = true;
            } else {
                i += self.write_char(rest);
                spaces = false;
            }
        }
        self.indicator(b"\"", false, false, false);
        self.indention = false;
    }

    /// Writes the character that starts the slice as an escape sequence; gives its length.
    fn escape(&mut self, s: &[u8]) -> usize {
        let width = chars::width(s[0]).max(1);
        let code = std::str::from_utf8(&s[..width]).ok().and_then(|s| s.chars().next()).map_or(0xFFFD, u32::from);
        self.put(b'\\');
        match code {
            0x00 => self.put(b'0'),
            0x07 => self.put(b'a'),
            0x08 => self.put(b'b'),
            0x09 => self.put(b't'),
            0x0A => self.put(b'n'),
            0x0B => self.put(b'v'),
            0x0C => self.put(b'f'),
            0x0D => self.put(b'r'),
            0x1B => self.put(b'e'),
            0x22 => self.put(b'"'),
            0x5C => self.put(b'\\'),
            0x85 => self.put(b'N'),
            0xA0 => self.put(b'_'),
            0x2028 => self.put(b'L'),
            0x2029 => self.put(b'P'),
            code if code <= 0xFF => self.text(format!("x{code:02X}").as_bytes()),
            code if code <= 0xFFFF => self.text(format!("u{code:04X}").as_bytes()),
            code => self.text(format!("U{code:08X}").as_bytes()),
        }
        width
    }

    fn literal(&mut self, text: &[u8]) {
        self.indicator(b"|", true, false, false);
        if text.first() == Some(&b' ') || break_len(text) > 0 {
            self.indicator(b"2", false, false, false);
        }
        match trailing_breaks(text) {
            0 => self.indicator(b"-", false, false, false),
            1 if last_char(text) > 0 => {}
            _ => self.indicator(b"+", false, false, false),
        }
        self.put_break();
        self.indention = true;
        self.whitespace = true;
        let mut breaks = true;
        let mut i = 0;
        while i < text.len() {
            let rest = &text[i..];
            if break_len(rest) > 0 {
                i += self.write_break(rest);
                self.indention = true;
                breaks = true;
                continue;
            }
            if breaks {
                self.write_indent();
            }
            // Up to where a line break may be.
            let run = rest
                .iter()
                .position(|b| chars::is(*b, chars::BREAK | chars::MAYBE_BREAK))
                .unwrap_or(rest.len())
                .max(chars::width(rest[0]).max(1));
            self.text(&rest[..run]);
            i += run;
            self.indention = false;
            breaks = false;
        }
    }

    // --- output ---

    fn increase_indent(&mut self, flow: bool, indentless: bool) {
        if self.indent < 0 {
            self.indent = if flow { INDENT } else { 0 };
        } else if !indentless {
            self.indent += INDENT;
        }
    }

    #[inline]
    fn put(&mut self, byte: u8) {
        self.out.push(byte);
        self.column += 1;
    }

    fn text(&mut self, s: &[u8]) {
        self.out.extend_from_slice(s);
        self.column += s.iter().filter(|b| **b & 0xC0 != 0x80).count();
    }

    fn put_break(&mut self) {
        self.out.push(b'\n');
        self.column = 0;
        self.indention |= self.dialect == Dialect::V3;
    }

    /// Writes the character that starts the slice; gives its length.
    #[inline]
    fn write_char(&mut self, s: &[u8]) -> usize {
        let width = chars::width(s[0]).clamp(1, s.len());
        self.out.extend_from_slice(&s[..width]);
        self.column += 1;
        width
    }

    /// Writes the line break that starts the slice; gives its length. CR and LF are two of them here.
    fn write_break(&mut self, s: &[u8]) -> usize {
        if s[0] == b'\n' {
            self.put_break();
            return 1;
        }
        let width = self.write_char(s);
        self.column = 0;
        self.indention |= self.dialect == Dialect::V3;
        width
    }

    fn write_indent(&mut self) {
        let indent = self.indent.max(0) as usize;
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.put_break();
        }
        if self.column < indent {
            self.out.resize(self.out.len() + indent - self.column, b' ');
            self.column = indent;
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn indicator(&mut self, text: &[u8], need_whitespace: bool, is_whitespace: bool, is_indention: bool) {
        if need_whitespace && !self.whitespace {
            self.put(b' ');
        }
        self.out.extend_from_slice(text);
        self.column += text.len();
        self.whitespace = is_whitespace;
        self.indention &= is_indention;
    }
}

/// Offset of the last character.
fn last_char(text: &[u8]) -> usize {
    text.iter().rposition(|b| b & 0xC0 != 0x80).unwrap_or(0)
}

/// How many line breaks end the text, counted up to two.
fn trailing_breaks(text: &[u8]) -> usize {
    let last = last_char(text);
    if break_len(&text[last..]) == 0 {
        return 0;
    }
    if last == 0 {
        return 1;
    }
    1 + usize::from(break_len(&text[last_char(&text[..last])..last]) > 0)
}

/// Base64 in lines of 70.
fn encode_binary(bytes: &[u8]) -> Vec<u8> {
    let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
    let lines: Vec<&[u8]> = encoded.as_bytes().chunks(70).collect();
    let mut out = lines.join(&b'\n');
    if encoded.len() >= 70 {
        out.push(b'\n');
    }
    out
}
