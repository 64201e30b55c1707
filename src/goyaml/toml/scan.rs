//! Characters, lines and scalars of a TOML text.

use super::super::Error;
use crate::gotemplate::runes::{decode_rune, is_letter};
use crate::gotemplate::strconv;

/// A fault and the line from 1 on which Go reports it.
pub struct Fault {
    pub line: usize,
    pub message: String,
}

/// A scalar as it is written.
pub enum Token {
    /// A string, with its escapes replaced.
    Text(String),
    /// An integer.
    Integer(String),
    /// A float.
    Float(String),
    /// A boolean.
    Bool(bool),
    /// A date, a time, or both.
    DateTime(String),
}

/// The reader of a text.
pub struct Scanner<'a> {
    text: &'a [u8],
    pos: usize,
    /// Current line from 1.
    pub line: usize,
    /// Where the contents of the current string begin.
    string_start: usize,
}

type Scanned<T> = Result<T, Fault>;

/// The end of the text, where a character is wanted.
const EOF: char = '\0';

impl<'a> Scanner<'a> {
    /// A reader at the start.
    pub fn new(text: &'a [u8]) -> Self {
        Self { text, pos: 0, line: 1, string_start: 0 }
    }

    // --- faults ---

    /// A fault at the current position. At the end of a text that ends with a line feed, that is the line before.
    #[cold]
    pub fn fault<T>(&self, at_end: bool, message: impl Into<String>) -> Scanned<T> {
        let back = at_end && self.pos > 0 && self.text[self.pos - 1] == b'\n';
        Err(Fault { line: self.line - usize::from(back), message: message.into() })
    }

    #[cold]
    fn fault_before<T>(&self, message: impl Into<String>) -> Scanned<T> {
        Err(Fault { line: self.line - 1, message: message.into() })
    }

    // --- characters ---

    /// The next character, NUL at the end.
    pub fn next(&mut self) -> Scanned<char> {
        let c = self.peek()?;
        if self.pos < self.text.len() {
            self.line += usize::from(c == '\n');
            self.pos += c.len_utf8();
        }
        Ok(c)
    }

    /// The next character without stepping over it.
    pub fn peek(&self) -> Scanned<char> {
        let Some(&byte) = self.text.get(self.pos) else { return Ok(EOF) };
        if (0x20..0x7F).contains(&byte) || matches!(byte, b'\n' | b'\t') {
            return Ok(char::from(byte));
        }
        let (c, width) = decode_rune(&self.text[self.pos..]);
        if c == char::REPLACEMENT_CHARACTER && width == 1 {
            return self.fault(false, format!("invalid UTF-8 byte: 0x{byte:02x}"));
        }
        let lone = c == '\r' && self.text.get(self.pos + 1) != Some(&b'\n');
        if lone || (u32::from(c) < 0x20 && c != '\r') || c == '\u{7F}' {
            let code = u32::from(c);
            return self.fault(false, format!("TOML files cannot contain control characters: '0x{code:02x}'"));
        }
        Ok(c)
    }

    /// Whether the text ends here.
    pub fn at_end(&self) -> bool {
        self.pos >= self.text.len()
    }

    /// Steps over the next character if it is this one.
    pub fn accept(&mut self, c: char) -> Scanned<bool> {
        let found = self.peek()? == c && !self.at_end();
        if found {
            self.next()?;
        }
        Ok(found)
    }

    /// Steps over spaces and tabs.
    pub fn skip_blanks(&mut self) -> Scanned<()> {
        while matches!(self.peek()?, ' ' | '\t') {
            self.next()?;
        }
        Ok(())
    }

    /// Steps over blanks, line breaks and comments.
    pub fn skip_lines(&mut self) -> Scanned<()> {
        loop {
            match self.peek()? {
                ' ' | '\t' | '\r' | '\n' => {
                    self.next()?;
                }
                '#' => self.skip_comment()?,
                _ => return Ok(()),
            }
        }
    }

