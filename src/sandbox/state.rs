//! The whole state of the server, and small things that every part needs: the clock, names, random numbers.

use std::collections::HashMap;
use std::sync::Arc;

use super::config::{Config, Deny};
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
    /// What the user may not do.
    pub deny: Vec<Deny>,
    /// Where delays come from. Names and ids do not: see [`State::numbers_for`].
    pub random: Random,
    /// How many numbers were asked for, by what they were for.
    made: HashMap<String, u32>,
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
            made: HashMap::new(),
            deny: config.deny.clone(),
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

    /// Numbers for names and ids: for the same seed those of the first, second, ... `what` are the same, whatever else
    /// happened before.
    pub fn numbers_for(&mut self, what: &str) -> Random {
        let count = self.made.entry(what.to_string()).or_default();
        *count += 1;
        Random::new(hash(&format!("{}/{what}/{count}", self.config.seed)))
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
    // The text is canonical: maps are sorted.
    Random::new(hash(&object.to_string())).suffix(10)
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_depend_on_what_else_is_made() {
        let mut a = State::new(Arc::new(Config::default()));
        let mut b = State::new(Arc::new(Config::default()));
        let first = a.numbers_for("x").uuid();
        let second = a.numbers_for("x").uuid();
        b.numbers_for("y");
        assert_eq!([b.numbers_for("x").uuid(), b.numbers_for("x").uuid()], [first.clone(), second.clone()]);
        assert_ne!(first, second);
        let mut c = State::new(Arc::new(Config { seed: 2, ..Config::default() }));
        assert_ne!(c.numbers_for("x").uuid(), first);
    }

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
