//! Lists. Every function but `list` has a twin with `must` that returns its error instead of panicking: in a template both
//! read the same.

use std::borrow::Cow;

use super::args::{Args, Chapter, NIL_DEREFERENCE, Outcome, appended, fail, func, nil_list, slice_items};
use super::cast::to_int64;
use super::defaults::empty;
use super::equality::deep_equal;
use super::limits::check_items;
use super::math::floor_to_int;
use crate::gotemplate::Type::{Any, Int};
use crate::gotemplate::{FuncError, List, ListKind, Scope, Value};

pub(super) static FUNCTIONS: Chapter = &[
    ("append", func!([Any, Any], |_, a| push(a))),
    ("chunk", func!([Int, Any], |scope, a| chunk(scope, a))),
    ("compact", func!([Any], |_, a| compact(a))),
    ("concat", func!([], ..Any, |_, a| concat(a))),
    ("first", func!([Any], |_, a| Ok(items(a.any(0), "find first on")?.first().cloned().unwrap_or_default()))),
    ("has", func!([Any, Any], |scope, a| has(scope, a))),
    ("initial", func!([Any], |_, a| part(a, "find initial on", |list| &list[..list.len() - 1]))),
    ("last", func!([Any], |_, a| Ok(items(a.any(0), "find last on")?.last().cloned().unwrap_or_default()))),
    ("list", func!([], ..Any, |_, a| Ok(Value::list(a.to_vec())))),
    ("mustAppend", func!([Any, Any], |_, a| push(a))),
    ("mustChunk", func!([Int, Any], |scope, a| chunk(scope, a))),
    ("mustCompact", func!([Any], |_, a| compact(a))),
    ("mustFirst", func!([Any], |_, a| Ok(items(a.any(0), "find first on")?.first().cloned().unwrap_or_default()))),
    ("mustHas", func!([Any, Any], |scope, a| has(scope, a))),
    ("mustInitial", func!([Any], |_, a| part(a, "find initial on", |list| &list[..list.len() - 1]))),
    ("mustLast", func!([Any], |_, a| Ok(items(a.any(0), "find last on")?.last().cloned().unwrap_or_default()))),
    ("mustPrepend", func!([Any, Any], |_, a| prepend(a))),
    ("mustPush", func!([Any, Any], |_, a| push(a))),
    ("mustRest", func!([Any], |_, a| part(a, "find rest on", |list| &list[1..]))),
    ("mustReverse", func!([Any], |_, a| reverse(a))),
    ("mustSlice", func!([Any], ..Any, |_, a| slice(a))),
    ("mustUniq", func!([Any], |scope, a| uniq(scope, a))),
    ("mustWithout", func!([Any], ..Any, |scope, a| without(scope, a))),
    ("prepend", func!([Any, Any], |_, a| prepend(a))),
    ("push", func!([Any, Any], |_, a| push(a))),
    ("rest", func!([Any], |_, a| part(a, "find rest on", |list| &list[1..]))),
    ("reverse", func!([Any], |_, a| reverse(a))),
    ("slice", func!([Any], ..Any, |_, a| slice(a))),
    ("tuple", func!([], ..Any, |_, a| Ok(Value::list(a.to_vec())))),
    ("uniq", func!([Any], |scope, a| uniq(scope, a))),
    ("without", func!([Any], ..Any, |scope, a| without(scope, a))),
];

/// The elements of a list.
///
/// # Errors
/// "Cannot DO type KIND" for another kind; for nil, of which Go has no type, the panic of looking it up.
fn items<'a>(value: &'a Value, cannot: &str) -> Result<Cow<'a, [Value]>, FuncError> {
    match slice_items(value) {
        Some(items) => Ok(items),
        None if value.is_nil() => fail(NIL_DEREFERENCE),
        None => fail(format!("Cannot {cannot} type {}", value.kind_name())),
    }
}

fn push(args: &[Value]) -> Outcome {
    let mut list = items(args.any(0), "push on")?.into_owned();
    let before = list.len();
    list.push(args.any(1).clone());
    Ok(appended_to(before, list))
}

fn prepend(args: &[Value]) -> Outcome {
    let list = items(args.any(0), "prepend on")?;
    let items: Vec<Value> = std::iter::once(args.any(1)).chain(list.iter()).cloned().collect();
    Ok(if list.is_empty() { Value::list(items) } else { appended_to(1, items) })
}

/// A list that was appended to a full one of `before` elements, all at once.
fn appended_to(before: usize, items: Vec<Value>) -> Value {
    Value::List(List::extended(ListKind::Any, before, items).into())
}

/// A part of a list that is not empty; of an empty one the nil slice.
fn part(args: &[Value], cannot: &str, part: fn(&[Value]) -> &[Value]) -> Outcome {
    let list = items(args.any(0), cannot)?;
    Ok(if list.is_empty() { nil_list(ListKind::Any) } else { Value::list(part(&list).to_vec()) })
}

