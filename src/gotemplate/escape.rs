//! The escapers `html`, `js` and `urlquery`.

use std::io::Write;

use super::runes::{decode_rune, is_print};

/// Escapes for HTML text and attributes.
pub(super) fn html(s: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len());
    for &b in s {
        let escaped: &[u8] = match b {
            0 => "\u{FFFD}".as_bytes(),
            b'"' => b"&#34;",
            b'\'' => b"&#39;",
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            _ => {
                out.push(b);
                continue;
            }
        };
        out.extend_from_slice(escaped);
    }
    out
}

/// Escapes for a JavaScript string.
pub(super) fn js(s: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len());
    let mut rest = s;
    while let Some(&b) = rest.first() {
        let mut width = 1;
        match b {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\'' => out.extend_from_slice(b"\\'"),
            b'"' => out.extend_from_slice(b"\\\""),
            b'<' | b'>' | b'&' | b'=' | 0..b' ' => {
                // Writing to a vector cannot fail.
                let _ = write!(out, "\\u{b:04X}");
            }
            b if b < 0x80 => out.push(b),
            _ => {
                let (c, size) = decode_rune(rest);
                width = size;
                if is_print(c) {
                    out.extend_from_slice(&rest[..size]);
                } else {
                    let _ = write!(out, "\\u{:04X}", u32::from(c));
                }
            }
        }
        rest = &rest[width..];
    }
    out
}

/// Escapes for the query of a URL, `net/url.QueryEscape`.
pub(super) fn url_query(s: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len());
    for &b in s {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(b),
            b' ' => out.push(b'+'),
            _ => {
                let _ = write!(out, "%{b:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_as_go_does() {
        assert_eq!(html(b"<a href='x'>&\0\""), "&lt;a href=&#39;x&#39;&gt;&amp;\u{FFFD}&#34;".as_bytes());
        assert_eq!(
            js("'<a=\"\\\n\u{a0}\u{e9}".as_bytes()),
            "\\'\\u003Ca\\u003D\\\"\\\\\\u000A\\u00A0\u{e9}".as_bytes()
        );
        assert_eq!(url_query("a b&\u{e9}~".as_bytes()), b"a+b%26%C3%A9~");
    }
}
