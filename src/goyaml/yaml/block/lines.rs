//! Scalars of several lines.

use std::borrow::Cow;

use super::super::chars::break_len;
use super::scalar::{escape, unquote};
use super::{Next, Reader};

impl<'a> Reader<'a> {
    /// A plain scalar, to the end of its last line.
    pub(super) fn plain(&mut self) -> Option<()> {
        let (start, line) = (self.pos, self.line);
        let (mut end, mut next) = self.plain_end(start)?;
        let mut text = Cow::Borrowed(&self.text[start..end]);
        loop {
            self.pos = next;
            match self.at(next) {
                // A colon would make it a key, where none may be.
                b':' => return None,
                b'#' => {
                    self.comment()?;
                    break;
                }
                _ => self.end_line()?,
            }
            let Next::Content(blank_lines) = self.next_of_plain()? else { break };
            let text = text.to_mut();
            fold(text, blank_lines);
            (end, next) = self.plain_rest(self.pos)?;
            text.extend_from_slice(&self.text[self.pos..end]);
        }
        self.scalar(text, true, line);
        Some(())
    }

    /// Goes on to the next line of a plain scalar, if there is one: right of its collection, and no comment. Gives the number
    /// of blank lines before it.
    pub(super) fn next_of_plain(&mut self) -> Option<Next> {
        let indent = self.open.last().map_or(0, |top| top.indent);
        let (mut pos, mut blank_lines) = (self.pos, 0);
        loop {
            let start = pos;
            while self.at(pos) == b' ' {
                pos += 1;
            }
            if pos >= self.text.len() {
                return Some(Next::End);
            }
            match self.text[pos] {
                b'\n' => {
                    pos += 1;
                    blank_lines += 1;
                }
                b'\t' | b'\r' => return None,
                b'#' => return Some(Next::End),
                _ if pos - start <= indent => return Some(Next::End),
                _ => {
                    self.pos = pos;
                    self.line += u32::try_from(blank_lines).ok()?;
                    return Some(Next::Content(blank_lines));
                }
            }
        }
    }

    /// The text of a quoted scalar of several lines, and the offset behind the closing quote.
    pub(super) fn quoted_lines(&mut self, start: usize, quote: u8) -> Option<(Cow<'a, [u8]>, usize)> {
        let mut out = Vec::new();
        let mut pos = start + 1;
        loop {
            // One line, up to its break or the closing quote.
            let line_start = pos;
            let mut blank_from = pos;
            let closed = loop {
                let byte = *self.text.get(pos)?;
                match byte {
                    b'\n' => break false,
                    b'\r' | b'\t' => return None,
                    b' ' => {
                        pos += 1;
                        continue;
                    }
                    0xC2 | 0xE2 if break_len(&self.text[pos..]) > 0 => return None,
                    b'\\' if quote == b'"' => {
                        escape(*self.text.get(pos + 1)?)?;
                        pos += 2;
                    }
                    b'\'' if quote == b'\'' && self.text.get(pos + 1) == Some(&b'\'') => pos += 2,
                    byte if byte == quote => break true,
                    _ => pos += 1,
                }
                blank_from = pos;
            };
            let end = if closed { pos } else { blank_from };
            unquote(&self.text[line_start..end], quote, &mut out)?;
            pos += 1;
            if closed {
                return Some((Cow::Owned(out), pos));
            }
            let mut blank_lines = 0;
            loop {
                self.line += 1;
                let at_start = pos;
                while self.text.get(pos) == Some(&b' ') {
                    pos += 1;
                }
                match self.text.get(pos)? {
                    b'\n' => {
                        pos += 1;
                        blank_lines += 1;
                    }
                    // Perhaps a document ends here.
                    b'-' | b'.' if pos == at_start => return None,
                    _ => break,
                }
            }
            fold(&mut out, blank_lines);
        }
    }

    /// A block scalar without an indentation indicator.
    pub(super) fn block_scalar(&mut self, literal: bool) -> Option<()> {
        let line = self.line;
        let mut chomping = None;
        self.pos += 1;
        if matches!(self.at(self.pos), b'-' | b'+') {
            chomping = Some(self.text[self.pos]);
            self.pos += 1;
        }
        self.end_line()?;
        let least = self.open.last().map_or(0, |top| top.indent) + 1;
        let (mut out, mut breaks) = (Vec::new(), 0usize);
        let mut indent = None;
        let (mut ended_by_break, mut after_blank) = (false, false);
        while self.pos < self.text.len() {
            let start = self.pos;
            let mut at = start;
            let limit = indent.map_or(usize::MAX, |indent| start + indent);
            while at < limit && self.at(at) == b' ' {
                at += 1;
            }
            let column = at - start;
            if at >= self.text.len() {
                self.pos = at;
                break;
            }
            match self.text[at] {
                b'\n' => {
                    // Blank lines wider than the text that follows end it before it begins.
                    if indent.is_none() && column > least {
                        return None;
                    }
                    breaks += 1;
                    self.pos = at + 1;
                    self.line += 1;
                    continue;
                }
                b'\t' | b'\r' => return None,
                _ => {}
            }
            let wanted = *indent.get_or_insert(column);
            if wanted < least {
                indent = None;
                break;
            }
            if column < wanted {
                break;
            }
            // Lines that begin with a blank are not folded.
            let blank = self.text[at] == b' ';
            if ended_by_break {
                if literal || after_blank || blank {
                    out.push(b'\n');
                } else if breaks == 0 {
                    out.push(b' ');
                }
            }
            after_blank = blank;
            out.resize(out.len() + breaks, b'\n');
            breaks = 0;
            let rest = &self.text[at..];
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let content = &rest[..end];
            if memchr::memchr3(b'\r', 0xC2, 0xE2, content).is_some() && (0..end).any(|i| break_len(&content[i..]) > 0) {
                return None;
            }
            out.extend_from_slice(content);
            ended_by_break = end < rest.len();
            self.pos = (at + end + 1).min(self.text.len());
            self.line += u32::from(ended_by_break);
        }
        // The line breaks of a text without a line are seldom kept.
        if indent.is_none() && chomping == Some(b'+') {
            return None;
        }
        if chomping != Some(b'-') && ended_by_break {
            out.push(b'\n');
        }
        if chomping == Some(b'+') {
            out.resize(out.len() + breaks, b'\n');
        }
        self.scalar(Cow::Owned(out), false, line);
        Some(())
    }
}

/// The line break before a line of a scalar that is folded.
fn fold(out: &mut Vec<u8>, blank_lines: usize) {
    if blank_lines == 0 {
        out.push(b' ');
    } else {
        out.resize(out.len() + blank_lines, b'\n');
    }
}
