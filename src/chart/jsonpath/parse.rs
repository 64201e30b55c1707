//! From the text of a template to its parts.

use super::{Compare, Filter, Node, Part, Slice};
use crate::gotemplate::strconv::{self, Unquoted};

/// Reads a template: text, and lists of steps in braces.
pub fn template(text: &str) -> Result<Vec<Part>, String> {
    let mut parser = Parser { input: text, pos: 0, start: 0 };
    let mut parts = Vec::new();
    loop {
        match parser.rest().find('{') {
            Some(0) => {
                parser.pos += 1;
                parser.take();
                parts.push(Part::Steps(parser.steps()?));
            }
            Some(length) => {
                parser.pos += length;
                parts.push(Part::Text(parser.take().into()));
            }
            None => {
                parser.pos = text.len();
                let rest = parser.take();
                if !rest.is_empty() {
                    parts.push(Part::Text(rest.into()));
                }
                return Ok(parts);
            }
        }
    }
}

/// Reads the inside of an expression.
fn steps(text: &str) -> Result<Vec<Node>, String> {
    let text = format!("{{{text}}}");
    match template(&text)?.into_iter().next() {
        Some(Part::Steps(nodes)) => Ok(nodes),
        _ => Ok(Vec::new()),
    }
}

/// A cursor, and where the word that is being read began.
struct Parser<'a> {
    input: &'a str,
    pos: usize,
    start: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.input[self.pos..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += c.len_utf8();
        Some(c)
    }

    /// What was read since the last call.
    fn take(&mut self) -> &'a str {
        let word = &self.input[self.start..self.pos];
        self.start = self.pos;
        word
    }

    /// The steps up to the closing brace, which is read as well.
    fn steps(&mut self) -> Result<Vec<Node>, String> {
        let mut nodes = Vec::new();
        loop {
            if self.rest().starts_with("[?(") {
                let filter = self.filter()?;
                nodes.push(Node::Filter(Box::new(filter)));
                continue;
            }
            if self.rest().starts_with("..") {
                if matches!(nodes.last(), Some(Node::Recursive)) {
                    return Err("invalid multiple recursive descent".into());
                }
                self.pos += 2;
                self.take();
                nodes.push(Node::Recursive);
                if self.peek().is_some_and(is_alphanumeric) {
                    nodes.push(self.field());
                }
                continue;
            }
            match self.next() {
                Some('}') => {
                    self.take();
                    return Ok(nodes);
                }
                None | Some('\r' | '\n') => return Err("unclosed action".into()),
                Some(' ' | '@' | '$') => {
                    self.take();
                }
                Some('[') => self.array(&mut nodes)?,
                Some(quote @ ('"' | '\'')) => {
                    let text = self.quoted(quote)?;
                    nodes.push(Node::Text(text));
                }
                Some('.') => {
                    self.take();
                    nodes.push(self.field());
                }
                Some(c) if matches!(c, '+' | '-') || c.is_numeric() => nodes.push(self.number()?),
                Some(c) if is_alphanumeric(c) => {
                    while self.peek().is_some_and(|c| !is_terminator(c)) {
                        self.next();
                    }
                    nodes.push(match self.take() {
                        "true" => Node::Bool(true),
                        "false" => Node::Bool(false),
                        word => Node::Word(word.into()),
                    });
                }
                Some(c) => {
                    return Err(format!("unrecognized character in action: U+{:04X} '{c}'", u32::from(c)));
                }
            }
        }
    }

    /// A name up to a character that ends one; a backslash hides such a character.
    fn field(&mut self) -> Node {
        while let Some(c) = self.peek() {
            if c == '\\' {
                self.next();
            } else if is_terminator(c) {
                break;
            }
            self.next();
        }
        match self.take() {
            "*" => Node::Wildcard,
            name => Node::Field(name.replace('\\', "")),
        }
    }

    fn number(&mut self) -> Result<Node, String> {
        while self.peek().is_some_and(|c| c == '.' || c.is_numeric()) {
            self.next();
        }
        let word = self.take();
        if let Ok(int) = word.parse() {
            return Ok(Node::Int(int));
        }
        let float = strconv::parse_float(word.as_bytes());
        float.map(Node::Float).map_err(|_| format!("cannot parse number {word}"))
    }

    fn quoted(&mut self, quote: char) -> Result<String, String> {
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated quoted string".into()),
                Some(c) if c == quote && !self.input[..self.pos - 1].ends_with('\\') => break,
                Some(_) => {}
            }
        }
        let word = self.take();
        unquote(word).ok_or_else(|| format!("unquote string {word} error invalid syntax"))
    }

    /// What stands in square brackets: an index, a slice, a key, or several of these.
    fn array(&mut self, nodes: &mut Vec<Node>) -> Result<(), String> {
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated array".into()),
                Some(']') => break,
                Some(_) => {}
            }
        }
        let word = self.take();
        let text = match &word[1..word.len() - 1] {
            "*" => ":",
            text => text,
        };
        if text.contains(',') {
            let lists = text.split(',').map(|part| steps(&format!("[{}]", part.trim_matches(' '))));
            nodes.push(Node::Union(lists.collect::<Result<_, _>>()?));
            return Ok(());
        }
        let key = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')).filter(|key| !key.contains('\''));
        if let Some(key) = key {
            nodes.extend(steps(&format!(".{key}"))?);
            return Ok(());
        }
        nodes.push(Node::Slice(slice(text)?));
        Ok(())
    }

    fn filter(&mut self) -> Result<Filter, String> {
        self.pos += "[?(".len();
        self.take();
        let (mut open, mut closed) = (None, false);
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated filter".into()),
                Some(c @ ('"' | '\'')) => match open {
                    None => open = Some(c),
                    Some(quote) => {
                        closed |= c == quote && !self.input[..self.pos - 1].ends_with('\\');
                    }
                },
                Some(')') if open.is_some() == closed => break,
                Some(_) => {}
            }
        }
        if self.next() != Some(']') {
            return Err("unclosed array expect ]".into());
        }
        let word = self.take();
        let text = &word[..word.len() - 2];
        let Some((left, operator, right)) = comparison(text) else {
            return Ok(Filter { left: steps(text)?, compare: None });
        };
        let (left, right) = (steps(left)?, steps(right)?);
        Ok(Filter { left, compare: Some(Compare { operator: operator.into(), right }) })
    }
}

