//! The engine of processors with AVX-512 and its multiplication of whole numbers (IFMA): eight numbers side by side.
#![allow(
    clippy::inline_always,
    reason = "vectors stay in registers only where everything is inlined into what has them enabled"
)]

use fearless_simd::Level;
use fearless_simd::prelude::*;
use fearless_simd::x86::Avx512;

use super::montgomery::{LIMB_BITS, Lanes, Moduli, add_high, add_low};
use super::search::{BATCH, Engine, Number, random};
use super::sieve::{Divisors, GROUP, RECIPROCAL_BITS};
use crate::sprig::Rng;

/// Tests eight candidates at once.
pub(super) struct EightAtOnce(Avx512);

impl EightAtOnce {
    /// The engine, if the processor can.
    pub(super) fn new() -> Option<Self> {
        Level::new().as_avx512().map(Self)
    }
}

impl Engine<16> for EightAtOnce {
    fn remainders(&self, number: &Number<16>, divisors: &[Divisors]) -> Vec<[u64; GROUP]> {
        remainders(self.0, number, divisors)
    }

    fn first_prime(&self, numbers: &[Number<16>; BATCH], rng: &mut Rng) -> Result<Option<usize>, String> {
        first_prime::<16, 20>(self.0, numbers, rng)
    }
}

impl Engine<32> for EightAtOnce {
    fn remainders(&self, number: &Number<32>, divisors: &[Divisors]) -> Vec<[u64; GROUP]> {
        remainders(self.0, number, divisors)
    }

    fn first_prime(&self, numbers: &[Number<32>; BATCH], rng: &mut Rng) -> Result<Option<usize>, String> {
        first_prime::<32, 40>(self.0, numbers, rng)
    }
}

