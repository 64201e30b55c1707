//! Strings: trimming, cutting, case, quoting, indenting.

use super::args::{Args, Chapter, Outcome, fail, func, string};
use super::host::with_rng;
use super::limits::{check_items, check_text};
use super::print::{sprint, strval};
use super::{bytes, unicode, words, wrapping};
use crate::gotemplate::Type::{Any, Int, Str};
use crate::gotemplate::{FuncError, GoStr, Scope, Value, runes, strconv};

/// Longer cutsets for longer texts serve nobody.
const LONG_CUTSET: usize = 100_000;

pub(super) static FUNCTIONS: Chapter = &[
    ("abbrev", func!([Int, Str], |_, a| string(wrapping::abbrev(a.int(0), a.bytes(1))))),
    ("abbrevboth", func!([Int, Int, Str], |_, a| string(wrapping::abbrev_both(a.int(0), a.int(1), a.bytes(2))))),
    ("camelcase", func!([Str], |_, a| string(words::pascal_case(&a.text(0))))),
    ("cat", func!([], ..Any, |_, a| string(quoted(a, |v| sprint(v).as_bytes().to_vec())?))),
    ("contains", func!([Str, Str], |_, a| Ok(bytes::contains(a.bytes(1), a.bytes(0)).into()))),
    ("hasPrefix", func!([Str, Str], |_, a| Ok(a.bytes(1).starts_with(a.bytes(0)).into()))),
    ("hasSuffix", func!([Str, Str], |_, a| Ok(a.bytes(1).ends_with(a.bytes(0)).into()))),
    ("indent", func!([Int, Str], |_, a| string(indent(a, false)?))),
    ("initials", func!([Str], |_, a| string(initials(a.bytes(0))))),
    ("kebabcase", func!([Str], |_, a| string(words::separated(a.bytes(0), '-')))),
    ("lower", func!([Str], |_, a| string(map_runes(a, <[u8]>::to_ascii_lowercase, unicode::to_lower)))),
    ("nindent", func!([Int, Str], |_, a| string(indent(a, true)?))),
    ("nospace", func!([Str], |_, a| string(nospace(a.bytes(0))))),
    ("plural", func!([Str, Str, Int], |_, a| Ok(a.any(usize::from(a.int(2) != 1)).clone()))),
    ("quote", func!([], ..Any, |_, a| string(quoted(a, |v| strconv::quote(strval(v).as_bytes()).into())?))),
    ("repeat", func!([Int, Str], |_, a| string(bytes::repeat(a.bytes(1), a.int(0))?))),
    ("replace", func!([Str, Str, Str], |_, a| string(bytes::replace_all(a.bytes(2), a.bytes(0), a.bytes(1))?))),
    ("shuffle", func!([Str], |scope, a| shuffle(scope, &a.text(0)))),
    ("snakecase", func!([Str], |_, a| string(words::separated(a.bytes(0), '_')))),
    ("squote", func!([], ..Any, |_, a| string(quoted(a, |v| [b"'", sprint(v).as_bytes(), b"'"].concat())?))),
    ("substr", func!([Int, Int, Str], |_, a| substring(a.int(0), a.int(1), a.bytes(2)))),
    ("swapcase", func!([Str], |_, a| string(swap_case(&a.text(0))))),
    ("title", func!([Str], |_, a| string(title(&a.text(0))))),
    ("trim", func!([Str], |_, a| string(bytes::trim_where(a.bytes(0), unicode::is_space)))),
    ("trimAll", func!([Str, Str], |scope, a| trim_all(scope, a))),
    ("trimPrefix", func!([Str, Str], |_, a| string(a.bytes(1).strip_prefix(a.bytes(0)).unwrap_or(a.bytes(1))))),
    ("trimSuffix", func!([Str, Str], |_, a| string(a.bytes(1).strip_suffix(a.bytes(0)).unwrap_or(a.bytes(1))))),
    ("trimall", func!([Str, Str], |scope, a| trim_all(scope, a))),
    ("trunc", func!([Int, Str], |_, a| string(trunc(a.int(0), a.bytes(1))))),
    ("untitle", func!([Str], |_, a| string(untitle(&a.text(0))))),
    ("upper", func!([Str], |_, a| string(map_runes(a, <[u8]>::to_ascii_uppercase, unicode::to_upper)))),
    ("wrap", func!([Int, Str], |_, a| string(wrapping::wrap(a.bytes(1), a.int(0), b"", false)?))),
    ("wrapWith", func!([Int, Str, Str], |_, a| string(wrapping::wrap(a.bytes(2), a.int(0), a.bytes(1), true)?))),
];

/// Every character is looked for in the cutset.
fn trim_all(scope: &mut dyn Scope, args: &[Value]) -> Outcome {
    let (cutset, text) = (args.bytes(0), args.bytes(1));
    if cutset.len() > LONG_CUTSET && text.len() > LONG_CUTSET {
        return fail(format!("a cutset of {} bytes is too long", cutset.len()));
    }
    scope.work(cutset.len().saturating_mul(text.len()))?;
    string(bytes::trim(text, cutset))
}

/// Applies a case mapping to the only argument, the first one if it is ASCII.
fn map_runes(args: &[Value], map_ascii: fn(&[u8]) -> Vec<u8>, map: fn(char) -> char) -> GoStr {
    let text = args.bytes(0);
    if text.is_ascii() { map_ascii(text).into() } else { args.text(0).chars().map(map).collect::<String>().into() }
}

