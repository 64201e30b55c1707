//! Writing of floats, Go's `AppendFloat` for `float64`.

use std::io::Write;

/// The decimal digits of a finite number: `0.d1d2d3... * 10^point`; no digits for zero.
struct Digits {
    digits: Vec<u8>,
    point: i32,
}

impl Digits {
    /// From Rust's scientific notation, `d.dddde±x`.
    fn from_scientific(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let mut digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        if digits.is_empty() {
            return Self { digits, point: 0 };
        }
        Self { digits, point: exponent.parse::<i32>().unwrap_or(0) + 1 }
    }

    /// The fewest digits that read back as the same positive number, given as Rust writes them. If two texts are equally near,
    /// Rust takes the upper one and Go the even one.
    fn shortest(text: &str, exact: f64) -> Self {
        let mut digits = Self::from_scientific(text);
        // How many decimals the number has when it is written in full; the last of them is a 5.
        let bits = exact.to_bits();
        let exponent = ((bits >> 52) & 0x7FF) as i32;
        let mantissa = bits & ((1 << 52) - 1);
        let decimals = 1075 - exponent - (mantissa | 1 << 52).trailing_zeros() as i32;
        let halfway = exponent > 0 && decimals > 0 && decimals == digits.digits.len() as i32 + 1 - digits.point;
        if halfway && let Some(last) = digits.digits.last_mut() {
            *last -= (*last - b'0') & 1;
        }
        digits
    }

    /// From Rust's positional notation, `ddd.ddd`.
    fn from_positional(text: &str) -> Self {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let zeros = digits.iter().take_while(|&&d| d == b'0').count();
        digits.drain(..zeros);
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        if digits.is_empty() {
            return Self { digits, point: 0 };
        }
        Self { digits, point: whole.len() as i32 - zeros as i32 }
    }
}

/// No `float64` has more significant decimal digits.
const MAX_DIGITS: usize = 800;
/// No `float64` has a digit further behind the point.
const MAX_PLACES: usize = 1100;

/// A `float64` as Go's `strconv.FormatFloat(f, format, precision, 64)` writes it; no precision means the fewest digits that
/// read back as the same number.
pub fn format_float(f: f64, format: u8, precision: Option<usize>) -> String {
    let mut out = Vec::with_capacity(24);
    append_float(&mut out, f, format, precision);
    String::from_utf8(out).unwrap_or_default()
}

/// A `float32` as Go's `strconv.FormatFloat(f, 'g', -1, 32)` writes it.
pub fn format_float32(f: f32) -> String {
    if !f.is_finite() {
        return format_float(f64::from(f), b'g', None);
    }
    let mut out = Vec::with_capacity(16);
    if f.is_sign_negative() {
        out.push(b'-');
    }
    let f = f.abs();
    let digits = Digits::shortest(&format!("{f:e}"), f64::from(f));
    append_general(&mut out, &digits, digits.digits.len(), 6, b'g');
    String::from_utf8(out).unwrap_or_default()
}

/// Appends [`format_float`]. `format` is one of `e E f g G b x X`.
pub fn append_float(out: &mut Vec<u8>, f: f64, format: u8, precision: Option<usize>) {
    if !f.is_finite() {
        let word: &[u8] = if f.is_nan() {
            b"NaN"
        } else if f < 0.0 {
            b"-Inf"
        } else {
            b"+Inf"
        };
        out.extend_from_slice(word);
        return;
    }
    match format {
        b'b' => return append_binary(out, f),
        b'x' | b'X' => return append_hex(out, f, format, precision),
        _ => {}
    }
    if f.is_sign_negative() {
        out.push(b'-');
    }
    let f = f.abs();
    let Some(precision) = precision else {
        let digits = Digits::shortest(&format!("{f:e}"), f);
        let count = digits.digits.len();
        match format {
            b'e' | b'E' => append_scientific(out, &digits, count.saturating_sub(1), format),
            b'f' => append_positional(out, &digits, (count as i32 - digits.point).max(0) as usize),
            _ => append_general(out, &digits, count, 6, format),
        }
        return;
    };
    match format {
        b'e' | b'E' => {
            let digits = Digits::from_scientific(&format!("{f:.*e}", precision.min(MAX_DIGITS)));
            append_scientific(out, &digits, precision, format);
        }
        b'f' => {
            let digits = Digits::from_positional(&format!("{f:.*}", precision.min(MAX_PLACES)));
            append_positional(out, &digits, precision);
        }
        _ => {
            let precision = precision.max(1);
            let digits = Digits::from_scientific(&format!("{f:.*e}", (precision - 1).min(MAX_DIGITS)));
            let count = digits.digits.len() as i32;
            let limit = if precision as i32 > count && count >= digits.point { count } else { precision as i32 };
            append_general(out, &digits, precision, limit, format);
        }
    }
}

