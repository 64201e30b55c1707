//! The entries of a map, in the order of their keys.
//!
//! Nearly all maps of charts are small, and values are copied again and again: a sorted vector takes a fraction of a tree's memory,
//! and is copied and freed at once. Large maps are trees, so that no order of insertions is slow.

use std::collections::{BTreeMap, btree_map};
use std::fmt;
use std::{slice, vec};

use super::value::{GoStr, Value};

/// As many entries are kept in a vector at most.
const FEW: usize = 64;

/// The entries of a map in key order (Go templates range over maps in that order).
///
/// ```
/// use vulas_native::gotemplate::{Entries, Value};
///
/// let mut entries = Entries::from([("b".into(), Value::int(2)), ("a".into(), Value::int(1))]);
/// entries.insert("c".into(), Value::Nil);
/// assert!(entries.get("b").is_some() && !entries.contains_key("d"));
/// assert_eq!(entries.keys().map(|key| key.to_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
/// ```
#[derive(Clone)]
pub struct Entries(Store);

#[derive(Clone)]
enum Store {
    /// Sorted by key, each key once.
    Few(Vec<(GoStr, Value)>),
    Many(BTreeMap<GoStr, Value>),
}

use Store::{Few, Many};

impl Entries {
    /// No entries.
    pub const fn new() -> Self {
        Self(Few(Vec::new()))
    }

    /// No entries, with room for some.
    pub fn with_capacity(count: usize) -> Self {
        if count > FEW { Self(Many(BTreeMap::new())) } else { Self(Few(Vec::with_capacity(count))) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Few(few) => few.len(),
            Many(many) => many.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a key.
    // Keys of different lengths are told apart at once, so looking at one after the other is quicker than halving.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<&Value> {
        let key = key.as_ref();
        match &self.0 {
            Few(few) => few.iter().find(|(have, _)| have.as_bytes() == key).map(|(_, value)| value),
            Many(many) => many.get(key),
        }
    }

    /// The value of a key, to change.
    pub fn get_mut(&mut self, key: impl AsRef<[u8]>) -> Option<&mut Value> {
        let key = key.as_ref();
        match &mut self.0 {
            Few(few) => few.iter_mut().find(|(have, _)| have.as_bytes() == key).map(|(_, value)| value),
            Many(many) => many.get_mut(key),
        }
    }

    /// Whether there is an entry of this key.
    pub fn contains_key(&self, key: impl AsRef<[u8]>) -> bool {
        self.get(key).is_some()
    }

    /// Sets a key; the value that it had before.
    pub fn insert(&mut self, key: GoStr, value: Value) -> Option<Value> {
        match &mut self.0 {
            Few(few) => match place(few, key.as_bytes()) {
                Ok(at) => return Some(std::mem::replace(&mut few[at].1, value)),
                Err(at) if few.len() < FEW => few.insert(at, (key, value)),
                Err(_) => {
                    let mut many: BTreeMap<_, _> = std::mem::take(few).into_iter().collect();
                    many.insert(key, value);
                    self.0 = Many(many);
                }
            },
            Many(many) => return many.insert(key, value),
        }
        None
    }

    /// Removes a key; the value that it had.
    pub fn remove(&mut self, key: impl AsRef<[u8]>) -> Option<Value> {
        let key = key.as_ref();
        match &mut self.0 {
            Few(few) => place(few, key).ok().map(|at| few.remove(at).1),
            Many(many) => many.remove(key),
        }
    }

    /// Removes the entries for which `keep` does not hold.
    pub fn retain(&mut self, mut keep: impl FnMut(&GoStr, &Value) -> bool) {
        match &mut self.0 {
            Few(few) => few.retain(|(key, value)| keep(key, value)),
            Many(many) => many.retain(|key, value| keep(key, value)),
        }
    }

    /// Removes all.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// Keys and values.
    pub fn iter(&self) -> Iter<'_> {
        match &self.0 {
            Few(few) => Iter::Few(few.iter()),
            Many(many) => Iter::Many(many.iter()),
        }
    }

    /// The keys.
    pub fn keys(&self) -> impl Iterator<Item = &GoStr> {
        self.iter().map(|(key, _)| key)
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.iter().map(|(_, value)| value)
    }

    /// The values in the order of their keys, to change.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        let (few, many) = match &mut self.0 {
            Few(few) => (few.as_mut_slice(), None),
            Many(many) => (&mut [][..], Some(many)),
        };
        few.iter_mut().map(|(_, value)| value).chain(many.into_iter().flat_map(BTreeMap::values_mut))
    }
}

/// Where a key is, or would be.
fn place(few: &[(GoStr, Value)], key: &[u8]) -> Result<usize, usize> {
    // Keys often come in order.
    match few.last() {
        Some((last, _)) if last.as_bytes() < key => Err(few.len()),
        _ => few.binary_search_by(|(have, _)| have.as_bytes().cmp(key)),
    }
}

