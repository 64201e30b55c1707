//! How matchers match, byte for byte as those of the library.

use super::{Fault, Steps};
use crate::gotemplate::runes::{decode_rune, rune_count, runes};

/// What matches a part of a name.
#[derive(Debug)]
pub(super) enum Matcher {
    Nothing,
    Text {
        text: Vec<u8>,
        runes: usize,
    },
    Any,
    Super,
    Single,
    List {
        chars: Vec<char>,
        not: bool,
    },
    Range {
        lo: char,
        hi: char,
        not: bool,
    },
    AnyOf(Vec<Matcher>),
    EveryOf(Vec<Matcher>),
    /// Several of known length, one after the other.
    Row {
        matchers: Vec<Matcher>,
        length: usize,
    },
    Tree(Box<Tree>),
    Contains {
        needle: Vec<u8>,
        not: bool,
    },
    Min(usize),
    Max(usize),
    Prefix(Vec<u8>),
    Suffix(Vec<u8>),
    /// Without a separator after the prefix.
    PrefixAny(Vec<u8>),
    SuffixAny(Vec<u8>),
    /// Both, which may overlap.
    PrefixSuffix(Vec<u8>, Vec<u8>),
}

/// A value, with what must be before and after it.
#[derive(Debug)]
pub(super) struct Tree {
    pub value: Matcher,
    pub left: Option<Matcher>,
    pub right: Option<Matcher>,
    length: Option<usize>,
    left_length: Option<usize>,
    right_length: Option<usize>,
}

impl Tree {
    pub fn new(value: Matcher, left: Option<Matcher>, right: Option<Matcher>) -> Self {
        let of = |side: &Option<Matcher>| side.as_ref().map_or(Some(0), Matcher::length);
        let (left_length, right_length) = (of(&left), of(&right));
        let length =
            value.length().zip(left_length).zip(right_length).map(|((value, left), right)| value + left + right);
        Self { value, left, right, length, left_length, right_length }
    }

    fn matches(&self, text: &[u8], steps: &mut Steps) -> Result<bool, Fault> {
        if self.length.is_some_and(|length| length > text.len()) {
            return Ok(false);
        }
        let side = |side: &Option<Matcher>, text: &[u8], steps: &mut Steps| match side {
            Some(matcher) => matcher.matches(text, steps),
            None => Ok(text.is_empty()),
        };
        // Runes are counted, and bytes are cut off: that is how the library does it.
        let mut offset = self.left_length.unwrap_or_default();
        let limit = text.len().saturating_sub(self.right_length.unwrap_or_default());
        while offset < limit {
            let Some((index, segments)) = self.value.index(&text[offset..limit], steps)? else { return Ok(false) };
            let at = offset + index;
            if side(&self.left, &text[..at], steps)? {
                for length in segments.iter().rev() {
                    let rest = text.get(at + length..).unwrap_or_default();
                    if side(&self.right, rest, steps)? {
                        return Ok(true);
                    }
                }
            }
            offset = at + decode_rune(&text[at..]).1;
        }
        Ok(false)
    }
}

/// Where a matcher matches, and all lengths that it may match there.
type Found = Option<(usize, Vec<usize>)>;

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() {
        return Some(0);
    }
    text.windows(needle.len()).position(|window| window == needle)
}

fn find_last(text: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() {
        return Some(text.len());
    }
    text.windows(needle.len()).rposition(|window| window == needle)
}

fn has_separator(text: &[u8]) -> bool {
    text.contains(&b'/')
}

fn until_separator(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == b'/').next().unwrap_or_default()
}

/// Before each rune and at the end, counted from an offset.
fn between_runes(text: &[u8], offset: usize) -> Vec<usize> {
    runes(text).map(|(at, _)| offset + at).chain([offset + text.len()]).collect()
}

/// After each rune, as long as it would be in UTF-8.
fn after_runes(text: &[u8]) -> impl Iterator<Item = usize> + '_ {
    runes(text).map(|(at, rune)| at + rune.len_utf8())
}

impl Matcher {
    pub fn text(text: String) -> Self {
        Self::text_of_bytes(text.into_bytes())
    }

    pub fn text_of_bytes(text: Vec<u8>) -> Self {
        Self::Text { runes: rune_count(&text), text }
    }

