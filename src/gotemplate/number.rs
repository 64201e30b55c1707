//! Number literals: one literal, read as every type that can hold it.

use super::errtext;
use super::lex::Kind;
use super::node::Span;
use super::strconv::{self, Unquoted};
use super::value::Value;

/// A number literal under all types that represent it exactly, as Go's untyped constants.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Number {
    /// The literal in the text.
    pub text: Span,
    pub int: Option<i64>,
    pub uint: Option<u64>,
    pub float: Option<f64>,
    pub complex: Option<(f64, f64)>,
    /// The literal is written as an integer or a character, so that without a wanted type it is an `int`.
    integral: bool,
}

impl Number {
    /// Reads a literal; `text` is its place, `kind` what the lexer took it for.
    ///
    /// # Errors
    /// Go's message.
    pub fn parse(literal: &[u8], text: Span, kind: Kind) -> Result<Self, String> {
        let mut number = match kind {
            Kind::CharConstant => Self::character(literal)?,
            Kind::Complex => Self::complex(scan_complex(literal)?),
            _ => Self::simple(literal)?,
        };
        number.text = text;
        Ok(number)
    }

    fn character(literal: &[u8]) -> Result<Self, String> {
        let (unquoted, width) = strconv::unquote_char(&literal[1..], b'\'').ok_or("invalid syntax")?;
        if &literal[1 + width..] != b"'" {
            return Err(format!("malformed character constant: {}", errtext::text(literal)));
        }
        let code = match unquoted {
            Unquoted::Byte(b) => u32::from(b),
            Unquoted::Rune(c) => u32::from(c),
        };
        Ok(Self {
            int: Some(i64::from(code)),
            uint: Some(u64::from(code)),
            float: Some(f64::from(code)),
            integral: true,
            ..Self::default()
        })
    }

    fn complex((re, im): (f64, f64)) -> Self {
        let mut number = Self { complex: Some((re, im)), ..Self::default() };
        if im == 0.0 {
            number.float = Some(re);
            number.int = exact_int(re);
            number.uint = exact_uint(re);
        }
        number
    }

    fn simple(literal: &[u8]) -> Result<Self, String> {
        if let Some(imaginary) = literal.strip_suffix(b"i")
            && let Ok(im) = strconv::parse_float(imaginary)
        {
            return Ok(Self::complex((0.0, im)));
        }
        let int = strconv::parse_int(literal, 0, 64).ok();
        let uint = strconv::parse_uint(literal, 0, 64).ok().or((int == Some(0)).then_some(0));
        let is_hex = literal.len() > 2 && literal[0] == b'0' && matches!(literal[1], b'x' | b'X');
        let has = |set: &[u8]| literal.iter().any(|b| set.contains(b));
        let mut number = Self { int, uint, ..Self::default() };
        number.integral = is_hex && !has(b"pP") || !has(b".eEpP");
        if let Some(int) = int {
            number.float = Some(int as f64);
        } else if let Some(uint) = uint {
            number.float = Some(uint as f64);
        } else if let Ok(float) = strconv::parse_float(literal) {
            if !has(b".eEpP") {
                return Err(format!("integer overflow: {}", strconv::quote(literal)));
            }
            number.float = Some(float);
            number.int = exact_int(float);
            number.uint = exact_uint(float);
        }
        if number.float.is_none() {
            return Err(format!("illegal number syntax: {}", strconv::quote(literal)));
        }
        Ok(number)
    }

    /// The value where no type is wanted; nothing if it overflows `int`.
    pub fn ideal(&self) -> Option<Value> {
        match (self.complex, self.float) {
            (Some(complex), _) => Some(Value::Complex(complex.into())),
            (None, Some(float)) if !self.integral => Some(Value::Float(float)),
            _ => self.int.map(Value::int),
        }
    }
}

