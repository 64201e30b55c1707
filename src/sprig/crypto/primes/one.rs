//! The engine of any processor: one number after the other.

use crypto_bigint::{RandomMod, U1024, U2048, UnsignedWithMontyForm};
use crypto_primes::{Flavor, is_prime};

use super::search::{BATCH, Engine, Number, to_bytes};
use super::sieve::{Divisors, GROUP};
use crate::sprig::Rng;

/// Tests candidates one by one.
pub(super) struct OneByOne;

impl Engine<16> for OneByOne {
    fn remainders(&self, number: &Number<16>, divisors: &[Divisors]) -> Vec<[u64; GROUP]> {
        remainders(number, divisors)
    }

    fn first_prime(&self, numbers: &[Number<16>; BATCH], _: &mut Rng) -> Result<Option<usize>, String> {
        Ok(first_prime(numbers, U1024::from_le_slice))
    }
}

impl Engine<32> for OneByOne {
    fn remainders(&self, number: &Number<32>, divisors: &[Divisors]) -> Vec<[u64; GROUP]> {
        remainders(number, divisors)
    }

    fn first_prime(&self, numbers: &[Number<32>; BATCH], _: &mut Rng) -> Result<Option<usize>, String> {
        Ok(first_prime(numbers, U2048::from_le_slice))
    }
}

fn remainders(number: &[u64], divisors: &[Divisors]) -> Vec<[u64; GROUP]> {
    let halves: Vec<u64> = number.iter().rev().flat_map(|word| [word >> 32, word & 0xFFFF_FFFF]).collect();
    let remainder = |prime: u64| halves.iter().fold(0, |remainder, half| (remainder << 32 | half) % prime);
    divisors.iter().map(|group| group.primes.map(remainder)).collect()
}

/// By the test of Baillie, Pomerance, Selfridge and Wagstaff, which no composite number is known to pass.
fn first_prime<const WORDS: usize, T: UnsignedWithMontyForm + RandomMod>(
    numbers: &[Number<WORDS>; BATCH],
    from_bytes: fn(&[u8]) -> T,
) -> Option<usize> {
    numbers.iter().position(|number| is_prime(Flavor::Any, &from_bytes(&to_bytes(number))))
}