/// Divides `left OPERATOR right`; each must have at least one character.
fn comparison(text: &str) -> Option<(&str, &str, &str)> {
    let is_operator = |c: char| matches!(c, '!' | '<' | '>' | '=');
    let start = text.find(is_operator).filter(|start| *start > 0)?;
    let length = text[start..].find(|c| !is_operator(c)).unwrap_or(text.len() - start);
    let end = start + length;
    // Of an operator that ends the text its last sign is the right side.
    let end = if end < text.len() { end } else { end - 1 };
    (end > start).then(|| (&text[..start], &text[start..end], &text[end..]))
}

/// `1`, `1:3`, `:`, `::2`, `-1:`
fn slice(text: &str) -> Result<Slice, String> {
    let invalid = || format!("invalid array index {text}");
    let parts: Vec<&str> = text.split(':').collect();
    let is_number = |part: &str| part.strip_prefix('-').unwrap_or(part).bytes().all(|b| b.is_ascii_digit());
    if parts.len() > 3 || !parts.iter().all(|part| is_number(part)) {
        return Err(invalid());
    }
    let number = |at: usize| match parts.get(at) {
        None | Some(&"") => Ok(None),
        Some(part) => part.parse::<i64>().map(Some).map_err(|_| format!("array index {part} is not a number")),
    };
    let (from, to, step) = (number(0)?, number(1)?, number(2)?);
    if parts.len() == 1 {
        let index = from.unwrap_or(0);
        return Ok(Slice { from, to: Some(index.saturating_add(1)), single: true, step: None });
    }
    Ok(Slice { from, to, single: false, step })
}

/// A literal in single or double quotes, with Go's escapes.
fn unquote(word: &str) -> Option<String> {
    let (&quote, inner) = word.as_bytes().split_first()?;
    let mut rest = inner.strip_suffix(&[quote])?;
    let mut out = Vec::with_capacity(rest.len());
    if !rest.contains(&b'\\') && !rest.contains(&quote) {
        out.extend_from_slice(rest);
        rest = &[];
    }
    while !rest.is_empty() {
        let (c, width) = strconv::unquote_char(rest, quote)?;
        match c {
            Unquoted::Byte(byte) => out.push(byte),
            Unquoted::Rune(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = &rest[width..];
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

fn is_terminator(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}')
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}
