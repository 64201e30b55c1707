//! The engines of processors that compute with vectors: eight numbers side by side.
#![allow(
    clippy::inline_always,
    reason = "vectors stay in registers only where everything is inlined into what has them enabled"
)]

use fearless_simd::Level;
use fearless_simd::prelude::*;
use fearless_simd::x86::Avx2;

use super::division::remainders;
use super::halves::{Doubles, Integers, Lanes, Multiplier};
use super::montgomery::Moduli;
use super::search::{BATCH, Engine, Number, random};
use super::sieve::{Divisors, GROUP};
use crate::sprig::Rng;

/// Tests eight candidates at once.
pub(super) struct EightAtOnce<M>(M);

impl EightAtOnce<Integers> {
    /// The engine of processors with AVX-512 and its multiplication of whole numbers.
    pub(super) fn by_integers() -> Option<Self> {
        Level::new().as_avx512().map(|simd| Self(Integers(simd)))
    }
}

impl EightAtOnce<Doubles<Avx2>> {
    /// The engine of processors with AVX2 and FMA.
    pub(super) fn by_doubles() -> Option<Self> {
        Level::new().as_avx2().map(|simd| Self(Doubles(simd)))
    }
}

/// An engine for numbers of so many words, which have so many limbs.
macro_rules! engine {
    ($multiplier:ty, $words:literal, $limbs:literal) => {
        impl Engine<$words> for EightAtOnce<$multiplier> {
            fn remainders(&self, number: &Number<$words>, divisors: &[Divisors]) -> Vec<[u64; GROUP]> {
                remainders(self.0.simd(), number, divisors)
            }

            fn first_prime(&self, numbers: &[Number<$words>; BATCH], rng: &mut Rng) -> Result<Option<usize>, String> {
                first_prime::<_, $words, $limbs>(self.0, numbers, rng)
            }
        }
    };
}

engine!(Integers, 16, 20);
engine!(Integers, 32, 40);
engine!(Doubles<Avx2>, 16, 21);
engine!(Doubles<Avx2>, 32, 41);

