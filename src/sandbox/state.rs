//! The whole state of the server, and small things that every part needs: the clock, names, random numbers.

use std::collections::HashMap;
use std::sync::Arc;

use super::config::Config;
use super::json::Json;
use super::kubelet::Runtime;
use super::postgres::Volumes;
use super::registry::{Kind, Registry};
use super::schema::{Schema, recorded};
use super::store::Store;

/// Everything that the server knows. One lock holds it; operations run to their end under it.
pub struct State {
    /// The objects.
    pub store: Store,
    /// The kinds.
    pub registry: Registry,
    /// Their types.
    pub schema: Arc<Schema>,
    /// How the server was started.
    pub config: Arc<Config>,
    /// Where names and ids come from.
    pub random: Random,
    /// What runs on the node.
    pub runtime: Runtime,
    /// What lies on volumes.
    pub volumes: Volumes,
    /// The last number given away, by what is numbered (addresses, ports).
    pub counters: HashMap<&'static str, u32>,
}

impl State {
    /// An empty server.
    pub fn new(config: Arc<Config>) -> Self {
        Self {
            store: Store::default(),
            registry: Registry::new(),
            schema: Arc::new(recorded().schema.clone()),
            random: Random::new(config.seed),
            runtime: Runtime::default(),
            volumes: Volumes::default(),
            counters: HashMap::new(),
            config,
        }
    }

    /// A kind that is built in. Controllers ask for these by their key.
    pub fn kind(&self, key: &str) -> Arc<Kind> {
        match self.registry.by_key(key) {
            Some(kind) => kind.clone(),
            // Keys are written in this room and are those of the recorded table.
            None => unreachable!("{key} is not a built-in kind"),
        }
    }

    /// An object.
    pub fn get(&self, key: &str, namespace: &str, name: &str) -> Option<Arc<Json>> {
        self.store.get(key, namespace, name)
    }

    /// The next number of a counter, from 1.
    pub fn next(&mut self, counter: &'static str) -> u32 {
        let number = self.counters.entry(counter).or_default();
        *number += 1;
        *number
    }
}

/// The time as objects hold it, to the second.
pub fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Numbers that look random and come out the same for the same seed (splitmix64).
#[derive(Debug)]
pub struct Random(u64);

/// The letters of generated names: no vowels, and nothing that looks like another.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

impl Random {
    /// The sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number of `range` (the end excluded).
    pub fn within(&mut self, range: std::ops::Range<u64>) -> u64 {
        let width = range.end.saturating_sub(range.start).max(1);
        range.start + self.number() % width
    }

    /// A version 4 UUID.
    pub fn uuid(&mut self) -> String {
        let (a, b) = (self.number(), self.number());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:x}{:03x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            8 + (b >> 62),
            (b >> 48) & 0xfff,
            b & 0xffff_ffff_ffff
        )
    }

    /// The end of a generated name.
    pub fn suffix(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(LETTERS[(self.number() % LETTERS.len() as u64) as usize])).collect()
    }
}

/// A hash of an object as the end of a name (ReplicaSets): the same for the same object.
pub fn hash_suffix(object: &Json) -> String {
    // FNV-1a over the canonical text (maps are sorted).
    let hash = object
        .to_string()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    Random::new(hash).suffix(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_names() {
        let (mut a, mut b) = (Random::new(7), Random::new(7));
        let uuid = a.uuid();
        assert_eq!(uuid, b.uuid());
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..15], "4");
        assert_eq!(a.suffix(5), b.suffix(5));
        assert_ne!(Random::new(8).uuid(), uuid);
    }
}
