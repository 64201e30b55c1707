//! From the text of a pattern to its tree.

use std::collections::VecDeque;

use crate::gotemplate::runes::{RUNE_ERROR, decode_rune};

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Nothing,
    Pattern(Vec<Node>),
    List { chars: String, not: bool },
    Range { lo: char, hi: char, not: bool },
    Text(String),
    Any,
    Super,
    Single,
    AnyOf(Vec<Node>),
}

/// Why there is no tree.
#[derive(Debug)]
pub(super) enum Unread {
    Malformed,
    TooComplex,
}

#[derive(Debug)]
enum Token {
    End,
    Text(String),
    Any,
    Super,
    Single,
    RangeOpen,
    Not,
    Lo(char),
    Hi(char),
    RangeClose,
    Open,
    Separator,
    Close,
}

/// What the library takes for the end: a zero byte in a pattern is one, too.
const END: char = '\0';
/// How deep braces may nest, and how many parts a pattern may have.
const MAX_DEPTH: usize = 100;
const MAX_PARTS: usize = 4000;

struct Lexer<'a> {
    data: &'a [u8],
    at: usize,
    malformed: bool,
    tokens: VecDeque<Token>,
    depth: usize,
    last: (char, usize),
    has_last: bool,
}

impl Lexer<'_> {
    fn next(&mut self) -> Result<Token, Unread> {
        loop {
            if self.malformed {
                return Err(Unread::Malformed);
            }
            if let Some(token) = self.tokens.pop_front() {
                return Ok(token);
            }
            self.item();
        }
    }

    fn peek(&mut self) -> (char, usize) {
        if self.at == self.data.len() {
            return (END, 0);
        }
        match decode_rune(&self.data[self.at..]) {
            (RUNE_ERROR, _) => {
                self.malformed = true;
                (END, 0)
            }
            found => found,
        }
    }

    fn read(&mut self) -> char {
        if !std::mem::take(&mut self.has_last) {
            self.last = self.peek();
        }
        self.at += self.last.1;
        self.last.0
    }

    fn unread(&mut self) {
        if self.has_last {
            self.malformed = true;
        } else {
            self.at -= self.last.1;
            self.has_last = true;
        }
    }

    fn item(&mut self) {
        let inside = self.depth > 0;
        let token = match self.read() {
            END => Token::End,
            '{' => {
                self.depth += 1;
                Token::Open
            }
            ',' if inside => Token::Separator,
            '}' if inside => {
                self.depth -= 1;
                Token::Close
            }
            '[' => {
                self.tokens.push_back(Token::RangeOpen);
                return self.range();
            }
            '?' => Token::Single,
            '*' => {
                if self.read() == '*' {
                    Token::Super
                } else {
                    self.unread();
                    Token::Any
                }
            }
            _ => {
                self.unread();
                return self.text(if inside { &['?', '*', '[', '{', '}', ','] } else { &['?', '*', '[', '{'] });
            }
        };
        self.tokens.push_back(token);
    }

    fn range(&mut self) {
        let (mut want_hi, mut want_close, mut seen_not) = (false, false, false);
        loop {
            let rune = self.read();
            if rune == END {
                self.malformed = true;
                return;
            }
            if want_close {
                if rune == ']' {
                    self.tokens.push_back(Token::RangeClose);
                } else {
                    self.malformed = true;
                }
                return;
            }
            if want_hi {
                self.tokens.push_back(Token::Hi(rune));
                want_close = true;
            } else if !seen_not && rune == '!' {
                self.tokens.push_back(Token::Not);
                seen_not = true;
            } else if let ('-', width) = self.peek() {
                self.at += width;
                self.tokens.push_back(Token::Lo(rune));
                want_hi = true;
            } else {
                self.unread();
                self.text(&[']']);
                want_close = true;
            }
        }
    }

    fn text(&mut self, breakers: &[char]) {
        let (mut text, mut escaped) = (String::new(), false);
        loop {
            let rune = self.read();
            if rune == END {
                break;
            }
            if !escaped {
                if rune == '\\' {
                    escaped = true;
                    continue;
                }
                if breakers.contains(&rune) {
                    self.unread();
                    break;
                }
            }
            escaped = false;
            text.push(rune);
        }
        if !text.is_empty() {
            self.tokens.push_back(Token::Text(text));
        }
    }

    /// What follows `[`.
    fn bracket(&mut self) -> Result<Node, Unread> {
        let (mut not, mut lo, mut hi, mut chars) = (false, None, None, String::new());
        loop {
            match self.next()? {
                Token::End => return Err(Unread::Malformed),
                Token::Not => not = true,
                Token::Lo(rune) => lo = Some(rune),
                Token::Hi(rune) if lo > Some(rune) => return Err(Unread::Malformed),
                Token::Hi(rune) => hi = Some(rune),
                Token::Text(text) => chars = text,
                Token::RangeClose => {
                    return match (lo, hi) {
                        (Some(lo), Some(hi)) if chars.is_empty() => Ok(Node::Range { lo, hi, not }),
                        (Some(_), Some(_)) => Err(Unread::Malformed),
                        _ if chars.is_empty() => Err(Unread::Malformed),
                        _ => Ok(Node::List { chars, not }),
                    };
                }
                _ => {}
            }
        }
    }
}

/// The tree of a pattern and the number of its parts.
///
/// # Errors
/// It is malformed, or too complex.
pub(super) fn parse(pattern: &[u8]) -> Result<(Node, usize), Unread> {
    let mut lexer = Lexer {
        data: pattern,
        at: 0,
        malformed: false,
        tokens: VecDeque::new(),
        depth: 0,
        last: (END, 0),
        has_last: false,
    };
    let mut parts = 0;
    let mut current: Vec<Node> = Vec::new();
    // Of each open brace: what stands before it, and its alternatives so far.
    let mut open: Vec<(Vec<Node>, Vec<Node>)> = Vec::new();
    loop {
        parts += 1;
        if parts > MAX_PARTS || open.len() > MAX_DEPTH {
            return Err(Unread::TooComplex);
        }
        match lexer.next()? {
            Token::End => break,
            Token::Text(text) => current.push(Node::Text(text)),
            Token::Any => current.push(Node::Any),
            Token::Super => current.push(Node::Super),
            Token::Single => current.push(Node::Single),
            Token::RangeOpen => current.push(lexer.bracket()?),
            Token::Open => open.push((std::mem::take(&mut current), Vec::new())),
            Token::Separator => {
                if let Some((_, alternatives)) = open.last_mut() {
                    alternatives.push(Node::Pattern(std::mem::take(&mut current)));
                }
            }
            Token::Close => close(&mut open, &mut current),
            // These come after `[` only.
            Token::Not | Token::Lo(_) | Token::Hi(_) | Token::RangeClose => return Err(Unread::Malformed),
        }
    }
    // A brace that is never closed ends with the pattern.
    while !open.is_empty() {
        close(&mut open, &mut current);
    }
    Ok((Node::Pattern(current), parts))
}

fn close(open: &mut Vec<(Vec<Node>, Vec<Node>)>, current: &mut Vec<Node>) {
    if let Some((before, mut alternatives)) = open.pop() {
        alternatives.push(Node::Pattern(std::mem::replace(current, before)));
        current.push(Node::AnyOf(alternatives));
    }
}
