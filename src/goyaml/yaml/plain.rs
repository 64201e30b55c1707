//! Whether a value can be written without going through JSON first.

use crate::gotemplate::Value;

/// The ways from a value to YAML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The emitter may take the value as it is.
    Direct,
    /// The value has to be written as JSON and read as YAML, as sigs.k8s.io/yaml does, since that changes it or fails.
    Detour,
}

/// Keys up to this many bytes are always found by YAML's look ahead of 1024 characters, even if each of them is escaped.
const SHORT_KEY: usize = 160;
/// Depth up to which neither cycles nor limits matter.
const SHALLOW: usize = 900;

/// Number of collections up to which it is worth looking: those that are held many times over are met each time.
const FEW: u32 = 1_000_000;

/// Looks at every part of the value.
pub fn check(value: &Value) -> Check {
    if survives(value, 0, &mut { FEW }) { Check::Direct } else { Check::Detour }
}

fn survives(value: &Value, depth: usize, left: &mut u32) -> bool {
    if depth > SHALLOW || *left == 0 {
        return false;
    }
    match value {
        Value::Nil | Value::Bool(_) | Value::Int(..) | Value::Uint(..) | Value::Bytes(_) => true,
        Value::Float(f) => f.is_finite(),
        Value::Str(s) => text_survives(s.as_bytes()),
        Value::List(list) => list.items.iter().all(|v| nested(v, depth, left)),
        Value::Map(map) => map.borrow().iter().all(|(k, v)| {
            let key = k.as_bytes();
            key.len() <= SHORT_KEY
                && text_survives(key)
                && (key.is_ascii() || std::str::from_utf8(key).is_ok())
                && nested(v, depth, left)
        }),
        Value::Complex(_) | Value::Object(_) => false,
    }
}

fn nested(value: &Value, depth: usize, left: &mut u32) -> bool {
    match value {
        Value::List(_) | Value::Map(_) => {
            *left = left.saturating_sub(1);
            stacker::maybe_grow(64 * 1024, 1024 * 1024, || survives(value, depth + 1, left))
        }
        _ => survives(value, depth, left),
    }
}

/// Whether a string comes out of JSON and YAML as it went in: no character that YAML forbids or takes for a line break.
fn text_survives(text: &[u8]) -> bool {
    // Mostly all is ASCII: a loop without branches sees that at once.
    if text.iter().fold(0, |most, b| most.max(*b)) < 0x7F {
        return true;
    }
    text.iter().enumerate().all(|(i, byte)| match byte {
        0x7F => false,
        // U+0080 to U+009F
        0xC2 => text.get(i + 1).is_some_and(|b| *b >= 0xA0),
        // U+FFFE and U+FFFF
        0xEF => !matches!(text.get(i + 1..i + 3), Some([0xBF, 0xBE | 0xBF])),
        _ => true,
    })
}
