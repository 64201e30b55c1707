//! Go's `unicode` package: categories and the one-to-one case mappings (Rust's mappings may give several characters).

use std::sync::OnceLock;

use regex_syntax::hir::{Class, HirKind};

/// A Unicode general category as sorted ranges.
struct Category {
    name: &'static str,
    ranges: OnceLock<Vec<(char, char)>>,
}

impl Category {
    const fn new(name: &'static str) -> Self {
        Self { name, ranges: OnceLock::new() }
    }

    fn contains(&self, rune: char) -> bool {
        let ranges = self.ranges.get_or_init(|| category_ranges(self.name));
        ranges
            .binary_search_by(|&(low, high)| {
                if rune < low {
                    std::cmp::Ordering::Greater
                } else if rune > high {
                    std::cmp::Ordering::Less
                } else {
                    std::cmp::Ordering::Equal
                }
            })
            .is_ok()
    }
}

/// The ranges of a property of the regex library's tables; empty for a name that it does not know.
fn category_ranges(name: &str) -> Vec<(char, char)> {
    let Ok(hir) = regex_syntax::parse(&format!(r"\p{{{name}}}")) else { return Vec::new() };
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => class.iter().map(|range| (range.start(), range.end())).collect(),
        _ => Vec::new(),
    }
}

/// `unicode.IsNumber`
pub(super) fn is_number(rune: char) -> bool {
    static NUMBER: Category = Category::new("N");
    if rune.is_ascii() { rune.is_ascii_digit() } else { NUMBER.contains(rune) }
}

/// `unicode.IsPunct`; ASCII symbols such as `+` and `$` are none.
pub(super) fn is_punct(rune: char) -> bool {
    static PUNCT: Category = Category::new("P");
    if rune.is_ascii() {
        rune.is_ascii_punctuation() && !matches!(rune, '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~')
    } else {
        PUNCT.contains(rune)
    }
}

/// `unicode.IsUpper`
pub(super) fn is_upper(rune: char) -> bool {
    static UPPER: Category = Category::new("Lu");
    if rune.is_ascii() { rune.is_ascii_uppercase() } else { UPPER.contains(rune) }
}

/// `unicode.IsLower`
pub(super) fn is_lower(rune: char) -> bool {
    static LOWER: Category = Category::new("Ll");
    if rune.is_ascii() { rune.is_ascii_lowercase() } else { LOWER.contains(rune) }
}

/// `unicode.IsTitle`
pub(super) fn is_title(rune: char) -> bool {
    static TITLE: Category = Category::new("Lt");
    !rune.is_ascii() && TITLE.contains(rune)
}

/// `unicode.IsSpace`
pub(super) fn is_space(rune: char) -> bool {
    rune.is_whitespace()
}

/// `unicode.ToUpper`
pub(super) fn to_upper(rune: char) -> char {
    let mut upper = rune.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(mapped), None) => mapped,
        // Greek with iota below: one character in Go, two in Rust.
        _ => match u32::from(rune) {
            c @ (0x1F80..=0x1F87 | 0x1F90..=0x1F97 | 0x1FA0..=0x1FA7) => char::from_u32(c + 8).unwrap_or(rune),
            c @ (0x1FB3 | 0x1FC3 | 0x1FF3) => char::from_u32(c + 9).unwrap_or(rune),
            _ => rune,
        },
    }
}

/// `unicode.ToLower`
pub(super) fn to_lower(rune: char) -> char {
    if rune == 'İ' {
        return 'i';
    }
    rune.to_lowercase().next().unwrap_or(rune)
}

/// `unicode.ToTitle`: the upper case but for the digraphs and Georgian.
pub(super) fn to_title(rune: char) -> char {
    match rune {
        'Ǆ'..='ǆ' => 'ǅ',
        'Ǉ'..='ǉ' => 'ǈ',
        'Ǌ'..='ǌ' => 'ǋ',
        'Ǳ'..='ǳ' => 'ǲ',
        '\u{10D0}'..='\u{10FA}' | '\u{10FD}'..='\u{10FF}' => rune,
        _ => to_upper(rune),
    }
}