    /// How many runes it matches, if that is always the same.
    pub fn length(&self) -> Option<usize> {
        match self {
            Self::Nothing => Some(0),
            Self::Text { runes, .. } => Some(*runes),
            Self::Single | Self::List { .. } | Self::Range { .. } => Some(1),
            Self::Row { length, .. } => Some(*length),
            Self::Tree(tree) => tree.length,
            Self::AnyOf(all) => {
                let mut length = None;
                for matcher in all {
                    let own = matcher.length();
                    if length.is_none() {
                        // A first one of unknown length is forgotten.
                        length = own;
                    } else if own != length {
                        return None;
                    }
                }
                length
            }
            _ => None,
        }
    }

    /// Whether it takes a rune, of those that take a single one.
    fn takes(&self, rune: char) -> bool {
        match self {
            Self::Single => rune != '/',
            Self::List { chars, not } => chars.contains(&rune) != *not,
            Self::Range { lo, hi, not } => (*lo..=*hi).contains(&rune) != *not,
            _ => false,
        }
    }

    /// Whether it matches all of a text.
    pub fn matches(&self, text: &[u8], steps: &mut Steps) -> Result<bool, Fault> {
        steps.take(text.len() / 8 + 1)?;
        Ok(match self {
            Self::Nothing => text.is_empty(),
            Self::Text { text: own, .. } => own == text,
            Self::Any => !has_separator(text),
            Self::Super => true,
            Self::Single | Self::List { .. } | Self::Range { .. } => {
                let (rune, width) = decode_rune(text);
                text.len() <= width && self.takes(rune)
            }
            Self::AnyOf(all) => {
                for matcher in all {
                    if matcher.matches(text, steps)? {
                        return Ok(true);
                    }
                }
                false
            }
            Self::EveryOf(all) => {
                for matcher in all {
                    if !matcher.matches(text, steps)? {
                        return Ok(false);
                    }
                }
                true
            }
            Self::Row { matchers, length } => {
                runes(text).take(length + 1).count() == *length && row_begins(matchers, text, steps)?
            }
            Self::Tree(tree) => tree.matches(text, steps)?,
            Self::Contains { needle, not } => find(text, needle).is_some() != *not,
            Self::Min(limit) => runes(text).take(*limit).count() == *limit && *limit > 0,
            Self::Max(limit) => runes(text).take(limit + 1).count() <= *limit,
            Self::Prefix(prefix) => text.starts_with(prefix),
            Self::Suffix(suffix) => text.ends_with(suffix),
            Self::PrefixAny(prefix) => text.strip_prefix(prefix.as_slice()).is_some_and(|rest| !has_separator(rest)),
            Self::SuffixAny(suffix) => text.strip_suffix(suffix.as_slice()).is_some_and(|rest| !has_separator(rest)),
            Self::PrefixSuffix(prefix, suffix) => text.starts_with(prefix) && text.ends_with(suffix),
        })
    }

    /// Where it matches first.
    fn index(&self, text: &[u8], steps: &mut Steps) -> Result<Found, Fault> {
        steps.take(text.len() / 2 + 4)?;
        Ok(match self {
            Self::Nothing => Some((0, vec![0])),
            Self::Text { text: own, .. } => find(text, own).map(|at| (at, vec![own.len()])),
            Self::Any => Some((0, between_runes(until_separator(text), 0))),
            Self::Super => Some((0, between_runes(text, 0))),
            Self::Single | Self::List { .. } | Self::Range { .. } => {
                runes(text).find(|(_, rune)| self.takes(*rune)).map(|(at, rune)| (at, vec![rune.len_utf8()]))
            }
            Self::AnyOf(all) => index_of_any(all, text, steps)?,
            Self::EveryOf(all) => index_of_every(all, text, steps)?,
            Self::Row { matchers, length } => {
                for (at, _) in runes(text).take_while(|(at, _)| text.len() - at >= *length) {
                    if row_begins(matchers, &text[at..], steps)? {
                        return Ok(Some((at, vec![*length])));
                    }
                }
                None
            }
            // The library does not look for a tree.
            Self::Tree(_) => None,
            Self::Contains { needle, not: true } => {
                let end = find(text, needle).unwrap_or(text.len());
                Some((0, between_runes(&text[..end], 0)))
            }
            Self::Contains { needle, not: false } => find(text, needle).map(|at| {
                let offset = at + needle.len();
                (0, between_runes(&text[offset..], offset))
            }),
            Self::Min(limit) => {
                let segments: Vec<usize> = after_runes(text).skip(limit.saturating_sub(1)).collect();
                (text.len() >= *limit && !segments.is_empty()).then_some((0, segments))
            }
            Self::Max(limit) => Some((0, [0].into_iter().chain(after_runes(text).take(*limit)).collect())),
            Self::Prefix(prefix) => find(text, prefix).map(|at| (at, after(prefix.len(), &text[at + prefix.len()..]))),
            Self::PrefixAny(prefix) => {
                find(text, prefix).map(|at| (at, after(prefix.len(), until_separator(&text[at + prefix.len()..]))))
            }
            Self::Suffix(suffix) => find(text, suffix).map(|at| (0, vec![at + suffix.len()])),
            Self::SuffixAny(suffix) => find(text, suffix).map(|at| {
                let start = find_last(&text[..at], b"/").map_or(0, |separator| separator + 1);
                (start, vec![at + suffix.len() - start])
            }),
            Self::PrefixSuffix(prefix, suffix) => find(text, prefix).and_then(|at| {
                let (mut rest, mut segments) = (&text[at..], Vec::new());
                while let Some(found) = find_last(rest, suffix).filter(|_| !suffix.is_empty()) {
                    segments.push(found + suffix.len());
                    rest = &rest[..found];
                }
                segments.reverse();
                (!segments.is_empty()).then_some((at, segments))
            }),
        })
    }
}

