//! Usual documents, read line by line straight to nodes.
//!
//! Most of what charts hold and render is made of block collections with scalars that end on their line. For these the tokens
//! and events of the grammar are a long way round. Whatever is not usual (anchors, tags, scalars over several lines, tabs, and
//! everything that is wrong) is left to the scanner, which says what is wrong as Go does.

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

    /// A scalar or an empty flow collection, up to the end of its line.
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
            open @ (b'{' | b'[') => {
                let (close, content) =
                    if open == b'{' { (b'}', Content::Mapping(NONE)) } else { (b']', Content::Sequence(NONE)) };
                if self.at(start + 1) != close {
                    return None;
                }
                self.attach(content, line);
                self.pos = start + 2;
                self.end_line()
            }
            b'|' => self.block_scalar(true),
            b'>' => self.block_scalar(false),
            _ => self.plain(),
        }
    }

    /// A plain scalar, to the end of its last line.
    fn plain(&mut self) -> Option<()> {
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
    fn next_of_plain(&mut self) -> Option<Next> {
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

    // --- scalars ---

    /// Where a plain scalar ends, and where what ends it stands: a line break, the `:` of a key or the `#` of a comment.
    fn plain_end(&self, start: usize) -> Option<(usize, usize)> {
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
    fn plain_rest(&self, start: usize) -> Option<(usize, usize)> {
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

    /// The text of a quoted scalar of several lines, and the offset behind the closing quote.
    fn quoted_lines(&mut self, start: usize, quote: u8) -> Option<(Cow<'a, [u8]>, usize)> {
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

    /// The offset behind the closing quote, if that is on the same line.
    fn quoted_end(&self, start: usize, quote: u8) -> Option<usize> {
        let mut pos = start + 1;
        loop {
            let rest = self.text.get(pos..)?;
            let found =
                pos + rest.iter().position(|b| *b == quote || matches!(b, b'\n' | b'\r' | b'\\' | 0xC2 | 0xE2))?;
            let byte = self.text[found];
            pos = found + 1;
            if byte == quote {
                if quote == b'\'' && self.text.get(pos) == Some(&b'\'') {
                    pos += 1;
                    continue;
                }
                return Some(pos);
            }
            match byte {
                b'\\' if quote == b'\'' => {}
                b'\\' => {
                    escape(*self.text.get(pos)?)?;
                    pos += 1;
                }
                0xC2 | 0xE2 if break_len(&self.text[found..]) == 0 => {}
                _ => return None,
            }
        }
    }

    /// The text between quotes.
    fn unquoted(&self, start: usize, end: usize) -> Option<Cow<'a, [u8]>> {
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

    /// A block scalar without an indentation indicator.
    fn block_scalar(&mut self, literal: bool) -> Option<()> {
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
        // A text without a line is rare.
        indent?;
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

/// Appends text between quotes, with what is escaped in it put in its place.
fn unquote(mut text: &[u8], quote: u8, out: &mut Vec<u8>) -> Option<()> {
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
fn escape(byte: u8) -> Option<u8> {
    match byte {
        b'"' | b'\\' => Some(byte),
        b'n' => Some(b'\n'),
        b't' => Some(b'\t'),
        _ => None,
    }
}
