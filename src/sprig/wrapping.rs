//! Shortening and wrapping of lines by the rules of goutils 1.1.1: columns are bytes.

use super::limits::check_text;
use crate::gotemplate::FuncError;

/// Breaks a line at blanks so that no line is longer than `width` bytes. Longer words are cut when `cut_words`, else they stand
/// out. `separator` is put between the lines, a line break when it is empty.
pub(super) fn wrap(s: &[u8], width: i64, separator: &[u8], cut_words: bool) -> Result<Vec<u8>, FuncError> {
    let separator = if separator.is_empty() { b"\n" } else { separator };
    let width = usize::try_from(width).unwrap_or(0).max(1);
    let mut out = Vec::with_capacity(s.len() + s.len() / 8);
    let mut offset = 0;
    let line = |part: &[u8], out: &mut Vec<u8>| {
        out.extend_from_slice(part);
        out.extend_from_slice(separator);
    };
    while s.len() - offset > width {
        check_text(out.len())?;
        if s[offset] == b' ' {
            offset += 1;
            continue;
        }
        let last_blank = s[offset..=offset + width].iter().rposition(|&byte| byte == b' ');
        if let Some(blank) = last_blank {
            line(&s[offset..offset + blank], &mut out);
            offset += blank + 1;
        } else if cut_words {
            line(&s[offset..offset + width], &mut out);
            offset += width;
        } else if let Some(blank) = s[offset + width..].iter().position(|&byte| byte == b' ') {
            line(&s[offset..offset + width + blank], &mut out);
            offset += width + blank + 1;
        } else {
            out.extend_from_slice(&s[offset..]);
            offset = s.len();
        }
    }
    out.extend_from_slice(&s[offset..]);
    Ok(out)
}

const MARKER: &[u8] = b"...";

/// The string cut to `width` bytes, the last three of them dots; unchanged for a width below 4.
pub(super) fn abbrev(width: i64, s: &[u8]) -> Vec<u8> {
    if width < 4 { s.to_vec() } else { abbreviate(s, 0, width) }
}

/// The string cut on both sides: `left` bytes may go at the start, the result is `right` bytes long.
pub(super) fn abbrev_both(left: i64, right: i64, s: &[u8]) -> Vec<u8> {
    if right < 4 || left > 0 && right < 7 { s.to_vec() } else { abbreviate(s, left, right) }
}

/// The caller has seen to it that `width` is at least 4, and 7 with an offset.
fn abbreviate(s: &[u8], offset: i64, width: i64) -> Vec<u8> {
    let Ok(width) = usize::try_from(width) else { return s.to_vec() };
    if s.len() <= width {
        return s.to_vec();
    }
    let offset = usize::try_from(offset).unwrap_or(0).min(s.len());
    let offset = if s.len() - offset < width - 3 { s.len() - (width - 3) } else { offset };
    if offset <= 4 {
        return [&s[..width - 3], MARKER].concat();
    }
    if width < 7 {
        return Vec::new();
    }
    if offset + width - 3 < s.len() {
        return [MARKER, &abbreviate(&s[offset..], 0, width as i64 - 3)].concat();
    }
    [MARKER, &s[s.len() - (width - 3)..]].concat()
}
