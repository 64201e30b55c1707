//! Products of limbs in halves, for eight numbers at once.
//!
//! A product of two limbs has twice their bits. Its lower and its upper half go to neighbouring places of a number, each into the sum of 64 bits that
//! stands there; the bits that a limb leaves free take up what a sum gains.
#![allow(
    clippy::inline_always,
    reason = "vectors stay in registers only where everything is inlined into what has them enabled"
)]

use core::arch::x86_64::{_mm512_madd52hi_epu64, _mm512_madd52lo_epu64};

use fearless_simd::prelude::*;
use fearless_simd::x86::Avx512;
use fearless_simd::{f64x8, kernel, u64x8};

/// A limb, or a sum that becomes one, of each of eight numbers.
pub(super) type Lanes<M> = u64x8<<M as Multiplier>::Simd>;

/// What multiplies limbs.
pub(super) trait Multiplier: Copy + Sync {
    /// The vectors of the processor.
    type Simd: Simd;
    /// A limb of each of eight numbers, ready to be multiplied.
    type Factor: Copy;
    /// The bits of a limb.
    const LIMB_BITS: usize;
    /// A limb all of whose bits are set.
    const LIMB: u64 = (1 << Self::LIMB_BITS) - 1;

    /// The proof that the processor has the vectors.
    fn simd(self) -> Self::Simd;

    /// The lowest bits of sums, as factors.
    fn factor(self, sum: Lanes<Self>) -> Self::Factor;

    /// What a sum begins with to which so many lower and upper halves are to be added. It is what it says only after they have been.
    fn bias(low: usize, high: usize) -> u64;

    /// Adds the lower halves of products to sums.
    fn add_low(self, sum: Lanes<Self>, a: Self::Factor, b: Self::Factor) -> Lanes<Self>;

    /// Adds the upper halves of products to sums.
    fn add_high(self, sum: Lanes<Self>, a: Self::Factor, b: Self::Factor) -> Lanes<Self>;

    /// What of sums is above a limb.
    fn carry(self, sum: Lanes<Self>) -> Lanes<Self>;
}

/// By AVX-512's multiplication of whole numbers (IFMA), which reads the lowest 52 bits of its factors.
#[derive(Clone, Copy)]
pub(super) struct Integers(pub Avx512);

kernel!(
    #[inline(always)]
    fn add_low(simd: Avx512, sum: u64x8<Avx512>, a: u64x8<Avx512>, b: u64x8<Avx512>) -> u64x8<Avx512> {
        _mm512_madd52lo_epu64(sum.into(), a.into(), b.into()).simd_into(simd)
    }
);

kernel!(
    #[inline(always)]
    fn add_high(simd: Avx512, sum: u64x8<Avx512>, a: u64x8<Avx512>, b: u64x8<Avx512>) -> u64x8<Avx512> {
        _mm512_madd52hi_epu64(sum.into(), a.into(), b.into()).simd_into(simd)
    }
);

impl Multiplier for Integers {
    type Simd = Avx512;
    type Factor = u64x8<Avx512>;
    const LIMB_BITS: usize = 52;

    #[inline(always)]
    fn simd(self) -> Avx512 {
        self.0
    }

    #[inline(always)]
    fn factor(self, sum: Lanes<Self>) -> Self::Factor {
        sum
    }

    fn bias(_: usize, _: usize) -> u64 {
        0
    }

    #[inline(always)]
    fn add_low(self, sum: Lanes<Self>, a: Self::Factor, b: Self::Factor) -> Lanes<Self> {
        add_low(self.0, sum, a, b)
    }

    #[inline(always)]
    fn add_high(self, sum: Lanes<Self>, a: Self::Factor, b: Self::Factor) -> Lanes<Self> {
        add_high(self.0, sum, a, b)
    }

    #[inline(always)]
    fn carry(self, sum: Lanes<Self>) -> Lanes<Self> {
        sum >> Self::LIMB_BITS as u32
    }
}

/// By multiplications of floating-point numbers that add before they round (FMA).
///
/// To a product below 2^102 is added 2^103, whose last place is worth 2^51: what is rounded to it is the upper half, to the nearest, and what that
/// leaves is the lower half, between -2^50 and 2^50. Added to 1.5 * 2^52, whose last place is worth 1, it is exact as well. The bits of both
/// are those of the number added plus the half, as whole numbers: they can be summed as they are, if the bits of the number added are taken off once
/// for all, which is the sum's [bias](Multiplier::bias). Lower halves make sums that can be below zero.
#[derive(Clone, Copy)]
pub(super) struct Doubles<S>(pub S);

const TWO_TO_52: f64 = (1_u64 << 52) as f64;
const TWO_TO_103: f64 = TWO_TO_52 * (1_u64 << 51) as f64;
const BELOW: f64 = 1.5 * TWO_TO_52;

impl<S: Simd> Doubles<S> {
    /// The upper halves of products, with 2^103.
    #[inline(always)]
    fn high(self, a: f64x8<S>, b: f64x8<S>) -> f64x8<S> {
        a.mul_add_precise(b, f64x8::splat(self.0, TWO_TO_103))
    }

    /// The lower halves of products, with 1.5 * 2^52.
    #[inline(always)]
    fn low(self, a: f64x8<S>, b: f64x8<S>) -> f64x8<S> {
        a.mul_add_precise(b, f64x8::splat(self.0, TWO_TO_103 + BELOW) - self.high(a, b))
    }
}

impl<S: Simd> Multiplier for Doubles<S> {
    type Simd = S;
    type Factor = f64x8<S>;
    const LIMB_BITS: usize = 51;

    #[inline(always)]
    fn simd(self) -> S {
        self.0
    }

    #[inline(always)]
    fn factor(self, sum: Lanes<Self>) -> Self::Factor {
        let with_exponent: f64x8<S> = ((sum & Self::LIMB) | TWO_TO_52.to_bits()).bitcast();
        with_exponent - TWO_TO_52
    }

    #[inline(always)]
    fn bias(low: usize, high: usize) -> u64 {
        let of = |added: f64, times: usize| added.to_bits().wrapping_mul(times as u64);
        0_u64.wrapping_sub(of(BELOW, low)).wrapping_sub(of(TWO_TO_103, high))
    }

    #[inline(always)]
    fn add_low(self, sum: Lanes<Self>, a: Self::Factor, b: Self::Factor) -> Lanes<Self> {
        sum + self.low(a, b).bitcast::<Lanes<Self>>()
    }

    #[inline(always)]
    fn add_high(self, sum: Lanes<Self>, a: Self::Factor, b: Self::Factor) -> Lanes<Self> {
        sum + self.high(a, b).bitcast::<Lanes<Self>>()
    }

    #[inline(always)]
    fn carry(self, sum: Lanes<Self>) -> Lanes<Self> {
        // AVX2 shifts only zeros in from above. Sums stay far from 2^62 in both directions.
        ((sum + (1 << 62)) >> Self::LIMB_BITS as u32) - (1 << (62 - Self::LIMB_BITS))
    }
}
