//! Emptiness and what to use instead.

use super::args::{Args, Chapter, func};
use crate::gotemplate::Type::{Any, Bool};
use crate::gotemplate::Value;

pub(super) static FUNCTIONS: Chapter = &[
    ("all", func!([], ..Any, |_, a| Ok((!a.iter().any(empty)).into()))),
    ("any", func!([], ..Any, |_, a| Ok(a.iter().any(|value| !empty(value)).into()))),
    ("coalesce", func!([], ..Any, |_, a| Ok(a.iter().find(|value| !empty(value)).cloned().unwrap_or_default()))),
    ("default", func!([Any], ..Any, |_, a| Ok(a.get(1).filter(|value| !empty(value)).unwrap_or(a.any(0)).clone()))),
    ("empty", func!([Any], |_, a| Ok(empty(a.any(0)).into()))),
    ("ternary", func!([Any, Any, Bool], |_, a| Ok(a.any(usize::from(!a.boolean(2))).clone()))),
];

/// Whether a value counts as not set: the zero value of its type, or without elements. A struct always counts as set.
pub(super) fn empty(value: &Value) -> bool {
    match value {
        Value::Object(object) if object.kind_name() == "struct" => false,
        other => !other.truth(),
    }
}
