//! Byte classes of YAML 1.1.
//!
//! The scanner works on UTF-8 bytes that end in a row of NULs, so that looking ahead never needs a bounds decision.

/// Space or tab.
pub const BLANK: u8 = 1;
/// Carriage return or line feed.
pub const BREAK: u8 = 2;
/// End of input.
pub const END: u8 = 4;
/// First byte of a character that may be a line break: NEL, LS, PS.
pub const MAYBE_BREAK: u8 = 8;
/// A letter, digit, `_` or `-`: what names of anchors and tag handles are made of.
pub const WORD: u8 = 16;
/// `,` `?` `[` `]` `{` `}`: ends a plain scalar inside a flow collection.
pub const FLOW: u8 = 32;
/// `:`.
pub const COLON: u8 = 64;
/// A byte of a character that is not ASCII.
pub const WIDE: u8 = 128;

/// Everything at which a run of ordinary characters is interrupted.
pub const BLANK_OR_BREAK: u8 = BLANK | BREAK | END | MAYBE_BREAK;

/// The classes of each byte.
pub static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0u8; 256];
    let mut i = 0usize;
    while i < 256 {
        let byte = i as u8;
        table[i] = match byte {
            0 => END,
            b' ' | b'\t' => BLANK,
            b'\r' | b'\n' => BREAK,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => WORD,
            b',' | b'?' | b'[' | b']' | b'{' | b'}' => FLOW,
            b':' => COLON,
            0xC2 | 0xE2 => MAYBE_BREAK | WIDE,
            0x80..=0xFF => WIDE,
            _ => 0,
        };
        i += 1;
    }
    table
}

/// Whether the byte has one of the classes.
#[inline]
pub fn is(byte: u8, classes: u8) -> bool {
    CLASS[byte as usize] & classes != 0
}

/// Length in bytes of the line break that starts the slice (CRLF counts as one break of two bytes), 0 if none does.
#[inline]
pub fn break_len(s: &[u8]) -> usize {
    match s {
        [b'\r', b'\n', ..] | [0xC2, 0x85, ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        [0xE2, 0x80, 0xA8 | 0xA9, ..] => 3,
        _ => 0,
    }
}

/// Whether a blank, a line break or the end starts the slice.
#[inline]
pub fn is_blankz(s: &[u8]) -> bool {
    match s.first() {
        None => true,
        Some(&b) => is(b, BLANK | BREAK | END) || (is(b, MAYBE_BREAK) && break_len(s) > 0),
    }
}

/// Whether a line break or the end starts the slice.
#[inline]
pub fn is_breakz(s: &[u8]) -> bool {
    match s.first() {
        None => true,
        Some(&b) => is(b, BREAK | END) || (is(b, MAYBE_BREAK) && break_len(s) > 0),
    }
}

/// Length of a character by its first byte.
#[inline]
pub fn width(first: u8) -> usize {
    match first {
        0..=0x7F => 1,
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF7 => 4,
        _ => 0,
    }
}

/// The value of a hexadecimal digit.
#[inline]
pub fn hex(byte: u8) -> Option<u32> {
    (byte as char).to_digit(16)
}

/// Appends a code point as UTF-8. Surrogates and values beyond Unicode must have been refused before.
pub fn push_char(out: &mut Vec<u8>, code: u32) {
    let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}
