//! Types, kinds and deep equality.

use super::args::{Args, Chapter, func};
use super::equality::deep_equal;
use crate::gotemplate::Type::{Any, Str};
use crate::gotemplate::Value;

pub(super) static FUNCTIONS: Chapter = &[
    ("deepEqual", func!([Any, Any], |_, a| Ok(deep_equal(a.any(0), a.any(1)).into()))),
    ("kindIs", func!([Str, Any], |_, a| Ok((a.bytes(0) == a.any(1).kind_name().as_bytes()).into()))),
    ("kindOf", func!([Any], |_, a| Ok(a.any(0).kind_name().into()))),
    ("typeIs", func!([Str, Any], |_, a| Ok((a.bytes(0) == a.any(1).type_name().as_bytes()).into()))),
    ("typeIsLike", func!([Str, Any], |_, a| Ok(type_is_like(&a.text(0), a.any(1)).into()))),
    ("typeOf", func!([Any], |_, a| Ok(a.any(0).type_name().into()))),
];

/// Whether the value is of the named type or a pointer to it.
fn type_is_like(target: &str, value: &Value) -> bool {
    let name = value.type_name();
    name == target || name.strip_prefix('*') == Some(target)
}