    /// Steps over a comment, but not over the end of its line.
    pub fn skip_comment(&mut self) -> Scanned<()> {
        while !matches!(self.peek()?, '\r' | '\n') && !self.at_end() {
            self.next()?;
        }
        Ok(())
    }

    // --- keys ---

    /// One part of a key or table name: bare (perhaps empty) or quoted.
    pub fn key_part(&mut self) -> Scanned<String> {
        let first = self.peek()?;
        if matches!(first, '"' | '\'') {
            self.next()?;
            return self.string(first);
        }
        let start = self.pos;
        self.skip_while(super::is_bare)?;
        Ok(self.since(start))
    }

    fn since(&self, start: usize) -> String {
        String::from_utf8_lossy(&self.text[start..self.pos]).into_owned()
    }

    // --- values ---

    /// A value that is neither array nor table, at its first character.
    pub fn scalar(&mut self) -> Scanned<Token> {
        let start = self.pos;
        let c = self.peek()?;
        match c {
            '0'..='9' => return self.number_or_date(),
            '"' | '\'' => {
                self.next()?;
                return self.quoted(c).map(Token::Text);
            }
            '.' => {
                self.next()?;
                return self.fault(false, "floats must start with a digit, not '.'");
            }
            '-' | '+' => {
                self.next()?;
                return self.signed_number(start);
            }
            'i' | 'n' => {
                self.next()?;
                let special = (self.accept('n')? && self.accept('f')?) || (self.accept('a')? && self.accept('n')?);
                if special {
                    return Ok(Token::Float(self.since(start)));
                }
                // Go does not give back what it tried here, but the first letter that failed.
                self.pos -= 1;
                return self.word();
            }
            _ => {}
        }
        if is_letter(c) {
            return self.word();
        }
        let at_end = self.at_end();
        self.next()?;
        if at_end {
            return self.fault(true, "unexpected EOF; expected value");
        }
        let quoted = quote_char(c);
        if c == '\n' {
            return self.fault_before(format!("expected value but found {quoted} instead"));
        }
        self.fault(false, format!("expected value but found {quoted} instead"))
    }

    fn word(&mut self) -> Scanned<Token> {
        let start = self.pos;
        while is_letter(self.peek()?) {
            self.next()?;
        }
        match self.since(start).as_str() {
            "true" => Ok(Token::Bool(true)),
            "false" => Ok(Token::Bool(false)),
            other => {
                let quoted = strconv::quote(other.as_bytes());
                self.fault(false, format!("expected value but found {quoted} instead"))
            }
        }
    }

    fn number_or_date(&mut self) -> Scanned<Token> {
        let start = self.pos;
        if self.next()? == '0' {
            let (kind, allowed): (&str, fn(char) -> bool) = match self.peek()? {
                'b' => ("a binary", |c| matches!(c, '0' | '1')),
                'o' => ("an octal", |c| matches!(c, '0'..='7')),
                'x' => ("a hexadecimal", |c| c.is_ascii_hexdigit()),
                _ => ("", |_| false),
            };
            if !kind.is_empty() {
                self.next()?;
                let c = self.peek()?;
                if !allowed(c) {
                    let number = self.since(start);
                    return self.fault(false, format!("not {kind} number: '{number}{c}'"));
                }
                self.skip_while(|c| allowed(c) || c == '_')?;
                return Ok(Token::Integer(self.since(start)));
            }
            if !self.peek()?.is_ascii_digit() {
                return self.decimal(start);
            }
        }
        self.skip_while(|c| c.is_ascii_digit())?;
        match self.peek()? {
            '-' | ':' => {
                self.skip_while(|c| {
                    c.is_ascii_digit() || matches!(c, '-' | ':' | 'T' | 't' | ' ' | '.' | 'Z' | 'z' | '+')
                })?;
                Ok(Token::DateTime(self.since(start).trim().to_owned()))
            }
            _ => self.decimal(start),
        }
    }

