//! The lexer: template text to tokens.

use super::runes::{decode_last_rune, decode_rune, is_digit, is_letter, is_print};
use super::strconv;

/// The kinds of tokens. Those from [`Kind::Block`] on are keywords.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(super) enum Kind {
    Error,
    Bool,
    /// A printable ASCII character that means nothing else, such as a comma.
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    Block,
    Break,
    Continue,
    Dot,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

/// A token: the bytes `pos..end` of the text. An error has its number among the errors as `end`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub kind: Kind,
    pub pos: u32,
    pub end: u32,
}

impl Item {
    pub const NONE: Self = Self { kind: Kind::Eof, pos: 0, end: 0 };
}

#[expect(clippy::struct_excessive_bools, reason = "each says something of its own")]
/// The lexer. It never looks further ahead than Go's, so that errors come in the same order.
pub(super) struct Lexer<'a> {
    input: &'a [u8],
    pos: usize,
    start: usize,
    parens: u32,
    /// The end was seen once; from then on nothing is put back.
    at_eof: bool,
    inside_action: bool,
    /// `break` and `continue` are keywords unless functions have these names.
    pub break_is_keyword: bool,
    pub continue_is_keyword: bool,
    errors: Vec<String>,
    /// Where the first of them is; tokens after it are placed there.
    failed_at: u32,
}

const LEFT: &[u8] = b"{{";
const RIGHT: &[u8] = b"}}";
/// A minus and the space that must stand beside it.
const TRIM_MARKER: usize = 2;

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || is_letter(c) || is_digit(c)
}

/// Letters, digits and `_` of ASCII.
static IS_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    table
};

fn has_left_trim(s: &[u8]) -> bool {
    matches!(s, [b'-', space, ..] if is_space(*space))
}

fn has_right_trim(s: &[u8]) -> bool {
    matches!(s, [space, b'-', ..] if is_space(*space))
}

/// Where the first action begins.
pub(super) fn find_left(s: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'{', s).find(|&at| s.get(at + 1) == Some(&b'{'))
}

fn spaces_at_start(s: &[u8]) -> usize {
    s.iter().take_while(|b| is_space(**b)).count()
}

/// Go's `%#U`.
fn unicode_name(c: Option<char>) -> String {
    match c {
        // The end of input is rune -1.
        None => "U+FFFFFFFFFFFFFFFF".to_owned(),
        Some(c) if is_print(c) => format!("U+{:04X} '{c}'", u32::from(c)),
        Some(c) => format!("U+{:04X}", u32::from(c)),
    }
}

impl<'a> Lexer<'a> {
    pub fn new(input: &'a [u8]) -> Self {
        Self {
            input,
            pos: 0,
            start: 0,
            parens: 0,
            at_eof: false,
            inside_action: false,
            break_is_keyword: true,
            continue_is_keyword: true,
            errors: Vec::new(),
            failed_at: 0,
        }
    }

    /// The message of an error token.
    pub fn error(&self, item: Item) -> &str {
        self.errors.get(item.end as usize).map_or("", String::as_str)
    }

    /// The next token. After an error the input counts as empty.
    pub fn next_item(&mut self) -> Item {
        loop {
            if self.inside_action {
                return self.inside_action();
            }
            if let Some(item) = self.text() {
                return item;
            }
        }
    }

