//! Durations in nanoseconds.

use super::parse::quote;

/// `time.ParseDuration`: `1h15m30.918s`.
///
/// # Errors
/// Go's text for what is no duration or too long.
pub(in crate::sprig) fn parse_duration(text: &[u8]) -> Result<i64, String> {
    const LIMIT: u64 = 1 << 63;
    let invalid = || format!("time: invalid duration {}", quote(text));
    let (negative, mut s) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if s == b"0" {
        return Ok(0);
    }
    if s.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !s.is_empty() {
        if !(s[0] == b'.' || s[0].is_ascii_digit()) {
            return Err(invalid());
        }
        let digits = s.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let whole = integer(&s[..digits]).ok_or_else(invalid)?;
        s = &s[digits..];
        let (mut numerator, mut scale, mut fraction_digits) = (0, 1.0, 0);
        if s.first() == Some(&b'.') {
            s = &s[1..];
            fraction_digits = s.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (numerator, scale) = fraction(&s[..fraction_digits]);
            s = &s[fraction_digits..];
        }
        if digits == 0 && fraction_digits == 0 {
            return Err(invalid());
        }
        let length = s.iter().take_while(|&&byte| byte != b'.' && !byte.is_ascii_digit()).count();
        if length == 0 {
            return Err(format!("time: missing unit in duration {}", quote(text)));
        }
        let unit = unit(&s[..length])
            .ok_or_else(|| format!("time: unknown unit {} in duration {}", quote(&s[..length]), quote(text)))?;
        s = &s[length..];
        if whole > LIMIT / unit {
            return Err(invalid());
        }
        let mut part = whole * unit;
        if numerator > 0 {
            // A float, since a long fraction times an hour overflows an integer.
            part += (numerator as f64 * (unit as f64 / scale)) as u64;
            if part > LIMIT {
                return Err(invalid());
            }
        }
        total = total.wrapping_add(part);
        if total > LIMIT {
            return Err(invalid());
        }
    }
    if negative {
        return Ok(0i64.wrapping_sub_unsigned(total));
    }
    i64::try_from(total).map_err(|_| invalid())
}

fn integer(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0u64, |number, digit| {
        let number = number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
        (number <= 1 << 63).then_some(number)
    })
}

/// The digits after the point as a number and the power of ten that it is to be divided by; digits that do not fit are dropped.
fn fraction(digits: &[u8]) -> (u64, f64) {
    let (mut number, mut scale) = (0u64, 1.0);
    for digit in digits {
        if number > (i64::MAX as u64) / 10 {
            break;
        }
        let next = number * 10 + u64::from(digit - b'0');
        if next > 1 << 63 {
            break;
        }
        number = next;
        scale *= 10.0;
    }
    (number, scale)
}

fn unit(name: &[u8]) -> Option<u64> {
    Some(match std::str::from_utf8(name).ok()? {
        "ns" => 1,
        "us" | "\u{B5}s" | "\u{3BC}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations from Go.
    #[test]
    fn reads_durations_as_go() {
        for (text, expected) in [
            ("1h15m30.918s", Ok(4_530_918_000_000)),
            ("-1.5h", Ok(-5_400_000_000_000)),
            ("0", Ok(0)),
            (".5s", Ok(500_000_000)),
            ("1", Err("time: missing unit in duration \"1\"")),
            ("", Err("time: invalid duration \"\"")),
            ("1d", Err("time: unknown unit \"d\" in duration \"1d\"")),
            ("x", Err("time: invalid duration \"x\"")),
        ] {
            assert_eq!(parse_duration(text.as_bytes()), expected.map_err(str::to_owned), "{text}");
        }
    }
}
