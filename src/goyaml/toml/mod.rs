//! TOML in and out.

mod datetime;
pub(super) mod decode;
pub(super) mod encode;
mod scan;
mod table;

pub use datetime::{DateTime, Zone};

/// Characters that may stand in a key without quotes.
fn is_bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// Appends a string in double quotes.
fn push_quoted(out: &mut Vec<u8>, s: &[u8]) {
    out.push(b'"');
    for &byte in s {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0C => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0..=0x1F | 0x7F => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// Appends one part of a key, in quotes if need be.
fn push_key(out: &mut Vec<u8>, part: &[u8]) {
    if !part.is_empty() && part.iter().all(|b| is_bare(char::from(*b))) {
        out.extend_from_slice(part);
    } else {
        push_quoted(out, part);
    }
}

/// Appends a dotted key.
fn push_dotted<S: AsRef<[u8]>>(out: &mut Vec<u8>, key: &[S]) {
    for (i, part) in key.iter().enumerate() {
        if i > 0 {
            out.push(b'.');
        }
        push_key(out, part.as_ref());
    }
}

/// A dotted key as error messages write it.
fn dotted<S: AsRef<[u8]>>(key: &[S]) -> String {
    let mut out = Vec::new();
    push_dotted(&mut out, key);
    String::from_utf8_lossy(&out).into_owned()
}
