//! Primes for RSA keys. Nearly all of a key's making is the search for its two primes, so each has a thread.

use std::convert::Infallible;
use std::thread;

use crypto_bigint::rand_core::{TryCryptoRng, TryRng};
use crypto_bigint::{RandomBits, RandomMod, U1024, U2048, UnsignedWithMontyForm};
use crypto_primes::hazmat::{SetBits, SmallFactorsSieveFactory};
use crypto_primes::{Flavor, is_prime, sieve_and_find};
use rsa::BigUint;

use crate::sprig::Rng;

/// The public exponent of all keys, as in Go.
pub(super) const EXPONENT: u32 = 65_537;

/// The execution's randomness, which remembers whether it failed.
struct Numbers {
    rng: Rng,
    failure: Option<String>,
}

impl TryRng for Numbers {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.try_next_u64()? as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        if let Err(error) = self.rng.fill(bytes) {
            // The search cannot be given up: it goes on in some way, and its result is thrown away.
            self.failure = Some(error);
            self.rng = Rng::Seeded(0);
            let _ = self.rng.fill(bytes);
        }
        Ok(())
    }
}

impl TryCryptoRng for Numbers {}

/// Two different primes whose product has exactly so many bits (2048 or 4096) and which fit [`EXPONENT`].
///
/// # Errors
/// The randomness failed.
pub(super) fn pair(rng: &mut Rng, bits: usize) -> Result<(BigUint, BigUint), String> {
    let find = match bits {
        2048 => |rng| search(rng, |numbers| Some(found::<U1024>(numbers, 1024)?.to_be_bytes().as_ref().to_vec())),
        _ => |rng| search(rng, |numbers| Some(found::<U2048>(numbers, 2048)?.to_be_bytes().as_ref().to_vec())),
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

fn search(rng: Rng, find: impl Fn(&mut Numbers) -> Option<Vec<u8>>) -> Result<BigUint, String> {
    let mut numbers = Numbers { rng, failure: None };
    loop {
        let prime = find(&mut numbers);
        if let Some(failure) = numbers.failure {
            return Err(failure);
        }
        let prime = prime.map(|bytes| BigUint::from_bytes_be(&bytes));
        // The exponent must have an inverse.
        if let Some(prime) = prime.filter(|prime| prime % EXPONENT != BigUint::from(1u8)) {
            return Ok(prime);
        }
    }
}

fn found<T: UnsignedWithMontyForm + RandomBits + RandomMod>(numbers: &mut Numbers, bits: u32) -> Option<T> {
    // With both upper bits set the product has all its bits.
    let sieve = SmallFactorsSieveFactory::<T>::new(Flavor::Any, bits, SetBits::TwoMsb).ok()?;
    sieve_and_find(numbers, sieve, |_, candidate| is_prime(Flavor::Any, candidate)).ok()?
}
