//! The search for a prime: the first one after a random number. What it finds depends on the randomness alone, not on the engine.

use rsa::BigUint;

use super::EXPONENT;
use super::sieve::{self, Divisors, GROUP};
use crate::sprig::Rng;

/// A number in words of 64 bits, the lowest first.
pub(super) type Number<const WORDS: usize> = [u64; WORDS];

/// How many candidates are tested together.
pub(super) const BATCH: usize = 8;

/// What computes with numbers of so many words.
pub(super) trait Engine<const WORDS: usize> {
    /// The remainders of a number by each of the divisors.
    fn remainders(&self, number: &Number<WORDS>, divisors: &[Divisors]) -> Vec<[u64; GROUP]>;

    /// The first prime among odd numbers whose highest bits are set.
    ///
    /// # Errors
    /// The randomness failed.
    fn first_prime(&self, numbers: &[Number<WORDS>; BATCH], rng: &mut Rng) -> Result<Option<usize>, String>;
}

/// A prime with both upper bits set, so that a product of two has all its bits; the exponent has an inverse modulo the prime less one.
///
/// # Errors
/// The randomness failed.
pub(super) fn prime<const WORDS: usize>(engine: &impl Engine<WORDS>, mut rng: Rng) -> Result<BigUint, String> {
    let mut witnesses = rng.fork()?;
    loop {
        let start = start(&mut rng)?;
        let remainders = engine.remainders(&start, sieve::divisors());
        let steps = sieve::survivors(&remainders);
        let (batches, _) = steps.as_chunks::<BATCH>();
        for steps in batches {
            let numbers = steps.map(|step| add(&start, 2 * step));
            // A sum that ran over has lost its upper bits.
            if numbers.iter().any(|number| number[WORDS - 1] >> 62 != 3) {
                break;
            }
            if let Some(index) = engine.first_prime(&numbers, &mut witnesses)? {
                let prime = to_integer(&numbers[index]);
                if &prime % EXPONENT != BigUint::from(1u8) {
                    return Ok(prime);
                }
                break;
            }
        }
    }
}

/// A random odd number with both upper bits set.
fn start<const WORDS: usize>(rng: &mut Rng) -> Result<Number<WORDS>, String> {
    let mut number = random(rng)?;
    number[0] |= 1;
    number[WORDS - 1] |= 3 << 62;
    Ok(number)
}

/// A random number.
///
/// # Errors
/// The randomness failed.
pub(super) fn random<const WORDS: usize>(rng: &mut Rng) -> Result<Number<WORDS>, String> {
    let mut number = [0; WORDS];
    let mut bytes = [[0; 8]; WORDS];
    rng.fill(bytes.as_flattened_mut())?;
    for (word, bytes) in number.iter_mut().zip(bytes) {
        *word = u64::from_le_bytes(bytes);
    }
    Ok(number)
}

fn add<const WORDS: usize>(number: &Number<WORDS>, step: u64) -> Number<WORDS> {
    let mut carry = step;
    number.map(|word| {
        let (sum, overflows) = word.overflowing_add(carry);
        carry = overflows.into();
        sum
    })
}

/// The bytes of a number, the lowest first.
pub(super) fn to_bytes<const WORDS: usize>(number: &Number<WORDS>) -> Vec<u8> {
    number.map(u64::to_le_bytes).concat()
}

fn to_integer<const WORDS: usize>(number: &Number<WORDS>) -> BigUint {
    BigUint::from_bytes_le(&to_bytes(number))
}