    fn skip_while(&mut self, f: impl Fn(char) -> bool) -> Scanned<()> {
        while f(self.peek()?) {
            self.next()?;
        }
        Ok(())
    }

    /// The rest of a decimal number.
    fn decimal(&mut self, start: usize) -> Scanned<Token> {
        self.skip_while(|c| c.is_ascii_digit() || c == '_')?;
        if !matches!(self.peek()?, '.' | 'e' | 'E') {
            return Ok(Token::Integer(self.since(start)));
        }
        self.skip_while(|c| c.is_ascii_digit() || matches!(c, '_' | '.' | '-' | '+' | 'e' | 'E'))?;
        Ok(Token::Float(self.since(start)))
    }

    fn signed_number(&mut self, start: usize) -> Scanned<Token> {
        let at_end = self.at_end();
        let c = self.next()?;
        match c {
            'i' | 'n' => {
                let (second, third) = if c == 'i' { ('n', 'f') } else { ('a', 'n') };
                if self.accept(second)? && self.accept(third)? {
                    return Ok(Token::Float(self.since(start)));
                }
                let text = self.since(start);
                self.fault(false, format!("invalid float: '{text}'"))
            }
            '.' => self.fault(false, "floats must start with a digit, not '.'"),
            '0' if matches!(self.peek()?, 'b' | 'o' | 'x') => {
                let (text, base) = (self.since(start), self.peek()?);
                self.fault(false, format!("cannot use sign with non-decimal numbers: '{text}{base}'"))
            }
            '0'..='9' => self.decimal(start),
            _ => self.fault(at_end, format!("expected a digit but got {}", quote_char(c))),
        }
    }

    // --- strings ---

    /// A string behind its first quote.
    fn quoted(&mut self, quote: char) -> Scanned<String> {
        if !self.accept(quote)? {
            return self.string(quote);
        }
        if self.accept(quote)? { self.multiline(quote) } else { Ok(String::new()) }
    }

    fn string(&mut self, quote: char) -> Scanned<String> {
        let start = self.pos;
        self.string_start = start;
        let mut escaped = false;
        loop {
            let at_end = self.at_end();
            let end = self.pos;
            match self.next()? {
                _ if at_end => {
                    let want = if quote == '"' { "'\"'" } else { "\"'\"" };
                    return self.fault(true, format!("unexpected EOF; expected {want}"));
                }
                // Go counts the line of a carriage return as if it had been left.
                '\r' | '\n' => return self.fault_before("strings cannot contain newlines"),
                '\\' if quote == '"' => {
                    self.escape()?;
                    escaped = true;
                }
                c if c == quote => {
                    let text = String::from_utf8_lossy(&self.text[start..end]).into_owned();
                    return if escaped { self.unescape(&text) } else { Ok(text) };
                }
                _ => {}
            }
        }
    }

    fn multiline(&mut self, quote: char) -> Scanned<String> {
        let start = self.pos;
        self.string_start = start;
        let byte = quote as u8;
        loop {
            let at_end = self.at_end();
            match self.next()? {
                _ if at_end => {
                    let want = if quote == '"' { "'\"\"\"'" } else { "\"'''\"" };
                    return self.fault(true, format!("unexpected EOF; expected {want}"));
                }
                '\\' if quote == '"' => {
                    if matches!(self.peek()?, '\r' | '\n') && !self.at_end() {
                        self.next()?;
                    } else {
                        self.escape()?;
                    }
                }
                c if c == quote && self.text[self.pos..].starts_with(&[byte; 2]) => {
                    self.next()?;
                    self.next()?;
                    if self.peek()? == quote {
                        // One or two quotes may end the text itself.
                        let seen = &self.text[start..self.pos];
                        let fifth = seen.ends_with(&[byte; 5]);
                        if fifth && !(quote == '"' && seen.ends_with(b"\\\"\"\"\"\"")) {
                            let six = if quote == '"' { "'\"\"\"\"\"\"'" } else { "\"''''''\"" };
                            return self.fault(false, format!("unexpected {six}"));
                        }
                        self.pos -= 2;
                        continue;
                    }
                    let text = String::from_utf8_lossy(&self.text[start..self.pos - 3]).into_owned();
                    let text = text.strip_prefix("\r\n").or_else(|| text.strip_prefix('\n')).unwrap_or(&text);
                    if quote == '\'' {
                        return Ok(text.to_owned());
                    }
                    return self.unescape(&join_lines(text));
                }
                _ => {}
            }
        }
    }

