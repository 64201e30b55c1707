//! Character classes.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

/// A range of characters; empty if there are only surrogates in it, which no text has.
pub(super) fn range(low: u32, high: u32) -> ClassUnicode {
    let low = if (0xD800..0xE000).contains(&low) { 0xE000 } else { low };
    let high = if (0xD800..0xE000).contains(&high) { 0xD7FF } else { high };
    match (char::from_u32(low), char::from_u32(high)) {
        (Some(low), Some(high)) if low <= high => ClassUnicode::new([ClassUnicodeRange::new(low, high)]),
        _ => ClassUnicode::empty(),
    }
}

fn of(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().map(|&(low, high)| ClassUnicodeRange::new(low, high)))
}

/// The class of a Perl escape: `\d`, `\s`, `\w`. They know ASCII only.
pub(super) fn perl(letter: u8) -> Option<ClassUnicode> {
    let mut class = match letter.to_ascii_lowercase() {
        b'd' => of(&[('0', '9')]),
        b's' => of(&[('\t', '\n'), ('\x0C', '\r'), (' ', ' ')]),
        b'w' => of(&[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
        _ => return None,
    };
    if letter.is_ascii_uppercase() {
        class.negate();
    }
    Some(class)
}

/// The class of a POSIX name, `alpha` of `[:alpha:]`.
pub(super) fn posix(name: &str) -> Option<ClassUnicode> {
    Some(match name {
        "alnum" => of(&[('0', '9'), ('A', 'Z'), ('a', 'z')]),
        "alpha" => of(&[('A', 'Z'), ('a', 'z')]),
        "ascii" => of(&[('\0', '\x7F')]),
        "blank" => of(&[('\t', '\t'), (' ', ' ')]),
        "cntrl" => of(&[('\0', '\x1F'), ('\x7F', '\x7F')]),
        "digit" => of(&[('0', '9')]),
        "graph" => of(&[('!', '~')]),
        "lower" => of(&[('a', 'z')]),
        "print" => of(&[(' ', '~')]),
        "punct" => of(&[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
        "space" => of(&[('\t', '\r'), (' ', ' ')]),
        "upper" => of(&[('A', 'Z')]),
        "word" => of(&[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
        "xdigit" => of(&[('0', '9'), ('A', 'F'), ('a', 'f')]),
        _ => return None,
    })
}

/// The class of a general category or script; other properties are unknown to Go.
pub(super) fn unicode(name: &str) -> Option<ClassUnicode> {
    if name.is_empty() || name.contains(['=', ':', '}', '\\']) {
        return None;
    }
    let lookup = |kind: &str| match regex_syntax::parse(&format!(r"\p{{{kind}={name}}}")).ok()?.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        // A class of one character is optimised to a literal.
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            Some(of(&text.chars().map(|rune| (rune, rune)).collect::<Vec<_>>()))
        }
        _ => None,
    };
    if name.eq_ignore_ascii_case("any") {
        return Some(of(&[('\0', char::MAX)]));
    }
    lookup("gc").or_else(|| lookup("sc"))
}

/// Adds what differs only in case.
pub(super) fn fold(class: &mut ClassUnicode) {
    // It fails only if the library was built without its case tables: then nothing is added.
    let _ = class.try_case_fold_simple();
}
