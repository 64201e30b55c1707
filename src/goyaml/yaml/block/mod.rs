//! Usual documents, read line by line straight to nodes.
//!
//! Most of what charts hold and render is made of block collections and scalars. For these the tokens and events of the
//! grammar are a long way round. Whatever is not usual (anchors, tags, flow collections of more than simple scalars, tabs, rare
//! escapes, and everything that is wrong) is left to the scanner, which says what is wrong as Go does.

mod flow;
mod lines;
mod scalar;

use std::borrow::Cow;

use super::chars::break_len;
use super::tree::{Content, NONE, NodeId, Tree};

/// Collections nested deeper are left to the scanner.
const MAX_DEPTH: usize = 200;
/// Keys that are longer are left to the scanner, which refuses them from 1024 characters on.
const MAX_KEY: usize = 1000;

/// The nodes of a document of which all is usual. The text is known to be clean UTF-8.
pub fn parse(text: &[u8]) -> Option<Tree<'_>> {
    let mut reader = Reader { text, pos: 0, line: 0, tree: Tree::with_capacity(text.len() / 16), open: Vec::new() };
    reader.document()?;
    Some(reader.tree)
}

/// What comes next: something, with its column or the number of blank lines before it, or nothing.
enum Next {
    Content(usize),
    End,
}

/// A block collection under construction.
struct Open {
    /// Its column.
    indent: usize,
    is_sequence: bool,
    node: NodeId,
    last: NodeId,
    /// The line of a `:` or `-` whose value is still to come.
    pending: Option<u32>,
}

struct Reader<'a> {
    text: &'a [u8],
    /// Offset of the line's rest.
    pos: usize,
    line: u32,
    tree: Tree<'a>,
    open: Vec<Open>,
}

impl<'a> Reader<'a> {
    #[inline]
    fn at(&self, pos: usize) -> u8 {
        self.text.get(pos).copied().unwrap_or(b'\n')
    }

    fn document(&mut self) -> Option<()> {
        let mut next = self.next_content()?;
        if matches!(next, Next::Content(0)) && self.at_marker() {
            if !self.text[self.pos..].starts_with(b"---") {
                return None;
            }
            self.pos += 3;
            self.end_line()?;
            next = self.next_content()?;
        }
        // An empty document is rare.
        let Next::Content(column) = next else { return None };
        self.node(column, None)?;
        while let Next::Content(column) = self.next_content()? {
            if column == 0 && self.at_marker() {
                return None;
            }
            self.entry(column)?;
        }
        while let Some(collection) = self.open.pop() {
            self.close(&collection);
        }
        Some(())
    }

    /// Whether `---` or `...` stands here, whatever follows.
    fn at_marker(&self) -> bool {
        let rest = &self.text[self.pos..];
        rest.starts_with(b"---") || rest.starts_with(b"...")
    }

    /// Steps over empty lines and comments to the first character of a line.
    fn next_content(&mut self) -> Option<Next> {
        loop {
            let start = self.pos;
            while self.at(self.pos) == b' ' {
                self.pos += 1;
            }
            if self.pos >= self.text.len() {
                return Some(Next::End);
            }
            match self.text[self.pos] {
                b'\n' => {
                    self.pos += 1;
                    self.line += 1;
                }
                b'#' => self.comment()?,
                b'\t' | b'\r' => return None,
                _ => return Some(Next::Content(self.pos - start)),
            }
        }
    }

    /// Steps over a comment and its line break.
    fn comment(&mut self) -> Option<()> {
        let rest = &self.text[self.pos..];
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        // What is no line feed may be a line break as well.
        if memchr::memchr3(b'\r', 0xC2, 0xE2, &rest[..end]).is_some()
            && (0..end).any(|i| rest[i] != b'\n' && break_len(&rest[i..]) > 0)
        {
            return None;
        }
        self.pos += end + 1;
        self.line += 1;
        Some(())
    }

    /// Steps over blanks, a comment and the line break: nothing else may stand here.
    fn end_line(&mut self) -> Option<()> {
        let start = self.pos;
        while self.at(self.pos) == b' ' {
            self.pos += 1;
        }
        match self.at(self.pos) {
            b'\n' => {
                self.pos += 1;
                self.line += 1;
                Some(())
            }
            b'#' if self.pos > start => self.comment(),
            _ => None,
        }
    }

    // --- structure ---

    /// A line within the outermost collection.
    fn entry(&mut self, column: usize) -> Option<()> {
        let dash = self.at_dash();
        loop {
            let top = self.open.last()?;
            if top.indent < column {
                // Right of the collection: a value that is still missing.
                top.pending?;
                return self.node(column, Some(column));
            }
            if top.indent == column && top.is_sequence == dash {
                break;
            }
            if top.indent == column && dash {
                // A sequence may stand in the column of the key that it belongs to.
                top.pending?;
                return self.node(column, Some(column));
            }
            let closed = self.open.pop()?;
            self.close(&closed);
        }
        self.fill();
        if dash { self.item(column) } else { self.pair() }
    }

    fn at_dash(&self) -> bool {
        self.text[self.pos] == b'-' && matches!(self.at(self.pos + 1), b' ' | b'\n')
    }

