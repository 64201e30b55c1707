//! Generation of DSA keys by FIPS 186-4: 2048-bit modulus, 256-bit subgroup.

use num_bigint_dig::prime::probably_prime;
use num_bigint_dig::{BigUint, RandBigInt};
use num_traits::One;
use rsa::rand_core::RngCore;

use super::der::{integer, sequence};

/// A key with its parameters.
pub(super) struct DsaKey {
    p: BigUint,
    q: BigUint,
    g: BigUint,
    y: BigUint,
    x: BigUint,
}

const MODULUS_BITS: usize = 2048;
const SUBGROUP_BITS: usize = 256;
/// Rounds of the primality test: an error is less likely than a failure of the machine.
const ROUNDS: usize = 32;

impl DsaKey {
    /// A fresh key.
    #[expect(clippy::many_single_char_names, reason = "the names of the standard")]
    pub(super) fn generate(rng: &mut impl RngCore) -> Self {
        let (p, q) = parameters(rng);
        let one = BigUint::one();
        let exponent = (&p - &one) / &q;
        let mut base = BigUint::from(2u8);
        let mut g = base.modpow(&exponent, &p);
        while g == one {
            base += &one;
            g = base.modpow(&exponent, &p);
        }
        let x = rng.gen_biguint_range(&one, &q);
        let y = g.modpow(&x, &p);
        Self { p, q, g, y, x }
    }

    /// The traditional form: version, parameters, public and private number.
    pub(super) fn to_der(&self) -> Vec<u8> {
        let numbers = [&self.p, &self.q, &self.g, &self.y, &self.x].map(|number| integer(&number.to_bytes_be()));
        sequence(&[&integer(&[0]), &numbers.concat()])
    }
}

/// A prime `p` and a prime `q` that divides `p - 1`.
fn parameters(rng: &mut impl RngCore) -> (BigUint, BigUint) {
    let top = |number: BigUint, bits: usize| number | BigUint::one() << (bits - 1);
    loop {
        let q = top(rng.gen_biguint(SUBGROUP_BITS), SUBGROUP_BITS) | BigUint::one();
        if !probably_prime(&q, ROUNDS) {
            continue;
        }
        let double = &q << 1usize;
        for _ in 0..4 * MODULUS_BITS {
            let candidate = top(rng.gen_biguint(MODULUS_BITS), MODULUS_BITS);
            let remainder = &candidate % &double;
            let p = candidate - remainder + BigUint::one();
            if p.bits() == MODULUS_BITS && probably_prime(&p, ROUNDS) {
                return (p, q);
            }
        }
    }
}
