//! What a plain scalar means: null, boolean, number, timestamp or string.

use super::super::Error;
use super::timestamp::is_timestamp;
use crate::gotemplate::strconv::{parse_int, parse_uint};

/// The two libraries that Helm uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// go.yaml.in/yaml/v2: YAML 1.1, so that `y`, `on` and the like are booleans.
    V2,
    /// go.yaml.in/yaml/v3: only `true` and `false` are booleans.
    V3,
}

/// The meaning of a scalar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Meaning {
    /// `!!null`
    Null,
    /// `!!bool`
    Bool(bool),
    /// `!!int` that fits an `int64`
    Int(i64),
    /// `!!int` that fits only an `uint64`
    Uint(u64),
    /// `!!float`
    Float(f64),
    /// `!!timestamp`; the text stays what it is
    Timestamp,
    /// `!!str`, or any text with a tag that is not known
    Str,
    /// `!!binary`: the text is base64
    Binary,
}

impl Meaning {
    fn short_tag(self) -> &'static str {
        match self {
            Self::Null => "!!null",
            Self::Bool(_) => "!!bool",
            Self::Int(_) | Self::Uint(_) => "!!int",
            Self::Float(_) => "!!float",
            Self::Timestamp => "!!timestamp",
            Self::Str | Self::Binary => "!!str",
        }
    }
}

/// What the tags of YAML's own types begin with.
pub const TAG_PREFIX: &[u8] = b"tag:yaml.org,2002:";

/// The meaning of a plain scalar without tag.
#[inline]
pub fn resolve(text: &[u8], dialect: Dialect) -> Meaning {
    resolve_hinted(text, dialect, true)
}

fn resolve_hinted(text: &[u8], dialect: Dialect, timestamps: bool) -> Meaning {
    let Some(&first) = text.first() else { return Meaning::Null };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => resolve_word(text, dialect),
        b'.' => match text {
            b".nan" | b".NaN" | b".NAN" => Meaning::Float(f64::NAN),
            b".inf" | b".Inf" | b".INF" => Meaning::Float(f64::INFINITY),
            _ => resolve_float(text).unwrap_or(Meaning::Str),
        },
        b'0'..=b'9' | b'+' | b'-' => resolve_number(text, dialect, timestamps),
        _ => Meaning::Str,
    }
}

fn resolve_word(text: &[u8], dialect: Dialect) -> Meaning {
    if text.len() > 5 {
        return Meaning::Str;
    }
    match text {
        b"true" | b"True" | b"TRUE" => Meaning::Bool(true),
        b"false" | b"False" | b"FALSE" => Meaning::Bool(false),
        b"~" | b"null" | b"Null" | b"NULL" => Meaning::Null,
        _ if dialect == Dialect::V3 => Meaning::Str,
        _ => old_bool(text).map_or(Meaning::Str, Meaning::Bool),
    }
}

/// The booleans that YAML 1.2 no longer has.
pub fn old_bool(text: &[u8]) -> Option<bool> {
    match text {
        b"y" | b"Y" | b"yes" | b"Yes" | b"YES" | b"on" | b"On" | b"ON" => Some(true),
        b"n" | b"N" | b"no" | b"No" | b"NO" | b"off" | b"Off" | b"OFF" => Some(false),
        _ => None,
    }
}

fn resolve_number(text: &[u8], dialect: Dialect, timestamps: bool) -> Meaning {
    // The common case: few decimal digits.
    if text.len() <= 18 && text[0] != b'0' && text.iter().all(u8::is_ascii_digit) {
        return Meaning::Int(text.iter().fold(0, |n, d| n * 10 + i64::from(d - b'0')));
    }
    match text {
        b"+.inf" | b"+.Inf" | b"+.INF" => return Meaning::Float(f64::INFINITY),
        b"-.inf" | b"-.Inf" | b"-.INF" => return Meaning::Float(f64::NEG_INFINITY),
        _ => {}
    }
    if timestamps && is_timestamp(text) {
        return Meaning::Timestamp;
    }
    let without;
    let plain = if text.contains(&b'_') {
        without = text.iter().copied().filter(|b| *b != b'_').collect::<Vec<_>>();
        &without[..]
    } else {
        text
    };
    if let Ok(n) = parse_int(plain, 0, 64) {
        return Meaning::Int(n);
    }
    if let Ok(n) = parse_uint(plain, 0, 64) {
        return Meaning::Uint(n);
    }
    if let Some(float) = resolve_float(plain) {
        return float;
    }
    // What is left of the prefixes is a second sign behind them.
    let digits = |tail: &[u8], base| parse_int(tail, base, 64).ok().map(Meaning::Int);
    match plain {
        [b'0', b'b', tail @ ..] => digits(tail, 2),
        [b'0', b'o', tail @ ..] if dialect == Dialect::V3 => digits(tail, 8),
        _ => None,
    }
    .unwrap_or(Meaning::Str)
}

/// A decimal float: digits with an optional point and exponent, within the range of `float64`.
fn resolve_float(text: &[u8]) -> Option<Meaning> {
    let unsigned = match text {
        [b'+' | b'-', tail @ ..] => tail,
        _ => text,
    };
    let whole = digits(unsigned);
    let mut rest = &unsigned[whole..];
    if let [b'.', tail @ ..] = rest {
        let fraction = digits(tail);
        if whole == 0 && fraction == 0 {
            return None;
        }
        rest = &tail[fraction..];
    } else if whole == 0 {
        return None;
    }
    if let [b'e' | b'E', tail @ ..] = rest {
        let tail = match tail {
            [b'+' | b'-', tail @ ..] => tail,
            _ => tail,
        };
        let exponent = digits(tail);
        if exponent == 0 {
            return None;
        }
        rest = &tail[exponent..];
    }
    if !rest.is_empty() {
        return None;
    }
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    value.is_finite().then_some(Meaning::Float(value))
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// The meaning of a scalar with a tag.
///
/// # Errors
/// The text is not what the tag says.
pub fn resolve_tagged(tag: &[u8], text: &[u8], dialect: Dialect) -> Result<Meaning, Error> {
    let Some(known) = tag.strip_prefix(TAG_PREFIX) else { return Ok(Meaning::Str) };
    let timestamps = known == b"timestamp";
    let wanted: fn(Meaning) -> bool = match known {
        b"binary" => return Ok(Meaning::Binary),
        b"bool" => |m| matches!(m, Meaning::Bool(_)),
        b"int" => |m| matches!(m, Meaning::Int(_) | Meaning::Uint(_)),
        b"float" => |m| matches!(m, Meaning::Float(_)),
        b"null" => |m| m == Meaning::Null,
        b"timestamp" => |m| m == Meaning::Timestamp,
        // `str`, and tags that are not known.
        _ => return Ok(Meaning::Str),
    };
    let found = resolve_hinted(text, dialect, timestamps);
    match found {
        Meaning::Int(n) if known == b"float" => Ok(Meaning::Float(n as f64)),
        found if wanted(found) => Ok(found),
        found => Err(Error::new(format!(
            "yaml: cannot decode {} `{}` as a !!{}",
            found.short_tag(),
            String::from_utf8_lossy(text),
            String::from_utf8_lossy(known)
        ))),
    }
}