    /// Steps over an escape sequence behind its backslash.
    fn escape(&mut self) -> Scanned<()> {
        let at_end = self.at_end();
        let (count, word) = match self.next()? {
            'e' | 'b' | 't' | 'n' | 'f' | 'r' | '"' | ' ' | '\t' | '\\' => return Ok(()),
            'x' => (2, "two"),
            'u' => (4, "four"),
            'U' => (8, "eight"),
            c => {
                let line = self.line - usize::from(at_end);
                return Err(Fault { line, message: format!("invalid escape in string '\\{c}'") });
            }
        };
        for _ in 0..count {
            let at_end = self.at_end();
            if !self.next()?.is_ascii_hexdigit() {
                let letter = match count {
                    2 => 'x',
                    4 => 'u',
                    _ => 'U',
                };
                let current = strconv::quote(&self.text[self.string_start..self.pos]);
                return self.fault(
                    at_end,
                    format!("expected {word} hexadecimal digits after '\\{letter}', but got {current} instead"),
                );
            }
        }
        Ok(())
    }

    /// Replaces the escape sequences of a text.
    fn unescape(&self, text: &str) -> Scanned<String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('\\') {
            out.push_str(&rest[..at]);
            let code = rest.as_bytes().get(at + 1).copied().unwrap_or_default();
            rest = rest.get(at + 2..).unwrap_or_default();
            let digits = match code {
                b'x' => 2,
                b'u' => 4,
                b'U' => 8,
                _ => 0,
            };
            if digits > 0 {
                let hex = rest.get(..digits).unwrap_or_default();
                let c = u32::from_str_radix(hex, 16).ok().and_then(char::from_u32);
                let Some(c) = c else {
                    return self.fault(false, format!("Escaped character '\\u{hex}' is not valid UTF-8."));
                };
                out.push(c);
                rest = &rest[digits..];
                continue;
            }
            out.push(match code {
                b'b' => '\u{8}',
                b't' => '\t',
                b'n' => '\n',
                b'f' => '\u{C}',
                b'r' => '\r',
                b'e' => '\u{1B}',
                b'"' => '"',
                b'\\' => '\\',
                _ => return self.fault(false, format!("invalid escape: '\\{}'", char::from(code))),
            });
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// Removes backslashes at line ends with all white space after them.
fn join_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let tail = &rest[at + 1..];
        let trimmed = tail.trim_start_matches([' ', '\t', '\r', '\n']);
        let blank = &tail[..tail.len() - trimmed.len()];
        if tail.starts_with('\\') {
            out.push_str(&rest[..at + 2]);
            rest = &rest[at + 2..];
        } else if blank.contains('\n') {
            out.push_str(&rest[..at]);
            rest = trimmed;
        } else {
            out.push_str(&rest[..=at]);
            rest = tail;
        }
    }
    out.push_str(rest);
    out
}

/// A character as Go's `%q` prints it.
pub fn quote_char(c: char) -> String {
    let mut out = Vec::new();
    strconv::append_quote_rune(&mut out, c);
    String::from_utf8_lossy(&out).into_owned()
}

impl Fault {
    /// The error with the key that was read last.
    pub fn into_error(self, last_key: &str) -> Error {
        let Self { line, message } = self;
        Error::new(if last_key.is_empty() {
            format!("toml: line {line}: {message}")
        } else {
            format!("toml: line {line} (last key {}): {message}", strconv::quote(last_key.as_bytes()))
        })
    }
}
