//! What random and time functions draw on.

use std::any::Any;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::gotemplate::Scope;

/// The state that an application passes to executions whose templates use sprig: [`Scope::host`] answers with it.
///
/// Without it (any other type) the functions use the system's clock and randomness.
#[derive(Debug)]
pub struct Host {
    /// Clock and randomness.
    pub entropy: Entropy,
    /// What the application's own functions want to find again.
    pub application: Box<dyn Any>,
}

impl Host {
    /// The system's clock and randomness, with the application's own state.
    pub fn new(application: Box<dyn Any>) -> Self {
        Self { entropy: Entropy::default(), application }
    }

    /// Repeatable, as [`Entropy::fixed`], with no state of an application.
    pub fn fixed(unix_seconds: i64, seed: u64) -> Self {
        Self { entropy: Entropy::fixed(unix_seconds, seed), application: Box::new(()) }
    }
}

/// A clock and a source of random numbers.
#[derive(Clone, Debug, Default)]
pub struct Entropy {
    /// The time of `now` and of ages.
    pub clock: Clock,
    /// Random numbers for passwords, keys and shuffles.
    pub rng: Rng,
}

impl Entropy {
    /// Repeatable: the clock stands still at a Unix time in seconds and every random value follows from the seed.
    ///
    /// Not for secrets: whoever knows the seed knows them.
    pub fn fixed(unix_seconds: i64, seed: u64) -> Self {
        Self { clock: Clock::Fixed { unix_seconds, nanoseconds: 0 }, rng: Rng::Seeded(seed) }
    }
}

/// Where the present time comes from.
#[derive(Clone, Copy, Debug, Default)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// Always the same instant.
    Fixed {
        /// Seconds since 1970.
        unix_seconds: i64,
        /// Nanoseconds within the second.
        nanoseconds: u32,
    },
}

impl Clock {
    /// Seconds since 1970 and nanoseconds within the second.
    pub fn now(self) -> (i64, u32) {
        match self {
            Self::Fixed { unix_seconds, nanoseconds } => (unix_seconds, nanoseconds),
            Self::System => match SystemTime::now().duration_since(UNIX_EPOCH) {
                Ok(since) => (since.as_secs() as i64, since.subsec_nanos()),
                // A clock set before 1970 is a broken clock.
                Err(_) => (0, 0),
            },
        }
    }
}

/// Where random numbers come from.
#[derive(Clone, Debug, Default)]
pub enum Rng {
    /// The operating system's cryptographic source.
    #[default]
    System,
    /// A repeatable sequence (`SplitMix64`); the state moves on with every number.
    Seeded(u64),
}

impl Rng {
    /// Fills a buffer with random bytes.
    ///
    /// # Errors
    /// The operating system has no random source.
    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<(), String> {
        match self {
            Self::System => getrandom::fill(buffer).map_err(|error| error.to_string()),
            Self::Seeded(state) => {
                for chunk in buffer.chunks_mut(8) {
                    chunk.copy_from_slice(&split_mix(state).to_le_bytes()[..chunk.len()]);
                }
                Ok(())
            }
        }
    }

    /// Another source that does not repeat what this one gives.
    ///
    /// # Errors
    /// As [`Rng::fill`].
    pub(super) fn fork(&mut self) -> Result<Self, String> {
        Ok(match self {
            Self::System => Self::System,
            Self::Seeded(state) => Self::Seeded(split_mix(state)),
        })
    }

    /// A number below `bound`, all equally likely; 0 for a bound of 0.
    ///
    /// # Errors
    /// As [`Rng::fill`].
    pub fn below(&mut self, bound: u64) -> Result<u64, String> {
        if bound == 0 {
            return Ok(0);
        }
        // Numbers of the incomplete last round would make small results likelier.
        let limit = u64::MAX - u64::MAX % bound;
        loop {
            let mut bytes = [0; 8];
            self.fill(&mut bytes)?;
            let number = u64::from_le_bytes(bytes);
            if number < limit {
                return Ok(number % bound);
            }
        }
    }
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Runs `use_it` with the execution's randomness.
pub(super) fn with_rng<T>(scope: &mut dyn Scope, use_it: impl FnOnce(&mut Rng) -> T) -> T {
    match scope.host().downcast_mut::<Host>() {
        Some(host) => use_it(&mut host.entropy.rng),
        None => use_it(&mut Rng::System),
    }
}

/// The execution's clock.
pub(super) fn clock(scope: &mut dyn Scope) -> Clock {
    scope.host().downcast_mut::<Host>().map_or(Clock::System, |host| host.entropy.clock)
}
