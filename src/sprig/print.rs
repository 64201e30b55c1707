//! Values as text.

use crate::gotemplate::{GoStr, Value, fmt};

/// `fmt.Sprint` of one value, which is `%v`.
pub(super) fn sprint(value: &Value) -> GoStr {
    if let Value::Str(s) = value {
        return s.clone();
    }
    let mut out = Vec::new();
    fmt::append_value(&mut out, value);
    out.into()
}

/// sprig's `strval`: strings and byte slices as they are, everything else as `%v`.
pub(super) fn strval(value: &Value) -> GoStr {
    match value {
        Value::Bytes(bytes) => GoStr::from(bytes.as_slice()),
        other => sprint(other),
    }
}
