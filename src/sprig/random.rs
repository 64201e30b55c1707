//! Random strings and numbers, and version 4 UUIDs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::args::{Args, Chapter, Outcome, fail, func, string};
use super::encoding::hex;
use super::host::with_rng;
use crate::gotemplate::Type::Int;
use crate::gotemplate::{Scope, Value};

pub(super) static FUNCTIONS: Chapter = &[
    ("randAlpha", func!([Int], |scope, a| characters(scope, a.int(0), |byte| byte.is_ascii_alphabetic()))),
    ("randAlphaNum", func!([Int], |scope, a| characters(scope, a.int(0), |byte| byte.is_ascii_alphanumeric()))),
    ("randAscii", func!([Int], |scope, a| characters(scope, a.int(0), |byte| (b' '..=b'~').contains(&byte)))),
    ("randBytes", func!([Int], |scope, a| bytes(scope, a.int(0)))),
    ("randInt", func!([Int, Int], |scope, a| integer(scope, a.int(0), a.int(1)))),
    ("randNumeric", func!([Int], |scope, a| characters(scope, a.int(0), |byte| byte.is_ascii_digit()))),
    ("uuidv4", func!([], |scope, _| uuid(scope))),
];

/// The longest random text: a longer one is a mistake.
const MAX_LENGTH: usize = 64 << 20;

/// As many random characters of a set; none for a negative number.
fn characters(scope: &mut dyn Scope, count: i64, fits: fn(u8) -> bool) -> Outcome {
    let count = usize::try_from(count).unwrap_or(0);
    if count > MAX_LENGTH {
        return fail(format!("a random string of {count} characters is too long (at most {MAX_LENGTH})"));
    }
    let alphabet: Vec<u8> = (b' '..=b'~').filter(|&byte| fits(byte)).collect();
    let text = with_rng(scope, |rng| {
        (0..count)
            .map(|_| Ok(alphabet[rng.below(alphabet.len() as u64)? as usize]))
            .collect::<Result<Vec<u8>, String>>()
    });
    text.map_or_else(fail, string)
}

/// Random bytes in base64.
fn bytes(scope: &mut dyn Scope, count: i64) -> Outcome {
    let Ok(count) = usize::try_from(count) else { return fail("runtime error: makeslice: len out of range") };
    if count > MAX_LENGTH {
        return fail("runtime error: makeslice: len out of range");
    }
    let mut buffer = vec![0; count];
    match with_rng(scope, |rng| rng.fill(&mut buffer)) {
        Ok(()) => string(STANDARD.encode(buffer)),
        Err(error) => fail(error),
    }
}

/// A number from `min` to before `max`.
fn integer(scope: &mut dyn Scope, min: i64, max: i64) -> Outcome {
    let width = max.wrapping_sub(min);
    if width <= 0 {
        return fail("invalid argument to Intn");
    }
    match with_rng(scope, |rng| rng.below(width as u64)) {
        Ok(number) => Ok(Value::int(min.wrapping_add(number as i64))),
        Err(error) => fail(error),
    }
}

fn uuid(scope: &mut dyn Scope) -> Outcome {
    let mut bytes = [0; 16];
    if let Err(error) = with_rng(scope, |rng| rng.fill(&mut bytes)) {
        return fail(error);
    }
    // RFC 9562: version 4, variant 10.
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    let digits = hex(&bytes);
    let groups = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    string(groups.join("-"))
}