fn append_general(out: &mut Vec<u8>, digits: &Digits, precision: usize, limit: i32, format: u8) {
    let count = digits.digits.len();
    let exponent = digits.point - 1;
    if exponent < -4 || exponent >= limit {
        let letter = if format == b'g' { b'e' } else { b'E' };
        append_scientific(out, digits, precision.min(count).saturating_sub(1), letter);
    } else {
        append_positional(out, digits, (count as i32 - digits.point).max(0) as usize);
    }
}

fn append_scientific(out: &mut Vec<u8>, digits: &Digits, places: usize, letter: u8) {
    let d = &digits.digits;
    out.push(d.first().copied().unwrap_or(b'0'));
    if places > 0 {
        out.push(b'.');
        let shown = d.get(1..d.len().min(places + 1)).unwrap_or_default();
        out.extend_from_slice(shown);
        out.resize(out.len() + places - shown.len(), b'0');
    }
    let exponent = if d.is_empty() { 0 } else { digits.point - 1 };
    let sign = if exponent < 0 { '-' } else { '+' };
    // Writing to a vector cannot fail.
    let _ = write!(out, "{}{sign}{:02}", char::from(letter), exponent.unsigned_abs());
}

fn append_positional(out: &mut Vec<u8>, digits: &Digits, places: usize) {
    let d = &digits.digits;
    if digits.point > 0 {
        let whole = digits.point as usize;
        let shown = d.len().min(whole);
        out.extend_from_slice(&d[..shown]);
        out.resize(out.len() + whole - shown, b'0');
    } else {
        out.push(b'0');
    }
    if places > 0 {
        out.push(b'.');
        for place in 0..places as i64 {
            let at = i64::from(digits.point) + place;
            let digit = usize::try_from(at).ok().and_then(|at| d.get(at)).copied();
            out.push(digit.unwrap_or(b'0'));
        }
    }
}

/// Mantissa (with the implicit bit) and the exponent of its unit bit.
fn parts(f: f64) -> (u64, i32) {
    let bits = f.to_bits();
    let exponent = (bits >> 52 & 0x7FF) as i32;
    let fraction = bits & ((1 << 52) - 1);
    if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) }
}

fn append_binary(out: &mut Vec<u8>, f: f64) {
    let (mantissa, exponent) = parts(f);
    let sign = if f.is_sign_negative() { "-" } else { "" };
    let _ = write!(out, "{sign}{mantissa}p{exponent:+}");
}

fn append_hex(out: &mut Vec<u8>, f: f64, format: u8, precision: Option<usize>) {
    let (mut mantissa, exponent) = parts(f);
    let mut exponent = if mantissa == 0 { 0 } else { exponent + 52 };
    mantissa <<= 8;
    while mantissa != 0 && mantissa & 1 << 60 == 0 {
        mantissa <<= 1;
        exponent -= 1;
    }
    if let Some(precision) = precision.filter(|&p| p < 15) {
        let shift = (precision * 4) as u32;
        let extra = (mantissa << shift) & ((1 << 60) - 1);
        mantissa >>= 60 - shift;
        if extra | (mantissa & 1) > 1 << 59 {
            mantissa += 1;
        }
        mantissa <<= 60 - shift;
        if mantissa & 1 << 61 != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let (hex, p) = if format == b'x' { (b"0123456789abcdef", 'p') } else { (b"0123456789ABCDEF", 'P') };
    if f.is_sign_negative() {
        out.push(b'-');
    }
    out.extend_from_slice(&[b'0', format, b'0' + (mantissa >> 60 & 1) as u8]);
    mantissa <<= 4;
    let wanted = precision.unwrap_or_else(|| (64 - mantissa.trailing_zeros().min(64)).div_ceil(4) as usize);
    if wanted > 0 {
        out.push(b'.');
        for _ in 0..wanted {
            out.push(hex[(mantissa >> 60) as usize]);
            mantissa <<= 4;
        }
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    let _ = write!(out, "{p}{sign}{:02}", exponent.unsigned_abs());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_shortest_form_as_go_does() {
        for (f, want) in [(1e6, "1e+06"), (123_456.0, "123456"), (0.0001, "0.0001"), (0.00001, "1e-05"), (-0.0, "-0")] {
            assert_eq!(format_float(f, b'g', None), want);
        }
        assert_eq!(format_float(1e21, b'f', None), "1000000000000000000000");
        assert_eq!(format_float(2.5, b'e', None), "2.5e+00");
    }

    #[test]
    fn writes_a_fixed_number_of_digits() {
        assert_eq!(format_float(2.5, b'f', Some(0)), "2");
        assert_eq!(format_float(100.0, b'g', Some(3)), "100");
        assert_eq!(format_float(1234.0, b'g', Some(3)), "1.23e+03");
        assert_eq!(format_float(0.0, b'e', Some(2)), "0.00e+00");
    }

    #[test]
    fn writes_binary_and_hexadecimal_forms() {
        assert_eq!(format_float(1.0, b'b', None), "4503599627370496p-52");
        assert_eq!(format_float(1.0, b'x', None), "0x1p+00");
        assert_eq!(format_float(-3.5, b'X', Some(3)), "-0X1.C00P+01");
    }
}
