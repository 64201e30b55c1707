//! Primes for RSA keys. Nearly all of a key's making is the search for its two primes: two threads share it, and where the processor can, each of them
//! tests eight candidates at once.

#[cfg(target_arch = "x86_64")]
mod division;
#[cfg(target_arch = "x86_64")]
mod halves;
#[cfg(target_arch = "x86_64")]
mod lanes;
#[cfg(target_arch = "x86_64")]
mod montgomery;
mod one;
mod search;
mod sieve;

use std::thread;

use rsa::BigUint;

use self::search::{Engine, Search};
use crate::sprig::Rng;

/// The public exponent of all keys, as in Go.
pub(super) const EXPONENT: u32 = 65_537;

/// Two different primes whose product has exactly so many bits (2048 or 4096) and which fit [`EXPONENT`].
///
/// # Errors
/// The randomness failed.
pub(super) fn pair(rng: &mut Rng, bits: usize) -> Result<(BigUint, BigUint), String> {
    // Vectors are slow before they are optimised; what they do is tested by itself.
    #[cfg(target_arch = "x86_64")]
    if !cfg!(debug_assertions) {
        if let Some(engine) = lanes::EightAtOnce::by_integers() {
            return pair_by(&engine, rng, bits);
        }
        if let Some(engine) = lanes::EightAtOnce::by_doubles() {
            return pair_by(&engine, rng, bits);
        }
    }
    pair_by(&one::OneByOne, rng, bits)
}

fn pair_by<E: Engine<16> + Engine<32>>(engine: &E, rng: &mut Rng, bits: usize) -> Result<(BigUint, BigUint), String> {
    match bits {
        2048 => two::<16>(engine, rng),
        _ => two::<32>(engine, rng),
    }
}

/// Each of two threads searches for a prime of its own; the first to find one helps the other.
fn two<const WORDS: usize>(engine: &impl Engine<WORDS>, rng: &mut Rng) -> Result<(BigUint, BigUint), String> {
    loop {
        let (p, q) = (Search::new(engine, rng)?, Search::new(engine, rng)?);
        let (mut own, mut others) = (rng.fork()?, rng.fork()?);
        thread::scope(|scope| {
            let beside = scope.spawn(|| {
                q.join(engine, &mut others)?;
                p.join(engine, &mut others)
            });
            p.join(engine, &mut own)?;
            q.join(engine, &mut own)?;
            beside.join().unwrap_or_else(|_| Err("the search for a prime has failed".into()))
        })?;
        if let (Some(p), Some(q)) = (p.prime(), q.prime())
            && p != q
        {
            return Ok((p, q));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_all_their_bits() {
        let (p, q) = pair(&mut Rng::System, 2048).unwrap();
        assert_eq!((&p * &q).bits(), 2048);
        for prime in [p, q] {
            assert_eq!(prime.bits(), 1024);
            assert_ne!(&prime % EXPONENT, BigUint::from(1u8));
            assert!(num_bigint_dig::prime::probably_prime(&prime, 8));
        }
    }
}
