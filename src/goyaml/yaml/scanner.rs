//! YAML 1.1 text to tokens, in the order and with the look ahead of the scanner of Go's yaml.v2.
//!
//! The order matters: a document with several faults is refused for the one that Go meets first.

use std::collections::VecDeque;

use super::super::Error;
use super::chars::{self, BLANK, BREAK, END, break_len, is_blankz};
use super::reader::{Input, Pieces};
use super::token::{Data, Kind, Token};

/// How deep collections may be nested, each way.
const MAX_DEPTH: usize = 10_000;
/// How many characters a key without `?` may be long.
const MAX_SIMPLE_KEY: usize = 1024;

/// A place at which a key may turn out to have begun, once its `:` is seen.
#[derive(Clone, Copy)]
struct SimpleKey {
    possible: bool,
    /// Nothing else can stand here, so a missing `:` is an error.
    required: bool,
    token_number: usize,
    index: usize,
    line: u32,
    column: usize,
}

/// The scanner.
#[expect(clippy::struct_excessive_bools, reason = "independent facts about the position")]
pub struct Scanner<'a> {
    /// The text with NULs after it.
    pub(super) buf: &'a [u8],
    /// Offset of the next byte.
    pub(super) pos: usize,
    /// Continuation bytes before `pos`: offset minus this is the index in characters.
    pub(super) continuations: usize,
    /// Current line from 0.
    pub(super) line: u32,
    /// Index of the first character of the line.
    line_index: usize,
    /// End of the piece of input that is decoded already.
    pub(super) limit: usize,
    pieces: Option<&'a Pieces>,
    next_piece: usize,
    /// How many NULs Go has put behind the end.
    end_marks: usize,
    /// Whether Go's buffer begins with a byte order mark (it looks there, not at the current position).
    buffer_starts_with_bom: bool,

    queue: VecDeque<Token<'a>>,
    tokens_parsed: usize,
    available: bool,
    started: bool,

    /// Column of the current block collection, -1 outside of all.
    pub(super) indent: isize,
    indents: Vec<isize>,
    pub(super) flow_level: usize,
    pub(super) simple_key_allowed: bool,
    simple_keys: Vec<SimpleKey>,
    /// Token numbers of possible simple keys, ascending, with their index in `simple_keys`.
    keys_by_token: VecDeque<(usize, usize)>,
}

impl<'a> Scanner<'a> {
    /// A scanner at the start of the text.
    pub fn new(input: &'a Input) -> Self {
        let pieces = input.pieces.as_deref();
        Self {
            buf: &input.bytes,
            pos: 0,
            continuations: 0,
            line: 0,
            line_index: 0,
            limit: if pieces.is_some() { 0 } else { input.len },
            pieces,
            next_piece: 0,
            end_marks: 0,
            buffer_starts_with_bom: false,
            queue: VecDeque::with_capacity(16),
            tokens_parsed: 0,
            available: false,
            started: false,
            indent: -1,
            indents: Vec::new(),
            flow_level: 0,
            simple_key_allowed: true,
            simple_keys: vec![SimpleKey {
                possible: false,
                required: false,
                token_number: 0,
                index: 0,
                line: 0,
                column: 0,
            }],
            keys_by_token: VecDeque::new(),
        }
    }

    /// Kind and line of the next token.
    #[inline]
    pub fn peek(&mut self) -> Result<(Kind, u32), Error> {
        if !self.available {
            self.fetch_more()?;
        }
        match self.queue.front() {
            Some(t) => Ok((t.kind, t.line)),
            // Only after the end of the stream, behind which the parser does not look.
            None => Ok((Kind::StreamEnd, self.line)),
        }
    }

