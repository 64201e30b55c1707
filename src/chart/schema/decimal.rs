//! Numbers as schemas compare them: by their decimal digits, not as floating point.

use std::cmp::Ordering;

use num_bigint_dig::BigInt;
use num_traits::{Pow, ToPrimitive, Zero};
use serde_json::Number;

/// `digits` times ten to the power of `exponent`.
pub struct Decimal {
    pub(super) digits: BigInt,
    pub(super) exponent: i32,
}

impl Decimal {
    /// The number that the shortest text of `number` names.
    pub fn of(number: &Number) -> Self {
        let text = number.to_string();
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}").parse().unwrap_or_default();
        // A number has at most a few hundred digits on either side of its point.
        let exponent = exponent.parse::<i32>().unwrap_or_default() - i32::try_from(fraction.len()).unwrap_or_default();
        Self { digits, exponent }
    }

    /// Whether dividing by `other` leaves nothing; never for zero.
    pub fn is_multiple_of(&self, other: &Self) -> bool {
        let (this, other) = self.aligned(other);
        !other.is_zero() && (this % other).is_zero()
    }

    /// The lowest 64 bits of a whole number that is not negative, as Go's `big.Int.Int64` takes them.
    pub fn low_bits(&self) -> u64 {
        let power: BigInt = BigInt::from(10).pow(u32::try_from(self.exponent).unwrap_or_default());
        let low: BigInt = &self.digits * power % (BigInt::from(u64::MAX) + 1u32);
        low.to_u64().unwrap_or_default()
    }

    /// Both numbers in units of the smaller power of ten.
    fn aligned(&self, other: &Self) -> (BigInt, BigInt) {
        let exponent = self.exponent.min(other.exponent);
        let scaled = |number: &Self| {
            let zeros = u32::try_from(number.exponent - exponent).unwrap_or_default();
            &number.digits * BigInt::from(10).pow(zeros)
        };
        (scaled(self), scaled(other))
    }
}

/// How two numbers compare.
pub fn compare(a: &Number, b: &Number) -> Ordering {
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
        return a.cmp(&b);
    }
    let (a, b) = Decimal::of(a).aligned(&Decimal::of(b));
    a.cmp(&b)
}

/// Whether it is a whole number, however it is written.
pub fn is_whole(number: &Number) -> bool {
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|f| f.fract() == 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        text.parse().unwrap()
    }

    #[test]
    fn decimals_compare_by_their_digits() {
        for (a, b, expected) in [
            ("1", "1.0", Ordering::Equal),
            ("0.3", "0.1", Ordering::Greater),
            ("-2", "1e-300", Ordering::Less),
            ("18446744073709551615", "18446744073709551616", Ordering::Less),
            ("1e300", "9e299", Ordering::Greater),
        ] {
            assert_eq!(compare(&number(a), &number(b)), expected, "{a} {b}");
        }
    }

    #[test]
    fn large_numbers_have_low_bits() {
        for (text, bits) in [("1e20", 7_766_279_631_452_241_920), ("1e300", 0), ("3e19", 11_553_255_926_290_448_384)] {
            assert_eq!(Decimal::of(&number(text)).low_bits(), bits, "{text}");
        }
    }

    #[test]
    fn multiples_are_exact() {
        for (a, b, expected) in
            [("0.3", "0.1", true), ("1e300", "0.5", true), ("0.35", "0.1", false), ("0", "7", true), ("7", "2", false)]
        {
            assert_eq!(Decimal::of(&number(a)).is_multiple_of(&Decimal::of(&number(b))), expected, "{a} {b}");
        }
    }
}
