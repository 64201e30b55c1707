//! Merging of maps by the rules of mergo 1.0.1.

use std::rc::Rc;

use super::args::fail;
use super::limits::Steps;
use super::nesting::{self, MAX_DEPTH};
use crate::gotemplate::{FuncError, Map, Value};

/// Merges `source` into `target`, which is changed in place, nested maps too. Without `overwrite` only what is missing or
/// empty in the target is taken.
///
/// # Errors
/// The maps contain themselves.
pub(super) fn merge(target: &mut Rc<Map>, source: &Rc<Map>, overwrite: bool) -> Result<(), FuncError> {
    if target.nil && !source.nil {
        *target = Map::empty();
    }
    if target.is_same(source) { Ok(()) } else { merge_entries(target, source, overwrite, 0, &mut Steps::default()) }
}

fn merge_entries(
    target: &Rc<Map>,
    source: &Rc<Map>,
    overwrite: bool,
    depth: usize,
    steps: &mut Steps,
) -> Result<(), FuncError> {
    if depth > MAX_DEPTH || !steps.go_on() {
        return fail("the maps are too large or nested too deeply, or contain themselves");
    }
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
                if !into.nil && !into.is_same(from) {
                    nesting::level(|| merge_entries(into, from, overwrite, depth + 1, steps))?;
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
    Ok(())
}

/// mergo's notion of empty: structs and complex numbers never are.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Complex(_) => false,
        Value::Object(object) => !matches!(object.kind_name(), "struct" | "ptr") && !object.truth(),
        other => !other.truth(),
    }
}
