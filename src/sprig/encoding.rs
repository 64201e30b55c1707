//! Base64 and base32. A text that cannot be decoded gives the error text as result.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::args::{Args, Chapter, func, string};
use crate::gotemplate::GoStr;
use crate::gotemplate::Type::Str;

pub(super) static FUNCTIONS: Chapter = &[
    ("b32dec", func!([Str], |_, a| string(decoded(base32_decode(a.bytes(0)))))),
    ("b32enc", func!([Str], |_, a| string(base32_encode(a.bytes(0))))),
    ("b64dec", func!([Str], |_, a| string(decoded(base64_decode(a.bytes(0)))))),
    ("b64enc", func!([Str], |_, a| string(STANDARD.encode(a.bytes(0))))),
];

fn decoded(result: Result<Vec<u8>, String>) -> GoStr {
    match result {
        Ok(bytes) => bytes.into(),
        Err(error) => error.into(),
    }
}

fn is_line_break(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

/// Go's `base64.StdEncoding.DecodeString`: line breaks are skipped, padding is required.
///
/// # Errors
/// Go's text with the offset of the first byte that does not fit.
pub(super) fn base64_decode(s: &[u8]) -> Result<Vec<u8>, String> {
    // The library is fast and agrees on everything that is right and without line breaks.
    if let Ok(bytes) = base64_lenient(s) {
        return Ok(bytes);
    }
    let mut out = Vec::with_capacity(s.len() / 4 * 3);
    let mut at = 0;
    loop {
        let mut quantum = 0u32;
        let mut filled = 0;
        while filled < 4 {
            let Some(&byte) = s.get(at) else {
                if filled == 0 {
                    return Ok(out);
                }
                return corrupt(64, at - filled);
            };
            at += 1;
            if is_line_break(byte) {
                continue;
            }
            if let Some(bits) = base64_bits(byte) {
                quantum |= u32::from(bits) << (18 - 6 * filled);
                filled += 1;
                continue;
            }
            if byte != b'=' || filled < 2 {
                return corrupt(64, at - 1);
            }
            let skip = |mut at: usize| {
                while s.get(at).copied().is_some_and(is_line_break) {
                    at += 1;
                }
                at
            };
            if filled == 2 {
                at = skip(at);
                match s.get(at) {
                    None => return corrupt(64, s.len()),
                    Some(b'=') => at += 1,
                    Some(_) => return corrupt(64, at - 1),
                }
            }
            at = skip(at);
            if at < s.len() {
                return corrupt(64, at);
            }
            break;
        }
        out.extend_from_slice(&quantum.to_be_bytes()[1..filled]);
    }
}

fn base64_lenient(s: &[u8]) -> Result<Vec<u8>, base64::DecodeError> {
    use base64::alphabet;
    use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
    // Go ignores bits beyond the last byte.
    const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    const ENGINE: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
    ENGINE.decode(s)
}

fn base64_bits(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

fn corrupt<T>(base: u32, offset: usize) -> Result<T, String> {
    Err(format!("illegal base{base} data at input byte {offset}"))
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn base32_encode(s: &[u8]) -> String {
    let mut out = String::with_capacity(s.len().div_ceil(5) * 8);
    for chunk in s.chunks(5) {
        let mut bits = [0u8; 8];
        bits[3..3 + chunk.len()].copy_from_slice(chunk);
        let number = u64::from_be_bytes(bits);
        let digits = (chunk.len() * 8).div_ceil(5);
        for index in 0..8 {
            if index < digits {
                let digit = number >> (35 - 5 * index) & 31;
                out.push(char::from(BASE32[digit as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// Go's `base32.StdEncoding.DecodeString`; offsets count without line breaks.
fn base32_decode(s: &[u8]) -> Result<Vec<u8>, String> {
    let s: Vec<u8> = s.iter().copied().filter(|&byte| !is_line_break(byte)).collect();
    let mut out = Vec::with_capacity(s.len() / 8 * 5);
    let mut at = 0;
    let mut end = false;
    while at < s.len() && !end {
        let mut number = 0u64;
        let mut filled = 0;
        while filled < 8 {
            let Some(&byte) = s.get(at) else { return corrupt(32, s.len() - filled) };
            at += 1;
            let left = s.len() - at;
            if byte == b'=' && filled >= 2 && left < 8 {
                if left + filled < 7 {
                    return corrupt(32, s.len());
                }
                for ahead in 0..7 - filled {
                    if s.get(at + ahead).is_some_and(|&byte| byte != b'=') {
                        return corrupt(32, at + ahead - 1);
                    }
                }
                if matches!(filled, 1 | 3 | 6) {
                    return corrupt(32, at - 1);
                }
                end = true;
                break;
            }
            let Some(bits) = BASE32.iter().position(|&digit| digit == byte) else { return corrupt(32, at - 1) };
            number |= (bits as u64) << (35 - 5 * filled);
            filled += 1;
        }
        out.extend_from_slice(&number.to_be_bytes()[3..3 + filled * 5 / 8]);
    }
    Ok(out)
}

/// Bytes in lower case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}