    /// Gives the last key or `-` an empty value if it has none.
    fn fill(&mut self) {
        if let Some(line) = self.open.last_mut().and_then(|top| top.pending.take()) {
            self.attach(Content::Scalar { text: Cow::Borrowed(b""), tag: Box::default(), implicit: true }, line);
        }
    }

    fn close(&mut self, collection: &Open) {
        if let Some(line) = collection.pending {
            let empty = Content::Scalar { text: Cow::Borrowed(b""), tag: Box::default(), implicit: true };
            self.tree.add(empty, line, collection.node, collection.last);
        }
    }

    /// Adds a node to the innermost collection.
    fn attach(&mut self, content: Content<'a>, line: u32) -> NodeId {
        match self.open.last_mut() {
            Some(top) => {
                top.last = self.tree.add(content, line, top.node, top.last);
                top.last
            }
            None => self.tree.add(content, line, NONE, NONE),
        }
    }

    fn scalar(&mut self, text: Cow<'a, [u8]>, plain: bool, line: u32) {
        self.attach(Content::Scalar { text, tag: Box::default(), implicit: plain }, line);
    }

    /// A node that begins here, in that column. `line_start` is given if nothing stands before it on its line.
    fn node(&mut self, column: usize, line_start: Option<usize>) -> Option<()> {
        if self.open.len() > MAX_DEPTH {
            return None;
        }
        let is_sequence = self.at_dash();
        if !is_sequence && !self.open.is_empty() && line_start.is_some() && !self.is_pair() {
            // The text of a scalar in a line of its own.
            if let Some(top) = self.open.last_mut() {
                top.pending = None;
            }
            return self.value();
        }
        if let Some(top) = self.open.last_mut() {
            top.pending = None;
        }
        let content = if is_sequence { Content::Sequence(NONE) } else { Content::Mapping(NONE) };
        let node = self.attach(content, self.line);
        self.open.push(Open { indent: column, is_sequence, node, last: NONE, pending: None });
        if is_sequence { self.item(column) } else { self.pair() }
    }

    /// Whether a key and its `:` begin here.
    fn is_pair(&self) -> bool {
        match self.text[self.pos] {
            quote @ (b'"' | b'\'') => self
                .quoted_end(self.pos, quote)
                .is_some_and(|end| self.at(end) == b':' && matches!(self.at(end + 1), b' ' | b'\n')),
            _ => self.plain_end(self.pos).is_some_and(|(_, next)| self.at(next) == b':'),
        }
    }

    /// `- ` and what follows on the line.
    fn item(&mut self, column: usize) -> Option<()> {
        let line = self.line;
        let mut next = self.pos + 1;
        while self.at(next) == b' ' {
            next += 1;
        }
        let inner = column + next - self.pos;
        match self.at(next) {
            b'\n' => {
                self.pos = next;
                self.open.last_mut()?.pending = Some(line);
                self.end_line()
            }
            b'#' => {
                self.pos += 1;
                self.open.last_mut()?.pending = Some(line);
                self.end_line()
            }
            _ => {
                self.pos = next;
                if self.at_dash() || self.is_pair() { self.node(inner, None) } else { self.value() }
            }
        }
    }

    /// A key, `:` and what follows on the line.
    fn pair(&mut self) -> Option<()> {
        let (start, line) = (self.pos, self.line);
        let (text, plain, end) = match self.text[start] {
            quote @ (b'"' | b'\'') => {
                let end = self.quoted_end(start, quote)?;
                (self.unquoted(start, end)?, false, end)
            }
            _ => {
                let (end, next) = self.plain_end(start)?;
                // Blanks before the colon are allowed, and rare.
                if end != next {
                    return None;
                }
                (Cow::Borrowed(&self.text[start..end]), true, end)
            }
        };
        if self.at(end) != b':' || !matches!(self.at(end + 1), b' ' | b'\n') || end - start > MAX_KEY {
            return None;
        }
        self.scalar(text, plain, line);
        self.pos = end + 1;
        while self.at(self.pos) == b' ' {
            self.pos += 1;
        }
        match self.at(self.pos) {
            b'\n' => {
                self.open.last_mut()?.pending = Some(line);
                self.end_line()
            }
            b'#' if self.pos > end + 1 => {
                self.open.last_mut()?.pending = Some(line);
                self.comment()
            }
            // Another collection may not begin on this line.
            _ if self.at_dash() => None,
            _ => self.value(),
        }
    }

    /// A scalar or a flow collection, up to the end of its line.
    fn value(&mut self) -> Option<()> {
        let (start, line) = (self.pos, self.line);
        match self.text[start] {
            quote @ (b'"' | b'\'') => {
                let (text, end) = match self.quoted_end(start, quote) {
                    Some(end) => (self.unquoted(start, end)?, end),
                    None => self.quoted_lines(start, quote)?,
                };
                self.scalar(text, false, line);
                self.pos = end;
                self.end_line()
            }
            b'{' | b'[' => self.flow(),
            b'|' => self.block_scalar(true),
            b'>' => self.block_scalar(false),
            _ => self.plain(),
        }
    }
}
