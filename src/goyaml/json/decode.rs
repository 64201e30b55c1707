//! JSON to values, as `encoding/json` reads it into an `interface{}`.

use super::super::Error;
use crate::gotemplate::strconv;
use crate::gotemplate::value::Entries;
use crate::gotemplate::{GoStr, ListKind, Map, MapKind, Value};

/// How deep JSON may be nested.
const MAX_DEPTH: usize = 10_000;

/// A value with the first fault that did not stop the reading.
pub struct Decoded {
    /// What was read.
    pub value: Value,
    /// A number beyond `float64`; its value is nil.
    pub fault: Option<Error>,
}

impl Decoded {
    /// The value by its kind: nil with a fault is a number.
    pub fn into_value(self) -> Value {
        match self {
            Self { value: Value::Nil, fault: Some(_) } => Value::Float(f64::INFINITY),
            Self { value, .. } => value,
        }
    }
}

/// Reads a text that is one value.
pub fn decode(text: &[u8]) -> Result<Decoded, Error> {
    let mut decoder = Decoder::new(text);
    let value = decoder.value()?;
    decoder.skip_space();
    if decoder.pos < text.len() {
        return Err(decoder.unexpected("after top-level value"));
    }
    Ok(Decoded { value, fault: decoder.fault })
}

/// Reads the value at the start of a text and tells where it ends (`json.Decoder.Decode` and `InputOffset`).
pub fn decode_prefix(text: &[u8]) -> Result<(Value, usize), Error> {
    prefix(Decoder::new(text))
}

/// The same for a decoder that keeps numbers as they are written: those beyond `float64` become its largest.
pub fn decode_prefix_with_all_numbers(text: &[u8]) -> Result<(Value, usize), Error> {
    prefix(Decoder { all_numbers: true, ..Decoder::new(text) })
}

fn prefix(mut decoder: Decoder<'_>) -> Result<(Value, usize), Error> {
    decoder.skip_space();
    if decoder.pos == decoder.text.len() {
        return Err(Error::new("EOF"));
    }
    match decoder.value() {
        Ok(value) => match decoder.fault {
            Some(fault) => Err(fault),
            None => Ok((value, decoder.pos)),
        },
        Err(_) if decoder.ended => Err(Error::new("unexpected EOF")),
        Err(error) => Err(error),
    }
}

/// Bytes that stand for themselves in a string.
static ORDINARY: [bool; 256] = {
    let mut table = [true; 256];
    let mut i = 0;
    while i < 0x20 {
        table[i] = false;
        i += 1;
    }
    table[b'"' as usize] = false;
    table[b'\\' as usize] = false;
    table
};

/// What is open around the current position.
enum Open {
    List(Vec<Value>),
    Map(Entries, GoStr),
}

struct Decoder<'a> {
    text: &'a [u8],
    pos: usize,
    /// Whether the text ended too early.
    ended: bool,
    fault: Option<Error>,
    /// Whether a number beyond `float64` is no fault.
    all_numbers: bool,
}

impl<'a> Decoder<'a> {
    fn new(text: &'a [u8]) -> Self {
        Self { text, pos: 0, ended: false, fault: None, all_numbers: false }
    }

    fn skip_space(&mut self) {
        while matches!(self.text.get(self.pos), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.pos += 1;
        }
    }

    /// The next byte that is not white space.
    fn next(&mut self) -> Result<u8, Error> {
        self.skip_space();
        self.current()
    }

    fn current(&mut self) -> Result<u8, Error> {
        self.text.get(self.pos).copied().ok_or_else(|| {
            self.ended = true;
            Error::new("unexpected end of JSON input")
        })
    }

    /// The byte within a literal: Go takes the end of the text for a space there.
    fn in_literal(&mut self) -> u8 {
        self.text.get(self.pos).copied().unwrap_or_else(|| {
            self.ended = true;
            b' '
        })
    }