    /// Passes over the space before the next token, if there is any.
    pub fn skip_space(&mut self) {
        if self.inside_action && self.input.get(self.pos).is_some_and(|b| is_space(*b)) && !self.right_delim_here().0 {
            self.pass_space();
            self.ignore();
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.input.get(self.pos..).unwrap_or_default()
    }

    fn next(&mut self) -> Option<char> {
        let Some(&b) = self.input.get(self.pos) else {
            self.at_eof = true;
            return None;
        };
        if b < 0x80 {
            self.pos += 1;
            return Some(char::from(b));
        }
        let (c, width) = decode_rune(self.rest());
        self.pos += width;
        Some(c)
    }

    fn peek(&mut self) -> Option<char> {
        match self.input.get(self.pos) {
            None => {
                self.at_eof = true;
                None
            }
            Some(&b) if b < 0x80 => Some(char::from(b)),
            Some(_) => Some(decode_rune(self.rest()).0),
        }
    }

    fn backup(&mut self) {
        if self.at_eof || self.pos == 0 {
            return;
        }
        self.pos -= decode_last_rune(&self.input[..self.pos]).1;
    }

    fn item(&mut self, kind: Kind) -> Item {
        let item = Item { kind, pos: self.failed_at + self.start as u32, end: self.pos as u32 };
        self.start = self.pos;
        item
    }

    /// Skips what was passed over.
    fn ignore(&mut self) {
        self.start = self.pos;
    }

    fn fail(&mut self, message: impl Into<String>) -> Item {
        self.failed_at += self.start as u32;
        let item = Item { kind: Kind::Error, pos: self.failed_at, end: self.errors.len() as u32 };
        self.errors.push(message.into());
        self.start = 0;
        self.pos = 0;
        self.input = &[];
        item
    }

    /// Text up to the next action, or the action's left delimiter; nothing after a comment.
    fn text(&mut self) -> Option<Item> {
        // After a text there is an action, mostly.
        let here = if self.rest().starts_with(LEFT) { Some(0) } else { find_left(self.rest()) };
        match here {
            Some(0) => self.left_delim(),
            Some(at) => {
                self.pos += at;
                let mut trimmed = 0;
                if has_left_trim(&self.input[self.pos + LEFT.len()..]) {
                    let text = &self.input[self.start..self.pos];
                    trimmed = text.iter().rev().take_while(|b| is_space(**b)).count();
                }
                self.pos -= trimmed;
                let item = self.item(Kind::Text);
                self.pos += trimmed;
                self.ignore();
                (item.end > item.pos).then_some(item)
            }
            None => {
                self.pos = self.input.len();
                Some(self.item(if self.pos > self.start { Kind::Text } else { Kind::Eof }))
            }
        }
    }

    /// A right delimiter here, perhaps with a trim marker: whether it is one, whether it trims.
    fn right_delim_here(&self) -> (bool, bool) {
        let rest = self.rest();
        if has_right_trim(rest) && rest[TRIM_MARKER..].starts_with(RIGHT) {
            return (true, true);
        }
        (rest.starts_with(RIGHT), false)
    }

    fn left_delim(&mut self) -> Option<Item> {
        self.pos += LEFT.len();
        let marker = if has_left_trim(self.rest()) { TRIM_MARKER } else { 0 };
        if self.rest()[marker..].starts_with(b"/*") {
            self.pos += marker;
            self.ignore();
            return self.comment();
        }
        let item = self.item(Kind::LeftDelim);
        self.inside_action = true;
        self.pos += marker;
        self.ignore();
        self.parens = 0;
        Some(item)
    }

    fn comment(&mut self) -> Option<Item> {
        self.pos += 2;
        let rest = self.rest();
        let Some(end) = memchr::memchr_iter(b'*', rest).find(|&at| rest.get(at + 1) == Some(&b'/')) else {
            return Some(self.fail("unclosed comment"));
        };
        self.pos += end + 2;
        let (closed, trims) = self.right_delim_here();
        if !closed {
            return Some(self.fail("comment ends before closing delimiter"));
        }
        if trims {
            self.pos += TRIM_MARKER;
        }
        self.pos += RIGHT.len();
        if trims {
            self.pos += spaces_at_start(self.rest());
        }
        self.ignore();
        None
    }

    fn right_delim(&mut self) -> Item {
        let (_, trims) = self.right_delim_here();
        if trims {
            self.pos += TRIM_MARKER;
            self.ignore();
        }
        self.pos += RIGHT.len();
        let item = self.item(Kind::RightDelim);
        if trims {
            self.pos += spaces_at_start(self.rest());
            self.ignore();
        }
        self.inside_action = false;
        item
    }

    fn inside_action(&mut self) -> Item {
        if let Some(&first) = self.input.get(self.pos) {
            if IS_WORD[usize::from(first)] && !first.is_ascii_digit() {
                self.pos += 1;
                return self.identifier();
            }
            let space = is_space(first);
            if (space || first == b'}') && self.right_delim_here().0 {
                return if self.parens == 0 { self.right_delim() } else { self.fail("unclosed left paren") };
            }
            if space {
                self.pass_space();
                return self.item(Kind::Space);
            }
        }
        let Some(c) = self.next() else { return self.fail("unclosed action") };
        match c {
            '=' => self.item(Kind::Assign),
            ':' if self.next() == Some('=') => self.item(Kind::Declare),
            ':' => self.fail("expected :="),
            '|' => self.item(Kind::Pipe),
            '"' => self.quoted(b'"', Kind::String, "unterminated quoted string"),
            '`' => self.raw_quoted(),
            '$' => self.field_or_variable(Kind::Variable),
            '\'' => self.quoted(b'\'', Kind::CharConstant, "unterminated character constant"),
            '.' if self.input.get(self.pos).is_some_and(|b| !b.is_ascii_digit()) => self.field_or_variable(Kind::Field),
            '.' | '+' | '-' | '0'..='9' => {
                self.backup();
                self.number()
            }
            '(' => {
                self.parens += 1;
                self.item(Kind::LeftParen)
            }
            ')' if self.parens == 0 => self.fail("unexpected right paren"),
            ')' => {
                self.parens -= 1;
                self.item(Kind::RightParen)
            }
            c if is_alphanumeric(c) => self.identifier(),
            c if c.is_ascii() && is_print(c) => self.item(Kind::Char),
            c => self.fail(format!("unrecognized character in action: {}", unicode_name(Some(c)))),
        }
    }

    fn pass_space(&mut self) {
        self.pos += spaces_at_start(self.rest());
        // The last space may belong to a trim marker; had it been the only one, the delimiter would have been seen before.
        if has_right_trim(&self.input[self.pos - 1..]) && self.input[self.pos - 1 + TRIM_MARKER..].starts_with(RIGHT) {
            self.pos -= 1;
        }
    }

    fn skip_alphanumeric(&mut self) -> Option<char> {
        loop {
            match self.input.get(self.pos) {
                Some(b) if IS_WORD[usize::from(*b)] => self.pos += 1,
                Some(b) if *b >= 0x80 => {
                    let (c, width) = decode_rune(self.rest());
                    if !is_alphanumeric(c) {
                        return Some(c);
                    }
                    self.pos += width;
                }
                Some(b) => return Some(char::from(*b)),
                None => {
                    self.at_eof = true;
                    return None;
                }
            }
        }
    }

    fn identifier(&mut self) -> Item {
        let next = self.skip_alphanumeric();
        if !self.at_terminator() {
            return self.fail(format!("bad character {}", unicode_name(next)));
        }
        let kind = match &self.input[self.start..self.pos] {
            b"block" => Kind::Block,
            b"break" if self.break_is_keyword => Kind::Break,
            b"continue" if self.continue_is_keyword => Kind::Continue,
            b"define" => Kind::Define,
            b"else" => Kind::Else,
            b"end" => Kind::End,
            b"if" => Kind::If,
            b"range" => Kind::Range,
            b"nil" => Kind::Nil,
            b"template" => Kind::Template,
            b"with" => Kind::With,
            b"true" | b"false" => Kind::Bool,
            _ => Kind::Identifier,
        };
        self.item(kind)
    }

    /// The rest of `.name` or `$name`; the sign alone is the dot or the variable `$`.
    fn field_or_variable(&mut self, kind: Kind) -> Item {
        if self.at_terminator() {
            return self.item(if kind == Kind::Variable { Kind::Variable } else { Kind::Dot });
        }
        let next = self.skip_alphanumeric();
        if !self.at_terminator() {
            return self.fail(format!("bad character {}", unicode_name(next)));
        }
        self.item(kind)
    }

    /// Whether a name may end here.
    fn at_terminator(&mut self) -> bool {
        match self.input.get(self.pos) {
            None => {
                self.at_eof = true;
                true
            }
            Some(b' ' | b'\t' | b'\r' | b'\n' | b'.' | b',' | b'|' | b':' | b')' | b'(') => true,
            Some(b'}') => self.rest().starts_with(RIGHT),
            Some(_) => false,
        }
    }

    fn quoted(&mut self, quote: u8, kind: Kind, error: &str) -> Item {
        // No byte of a longer character looks like one of these.
        let mut bytes = self.rest().iter().enumerate();
        while let Some((at, byte)) = bytes.next() {
            let escaped = match byte {
                b'\\' => bytes.next().map(|(_, next)| next),
                byte if *byte == quote => {
                    self.pos += at + 1;
                    return self.item(kind);
                }
                byte => Some(byte),
            };
            if matches!(escaped, None | Some(b'\n')) {
                break;
            }
        }
        self.fail(error)
    }

    fn raw_quoted(&mut self) -> Item {
        match memchr::memchr(b'`', self.rest()) {
            Some(at) => {
                self.pos += at + 1;
                self.item(Kind::RawString)
            }
            None => self.fail("unterminated raw quoted string"),
        }
    }

    fn accept(&mut self, valid: impl Fn(u8) -> bool) -> bool {
        match self.input.get(self.pos) {
            Some(&b) if valid(b) => {
                self.pos += 1;
                true
            }
            Some(_) => false,
            None => {
                self.at_eof = true;
                false
            }
        }
    }

    fn accept_run(&mut self, valid: impl Fn(u8) -> bool) {
        while self.accept(&valid) {}
    }

    /// A number, not fully checked: reading it finds what is wrong.
    fn number(&mut self) -> Item {
        if !self.scan_number() {
            return self.bad_number();
        }
        if !matches!(self.peek(), Some('+' | '-')) {
            return self.item(Kind::Number);
        }
        if !self.scan_number() || self.input.get(self.pos - 1) != Some(&b'i') {
            return self.bad_number();
        }
        self.item(Kind::Complex)
    }

    fn bad_number(&mut self) -> Item {
        let text = strconv::quote(&self.input[self.start..self.pos]);
        self.fail(format!("bad number syntax: {text}"))
    }

    fn scan_number(&mut self) -> bool {
        type Digits = fn(u8) -> bool;
        let decimal: Digits = |b| b.is_ascii_digit() || b == b'_';
        let mut digits = decimal;
        let (mut is_decimal, mut is_hex) = (true, false);
        self.accept(|b| b == b'+' || b == b'-');
        if self.accept(|b| b == b'0') {
            if self.accept(|b| b == b'x' || b == b'X') {
                digits = |b| b.is_ascii_hexdigit() || b == b'_';
                (is_decimal, is_hex) = (false, true);
            } else if self.accept(|b| b == b'o' || b == b'O') {
                digits = |b| matches!(b, b'0'..=b'7' | b'_');
                is_decimal = false;
            } else if self.accept(|b| b == b'b' || b == b'B') {
                digits = |b| matches!(b, b'0' | b'1' | b'_');
                is_decimal = false;
            }
        }
        self.accept_run(digits);
        if self.accept(|b| b == b'.') {
            self.accept_run(digits);
        }
        let exponent = |b: u8| is_decimal && matches!(b, b'e' | b'E') || is_hex && matches!(b, b'p' | b'P');
        if self.accept(exponent) {
            self.accept(|b| b == b'+' || b == b'-');
            self.accept_run(decimal);
        }
        self.accept(|b| b == b'i');
        match self.peek() {
            Some(c) if is_alphanumeric(c) => {
                self.next();
                false
            }
            _ => true,
        }
    }
}