fn reverse(args: &[Value]) -> Outcome {
    Ok(Value::list(items(args.any(0), "find reverse on")?.iter().rev().cloned().collect()))
}

fn compact(args: &[Value]) -> Outcome {
    let list = items(args.any(0), "compact on")?;
    Ok(appended(list.iter().filter(|item| !empty(item)).cloned().collect()))
}

fn contains(scope: &mut dyn Scope, list: &[Value], needle: &Value) -> Result<bool, FuncError> {
    /// Values that are walked through to be compared: how much work that may be.
    const WALK: usize = 1 << 16;
    if !matches!(needle, Value::List(_) | Value::Map(_) | Value::Object(_)) {
        scope.work(list.len())?;
        return Ok(list.iter().any(|item| deep_equal(needle, item)));
    }
    for item in list {
        scope.work(WALK)?;
        if deep_equal(needle, item) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn uniq(scope: &mut dyn Scope, args: &[Value]) -> Outcome {
    let mut unique = Vec::new();
    for item in items(args.any(0), "find uniq on")?.iter() {
        if !contains(scope, &unique, item)? {
            unique.push(item.clone());
        }
    }
    Ok(appended(unique))
}

fn without(scope: &mut dyn Scope, args: &[Value]) -> Outcome {
    let mut kept = Vec::new();
    for item in items(args.any(0), "find without on")?.iter() {
        if !contains(scope, args.rest(1), item)? {
            kept.push(item.clone());
        }
    }
    Ok(appended(kept))
}

fn has(scope: &mut dyn Scope, args: &[Value]) -> Outcome {
    let haystack = args.any(1);
    if haystack.is_nil() {
        return Ok(false.into());
    }
    Ok(contains(scope, &items(haystack, "find has on")?, args.any(0))?.into())
}

/// `list[from:to]`, of the same type as the list and in the same array, to whose end it can reach.
fn slice(args: &[Value]) -> Outcome {
    let value = args.any(0);
    let list = match slice_items(value) {
        Some(list) => list,
        None if value.is_nil() => return fail(NIL_DEREFERENCE),
        None => return fail(format!("list should be type of slice or array but {}", value.kind_name())),
    };
    if list.is_empty() {
        return Ok(Value::Nil);
    }
    let start = args.get(1).map_or(0, to_int64);
    let end = args.get(2).map_or(list.len() as i64, to_int64);
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    let part = range.and_then(|(start, end)| match value {
        Value::Bytes(bytes) => bytes.get(start..end).map(|bytes| Value::Bytes(bytes.to_vec().into())),
        Value::List(list) => list.window(start, end).map(|list| Value::List(list.into())),
        Value::Object(object) => object.window(start, end),
        _ => list.get(start..end).map(|items| Value::list(items.to_vec())),
    });
    part.map_or_else(|| fail("reflect.Value.Slice: slice index out of bounds"), Ok)
}

fn concat(args: &[Value]) -> Outcome {
    let mut all = Vec::new();
    for value in args {
        match slice_items(value) {
            Some(list) => {
                check_items(all.len() + list.len())?;
                all.extend_from_slice(&list);
            }
            None if value.is_nil() => return fail(NIL_DEREFERENCE),
            None => return fail(format!("Cannot concat type {} as list", value.kind_name())),
        }
    }
    Ok(if all.is_empty() { nil_list(ListKind::Any) } else { appended(all) })
}

/// Lists of `size` elements. Their number and lengths are computed through floats, which is where the results for sizes that
/// make no sense come from.
fn chunk(scope: &mut dyn Scope, args: &[Value]) -> Outcome {
    const BAD_LENGTH: &str = "runtime error: makeslice: len out of range";
    let size = args.int(0);
    let list = items(args.any(1), "chunk")?;
    let length = list.len() as f64;
    let count = floor_to_int((length - 1.0) / size as f64).wrapping_add(1);
    let Ok(count) = usize::try_from(count) else { return fail(BAD_LENGTH) };
    if count > list.len() {
        return fail(BAD_LENGTH);
    }
    scope.work((list.len() + count * 4) * size_of::<Value>())?;
    let mut chunks = Vec::with_capacity(count);
    for index in 0..count {
        let mut wanted = size;
        if index + 1 == count {
            wanted = floor_to_int(length % size as f64);
            if wanted == 0 {
                wanted = size;
            }
        }
        let Ok(wanted) = usize::try_from(wanted) else { return fail(BAD_LENGTH) };
        let start = index * usize::try_from(size).unwrap_or(0);
        chunks.push(Value::list(list.get(start..start + wanted).unwrap_or_default().to_vec()));
    }
    Ok(Value::list_of(ListKind::ListOfAny, chunks))
}
