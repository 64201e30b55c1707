//! Montgomery's multiplication modulo eight odd numbers at once: a lane of a vector for each, 52 bits to a limb, as AVX-512's multiplication of
//! whole numbers (IFMA) has it.
//!
//! Factors need not be smaller than the modulus `n`. With `R` a power of two of so many bits as all limbs have, the product of `a` and `b` is
//! below `a * b / R + n`; limbs hold at least 16 bits more than `n`, so that factors of some `n` give products of hardly more than one.
#![allow(
    clippy::inline_always,
    reason = "vectors stay in registers only where everything is inlined into what has them enabled"
)]

use core::arch::x86_64::{_mm512_madd52hi_epu64, _mm512_madd52lo_epu64};

use fearless_simd::prelude::*;
use fearless_simd::x86::Avx512;
use fearless_simd::{kernel, u64x8};

/// A limb of each of eight numbers.
pub(super) type Lanes = u64x8<Avx512>;

/// The bits of a limb.
pub(super) const LIMB_BITS: usize = 52;

const LIMB: u64 = (1 << LIMB_BITS) - 1;

kernel!(
    /// The lower halves of products, added to sums.
    #[inline(always)]
    pub(super) fn add_low(simd: Avx512, sum: Lanes, a: Lanes, b: Lanes) -> Lanes {
        _mm512_madd52lo_epu64(sum.into(), a.into(), b.into()).simd_into(simd)
    }
);

kernel!(
    /// The upper halves of products, added to sums.
    #[inline(always)]
    pub(super) fn add_high(simd: Avx512, sum: Lanes, a: Lanes, b: Lanes) -> Lanes {
        _mm512_madd52hi_epu64(sum.into(), a.into(), b.into()).simd_into(simd)
    }
);

/// Eight odd numbers to compute modulo.
pub(super) struct Moduli<const LIMBS: usize> {
    simd: Avx512,
    limbs: [Lanes; LIMBS],
    /// The negative inverses of the lowest limbs.
    inverse: Lanes,
}

impl<const LIMBS: usize> Moduli<LIMBS> {
    /// The moduli of these limbs.
    #[inline(always)]
    pub(super) fn new(simd: Avx512, limbs: [Lanes; LIMBS]) -> Self {
        let lowest = limbs[0];
        // An odd number is its own inverse modulo 8; each step of Newton's method doubles the bits that are right.
        let mut inverse = lowest;
        for _ in 0..5 {
            inverse = inverse * (2 - lowest * inverse);
        }
        Self { simd, limbs, inverse: (0 - inverse) & LIMB }
    }

    /// The products, or twice the product in lanes where `double` is 1 rather than 0.
    #[inline(always)]
    pub(super) fn multiply(&self, a: &[Lanes; LIMBS], b: &[Lanes; LIMBS], double: Lanes) -> [Lanes; LIMBS] {
        let simd = self.simd;
        let n = &self.limbs;
        let zero = Lanes::splat(simd, 0);
        // Four halves of products come to a sum for each factor: their number needs some bits more than 52, which is what 64 are for.
        let mut sums = [zero; LIMBS];
        for &factor in a {
            let lowest = add_low(simd, sums[0], factor, b[0]);
            // So many times the modulus make the lowest limb a multiple of its size; what is above it is carried.
            let times = add_low(simd, zero, lowest, self.inverse);
            sums[1] += add_low(simd, lowest, times, n[0]) >> LIMB_BITS as u32;
            let (mut below_b, mut below_n) = (b[0], n[0]);
            for j in 1..LIMBS {
                let mut sum = add_high(simd, sums[j], factor, below_b);
                sum = add_high(simd, sum, times, below_n);
                (below_b, below_n) = (b[j], n[j]);
                sum = add_low(simd, sum, factor, below_b);
                sums[j - 1] = add_low(simd, sum, times, below_n);
            }
            sums[LIMBS - 1] = add_high(simd, add_high(simd, zero, factor, below_b), times, below_n);
        }
        let mut carry = zero;
        for sum in &mut sums {
            let total = (*sum << double) + carry;
            *sum = total & LIMB;
            carry = total >> LIMB_BITS as u32;
        }
        sums
    }

    /// The numbers out of Montgomery's form, not greater than the modulus.
    #[inline(always)]
    pub(super) fn reduce(&self, a: &[Lanes; LIMBS]) -> [Lanes; LIMBS] {
        let zero = Lanes::splat(self.simd, 0);
        let mut one = [zero; LIMBS];
        one[0] = Lanes::splat(self.simd, 1);
        self.multiply(a, &one, zero)
    }
}

#[cfg(test)]
mod tests {
    use fearless_simd::Level;
    use num_bigint_dig::{BigUint, ModInverse};

    use super::*;
    use crate::sprig::Rng;

    const LIMBS: usize = 20;

    fn random(rng: &mut Rng, bits: usize) -> BigUint {
        let mut bytes = vec![0; bits / 8];
        rng.fill(&mut bytes).unwrap();
        BigUint::from_bytes_le(&bytes)
    }

    fn to_lanes(simd: Avx512, numbers: &[BigUint]) -> [Lanes; LIMBS] {
        let limb = |number: &BigUint, index: usize| {
            let limb: BigUint = (number >> (index * LIMB_BITS)) & BigUint::from(LIMB);
            limb.to_bytes_le().iter().rev().fold(0, |limb, &byte| limb << 8 | u64::from(byte))
        };
        std::array::from_fn(|i| Lanes::from_fn(simd, |lane| limb(&numbers[lane], i)))
    }

    fn number(lanes: &[Lanes; LIMBS], lane: usize) -> BigUint {
        lanes.iter().rev().fold(BigUint::from(0u8), |number, limb| (number << LIMB_BITS) + limb[lane])
    }

    #[test]
    fn products_are_those_of_big_integers() {
        let Some(simd) = Level::new().as_avx512() else { return };
        let mut rng = Rng::System;
        let radix = BigUint::from(1u8) << (LIMBS * LIMB_BITS);
        for round in 0..20 {
            let mut eight = |bits: usize| -> Vec<BigUint> { (0..8).map(|_| random(&mut rng, bits)).collect() };
            let top = BigUint::from(3u8) << 1022usize;
            let n: Vec<BigUint> = eight(1024).into_iter().map(|n| n | &top | BigUint::from(1u8)).collect();
            // Factors of more than the modulus, up to eight times as large, are allowed.
            let (a, b) = if round == 0 {
                (n.iter().map(|n| n << 3usize).collect(), n.clone())
            } else {
                (eight(1024), eight(1024))
            };
            let double = Lanes::from_fn(simd, |lane| lane as u64 % 2);
            let moduli = Moduli::new(simd, to_lanes(simd, &n));
            let product = moduli.multiply(&to_lanes(simd, &a), &to_lanes(simd, &b), double);
            let reduced = moduli.reduce(&to_lanes(simd, &a));
            for lane in 0..8 {
                let inverse = (&radix % &n[lane]).mod_inverse(&n[lane]).unwrap().to_biguint().unwrap();
                let expected = &a[lane] * &b[lane] * &inverse * (1 + lane as u32 % 2) % &n[lane];
                assert_eq!(number(&product, lane) % &n[lane], expected, "{lane}");
                assert!(number(&product, lane) < &n[lane] * 3u8, "{lane}");
                assert_eq!(number(&reduced, lane) % &n[lane], &a[lane] * inverse % &n[lane], "{lane}");
                assert!(number(&reduced, lane) <= n[lane], "{lane}");
            }
        }
    }
}
