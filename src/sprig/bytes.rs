//! Go's `strings` package on raw bytes: searching, splitting, replacing.

use memchr::memmem;

use super::limits::{MAX_ITEMS, MAX_TEXT, check_items, check_text};
use crate::gotemplate::FuncError;
use crate::gotemplate::runes::{decode_last_rune, decode_rune, rune_count};

/// The runes of `s` with the bytes they were read from.
pub(super) fn runes(mut s: &[u8]) -> impl Iterator<Item = (char, &[u8])> {
    std::iter::from_fn(move || {
        if s.is_empty() {
            return None;
        }
        let (rune, width) = decode_rune(s);
        let (head, tail) = s.split_at(width);
        s = tail;
        Some((rune, head))
    })
}

/// `strings.Contains`
pub(super) fn contains(s: &[u8], needle: &[u8]) -> bool {
    memmem::find(s, needle).is_some()
}

/// `strings.SplitN`: at most `n` parts, all when `n` is negative, none when it is zero.
///
/// # Errors
/// More parts than a list may have.
pub(super) fn split_n<'a>(s: &'a [u8], separator: &[u8], n: i64) -> Result<Vec<&'a [u8]>, FuncError> {
    if n == 0 {
        return Ok(Vec::new());
    }
    let limit = usize::try_from(n).unwrap_or(usize::MAX);
    if s.len().min(limit) > MAX_ITEMS {
        let count = if separator.is_empty() { rune_count(s) } else { memmem::find_iter(s, separator).count() + 1 };
        check_items(count.min(limit))?;
    }
    if separator.is_empty() {
        return Ok(explode(s, limit));
    }
    let mut parts = Vec::new();
    let mut start = 0;
    for at in memmem::find_iter(s, separator) {
        if parts.len() + 1 >= limit {
            break;
        }
        parts.push(&s[start..at]);
        start = at + separator.len();
    }
    parts.push(&s[start..]);
    Ok(parts)
}

/// One part per rune, the last of `limit` parts holding the rest.
fn explode(s: &[u8], limit: usize) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = s;
    while !rest.is_empty() {
        if parts.len() + 1 == limit {
            parts.push(rest);
            break;
        }
        let (head, tail) = rest.split_at(decode_rune(rest).1);
        parts.push(head);
        rest = tail;
    }
    parts
}

/// `strings.ReplaceAll`: an empty `old` matches before every rune and at the end.
pub(super) fn replace_all(s: &[u8], old: &[u8], new: &[u8]) -> Result<Vec<u8>, FuncError> {
    if (s.len() + 1).saturating_mul(new.len()) > MAX_TEXT {
        let count = if old.is_empty() { rune_count(s) + 1 } else { memmem::find_iter(s, old).count() };
        check_text((s.len() - count * old.len()).saturating_add(count.saturating_mul(new.len())))?;
    }
    let mut out = Vec::with_capacity(s.len() + new.len());
    if old.is_empty() {
        for (_, bytes) in runes(s) {
            out.extend_from_slice(new);
            out.extend_from_slice(bytes);
        }
        out.extend_from_slice(new);
        return Ok(out);
    }
    let mut start = 0;
    for at in memmem::find_iter(s, old) {
        out.extend_from_slice(&s[start..at]);
        out.extend_from_slice(new);
        start = at + old.len();
    }
    out.extend_from_slice(&s[start..]);
    Ok(out)
}

/// `strings.Trim`: removes the runes of `cutset` from both ends.
pub(super) fn trim<'a>(s: &'a [u8], cutset: &[u8]) -> &'a [u8] {
    let cut: Vec<char> = runes(cutset).map(|(rune, _)| rune).collect();
    trim_where(s, |rune| cut.contains(&rune))
}

/// `strings.TrimFunc`
pub(super) fn trim_where(s: &[u8], cut: impl Fn(char) -> bool) -> &[u8] {
    let mut s = s;
    while !s.is_empty() {
        let (rune, width) = decode_rune(s);
        if !cut(rune) {
            break;
        }
        s = &s[width..];
    }
    while !s.is_empty() {
        let (rune, width) = decode_last_rune(s);
        if !cut(rune) {
            break;
        }
        s = &s[..s.len() - width];
    }
    s
}

/// `strings.Repeat`, with a bound on the size of the result.
///
/// # Errors
/// Go's panics for a negative count and for a result that does not fit into memory.
pub(super) fn repeat(s: &[u8], count: i64) -> Result<Vec<u8>, FuncError> {
    let Ok(count) = usize::try_from(count) else { return super::args::fail("strings: negative Repeat count") };
    match s.len().checked_mul(count) {
        Some(size) if size <= MAX_TEXT => Ok(s.repeat(count)),
        _ => super::args::fail("strings: Repeat output length overflow"),
    }
}
