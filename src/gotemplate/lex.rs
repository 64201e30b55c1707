//! The lexer: template text to tokens, all at once. It stops at the first error, which matters only if the parser gets there.

use super::runes::{decode_rune, is_digit, is_letter, is_print};
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

/// Why the lexer stopped.
#[derive(Clone, Copy, Debug)]
enum Problem {
    UnclosedComment,
    UnclosedCommentAction,
    UnclosedAction,
    UnclosedParen,
    UnexpectedParen,
    ExpectedDeclare,
    UnterminatedString,
    UnterminatedRawString,
    UnterminatedCharacter,
    UnrecognizedCharacter(char),
    BadCharacter(char),
    /// What was read as a number ends here.
    BadNumber(u32),
}

impl Problem {
    /// Go's message. `text` begins where the token does.
    fn message(self, text: &[u8]) -> String {
        match self {
            Self::UnclosedComment => "unclosed comment".to_owned(),
            Self::UnclosedCommentAction => "comment ends before closing delimiter".to_owned(),
            Self::UnclosedAction => "unclosed action".to_owned(),
            Self::UnclosedParen => "unclosed left paren".to_owned(),
            Self::UnexpectedParen => "unexpected right paren".to_owned(),
            Self::ExpectedDeclare => "expected :=".to_owned(),
            Self::UnterminatedString => "unterminated quoted string".to_owned(),
            Self::UnterminatedRawString => "unterminated raw quoted string".to_owned(),
            Self::UnterminatedCharacter => "unterminated character constant".to_owned(),
            Self::UnrecognizedCharacter(c) => format!("unrecognized character in action: {}", unicode_name(c)),
            Self::BadCharacter(c) => format!("bad character {}", unicode_name(c)),
            Self::BadNumber(len) => {
                let number = text.get(..len as usize).unwrap_or_default();
                format!("bad number syntax: {}", strconv::quote(number))
            }
        }
    }
}

/// The tokens of a text.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// In their order. The last one stands for all that could be asked for after it.
    pub items: Vec<Item>,
    problems: [Option<Problem>; 2],
}

impl Tokens {
    /// The message of an error among them.
    pub fn error(&self, item: Item, text: &[u8]) -> String {
        let problem = self.problems.get(item.end as usize).copied().flatten();
        problem.map_or_else(String::new, |problem| problem.message(text.get(item.pos as usize..).unwrap_or_default()))
    }
}

/// Reads all tokens of a text of less than 4 GiB. `room` is used for them again.
pub(super) fn tokens(input: &[u8], keywords: Keywords, mut room: Vec<Item>) -> Tokens {
    room.clear();
    let mut lexer = Lexer { input, pos: 0, keywords, items: room };
    let problems = lexer.run().err().map(|Failed { problem, at }| {
        // After an error the input counts as empty.
        let in_comment = matches!(problem, Problem::UnclosedComment | Problem::UnclosedCommentAction);
        let (after, next) = if in_comment { (Kind::Eof, None) } else { (Kind::Error, Some(Problem::UnclosedAction)) };
        lexer.items.push(Item { kind: Kind::Error, pos: at as u32, end: 0 });
        lexer.items.push(Item { kind: after, pos: at as u32, end: 1 });
        [Some(problem), next]
    });
    Tokens { items: lexer.items, problems: problems.unwrap_or_default() }
}

/// `break` and `continue` are keywords unless functions have these names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keywords {
    pub r#break: bool,
    pub r#continue: bool,
}

/// A problem, and where the token with it begins.
struct Failed {
    problem: Problem,
    at: usize,
}

struct Lexer<'a> {
    input: &'a [u8],
    pos: usize,
    keywords: Keywords,
    items: Vec<Item>,
}

const LEFT: &[u8] = b"{{";
const RIGHT: &[u8] = b"}}";
/// A minus and the space that must stand beside it.
const TRIM_MARKER: usize = 2;

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

fn spaces_at_start(s: &[u8]) -> usize {
    s.iter().take_while(|b| is_space(**b)).count()
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

/// A right delimiter with the minus of a trim marker, but without the space before it.
const TRIMMING_RIGHT: &[u8] = b"-}}";

/// Where the first action begins.
pub(super) fn find_left(s: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'{', s).find(|&at| s.get(at + 1) == Some(&b'{'))
}

/// Go's `%#U`.
fn unicode_name(c: char) -> String {
    let number = u32::from(c);
    if is_print(c) { format!("U+{number:04X} '{c}'") } else { format!("U+{number:04X}") }
}

impl<'a> Lexer<'a> {
    fn run(&mut self) -> Result<(), Failed> {
        while self.text()? {
            self.action()?;
        }
        Ok(())
    }

