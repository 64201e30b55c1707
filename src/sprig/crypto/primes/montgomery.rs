//! Montgomery's multiplication modulo eight odd numbers at once, a lane of a vector for each.
//!
//! Factors need not be smaller than the modulus `n`. With `R` a power of two of so many bits as all limbs have, the product of `a` and `b` is
//! below `a * b / R + n`; limbs hold at least 16 bits more than `n`, so that factors of some `n` give products of hardly more than one.
#![allow(
    clippy::inline_always,
    reason = "vectors stay in registers only where everything is inlined into what has them enabled"
)]
#![allow(clippy::needless_range_loop, reason = "the places of two numbers and of their product are counted together")]

use fearless_simd::prelude::*;

use super::halves::{Lanes, Multiplier};

/// Eight odd numbers to compute modulo.
pub(super) struct Moduli<M: Multiplier, const LIMBS: usize> {
    by: M,
    limbs: [M::Factor; LIMBS],
    /// The negative inverses of the lowest limbs.
    inverse: M::Factor,
}

impl<M: Multiplier, const LIMBS: usize> Moduli<M, LIMBS> {
    /// The moduli of these limbs.
    #[inline(always)]
    pub(super) fn new(by: M, limbs: &[Lanes<M>; LIMBS]) -> Self {
        let lowest = limbs[0];
        // An odd number is its own inverse modulo 8; each step of Newton's method doubles the bits that are right.
        let mut inverse = lowest;
        for _ in 0..5 {
            inverse = inverse * (lane(by, 2) - lowest * inverse);
        }
        Self { by, limbs: factors(by, limbs), inverse: by.factor(lane(by, 0) - inverse) }
    }

    /// The products.
    #[inline(always)]
    pub(super) fn multiply(&self, a: &[Lanes<M>; LIMBS], b: &[Lanes<M>; LIMBS]) -> [Lanes<M>; LIMBS] {
        let by = self.by;
        let mut sums = [[lane(by, 0); LIMBS]; 2];
        let sums = sums.as_flattened_mut();
        for (place, sum) in sums.iter_mut().enumerate() {
            // Reducing adds as many halves as the product has.
            *sum = lane(by, M::bias(2 * steps::<LIMBS>(place), 2 * below(steps::<LIMBS>, place)));
        }
        let b = factors(by, b);
        for (i, &limb) in a.iter().enumerate() {
            let factor = by.factor(limb);
            let mut above = sums[i];
            for j in 0..LIMBS {
                sums[i + j] = by.add_low(above, factor, b[j]);
                above = by.add_high(sums[i + j + 1], factor, b[j]);
            }
            sums[i + LIMBS] = above;
        }
        self.reduce_sums(sums, lane(by, 0))
    }

    /// The squares, or twice the square in lanes where `double` is 1 rather than 0.
    #[inline(always)]
    pub(super) fn square(&self, a: &[Lanes<M>; LIMBS], double: Lanes<M>) -> [Lanes<M>; LIMBS] {
        let by = self.by;
        let mut sums = [[lane(by, 0); LIMBS]; 2];
        let sums = sums.as_flattened_mut();
        for (place, sum) in sums.iter_mut().enumerate() {
            // So many pairs of different limbs have their product there.
            let pairs = |place| steps::<LIMBS>(place) / 2;
            *sum = lane(by, M::bias(pairs(place), below(pairs, place)));
        }
        let a = factors(by, a);
        for i in 0..LIMBS {
            let mut above = sums[2 * i + 1];
            for j in i + 1..LIMBS {
                sums[i + j] = by.add_low(above, a[i], a[j]);
                above = by.add_high(sums[i + j + 1], a[i], a[j]);
            }
            sums[i + LIMBS] = above;
        }
        for i in 0..LIMBS {
            let place = 2 * i;
            // The square of a limb, and what reducing adds.
            let even = M::bias(1 + steps::<LIMBS>(place), below(steps::<LIMBS>, place));
            let odd = M::bias(steps::<LIMBS>(place + 1), 1 + steps::<LIMBS>(place));
            sums[place] = by.add_low((sums[place] << 1) + even, a[i], a[i]);
            sums[place + 1] = by.add_high((sums[place + 1] << 1) + odd, a[i], a[i]);
        }
        self.reduce_sums(sums, double)
    }

