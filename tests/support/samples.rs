//! Values of every type.

use std::rc::Rc;

use vulas_native::gotemplate::{Entries, IntKind, List, ListKind, Map, MapKind, UintKind, Value};

fn nil_map() -> Value {
    let mut map = Map::new(MapKind::Any, Entries::new());
    map.nil = true;
    Value::Map(Rc::new(map))
}

fn nil_list() -> Value {
    Value::List(Rc::new(List::nil(ListKind::Any)))
}

/// Data with a value of every type.
pub fn data() -> Value {
    let deep = Value::map([("y", Value::map([("z", Value::str("deep"))])), ("n", Value::Nil), ("i", Value::int(3))]);
    Value::map([
        ("a", Value::int(1)),
        ("s", Value::str("a<b>&'c\" \u{e9}")),
        ("e", Value::str("")),
        ("m", deep),
        ("l", Value::list(vec![Value::int(1), "two".into(), Value::Nil, Value::list(vec![Value::int(3)])])),
        ("z", Value::Nil),
        ("f", Value::Float(1.5)),
        ("big", Value::Float(1e6)),
        ("t", Value::Bool(true)),
        ("u", Value::Uint(7, UintKind::Uint)),
        ("i64", Value::int64(-9)),
        ("strs", Value::strings(["x", "yy"])),
        ("sm", Value::map_of(MapKind::Str, [("k", Value::str("v"))])),
        ("b", Value::Bytes(vec![104, 105].into())),
        // Templates range over it.
        ("d", Value::Int(90, IntKind::Duration)),
        ("nl", nil_list()),
        ("nm", nil_map()),
        ("c", Value::Complex((1.5, -1.5).into())),
        ("ms", Value::list_of(ListKind::MapOfAny, vec![Value::map([("q", Value::int(1))])])),
        ("ll", Value::list_of(ListKind::ListOfAny, vec![Value::list(vec![Value::Nil, "w".into()])])),
        ("X", Value::str("x")),
        ("SI", Value::list_of(ListKind::Int, vec![Value::int(3), Value::int(4), Value::int(5)])),
    ])
}

/// One value of every kind, and some at the limits.
pub fn samples() -> Vec<Value> {
    let mut samples: Vec<Value> =
        [0, 1, -1, 42, 255, 0x0010_FFFF, 0x0020_0000, 0xD800, i64::MAX, i64::MIN].map(Value::int).into();
    samples.extend(
        [0.0, -0.0, 1.0, -1.5, 1e6, 1e20, 1e21, 1e-5, 123_456_789.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 0.1]
            .map(Value::Float),
    );
    samples.extend(["", "abc", "h\u{e9}llo w\u{f6}rld \u{65e5}", "a`b\"c'\n\t", "\u{feff}\u{1F600}"].map(Value::str));
    samples.push(Value::str(&b"bad\xff\xc3"[..]));
    let all = data();
    let map = all.as_map().unwrap();
    samples.extend(map.borrow().values().cloned());
    samples.push(Value::Uint(u64::MAX, UintKind::Uint64));
    samples.push(Value::Int(-5, IntKind::Int8));
    samples.push(Value::Int(1_500_000_000, IntKind::Duration));
    samples.push(Value::Bytes(Vec::new().into()));
    samples
}