    /// Takes the token that was peeked at.
    #[inline]
    pub fn take(&mut self) -> Data<'a> {
        self.available = false;
        self.tokens_parsed += 1;
        self.queue.pop_front().map_or(Data::None, |t| t.data)
    }

    // --- positions ---

    /// The byte at the current position, 0 at the end.
    #[inline]
    pub(super) fn byte(&self) -> u8 {
        self.buf[self.pos]
    }

    /// The byte some way ahead. Look ahead is shorter than the padding.
    #[inline]
    pub(super) fn ahead(&self, n: usize) -> u8 {
        self.buf.get(self.pos + n).copied().unwrap_or(0)
    }

    /// The text from the current position on.
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.buf[self.pos..]
    }

    /// Index of the current character.
    #[inline]
    fn index(&self) -> usize {
        self.pos - self.continuations
    }

    /// Column of the current character from 0.
    #[inline]
    pub(super) fn column(&self) -> usize {
        self.index() - self.line_index
    }

    /// Makes sure that so many characters can be looked at, as far as there are any.
    #[inline]
    pub(super) fn need(&mut self, chars: usize) -> Result<(), Error> {
        // No character has more than four bytes.
        if self.pos + 4 * chars > self.limit { self.refill(chars) } else { Ok(()) }
    }

    #[cold]
    fn refill(&mut self, chars: usize) -> Result<(), Error> {
        let Some(pieces) = self.pieces else { return Ok(()) };
        loop {
            let decoded = &self.buf[self.pos.min(self.limit)..self.limit];
            let unread = decoded.iter().filter(|b| **b & 0xC0 != 0x80).count() + self.end_marks;
            if unread >= chars {
                return Ok(());
            }
            // Go moves what is left to the start of its buffer.
            self.buffer_starts_with_bom = self.rest().starts_with(&[0xEF, 0xBB, 0xBF]);
            match (pieces.ends.get(self.next_piece), &pieces.error) {
                (Some(&end), _) => {
                    self.limit = end;
                    self.next_piece += 1;
                }
                (None, Some(error)) => return Err(error.clone()),
                (None, None) => {
                    self.end_marks += 1;
                    return Ok(());
                }
            }
        }
    }

    /// Steps over one character that is not a line break, or over the next byte of one that was begun.
    #[inline]
    pub(super) fn skip(&mut self) {
        match chars::width(self.byte()) {
            0 => {
                self.pos += 1;
                self.continuations += 1;
            }
            width => {
                self.pos += width;
                self.continuations += width - 1;
            }
        }
    }

    /// Steps over one line break.
    #[inline]
    pub(super) fn skip_line(&mut self) {
        let n = break_len(self.rest());
        if n == 0 {
            return;
        }
        if self.byte() >= 0x80 {
            self.continuations += n - 1;
        }
        self.pos += n;
        self.line += 1;
        self.line_index = self.index();
    }

    /// Steps over one line break and appends it: LS and PS as they are, all others as a line feed.
    #[inline]
    pub(super) fn read_line(&mut self, out: &mut Vec<u8>) {
        let rest = self.rest();
        match break_len(rest) {
            0 => return,
            3 => out.extend_from_slice(&rest[..3]),
            _ => out.push(b'\n'),
        }
        self.skip_line();
    }

    /// Steps over ASCII characters of a kind, except for the last few before the end of what is decoded.
    #[inline]
    pub(super) fn skip_ascii(&mut self, kind: impl Fn(u8) -> bool) {
        if let Some(text) = self.buf.get(self.pos..self.limit.saturating_sub(8)) {
            self.pos += text.iter().position(|b| !kind(*b)).unwrap_or(text.len());
        }
    }

    /// Steps over the rest of the line, but not over its break.
    pub(super) fn skip_to_break(&mut self) -> Result<(), Error> {
        loop {
            self.skip_ascii(|b| !chars::is(b, BREAK | END | chars::WIDE));
            self.need(1)?;
            if chars::is_breakz(self.rest()) {
                return Ok(());
            }
            self.skip();
        }
    }

    /// Steps over blanks.
    pub(super) fn skip_blanks(&mut self) -> Result<(), Error> {
        self.need(1)?;
        while chars::is(self.byte(), BLANK) {
            self.skip();
            self.need(1)?;
        }
        Ok(())
    }

    /// Whether `---` or `...` stands at the start of a line here.
    #[inline]
    pub(super) fn at_document_indicator(&self) -> bool {
        matches!(self.byte(), b'-' | b'.')
            && self.column() == 0
            && (self.rest().starts_with(b"---") || self.rest().starts_with(b"..."))
            && is_blankz(&self.buf[self.pos + 3..])
    }

    /// The error of a fault at the current position.
    #[cold]
    pub(super) fn error(&self, problem: &str) -> Error {
        if self.line == 0 {
            Error::new(format!("yaml: {problem}"))
        } else {
            Error::new(format!("yaml: line {}: {problem}", self.line + 1))
        }
    }

    // --- the queue ---

    pub(super) fn push(&mut self, kind: Kind, line: u32, data: Data<'a>) {
        self.queue.push_back(Token { kind, line, data });
    }

    /// Puts a token before the one of that number. If that one is gone already, Go appends.
    fn insert(&mut self, number: usize, kind: Kind, line: u32) {
        let token = Token { kind, line, data: Data::None };
        match number.checked_sub(self.tokens_parsed) {
            Some(at) if at <= self.queue.len() => self.queue.insert(at, token),
            _ => self.queue.push_back(token),
        }
    }

    /// The number that the next pushed token gets.
    #[inline]
    fn next_number(&self) -> usize {
        self.tokens_parsed + self.queue.len()
    }

    fn fetch_more(&mut self) -> Result<(), Error> {
        loop {
            if !self.queue.is_empty() {
                // The head may only be handed out when it can't become a key any more.
                while self.keys_by_token.front().is_some_and(|k| k.0 < self.tokens_parsed) {
                    self.keys_by_token.pop_front();
                }
                let waits = match self.keys_by_token.front() {
                    Some(&(number, key)) if number == self.tokens_parsed => {
                        key < self.simple_keys.len() && self.key_is_valid(key)?
                    }
                    _ => false,
                };
                if !waits {
                    break;
                }
            }
            self.fetch_next()?;
        }
        self.available = true;
        Ok(())
    }

    fn fetch_next(&mut self) -> Result<(), Error> {
        self.need(1)?;
        if !self.started {
            self.started = true;
            self.push(Kind::StreamStart, 0, Data::None);
            return Ok(());
        }
        self.skip_to_token()?;
        self.unroll_indent(self.column() as isize);
        self.need(4)?;
        let byte = self.byte();
        match byte {
            0 => return self.fetch_stream_end(),
            b'%' if self.column() == 0 => return self.fetch_directive(),
            b'-' if self.at_document_indicator() => return self.fetch_document_indicator(Kind::DocumentStart),
            b'.' if self.at_document_indicator() => return self.fetch_document_indicator(Kind::DocumentEnd),
            b'[' => return self.fetch_flow_start(Kind::FlowSequenceStart),
            b'{' => return self.fetch_flow_start(Kind::FlowMappingStart),
            b']' => return self.fetch_flow_end(Kind::FlowSequenceEnd),
            b'}' => return self.fetch_flow_end(Kind::FlowMappingEnd),
            b',' => return self.fetch_flow_entry(),
            b'*' => return self.fetch_anchor(Kind::Alias),
            b'&' => return self.fetch_anchor(Kind::Anchor),
            b'!' => return self.fetch_tag(),
            b'|' if self.flow_level == 0 => return self.fetch_block_scalar(true),
            b'>' if self.flow_level == 0 => return self.fetch_block_scalar(false),
            b'\'' => return self.fetch_flow_scalar(true),
            b'"' => return self.fetch_flow_scalar(false),
            b'-' | b'?' | b':' => {
                let next = &self.buf[self.pos + 1..];
                let alone = is_blankz(next);
                match byte {
                    b'-' if alone => return self.fetch_block_entry(),
                    b'?' if alone || self.flow_level > 0 => return self.fetch_key(),
                    b':' if alone || self.flow_level > 0 => return self.fetch_value(),
                    _ => return self.fetch_plain_scalar(),
                }
            }
            b'#' | b'|' | b'>' | b'%' | b'@' | b'`' => {}
            _ if is_blankz(self.rest()) => {}
            _ => return self.fetch_plain_scalar(),
        }
        Err(self.error("found character that cannot start any token"))
    }

    /// Steps over blanks, comments and line breaks.
    fn skip_to_token(&mut self) -> Result<(), Error> {
        loop {
            self.need(1)?;
            if self.buffer_starts_with_bom && self.column() == 0 {
                self.skip();
            }
            self.need(1)?;
            self.skip_ascii(|b| b == b' ');
            let tabs = self.flow_level > 0 || !self.simple_key_allowed;
            while self.byte() == b' ' || (tabs && self.byte() == b'\t') {
                self.pos += 1;
                self.need(1)?;
            }
            if self.byte() == b'#' {
                self.skip_to_break()?;
            }
            if break_len(self.rest()) == 0 {
                return Ok(());
            }
            self.need(2)?;
            self.skip_line();
            if self.flow_level == 0 {
                self.simple_key_allowed = true;
            }
        }
    }

    // --- simple keys ---

    fn key_is_valid(&mut self, key: usize) -> Result<bool, Error> {
        let SimpleKey { possible, required, index, line, .. } = self.simple_keys[key];
        if !possible {
            return Ok(false);
        }
        if line < self.line || index + MAX_SIMPLE_KEY < self.index() {
            if required {
                return Err(self.error("could not find expected ':'"));
            }
            self.simple_keys[key].possible = false;
            return Ok(false);
        }
        Ok(true)
    }

    #[inline]
    fn last_key(&self) -> usize {
        // The stack has an entry for the block context that is never popped.
        self.simple_keys.len() - 1
    }

    fn save_simple_key(&mut self) -> Result<(), Error> {
        if !self.simple_key_allowed {
            return Ok(());
        }
        self.remove_simple_key()?;
        let column = self.column();
        let number = self.next_number();
        let last = self.last_key();
        self.simple_keys[last] = SimpleKey {
            possible: true,
            required: self.flow_level == 0 && self.indent == column as isize,
            token_number: number,
            index: self.index(),
            line: self.line,
            column,
        };
        match self.keys_by_token.back_mut() {
            Some(back) if back.0 == number => back.1 = last,
            _ => self.keys_by_token.push_back((number, last)),
        }
        Ok(())
    }

    fn remove_simple_key(&mut self) -> Result<(), Error> {
        let last = self.last_key();
        let key = self.simple_keys[last];
        if key.possible {
            if key.required {
                return Err(self.error("could not find expected ':'"));
            }
            self.simple_keys[last].possible = false;
            self.forget_token(key.token_number);
        }
        Ok(())
    }

    fn forget_token(&mut self, number: usize) {
        if let Some(at) = self.keys_by_token.iter().rposition(|k| k.0 <= number)
            && self.keys_by_token[at].0 == number
        {
            self.keys_by_token.remove(at);
        }
    }

    // --- indentation ---

    /// Opens a block collection if the column is right of the current one.
    fn roll_indent(&mut self, column: usize, number: Option<usize>, kind: Kind, line: u32) -> Result<(), Error> {
        let column = column as isize;
        if self.flow_level > 0 || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > MAX_DEPTH {
            return Err(self.error(&format!("exceeded max depth of {MAX_DEPTH}")));
        }
        match number {
            Some(number) => self.insert(number, kind, line),
            None => self.queue.push_back(Token { kind, line, data: Data::None }),
        }
        Ok(())
    }

    /// Closes the block collections that are right of the column.
    fn unroll_indent(&mut self, column: isize) {
        if self.flow_level > 0 {
            return;
        }
        while self.indent > column {
            self.push(Kind::BlockEnd, self.line, Data::None);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    // --- tokens ---

    fn fetch_stream_end(&mut self) -> Result<(), Error> {
        if self.column() != 0 {
            self.line += 1;
            self.line_index = self.index();
        }
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        self.push(Kind::StreamEnd, self.line, Data::None);
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), Error> {
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        self.scan_directive()
    }

    fn fetch_document_indicator(&mut self, kind: Kind) -> Result<(), Error> {
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        self.pos += 3;
        self.push(kind, self.line, Data::None);
        Ok(())
    }

    /// Pushes a token of one character.
    fn push_indicator(&mut self, kind: Kind) {
        self.pos += 1;
        self.push(kind, self.line, Data::None);
    }

    fn fetch_flow_start(&mut self, kind: Kind) -> Result<(), Error> {
        self.save_simple_key()?;
        self.simple_keys.push(SimpleKey {
            possible: false,
            required: false,
            token_number: self.next_number(),
            index: self.index(),
            line: self.line,
            column: 0,
        });
        self.flow_level += 1;
        if self.flow_level > MAX_DEPTH {
            return Err(self.error(&format!("exceeded max depth of {MAX_DEPTH}")));
        }
        self.simple_key_allowed = true;
        self.push_indicator(kind);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: Kind) -> Result<(), Error> {
        self.remove_simple_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            // Of an empty collection this forgets the key that the collection itself could be, as Go does.
            if let Some(key) = self.simple_keys.pop() {
                self.forget_token(key.token_number);
            }
        }
        self.simple_key_allowed = false;
        self.push_indicator(kind);
        Ok(())
    }

    fn fetch_flow_entry(&mut self) -> Result<(), Error> {
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.push_indicator(Kind::FlowEntry);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<(), Error> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return Err(self.error("block sequence entries are not allowed in this context"));
            }
            self.roll_indent(self.column(), None, Kind::BlockSequenceStart, self.line)?;
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.push_indicator(Kind::BlockEntry);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), Error> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return Err(self.error("mapping keys are not allowed in this context"));
            }
            self.roll_indent(self.column(), None, Kind::BlockMappingStart, self.line)?;
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = self.flow_level == 0;
        self.push_indicator(Kind::Key);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), Error> {
        let last = self.last_key();
        if self.key_is_valid(last)? {
            let key = self.simple_keys[last];
            self.insert(key.token_number, Kind::Key, key.line);
            self.roll_indent(key.column, Some(key.token_number), Kind::BlockMappingStart, key.line)?;
            self.simple_keys[last].possible = false;
            self.forget_token(key.token_number);
            self.simple_key_allowed = false;
        } else {
            if self.flow_level == 0 {
                if !self.simple_key_allowed {
                    return Err(self.error("mapping values are not allowed in this context"));
                }
                self.roll_indent(self.column(), None, Kind::BlockMappingStart, self.line)?;
            }
            self.simple_key_allowed = self.flow_level == 0;
        }
        self.push_indicator(Kind::Value);
        Ok(())
    }

    fn fetch_anchor(&mut self, kind: Kind) -> Result<(), Error> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        self.scan_anchor(kind)
    }

    fn fetch_tag(&mut self) -> Result<(), Error> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        self.scan_tag()
    }

    fn fetch_block_scalar(&mut self, literal: bool) -> Result<(), Error> {
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.scan_block_scalar(literal)
    }

    fn fetch_flow_scalar(&mut self, single: bool) -> Result<(), Error> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        self.scan_quoted(single)
    }

    fn fetch_plain_scalar(&mut self) -> Result<(), Error> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        self.scan_plain()
    }
}
