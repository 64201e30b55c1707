//! What Go asks of the numbers of an RSA key (`crypto/rsa`), with its errors.

use num_bigint_dig::{BigUint, ModInverse};
use num_traits::{One, Zero};

use super::Fallible;

fn problem<T>(problem: &str) -> Fallible<T> {
    Err(format!("crypto/rsa: {problem}"))
}

/// Refuses a key that is not consistent. `precomputed` are the two exponents and the coefficient of the Chinese remainder
/// theorem, as far as the key has them.
///
/// # Errors
/// Go's text.
pub(super) fn check(
    modulus: &BigUint,
    exponent: i64,
    secret: &BigUint,
    primes: &[BigUint],
    precomputed: &[Option<BigUint>; 3],
) -> Fallible<()> {
    let [p, q] = primes else { return check_many(modulus, exponent, secret, primes) };
    for number in [modulus, p, q] {
        check_modulus(number)?;
    }
    check_below(secret, modulus)?;
    let (p1, q1) = (p - 1_u8, q - 1_u8);
    let (dp, dq, inverse) = match precomputed {
        [Some(dp), Some(dq), Some(inverse)] => {
            check_below(inverse, p)?;
            (dp.clone(), dq.clone(), inverse.clone())
        }
        _ => {
            check_modulus(&p1)?;
            check_modulus(&q1)?;
            if (p % 2_u8).is_zero() {
                return problem("p is even");
            }
            // The inverse by Fermat's little theorem, which needs a prime.
            (secret % &p1, secret % &q1, (q % p).modpow(&(p - 2_u8), p))
        }
    };
    check_public(modulus, exponent)?;
    if p >= modulus || q >= modulus {
        return problem("invalid prime");
    }
    if !(p * q % modulus).is_zero() {
        return problem("p * q != n");
    }
    let public = BigUint::from(exponent.unsigned_abs());
    for (prime1, power) in [(&p1, &dp), (&q1, &dq)] {
        if prime1.is_one() {
            return problem("invalid prime");
        }
        if power >= prime1 || !(&public * power % prime1).is_one() {
            return problem("invalid CRT exponent");
        }
    }
    if !(q * &inverse % p).is_one() {
        return problem("invalid CRT coefficient");
    }
    if secret % &p1 != dp {
        return problem("d does not match dP");
    }
    if secret % &q1 != dq {
        return problem("d does not match dQ");
    }
    if p == q {
        return problem("p == q");
    }
    let difference = if p > q { p - q } else { q - p };
    if difference.bits() + 100 <= modulus.bits() / 2 {
        return problem("|p - q| too small");
    }
    if secret.bits() <= modulus.bits() / 2 {
        return problem("d too small");
    }
    Ok(())
}

/// Keys of more than two primes.
fn check_many(modulus: &BigUint, exponent: i64, secret: &BigUint, primes: &[BigUint]) -> Fallible<()> {
    check_modulus(modulus)?;
    check_below(secret, modulus)?;
    check_public(modulus, exponent)?;
    if primes.iter().any(One::is_one) {
        return problem("prime factor is <= 1");
    }
    let Some((first, others)) = primes.split_first() else { return problem("missing primes") };
    let mut product = first.clone();
    for (index, prime) in others.iter().enumerate() {
        let relative = if index == 0 { prime.mod_inverse(first) } else { (&product).mod_inverse(prime) };
        if relative.is_none() {
            return problem("prime factors are not relatively prime");
        }
        product *= prime;
    }
    Ok(())
}

fn check_modulus(number: &BigUint) -> Fallible<()> {
    if number.is_zero() || number.is_one() { Err("modulus must be > 1".into()) } else { Ok(()) }
}

/// Whether a number fits into the words of a modulus, and is less than it.
fn check_below(number: &BigUint, modulus: &BigUint) -> Fallible<()> {
    if number.bits() > modulus.bits().next_multiple_of(64) {
        return Err("input overflows the modulus size".into());
    }
    if number >= modulus { Err("input overflows the modulus".into()) } else { Ok(()) }
}

fn check_public(modulus: &BigUint, exponent: i64) -> Fallible<()> {
    if (modulus % 2_u8).is_zero() {
        return problem("public modulus is even");
    }
    if exponent < 2 {
        return problem("public exponent too small or negative");
    }
    if exponent % 2 == 0 {
        return problem("public exponent is even");
    }
    if exponent > i64::from(i32::MAX) {
        return problem("public exponent too large");
    }
    Ok(())
}
