//! `eq`, `lt` and `le`.

use std::cmp::Ordering;
use std::rc::Rc;

use super::FuncError;
use super::errtext;
use super::fmt;
use super::reflect::Reflected;
use super::value::Value;

/// The kinds that compare with each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    None,
    Bool,
    Complex,
    Int,
    Float,
    Str,
    Uint,
}

fn kind(value: &Value) -> Kind {
    match value {
        Value::Bool(_) => Kind::Bool,
        Value::Int(..) => Kind::Int,
        Value::Uint(..) => Kind::Uint,
        Value::Float(_) => Kind::Float,
        Value::Complex(_) => Kind::Complex,
        Value::Str(_) => Kind::Str,
        _ => Kind::None,
    }
}

fn bad_type() -> FuncError {
    FuncError::new("invalid type for comparison")
}

fn incompatible(a: &Value, b: &Value) -> FuncError {
    FuncError::new(format!("incompatible types for comparison: {} and {}", a.type_name(), b.type_name()))
}

/// Whether `a` equals any of `others`.
pub(super) fn eq(a: &Value, others: &[Reflected]) -> Result<bool, FuncError> {
    if others.is_empty() {
        return Err(FuncError::new("missing argument for comparison"));
    }
    for other in others {
        if eq_one(a, &other.value)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn eq_one(a: &Value, b: &Value) -> Result<bool, FuncError> {
    Ok(match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a, _), Value::Int(b, _)) => a == b,
        (Value::Uint(a, _), Value::Uint(b, _)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Complex(a), Value::Complex(b)) => a == b,
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Int(i, _), Value::Uint(u, _)) | (Value::Uint(u, _), Value::Int(i, _)) => u64::try_from(*i) == Ok(*u),
        _ if kind(a) != kind(b) => {
            if !a.is_nil() && !b.is_nil() {
                return Err(incompatible(a, b));
            }
            false
        }
        _ => eq_other(a, b)?,
    })
}

/// Maps, slices, objects and nil.
fn eq_other(a: &Value, b: &Value) -> Result<bool, FuncError> {
    let show = |v: &Value| errtext::text(&fmt::sprintf(b"%s", std::slice::from_ref(v))).into_owned();
    if a.kind_name() != b.kind_name() && !a.is_nil() && !b.is_nil() {
        return Err(FuncError::new(format!(
            "non-comparable types {}: {}, {}: {}",
            show(a),
            a.type_name(),
            b.type_name(),
            errtext::text(&fmt::sprint(std::slice::from_ref(b)))
        )));
    }
    if is_nil(a) || is_nil(b) {
        return Ok(is_nil(a) == is_nil(b));
    }
    match (a, b) {
        (Value::Object(a), Value::Object(b)) if !matches!(b.kind_name(), "map" | "slice" | "func") => {
            let same_struct =
                || a.kind_name() == "struct" && a.type_name() == b.type_name() && a.display() == b.display();
            Ok(Rc::ptr_eq(a, b) || same_struct())
        }
        _ => Err(FuncError::new(format!("non-comparable type {}: {}", show(b), b.type_name()))),
    }
}

/// Nil, or the nil of a type that has one.
fn is_nil(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::List(l) => l.nil,
        Value::Map(m) => m.nil,
        _ => false,
    }
}

/// Whether `a` is less than `b`.
pub(super) fn lt(a: &Value, b: &Value) -> Result<bool, FuncError> {
    if kind(a) == Kind::None || kind(b) == Kind::None {
        return Err(bad_type());
    }
    Ok(match (a, b) {
        (Value::Int(a, _), Value::Int(b, _)) => a < b,
        (Value::Uint(a, _), Value::Uint(b, _)) => a < b,
        (Value::Float(a), Value::Float(b)) => a < b,
        (Value::Str(a), Value::Str(b)) => a < b,
        (Value::Int(a, _), Value::Uint(b, _)) => i128::from(*a).cmp(&i128::from(*b)) == Ordering::Less,
        (Value::Uint(a, _), Value::Int(b, _)) => i128::from(*a).cmp(&i128::from(*b)) == Ordering::Less,
        _ if kind(a) == kind(b) => return Err(bad_type()),
        _ => return Err(incompatible(a, b)),
    })
}

/// Whether the first is less than or equal to the only one of `others`.
pub(super) fn le(a: &Value, others: &[Reflected]) -> Result<bool, FuncError> {
    let b = others.first().map_or(&Value::Nil, |other| &other.value);
    Ok(lt(a, b)? || eq(a, others)?)
}
