//! The execution's randomness for the key generators.

use rsa::rand_core::{CryptoRng, Error, RngCore};

use crate::gotemplate::Scope;
use crate::sprig::Rng;
use crate::sprig::host::with_rng;

/// A source of random numbers that remembers whether it failed.
pub(super) struct Source<'a> {
    rng: &'a mut Rng,
    failure: Option<String>,
}

impl RngCore for Source<'_> {
    fn next_u32(&mut self) -> u32 {
        self.next_u64() as u32
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        if let Err(error) = self.rng.fill(dest) {
            // The interface cannot fail: numbers go on in some way so that the generator ends, and its result is thrown away.
            self.failure = Some(error);
            *self.rng = Rng::Seeded(0);
            let _ = self.rng.fill(dest);
        }
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(dest);
        Ok(())
    }
}

impl CryptoRng for Source<'_> {}

/// Runs a generator with the execution's randomness.
///
/// # Errors
/// The generator's, or that the randomness failed on the way.
pub(super) fn generate<T>(
    scope: &mut dyn Scope,
    generator: impl FnOnce(&mut Source<'_>) -> Result<T, String>,
) -> Result<T, String> {
    with_rng(scope, |rng| {
        let before = rng.clone();
        let mut source = Source { rng, failure: None };
        let generated = generator(&mut source);
        match source.failure {
            Some(failure) => {
                *rng = before;
                Err(failure)
            }
            None => generated,
        }
    })
}
