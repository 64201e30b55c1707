//! The sieve before the tests: most numbers have a small factor.

use std::sync::LazyLock;

/// How many divisors make a group.
pub(super) const GROUP: usize = 8;

/// Factors are looked for below this bound. Each test costs as much as some hundred divisions, so that a larger bound does not pay.
const BOUND: usize = 1 << 16;

/// How many odd numbers are looked at after a start: hardly ever is no prime among them.
const WINDOW: usize = 2048;

/// A group of odd primes.
pub(super) struct Divisors {
    pub primes: [u64; GROUP],
    /// One by each of them.
    pub reciprocals: [f64; GROUP],
}

static DIVISORS: LazyLock<Vec<Divisors>> = LazyLock::new(|| {
    let mut primes = odd_primes();
    // Dividing by a prime twice does no harm.
    primes.resize(primes.len().next_multiple_of(GROUP), 3);
    let (groups, _) = primes.as_chunks::<GROUP>();
    groups.iter().map(|&primes| Divisors { primes, reciprocals: primes.map(|prime| 1.0 / prime as f64) }).collect()
});

/// All odd primes below the bound.
pub(super) fn divisors() -> &'static [Divisors] {
    &DIVISORS
}

fn odd_primes() -> Vec<u64> {
    // Index `i` stands for `2 * i + 1`.
    let mut is_composite = vec![false; BOUND / 2];
    let mut primes = Vec::new();
    for i in 1..is_composite.len() {
        if is_composite[i] {
            continue;
        }
        let prime = 2 * i + 1;
        primes.push(prime as u64);
        for multiple in (prime * prime / 2..is_composite.len()).step_by(prime) {
            is_composite[multiple] = true;
        }
    }
    primes
}

/// How many steps of two lead from an odd start, whose remainders by the [`divisors`] are given, to numbers in the window that none of them divides.
pub(super) fn survivors(remainders: &[[u64; GROUP]]) -> Vec<u64> {
    let mut has_factor = [false; WINDOW];
    for (group, remainders) in divisors().iter().zip(remainders) {
        for (&prime, &remainder) in group.primes.iter().zip(remainders) {
            let missing = prime - remainder;
            // An even sum is reached by half as many steps of two. Where nothing is missing, it is the start itself.
            let steps = (if missing % 2 == 0 { missing } else { missing + prime }) / 2;
            let first = if remainder == 0 { 0 } else { steps };
            for multiple in (first as usize..WINDOW).step_by(prime as usize) {
                has_factor[multiple] = true;
            }
        }
    }
    (0..).zip(has_factor).filter(|&(_, has_factor)| !has_factor).map(|(step, _)| step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_survives_has_no_small_factor() {
        let start: u64 = 0xFFFF_FFFF_0000_0001;
        let remainders: Vec<_> = divisors().iter().map(|group| group.primes.map(|prime| start % prime)).collect();
        let survivors = survivors(&remainders);
        let has_factor =
            |n: u64| divisors().iter().any(|group| group.primes.iter().any(|prime| n.is_multiple_of(*prime)));
        for step in 0..WINDOW as u64 {
            assert_eq!(survivors.contains(&step), !has_factor(start + 2 * step), "{step}");
        }
    }

    #[test]
    fn all_odd_primes_are_divisors() {
        let primes: Vec<u64> = divisors().iter().flat_map(|group| group.primes).take(6541).collect();
        assert_eq!(primes[..5], [3, 5, 7, 11, 13]);
        assert_eq!(primes[6540], 65_521);
        assert_eq!(primes.iter().sum::<u64>(), 202_288_085);
    }
}
