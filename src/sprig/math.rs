//! Arithmetic on integers and, through decimals, on floats.

use super::args::{Args, Chapter, Outcome, fail, func};
use super::cast::{float_to_int, to_float64, to_int64};
use super::decimal::Decimal;
use crate::gotemplate::Type::{Any, Float, Int};
use crate::gotemplate::Value;

pub(super) static FUNCTIONS: Chapter = &[
    ("add", func!([], ..Any, |_, a| Ok(Value::int64(a.iter().fold(0, |sum, v| sum.wrapping_add(to_int64(v))))))),
    ("add1", func!([Any], |_, a| Ok(Value::int64(to_int64(a.any(0)).wrapping_add(1))))),
    ("add1f", func!([Any], |_, a| decimals(a.any(0), &[Value::int(1)], |x, y| Ok(x.add(y))))),
    ("addf", func!([], ..Any, |_, a| decimals(&Value::Float(0.0), a, |x, y| Ok(x.add(y))))),
    ("biggest", func!([Any], ..Any, |_, a| Ok(Value::int64(a.iter().map(to_int64).max().unwrap_or(0))))),
    ("ceil", func!([Any], |_, a| Ok(to_float64(a.any(0)).ceil().into()))),
    ("div", func!([Any, Any], |_, a| divide(a, i64::wrapping_div))),
    ("divf", func!([Any], ..Any, |_, a| decimals(a.any(0), a.rest(1), Decimal::div))),
    ("floor", func!([Any], |_, a| Ok(to_float64(a.any(0)).floor().into()))),
    ("max", func!([Any], ..Any, |_, a| Ok(Value::int64(a.iter().map(to_int64).max().unwrap_or(0))))),
    ("maxf", func!([Any], ..Any, |_, a| Ok(fold_floats(a, max)))),
    ("min", func!([Any], ..Any, |_, a| Ok(Value::int64(a.iter().map(to_int64).min().unwrap_or(0))))),
    ("minf", func!([Any], ..Any, |_, a| Ok(fold_floats(a, |x, y| -max(-x, -y))))),
    ("mod", func!([Any, Any], |_, a| divide(a, i64::wrapping_rem))),
    (
        "mul",
        func!([Any], ..Any, |_, a| Ok(Value::int64(a.iter().fold(1, |product, v| product.wrapping_mul(to_int64(v)))))),
    ),
    ("mulf", func!([Any], ..Any, |_, a| decimals(a.any(0), a.rest(1), |x, y| Ok(x.mul(y))))),
    ("round", func!([Any, Int], ..Float, |_, a| Ok(round(a).into()))),
    ("sub", func!([Any, Any], |_, a| Ok(Value::int64(to_int64(a.any(0)).wrapping_sub(to_int64(a.any(1))))))),
    ("subf", func!([Any], ..Any, |_, a| decimals(a.any(0), a.rest(1), |x, y| Ok(x.sub(y))))),
];

/// Longer decimals, which only very many factors make, take too long to be written.
const MAX_BITS: usize = 1_000_000;

fn divide(args: &[Value], operation: fn(i64, i64) -> i64) -> Outcome {
    match to_int64(args.any(1)) {
        0 => fail("runtime error: integer divide by zero"),
        divisor => Ok(Value::int64(operation(to_int64(args.any(0)), divisor))),
    }
}

fn decimals(first: &Value, others: &[Value], operation: fn(&Decimal, &Decimal) -> Result<Decimal, String>) -> Outcome {
    let compute = || {
        let mut result = Decimal::from_float(to_float64(first))?;
        for other in others {
            if result.bits() > MAX_BITS {
                return Err("a decimal has too many digits".into());
            }
            result = operation(&result, &Decimal::from_float(to_float64(other))?)?;
        }
        Ok(Value::Float(result.to_float()))
    };
    compute().or_else(|error: String| fail(error))
}

fn fold_floats(args: &[Value], choose: fn(f64, f64) -> f64) -> Value {
    let first = to_float64(args.any(0));
    args.rest(1).iter().map(to_float64).fold(first, choose).into()
}

/// `math.Max`: NaN wins over everything but infinity, and zero over minus zero.
fn max(x: f64, y: f64) -> f64 {
    if x == f64::INFINITY || y == f64::INFINITY {
        f64::INFINITY
    } else if x.is_nan() || y.is_nan() {
        f64::NAN
    } else if x == 0.0 && y == 0.0 {
        if x.is_sign_negative() { y } else { x }
    } else if x > y {
        x
    } else {
        y
    }
}

/// Rounds to a number of decimal places; from which fraction on it is rounded up may be given (0.5).
fn round(args: &[Value]) -> f64 {
    let round_on = match args.get(2) {
        Some(Value::Float(f)) => *f,
        Some(other) => to_float64(other),
        None => 0.5,
    };
    let power = ten_to(args.int(1));
    let digits = power * to_float64(args.any(0));
    let fraction = if digits.is_infinite() { f64::NAN } else { digits.fract() };
    (if fraction >= round_on { digits.ceil() } else { digits.floor() }) / power
}

/// Go's `math.Pow(10, n)`: by squaring, so that the last bit comes out the same.
fn ten_to(places: i64) -> f64 {
    if places.unsigned_abs() > 5000 {
        return if places > 0 { f64::INFINITY } else { 0.0 };
    }
    let (mut result, mut result_exp) = (1.0_f64, 0_i64);
    let (mut factor, mut factor_exp) = (10.0_f64 / 16.0, 4_i64);
    let mut bits = places.unsigned_abs();
    while bits != 0 {
        if bits & 1 == 1 {
            result *= factor;
            result_exp += factor_exp;
        }
        factor *= factor;
        factor_exp <<= 1;
        if factor < 0.5 {
            factor += factor;
            factor_exp -= 1;
        }
        bits >>= 1;
    }
    if places < 0 {
        result = 1.0 / result;
        result_exp = -result_exp;
    }
    scale(result, result_exp)
}

/// `math.Ldexp`, in steps that stay representable.
fn scale(mut f: f64, mut exp: i64) -> f64 {
    while exp > 1000 {
        f *= 2f64.powi(1000);
        exp -= 1000;
    }
    while exp < -1000 {
        f *= 2f64.powi(-1000);
        exp += 1000;
    }
    f * 2f64.powi(exp as i32)
}

/// Used by `chunk`, whose lengths Go computes through floats.
pub(super) fn floor_to_int(f: f64) -> i64 {
    float_to_int(f.floor())
}
