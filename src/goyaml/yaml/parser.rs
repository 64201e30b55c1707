//! Tokens to events: the grammar of YAML 1.1 as a machine of states, so that depth costs no stack.

use std::borrow::Cow;

use super::super::Error;
use super::scanner::Scanner;
use super::token::{Data, Kind};

/// The properties that may stand before a node.
#[derive(Debug, Default)]
pub struct Properties<'a> {
    /// The name after `&`.
    pub anchor: Option<&'a [u8]>,
    /// The tag with its handle resolved; empty if there is none.
    pub tag: Box<[u8]>,
}

/// What a document is made of.
#[derive(Debug)]
pub enum Event<'a> {
    /// The stream begins.
    StreamStart,
    /// The stream ends.
    StreamEnd,
    /// A document begins.
    DocumentStart,
    /// A document ends.
    DocumentEnd,
    /// A reference to an anchor.
    Alias(&'a [u8]),
    /// A scalar.
    Scalar {
        /// Anchor and tag.
        properties: Properties<'a>,
        /// The text.
        value: Cow<'a, [u8]>,
        /// Whether the text decides what the value is (a plain scalar without tag, or the tag `!`).
        implicit: bool,
    },
    /// A sequence begins.
    SequenceStart(Properties<'a>),
    /// A sequence ends.
    SequenceEnd,
    /// A mapping begins.
    MappingStart(Properties<'a>),
    /// A mapping ends.
    MappingEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    StreamStart,
    ImplicitDocumentStart,
    DocumentStart,
    DocumentContent,
    DocumentEnd,
    BlockNode,
    BlockSequenceFirstEntry,
    BlockSequenceEntry,
    IndentlessSequenceEntry,
    BlockMappingFirstKey,
    BlockMappingKey,
    BlockMappingValue,
    FlowSequenceFirstEntry,
    FlowSequenceEntry,
    FlowSequenceEntryKey,
    FlowSequenceEntryValue,
    FlowSequenceEntryEnd,
    FlowMappingFirstKey,
    FlowMappingKey,
    FlowMappingValue,
    FlowMappingEmptyValue,
    End,
}

/// An event and the line from 0 on which it starts.
pub type Located<'a> = (Event<'a>, u32);

/// The parser.
pub struct Parser<'a> {
    scanner: Scanner<'a>,
    state: State,
    states: Vec<State>,
    /// Handles and their prefixes in this document.
    tags: Vec<(Vec<u8>, Vec<u8>)>,
}

/// The error of a fault in the grammar. (Go counts these lines from 0 and leaves the first one out.)
#[cold]
fn error(problem: &str, line: u32) -> Error {
    if line == 0 { Error::new(format!("yaml: {problem}")) } else { Error::new(format!("yaml: line {line}: {problem}")) }
}

/// A scalar that is not there.
fn empty<'a>(line: u32) -> Located<'a> {
    (Event::Scalar { properties: Properties::default(), value: Cow::Borrowed(b""), implicit: true }, line)
}

impl<'a> Parser<'a> {
    /// A parser of the tokens.
    pub fn new(scanner: Scanner<'a>) -> Self {
        Self { scanner, state: State::StreamStart, states: Vec::with_capacity(16), tags: Vec::new() }
    }

