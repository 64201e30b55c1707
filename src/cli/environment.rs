//! The environment as sprig's `env` and `expandenv` show it: to a `--name-template`, never to charts.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use crate::gotemplate::{Func, FuncError, GoStr, Type, Value};

/// `env` and `expandenv`.
pub static FUNCTIONS: [(&str, Func); 2] = {
    const TEXT: &[Type] = &[Type::Str];
    [
        ("env", Func { params: TEXT, variadic: None, body: |_, a| Ok(Value::str(variable(text(&a[0])?))) }),
        (
            "expandenv",
            Func { params: TEXT, variadic: None, body: |_, a| Ok(Value::str(expand(text(&a[0])?, variable))) },
        ),
    ]
};

fn text(value: &Value) -> Result<&[u8], FuncError> {
    value.as_str().map(GoStr::as_bytes).ok_or_else(|| FuncError::new("not a string"))
}

/// Nothing for a variable that is not set.
fn variable(name: &[u8]) -> Vec<u8> {
    std::env::var_os(OsStr::from_bytes(name)).unwrap_or_default().into_vec()
}

/// Go's `os.Expand`: `$NAME` and `${NAME}`.
fn expand(text: &[u8], value: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'$' || after.is_empty() {
            out.push(byte);
            continue;
        }
        let (name, length) = shell_name(after);
        rest = &after[length..];
        match name {
            // Braces around no name go; a dollar sign before something else stays.
            b"" if length > 0 => {}
            b"" => out.push(b'$'),
            name => out.extend(value(name)),
        }
    }
    out
}

/// The name that a text begins with, and how much of the text says it.
fn shell_name(text: &[u8]) -> (&[u8], usize) {
    let is_special = |byte: u8| byte.is_ascii_digit() || b"*#$@!?-".contains(&byte);
    match text {
        [b'{', special, b'}', ..] if is_special(*special) => (&text[1..2], 3),
        [b'{', inner @ ..] => match inner.iter().position(|&byte| byte == b'}') {
            Some(end) => (&inner[..end], end + 2),
            None => (b"", 1),
        },
        [special, ..] if is_special(*special) => (&text[..1], 1),
        _ => {
            let length = text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
            (&text[..length], length)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cases of Go's own test of `os.Expand`.
    #[test]
    fn variables_are_expanded_as_in_go() {
        let value = |name: &[u8]| match name {
            b"*" => b"all the args".to_vec(),
            b"1" => b"ARGUMENT1".to_vec(),
            b"HOME" => b"/usr/gopher".to_vec(),
            b"H" => b"(Value of H)".to_vec(),
            b"home_1" => b"/usr/foo".to_vec(),
            _ => Vec::new(),
        };
        for (text, expected) in [
            ("", ""),
            ("$*", "all the args"),
            ("${*}", "all the args"),
            ("$1${1}now is the time", "ARGUMENT1ARGUMENT1now is the time"),
            ("${HOME}", "/usr/gopher"),
            ("${H}OME", "(Value of H)OME"),
            ("A$HOME-", "A/usr/gopher-"),
            ("start$+middle$^end$", "start$+middle$^end$"),
            ("mixed$|bag$$$", "mixed$|bag$"),
            ("$", "$"),
            ("$}", "$}"),
            ("${", ""),
            ("${}", ""),
            ("${home_1}$nothing", "/usr/foo"),
        ] {
            assert_eq!(String::from_utf8_lossy(&expand(text.as_bytes(), value)), expected, "{text}");
        }
    }
}
