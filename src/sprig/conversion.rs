//! Conversions: numbers, strings, splitting, joining, ranges of numbers.

use super::args::{Args, Chapter, Outcome, fail, func, slice_items, string};
use super::limits::{MAX_ITEMS, account_for_texts, check_items, check_text};
use super::print::{sprint, strval};
use super::{bytes, cast};
use crate::gotemplate::Type::{Any, Int, Str};
use crate::gotemplate::strconv::{NumError, parse_int};
use crate::gotemplate::{FuncError, GoStr, List, ListKind, MapKind, Scope, Value};

pub(super) static FUNCTIONS: Chapter = &[
    ("atoi", func!([Str], |_, a| Ok(Value::int(atoi(a.bytes(0)))))),
    ("float64", func!([Any], |_, a| Ok(Value::Float(cast::to_float64(a.any(0)))))),
    ("int", func!([Any], |_, a| Ok(Value::int(cast::to_int64(a.any(0)))))),
    ("int64", func!([Any], |_, a| Ok(Value::int64(cast::to_int64(a.any(0)))))),
    ("join", func!([Str, Any], |scope, a| join(scope, a.bytes(0), a.any(1)))),
    ("seq", func!([], ..Int, |_, a| seq(a))),
    ("sortAlpha", func!([Any], |scope, a| sort_alpha(scope, a.any(0)))),
    ("split", func!([Str, Str], |scope, a| Ok(numbered(&split(scope, a.bytes(1), a.bytes(0), -1)?)))),
    ("splitList", func!([Str, Str], |scope, a| Ok(Value::strings(split(scope, a.bytes(1), a.bytes(0), -1)?)))),
    ("splitn", func!([Str, Int, Str], |scope, a| Ok(numbered(&split(scope, a.bytes(2), a.bytes(0), a.int(1))?)))),
    ("toDecimal", func!([Any], |_, a| Ok(Value::int64(parse_int(sprint(a.any(0)).as_bytes(), 8, 64).unwrap_or(0))))),
    ("toString", func!([Any], |_, a| Ok(Value::Str(strval(a.any(0)))))),
    ("toStrings", func!([Any], |scope, a| to_strings(scope, a.any(0)))),
    ("until", func!([Int], |_, a| Ok(ints(range(0, a.int(0), if a.int(0) < 0 { -1 } else { 1 })?)))),
    ("untilStep", func!([Int, Int, Int], |_, a| Ok(ints(range(a.int(0), a.int(1), a.int(2))?)))),
];

/// `strconv.Atoi` with errors ignored: a number that is too big is the biggest, anything else that is no number 0.
fn atoi(s: &[u8]) -> i64 {
    match parse_int(s, 10, 64) {
        Ok(number) => number,
        Err(NumError::Range) if s.starts_with(b"-") => i64::MIN,
        Err(NumError::Range) => i64::MAX,
        Err(NumError::Syntax) => 0,
    }
}

/// The parts of a text, which will each be a text of its own.
fn split<'a>(scope: &mut dyn Scope, s: &'a [u8], separator: &[u8], n: i64) -> Result<Vec<&'a [u8]>, FuncError> {
    let parts = bytes::split_n(s, separator, n)?;
    account_for_texts(scope, parts.len(), s.len())?;
    Ok(parts)
}

/// The elements of a list as strings, nil elements left out; a value that is no list as a list of one.
pub(super) fn string_items(scope: &mut dyn Scope, value: &Value) -> Result<Vec<GoStr>, FuncError> {
    let items = match slice_items(value) {
        Some(items) => items,
        None if value.is_nil() => return Ok(Vec::new()),
        None => return Ok(vec![strval(value)]),
    };
    let mut texts = Vec::with_capacity(items.len());
    for item in items.iter().filter(|item| !item.is_nil()) {
        let text = strval(item);
        // What is a text already is not built anew.
        if item.as_str().is_none() {
            scope.work(text.len())?;
        }
        texts.push(text);
    }
    Ok(texts)
}

/// A `[]string` as it is, another list with room for all its elements, nil or not.
fn to_strings(scope: &mut dyn Scope, value: &Value) -> Outcome {
    match value {
        Value::List(list) if list.kind == ListKind::Str => Ok(value.clone()),
        _ => {
            let room = slice_items(value).map_or(0, |items| items.len());
            let strings = string_items(scope, value)?.into_iter().map(Value::Str).collect();
            Ok(Value::List(List::appended_within(ListKind::Str, room, strings).into()))
        }
    }
}

fn join(scope: &mut dyn Scope, separator: &[u8], value: &Value) -> Outcome {
    let items = string_items(scope, value)?;
    let size = items.iter().map(|item| item.len() + separator.len()).sum();
    check_text(size)?;
    let mut out = Vec::with_capacity(size);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(separator);
        }
        out.extend_from_slice(item.as_bytes());
    }
    string(out)
}

/// Sorts a `[]string` in place, and a copy of anything else.
fn sort_alpha(scope: &mut dyn Scope, value: &Value) -> Outcome {
    if slice_items(value).is_none() {
        return Ok(Value::strings([strval(value)]));
    }
    let strings = to_strings(scope, value)?;
    if let Value::List(list) = &strings {
        list.sort_in_place(check_items)?;
    }
    Ok(strings)
}

/// `_0`, `_1`, ...: the parts of `split`.
fn numbered(parts: &[&[u8]]) -> Value {
    let entries = parts.iter().enumerate().map(|(index, part)| (format!("_{index}"), Value::str(*part)));
    Value::map_of(MapKind::Str, entries)
}

/// The numbers from `start` to before `stop`; none when the increment leads away.
fn range(start: i64, stop: i64, increment: i64) -> Result<Vec<i64>, FuncError> {
    let away = if stop < start { increment >= 0 } else { increment <= 0 };
    if away {
        return Ok(Vec::new());
    }
    let count = (i128::from(stop) - i128::from(start)) / i128::from(increment);
    if count > MAX_ITEMS as i128 {
        return fail(format!("a list of {count} numbers is too long (at most {MAX_ITEMS})"));
    }
    let (mut numbers, mut next) = (Vec::with_capacity(count as usize + 1), Some(start));
    while let Some(number) = next.filter(|&number| if increment > 0 { number < stop } else { number > stop }) {
        numbers.push(number);
        next = number.checked_add(increment);
    }
    Ok(numbers)
}

fn ints(numbers: Vec<i64>) -> Value {
    Value::appended(ListKind::Int, numbers.into_iter().map(Value::int).collect())
}

/// `seq` of the Unix tool: last; first and last; first, step and last.
fn seq(args: &[Value]) -> Outcome {
    let towards = |start: i64, end: i64| if end < start { -1 } else { 1 };
    let numbers = match args.len() {
        1 => {
            let end = args.int(0);
            range(1, end.wrapping_add(towards(1, end)), towards(1, end))?
        }
        2 => {
            let (start, end) = (args.int(0), args.int(1));
            range(start, end.wrapping_add(towards(start, end)), towards(start, end))?
        }
        3 => {
            let (start, step, end) = (args.int(0), args.int(1), args.int(2));
            if end < start && step > 0 {
                Vec::new()
            } else {
                range(start, end.wrapping_add(towards(start, end)), step)?
            }
        }
        _ => Vec::new(),
    };
    string(numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(" "))
}
