//! Conversions between Go's basic types by the rules of spf13/cast 1.7.0.

use crate::gotemplate::strconv::{parse_float, parse_int};
use crate::gotemplate::{IntKind, UintKind, Value};

/// `cast.ToInt64` (and `ToInt`, an `int` being 64 bits wide): 0 for what cannot be converted.
pub(super) fn to_int64(value: &Value) -> i64 {
    match value {
        // A named type is not the type that the conversion looks for.
        Value::Int(_, IntKind::Duration) | Value::Uint(_, UintKind::Uintptr) => 0,
        Value::Int(i, _) => *i,
        Value::Uint(u, _) => *u as i64,
        Value::Float(f) => float_to_int(*f),
        Value::Str(s) => parse_int(trim_zero_decimal(s.as_bytes()), 0, 64).unwrap_or(0),
        Value::Bool(b) => i64::from(*b),
        _ => 0,
    }
}

/// `cast.ToFloat64`: 0 for what cannot be converted.
pub(super) fn to_float64(value: &Value) -> f64 {
    match value {
        Value::Int(_, IntKind::Duration) | Value::Uint(_, UintKind::Uintptr) => 0.0,
        Value::Int(i, _) => *i as f64,
        Value::Uint(u, _) => *u as f64,
        Value::Float(f) => *f,
        Value::Str(s) => parse_float(s.as_bytes()).unwrap_or(0.0),
        Value::Bool(b) => f64::from(u8::from(*b)),
        _ => 0.0,
    }
}

/// Go's conversion of a float to `int64` on amd64: what does not fit becomes the smallest integer.
pub(super) fn float_to_int(f: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&f) { f as i64 } else { i64::MIN }
}

/// Drops a fraction of zeros: `8.00` is read as `8`.
fn trim_zero_decimal(s: &[u8]) -> &[u8] {
    match s.iter().rposition(|&byte| byte == b'.') {
        Some(dot) if dot + 1 < s.len() && s[dot + 1..].iter().all(|&byte| byte == b'0') => &s[..dot],
        _ => s,
    }
}
