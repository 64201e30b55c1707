//! Scanning of scalars. A scalar that stands in the text as it is read is borrowed from there.

use std::borrow::Cow;

use super::super::Error;
use super::chars::{self, BLANK, BLANK_OR_BREAK, COLON, FLOW, WIDE, break_len, is_blankz, is_breakz};
use super::scanner::Scanner;
use super::token::{Data, Kind};

/// The text of a scalar under way: finished parts, and a part of the input that is to follow.
struct Text<'a> {
    buf: &'a [u8],
    done: Vec<u8>,
    start: usize,
    end: usize,
}

impl<'a> Text<'a> {
    fn new(buf: &'a [u8], start: usize) -> Self {
        Self { buf, done: Vec::new(), start, end: start }
    }

    /// Ends the current part and goes on at another place.
    fn cut(&mut self, next: usize) {
        self.done.extend_from_slice(&self.buf[self.start..self.end]);
        self.start = next;
        self.end = next;
    }

    fn finish(mut self) -> Cow<'a, [u8]> {
        if self.done.is_empty() {
            return Cow::Borrowed(&self.buf[self.start..self.end]);
        }
        self.cut(self.end);
        Cow::Owned(self.done)
    }
}

/// Line breaks between two lines of a scalar that is folded.
#[derive(Default)]
struct Breaks {
    leading: Vec<u8>,
    trailing: Vec<u8>,
}

impl Breaks {
    /// What the breaks become: one line feed a space, several all but the first.
    fn fold(&mut self, out: &mut Vec<u8>) {
        if self.leading.first() == Some(&b'\n') {
            if self.trailing.is_empty() {
                out.push(b' ');
            }
        } else {
            out.extend_from_slice(&self.leading);
        }
        out.extend_from_slice(&self.trailing);
        self.leading.clear();
        self.trailing.clear();
    }
}

