//! Scalars that end on their line.

use std::borrow::Cow;

use super::super::chars::break_len;
use super::Reader;

/// What a byte may be within a scalar.
mod class {
    /// Never ends a scalar by itself.
    pub const TEXT: u8 = 0;
    /// May end it, or may not.
    pub const LOOK: u8 = 1;
    /// Too unusual.
    pub const STOP: u8 = 2;
}

static CLASS: [u8; 256] = {
    let mut table = [class::TEXT; 256];
    table[b'\n' as usize] = class::LOOK;
    table[b':' as usize] = class::LOOK;
    table[b'#' as usize] = class::LOOK;
    // The first bytes of NEL, LS and PS.
    table[0xC2] = class::LOOK;
    table[0xE2] = class::LOOK;
    table[b'\r' as usize] = class::STOP;
    table[b'\t' as usize] = class::STOP;
    table
};

impl<'a> Reader<'a> {
    /// Where a plain scalar ends, and where what ends it stands: a line break, the `:` of a key or the `#` of a comment.
    pub(super) fn plain_end(&self, start: usize) -> Option<(usize, usize)> {
        match self.text[start] {
            b'-' | b'?' | b':' if matches!(self.at(start + 1), b' ' | b'\n') => return None,
            b'-' | b'?' | b':' => {}
            b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%' | b'@'
            | b'`' => return None,
            _ => {}
        }
        self.plain_rest(start)
    }

    /// The same within the scalar, where anything may stand at the start of a line.
    pub(super) fn plain_rest(&self, start: usize) -> Option<(usize, usize)> {
        let mut pos = start;
        loop {
            match self.text.get(pos).map(|b| (*b, CLASS[*b as usize])) {
                Some((_, class::TEXT)) => pos += 1,
                None | Some((b'\n', _)) => break,
                Some((b':', _)) => {
                    if matches!(self.at(pos + 1), b' ' | b'\n') {
                        break;
                    }
                    pos += 1;
                }
                Some((b'#', _)) => {
                    if self.text[pos - 1] == b' ' {
                        break;
                    }
                    pos += 1;
                }
                Some((0xC2 | 0xE2, _)) if break_len(&self.text[pos..]) == 0 => pos += 1,
                Some(_) => return None,
            }
        }
        let mut end = pos;
        while end > start && self.text[end - 1] == b' ' {
            end -= 1;
        }
        Some((end, pos))
    }

    /// The offset behind the closing quote, if that is on the same line.
    pub(super) fn quoted_end(&self, start: usize, quote: u8) -> Option<usize> {
        let mut pos = start + 1;
        loop {
            let rest = self.text.get(pos..)?;
            let found = pos + memchr::memchr3(quote, b'\n', b'\\', rest)?;
            // What is no line feed may be a line break as well.
            let passed = &self.text[pos..found];
            if memchr::memchr3_iter(b'\r', 0xC2, 0xE2, passed).any(|at| break_len(&passed[at..]) > 0) {
                return None;
            }
            pos = found + 1;
            match self.text[found] {
                b'\'' if quote == b'\'' && self.text.get(pos) == Some(&b'\'') => pos += 1,
                byte if byte == quote => return Some(pos),
                b'\\' if quote == b'\'' => {}
                b'\\' => {
                    escape(*self.text.get(pos)?)?;
                    pos += 1;
                }
                _ => return None,
            }
        }
    }

    /// The text between quotes.
    pub(super) fn unquoted(&self, start: usize, end: usize) -> Option<Cow<'a, [u8]>> {
        let quote = self.text[start];
        let inner = &self.text[start + 1..end - 1];
        let special = if quote == b'\'' { b'\'' } else { b'\\' };
        if memchr::memchr(special, inner).is_none() {
            return Some(Cow::Borrowed(inner));
        }
        let mut out = Vec::with_capacity(inner.len());
        unquote(inner, quote, &mut out)?;
        Some(Cow::Owned(out))
    }
}

/// Appends text between quotes, with what is escaped in it put in its place.
pub(super) fn unquote(mut text: &[u8], quote: u8, out: &mut Vec<u8>) -> Option<()> {
    let special = if quote == b'\'' { b'\'' } else { b'\\' };
    while let Some(at) = memchr::memchr(special, text) {
        out.extend_from_slice(&text[..at]);
        let next = *text.get(at + 1)?;
        out.push(if quote == b'\'' { next } else { escape(next)? });
        text = &text[at + 2..];
    }
    out.extend_from_slice(text);
    Some(())
}

/// What the usual escapes stand for.
pub(super) fn escape(byte: u8) -> Option<u8> {
    match byte {
        b'"' | b'\\' => Some(byte),
        b'n' => Some(b'\n'),
        b't' => Some(b'\t'),
        _ => None,
    }
}
