//! Which style a scalar is written in.

use super::chars::{self, BLANK, break_len};
use super::resolve::{Dialect, Meaning, old_bool, resolve};

/// The styles of scalars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As it is.
    Plain,
    /// `'...'`
    SingleQuoted,
    /// `"..."`
    DoubleQuoted,
    /// `|`
    Literal,
}

/// Whether a text is made of letters, digits and `_./-` only, begins with a letter and means nothing but itself: what most
/// scalars are.
pub fn is_simple(text: &[u8]) -> bool {
    const SIMPLE: [bool; 256] = {
        let mut table = [false; 256];
        let mut i = 0usize;
        while i < 256 {
            table[i] = matches!(i as u8, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'/' | b'-');
            i += 1;
        }
        table
    };
    match text.first() {
        Some(first) if first.is_ascii_alphabetic() => {
            text.iter().all(|b| SIMPLE[*b as usize])
                && (text.len() > 5
                    || !matches!(first | 0x20, b'y' | b'n' | b't' | b'f' | b'o')
                    || (resolve(text, Dialect::V2) == Meaning::Str))
        }
        _ => false,
    }
}

/// Whether the character that starts the slice can be written as it is.
pub fn is_printable(s: &[u8]) -> bool {
    match *s {
        [0xC2, second, ..] => second >= 0xA0,
        [0xED, second, ..] => second < 0xA0,
        [] | [0xEF, 0xBB, 0xBF, ..] | [0xEF, 0xBF, 0xBE | 0xBF, ..] => false,
        [first, ..] => matches!(first, b'\n' | 0x20..=0x7E | 0xC3..=0xEF),
    }
}

/// What stands in a text, as far as it matters for its style.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about the text")]
struct Analysis {
    indicators: bool,
    line_breaks: bool,
    special: bool,
    tabs: bool,
    leading_blank: bool,
    trailing_space: bool,
    trailing_break: bool,
    /// A space after a line break.
    break_space: bool,
    /// A line break after a space.
    space_break: bool,
}

/// Printable ASCII that decides nothing about the style once a text has begun.
static QUIET: [bool; 256] = {
    let mut table = [false; 256];
    let mut i = b'!' as usize;
    while i < 0x7F {
        table[i] = !matches!(i as u8, b'#' | b':');
        i += 1;
    }
    table
};

fn analyze(text: &[u8], dialect: Dialect) -> Analysis {
    let mut found =
        Analysis { indicators: text.starts_with(b"---") || text.starts_with(b"..."), ..Analysis::default() };
    let (mut after_whitespace, mut after_space, mut after_break) = (true, false, false);
    let mut i = 0;
    while i < text.len() {
        let rest = &text[i..];
        let byte = rest[0];
        if i > 0 && QUIET[byte as usize] {
            // Nothing depends on these but what stands before them.
            i += rest.iter().take_while(|b| QUIET[**b as usize]).count();
            (after_whitespace, after_space, after_break) = (false, false, false);
            continue;
        }
        let width = chars::width(byte).max(1);
        let before_blank = rest.get(width).is_none_or(|b| chars::is(*b, BLANK));
        found.indicators |= match byte {
            b'#' if i > 0 => after_whitespace,
            b'#' | b',' | b'[' | b']' | b'{' | b'}' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%' | b'@'
            | b'`' => i == 0,
            b'?' | b'-' => i == 0 && before_blank,
            b':' => before_blank,
            _ => false,
        };
        if byte == b'\t' && dialect == Dialect::V3 {
            found.tabs = true;
        } else if !is_printable(rest) {
            found.special = true;
        }
        let breaks = break_len(rest) > 0;
        let last = i + width == text.len();
        if byte == b' ' {
            found.leading_blank |= i == 0;
            found.trailing_space |= last;
            found.break_space |= after_break;
        } else if breaks {
            found.line_breaks = true;
            found.leading_blank |= i == 0;
            found.trailing_break |= last;
            found.space_break |= after_space;
        }
        after_space = byte == b' ';
        after_break = breaks;
        after_whitespace = breaks || chars::is(byte, BLANK);
        i += width;
    }
    found
}

/// The style of a text, and whether it has line breaks.
pub fn choose(text: &[u8], dialect: Dialect, simple_key: bool, tagged: bool) -> (Style, bool) {
    let found = analyze(text, dialect);
    let plain_allowed = !(found.leading_blank
        || found.trailing_space
        || found.trailing_break
        || found.break_space
        || found.space_break
        || found.special
        || found.tabs
        || found.line_breaks
        || found.indicators);
    let single_allowed = !(found.break_space || found.space_break || found.special || found.tabs);
    let block_allowed = !(text.is_empty() || found.trailing_space || found.space_break || found.special);
    let mut style = if text.contains(&b'\n') {
        Style::Literal
    } else if tagged || means_itself(text, dialect) {
        Style::Plain
    } else {
        Style::DoubleQuoted
    };
    if simple_key && found.line_breaks {
        style = Style::DoubleQuoted;
    }
    if style == Style::Plain && (!plain_allowed || (text.is_empty() && simple_key)) {
        style = if single_allowed { Style::SingleQuoted } else { Style::DoubleQuoted };
    }
    if style == Style::Literal && (!block_allowed || simple_key) {
        style = Style::DoubleQuoted;
    }
    (style, found.line_breaks)
}

/// Whether a plain text is read back as a string, also by older parsers.
fn means_itself(text: &[u8], dialect: Dialect) -> bool {
    resolve(text, dialect) == Meaning::Str
        && !is_base60_float(text)
        && (dialect == Dialect::V2 || old_bool(text).is_none())
}

/// Numbers such as `1:30`, which YAML 1.1 reads as sexagesimal.
fn is_base60_float(text: &[u8]) -> bool {
    let unsigned = match text {
        [b'+' | b'-', tail @ ..] => tail,
        _ => text,
    };
    if !unsigned.first().is_some_and(u8::is_ascii_digit) {
        return false;
    }
    let count = |s: &[u8]| s.iter().take_while(|b| b.is_ascii_digit() || **b == b'_').count();
    let mut rest = &unsigned[count(unsigned)..];
    let mut parts = 0;
    while let [b':', tail @ ..] = rest {
        rest = match tail {
            [b'0'..=b'5', b'0'..=b'9', tail @ ..] | [b'0'..=b'9', tail @ ..] => tail,
            _ => return false,
        };
        parts += 1;
    }
    if let [b'.', tail @ ..] = rest {
        rest = &tail[count(tail)..];
    }
    parts > 0 && rest.is_empty()
}