    /// The numbers out of Montgomery's form, not greater than the modulus.
    #[inline(always)]
    pub(super) fn reduce(&self, a: &[Lanes<M>; LIMBS]) -> [Lanes<M>; LIMBS] {
        let by = self.by;
        let mut sums = [[lane(by, 0); LIMBS]; 2];
        sums[0] = *a;
        let sums = sums.as_flattened_mut();
        for (place, sum) in sums.iter_mut().enumerate() {
            *sum += M::bias(steps::<LIMBS>(place), below(steps::<LIMBS>, place));
        }
        self.reduce_sums(sums, lane(by, 0))
    }

    /// The sums of twice as many places, divided by `R`, or twice that. Each place expects so many halves of products as [`steps`] and [`below`] say.
    #[inline(always)]
    fn reduce_sums(&self, sums: &mut [Lanes<M>], double: Lanes<M>) -> [Lanes<M>; LIMBS] {
        let by = self.by;
        let n = &self.limbs;
        for i in 0..LIMBS {
            let sums = &mut sums[i..=i + LIMBS];
            // So many times the modulus make the lowest limb a multiple of its size; what is above it is carried.
            let lowest = by.factor(sums[0] - M::bias(1, 0));
            let times = by.factor(by.add_low(lane(by, M::bias(1, 0)), lowest, self.inverse));
            let mut above = sums[1] + by.carry(by.add_low(sums[0], times, n[0]));
            above = by.add_high(above, times, n[0]);
            for j in 1..LIMBS {
                sums[j] = by.add_low(above, times, n[j]);
                above = by.add_high(sums[j + 1], times, n[j]);
            }
            sums[LIMBS] = above;
        }
        let mut limbs = [lane(by, 0); LIMBS];
        let mut carry = lane(by, 0);
        for (limb, &sum) in limbs.iter_mut().zip(&sums[LIMBS..]) {
            let total = (sum << double) + carry;
            *limb = total & M::LIMB;
            carry = by.carry(total);
        }
        limbs
    }
}

/// How many lower halves of products reducing adds to a place.
#[inline(always)]
const fn steps<const LIMBS: usize>(place: usize) -> usize {
    LIMBS - (place + 1).abs_diff(LIMBS)
}

/// How many upper halves come to a place where so many lower ones come to each.
#[inline(always)]
fn below(low: impl Fn(usize) -> usize, place: usize) -> usize {
    place.checked_sub(1).map_or(0, low)
}

#[inline(always)]
fn lane<M: Multiplier>(by: M, value: u64) -> Lanes<M> {
    Lanes::<M>::splat(by.simd(), value)
}

#[inline(always)]
fn factors<M: Multiplier, const LIMBS: usize>(by: M, limbs: &[Lanes<M>; LIMBS]) -> [M::Factor; LIMBS] {
    let mut factors = [by.factor(limbs[0]); LIMBS];
    for (factor, &limb) in factors.iter_mut().zip(limbs) {
        *factor = by.factor(limb);
    }
    factors
}

#[cfg(test)]
mod tests {
    use fearless_simd::Level;
    use num_bigint_dig::{BigUint, ModInverse};

    use super::super::halves::{Doubles, Integers};
    use super::*;
    use crate::sprig::Rng;

    fn random(rng: &mut Rng, bits: usize) -> BigUint {
        let mut bytes = vec![0; bits / 8];
        rng.fill(&mut bytes).unwrap();
        BigUint::from_bytes_le(&bytes)
    }