    /// The next event. After the end of the stream there is nothing but that end.
    pub fn next(&mut self) -> Result<Located<'a>, Error> {
        match self.state {
            State::StreamStart => {
                let (_, line) = self.scanner.peek()?;
                self.scanner.take();
                self.state = State::ImplicitDocumentStart;
                Ok((Event::StreamStart, line))
            }
            State::ImplicitDocumentStart => self.document_start(true),
            State::DocumentStart => self.document_start(false),
            State::DocumentContent => self.document_content(),
            State::DocumentEnd => self.document_end(),
            State::BlockNode => self.node(true, false),
            State::BlockSequenceFirstEntry => self.block_sequence_entry(true),
            State::BlockSequenceEntry => self.block_sequence_entry(false),
            State::IndentlessSequenceEntry => self.indentless_sequence_entry(),
            State::BlockMappingFirstKey => self.block_mapping_key(true),
            State::BlockMappingKey => self.block_mapping_key(false),
            State::BlockMappingValue => self.block_mapping_value(),
            State::FlowSequenceFirstEntry => self.flow_sequence_entry(true),
            State::FlowSequenceEntry => self.flow_sequence_entry(false),
            State::FlowSequenceEntryKey => self.flow_sequence_entry_key(),
            State::FlowSequenceEntryValue => self.flow_sequence_entry_value(),
            State::FlowSequenceEntryEnd => {
                let (_, line) = self.scanner.peek()?;
                self.state = State::FlowSequenceEntry;
                Ok((Event::MappingEnd, line))
            }
            State::FlowMappingFirstKey => self.flow_mapping_key(true),
            State::FlowMappingKey => self.flow_mapping_key(false),
            State::FlowMappingValue => self.flow_mapping_value(),
            State::FlowMappingEmptyValue => {
                let (_, line) = self.scanner.peek()?;
                self.state = State::FlowMappingKey;
                Ok(empty(line))
            }
            State::End => Ok((Event::StreamEnd, 0)),
        }
    }

    #[inline]
    fn peek(&mut self) -> Result<(Kind, u32), Error> {
        self.scanner.peek()
    }

    /// Takes the current token and looks at the one after it.
    #[inline]
    fn advance(&mut self) -> Result<(Kind, u32), Error> {
        self.scanner.take();
        self.scanner.peek()
    }

    #[inline]
    fn pop_state(&mut self) {
        self.state = self.states.pop().unwrap_or(State::End);
    }

    // --- documents ---

    fn document_start(&mut self, implicit: bool) -> Result<Located<'a>, Error> {
        let (mut kind, mut line) = self.peek()?;
        if !implicit {
            while kind == Kind::DocumentEnd {
                (kind, line) = self.advance()?;
            }
        }
        let explicit = matches!(kind, Kind::VersionDirective | Kind::TagDirective | Kind::DocumentStart);
        if kind == Kind::StreamEnd {
            self.scanner.take();
            self.state = State::End;
            return Ok((Event::StreamEnd, line));
        }
        self.directives()?;
        self.states.push(State::DocumentEnd);
        if implicit && !explicit {
            self.state = State::BlockNode;
            return Ok((Event::DocumentStart, line));
        }
        let (kind, at) = self.peek()?;
        if kind != Kind::DocumentStart {
            return Err(error("did not find expected <document start>", at));
        }
        self.scanner.take();
        self.state = State::DocumentContent;
        Ok((Event::DocumentStart, line))
    }

    fn document_content(&mut self) -> Result<Located<'a>, Error> {
        let (kind, line) = self.peek()?;
        match kind {
            Kind::VersionDirective | Kind::TagDirective | Kind::DocumentStart | Kind::DocumentEnd | Kind::StreamEnd => {
                self.pop_state();
                Ok(empty(line))
            }
            _ => self.node(true, false),
        }
    }

    fn document_end(&mut self) -> Result<Located<'a>, Error> {
        let (kind, line) = self.peek()?;
        if kind == Kind::DocumentEnd {
            self.scanner.take();
        }
        self.tags.clear();
        self.state = State::DocumentStart;
        Ok((Event::DocumentEnd, line))
    }

    fn directives(&mut self) -> Result<(), Error> {
        let mut versioned = false;
        loop {
            let (kind, line) = self.peek()?;
            match kind {
                Kind::VersionDirective => {
                    if versioned {
                        return Err(error("found duplicate %YAML directive", line));
                    }
                    if !matches!(self.scanner.take(), Data::Version(1, 1)) {
                        return Err(error("found incompatible YAML document", line));
                    }
                    versioned = true;
                }
                Kind::TagDirective => {
                    if let Data::Tag(tag) = self.scanner.take() {
                        if self.tags.iter().any(|t| t.0 == tag.0) {
                            return Err(error("found duplicate %TAG directive", line));
                        }
                        self.tags.push(*tag);
                    }
                }
                _ => break,
            }
        }
        for (handle, prefix) in [("!", "!"), ("!!", "tag:yaml.org,2002:")] {
            if !self.tags.iter().any(|t| t.0 == handle.as_bytes()) {
                self.tags.push((handle.into(), prefix.into()));
            }
        }
        Ok(())
    }

    // --- nodes ---

    /// Anchor and tag in either order; gives also the first line and the token after them.
    fn properties(&mut self) -> Result<(Properties<'a>, u32, Kind, u32), Error> {
        let (mut kind, mut line) = self.peek()?;
        let start = line;
        let mut properties = Properties::default();
        let mut tag = None;
        let mut anchored = false;
        loop {
            match kind {
                Kind::Anchor if !anchored => {
                    if let Data::Name(name) = self.scanner.take() {
                        properties.anchor = Some(name);
                    }
                    anchored = true;
                }
                Kind::Tag if tag.is_none() => {
                    if let Data::Tag(found) = self.scanner.take() {
                        tag = Some((*found, line));
                    }
                }
                _ => break,
            }
            (kind, line) = self.peek()?;
        }
        if let Some(((handle, suffix), at)) = tag {
            if handle.is_empty() {
                properties.tag = suffix.into();
            } else {
                if let Some((_, prefix)) = self.tags.iter().find(|t| t.0 == handle) {
                    properties.tag = [prefix.as_slice(), &suffix].concat().into();
                }
                if properties.tag.is_empty() {
                    return Err(error("found undefined tag handle", at));
                }
            }
        }
        Ok((properties, start, kind, line))
    }

    fn node(&mut self, block: bool, indentless: bool) -> Result<Located<'a>, Error> {
        let (kind, line) = self.peek()?;
        if kind == Kind::Alias {
            self.pop_state();
            let name = if let Data::Name(name) = self.scanner.take() { name } else { b"" };
            return Ok((Event::Alias(name), line));
        }
        let (properties, start, kind, line) = match kind {
            Kind::Anchor | Kind::Tag => self.properties()?,
            _ => (Properties::default(), line, kind, line),
        };
        self.state = match kind {
            Kind::BlockEntry if indentless => State::IndentlessSequenceEntry,
            Kind::FlowSequenceStart => State::FlowSequenceFirstEntry,
            Kind::FlowMappingStart => State::FlowMappingFirstKey,
            Kind::BlockSequenceStart if block => State::BlockSequenceFirstEntry,
            Kind::BlockMappingStart if block => State::BlockMappingFirstKey,
            Kind::Scalar => {
                self.pop_state();
                let (value, plain) = match self.scanner.take() {
                    Data::Scalar(value, plain) => (value, plain),
                    _ => (Cow::Borrowed(&b""[..]), true),
                };
                let implicit = (properties.tag.is_empty() && plain) || *properties.tag == *b"!";
                return Ok((Event::Scalar { properties, value, implicit }, start));
            }
            _ if properties.anchor.is_some() || !properties.tag.is_empty() => {
                self.pop_state();
                let implicit = properties.tag.is_empty();
                return Ok((Event::Scalar { properties, value: Cow::Borrowed(b""), implicit }, start));
            }
            _ => return Err(error("did not find expected node content", line)),
        };
        let event = match self.state {
            State::FlowMappingFirstKey | State::BlockMappingFirstKey => Event::MappingStart(properties),
            _ => Event::SequenceStart(properties),
        };
        Ok((event, start))
    }

    /// A node that is followed by the given state, or an empty scalar if one of `enders` stands there.
    fn node_or_empty(&mut self, next: State, enders: &[Kind], mark: u32, block: bool) -> Result<Located<'a>, Error> {
        let (kind, _) = self.peek()?;
        if enders.contains(&kind) {
            self.state = next;
            return Ok(empty(mark));
        }
        self.states.push(next);
        let indentless = matches!(next, State::BlockMappingKey | State::BlockMappingValue);
        self.node(block, indentless)
    }

    // --- block collections ---

    fn block_sequence_entry(&mut self, first: bool) -> Result<Located<'a>, Error> {
        if first {
            self.peek()?;
            self.scanner.take();
        }
        let (kind, line) = self.peek()?;
        match kind {
            Kind::BlockEntry => {
                self.advance()?;
                self.node_or_empty(State::BlockSequenceEntry, &[Kind::BlockEntry, Kind::BlockEnd], line, true)
            }
            Kind::BlockEnd => {
                self.pop_state();
                self.scanner.take();
                Ok((Event::SequenceEnd, line))
            }
            _ => Err(error("did not find expected '-' indicator", line)),
        }
    }

    fn indentless_sequence_entry(&mut self) -> Result<Located<'a>, Error> {
        let (kind, line) = self.peek()?;
        if kind == Kind::BlockEntry {
            self.advance()?;
            let enders = [Kind::BlockEntry, Kind::Key, Kind::Value, Kind::BlockEnd];
            return self.node_or_empty(State::IndentlessSequenceEntry, &enders, line, true);
        }
        self.pop_state();
        Ok((Event::SequenceEnd, line))
    }

    fn block_mapping_key(&mut self, first: bool) -> Result<Located<'a>, Error> {
        if first {
            self.peek()?;
            self.scanner.take();
        }
        let (kind, line) = self.peek()?;
        match kind {
            Kind::Key => {
                self.advance()?;
                let enders = [Kind::Key, Kind::Value, Kind::BlockEnd];
                self.node_or_empty(State::BlockMappingValue, &enders, line, true)
            }
            Kind::BlockEnd => {
                self.pop_state();
                self.scanner.take();
                Ok((Event::MappingEnd, line))
            }
            _ => Err(error("did not find expected key", line)),
        }
    }

    fn block_mapping_value(&mut self) -> Result<Located<'a>, Error> {
        let (kind, line) = self.peek()?;
        if kind == Kind::Value {
            self.advance()?;
            let enders = [Kind::Key, Kind::Value, Kind::BlockEnd];
            return self.node_or_empty(State::BlockMappingKey, &enders, line, true);
        }
        self.state = State::BlockMappingKey;
        Ok(empty(line))
    }

    // --- flow collections ---

    fn flow_sequence_entry(&mut self, first: bool) -> Result<Located<'a>, Error> {
        if first {
            self.peek()?;
            self.scanner.take();
        }
        let (mut kind, mut line) = self.peek()?;
        if kind != Kind::FlowSequenceEnd {
            if !first {
                if kind != Kind::FlowEntry {
                    return Err(error("did not find expected ',' or ']'", line));
                }
                (kind, line) = self.advance()?;
            }
            if kind == Kind::Key {
                self.state = State::FlowSequenceEntryKey;
                self.scanner.take();
                return Ok((Event::MappingStart(Properties::default()), line));
            }
            if kind != Kind::FlowSequenceEnd {
                self.states.push(State::FlowSequenceEntry);
                return self.node(false, false);
            }
        }
        self.pop_state();
        self.scanner.take();
        Ok((Event::SequenceEnd, line))
    }

    fn flow_sequence_entry_key(&mut self) -> Result<Located<'a>, Error> {
        let (kind, line) = self.peek()?;
        let enders = [Kind::Value, Kind::FlowEntry, Kind::FlowSequenceEnd];
        if enders.contains(&kind) {
            // Go takes this token for the missing key, so that a value after it is not found either.
            self.scanner.take();
            self.state = State::FlowSequenceEntryValue;
            return Ok(empty(line));
        }
        self.node_or_empty(State::FlowSequenceEntryValue, &[], line, false)
    }

    fn flow_sequence_entry_value(&mut self) -> Result<Located<'a>, Error> {
        let (kind, mut line) = self.peek()?;
        if kind == Kind::Value {
            let (kind, at) = self.advance()?;
            line = at;
            if !matches!(kind, Kind::FlowEntry | Kind::FlowSequenceEnd) {
                return self.node_or_empty(State::FlowSequenceEntryEnd, &[], line, false);
            }
        }
        self.state = State::FlowSequenceEntryEnd;
        Ok(empty(line))
    }

    fn flow_mapping_key(&mut self, first: bool) -> Result<Located<'a>, Error> {
        if first {
            self.peek()?;
            self.scanner.take();
        }
        let (mut kind, mut line) = self.peek()?;
        if kind != Kind::FlowMappingEnd {
            if !first {
                if kind != Kind::FlowEntry {
                    return Err(error("did not find expected ',' or '}'", line));
                }
                (kind, line) = self.advance()?;
            }
            if kind == Kind::Key {
                let (_, at) = self.advance()?;
                let enders = [Kind::Value, Kind::FlowEntry, Kind::FlowMappingEnd];
                return self.node_or_empty(State::FlowMappingValue, &enders, at, false);
            }
            if kind != Kind::FlowMappingEnd {
                self.states.push(State::FlowMappingEmptyValue);
                return self.node(false, false);
            }
        }
        self.pop_state();
        self.scanner.take();
        Ok((Event::MappingEnd, line))
    }

    fn flow_mapping_value(&mut self) -> Result<Located<'a>, Error> {
        let (kind, mut line) = self.peek()?;
        if kind == Kind::Value {
            let (kind, at) = self.advance()?;
            line = at;
            if !matches!(kind, Kind::FlowEntry | Kind::FlowMappingEnd) {
                return self.node_or_empty(State::FlowMappingKey, &[], line, false);
            }
        }
        self.state = State::FlowMappingKey;
        Ok(empty(line))
    }
}
