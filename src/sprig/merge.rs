//! Merging of maps by the rules of mergo 1.0.1.

use std::rc::Rc;

use crate::gotemplate::value::Entries;
use crate::gotemplate::{Map, MapKind, Value};

/// Merges `source` into `target`, which is changed in place, nested maps too. Without `overwrite` only what is missing or
/// empty in the target is taken.
pub(super) fn merge(target: &mut Rc<Map>, source: &Rc<Map>, overwrite: bool) {
    if target.nil && !source.nil {
        *target = Rc::new(Map::new(MapKind::Any, Entries::new()));
    }
    if !Rc::ptr_eq(target, source) {
        merge_entries(target, source, overwrite);
    }
}

fn merge_entries(target: &Rc<Map>, source: &Rc<Map>, overwrite: bool) {
    // Nested maps of the two may be the same map: nothing stays borrowed while the target changes.
    let entries: Vec<_> = source.borrow().iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    for (key, value) in entries {
        let present = target.borrow().get(key.as_bytes()).cloned();
        if value.is_nil() {
            if overwrite {
                target.insert(key, Value::Nil);
            }
            continue;
        }
        let take = match (&value, &present) {
            (_, None) => true,
            (Value::Map(from), Some(Value::Map(into))) => {
                if !into.nil && !Rc::ptr_eq(into, from) {
                    merge_entries(into, from, overwrite);
                }
                // What was empty may have been filled just now, in place.
                into.is_empty()
            }
            (_, Some(present)) => overwrite || is_empty(present),
        };
        if take {
            target.insert(key, value);
        }
    }
}

/// mergo's notion of empty: structs and complex numbers never are.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Complex(_) => false,
        Value::Object(object) => !matches!(object.kind_name(), "struct" | "ptr") && !object.truth(),
        other => !other.truth(),
    }
}
