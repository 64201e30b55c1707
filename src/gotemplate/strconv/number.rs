//! Reading of integers and floats, Go's `ParseInt`, `ParseUint` and `ParseFloat`.

/// Why a number could not be read; the text is Go's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumError {
    /// Not a number.
    #[error("invalid syntax")]
    Syntax,
    /// Too large for the type.
    #[error("value out of range")]
    Range,
}

/// Whether underscores stand only between digits or after a base prefix.
fn underscores_ok(s: &[u8]) -> bool {
    let s = s.strip_prefix(b"-").or_else(|| s.strip_prefix(b"+")).unwrap_or(s);
    // The class of the character before: b'^' start, b'0' digit, b'_' underscore, b'!' other.
    let mut saw = b'^';
    let mut rest = s;
    let mut hex = false;
    if let [b'0', prefix, tail @ ..] = s
        && matches!(prefix.to_ascii_lowercase(), b'b' | b'o' | b'x')
    {
        saw = b'0';
        hex = prefix.eq_ignore_ascii_case(&b'x');
        rest = tail;
    }
    for &c in rest {
        if c.is_ascii_digit() || hex && c.is_ascii_hexdigit() {
            saw = b'0';
        } else if c == b'_' {
            if saw != b'0' {
                return false;
            }
            saw = b'_';
        } else {
            if saw == b'_' {
                return false;
            }
            saw = b'!';
        }
    }
    saw != b'_'
}