    #[cold]
    fn unexpected(&self, context: &str) -> Error {
        let quoted = match self.text.get(self.pos).copied().unwrap_or(b' ') {
            b'\'' => r"'\''".to_owned(),
            b'"' => "'\"'".to_owned(),
            byte => {
                let quoted = strconv::quote(char::from(byte).encode_utf8(&mut [0; 4]).as_bytes());
                format!("'{}'", &quoted[1..quoted.len() - 1])
            }
        };
        Error::new(format!("invalid character {quoted} {context}"))
    }

    /// One value. Nesting is kept on a stack of its own.
    fn value(&mut self) -> Result<Value, Error> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            let byte = self.next()?;
            let mut value = match byte {
                b'{' | b'[' => {
                    if open.len() == MAX_DEPTH {
                        return Err(self.unexpected("exceeded max depth"));
                    }
                    self.pos += 1;
                    let first = self.next()?;
                    if byte == b'{' && first != b'}' {
                        let key = self.key()?;
                        open.push(Open::Map(Entries::new(), key));
                        continue;
                    }
                    if byte == b'[' && first != b']' {
                        open.push(Open::List(Vec::new()));
                        continue;
                    }
                    self.pos += 1;
                    if byte == b'{' { empty_map() } else { Value::list(Vec::new()) }
                }
                b'"' => Value::Str(self.string()?),
                b't' => self.word(b"true", Value::Bool(true))?,
                b'f' => self.word(b"false", Value::Bool(false))?,
                b'n' => self.word(b"null", Value::Nil)?,
                b'-' | b'0'..=b'9' => self.number()?,
                _ => return Err(self.unexpected("looking for beginning of value")),
            };
            // Put it where it belongs and close what ends with it.
            loop {
                match open.last_mut() {
                    None => return Ok(value),
                    Some(Open::List(items)) => {
                        items.push(value);
                        match self.next()? {
                            b',' => {
                                self.pos += 1;
                                break;
                            }
                            b']' => self.pos += 1,
                            _ => return Err(self.unexpected("after array element")),
                        }
                    }
                    Some(Open::Map(entries, key)) => {
                        entries.insert(std::mem::replace(key, GoStr::from("")), value);
                        match self.next()? {
                            b',' => {
                                self.pos += 1;
                                self.next()?;
                                let next = self.key()?;
                                if let Some(Open::Map(_, key)) = open.last_mut() {
                                    *key = next;
                                }
                                break;
                            }
                            b'}' => self.pos += 1,
                            _ => return Err(self.unexpected("after object key:value pair")),
                        }
                    }
                }
                value = match open.pop() {
                    Some(Open::List(items)) => Value::appended(ListKind::Any, items),
                    Some(Open::Map(entries, _)) => Value::Map(Map::new(MapKind::Any, entries).into()),
                    None => return Ok(Value::Nil),
                };
            }
        }
    }

    /// A key and its colon.
    fn key(&mut self) -> Result<GoStr, Error> {
        if self.current()? != b'"' {
            return Err(self.unexpected("looking for beginning of object key string"));
        }
        let key = self.string()?;
        if self.next()? != b':' {
            return Err(self.unexpected("after object key"));
        }
        self.pos += 1;
        Ok(key)
    }

    fn word(&mut self, word: &[u8], value: Value) -> Result<Value, Error> {
        for (i, expected) in word.iter().enumerate() {
            if self.in_literal() != *expected {
                let word = String::from_utf8_lossy(word);
                return Err(
                    self.unexpected(&format!("in literal {word} (expecting '{}')", char::from(word.as_bytes()[i])))
                );
            }
            self.pos += 1;
        }
        Ok(value)
    }

    fn digits(&mut self) -> usize {
        let count = self.text[self.pos..].iter().take_while(|b| b.is_ascii_digit()).count();
        self.pos += count;
        count
    }

    fn number(&mut self) -> Result<Value, Error> {
        let start = self.pos;
        if self.text[self.pos] == b'-' {
            self.pos += 1;
        }
        if self.in_literal() == b'0' {
            self.pos += 1;
        } else if self.digits() == 0 {
            return Err(self.unexpected("in numeric literal"));
        }
        let mut integer = true;
        if self.text.get(self.pos) == Some(&b'.') {
            integer = false;
            self.pos += 1;
            if self.digits() == 0 {
                self.in_literal();
                return Err(self.unexpected("after decimal point in numeric literal"));
            }
        }
        if matches!(self.text.get(self.pos), Some(b'e' | b'E')) {
            integer = false;
            self.pos += 1;
            if matches!(self.text.get(self.pos), Some(b'+' | b'-')) {
                self.pos += 1;
            }
            if self.digits() == 0 {
                self.in_literal();
                return Err(self.unexpected("in exponent of numeric literal"));
            }
        }
        let literal = &self.text[start..self.pos];
        if integer && literal.len() <= 15 && literal[0] != b'-' {
            return Ok(Value::Float(literal.iter().fold(0i64, |n, d| n * 10 + i64::from(d - b'0')) as f64));
        }
        let literal = std::str::from_utf8(literal).unwrap_or_default();
        match literal.parse::<f64>() {
            Ok(f) if f.is_finite() => Ok(Value::Float(f)),
            Ok(f) if self.all_numbers => Ok(Value::Float(f.clamp(f64::MIN, f64::MAX))),
            _ => {
                self.fault.get_or_insert_with(|| {
                    Error::new(format!("json: cannot unmarshal number {literal} into Go value of type float64"))
                });
                Ok(Value::Nil)
            }
        }
    }

    fn string(&mut self) -> Result<GoStr, Error> {
        self.pos += 1;
        let start = self.pos;
        let run = |text: &[u8], from: usize| text[from..].iter().take_while(|b| ORDINARY[**b as usize]).count();
        self.pos += run(self.text, self.pos);
        if self.text.get(self.pos) == Some(&b'"') {
            let literal = &self.text[start..self.pos];
            self.pos += 1;
            return Ok(valid(literal));
        }
        let mut out = self.text[start..self.pos].to_vec();
        loop {
            match self.current()? {
                b'"' => {
                    self.pos += 1;
                    return Ok(valid(&out));
                }
                b'\\' => {
                    self.pos += 1;
                    self.escape(&mut out)?;
                }
                0..=0x1F => return Err(self.unexpected("in string literal")),
                _ => {
                    let n = run(self.text, self.pos);
                    out.extend_from_slice(&self.text[self.pos..self.pos + n]);
                    self.pos += n;
                }
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        let plain = match self.in_literal() {
            b'b' => 0x08,
            b'f' => 0x0C,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            byte @ (b'\\' | b'/' | b'"') => byte,
            b'u' => {
                let first = self.code_unit()?;
                let mut c = char::from_u32(first);
                if first & 0xFC00 == 0xD800 && self.text[self.pos..].starts_with(b"\\u") {
                    // The second half, if it is one; else it is read again by itself.
                    let here = self.pos;
                    self.pos += 1;
                    let second = self.code_unit()?;
                    if second & 0xFC00 == 0xDC00 {
                        c = char::from_u32(0x1_0000 + ((first & 0x3FF) << 10) + (second & 0x3FF));
                    } else {
                        self.pos = here;
                    }
                }
                let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return Err(self.unexpected("in string escape code")),
        };
        out.push(plain);
        self.pos += 1;
        Ok(())
    }

    /// `uXXXX`
    fn code_unit(&mut self) -> Result<u32, Error> {
        self.pos += 1;
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = char::from(self.in_literal()).to_digit(16) else {
                return Err(self.unexpected("in \\u hexadecimal character escape"));
            };
            code = code << 4 | digit;
            self.pos += 1;
        }
        Ok(code)
    }
}

fn empty_map() -> Value {
    Value::Map(Map::empty())
}

/// The string with U+FFFD for each byte that is not UTF-8.
fn valid(bytes: &[u8]) -> GoStr {
    match std::str::from_utf8(bytes) {
        Ok(_) => GoStr::from(bytes),
        Err(_) => GoStr::from(GoStr::from(bytes).to_str().into_owned()),
    }
}
