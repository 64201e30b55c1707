//! The search for a prime: the first one after a random number. What it finds depends on the randomness alone, neither on the engine nor on the threads.

use std::sync::atomic::{AtomicUsize, Ordering};

use rsa::BigUint;

use super::EXPONENT;
use super::sieve::{self, Divisors, GROUP};
use crate::sprig::Rng;

/// A number in words of 64 bits, the lowest first.
pub(super) type Number<const WORDS: usize> = [u64; WORDS];

/// How many candidates are tested together.
pub(super) const BATCH: usize = 8;

/// What computes with numbers of so many words.
pub(super) trait Engine<const WORDS: usize>: Sync {
    /// The remainders of a number by each of the divisors.
    fn remainders(&self, number: &Number<WORDS>, divisors: &[Divisors]) -> Vec<[u64; GROUP]>;

    /// The first prime among odd numbers whose highest bits are set.
    ///
    /// # Errors
    /// The randomness failed.
    fn first_prime(&self, numbers: &[Number<WORDS>; BATCH], rng: &mut Rng) -> Result<Option<usize>, String>;
}

/// The search for the first prime after a random number whose upper bits are both set, so that a product of two primes has all its bits. Any
/// number of threads can share it: whichever is free takes the next batch.
pub(super) struct Search<const WORDS: usize> {
    start: Number<WORDS>,
    /// How many steps of two lead to each candidate.
    steps: Vec<u64>,
    next_batch: AtomicUsize,
    /// The first prime's place among the candidates, once it is known; a greater number before.
    first: AtomicUsize,
}

impl<const WORDS: usize> Search<WORDS> {
    /// A search from a new random number.
    ///
    /// # Errors
    /// The randomness failed.
    pub(super) fn new(engine: &impl Engine<WORDS>, rng: &mut Rng) -> Result<Self, String> {
        let start = start(rng)?;
        let remainders = engine.remainders(&start, sieve::divisors());
        let steps = sieve::survivors(&remainders);
        Ok(Self { start, steps, next_batch: AtomicUsize::new(0), first: AtomicUsize::new(usize::MAX) })
    }

    /// Takes part in the search until nothing is left to do.
    ///
    /// # Errors
    /// The randomness failed.
    pub(super) fn join(&self, engine: &impl Engine<WORDS>, witnesses: &mut Rng) -> Result<(), String> {
        let (batches, _) = self.steps.as_chunks::<BATCH>();
        loop {
            let batch = self.next_batch.fetch_add(1, Ordering::Relaxed);
            let first = batch * BATCH;
            let Some(steps) = batches.get(batch).filter(|_| first < self.first.load(Ordering::Relaxed)) else {
                return Ok(());
            };
            let numbers = steps.map(|step| add(&self.start, 2 * step));
            // A sum that ran over has lost its upper bits.
            if numbers.iter().any(|number| number[WORDS - 1] >> 62 != 3) {
                return Ok(());
            }
            if let Some(index) = engine.first_prime(&numbers, witnesses)? {
                self.first.fetch_min(first + index, Ordering::Relaxed);
            }
        }
    }

    /// The prime, when all have returned; hardly ever none. The [exponent](EXPONENT) has an inverse modulo the prime less one.
    pub(super) fn prime(self) -> Option<BigUint> {
        let step = self.steps.get(self.first.into_inner())?;
        let prime = to_integer(&add(&self.start, 2 * step));
        (&prime % EXPONENT != BigUint::from(1u8)).then_some(prime)
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
