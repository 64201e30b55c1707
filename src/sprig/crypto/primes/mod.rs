//! Primes for RSA keys. Nearly all of a key's making is the search for its two primes: each has a thread, and where the processor can, a thread tests
//! eight candidates at once.

#[cfg(target_arch = "x86_64")]
mod lanes;
#[cfg(target_arch = "x86_64")]
mod montgomery;
mod one;
mod search;
mod sieve;

use std::thread;

use rsa::BigUint;

use self::search::{Engine, prime};
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
    if !cfg!(debug_assertions)
        && let Some(engine) = lanes::EightAtOnce::new()
    {
        return pair_by(&engine, rng, bits);
    }
    pair_by(&one::OneByOne, rng, bits)
}

fn pair_by<E: Engine<16> + Engine<32> + Sync>(
    engine: &E,
    rng: &mut Rng,
    bits: usize,
) -> Result<(BigUint, BigUint), String> {
    let find = |rng| match bits {
        2048 => prime::<16>(engine, rng),
        _ => prime::<32>(engine, rng),
    };
    loop {
        let other = rng.fork()?;
        let (p, q) = thread::scope(|scope| {
            let beside = scope.spawn(move || find(other));
            let own = rng.fork().and_then(find);
            (own, beside.join().unwrap_or_else(|_| Err("the search for a prime has failed".into())))
        });
        let (p, q) = (p?, q?);
        if p != q {
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
