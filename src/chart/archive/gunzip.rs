//! A gzip stream, read as Go's `compress/gzip` reads it: same refusals, same words.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use crate::chart::Error;

/// Go's text for a stream that is not gzip.
pub const NOT_GZIP: &str = "gzip: invalid header";

const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const HEADER_CRC: u8 = 1 << 1;
/// The longest name or comment, its zero included.
const LONGEST_TEXT: usize = 512;

/// Unzips data, member after member.
pub struct Gunzip<'a> {
    rest: &'a [u8],
    inflate: Decompress,
    crc: Crc,
    state: State,
    /// How much more may come out of it.
    allowed: u64,
}

#[derive(Clone, PartialEq, Eq)]
enum State {
    Open,
    Ended,
    Failed(Error),
}

impl<'a> Gunzip<'a> {
    /// Reads the first header. More than `allowed` bytes are not unzipped; what asks for them gets nothing.
    ///
    /// # Errors
    /// Go's texts for what is not gzip.
    pub fn new(data: &'a [u8], allowed: u64) -> Result<Self, Error> {
        let mut gunzip =
            Self { rest: data, inflate: Decompress::new(false), crc: Crc::new(), state: State::Open, allowed };
        if gunzip.header()? { Ok(gunzip) } else { Err(Error::new("EOF")) }
    }

    /// Fills the buffer as far as there is data: how much that was.
    ///
    /// # Errors
    /// Go's texts for broken data, once what comes before it has been read; [`Exhausted`](Self::is_exhausted) is no error.
    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let mut filled = 0;
        while filled < buffer.len() {
            match &self.state {
                State::Open => filled += self.inflate(&mut buffer[filled..]),
                State::Ended => break,
                State::Failed(error) if filled == 0 => return Err(error.clone()),
                State::Failed(_) => break,
            }
        }
        Ok(filled)
    }

    /// Whether as much as allowed was unzipped.
    pub fn is_exhausted(&self) -> bool {
        self.allowed == 0
    }

    fn inflate(&mut self, buffer: &mut [u8]) -> usize {
        let most = buffer.len().min(usize::try_from(self.allowed).unwrap_or(usize::MAX));
        let buffer = &mut buffer[..most];
        let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(self.rest, buffer, FlushDecompress::None);
        let read = (self.inflate.total_in() - before_in) as usize;
        let written = (self.inflate.total_out() - before_out) as usize;
        self.rest = &self.rest[read..];
        self.crc.update(&buffer[..written]);
        self.allowed -= written as u64;
        let next = match status {
            Ok(Status::StreamEnd) => self.next_member(),
            Ok(_) if self.allowed == 0 => Ok(State::Ended),
            Ok(_) if written == 0 && self.rest.is_empty() => Err(Error::new("unexpected EOF")),
            Ok(_) => Ok(State::Open),
            Err(_) => Err(Error::new(format!("flate: corrupt input before offset {}", self.inflate.total_in()))),
        };
        self.state = next.unwrap_or_else(State::Failed);
        written
    }

    /// Checks what ends a member, and opens the one that follows.
    fn next_member(&mut self) -> Result<State, Error> {
        let trailer = self.take(8)?;
        let word = |at: usize| u32::from_le_bytes([trailer[at], trailer[at + 1], trailer[at + 2], trailer[at + 3]]);
        if word(0) != self.crc.sum() || word(4) != self.crc.amount() {
            return Err(Error::new("gzip: invalid checksum"));
        }
        self.crc.reset();
        self.inflate.reset(false);
        Ok(if self.header()? { State::Open } else { State::Ended })
    }

    /// Reads the header of a member; `false` at the end of the data.
    fn header(&mut self) -> Result<bool, Error> {
        if self.rest.is_empty() {
            return Ok(false);
        }
        let whole = self.rest;
        let start = self.take(10)?;
        if !start.starts_with(b"\x1F\x8B\x08") {
            return Err(Error::new(NOT_GZIP));
        }
        let flags = start[3];
        if flags & EXTRA != 0 {
            let length = self.take(2)?;
            self.take(usize::from(u16::from_le_bytes([length[0], length[1]])))?;
        }
        for flag in [NAME, COMMENT] {
            if flags & flag != 0 {
                self.text()?;
            }
        }
        if flags & HEADER_CRC != 0 {
            let mut crc = Crc::new();
            crc.update(&whole[..whole.len() - self.rest.len()]);
            if self.take(2)? != &crc.sum().to_le_bytes()[..2] {
                return Err(Error::new(NOT_GZIP));
            }
        }
        Ok(true)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(|| Error::new("unexpected EOF"))?;
        self.rest = rest;
        Ok(taken)
    }

    /// Skips a text that a zero ends.
    fn text(&mut self) -> Result<(), Error> {
        let head = &self.rest[..self.rest.len().min(LONGEST_TEXT)];
        match head.iter().position(|byte| *byte == 0) {
            Some(end) => self.take(end + 1).map(|_| ()),
            None if head.len() < LONGEST_TEXT => Err(Error::new("unexpected EOF")),
            None => Err(Error::new(NOT_GZIP)),
        }
    }
}
