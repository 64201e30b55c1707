//! Quoting and unquoting of strings and runes.

use crate::gotemplate::runes::{RUNE_ERROR, decode_rune, is_print, push_rune};

const LOWER_HEX: &[u8; 16] = b"0123456789abcdef";

/// A Go string literal in double quotes, `strconv.Quote`.
pub fn quote(s: &[u8]) -> String {
    let mut out = Vec::with_capacity(s.len() + 2);
    append_quote(&mut out, s);
    // Everything that is not valid UTF-8 was escaped.
    String::from_utf8(out).unwrap_or_default()
}

/// Appends [`quote`]`(s)`.
pub fn append_quote(out: &mut Vec<u8>, s: &[u8]) {
    append_quoted(out, s, false);
}

/// Like [`append_quote`], with everything outside ASCII escaped.
pub fn append_quote_to_ascii(out: &mut Vec<u8>, s: &[u8]) {
    append_quoted(out, s, true);
}

/// A rune in single quotes, escaped where needed.
pub fn append_quote_rune(out: &mut Vec<u8>, c: char) {
    out.push(b'\'');
    append_escaped(out, c, '\'', false);
    out.push(b'\'');
}

/// Like [`append_quote_rune`], with everything outside ASCII escaped.
pub fn append_quote_rune_to_ascii(out: &mut Vec<u8>, c: char) {
    out.push(b'\'');
    append_escaped(out, c, '\'', true);
    out.push(b'\'');
}

fn append_quoted(out: &mut Vec<u8>, s: &[u8], ascii: bool) {
    out.push(b'"');
    let mut rest = s;
    while !rest.is_empty() {
        let plain = rest.iter().take_while(|b| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\')).count();
        out.extend_from_slice(&rest[..plain]);
        rest = &rest[plain..];
        let (c, width) = decode_rune(rest);
        if width == 0 {
            break;
        }
        if c == RUNE_ERROR && width == 1 {
            push_hex_byte(out, rest[0]);
        } else {
            append_escaped(out, c, '"', ascii);
        }
        rest = &rest[width..];
    }
    out.push(b'"');
}

fn push_hex_byte(out: &mut Vec<u8>, b: u8) {
    out.extend_from_slice(&[b'\\', b'x', LOWER_HEX[usize::from(b >> 4)], LOWER_HEX[usize::from(b & 15)]]);
}

fn append_escaped(out: &mut Vec<u8>, c: char, quote: char, ascii: bool) {
    if c == quote || c == '\\' {
        out.push(b'\\');
        push_rune(out, c);
        return;
    }
    if is_print(c) && (!ascii || c.is_ascii()) {
        push_rune(out, c);
        return;
    }
    let short = match c {
        '\x07' => b'a',
        '\x08' => b'b',
        '\x0C' => b'f',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        '\x0B' => b'v',
        _ => 0,
    };
    let code = u32::from(c);
    if short != 0 {
        out.extend_from_slice(&[b'\\', short]);
    } else if code < 0x20 || code == 0x7F {
        push_hex_byte(out, code as u8);
    } else {
        let (letter, digits) = if code < 0x10000 { (b'u', 4) } else { (b'U', 8) };
        out.extend_from_slice(&[b'\\', letter]);
        for digit in (0..digits).rev() {
            out.push(LOWER_HEX[(code >> (4 * digit) & 15) as usize]);
        }
    }
}

/// Whether the string can stand unchanged between backquotes on one line.
pub fn can_backquote(s: &[u8]) -> bool {
    let mut rest = s;
    while !rest.is_empty() {
        let (c, width) = decode_rune(rest);
        rest = &rest[width..];
        let bad = match c {
            '\u{FEFF}' | '`' | '\x7F' => true,
            RUNE_ERROR => width == 1,
            c => c < ' ' && c != '\t',
        };
        if bad {
            return false;
        }
    }
    true
}

/// What an escape or a plain character stands for: a single byte, or a rune to be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unquoted {
    /// A byte, from an ASCII character, `\x` or an octal escape.
    Byte(u8),
    /// A rune, from a multibyte character, `\u` or `\U`.
    Rune(char),
}

/// Decodes the first character or escape of a literal quoted by `quote`: the character and how many bytes it took; `None`
/// for a syntax error. As `strconv.UnquoteChar`.
pub fn unquote_char(s: &[u8], quote: u8) -> Option<(Unquoted, usize)> {
    let &first = s.first()?;
    if first == quote {
        return None;
    }
    if first >= 0x80 {
        let (c, width) = decode_rune(s);
        return Some((Unquoted::Rune(c), width));
    }
    if first != b'\\' {
        return Some((Unquoted::Byte(first), 1));
    }
    let &kind = s.get(1)?;
    let simple = match kind {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'\\' => b'\\',
        b'\'' | b'"' if kind == quote => kind,
        b'x' | b'u' | b'U' => return unquote_hex(s, kind),
        b'0'..=b'7' => {
            let digits = s.get(1..4)?;
            let mut value = 0u32;
            for d in digits {
                if !(b'0'..=b'7').contains(d) {
                    return None;
                }
                value = value * 8 + u32::from(d - b'0');
            }
            return Some((Unquoted::Byte(u8::try_from(value).ok()?), 4));
        }
        _ => return None,
    };
    Some((Unquoted::Byte(simple), 2))
}

fn unquote_hex(s: &[u8], kind: u8) -> Option<(Unquoted, usize)> {
    let count = match kind {
        b'x' => 2,
        b'u' => 4,
        _ => 8,
    };
    let mut value = 0u32;
    for &d in s.get(2..2 + count)? {
        value = value << 4 | char::from(d).to_digit(16)?;
    }
    let unquoted = if kind == b'x' { Unquoted::Byte(value as u8) } else { Unquoted::Rune(char::from_u32(value)?) };
    Some((unquoted, 2 + count))
}

/// The string that a double- or backquoted Go literal stands for; `None` for a syntax error.
pub fn unquote(literal: &[u8]) -> Option<Vec<u8>> {
    let (&quote, rest) = literal.split_first()?;
    let (&last, body) = rest.split_last()?;
    if last != quote {
        return None;
    }
    match quote {
        b'`' if body.contains(&b'`') => None,
        b'`' => Some(body.iter().copied().filter(|&b| b != b'\r').collect()),
        b'"' => {
            let mut out = Vec::with_capacity(body.len());
            let mut rest = body;
            while let Some(&first) = rest.first() {
                if first == b'\n' {
                    return None;
                }
                let (unquoted, width) = unquote_char(rest, b'"')?;
                match unquoted {
                    Unquoted::Byte(b) => out.push(b),
                    Unquoted::Rune(c) => push_rune(&mut out, c),
                }
                rest = &rest[width..];
            }
            Some(out)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_as_go_does() {
        assert_eq!(quote(b"a\"b\\\n\x01\xff"), r#""a\"b\\\n\x01\xff""#);
        assert_eq!(quote("é\u{ad}\u{1F600}\u{E0001}".as_bytes()), "\"é\\u00ad\u{1F600}\\U000e0001\"");
    }

    #[test]
    fn unquotes_escapes_and_rejects_bad_ones() {
        assert_eq!(unquote(br#""a\x41\101\u00e9\"""#).unwrap(), "aAAé\"".as_bytes());
        assert_eq!(unquote(b"`a\\\r\n`").unwrap(), b"a\\\n");
        for bad in [r#""\'""#, r#""\400""#, r#""\ud800""#, r#""a"#, "\"a\nb\"", r#""a"b""#] {
            assert_eq!(unquote(bad.as_bytes()), None, "{bad}");
        }
    }
}
