//! Go's `fmt` for template values: the verbs of `printf`, and what `print`, `println` and `{{ }}` write.

mod duration;
mod format;
mod printer;
mod verbs;

pub use duration::duration_string;

use std::io::Write;

use super::value::{IntKind, Value};
use printer::Printer;

/// Appends what `%v` writes: the output of an action.
pub fn append_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Str(s) => out.extend_from_slice(s.as_bytes()),
        Value::Bool(b) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
        Value::Int(i, kind) if *kind != IntKind::Duration => append_int(out, *i),
        // Larger ones have an exponent.
        Value::Float(f) if f.trunc() == *f && f.abs() < 1e6 && (*f != 0.0 || f.is_sign_positive()) => {
            append_int(out, *f as i64);
        }
        value => Printer::new(out).argument(value, 'v'),
    }
}

fn append_int(out: &mut Vec<u8>, i: i64) {
    // Writing to a vector cannot fail.
    let _ = write!(out, "{i}");
}

/// `%v` of a value as text, for messages.
pub fn to_string(value: &Value) -> String {
    let mut out = Vec::new();
    append_value(&mut out, value);
    String::from_utf8_lossy(&out).into_owned()
}

/// `fmt.Sprint`: the values as `%v`, a space between two that are not strings.
pub fn sprint(args: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    append_print(&mut out, args);
    out
}

/// Appends [`sprint`].
pub fn append_print(out: &mut Vec<u8>, args: &[Value]) {
    let mut previous_is_string = true;
    for arg in args {
        let is_string = arg.kind_name() == "string";
        if !is_string && !previous_is_string {
            out.push(b' ');
        }
        append_value(out, arg);
        previous_is_string = is_string;
    }
}

/// `fmt.Sprintln`: the values as `%v`, spaces between all, a line feed at the end.
pub fn sprintln(args: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    for (i, arg) in args.iter().enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        append_value(&mut out, arg);
    }
    out.push(b'\n');
    out
}

/// `fmt.Sprintf`.
pub fn sprintf(format: &[u8], args: &[Value]) -> Vec<u8> {
    let mut out = Vec::with_capacity(format.len() + 16);
    verbs::append_format(&mut out, format, args);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gotemplate::{MapKind, UintKind};

    fn f(format: &str, args: &[Value]) -> String {
        String::from_utf8(sprintf(format.as_bytes(), args)).unwrap()
    }

    #[test]
    fn prints_every_kind_as_go_does() {
        let list = Value::list(vec![Value::Nil, Value::int(1), "a".into(), Value::Float(1e6)]);
        assert_eq!(f("%v", &[list.clone()]), "[<nil> 1 a 1e+06]");
        assert_eq!(f("%#v", &[list]), "[]interface {}{interface {}(nil), 1, \"a\", 1e+06}");
        let map = Value::map_of(MapKind::Values, [("b", Value::Bool(true)), ("a", Value::strings(["x"]))]);
        assert_eq!(f("%v", &[map.clone()]), "map[a:[x] b:true]");
        assert_eq!(f("%T", &[map]), "common.Values");
        assert_eq!(f("%v %s", &[Value::Bytes(vec![1, 65].into()), Value::Bytes(vec![65].into())]), "[1 65] A");
        assert_eq!(f("%v", &[Value::Complex((1.0, -2.0).into())]), "(1-2i)");
    }

    #[test]
    fn honours_width_precision_and_flags() {
        assert_eq!(f("%5d|%-5d|%05d|%+d|% d", &[1, 2, 3, 4, 5].map(Value::int)), "    1|2    |00003|+4| 5");
        assert_eq!(f("%.2f|%8.3f|%e", &[1.005, 3.14159, 1e6].map(Value::Float)), "1.00|   3.142|1.000000e+06");
        assert_eq!(f("%.3s|%5s|%-5s|", &["abcdef".into(), "é".into(), "x".into()]), "abc|    é|x    |");
        assert_eq!(
            f("%#x|%X|%#o|%b|%c|%U", &[255, 255, 8, 5, 0x4E16, 0x4E16].map(Value::int)),
            "0xff|FF|010|101|世|U+4E16"
        );
        assert_eq!(
            f("%x|% x|%q|%#q", &["hi".into(), "hi".into(), "a\n".into(), "a".into()]),
            "6869|68 69|\"a\\n\"|`a`"
        );
        assert_eq!(f("%#v", &[Value::Uint(10, UintKind::Uint8)]), "0xa");
        assert_eq!(f("%[1]*.[2]*[3]f", &[Value::int(12), Value::int(2), Value::Float(6.0)]), "        6.00");
    }

    #[test]
    fn reports_misuse_in_the_output() {
        assert_eq!(f("%d", &["x".into()]), "%!d(string=x)");
        assert_eq!(f("%d", &[Value::Nil]), "%!d(<nil>)");
        assert_eq!(f("%d %d", &[Value::int(1)]), "1 %!d(MISSING)");
        assert_eq!(f("%d", &[Value::int(1), "y".into()]), "1%!(EXTRA string=y)");
        assert_eq!(f("%[5]v", &[Value::int(1)]), "%!v(BADINDEX)");
        assert_eq!(f("%*d", &["a".into(), Value::int(1)]), "%!(BADWIDTH)1");
        assert_eq!(f("%", &[]), "%!(NOVERB)");
        assert_eq!(f("%z", &[Value::list(vec![Value::int(1)])]), "[%!z(int=1)]");
    }

    #[test]
    fn separates_only_what_is_not_a_string() {
        assert_eq!(sprint(&[Value::int(1), Value::int(2), "a".into(), Value::int(3), Value::Nil]), b"1 2a3 <nil>");
        assert_eq!(sprintln(&["a".into(), Value::int(1)]), b"a 1\n");
    }
}
