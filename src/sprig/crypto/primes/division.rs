//! Remainders by many small primes, eight at once.
#![allow(
    clippy::inline_always,
    reason = "vectors stay in registers only where everything is inlined into what has them enabled"
)]

use fearless_simd::f64x8;
use fearless_simd::prelude::*;

use super::sieve::{Divisors, GROUP};

const TWO_TO_32: f64 = (1_u64 << 32) as f64;

/// The remainders of a number by each of the divisors.
pub(super) fn remainders<S: Simd>(simd: S, number: &[u64], divisors: &[Divisors]) -> Vec<[u64; GROUP]> {
    let halves: Vec<f64> =
        number.iter().rev().flat_map(|&word| [(word >> 32) as u32, word as u32]).map(f64::from).collect();
    simd.vectorize(
        #[inline(always)]
        || {
            let mut remainders = vec![[0; GROUP]; divisors.len()];
            for (remainders, group) in remainders.iter_mut().zip(divisors) {
                *remainders = remainders_by(simd, &halves, group);
            }
            remainders
        },
    )
}

/// By floating-point numbers: all of them here are whole and below 2^53, so that only the quotient is rounded. It is rounded to the nearest, so that the
/// remainder is of the divisor's half at most, but below zero as often as not.
#[inline(always)]
fn remainders_by<S: Simd>(simd: S, halves: &[f64], divisors: &Divisors) -> [u64; GROUP] {
    let primes = f64x8::simd_from(simd, divisors.primes.map(|prime| prime as f64));
    let reciprocals = f64x8::simd_from(simd, divisors.reciprocals);
    let shift = f64x8::splat(simd, TWO_TO_32);
    let mut remainder = f64x8::splat(simd, 0.0);
    for &half in halves {
        let dividend = remainder * shift + half;
        remainder = dividend - (dividend * reciprocals).round_ties_even() * primes;
    }
    std::array::from_fn(|lane| (remainder[lane] as i64).rem_euclid(divisors.primes[lane] as i64) as u64)
}
