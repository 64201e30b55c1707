//! Error texts that hold any bytes.
//!
//! Go's errors are bytes, ours are text, so that they can be formatted, split and wrapped as text. Bytes that are not UTF-8
//! are carried through as characters of the last private plane (byte `0xfe` as U+10FFFE), and given out again as bytes where
//! a text leaves the program.

use std::borrow::Cow;

use super::value::GoStr;

/// The character that carries the byte 0.
const BASE: u32 = 0x10_FF00;

/// The character for a byte of 0x80 or more.
fn carrier(byte: u8) -> char {
    char::from_u32(BASE + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The byte that a character carries.
fn carried(c: char) -> Option<u8> {
    u32::from(c).checked_sub(BASE).and_then(|byte| u8::try_from(byte).ok()).filter(|byte| *byte >= 0x80)
}

/// Whether some character may carry a byte: such ones begin with this byte.
fn may_carry(bytes: &[u8]) -> bool {
    memchr::memchr(0xF4, bytes).is_some()
}

/// Bytes as a text from which [`bytes`] has them again.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !may_carry(bytes) || !text.contains(|c| carried(c).is_some()) => Cow::Borrowed(text),
        _ => Cow::Owned(carry(bytes)),
    }
}

fn carry(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if carried(c).is_some() {
                // A character that would be taken for a byte goes as its own bytes.
                out.extend(c.encode_utf8(&mut [0; 4]).bytes().map(carrier));
            } else {
                out.push(c);
            }
        }
        out.extend(chunk.invalid().iter().copied().map(carrier));
    }
    out
}

/// The bytes that a text stands for.
pub fn bytes(text: &str) -> Cow<'_, [u8]> {
    if !may_carry(text.as_bytes()) || !text.contains(|c| carried(c).is_some()) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match carried(c) {
            Some(byte) => out.push(byte),
            None => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(out)
}

/// The text with U+FFFD for each byte that is not UTF-8, as Go writes it to JSON.
pub fn lossy(text: &str) -> Cow<'_, str> {
    match bytes(text) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(bytes) => Cow::Owned(GoStr::from(bytes).to_str().into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bytes_come_out_as_they_went_in() {
        for all in [
            &b"plain \xC3\xA9"[..],
            b"\xfe",
            b"a\xE2\x82b\xff\x80",
            "\u{10FFFE}\u{10FF80}\u{10FF7F}\u{10FEFF}".as_bytes(),
            b"\xF4\x8F\xBE",
            b"\xF4\x8F\xBF\xBE\xF4",
        ] {
            assert_eq!(&*bytes(&text(all)), all, "{}", all.escape_ascii());
        }
        assert_eq!(text(b"\xfe"), "\u{10FFFE}");
        assert_eq!(lossy(&text(b"a\xE2\x82b")), "a\u{FFFD}\u{FFFD}b");
        assert!(matches!(text("é\u{10FEFF}".as_bytes()), Cow::Borrowed(_)));
    }
}
