//! Numbers as Go's JSON and YAML libraries write them.

use crate::gotemplate::strconv::{append_float, format_float, format_float32};

/// The fewest digits that read back as the same number, with an exponent for large and small ones (Go's `'g', -1, 64`).
pub fn shortest(f: f64) -> String {
    format_float(f, b'g', None)
}

/// Like [`shortest`], after rounding to `float32`, as sigs.k8s.io/yaml writes numbers that become strings.
pub fn shortest32(f: f64) -> String {
    format_float32(f as f32)
}

/// Appends a finite number as `encoding/json` writes it.
pub fn append_json(out: &mut Vec<u8>, f: f64) {
    if f.fract() == 0.0 && f.abs() < 9e15 && !(f == 0.0 && f.is_sign_negative()) {
        append_int(out, f as i64);
        return;
    }
    let magnitude = f.abs();
    let scientific = magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude);
    let start = out.len();
    append_float(out, f, if scientific { b'e' } else { b'f' }, None);
    // One-digit negative exponents lose their zero: 1e-09 becomes 1e-9.
    if let [.., b'e', b'-', b'0', last] = out[start..] {
        out.truncate(out.len() - 2);
        out.push(last);
    }
}

/// Appends a decimal integer.
pub fn append_int(out: &mut Vec<u8>, n: i64) {
    if n < 0 {
        out.push(b'-');
    }
    append_uint(out, n.unsigned_abs());
}

/// Appends a decimal integer.
pub fn append_uint(out: &mut Vec<u8>, mut n: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// A `time.Duration` as its `String` method writes it.
pub fn duration(nanoseconds: i64) -> String {
    let all = nanoseconds.unsigned_abs();
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let fraction = |value: u64, unit: u64| {
        let digits = unit.ilog10() as usize;
        let text = format!("{}.{:0digits$}", value / unit, value % unit);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match all {
        0 => "0s".into(),
        1..1_000 => format!("{sign}{all}ns"),
        1_000..1_000_000 => format!("{sign}{}µs", fraction(all, 1_000)),
        1_000_000..1_000_000_000 => format!("{sign}{}ms", fraction(all, 1_000_000)),
        _ => {
            let seconds = fraction(all % 60_000_000_000, 1_000_000_000);
            let minutes = all / 60_000_000_000;
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{sign}{seconds}s"),
                (0, m) => format!("{sign}{m}m{seconds}s"),
                (h, m) => format!("{sign}{h}h{m}m{seconds}s"),
            }
        }
    }
}
