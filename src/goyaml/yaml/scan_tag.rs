//! Scanning of directives, anchors and tags.

use super::super::Error;
use super::chars::{self, WORD, break_len, is_blankz, is_breakz};
use super::scanner::Scanner;
use super::token::{Data, Kind};

/// What may stand in a tag besides letters, digits, `_` and `-`.
const URI: &[u8] = b";/?:@&=+$,.!~*'()[]%";

impl<'a> Scanner<'a> {
    /// Steps over letters, digits, `_` and `-` and gives them.
    fn scan_word(&mut self) -> Result<&'a [u8], Error> {
        let start = self.pos;
        self.need(1)?;
        while chars::is(self.byte(), WORD) {
            self.pos += 1;
            self.need(1)?;
        }
        Ok(&self.buf[start..self.pos])
    }

    pub(super) fn scan_directive(&mut self) -> Result<(), Error> {
        let line = self.line;
        self.pos += 1;
        let name = self.scan_word()?;
        if name.is_empty() {
            return Err(self.error("could not find expected directive name"));
        }
        if !is_blankz(self.rest()) {
            return Err(self.error("found unexpected non-alphabetical character"));
        }
        match name {
            b"YAML" => {
                self.skip_blanks()?;
                let major = self.scan_version_number()?;
                if self.byte() != b'.' {
                    return Err(self.error("did not find expected digit or '.' character"));
                }
                self.pos += 1;
                let minor = self.scan_version_number()?;
                self.push(Kind::VersionDirective, line, Data::Version(major, minor));
            }
            b"TAG" => {
                self.skip_blanks()?;
                let handle = self.scan_tag_handle(true)?.to_vec();
                self.need(1)?;
                if !chars::is(self.byte(), chars::BLANK) {
                    return Err(self.error("did not find expected whitespace"));
                }
                self.skip_blanks()?;
                let prefix = self.scan_tag_uri(b"")?;
                self.need(1)?;
                if !is_blankz(self.rest()) {
                    return Err(self.error("did not find expected whitespace or line break"));
                }
                self.push(Kind::TagDirective, line, Data::Tag(Box::new((handle, prefix))));
            }
            _ => return Err(self.error("found unknown directive name")),
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
        Ok(())
    }

    fn scan_version_number(&mut self) -> Result<u8, Error> {
        self.need(1)?;
        let mut value = 0;
        let mut digits = 0;
        while self.byte().is_ascii_digit() {
            digits += 1;
            if digits > 2 {
                return Err(self.error("found extremely long version number"));
            }
            value = value * 10 + (self.byte() - b'0');
            self.pos += 1;
            self.need(1)?;
        }
        if digits == 0 {
            return Err(self.error("did not find expected version number"));
        }
        Ok(value)
    }

    pub(super) fn scan_anchor(&mut self, kind: Kind) -> Result<(), Error> {
        let line = self.line;
        self.pos += 1;
        let name = self.scan_word()?;
        let ended =
            is_blankz(self.rest()) || matches!(self.byte(), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if name.is_empty() || !ended {
            return Err(self.error("did not find expected alphabetic or numeric character"));
        }
        self.push(kind, line, Data::Name(name));
        Ok(())
    }

    pub(super) fn scan_tag(&mut self) -> Result<(), Error> {
        let line = self.line;
        self.need(2)?;
        let mut handle = Vec::new();
        let mut suffix;
        if self.ahead(1) == b'<' {
            self.pos += 2;
            suffix = self.scan_tag_uri(b"")?;
            if self.byte() != b'>' {
                return Err(self.error("did not find the expected '>'"));
            }
            self.pos += 1;
        } else {
            let found = self.scan_tag_handle(false)?;
            if found.len() > 1 && found.ends_with(b"!") {
                handle.extend_from_slice(found);
                suffix = self.scan_tag_uri(b"")?;
            } else {
                suffix = self.scan_tag_uri(found)?;
                handle.push(b'!');
                if suffix.is_empty() {
                    // The tag `!` alone.
                    std::mem::swap(&mut handle, &mut suffix);
                }
            }
        }
        self.need(1)?;
        if !is_blankz(self.rest()) {
            return Err(self.error("did not find expected whitespace or line break"));
        }
        self.push(Kind::Tag, line, Data::Tag(Box::new((handle, suffix))));
        Ok(())
    }

    /// `!`, `!!` or `!word!`; outside of a directive also `!word`, the start of a tag without handle.
    fn scan_tag_handle(&mut self, directive: bool) -> Result<&'a [u8], Error> {
        self.need(1)?;
        if self.byte() != b'!' {
            return Err(self.error("did not find expected '!'"));
        }
        let start = self.pos;
        self.pos += 1;
        self.scan_word()?;
        if self.byte() == b'!' {
            self.pos += 1;
        } else if directive && self.pos - start > 1 {
            return Err(self.error("did not find expected '!'"));
        }
        Ok(&self.buf[start..self.pos])
    }

    /// The rest of a tag after `head`, whose leading `!` is not part of the result.
    fn scan_tag_uri(&mut self, head: &[u8]) -> Result<Vec<u8>, Error> {
        let mut out = head.get(1..).unwrap_or_default().to_vec();
        let mut found = !head.is_empty();
        self.need(1)?;
        while chars::is(self.byte(), WORD) || URI.contains(&self.byte()) {
            if self.byte() == b'%' {
                self.scan_uri_escapes(&mut out)?;
            } else {
                out.push(self.byte());
                self.pos += 1;
            }
            self.need(1)?;
            found = true;
        }
        if found { Ok(out) } else { Err(self.error("did not find expected tag URI")) }
    }

    /// One character of `%XX` octets.
    fn scan_uri_escapes(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        let mut left = None;
        loop {
            self.need(3)?;
            let octet = match (self.byte(), chars::hex(self.ahead(1)), chars::hex(self.ahead(2))) {
                (b'%', Some(high), Some(low)) => (high << 4 | low) as u8,
                _ => return Err(self.error("did not find URI escaped octet")),
            };
            let rest = match left {
                None => match chars::width(octet) {
                    0 => return Err(self.error("found an incorrect leading UTF-8 octet")),
                    width => width,
                },
                Some(_) if octet & 0xC0 != 0x80 => {
                    return Err(self.error("found an incorrect trailing UTF-8 octet"));
                }
                Some(rest) => rest,
            } - 1;
            out.push(octet);
            self.pos += 3;
            if rest == 0 {
                return Ok(());
            }
            left = Some(rest);
        }
    }
}