/// A prefix, and as much as one likes of what follows.
fn after(prefix: usize, rest: &[u8]) -> Vec<usize> {
    [prefix].into_iter().chain(after_runes(rest).map(|end| prefix + end)).collect()
}

/// Whether a text begins with a row. The last byte of a rune is taken to be its first.
fn row_begins(matchers: &[Matcher], text: &[u8], steps: &mut Steps) -> Result<bool, Fault> {
    let mut at = 0;
    for matcher in matchers {
        let length = matcher.length().unwrap_or_default();
        let (mut next, mut count) = (0, 0);
        for (start, _) in runes(&text[at..]) {
            next = start;
            count += 1;
            if count == length {
                break;
            }
        }
        steps.take(count)?;
        if count < length {
            return Ok(false);
        }
        let end = at + next + 1;
        let Some(part) = text.get(at..end) else {
            return Err(Fault::Panic(format!("slice bounds out of range [:{end}] with length {}", text.len())));
        };
        if !matcher.matches(part, steps)? {
            return Ok(false);
        }
        at = end;
    }
    Ok(true)
}

fn index_of_any(all: &[Matcher], text: &[u8], steps: &mut Steps) -> Result<Found, Fault> {
    let mut first: Found = None;
    for matcher in all {
        let Some((at, segments)) = matcher.index(text, steps)? else { continue };
        match &mut first {
            Some((before, _)) if *before < at => {}
            Some((before, found)) if *before == at => {
                steps.take(found.len() + segments.len())?;
                *found = merge(found, &segments);
            }
            _ => first = Some((at, segments)),
        }
    }
    Ok(first)
}

/// Both, each once, if they are sorted.
fn merge(one: &[usize], other: &[usize]) -> Vec<usize> {
    let mut out = Vec::with_capacity(one.len() + other.len());
    let (mut x, mut y) = (0, 0);
    loop {
        match (one.get(x), other.get(y)) {
            (None, _) => {
                out.extend_from_slice(&other[y..]);
                return out;
            }
            (_, None) => {
                out.extend_from_slice(&one[x..]);
                return out;
            }
            (Some(a), Some(b)) => {
                out.push(*a.min(b));
                x += usize::from(a <= b);
                y += usize::from(b <= a);
            }
        }
    }
}

fn index_of_every(all: &[Matcher], text: &[u8], steps: &mut Steps) -> Result<Found, Fault> {
    let (mut index, mut offset) = (0, 0);
    let mut current: Vec<usize> = Vec::new();
    let mut rest = text;
    for (i, matcher) in all.iter().enumerate() {
        let Some((at, segments)) = matcher.index(rest, steps)? else { return Ok(None) };
        if i == 0 {
            current = segments;
        } else {
            steps.take(current.len().saturating_mul(segments.len()))?;
            let moved = at + offset - index;
            // Lengths from there on: some would have to be negative.
            let found = |length: &usize| {
                length.checked_sub(moved).map_or(0, |length| segments.iter().filter(|found| **found == length).count())
            };
            current = current
                .iter()
                .flat_map(|length| std::iter::repeat_n(length.saturating_sub(moved), found(length)))
                .collect();
            if current.is_empty() {
                return Ok(None);
            }
        }
        index = at + offset;
        rest = &text[index..];
        offset += at;
    }
    Ok(Some((index, current)))
}
