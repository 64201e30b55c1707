//! Values as Go's reflection sees them during an execution: with the static type they were found under.

use super::value::{ListKind, Map, MapKind, Value};

/// A value and whether it was found in a place of type `interface {}`, such as an element of a `map[string]interface {}`.
/// Error messages and nil depend on that: a nil in such a place is a nil pointer, any other nil is no value at all.
#[derive(Clone, Debug, Default)]
pub(super) struct Reflected {
    pub value: Value,
    pub interface: bool,
}

impl Reflected {
    /// A value under its own type; no value at all for nil.
    pub fn plain(value: Value) -> Self {
        Self { value, interface: false }
    }

    /// A value in a place of type `interface {}`.
    pub fn interface(value: Value) -> Self {
        Self { value, interface: true }
    }

    /// Whether there is no value at all (Go's zero `reflect.Value`).
    pub fn is_invalid(&self) -> bool {
        !self.interface && self.value.is_nil()
    }

    /// An element of a slice.
    pub fn element(kind: ListKind, value: &Value) -> Self {
        Self { value: value.clone(), interface: kind == ListKind::Any }
    }

    /// An entry of a map.
    pub fn entry(map: &Map, key: &[u8]) -> Option<Self> {
        let value = map.borrow().get(key)?.clone();
        Some(Self { value, interface: map.kind != MapKind::Str })
    }

    /// The zero value of a map's element type.
    pub fn zero_entry(kind: MapKind) -> Self {
        match kind {
            MapKind::Str => Self::plain(Value::str("")),
            MapKind::Any | MapKind::Values => Self::interface(Value::Nil),
        }
    }

    /// The static type, as error messages name it.
    pub fn type_name(&self) -> &str {
        if self.interface { "interface {}" } else { self.value.type_name() }
    }
}
