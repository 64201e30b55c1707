//! Flow collections of simple scalars.

use std::borrow::Cow;

use super::super::tree::{Content, NONE};
use super::{MAX_DEPTH, MAX_KEY, Next, Open, Reader};

/// What may be in a plain scalar that is left to nobody else.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'-' | b'+' | b'%' | b'@')
}

impl Reader<'_> {
    /// A flow collection of simple scalars and others like it, up to the end of its last line.
    pub(super) fn flow(&mut self) -> Option<()> {
        self.flow_collection()?;
        self.end_line()
    }

    fn flow_collection(&mut self) -> Option<()> {
        if self.open.len() > MAX_DEPTH {
            return None;
        }
        let is_sequence = self.at(self.pos) == b'[';
        let (close, content) =
            if is_sequence { (b']', Content::Sequence(NONE)) } else { (b'}', Content::Mapping(NONE)) };
        let node = self.attach(content, self.line);
        self.open.push(Open { indent: 0, is_sequence, node, last: NONE, pending: None });
        self.pos += 1;
        self.skip_to_token()?;
        while self.at(self.pos) != close {
            if !is_sequence {
                self.flow_key()?;
            }
            match self.at(self.pos) {
                b'[' | b'{' => self.flow_collection()?,
                _ => self.flow_scalar()?,
            }
            self.skip_to_token()?;
            match self.at(self.pos) {
                b',' => {
                    self.pos += 1;
                    self.skip_to_token()?;
                    // A comma at the end is rare.
                    if self.at(self.pos) == close {
                        return None;
                    }
                }
                byte if byte == close => {}
                _ => return None,
            }
        }
        self.pos += 1;
        self.open.pop();
        Some(())
    }

    fn flow_key(&mut self) -> Option<()> {
        let start = self.pos;
        self.flow_scalar()?;
        if self.at(self.pos) != b':' || self.at(self.pos + 1) != b' ' || self.pos - start > MAX_KEY {
            return None;
        }
        self.pos += 1;
        while self.at(self.pos) == b' ' {
            self.pos += 1;
        }
        Some(())
    }

    fn flow_scalar(&mut self) -> Option<()> {
        let start = self.pos;
        let (text, plain) = match self.at(start) {
            quote @ (b'"' | b'\'') => {
                self.pos = self.quoted_end(start, quote)?;
                (self.unquoted(start, self.pos)?, false)
            }
            first if first.is_ascii_alphanumeric() || matches!(first, b'_' | b'.' | b'/') => {
                while is_word(self.at(self.pos)) {
                    self.pos += 1;
                }
                (Cow::Borrowed(&self.text[start..self.pos]), true)
            }
            _ => return None,
        };
        self.scalar(text, plain, self.line);
        Some(())
    }

    /// Steps over blanks, line breaks and comments. What is at the start of a line might end the document.
    fn skip_to_token(&mut self) -> Option<()> {
        let mut pos = self.pos;
        while self.at(pos) == b' ' {
            pos += 1;
        }
        if self.at(pos) != b'\n' && (self.at(pos) != b'#' || pos == self.pos) {
            self.pos = pos;
            return Some(());
        }
        self.end_line()?;
        matches!(self.next_content()?, Next::Content(column) if column > 0).then_some(())
    }
}