/// All values that are not nil, each written by `write`, separated by blanks.
fn quoted(args: &[Value], write: impl Fn(&Value) -> Vec<u8>) -> Result<Vec<u8>, FuncError> {
    let mut out = Vec::new();
    for (at, value) in args.iter().filter(|value| !value.is_nil()).enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        out.extend(write(value));
        check_text(out.len())?;
    }
    Ok(out)
}

/// `indent` and, with a line break before, `nindent`.
fn indent(args: &[Value], line_break: bool) -> Result<Vec<u8>, FuncError> {
    let pad = bytes::repeat(b" ", args.int(0))?;
    let text = args.bytes(1);
    let breaks = memchr::memchr_iter(b'\n', text).count();
    let size = (breaks + 1).saturating_mul(pad.len()).saturating_add(text.len() + 1);
    check_text(size)?;
    let mut out = Vec::with_capacity(size);
    if line_break {
        out.push(b'\n');
    }
    out.extend_from_slice(&pad);
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        out.extend_from_slice(line);
        if line.ends_with(b"\n") {
            out.extend_from_slice(&pad);
        }
    }
    Ok(out)
}

/// The first byte of each word. Works on bytes taken for Latin-1 characters, as the original does.
fn initials(s: &[u8]) -> String {
    let mut out = String::new();
    let mut after_gap = true;
    for &byte in s {
        let rune = char::from(byte);
        if unicode::is_space(rune) {
            after_gap = true;
        } else if after_gap {
            out.push(rune);
            after_gap = false;
        }
    }
    out
}

/// Deletes white space, byte by byte as [`initials`]: if there is any, characters beyond ASCII are garbled, as in Go.
fn nospace(s: &[u8]) -> GoStr {
    let kept: String = s.iter().map(|&byte| char::from(byte)).filter(|&rune| !unicode::is_space(rune)).collect();
    if kept.chars().count() == s.len() { s.into() } else { kept.into() }
}

/// `s[start:end]` with the original's rules for negative and too big bounds.
fn substring(start: i64, end: i64, s: &[u8]) -> Outcome {
    let length = s.len() as i64;
    if start < 0 {
        return if end < 0 {
            fail(format!("runtime error: slice bounds out of range [:{end}]"))
        } else if end > length {
            fail(format!("runtime error: slice bounds out of range [:{end}] with length {length}"))
        } else {
            string(&s[..end as usize])
        };
    }
    if end < 0 || end > length {
        return if start > length {
            fail(format!("runtime error: slice bounds out of range [{start}:{length}]"))
        } else {
            string(&s[start as usize..])
        };
    }
    if start > end {
        return fail(format!("runtime error: slice bounds out of range [{start}:{end}]"));
    }
    string(&s[start as usize..end as usize])
}

/// The first `count` bytes, or the last when it is negative.
fn trunc(count: i64, s: &[u8]) -> &[u8] {
    let length = s.len() as i64;
    if count < 0 && length.saturating_add(count) > 0 {
        &s[(length + count) as usize..]
    } else if (0..length).contains(&count) {
        &s[..count as usize]
    } else {
        s
    }
}

/// Go's old `strings.Title`: capitalizes what follows a separator.
fn title(s: &str) -> String {
    let separates = |rune: char| match rune {
        '0'..='9' | 'a'..='z' | 'A'..='Z' | '_' => false,
        _ if rune.is_ascii() => true,
        _ => !runes::is_letter(rune) && !runes::is_digit(rune) && unicode::is_space(rune),
    };
    let mut previous = ' ';
    s.chars()
        .map(|rune| {
            let mapped = if separates(previous) { unicode::to_title(rune) } else { rune };
            previous = rune;
            mapped
        })
        .collect()
}

/// Makes the first letter of each word small.
fn untitle(s: &str) -> String {
    let mut at_start = true;
    s.chars()
        .map(|rune| {
            if unicode::is_space(rune) {
                at_start = true;
                rune
            } else if std::mem::take(&mut at_start) {
                unicode::to_lower(rune)
            } else {
                rune
            }
        })
        .collect()
}

/// Swaps upper and lower case; a small letter at the start of a word becomes title case.
fn swap_case(s: &str) -> String {
    let mut after_space = true;
    s.chars()
        .map(|rune| {
            if unicode::is_upper(rune) || unicode::is_title(rune) {
                after_space = false;
                unicode::to_lower(rune)
            } else if unicode::is_lower(rune) {
                if std::mem::take(&mut after_space) { unicode::to_title(rune) } else { unicode::to_upper(rune) }
            } else {
                after_space = unicode::is_space(rune);
                rune
            }
        })
        .collect()
}

/// The runes in random order.
fn shuffle(scope: &mut dyn Scope, s: &str) -> Outcome {
    let mut runes: Vec<char> = s.chars().collect();
    check_items(runes.len())?;
    let shuffled = with_rng(scope, |rng| {
        for index in (1..runes.len()).rev() {
            runes.swap(index, rng.below(index as u64 + 1)? as usize);
        }
        Ok::<_, String>(runes.into_iter().collect::<String>())
    });
    match shuffled {
        Ok(text) => string(text),
        Err(error) => fail(error),
    }
}
