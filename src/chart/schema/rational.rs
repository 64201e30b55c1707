//! Texts that are equal to numbers: Helm's JSON schema library reads both as Go's `big.Rat` does, whatever they are.

use num_bigint_dig::BigInt;
use num_traits::{One, Pow, Zero};
use serde_json::Number;

use super::decimal::Decimal;

/// Longer texts are taken for unequal: to read them takes too long.
const MAX_LEN: usize = 10_000;
/// No number of a value has as many digits before its point, or zeros behind it.
const MAX_MAGNITUDE: f64 = 1000.0;

/// Whether a text is read as this number: `5`, `+5.0`, `5e0`, `0x5`, `10/2`, `0b1_01`.
pub fn equals(number: &Number, text: &str) -> bool {
    text.len() <= MAX_LEN && Rational::read(text.as_bytes()).is_some_and(|rational| rational.is(&Decimal::of(number)))
}

/// `numerator` / `denominator` × 2^`twos` × 5^`fives`.
struct Rational {
    numerator: BigInt,
    denominator: BigInt,
    twos: i64,
    fives: i64,
}

impl Rational {
    /// Reads all of a text (`Rat.SetString`).
    fn read(text: &[u8]) -> Option<Self> {
        let (negative, text) = sign(text);
        let signed = |number: BigInt| if negative { -number } else { number };
        if let Some(slash) = text.iter().position(|byte| *byte == b'/') {
            let whole = |text| digits(text, false).filter(|digits| digits.rest.is_empty()).map(|digits| digits.value);
            let (numerator, denominator) = (signed(whole(&text[..slash])?), whole(&text[slash + 1..])?);
            return (!denominator.is_zero()).then_some(Self { numerator, denominator, twos: 0, fives: 0 });
        }
        let Digits { value, base, fraction, rest } = digits(text, true)?;
        let (exponent, decimal) = exponent(rest)?;
        let fraction = -i64::try_from(fraction).ok()?;
        let (twos, fives) = match base {
            10 => (fraction, fraction),
            // Digits of 1, 3 or 4 bits.
            base => (fraction * i64::from(base.ilog2()), 0),
        };
        let (twos, fives) =
            (twos.saturating_add(exponent), if decimal { fives.saturating_add(exponent) } else { fives });
        Some(Self { numerator: signed(value), denominator: BigInt::one(), twos, fives })
    }

    fn is(&self, other: &Decimal) -> bool {
        if self.numerator.is_zero() || other.digits.is_zero() {
            return self.numerator.is_zero() && other.digits.is_zero();
        }
        // Powers that are not needed are not computed: they may be of any size.
        let bits = self.numerator.bits() as f64 - self.denominator.bits() as f64 + self.twos as f64;
        if (bits * 2f64.log10() + self.fives as f64 * 5f64.log10()).abs() > MAX_MAGNITUDE {
            return false;
        }
        let exponent = i64::from(other.exponent);
        let (twos, fives) = (self.twos - exponent, self.fives - exponent);
        let powers = |twos: i64, fives: i64| {
            let power =
                |base: u32, n: i64| -> BigInt { Pow::pow(&BigInt::from(base), u32::try_from(n).unwrap_or_default()) };
            power(2, twos) * power(5, fives)
        };
        &self.numerator * powers(twos, fives) == &other.digits * &self.denominator * powers(-twos, -fives)
    }
}

fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// The digits at the start of a text.
struct Digits<'t> {
    value: BigInt,
    base: u32,
    /// How many of them stand behind the point.
    fraction: usize,
    rest: &'t [u8],
}

/// What came before a character; `_` may only follow a digit.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    Digit,
    Separator,
    Other,
}

/// Reads digits with the prefix of their base. A leading zero means octal only where there can't be a point.
fn digits(text: &[u8], with_point: bool) -> Option<Digits<'_>> {
    let (base, start) = match text {
        [b'0', b'b' | b'B', ..] => (2, 2),
        [b'0', b'o' | b'O', ..] => (8, 2),
        [b'0', b'x' | b'X', ..] => (16, 2),
        [b'0', _, ..] if !with_point => (8, 1),
        _ => (10, 0),
    };
    let mut before = if start == 0 { Before::Other } else { Before::Digit };
    let (mut found, mut point, mut pos) = (Vec::new(), None, start);
    while let Some(byte) = text.get(pos) {
        let now = match byte {
            b'.' if with_point && point.is_none() => {
                point = Some(found.len());
                Before::Other
            }
            b'_' => Before::Separator,
            digit if char::from(*digit).is_digit(base) => {
                found.push(*digit);
                Before::Digit
            }
            _ => break,
        };
        if now == Before::Separator && before != Before::Digit || now == Before::Other && before == Before::Separator {
            return None;
        }
        before = now;
        pos += 1;
    }
    if before == Before::Separator {
        return None;
    }
    let value = BigInt::parse_bytes(&found, base)?;
    Some(Digits { value, base, fraction: point.map_or(0, |point| found.len() - point), rest: &text[pos..] })
}

/// Reads an exponent, which has to be all that is left: the number, and whether it is one of ten rather than of two.
fn exponent(text: &[u8]) -> Option<(i64, bool)> {
    let (decimal, text) = match text {
        [] => return Some((0, true)),
        [b'e' | b'E', rest @ ..] => (true, rest),
        [b'p' | b'P', rest @ ..] => (false, rest),
        _ => return None,
    };
    let (negative, text) = sign(text);
    let mut digits = String::from(if negative { "-" } else { "" });
    let mut before = Before::Other;
    for byte in text {
        before = match byte {
            b'0'..=b'9' => {
                digits.push(char::from(*byte));
                Before::Digit
            }
            b'_' if before == Before::Digit => Before::Separator,
            _ => return None,
        };
    }
    (before == Before::Digit).then(|| digits.parse().ok().map(|exponent| (exponent, decimal))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_go_reads_them() {
        for (number, equal, unequal) in [
            (
                "5",
                "5 5.0 +5 05 5. 5e0 0.5e1 50e-1 0x5 0X5 0b101 0o5 10/2 +10/2 012/2 5p0 10p-1 0x.5p4 0_5",
                "-5 5_ 5__0 _5 5/ /5 5/1/1 5/+1 5/0 09/2 e5 5e 5f 0x5e0 0b5 . 5._0 5_.0 5e1000000000",
            ),
            ("0.5", "1/2 .5 5e-1 1p-1 0x.8 0b.1 0.5_0 0x8p-4", "0,5 1/-2 .5. 5e_1 1/2e0"),
            ("10", "010 1_0 10/1 012/1 0xA 0xa 1e1 1e+1 1E0_1", "012 1e1_ 0x_"),
            ("-16", "-16 -0x10 -16.000 -32/2 -0x_10", "16 --16 - -/2"),
            ("0", "0 -0 0e999999999 0/5 .0 00", "0e99999999999999999999 o 0x 1e-400"),
            ("1e300", "1e300 10e299 1_0e299", "1e301 1e999999999999"),
        ] {
            let number: Number = number.parse().unwrap();
            equal.split(' ').for_each(|text| assert!(equals(&number, text), "{number} {text}"));
            unequal.split(' ').chain(["", " 5"]).for_each(|text| assert!(!equals(&number, text), "{number} {text}"));
        }
    }
}
