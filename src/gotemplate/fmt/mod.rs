//! Go's `fmt` for template values: the verbs of `printf`, and what `print`, `println` and `{{ }}` write.

mod duration;
mod format;
mod named;
mod printer;
mod verbs;

pub use duration::{duration_string, round_duration};
pub use named::{MONTHS, WEEK_DAYS, number_name};

use super::value::Value;
use printer::Printer;

/// Why values cannot be printed; Go would run out of stack or memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unprintable {
    /// A value holds itself, most likely.
    #[error("a value is nested more than {} levels deep: it seems to hold itself", printer::MAX_NESTING)]
    TooDeep,
    /// There is too much of it.
    #[error("the text is too long (at most {} bytes)", printer::MAX_TEXT)]
    TooLong,
}

/// What prints: `print`, `println` or `printf`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style<'a> {
    /// As `%v`, a space between two values that are not strings.
    Print,
    /// As `%v`, spaces between all values, a line feed at the end.
    Println,
    /// By a format string.
    Printf(&'a [u8]),
}

/// Appends values in a style.
///
/// # Errors
/// See [`Unprintable`]. What is appended then is of no use.
pub fn append(out: &mut Vec<u8>, style: Style<'_>, args: &[Value]) -> Result<(), Unprintable> {
    let mut printer = Printer::new(out);
    match style {
        Style::Print => {
            let mut previous_is_string = true;
            for arg in args {
                let is_string = arg.kind_name() == "string";
                if !is_string && !previous_is_string {
                    printer.out.push(b' ');
                }
                printer.plain(arg);
                previous_is_string = is_string;
            }
        }
        Style::Println => {
            for (i, arg) in args.iter().enumerate() {
                if i > 0 {
                    printer.out.push(b' ');
                }
                printer.plain(arg);
            }
            printer.out.push(b'\n');
        }
        Style::Printf(format) => verbs::append_format(&mut printer, format, args),
    }
    printer.failed.map_or(Ok(()), Err)
}

/// Appends what `%v` writes, as [`sprint`].
pub fn append_value(out: &mut Vec<u8>, value: &Value) {
    let start = out.len();
    if let Err(error) = append(out, Style::Print, std::slice::from_ref(value)) {
        out.truncate(start);
        out.extend_from_slice(error.to_string().as_bytes());
    }
}

/// `%v` of a value as text, for messages.
pub fn to_string(value: &Value) -> String {
    String::from_utf8_lossy(&sprint(std::slice::from_ref(value))).into_owned()
}

fn text(style: Style<'_>, args: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    if let Err(error) = append(&mut out, style, args) {
        return error.to_string().into_bytes();
    }
    out
}

/// `fmt.Sprint`. A value that holds itself gives a text that says so.
pub fn sprint(args: &[Value]) -> Vec<u8> {
    text(Style::Print, args)
}

/// `fmt.Sprintln`, otherwise as [`sprint`].
pub fn sprintln(args: &[Value]) -> Vec<u8> {
    text(Style::Println, args)
}

/// `fmt.Sprintf`, otherwise as [`sprint`].
pub fn sprintf(format: &[u8], args: &[Value]) -> Vec<u8> {
    text(Style::Printf(format), args)
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
        assert_eq!(f("%.2f|%8.3f|%e", &[1.005, 2.5, 1e6].map(Value::Float)), "1.00|   2.500|1.000000e+06");
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
    fn a_value_that_holds_itself_is_refused() {
        let map = Value::map([("a", Value::Nil)]);
        map.as_map().unwrap().insert("a", map.clone());
        map.as_map().unwrap().insert("b", map.clone());
        assert_eq!(append(&mut Vec::new(), Style::Print, &[map.clone()]), Err(Unprintable::TooDeep));
        map.as_map().unwrap().borrow_mut().clear();
    }

    #[test]
    fn values_may_be_nested_as_deeply_as_memory_allows() {
        let deep = (0..500_000).fold(Value::Nil, |inner, _| Value::list(vec![Value::map([("k", inner)])]));
        assert_eq!(append(&mut Vec::new(), Style::Print, &[deep.clone()]), Err(Unprintable::TooDeep));
        drop(deep);
    }

    #[test]
    fn separates_only_what_is_not_a_string() {
        assert_eq!(sprint(&[Value::int(1), Value::int(2), "a".into(), Value::int(3), Value::Nil]), b"1 2a3 <nil>");
        assert_eq!(sprintln(&["a".into(), Value::int(1)]), b"a 1\n");
    }
}