/// What passes Fermat's test is tested again by that of Miller and Rabin to eight random bases. FIPS 186-5 asks for five with numbers of 1024 bits and
/// for four with larger ones.
fn first_prime<const WORDS: usize, const LIMBS: usize>(
    simd: Avx512,
    numbers: &[Number<WORDS>; BATCH],
    rng: &mut Rng,
) -> Result<Option<usize>, String> {
    let passed = passes_fermat::<WORDS, LIMBS>(simd, numbers);
    for index in (0..BATCH).filter(|&index| passed[index]) {
        let mut bases = [[0; WORDS]; BATCH];
        for base in &mut bases {
            *base = random(rng)?;
        }
        if passes_miller_rabin::<WORDS, LIMBS>(simd, &numbers[index], &bases) {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// Which of eight odd numbers pass Fermat's test to the base 2, as primes do and hardly any other number does. The highest bit of each must be
/// set; `LIMBS` must hold at least 16 bits more than a number.
fn passes_fermat<const WORDS: usize, const LIMBS: usize>(
    simd: Avx512,
    numbers: &[Number<WORDS>; BATCH],
) -> [bool; BATCH] {
    simd.vectorize(
        #[inline(always)]
        || {
            let n = limbs::<WORDS, LIMBS>(simd, numbers);
            let moduli = Moduli::new(simd, n);
            let zero = Lanes::splat(simd, 0);
            let mut power = limbs::<WORDS, LIMBS>(simd, &numbers.map(|number| unit::<WORDS, LIMBS>(&number)));
            // The exponent is the number less one: its own bits, save the lowest.
            for bit in (1..WORDS * 64).rev() {
                let double = (n[bit / LIMB_BITS] >> (bit % LIMB_BITS) as u32) & 1;
                power = moduli.multiply(&power, &power, double);
            }
            power = moduli.multiply(&power, &power, zero);
            let differences = differences(&moduli.reduce(&power), &one(simd));
            std::array::from_fn(|lane| differences[lane] == 0)
        },
    )
}

/// Whether an odd number, whose highest bit must be set, passes the test of Miller and Rabin to all of the bases. These are taken as Montgomery's form
/// of other ones: those are just as random.
fn passes_miller_rabin<const WORDS: usize, const LIMBS: usize>(
    simd: Avx512,
    number: &Number<WORDS>,
    bases: &[Number<WORDS>; BATCH],
) -> bool {
    simd.vectorize(
        #[inline(always)]
        || {
            let n = limbs::<WORDS, LIMBS>(simd, &[*number; BATCH]);
            let moduli = Moduli::new(simd, n);
            let zero = Lanes::splat(simd, 0);
            let bases = limbs::<WORDS, LIMBS>(simd, bases);
            let is_set = |bit: usize| number[bit / 64] >> (bit % 64) & 1 == 1;
            // The number less one is odd after so many halvings.
            let Some(halvings) = (1..WORDS * 64).find(|&bit| is_set(bit)) else { return false };
            let mut power = bases;
            for bit in (halvings..WORDS * 64 - 1).rev() {
                power = moduli.multiply(&power, &power, zero);
                if is_set(bit) {
                    power = moduli.multiply(&power, &bases, zero);
                }
            }
            let mut minus_one = n;
            minus_one[0] ^= 1;
            let mut result = moduli.reduce(&power);
            let mut passed = [false; BATCH];
            let mut pass = |differences: Lanes| {
                for (passed, difference) in passed.iter_mut().zip(*differences) {
                    *passed |= difference == 0;
                }
            };
            pass(differences(&result, &one(simd)));
            pass(differences(&result, &minus_one));
            for _ in 1..halvings {
                power = moduli.multiply(&power, &power, zero);
                result = moduli.reduce(&power);
                pass(differences(&result, &minus_one));
            }
            passed == [true; BATCH]
        },
    )
}

fn remainders(simd: Avx512, number: &[u64], divisors: &[Divisors]) -> Vec<[u64; GROUP]> {
    simd.vectorize(
        #[inline(always)]
        || {
            let mut remainders = vec![[0; GROUP]; divisors.len()];
            for (remainders, group) in remainders.iter_mut().zip(divisors) {
                *remainders = remainders_by(simd, number, group);
            }
            remainders
        },
    )
}

#[inline(always)]
fn remainders_by(simd: Avx512, number: &[u64], divisors: &Divisors) -> [u64; GROUP] {
    const { assert!(RECIPROCAL_BITS as usize == LIMB_BITS, "the upper half of a product is the quotient") };
    let primes = Lanes::simd_from(simd, divisors.primes);
    let reciprocals = Lanes::simd_from(simd, divisors.reciprocals);
    let zero = Lanes::splat(simd, 0);
    let mut remainder = zero;
    for &word in number.iter().rev() {
        for half in [word >> 32, word & 0xFFFF_FFFF] {
            let dividend = (remainder << 32) | half;
            // The quotient is at most two too small, so that what remains is below three times a prime: it still fits, with 32 bits behind it.
            let quotient = add_high(simd, zero, dividend, reciprocals);
            remainder = dividend - add_low(simd, zero, quotient, primes);
        }
    }
    // A difference below zero is greater than any remainder.
    for _ in 0..2 {
        remainder = remainder.min(remainder - primes);
    }
    remainder.into()
}

/// One in Montgomery's form: the remainder of the power of two of as many bits as the limbs have.
fn unit<const WORDS: usize, const LIMBS: usize>(number: &Number<WORDS>) -> Number<WORDS> {
    // The number's highest bit is set, so that the remainder of the next power of two is the difference.
    let mut remainder = subtract(&[0; WORDS], number);
    for _ in WORDS * 64..LIMBS * LIMB_BITS {
        let mut carry = 0;
        let doubled = remainder.map(|word| {
            let next = word << 1 | carry;
            carry = word >> 63;
            next
        });
        let is_greater = carry == 1 || doubled.iter().rev().ge(number.iter().rev());
        remainder = if is_greater { subtract(&doubled, number) } else { doubled };
    }
    remainder
}

fn subtract<const WORDS: usize>(a: &Number<WORDS>, b: &Number<WORDS>) -> Number<WORDS> {
    let mut borrow = false;
    std::array::from_fn(|i| {
        let (difference, first) = a[i].overflowing_sub(b[i]);
        let (difference, second) = difference.overflowing_sub(u64::from(borrow));
        borrow = first || second;
        difference
    })
}

#[inline(always)]
fn one<const LIMBS: usize>(simd: Avx512) -> [Lanes; LIMBS] {
    std::array::from_fn(|limb| Lanes::splat(simd, u64::from(limb == 0)))
}

/// Zero in the lanes where the numbers are the same.
#[inline(always)]
fn differences<const LIMBS: usize>(a: &[Lanes; LIMBS], b: &[Lanes; LIMBS]) -> Lanes {
    a.iter().zip(b).map(|(&a, &b)| a ^ b).reduce(|all, limb| all | limb).unwrap_or(a[0])
}

#[inline(always)]
fn limbs<const WORDS: usize, const LIMBS: usize>(simd: Avx512, numbers: &[Number<WORDS>; BATCH]) -> [Lanes; LIMBS] {
    std::array::from_fn(|limb| {
        Lanes::simd_from(simd, std::array::from_fn(|lane| limb_at(&numbers[lane], limb * LIMB_BITS)))
    })
}

/// The bits of a limb that begins at a bit of a number.
fn limb_at(words: &[u64], first: usize) -> u64 {
    let word = |index: usize| words.get(index).map_or(0, |&word| u128::from(word));
    let pair = word(first / 64) | word(first / 64 + 1) << 64;
    (pair >> (first % 64)) as u64 & ((1 << LIMB_BITS) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sprig::crypto::primes::one::OneByOne;
    use crate::sprig::crypto::primes::search::prime;
    use crate::sprig::crypto::primes::sieve::divisors;

    /// A power of two, less a number times another power of two, plus another number.
    fn near_power<const WORDS: usize>(subtrahend: u64, word: usize, addend: u64) -> Number<WORDS> {
        let mut number = [0; WORDS];
        number[word] = subtrahend;
        number = subtract(&[0; WORDS], &number);
        number[0] = number[0].wrapping_add(addend);
        number
    }

    #[test]
    fn known_primes_are_found_among_composites() {
        let Some(EightAtOnce(simd)) = EightAtOnce::new() else { return };
        // The largest prime of 1024 bits, and the largest one of which 64 binary digits are zeros before the last.
        let largest = near_power::<16>(105, 0, 0);
        let many_halvings = near_power::<16>(463, 1, 1);
        let mut numbers: [Number<16>; BATCH] = std::array::from_fn(|i| near_power(107 + 2 * i as u64, 0, 0));
        numbers[2] = largest;
        numbers[7] = many_halvings;
        let expected: [bool; BATCH] = std::array::from_fn(|i| i == 2 || i == 7);
        assert_eq!(passes_fermat::<16, 20>(simd, &numbers), expected);
        let bases = numbers.map(|number| scrambled(&number));
        for (number, is_prime) in numbers.iter().zip(expected) {
            assert_eq!(passes_miller_rabin::<16, 20>(simd, number, &bases), is_prime, "{number:?}");
        }
    }

    /// Some number that has nothing to do with the given one.
    fn scrambled(number: &Number<16>) -> Number<16> {
        number.map(|word| word.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 1)
    }

    #[test]
    fn numbers_of_2048_bits_have_room() {
        let Some(EightAtOnce(simd)) = EightAtOnce::new() else { return };
        let numbers: [Number<32>; BATCH] = std::array::from_fn(|i| near_power(1557 + 2 * i as u64, 0, 0));
        assert_eq!(passes_fermat::<32, 40>(simd, &numbers), std::array::from_fn(|i| i == 0));
    }

    #[test]
    fn both_engines_divide_alike() {
        let Some(engine) = EightAtOnce::new() else { return };
        let mut rng = Rng::Seeded(7);
        let number: Number<16> = random(&mut rng).unwrap();
        assert_eq!(engine.remainders(&number, divisors()), OneByOne.remainders(&number, divisors()));
        let largest = [u64::MAX; 16];
        assert_eq!(engine.remainders(&largest, divisors()), OneByOne.remainders(&largest, divisors()));
    }

    #[test]
    fn both_engines_find_the_same_prime() {
        let Some(engine) = EightAtOnce::new() else { return };
        let one = prime::<16>(&OneByOne, Rng::Seeded(1)).unwrap();
        assert_eq!(prime::<16>(&engine, Rng::Seeded(1)).unwrap(), one);
    }
}