impl Scanner<'_> {
    pub(super) fn scan_plain(&mut self) -> Result<(), Error> {
        let line = self.line;
        let indent = self.indent + 1;
        let stops = BLANK_OR_BREAK | WIDE | COLON | if self.flow_level > 0 { FLOW } else { 0 };
        let mut text = Text::new(self.buf, self.pos);
        let mut breaks = Breaks::default();
        let mut after_break = false;
        loop {
            self.need(4)?;
            if self.at_document_indicator() || self.byte() == b'#' {
                break;
            }
            let run = self.pos;
            loop {
                self.skip_ascii(|b| !chars::is(b, stops));
                self.need(2)?;
                let byte = self.byte();
                if is_blankz(self.rest()) {
                    break;
                }
                let ends = match byte {
                    b':' => is_blankz(&self.buf[self.pos + 1..]),
                    _ => chars::is(byte, FLOW) && self.flow_level > 0,
                };
                if ends {
                    break;
                }
                self.skip();
                self.need(2)?;
            }
            if self.pos > run {
                if after_break {
                    text.cut(run);
                    breaks.fold(&mut text.done);
                    after_break = false;
                }
                text.end = self.pos;
            }
            if !chars::is(self.byte(), BLANK) && break_len(self.rest()) == 0 {
                break;
            }
            self.need(1)?;
            loop {
                if chars::is(self.byte(), BLANK) {
                    if after_break && self.byte() == b'\t' && (self.column() as isize) < indent {
                        return Err(self.error("found a tab character that violates indentation"));
                    }
                    self.pos += 1;
                } else if break_len(self.rest()) > 0 {
                    self.need(2)?;
                    self.read_line(if after_break { &mut breaks.trailing } else { &mut breaks.leading });
                    after_break = true;
                } else {
                    break;
                }
                self.need(1)?;
            }
            if self.flow_level == 0 && (self.column() as isize) < indent {
                break;
            }
        }
        if after_break {
            self.simple_key_allowed = true;
        }
        self.push(Kind::Scalar, line, Data::Scalar(text.finish(), true));
        Ok(())
    }

    pub(super) fn scan_quoted(&mut self, single: bool) -> Result<(), Error> {
        let line = self.line;
        self.pos += 1;
        let quote = if single { b'\'' } else { b'"' };
        let mut text = Text::new(self.buf, self.pos);
        let mut breaks = Breaks::default();
        loop {
            self.need(4)?;
            if self.at_document_indicator() {
                return Err(self.error("found unexpected document indicator"));
            }
            if self.byte() == 0 {
                return Err(self.error("found unexpected end of stream"));
            }
            let mut after_break = false;
            loop {
                self.skip_ascii(|b| !chars::is(b, BLANK_OR_BREAK | WIDE) && b != quote && b != b'\\');
                self.need(2)?;
                text.end = self.pos;
                if is_blankz(self.rest()) {
                    break;
                }
                let byte = self.byte();
                if byte == quote {
                    if single && self.ahead(1) == b'\'' {
                        text.end += 1;
                        self.pos += 2;
                        text.cut(self.pos);
                    } else {
                        break;
                    }
                } else if byte == b'\\' && !single {
                    if break_len(&self.buf[self.pos + 1..]) > 0 {
                        self.need(3)?;
                        self.pos += 1;
                        self.skip_line();
                        text.cut(self.pos);
                        after_break = true;
                        break;
                    }
                    self.scan_escape(&mut text)?;
                } else {
                    self.skip();
                }
                self.need(2)?;
            }
            self.need(1)?;
            if self.byte() == quote {
                break;
            }
            loop {
                if chars::is(self.byte(), BLANK) {
                    self.pos += 1;
                } else if break_len(self.rest()) > 0 {
                    self.need(2)?;
                    self.read_line(if after_break { &mut breaks.trailing } else { &mut breaks.leading });
                    after_break = true;
                } else {
                    break;
                }
                self.need(1)?;
            }
            if after_break {
                text.cut(self.pos);
                breaks.fold(&mut text.done);
                // Marks the text as not borrowed, even if it is empty so far.
                text.end = self.pos;
            }
        }
        self.pos += 1;
        self.push(Kind::Scalar, line, Data::Scalar(text.finish(), false));
        Ok(())
    }

    /// One escape sequence of a double-quoted scalar, but not that of a line break.
    fn scan_escape(&mut self, text: &mut Text<'_>) -> Result<(), Error> {
        let (plain, digits): (&[u8], usize) = match self.ahead(1) {
            b'0' => (b"\0", 0),
            b'a' => (b"\x07", 0),
            b'b' => (b"\x08", 0),
            b't' | b'\t' => (b"\t", 0),
            b'n' => (b"\n", 0),
            b'v' => (b"\x0B", 0),
            b'f' => (b"\x0C", 0),
            b'r' => (b"\r", 0),
            b'e' => (b"\x1B", 0),
            b' ' => (b" ", 0),
            b'"' => (b"\"", 0),
            b'\'' => (b"'", 0),
            b'\\' => (b"\\", 0),
            b'N' => ("\u{85}".as_bytes(), 0),
            b'_' => ("\u{A0}".as_bytes(), 0),
            b'L' => ("\u{2028}".as_bytes(), 0),
            b'P' => ("\u{2029}".as_bytes(), 0),
            b'x' => (b"", 2),
            b'u' => (b"", 4),
            b'U' => (b"", 8),
            _ => return Err(self.error("found unknown escape character")),
        };
        self.pos += 2;
        text.cut(self.pos);
        text.done.extend_from_slice(plain);
        if digits > 0 {
            self.need(digits)?;
            let mut code = 0u32;
            for k in 0..digits {
                let Some(digit) = chars::hex(self.ahead(k)) else {
                    return Err(self.error("did not find expected hexdecimal number"));
                };
                code = code << 4 | digit;
            }
            if char::from_u32(code).is_none() {
                return Err(self.error("found invalid Unicode character escape code"));
            }
            chars::push_char(&mut text.done, code);
            self.pos += digits;
        }
        text.start = self.pos;
        text.end = self.pos;
        Ok(())
    }

    pub(super) fn scan_block_scalar(&mut self, literal: bool) -> Result<(), Error> {
        let line = self.line;
        self.pos += 1;
        self.need(1)?;
        let mut chomping = None;
        let mut increment = None;
        // The two indicators may stand in either order.
        for _ in 0..2 {
            match self.byte() {
                sign @ (b'+' | b'-') if chomping.is_none() => {
                    chomping = Some(sign);
                    self.pos += 1;
                    self.need(1)?;
                }
                b'0' if increment.is_none() => {
                    return Err(self.error("found an indentation indicator equal to 0"));
                }
                digit @ b'1'..=b'9' if increment.is_none() => {
                    increment = Some(isize::from(digit - b'0'));
                    self.pos += 1;
                    self.need(1)?;
                }
                _ => break,
            }
        }
        self.skip_blanks()?;
        if self.byte() == b'#' {
            self.skip_to_break()?;
        }
        if !is_breakz(self.rest()) {
            return Err(self.error("did not find expected comment or line break"));
        }
        if break_len(self.rest()) > 0 {
            self.need(2)?;
            self.skip_line();
        }
        let mut indent = increment.map_or(0, |n| (self.indent.max(0) + n) as usize);
        let mut out = Vec::new();
        let mut leading = Vec::new();
        let mut trailing = Vec::new();
        self.scan_block_breaks(&mut indent, &mut trailing)?;
        self.need(1)?;
        let mut leading_blank = false;
        while self.column() == indent && self.byte() != 0 {
            let trailing_blank = chars::is(self.byte(), BLANK);
            if !literal && !leading_blank && !trailing_blank && leading.first() == Some(&b'\n') {
                if trailing.is_empty() {
                    out.push(b' ');
                }
            } else {
                out.extend_from_slice(&leading);
            }
            leading.clear();
            out.extend_from_slice(&trailing);
            trailing.clear();
            leading_blank = trailing_blank;
            let start = self.pos;
            self.skip_to_break()?;
            out.extend_from_slice(&self.buf[start..self.pos]);
            self.need(2)?;
            self.read_line(&mut leading);
            self.scan_block_breaks(&mut indent, &mut trailing)?;
        }
        if chomping != Some(b'-') {
            out.extend_from_slice(&leading);
        }
        if chomping == Some(b'+') {
            out.extend_from_slice(&trailing);
        }
        self.push(Kind::Scalar, line, Data::Scalar(Cow::Owned(out), false));
        Ok(())
    }

    /// Steps over indentation and empty lines; finds out the indentation if it is not known (0) yet.
    fn scan_block_breaks(&mut self, indent: &mut usize, breaks: &mut Vec<u8>) -> Result<(), Error> {
        let mut widest = 0;
        loop {
            self.need(1)?;
            while (*indent == 0 || self.column() < *indent) && self.byte() == b' ' {
                self.pos += 1;
                self.need(1)?;
            }
            widest = widest.max(self.column());
            if (*indent == 0 || self.column() < *indent) && self.byte() == b'\t' {
                return Err(self.error("found a tab character where an indentation space is expected"));
            }
            if break_len(self.rest()) == 0 {
                break;
            }
            self.need(2)?;
            self.read_line(breaks);
        }
        if *indent == 0 {
            *indent = widest.max((self.indent + 1).max(1) as usize);
        }
        Ok(())
    }
}
