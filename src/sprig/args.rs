//! Reading the checked arguments of a function.
//!
//! The engine has compared the arguments with the declared signature before the body runs, so the accessors here answer the
//! zero value for a type that cannot occur instead of an error that nobody could ever see.

use std::borrow::Cow;
use std::rc::Rc;

use crate::gotemplate::value::Entries;
use crate::gotemplate::{FuncError, GoStr, List, ListKind, Map, MapKind, UintKind, Value};

/// What a function body returns.
pub(super) type Outcome = Result<Value, FuncError>;

/// Go's text for a nil pointer that is followed, which is what `reflect.TypeOf(nil).Kind()` does.
pub(super) const NIL_DEREFERENCE: &str = "runtime error: invalid memory address or nil pointer dereference";

/// Accessors by position.
pub(super) trait Args {
    /// The bytes of a `string` parameter.
    fn bytes(&self, index: usize) -> &[u8];
    /// A `string` parameter as UTF-8, invalid bytes replaced as Go's rune conversion does.
    fn text(&self, index: usize) -> Cow<'_, str>;
    /// An `int`, `int64` or `uint32` parameter.
    fn int(&self, index: usize) -> i64;
    /// A `bool` parameter.
    fn boolean(&self, index: usize) -> bool;
    /// An `interface{}` parameter.
    fn any(&self, index: usize) -> &Value;
    /// A `map[string]interface{}` parameter; Go's nil map when it is nil.
    fn dict(&self, index: usize) -> Rc<Map>;
    /// The variadic arguments from a position on.
    fn rest(&self, from: usize) -> &[Value];
}

impl Args for [Value] {
    fn bytes(&self, index: usize) -> &[u8] {
        match self.get(index) {
            Some(Value::Str(s)) => s.as_bytes(),
            Some(Value::Bytes(b)) => b,
            _ => &[],
        }
    }

    fn text(&self, index: usize) -> Cow<'_, str> {
        match self.get(index) {
            Some(Value::Str(s)) => s.to_str(),
            _ => Cow::Borrowed(""),
        }
    }

    fn int(&self, index: usize) -> i64 {
        match self.get(index) {
            Some(Value::Int(i, _)) => *i,
            Some(Value::Uint(u, _)) => *u as i64,
            _ => 0,
        }
    }

    fn boolean(&self, index: usize) -> bool {
        matches!(self.get(index), Some(Value::Bool(true)))
    }

    fn any(&self, index: usize) -> &Value {
        self.get(index).unwrap_or(&Value::Nil)
    }

    fn dict(&self, index: usize) -> Rc<Map> {
        match self.get(index) {
            // A parameter of type `map[string]interface{}` converts helm's named map type.
            Some(Value::Map(m)) if m.kind == MapKind::Values => Rc::new(Map::view(MapKind::Any, Rc::clone(m))),
            Some(Value::Map(m)) => Rc::clone(m),
            Some(Value::Object(o)) => match o.to_plain() {
                Value::Map(m) => m,
                _ => nil_map(),
            },
            _ => nil_map(),
        }
    }

    fn rest(&self, from: usize) -> &[Value] {
        self.get(from..).unwrap_or_default()
    }
}

/// Go's nil `map[string]interface{}`.
pub(super) fn nil_map() -> Rc<Map> {
    let mut map = Map::new(MapKind::Any, Entries::new());
    map.nil = true;
    Rc::new(map)
}

/// A nil slice of the given type.
pub(super) fn nil_list(kind: ListKind) -> Value {
    Value::List(Rc::new(List::nil(kind)))
}

/// A `[]interface{}` whose elements Go appends one by one.
pub(super) fn appended(items: Vec<Value>) -> Value {
    Value::appended(ListKind::Any, items)
}

/// The elements of a value of Go kind slice, `None` for every other kind.
pub(super) fn slice_items(value: &Value) -> Option<Cow<'_, [Value]>> {
    match value {
        Value::List(list) => Some(Cow::Borrowed(&list.items)),
        Value::Bytes(bytes) => {
            Some(Cow::Owned(bytes.iter().map(|b| Value::Uint(u64::from(*b), UintKind::Uint8)).collect()))
        }
        Value::Object(object) if matches!(object.kind_name(), "slice" | "array") => match object.to_plain() {
            Value::List(list) => Some(Cow::Owned(list.items.to_vec())),
            _ => None,
        },
        _ => None,
    }
}

/// An error with Go's text.
pub(super) fn fail<T>(message: impl Into<String>) -> Result<T, FuncError> {
    Err(FuncError::new(message))
}

/// A Go `string` of raw bytes.
#[expect(clippy::unnecessary_wraps, reason = "the result of most bodies")]
pub(super) fn string(bytes: impl Into<GoStr>) -> Outcome {
    Ok(Value::Str(bytes.into()))
}

/// Declares a function: parameter types, the variadic element type after `..` if there is one, and the body.
macro_rules! func {
    ([$($param:expr),*], $body:expr) => {
        $crate::gotemplate::Func { params: &[$($param),*], variadic: None, body: $body }
    };
    ([$($param:expr),*], ..$variadic:expr, $body:expr) => {
        $crate::gotemplate::Func { params: &[$($param),*], variadic: Some($variadic), body: $body }
    };
}
pub(super) use func;

/// A chapter of the library: functions by name.
pub(super) type Chapter = &'static [(&'static str, crate::gotemplate::Func)];