impl Default for Entries {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl FromIterator<(GoStr, Value)> for Entries {
    /// Of several entries of a key the last one counts.
    fn from_iter<T: IntoIterator<Item = (GoStr, Value)>>(entries: T) -> Self {
        let entries = entries.into_iter();
        let mut all = Self::with_capacity(entries.size_hint().0);
        all.extend(entries);
        all
    }
}

impl Extend<(GoStr, Value)> for Entries {
    fn extend<T: IntoIterator<Item = (GoStr, Value)>>(&mut self, entries: T) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<const N: usize> From<[(GoStr, Value); N]> for Entries {
    fn from(entries: [(GoStr, Value); N]) -> Self {
        entries.into_iter().collect()
    }
}

/// The entries of a borrowed map.
#[derive(Clone, Debug)]
pub enum Iter<'a> {
    #[doc(hidden)]
    Few(slice::Iter<'a, (GoStr, Value)>),
    #[doc(hidden)]
    Many(btree_map::Iter<'a, GoStr, Value>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a GoStr, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Few(few) => few.next().map(|(key, value)| (key, value)),
            Self::Many(many) => many.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Few(few) => few.size_hint(),
            Self::Many(many) => many.size_hint(),
        }
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl<'a> IntoIterator for &'a Entries {
    type Item = (&'a GoStr, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// The entries of a map that is given up.
#[derive(Debug)]
pub enum IntoIter {
    #[doc(hidden)]
    Few(vec::IntoIter<(GoStr, Value)>),
    #[doc(hidden)]
    Many(btree_map::IntoIter<GoStr, Value>),
}

impl Iterator for IntoIter {
    type Item = (GoStr, Value);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Few(few) => few.next(),
            Self::Many(many) => many.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Few(few) => few.size_hint(),
            Self::Many(many) => many.size_hint(),
        }
    }
}

impl ExactSizeIterator for IntoIter {}

impl IntoIterator for Entries {
    type Item = (GoStr, Value);
    type IntoIter = IntoIter;

    fn into_iter(self) -> IntoIter {
        match self.0 {
            Few(few) => IntoIter::Few(few.into_iter()),
            Many(many) => IntoIter::Many(many.into_iter()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(value: &Value) -> i64 {
        match value {
            Value::Int(int, _) => *int,
            other => panic!("{other:?} is no int"),
        }
    }

    /// Keys in an order that is none.
    fn keys(count: usize) -> impl Iterator<Item = GoStr> {
        (0..count).map(move |i| format!("k{}", i * 7919 % count).into())
    }

    #[test]
    fn small_and_large_maps_are_alike() {
        for count in [0, 1, 2, FEW - 1, FEW, FEW + 1, 1000] {
            let mut entries = Entries::new();
            let mut tree = BTreeMap::new();
            for (i, key) in keys(count).enumerate() {
                assert!(entries.insert(key.clone(), Value::int(0)).is_none());
                assert!(entries.insert(key.clone(), Value::int(i as i64)).is_some());
                tree.insert(key, i as i64);
            }
            assert_eq!((entries.len(), entries.is_empty()), (count, count == 0));
            for keep in [2, 3] {
                entries.retain(|_, value| int(value) % keep != 0);
                tree.retain(|_, i| *i % keep != 0);
                for (value, i) in entries.values_mut().zip(tree.values_mut()) {
                    *value = Value::int(int(value) + 1);
                    *i += 1;
                }
            }
            let gone = tree.pop_first().map(|(key, _)| key);
            assert_eq!(gone.is_some(), gone.is_some_and(|key| entries.remove(&key).is_some()));
            assert!(entries.remove("none").is_none() && !entries.contains_key("none"));
            for (key, i) in &tree {
                assert_eq!(entries.get(key).map(int), Some(*i));
                *entries.get_mut(key).unwrap() = Value::int(i + 1);
            }
            let listed: Vec<_> = entries.iter().map(|(key, value)| (key.clone(), int(value))).collect();
            assert_eq!(listed, tree.iter().map(|(key, i)| (key.clone(), i + 1)).collect::<Vec<_>>());
            let given_up: Entries = entries.clone().into_iter().collect();
            assert_eq!(format!("{given_up:?}"), format!("{entries:?}"));
            entries.clear();
            assert!(entries.is_empty());
        }
    }

    #[test]
    fn the_last_entry_of_a_key_counts() {
        let entries =
            Entries::from([("a".into(), Value::int(1)), ("b".into(), Value::int(0)), ("a".into(), Value::int(2))]);
        assert_eq!(entries.values().map(int).collect::<Vec<_>>(), [2, 0]);
    }
}
