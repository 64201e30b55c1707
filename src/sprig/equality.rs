//! `reflect.DeepEqual`.

use std::rc::Rc;

use super::limits::Steps;
use super::nesting::{self, MAX_DEPTH};
use crate::gotemplate::Value;

/// Whether two values have the same Go type and, all the way down, the same content. NaN equals nothing, except inside a map
/// or slice that is compared with itself.
pub(super) fn deep_equal(a: &Value, b: &Value) -> bool {
    equal(a, b, 0, &mut Steps::default())
}

fn equal(a: &Value, b: &Value, depth: usize, steps: &mut Steps) -> bool {
    // Values that contain themselves and have not differed so far never will.
    depth > MAX_DEPTH || !steps.go_on() || nesting::level(|| equal_at(a, b, depth + 1, steps))
}

#[expect(clippy::float_cmp, reason = "Go compares floats exactly")]
fn equal_at(a: &Value, b: &Value, depth: usize, steps: &mut Steps) -> bool {
    match (a, b) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a, a_kind), Value::Int(b, b_kind)) => a == b && a_kind == b_kind,
        (Value::Uint(a, a_kind), Value::Uint(b, b_kind)) => a == b && a_kind == b_kind,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Complex(a), Value::Complex(b)) => a.0 == b.0 && a.1 == b.1,
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            a.kind == b.kind
                && a.nil == b.nil
                && (Rc::ptr_eq(a, b)
                    || a.items.len() == b.items.len()
                        && a.items.iter().zip(&b.items).all(|(a, b)| equal(a, b, depth, steps)))
        }
        (Value::Map(a), Value::Map(b)) => {
            if a.kind != b.kind || a.nil != b.nil {
                return false;
            }
            if a.is_same(b) {
                return true;
            }
            let (a, b) = (a.borrow(), b.borrow());
            a.len() == b.len()
                && a.iter().zip(b.iter()).all(|((a_key, a), (b_key, b))| a_key == b_key && equal(a, b, depth, steps))
        }
        (Value::Object(a), Value::Object(b)) => {
            Rc::ptr_eq(a, b) || a.type_name() == b.type_name() && a.display() == b.display()
        }
        _ => false,
    }
}
