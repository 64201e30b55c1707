//! Reading and writing parts of JSON objects by pointer (`/metadata/name`).

use serde_json::{Map, Value};

/// A Kubernetes object, or a part of one.
pub type Json = Value;

/// What an absent part reads as.
static NULL: Json = Json::Null;

/// Short forms for what the sandbox does all the time with objects. Pointers are those of RFC 6901.
pub trait Access {
    /// The part at `pointer`, `Null` when there is none.
    fn at(&self, pointer: &str) -> &Json;
    /// The text at `pointer`, empty when there is none.
    fn text(&self, pointer: &str) -> &str;
    /// The whole number at `pointer`.
    fn int(&self, pointer: &str) -> Option<i64>;
    /// The items at `pointer`, none when there is no list.
    fn items(&self, pointer: &str) -> &[Json];
    /// Puts `value` at `pointer`, making the maps on the way.
    fn put(&mut self, pointer: &str, value: impl Into<Json>);
    /// Puts `value` at `pointer` when nothing (or null) is there.
    fn default_to(&mut self, pointer: &str, value: impl Into<Json>);
    /// Takes away what is at `pointer`.
    fn remove(&mut self, pointer: &str) -> Option<Json>;
    /// The list at `pointer`, to be changed; made when there is none.
    fn list_mut(&mut self, pointer: &str) -> &mut Vec<Json>;
}

impl Access for Json {
    fn at(&self, pointer: &str) -> &Json {
        self.pointer(pointer).unwrap_or(&NULL)
    }

    fn text(&self, pointer: &str) -> &str {
        self.at(pointer).as_str().unwrap_or_default()
    }

    fn int(&self, pointer: &str) -> Option<i64> {
        self.at(pointer).as_i64()
    }

    fn items(&self, pointer: &str) -> &[Json] {
        self.at(pointer).as_array().map_or(&[], Vec::as_slice)
    }

    fn put(&mut self, pointer: &str, value: impl Into<Json>) {
        *slot(self, pointer) = value.into();
    }

    fn default_to(&mut self, pointer: &str, value: impl Into<Json>) {
        if self.at(pointer).is_null() {
            self.put(pointer, value);
        }
    }

    fn remove(&mut self, pointer: &str) -> Option<Json> {
        let (parent, key) = pointer.rsplit_once('/')?;
        let key = unescape(key);
        self.pointer_mut(parent)?.as_object_mut()?.remove(&key)
    }

    fn list_mut(&mut self, pointer: &str) -> &mut Vec<Json> {
        let slot = slot(self, pointer);
        if !slot.is_array() {
            *slot = Json::Array(Vec::new());
        }
        match slot {
            Json::Array(list) => list,
            // Made a list above.
            _ => unreachable!("a list was just put here"),
        }
    }
}

fn unescape(key: &str) -> String {
    key.replace("~1", "/").replace("~0", "~")
}

/// A map key as part of a pointer.
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn slot<'a>(root: &'a mut Json, pointer: &str) -> &'a mut Json {
    let mut here = root;
    for part in pointer.split('/').skip(1) {
        if let Json::Array(_) = here {
            // Only existing items of lists are written to; anything else would be a mistake of the caller.
            let index: usize = part.parse().unwrap_or(usize::MAX);
            here = match here.get_mut(index) {
                Some(item) => item,
                None => unreachable!("no item {part} in the list at {pointer}"),
            };
            continue;
        }
        if !here.is_object() {
            *here = Json::Object(Map::new());
        }
        here = match here {
            Json::Object(map) => map.entry(unescape(part)).or_insert(Json::Null),
            _ => unreachable!("a map was just put here"),
        };
    }
    here
}

/// `metadata.name`
pub fn name(object: &Json) -> &str {
    object.text("/metadata/name")
}

/// `metadata.namespace`, empty for what is cluster-wide.
pub fn namespace(object: &Json) -> &str {
    object.text("/metadata/namespace")
}

/// `metadata.uid`
pub fn uid(object: &Json) -> &str {
    object.text("/metadata/uid")
}

/// Whether the object waits for its end (finalizers, grace period).
pub fn is_terminating(object: &Json) -> bool {
    object.at("/metadata/deletionTimestamp").is_string()
}

/// The owner that controls the object.
pub fn controller_of(object: &Json) -> Option<&Json> {
    object.items("/metadata/ownerReferences").iter().find(|owner| owner["controller"] == true)
}

/// Whether every label of `selector` stands on the object.
pub fn has_labels(object: &Json, selector: &Json) -> bool {
    let labels = object.at("/metadata/labels");
    selector.as_object().is_some_and(|wanted| wanted.iter().all(|(key, value)| labels.get(key) == Some(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parts_are_put_and_taken_by_pointer() {
        let mut object = json!({"spec": {"list": [{"a": 1}]}});
        object.put("/metadata/labels/app.kubernetes.io~1name", "x");
        object.put("/spec/list/0/b", 2);
        assert_eq!(object.text("/metadata/labels/app.kubernetes.io~1name"), "x");
        assert_eq!(object.at("/spec/list/0"), &json!({"a": 1, "b": 2}));
        assert_eq!(object.remove("/spec/list/0/a"), Some(json!(1)));
        assert_eq!(object.remove("/spec/list"), Some(json!([{"b": 2}])));
        assert_eq!(object.int("/spec/none"), None);
    }
}