    fn rest(&self) -> &'a [u8] {
        self.input.get(self.pos..).unwrap_or_default()
    }

    fn here(&self) -> Option<u8> {
        self.input.get(self.pos).copied()
    }

    /// A token that ends here.
    fn emit(&mut self, kind: Kind, start: usize) {
        self.items.push(Item { kind, pos: start as u32, end: self.pos as u32 });
    }

    /// Text and comments, and the left delimiter of the action after them; whether there is one.
    fn text(&mut self) -> Result<bool, Failed> {
        loop {
            let start = self.pos;
            // After a text there is an action, mostly.
            let here = if self.rest().starts_with(LEFT) { Some(0) } else { find_left(self.rest()) };
            let Some(len) = here else {
                self.pos = self.input.len();
                if self.pos > start {
                    self.emit(Kind::Text, start);
                }
                self.emit(Kind::Eof, self.pos);
                return Ok(false);
            };
            let delim = start + len;
            let inside = delim + LEFT.len();
            let trims = has_left_trim(self.input.get(inside..).unwrap_or_default());
            self.pos = delim;
            if trims {
                let text = &self.input[start..delim];
                self.pos -= text.iter().rev().take_while(|b| is_space(**b)).count();
            }
            if self.pos > start {
                self.emit(Kind::Text, start);
            }
            self.pos = inside + if trims { TRIM_MARKER } else { 0 };
            if !self.rest().starts_with(b"/*") {
                self.items.push(Item { kind: Kind::LeftDelim, pos: delim as u32, end: inside as u32 });
                return Ok(true);
            }
            self.comment()?;
        }
    }

    /// The rest of a comment's action.
    fn comment(&mut self) -> Result<(), Failed> {
        let at = self.pos;
        self.pos += 2;
        let rest = self.rest();
        let Some(end) = memchr::memchr_iter(b'*', rest).find(|&at| rest.get(at + 1) == Some(&b'/')) else {
            return Err(Failed { problem: Problem::UnclosedComment, at });
        };
        self.pos += end + 2;
        let Some(trims) = self.right_delim_here() else {
            return Err(Failed { problem: Problem::UnclosedCommentAction, at });
        };
        self.pass_right_delim(trims);
        Ok(())
    }

    /// Whether a right delimiter here, if there is one, has a trim marker.
    fn right_delim_here(&self) -> Option<bool> {
        match self.rest() {
            [b'}', b'}', ..] => Some(false),
            [space, rest @ ..] if is_space(*space) && rest.starts_with(TRIMMING_RIGHT) => Some(true),
            _ => None,
        }
    }

    /// Passes over a right delimiter and the space that it trims.
    fn pass_right_delim(&mut self, trims: bool) {
        if trims {
            self.pos += TRIM_MARKER + RIGHT.len();
            self.pos += spaces_at_start(self.rest());
        } else {
            self.pos += RIGHT.len();
        }
    }

    /// The tokens of an action, its right delimiter too.
    fn action(&mut self) -> Result<(), Failed> {
        let mut parens = 0_u32;
        loop {
            let at = self.pos;
            let fail = |problem| Err(Failed { problem, at });
            let Some(first) = self.here() else { return fail(Problem::UnclosedAction) };
            if IS_WORD[usize::from(first)] && !first.is_ascii_digit() {
                match self.identifier() {
                    Ok(kind) => self.emit(kind, at),
                    Err(problem) => return fail(problem),
                }
                continue;
            }
            if is_space(first) || first == b'}' {
                let Some(trims) = self.right_delim_here() else {
                    if first == b'}' {
                        self.pos += 1;
                        self.emit(Kind::Char, at);
                    } else {
                        self.pass_space();
                        self.emit(Kind::Space, at);
                    }
                    continue;
                };
                if parens > 0 {
                    return fail(Problem::UnclosedParen);
                }
                let start = at + if trims { TRIM_MARKER } else { 0 };
                self.pass_right_delim(trims);
                let (pos, end) = (start as u32, (start + RIGHT.len()) as u32);
                self.items.push(Item { kind: Kind::RightDelim, pos, end });
                return Ok(());
            }
            self.pos += 1;
            let kind = match first {
                b'.' if self.here().is_some_and(|b| !b.is_ascii_digit()) => self.name(Kind::Dot, Kind::Field),
                b'$' => self.name(Kind::Variable, Kind::Variable),
                b'"' => self.quoted(b'"', Kind::String, Problem::UnterminatedString),
                b'(' => {
                    parens += 1;
                    Ok(Kind::LeftParen)
                }
                b')' if parens == 0 => Err(Problem::UnexpectedParen),
                b')' => {
                    parens -= 1;
                    Ok(Kind::RightParen)
                }
                b'|' => Ok(Kind::Pipe),
                b'=' => Ok(Kind::Assign),
                b':' if self.here() == Some(b'=') => {
                    self.pos += 1;
                    Ok(Kind::Declare)
                }
                b':' => Err(Problem::ExpectedDeclare),
                b'`' => self.raw_quoted(),
                b'\'' => self.quoted(b'\'', Kind::CharConstant, Problem::UnterminatedCharacter),
                b'.' | b'+' | b'-' | b'0'..=b'9' => {
                    self.pos = at;
                    self.number()
                }
                0x80.. => self.other(),
                b if is_print(char::from(b)) => Ok(Kind::Char),
                b => Err(Problem::UnrecognizedCharacter(char::from(b))),
            };
            match kind {
                Ok(kind) => self.emit(kind, at),
                Err(problem) => return fail(problem),
            }
        }
    }

    /// Passes over space that no right delimiter begins with.
    fn pass_space(&mut self) {
        self.pos += spaces_at_start(self.rest());
        // The last space belongs to the trim marker after it.
        if self.rest().starts_with(TRIMMING_RIGHT) {
            self.pos -= 1;
        }
    }

    /// What begins with the second byte of a character beyond ASCII: only a word can.
    fn other(&mut self) -> Result<Kind, Problem> {
        self.pos -= 1;
        let (c, _) = decode_rune(self.rest());
        if is_alphanumeric(c) { self.identifier() } else { Err(Problem::UnrecognizedCharacter(c)) }
    }

    /// Passes over letters, digits and `_`, after which a token must be able to end.
    fn word(&mut self) -> Result<(), Problem> {
        loop {
            self.pos += self.rest().iter().take_while(|b| IS_WORD[usize::from(**b)]).count();
            if self.at_terminator() {
                return Ok(());
            }
            let (c, width) = decode_rune(self.rest());
            if !is_alphanumeric(c) {
                return Err(Problem::BadCharacter(c));
            }
            self.pos += width;
        }
    }

    fn identifier(&mut self) -> Result<Kind, Problem> {
        let start = self.pos;
        self.word()?;
        Ok(match &self.input[start..self.pos] {
            b"block" => Kind::Block,
            b"break" if self.keywords.r#break => Kind::Break,
            b"continue" if self.keywords.r#continue => Kind::Continue,
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
        })
    }

    /// The rest of `.name` or `$name`. The sign alone is something too.
    fn name(&mut self, alone: Kind, named: Kind) -> Result<Kind, Problem> {
        if self.at_terminator() {
            return Ok(alone);
        }
        self.word()?;
        Ok(named)
    }

    /// Whether a name may end here.
    fn at_terminator(&self) -> bool {
        match self.here() {
            None | Some(b' ' | b'\t' | b'\r' | b'\n' | b'.' | b',' | b'|' | b':' | b')' | b'(') => true,
            Some(b'}') => self.rest().starts_with(RIGHT),
            Some(_) => false,
        }
    }

    fn quoted(&mut self, quote: u8, kind: Kind, problem: Problem) -> Result<Kind, Problem> {
        // No byte of a longer character looks like one of these.
        let is_special = |b: &u8| *b == quote || matches!(b, b'\\' | b'\n');
        while let Some(len) = self.rest().iter().position(is_special) {
            self.pos += len + 1;
            match self.input[self.pos - 1] {
                b'\n' => break,
                b'\\' if self.here().is_none_or(|escaped| escaped == b'\n') => break,
                b'\\' => self.pos += 1,
                _ => return Ok(kind),
            }
        }
        Err(problem)
    }

    fn raw_quoted(&mut self) -> Result<Kind, Problem> {
        let Some(at) = memchr::memchr(b'`', self.rest()) else { return Err(Problem::UnterminatedRawString) };
        self.pos += at + 1;
        Ok(Kind::RawString)
    }

    fn accept(&mut self, valid: impl Fn(u8) -> bool) -> bool {
        let accepted = self.here().is_some_and(valid);
        self.pos += usize::from(accepted);
        accepted
    }

    fn accept_run(&mut self, valid: impl Fn(u8) -> bool) {
        while self.accept(&valid) {}
    }

    /// A number, not fully checked: reading it finds what is wrong.
    fn number(&mut self) -> Result<Kind, Problem> {
        let start = self.pos;
        let bad = |lexer: &Self| Err(Problem::BadNumber((lexer.pos - start) as u32));
        if !self.scan_number() {
            return bad(self);
        }
        if !matches!(self.here(), Some(b'+' | b'-')) {
            return Ok(Kind::Number);
        }
        if !self.scan_number() || self.input.get(self.pos - 1) != Some(&b'i') {
            return bad(self);
        }
        Ok(Kind::Complex)
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
        let (c, width) = decode_rune(self.rest());
        if width == 0 || !is_alphanumeric(c) {
            return true;
        }
        self.pos += width;
        false
    }
}
