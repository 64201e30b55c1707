//! Arithmetic of floats through decimals, as shopspring/decimal 1.4.0 does it: `0.1 + 0.2` is `0.3`.

use num_bigint_dig::BigInt;
use num_traits::{Pow, Signed, Zero};

/// A decimal number: `value * 10^exp`.
#[derive(Clone, Debug)]
pub(super) struct Decimal {
    value: BigInt,
    exp: i64,
}

/// Digits after the point that a division keeps.
const DIVISION_PRECISION: i64 = 16;

fn ten_to(power: i64) -> BigInt {
    Pow::pow(&BigInt::from(10), &u32::try_from(power).unwrap_or(0))
}

impl Decimal {
    /// The shortest decimal that reads back as the float.
    ///
    /// # Errors
    /// Infinities and NaN have none.
    pub(super) fn from_float(f: f64) -> Result<Self, String> {
        if f.is_nan() {
            return Err("Cannot create a Decimal from NaN".into());
        }
        if f.is_infinite() {
            return Err(format!("Cannot create a Decimal from {}Inf", if f < 0.0 { '-' } else { '+' }));
        }
        let text = format!("{f:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let value = format!("{whole}{fraction}").parse().unwrap_or_default();
        let exp = exponent.parse::<i64>().unwrap_or(0) - fraction.len() as i64;
        Ok(if BigInt::is_zero(&value) { Self { value, exp: 0 } } else { Self { value, exp } })
    }

    /// How long its digits are, in bits.
    pub(super) fn bits(&self) -> usize {
        self.value.bits()
    }

    /// The nearest float.
    pub(super) fn to_float(&self) -> f64 {
        // Rust's parser rounds correctly for any number of digits.
        format!("{}e{}", self.value, self.exp).parse().unwrap_or(f64::NAN)
    }

    /// The values of both numbers brought to the smaller exponent, and that.
    fn aligned(&self, other: &Self) -> (BigInt, BigInt, i64) {
        let exp = self.exp.min(other.exp);
        (&self.value * ten_to(self.exp - exp), &other.value * ten_to(other.exp - exp), exp)
    }

    pub(super) fn add(&self, other: &Self) -> Self {
        let (a, b, exp) = self.aligned(other);
        Self { value: a + b, exp }
    }

    pub(super) fn sub(&self, other: &Self) -> Self {
        let (a, b, exp) = self.aligned(other);
        Self { value: a - b, exp }
    }

    pub(super) fn mul(&self, other: &Self) -> Self {
        Self { value: &self.value * &other.value, exp: self.exp + other.exp }
    }

    /// The quotient rounded to 16 digits after the point, halves away from zero.
    ///
    /// # Errors
    /// The divisor is zero.
    pub(super) fn div(&self, other: &Self) -> Result<Self, String> {
        if other.value.is_zero() {
            return Err("decimal division by 0".into());
        }
        let shift = self.exp - other.exp + DIVISION_PRECISION;
        let (dividend, divisor) = if shift < 0 {
            (self.value.clone(), &other.value * ten_to(-shift))
        } else {
            (&self.value * ten_to(shift), other.value.clone())
        };
        let quotient = &dividend / &divisor;
        let remainder: BigInt = &dividend % &divisor;
        let round_up = remainder.abs() * 2 >= divisor.abs();
        let value = match (round_up, self.value.is_negative() == other.value.is_negative()) {
            (false, _) => quotient,
            (true, true) => quotient + 1,
            (true, false) => quotient - 1,
        };
        Ok(Self { value, exp: -DIVISION_PRECISION })
    }
}
