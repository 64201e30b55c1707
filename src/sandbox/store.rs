//! All objects, their versions, and what changed.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::json::{Access, Json, name, namespace};
use super::registry::Key;

/// How many changes are kept for watches; older ones are answered with "too old resource version".
const KEPT: usize = 50_000;

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is new.
    Added,
    /// It has changed.
    Modified,
    /// It is gone.
    Deleted,
}

/// A change of one object.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its number, which is the object's new resource version.
    pub version: u64,
    /// What kind of object.
    pub key: Key,
    /// What happened.
    pub event: Event,
    /// The object after the change; for [`Event::Deleted`] as it was last.
    pub object: Arc<Json>,
    /// The object before.
    pub previous: Option<Arc<Json>>,
}

type Objects = BTreeMap<(String, String), Arc<Json>>;

/// The objects.
#[derive(Debug, Default)]
pub struct Store {
    objects: HashMap<Key, Objects>,
    version: u64,
    changes: VecDeque<Change>,
}

impl Store {
    /// The version of the last change.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The object with this name; `namespace` is empty for what is cluster-wide.
    pub fn get(&self, key: &str, namespace: &str, name: &str) -> Option<Arc<Json>> {
        self.objects.get(key)?.get(&(namespace.to_string(), name.to_string())).cloned()
    }

    /// The objects of a kind, in order of namespace and name.
    pub fn list(&self, key: &str, namespace: Option<&str>) -> Vec<Arc<Json>> {
        let Some(objects) = self.objects.get(key) else { return Vec::new() };
        match namespace {
            None => objects.values().cloned().collect(),
            Some(namespace) => objects
                .range((namespace.to_string(), String::new())..)
                .take_while(|((ns, _), _)| ns == namespace)
                .map(|(_, object)| object.clone())
                .collect(),
        }
    }

    /// The kinds that have objects.
    pub fn keys(&self) -> Vec<Key> {
        self.objects.iter().filter(|(_, objects)| !objects.is_empty()).map(|(key, _)| key.clone()).collect()
    }

    /// Writes an object and gives it its new version.
    pub fn put(&mut self, key: &Key, mut object: Json) -> Arc<Json> {
        self.version += 1;
        object.put("/metadata/resourceVersion", self.version.to_string());
        let id = (namespace(&object).to_string(), name(&object).to_string());
        let object = Arc::new(object);
        let previous = self.objects.entry(key.clone()).or_default().insert(id, object.clone());
        let event = if previous.is_some() { Event::Modified } else { Event::Added };
        self.record(key, event, object.clone(), previous);
        object
    }

    /// Takes an object away. Its last form gets a version of its own, as the server gives it.
    pub fn remove(&mut self, key: &Key, namespace: &str, name: &str) -> Option<Arc<Json>> {
        let previous = self.objects.get_mut(key)?.remove(&(namespace.to_string(), name.to_string()))?;
        self.version += 1;
        let mut last = (*previous).clone();
        last.put("/metadata/resourceVersion", self.version.to_string());
        let last = Arc::new(last);
        self.record(key, Event::Deleted, last.clone(), Some(previous));
        Some(last)
    }

    fn record(&mut self, key: &Key, event: Event, object: Arc<Json>, previous: Option<Arc<Json>>) {
        self.changes.push_back(Change { version: self.version, key: key.clone(), event, object, previous });
        if self.changes.len() > KEPT {
            self.changes.pop_front();
        }
    }

    /// The version before the oldest change that is kept.
    pub fn oldest(&self) -> u64 {
        self.changes.front().map_or(self.version, |change| change.version - 1)
    }

    /// The changes after `version`, in order.
    pub fn since(&self, version: u64) -> impl Iterator<Item = &Change> {
        let start = self.changes.partition_point(|change| change.version <= version);
        self.changes.range(start..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changes_are_numbered_and_found_again() {
        let mut store = Store::default();
        let key: Key = "/configmaps".into();
        let object = |name: &str| json!({"metadata": {"namespace": "a", "name": name}});
        store.put(&key, object("x"));
        let seen = store.version();
        store.put(&key, object("y"));
        store.put(&key, object("x"));
        store.remove(&key, "a", "y");
        let events: Vec<(u64, Event)> = store.since(seen).map(|change| (change.version, change.event)).collect();
        assert_eq!(events, [(2, Event::Added), (3, Event::Modified), (4, Event::Deleted)]);
        assert_eq!(store.list("/configmaps", Some("a")).len(), 1);
        assert!(store.list("/configmaps", Some("b")).is_empty());
        assert_eq!(store.oldest(), 0);
    }
}