/// Reads an unsigned integer of at most `bits` bits. Base 0 takes the base from the prefix (`0x`, `0o`, `0b`, `0`) and allows
/// underscores.
///
/// # Errors
/// Bad syntax, or a value that needs more bits.
pub fn parse_uint(s: &[u8], base: u32, bits: u32) -> Result<u64, NumError> {
    let by_prefix = base == 0;
    let (base, digits) = match s {
        [] => return Err(NumError::Syntax),
        _ if !by_prefix => (base, s),
        [b'0', b'b' | b'B', _, ..] => (2, &s[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &s[2..]),
        [b'0', b'x' | b'X', _, ..] => (16, &s[2..]),
        [b'0', tail @ ..] => (8, tail),
        _ => (10, s),
    };
    let max = if bits >= 64 { u64::MAX } else { (1 << bits) - 1 };
    let mut underscores = false;
    let mut value = 0u64;
    for &c in digits {
        if c == b'_' && by_prefix {
            underscores = true;
            continue;
        }
        let digit = char::from(c).to_digit(36).filter(|&d| d < base).ok_or(NumError::Syntax)?;
        value = value
            .checked_mul(u64::from(base))
            .and_then(|v| v.checked_add(u64::from(digit)))
            .filter(|&v| v <= max)
            .ok_or(NumError::Range)?;
    }
    if underscores && !underscores_ok(s) { Err(NumError::Syntax) } else { Ok(value) }
}

/// Reads a signed integer of at most `bits` bits, as [`parse_uint`] with an optional sign.
///
/// # Errors
/// Bad syntax, or a value out of range.
pub fn parse_int(s: &[u8], base: u32, bits: u32) -> Result<i64, NumError> {
    let (negative, digits) = match s {
        [b'-', tail @ ..] => (true, tail),
        [b'+', tail @ ..] => (false, tail),
        _ => (false, s),
    };
    let magnitude = parse_uint(digits, base, 64)?;
    let limit = 1u64 << (bits.clamp(1, 64) - 1);
    if negative && magnitude <= limit {
        Ok((magnitude as i64).wrapping_neg())
    } else if !negative && magnitude < limit {
        Ok(magnitude as i64)
    } else {
        Err(NumError::Range)
    }
}

/// Reads a `float64`: decimal or hexadecimal notation with underscores as in Go source, or `inf`, `infinity`, `nan` in any
/// case.
///
/// # Errors
/// Bad syntax, or a magnitude beyond the largest `float64`.
pub fn parse_float(s: &[u8]) -> Result<f64, NumError> {
    let (negative, body) = match s {
        [b'-', tail @ ..] => (true, tail),
        [b'+', tail @ ..] => (false, tail),
        _ => (false, s),
    };
    let sign = |f: f64| if negative { -f } else { f };
    if body.eq_ignore_ascii_case(b"inf") || body.eq_ignore_ascii_case(b"infinity") {
        return Ok(sign(f64::INFINITY));
    }
    if s.eq_ignore_ascii_case(b"nan") {
        return Ok(f64::NAN);
    }
    if body.contains(&b'_') && !underscores_ok(s) {
        return Err(NumError::Syntax);
    }
    let digits: Vec<u8> = body.iter().copied().filter(|&b| b != b'_').collect();
    let value = match digits.as_slice() {
        [b'0', b'x' | b'X', tail @ ..] => parse_hex_float(tail)?,
        digits => parse_decimal_float(digits)?,
    };
    if value.is_infinite() { Err(NumError::Range) } else { Ok(sign(value)) }
}

fn parse_decimal_float(digits: &[u8]) -> Result<f64, NumError> {
    // Rust's grammar is Go's but for the words, which begin with a letter.
    let starts_well = digits.first().is_some_and(|b| b.is_ascii_digit() || *b == b'.');
    let text = std::str::from_utf8(digits).ok().filter(|_| starts_well).ok_or(NumError::Syntax)?;
    text.parse().map_err(|_| NumError::Syntax)
}

fn parse_hex_float(s: &[u8]) -> Result<f64, NumError> {
    let at = s.iter().position(|b| b.eq_ignore_ascii_case(&b'p')).ok_or(NumError::Syntax)?;
    let (mantissa_text, exponent_text) = (&s[..at], &s[at + 1..]);
    let mut mantissa = 0u64;
    let mut exponent = 0i64;
    let (mut saw_dot, mut saw_digits, mut sticky) = (false, false, false);
    for &c in mantissa_text {
        if c == b'.' {
            if saw_dot {
                return Err(NumError::Syntax);
            }
            saw_dot = true;
            continue;
        }
        let digit = char::from(c).to_digit(16).ok_or(NumError::Syntax)?;
        saw_digits = true;
        if mantissa < 1 << 59 {
            mantissa = mantissa << 4 | u64::from(digit);
            exponent -= if saw_dot { 4 } else { 0 };
        } else {
            sticky |= digit != 0;
            exponent += if saw_dot { 0 } else { 4 };
        }
    }
    let (negative, power) = match exponent_text {
        [b'-', tail @ ..] => (true, tail),
        [b'+', tail @ ..] | tail => (false, tail),
    };
    if !saw_digits || power.is_empty() || !power.iter().all(u8::is_ascii_digit) {
        return Err(NumError::Syntax);
    }
    let power = power.iter().fold(0i64, |n, b| (n * 10 + i64::from(b - b'0')).min(100_000));
    exponent += if negative { -power } else { power };
    Ok(scale(mantissa, sticky, exponent))
}

/// `mantissa * 2^exponent` rounded half to even; `sticky` says that digits below were cut off.
fn scale(mut mantissa: u64, sticky: bool, mut exponent: i64) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let shift = mantissa.leading_zeros();
    mantissa <<= shift;
    exponent -= i64::from(shift);
    // The value is mantissa/2^63 * 2^(exponent+63), with 53 bits kept for normal numbers and fewer for denormal ones.
    let top = exponent + 63;
    let kept = if top < -1022 { 53 - (-1022 - top) } else { 53 };
    if kept < 0 {
        return 0.0;
    }
    let dropped = 64 - kept as u32;
    let half = 1u128 << (dropped - 1);
    let wide = u128::from(mantissa);
    let rest = wide & ((1u128 << dropped) - 1);
    let mut rounded = (wide >> dropped) as u64;
    if rest > half || rest == half && (sticky || rounded & 1 == 1) {
        rounded += 1;
    }
    let power = exponent + i64::from(dropped);
    if power > 1100 {
        return f64::INFINITY;
    }
    // Two exact steps: the first keeps the product a normal number, the second can only overflow.
    let step = power / 2;
    rounded as f64 * 2f64.powi(step as i32) * 2f64.powi((power - step) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_integers_of_every_base() {
        assert_eq!(parse_int(b"0x_1F", 0, 64), Ok(31));
        assert_eq!(parse_int(b"-0b101", 0, 64), Ok(-5));
        assert_eq!(parse_int(b"017", 0, 64), Ok(15));
        assert_eq!(parse_int(b"1_000", 0, 64), Ok(1000));
        assert_eq!(parse_int(b"-9223372036854775808", 10, 64), Ok(i64::MIN));
        assert_eq!(parse_int(b"9223372036854775808", 10, 64), Err(NumError::Range));
        assert_eq!(parse_int(b"1__0", 0, 64), Err(NumError::Syntax));
        assert_eq!(parse_int(b"1_000", 10, 64), Err(NumError::Syntax));
        assert_eq!(parse_int(b"08", 0, 64), Err(NumError::Syntax));
        assert_eq!(parse_uint(b"256", 10, 8), Err(NumError::Range));
    }

    #[test]
    fn reads_floats_of_both_notations() {
        assert_eq!(parse_float(b"1e3"), Ok(1000.0));
        assert_eq!(parse_float(b"0x1p-2"), Ok(0.25));
        assert_eq!(parse_float(b"0x1.8p1"), Ok(3.0));
        assert_eq!(parse_float(b"-.5"), Ok(-0.5));
        assert_eq!(parse_float(b"0x1p-1074"), Ok(5e-324));
        assert_eq!(parse_float(b"0x1.fffffffffffff8p1023"), Err(NumError::Range));
        assert_eq!(parse_float(b"1e999"), Err(NumError::Range));
        for bad in ["", ".", "e5", "1e", "0x1", "1_", "infin"] {
            assert_eq!(parse_float(bad.as_bytes()), Err(NumError::Syntax), "{bad}");
        }
    }
}