/// What passes Fermat's test is tested again by that of Miller and Rabin to eight random bases. FIPS 186-5 asks for five with numbers of 1024 bits and
/// for four with larger ones.
fn first_prime<M: Multiplier, const WORDS: usize, const LIMBS: usize>(
    by: M,
    numbers: &[Number<WORDS>; BATCH],
    rng: &mut Rng,
) -> Result<Option<usize>, String> {
    let passed = passes_fermat::<M, WORDS, LIMBS>(by, numbers);
    for index in (0..BATCH).filter(|&index| passed[index]) {
        let mut bases = [[0; WORDS]; BATCH];
        for base in &mut bases {
            *base = random(rng)?;
        }
        if passes_miller_rabin::<M, WORDS, LIMBS>(by, &numbers[index], &bases) {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// Which of eight odd numbers pass Fermat's test to the base 2, as primes do and hardly any other number does. The highest bit of each must be
/// set; `LIMBS` must hold at least 16 bits more than a number.
fn passes_fermat<M: Multiplier, const WORDS: usize, const LIMBS: usize>(
    by: M,
    numbers: &[Number<WORDS>; BATCH],
) -> [bool; BATCH] {
    let simd = by.simd();
    simd.vectorize(
        #[inline(always)]
        || {
            let n = limbs::<M, WORDS, LIMBS>(by, numbers);
            let moduli = Moduli::new(by, &n);
            let units = numbers.map(|number| unit(&number, LIMBS * M::LIMB_BITS));
            let mut power = limbs::<M, WORDS, LIMBS>(by, &units);
            // The exponent is the number less one: its own bits, save the lowest.
            for bit in (1..WORDS * 64).rev() {
                let double = (n[bit / M::LIMB_BITS] >> (bit % M::LIMB_BITS) as u32) & 1;
                power = moduli.square(&power, double);
            }
            power = moduli.square(&power, Lanes::<M>::splat(simd, 0));
            let differences = differences::<M, LIMBS>(&moduli.reduce(&power), &one::<M, LIMBS>(by));
            std::array::from_fn(|lane| differences[lane] == 0)
        },
    )
}

/// Whether an odd number, whose highest bit must be set, passes the test of Miller and Rabin to all of the bases. These are taken as Montgomery's form
/// of other ones: those are just as random.
fn passes_miller_rabin<M: Multiplier, const WORDS: usize, const LIMBS: usize>(
    by: M,
    number: &Number<WORDS>,
    bases: &[Number<WORDS>; BATCH],
) -> bool {
    let simd = by.simd();
    simd.vectorize(
        #[inline(always)]
        || {
            let n = limbs::<M, WORDS, LIMBS>(by, &[*number; BATCH]);
            let moduli = Moduli::new(by, &n);
            let zero = Lanes::<M>::splat(simd, 0);
            let bases = limbs::<M, WORDS, LIMBS>(by, bases);
            let is_set = |bit: usize| number[bit / 64] >> (bit % 64) & 1 == 1;
            // The number less one is odd after so many halvings.
            let Some(halvings) = (1..WORDS * 64).find(|&bit| is_set(bit)) else { return false };
            let mut power = bases;
            for bit in (halvings..WORDS * 64 - 1).rev() {
                power = moduli.square(&power, zero);
                if is_set(bit) {
                    power = moduli.multiply(&power, &bases);
                }
            }
            let mut minus_one = n;
            minus_one[0] ^= 1;
            let mut result = moduli.reduce(&power);
            let mut passed = [false; BATCH];
            let mut pass = |differences: Lanes<M>| {
                for (passed, difference) in passed.iter_mut().zip(*differences) {
                    *passed |= difference == 0;
                }
            };
            pass(differences::<M, LIMBS>(&result, &one::<M, LIMBS>(by)));
            pass(differences::<M, LIMBS>(&result, &minus_one));
            for _ in 1..halvings {
                power = moduli.square(&power, zero);
                result = moduli.reduce(&power);
                pass(differences::<M, LIMBS>(&result, &minus_one));
            }
            passed == [true; BATCH]
        },
    )
}

/// One in Montgomery's form: the remainder of the power of two of as many bits as the limbs have.
fn unit<const WORDS: usize>(number: &Number<WORDS>, bits: usize) -> Number<WORDS> {
    // The number's highest bit is set, so that the remainder of the next power of two is the difference.
    let mut remainder = subtract(&[0; WORDS], number);
    for _ in WORDS * 64..bits {
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
fn one<M: Multiplier, const LIMBS: usize>(by: M) -> [Lanes<M>; LIMBS] {
    std::array::from_fn(|limb| Lanes::<M>::splat(by.simd(), u64::from(limb == 0)))
}

/// Zero in the lanes where the numbers are the same.
#[inline(always)]
fn differences<M: Multiplier, const LIMBS: usize>(a: &[Lanes<M>; LIMBS], b: &[Lanes<M>; LIMBS]) -> Lanes<M> {
    a.iter().zip(b).map(|(&a, &b)| a ^ b).reduce(|all, limb| all | limb).unwrap_or(a[0])
}

#[inline(always)]
fn limbs<M: Multiplier, const WORDS: usize, const LIMBS: usize>(
    by: M,
    numbers: &[Number<WORDS>; BATCH],
) -> [Lanes<M>; LIMBS] {
    std::array::from_fn(|limb| {
        Lanes::<M>::from_fn(by.simd(), |lane| bits_from(&numbers[lane], limb * M::LIMB_BITS) & M::LIMB)
    })
}

/// 64 bits of a number, from one of them on.
fn bits_from(words: &[u64], first: usize) -> u64 {
    let word = |index: usize| words.get(index).map_or(0, |&word| u128::from(word));
    let pair = word(first / 64) | word(first / 64 + 1) << 64;
    (pair >> (first % 64)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sprig::crypto::primes::one::OneByOne;
    use crate::sprig::crypto::primes::search::Search;
    use crate::sprig::crypto::primes::sieve::divisors;

    /// A power of two, less a number times another power of two, plus another number.
    fn near_power<const WORDS: usize>(subtrahend: u64, word: usize, addend: u64) -> Number<WORDS> {
        let mut number = [0; WORDS];
        number[word] = subtrahend;
        number = subtract(&[0; WORDS], &number);
        number[0] = number[0].wrapping_add(addend);
        number
    }

    /// Some number that has nothing to do with the given one.
    fn scrambled(number: &Number<16>) -> Number<16> {
        number.map(|word| word.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 1)
    }

    fn known_primes_are_found<M: Multiplier, const LIMBS: usize>(by: M) {
        // The largest prime of 1024 bits, and the largest one of which 64 binary digits are zeros before the last.
        let largest = near_power::<16>(105, 0, 0);
        let many_halvings = near_power::<16>(463, 1, 1);
        let mut numbers: [Number<16>; BATCH] = std::array::from_fn(|i| near_power(107 + 2 * i as u64, 0, 0));
        numbers[2] = largest;
        numbers[7] = many_halvings;
        let expected: [bool; BATCH] = std::array::from_fn(|i| i == 2 || i == 7);
        assert_eq!(passes_fermat::<M, 16, LIMBS>(by, &numbers), expected);
        let bases = numbers.map(|number| scrambled(&number));
        for index in [1, 2, 7] {
            let passes = passes_miller_rabin::<M, 16, LIMBS>(by, &numbers[index], &bases);
            assert_eq!(passes, expected[index], "{index}");
        }
    }

    fn finds_what_one_by_one_finds(engine: &impl Engine<16>) {
        let mut rng = Rng::Seeded(7);
        for number in [random(&mut rng).unwrap(), [u64::MAX; 16], [0; 16], [1 << 63; 16]] {
            assert_eq!(engine.remainders(&number, divisors()), OneByOne.remainders(&number, divisors()));
        }
        // From here it is not far to a prime: it is in the first batch.
        let search = |engine: &dyn Fn(&Search<16>, &mut Rng)| {
            let search = Search::new(&OneByOne, &mut Rng::Seeded(1)).unwrap();
            engine(&search, &mut Rng::System);
            search.prime().unwrap()
        };
        let one_by_one = search(&|search, rng| search.join(&OneByOne, rng).unwrap());
        assert_eq!(search(&|search, rng| search.join(engine, rng).unwrap()), one_by_one);
    }

    #[test]
    fn whole_numbers_find_primes() {
        let Some(engine) = EightAtOnce::by_integers() else { return };
        known_primes_are_found::<_, 20>(engine.0);
        finds_what_one_by_one_finds(&engine);
    }

    #[test]
    fn floating_point_numbers_find_primes() {
        let Some(engine) = EightAtOnce::by_doubles() else { return };
        known_primes_are_found::<_, 21>(engine.0);
        finds_what_one_by_one_finds(&engine);
    }
}
