//! Dictionaries. They are references: `set`, `unset` and `merge` change the map that they are given.

use std::rc::Rc;

use super::args::{Args, Chapter, Outcome, appended, fail, func};
use super::limits::Steps;
use super::merge::merge;
use super::nesting::{self, MAX_DEPTH};
use super::print::strval;
use crate::gotemplate::Type::{Any, MapOfAny, Str};
use crate::gotemplate::value::Entries;
use crate::gotemplate::{FuncError, ListKind, Map, MapKind, Scope, Value};

pub(super) static FUNCTIONS: Chapter = &[
    ("deepCopy", func!([Any], |scope, a| deep_copy(scope, a.any(0)))),
    ("dict", func!([], ..Any, |scope, a| dict(scope, a))),
    ("dig", func!([], ..Any, |_, a| dig(a))),
    (
        "get",
        func!([MapOfAny, Str], |_, a| Ok(a.dict(0).borrow().get(a.bytes(1)).cloned().unwrap_or_else(|| "".into()))),
    ),
    ("hasKey", func!([MapOfAny, Str], |_, a| Ok(a.dict(0).borrow().contains_key(a.bytes(1)).into()))),
    ("keys", func!([], ..MapOfAny, |_, a| Ok(keys(a)))),
    ("merge", func!([MapOfAny], ..MapOfAny, |_, a| merge_all(a, false))),
    ("mergeOverwrite", func!([MapOfAny], ..MapOfAny, |_, a| merge_all(a, true))),
    ("mustDeepCopy", func!([Any], |scope, a| deep_copy(scope, a.any(0)))),
    ("mustMerge", func!([MapOfAny], ..MapOfAny, |_, a| merge_all(a, false))),
    ("mustMergeOverwrite", func!([MapOfAny], ..MapOfAny, |_, a| merge_all(a, true))),
    ("omit", func!([MapOfAny], ..Str, |scope, a| select(scope, a, false))),
    ("pick", func!([MapOfAny], ..Str, |scope, a| select(scope, a, true))),
    ("pluck", func!([Str], ..MapOfAny, |_, a| Ok(pluck(a)))),
    ("set", func!([MapOfAny, Str, Any], |_, a| set(a))),
    ("unset", func!([MapOfAny, Str], |_, a| Ok(unset(a)))),
    ("values", func!([MapOfAny], |_, a| Ok(appended(a.dict(0).borrow().values().cloned().collect())))),
];

/// Keys and values in turn; a last key without value gets "".
fn dict(scope: &mut dyn Scope, args: &[Value]) -> Outcome {
    let mut entries = Entries::new();
    for pair in args.chunks(2) {
        let key = strval(&pair[0]);
        scope.work(key.len())?;
        entries.insert(key, pair.get(1).cloned().unwrap_or_else(|| "".into()));
    }
    Ok(Value::Map(Map::new(MapKind::Any, entries).into()))
}

fn set(args: &[Value]) -> Outcome {
    let map = args.dict(0);
    if map.nil {
        return fail("assignment to entry in nil map");
    }
    map.insert(args.bytes(1), args.any(2).clone());
    Ok(Value::Map(map))
}

fn unset(args: &[Value]) -> Value {
    let map = args.dict(0);
    map.borrow_mut().remove(args.bytes(1));
    Value::Map(map)
}

/// The keys of all maps, in order map by map (Go's order is random).
fn keys(args: &[Value]) -> Value {
    let mut keys = Vec::new();
    for index in 0..args.len() {
        keys.extend(args.dict(index).borrow().keys().cloned());
    }
    Value::appended(ListKind::Str, keys.into_iter().map(Value::Str).collect())
}

fn pluck(args: &[Value]) -> Value {
    let key = args.bytes(0);
    appended((1..args.len()).filter_map(|index| args.dict(index).borrow().get(key).cloned()).collect())
}

/// A new map of the entries whose key is (or is not) among the arguments.
fn select(scope: &mut dyn Scope, args: &[Value], listed: bool) -> Outcome {
    let names = args.rest(1);
    let is_named = |key: &[u8]| names.iter().any(|name| name.as_str().is_some_and(|name| name.as_bytes() == key));
    let map = args.dict(0);
    scope.work(names.len().saturating_mul(map.len()))?;
    let entries: Entries = map
        .borrow()
        .iter()
        .filter(|(key, _)| is_named(key.as_bytes()) == listed)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Ok(Value::Map(Map::new(MapKind::Any, entries).into()))
}

fn merge_all(args: &[Value], overwrite: bool) -> Outcome {
    let mut target = args.dict(0);
    for index in 1..args.len() {
        merge(&mut target, &args.dict(index), overwrite)?;
    }
    Ok(Value::Map(target))
}

/// The value below keys, the last but one argument when a key is missing. All on the way have to be plain maps.
fn dig(args: &[Value]) -> Outcome {
    let [keys @ .., default, dict] = args else { return fail("dig needs at least three arguments") };
    if keys.is_empty() {
        return fail("dig needs at least three arguments");
    }
    let mut current = as_map(dict)?;
    let mut names = Vec::with_capacity(keys.len());
    for key in keys {
        match key {
            Value::Str(name) => names.push(name),
            other => return fail(conversion_error(other, "string")),
        }
    }
    for (index, name) in names.iter().enumerate() {
        let step = match current.borrow().get(name.as_bytes()) {
            None => return Ok(default.clone()),
            Some(step) => step.clone(),
        };
        if index + 1 == names.len() {
            return Ok(step);
        }
        current = as_map(&step)?;
    }
    Ok(default.clone())
}

/// Go's type assertion, which a named map type does not pass.
fn as_map(value: &Value) -> Result<Rc<Map>, FuncError> {
    match value {
        Value::Map(map) if map.kind == MapKind::Any => Ok(map.clone()),
        other => fail(conversion_error(other, "map[string]interface {}")),
    }
}

fn conversion_error(value: &Value, wanted: &str) -> String {
    let found = if value.is_nil() { "nil" } else { value.type_name() };
    format!("interface conversion: interface {{}} is {found}, not {wanted}")
}

fn deep_copy(scope: &mut dyn Scope, value: &Value) -> Outcome {
    /// What an entry of a copy takes, and a map around it.
    const PART: usize = 96;
    if value.is_nil() {
        return fail("reflect: call of reflect.Value.Type on zero Value");
    }
    let mut steps = Steps::default();
    let copied = copy(value, 0, &mut steps)?;
    scope.work(steps.taken() * PART)?;
    Ok(copied)
}

/// A copy that shares no map with the original.
fn copy(value: &Value, depth: usize, steps: &mut Steps) -> Outcome {
    if depth > MAX_DEPTH || !steps.go_on() {
        return fail("deepCopy error: the value is too large or nested too deeply, or contains itself");
    }
    match value {
        Value::Map(map) => nesting::level(|| {
            let mut entries = map.borrow().clone();
            for value in entries.values_mut() {
                *value = copy(value, depth + 1, steps)?;
            }
            let mut copied = Map::new(map.kind, entries);
            copied.nil = map.nil;
            Ok(Value::Map(copied.into()))
        }),
        Value::List(list) if list.nil => Ok(value.clone()),
        Value::List(list) => nesting::level(|| {
            let items = list.items.iter().map(|item| copy(item, depth + 1, steps)).collect::<Result<_, _>>()?;
            Ok(Value::List(list.like(items).into()))
        }),
        Value::Object(object) => Ok(object.deep_copied().unwrap_or_else(|| value.clone())),
        other => Ok(other.clone()),
    }
}