/// The integer a float is, if it is one that fits.
fn exact_int(f: f64) -> Option<i64> {
    let limit = 2f64.powi(63);
    (f.fract() == 0.0 && f >= -limit && f < limit).then_some(f as i64)
}

fn exact_uint(f: f64) -> Option<u64> {
    (f.fract() == 0.0 && f >= 0.0 && f < 2f64.powi(64)).then_some(f as u64)
}

/// A complex number such as `1+2i`, as Go's `fmt.Sscan` reads it.
fn scan_complex(literal: &[u8]) -> Result<(f64, f64), String> {
    let (real, rest) = literal.split_at(float_length(literal));
    let has_sign = matches!(rest, [b'+' | b'-', ..]);
    let (imaginary, rest) = rest.split_at_checked(1 + float_length(&rest[usize::from(has_sign)..])).unwrap_or_default();
    if !has_sign || rest.first() != Some(&b'i') {
        return Err("syntax error scanning complex number".to_owned());
    }
    let read = |part: &[u8]| {
        strconv::parse_float(part)
            .map_err(|error| format!("strconv.ParseFloat: parsing {}: {error}", strconv::quote(part)))
    };
    Ok((read(real)?, read(imaginary)?))
}

/// How much of a text Go takes for a number before it looks whether it is one.
fn float_length(text: &[u8]) -> usize {
    let mut at = 0;
    let mut accept = |wanted: &[u8]| {
        let accepts = text.get(at).is_some_and(|b| wanted.contains(b));
        at += usize::from(accepts);
        accepts
    };
    accept(b"+-");
    // An infinity may begin so.
    accept(b"iI");
    let is_hex = accept(b"0") && accept(b"xX");
    let (digits, exponent): (&[u8], &[u8]) =
        if is_hex { (b"0123456789_aAbBcCdDeEfF", b"pP") } else { (b"0123456789_", b"eEpP") };
    while accept(digits) {}
    if accept(b".") {
        while accept(digits) {}
    }
    if accept(exponent) {
        accept(b"+-");
        while accept(b"0123456789_") {}
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ideal(literal: &str) -> String {
        let kind = match literal.as_bytes()[0] {
            b'\'' => Kind::CharConstant,
            _ if literal.ends_with('i') && literal[1..].contains(['+', '-']) => Kind::Complex,
            _ => Kind::Number,
        };
        match Number::parse(literal.as_bytes(), Span::default(), kind) {
            Ok(number) => format!("{:?}", number.ideal()),
            Err(error) => error,
        }
    }

    #[test]
    fn literals_have_the_types_of_go() {
        for (literal, want) in [
            ("1", "Some(Int(1, Int))"),
            ("0x1e", "Some(Int(30, Int))"),
            ("1_000", "Some(Int(1000, Int))"),
            ("017", "Some(Int(15, Int))"),
            ("'a'", "Some(Int(97, Int))"),
            ("1e1", "Some(Float(10.0))"),
            ("1.0", "Some(Float(1.0))"),
            ("0x1p2", "Some(Float(4.0))"),
            ("1i", "Some(Complex((0.0, 1.0)))"),
            ("1+2i", "Some(Complex((1.0, 2.0)))"),
            ("0x1p2-1e1i", "Some(Complex((4.0, -10.0)))"),
            ("--1i", "strconv.ParseFloat: parsing \"-\": invalid syntax"),
            ("1e400+1i", "strconv.ParseFloat: parsing \"1e400\": value out of range"),
            ("1+i", "syntax error scanning complex number"),
            ("1i+1i", "syntax error scanning complex number"),
            ("18446744073709551615", "None"),
            ("18446744073709551616", "integer overflow: \"18446744073709551616\""),
            ("08", "integer overflow: \"08\""),
            ("1__0", "illegal number syntax: \"1__0\""),
            ("'ab'", "malformed character constant: 'ab'"),
        ] {
            assert_eq!(ideal(literal), want, "{literal}");
        }
    }
}