    fn to_lanes<M: Multiplier, const LIMBS: usize>(by: M, numbers: &[BigUint]) -> [Lanes<M>; LIMBS] {
        let limb = |number: &BigUint, index: usize| {
            let limb: BigUint = (number >> (index * M::LIMB_BITS)) & BigUint::from(M::LIMB);
            limb.to_bytes_le().iter().rev().fold(0, |limb, &byte| limb << 8 | u64::from(byte))
        };
        std::array::from_fn(|i| Lanes::<M>::from_fn(by.simd(), |lane| limb(&numbers[lane], i)))
    }

    fn number<M: Multiplier, const LIMBS: usize>(_: M, lanes: &[Lanes<M>; LIMBS], lane: usize) -> BigUint {
        lanes.iter().rev().fold(BigUint::from(0u8), |number, limb| (number << M::LIMB_BITS) + limb[lane])
    }

    /// Products, squares and reduced numbers are those of big integers, with factors up to eight times as large as the modulus, and with limbs
    /// all of whose bits, or none, are set.
    fn computes_like_big_integers<M: Multiplier, const LIMBS: usize>(by: M, bits: usize) {
        let mut rng = Rng::System;
        let one = BigUint::from(1u8);
        let radix = &one << (LIMBS * M::LIMB_BITS);
        let all_bits = (&one << bits) - &one;
        for round in 0..12 {
            let mut eight = || -> Vec<BigUint> { (0..8).map(|_| random(&mut rng, bits)).collect() };
            let top = BigUint::from(3u8) << (bits - 2);
            let mut n: Vec<BigUint> = eight().into_iter().map(|n| n | &top | &one).collect();
            let (mut a, mut b) = (eight(), eight());
            match round {
                0 => (a, b) = (n.iter().map(|n| n << 3usize).collect(), n.clone()),
                1 => (n, a, b) = (vec![all_bits.clone(); 8], vec![&all_bits - &one; 8], vec![all_bits.clone(); 8]),
                2 => (n, a, b) = (vec![&top | &one; 8], vec![&one << (bits - 1); 8], vec![BigUint::from(0u8); 8]),
                // Halves of products that are just between two numbers.
                3 => (a, b) = (vec![&one << (M::LIMB_BITS - 1); 8], vec![&one << M::LIMB_BITS | &one; 8]),
                _ => {}
            }
            let double = Lanes::<M>::from_fn(by.simd(), |lane| lane as u64 % 2);
            let (lanes_a, lanes_b) = (to_lanes::<M, LIMBS>(by, &a), to_lanes::<M, LIMBS>(by, &b));
            let moduli = Moduli::<M, LIMBS>::new(by, &to_lanes(by, &n));
            let (product, square) = (moduli.multiply(&lanes_a, &lanes_b), moduli.square(&lanes_a, double));
            let reduced = moduli.reduce(&lanes_a);
            for lane in 0..8 {
                let n = &n[lane];
                let inverse = (&radix % n).mod_inverse(n).unwrap().to_biguint().unwrap();
                let check = |what: &str, lanes: &[Lanes<M>; LIMBS], expected: BigUint, bound: BigUint| {
                    let number = number(by, lanes, lane);
                    assert_eq!(&number % n, expected % n, "{what}, round {round}, lane {lane}");
                    assert!(number <= bound, "{what}, round {round}, lane {lane}");
                };
                check("product", &product, &a[lane] * &b[lane] * &inverse, n * 3u8);
                check("square", &square, &a[lane] * &a[lane] * &inverse * (1 + lane as u32 % 2), n * 3u8);
                check("reduced", &reduced, &a[lane] * inverse, n.clone());
            }
        }
    }

    #[test]
    fn whole_numbers_compute_like_big_integers() {
        let Some(simd) = Level::new().as_avx512() else { return };
        computes_like_big_integers::<_, 20>(Integers(simd), 1024);
        computes_like_big_integers::<_, 40>(Integers(simd), 2048);
    }

    #[test]
    fn floating_point_numbers_compute_like_big_integers() {
        let Some(simd) = Level::new().as_avx2() else { return };
        computes_like_big_integers::<_, 21>(Doubles(simd), 1024);
        computes_like_big_integers::<_, 41>(Doubles(simd), 2048);
    }
}
