//! The syntax of Go's expressions (RE2), read into the matching library's form.

use regex_syntax::hir::{Capture, Class, ClassUnicode, Dot, Hir, Look, Repetition};

use super::class;
use crate::gotemplate::errtext;

/// A parsed expression.
pub(super) struct Parsed {
    /// What to match.
    pub hir: Hir,
    /// The names of the groups, the whole match first.
    pub names: Vec<Option<String>>,
    /// How large an automaton over bytes would be, about: ranges of characters, repetitions multiplied.
    pub states: u64,
    /// How many ranges of characters its classes have.
    pub ranges: u64,
}

/// Go's limits: instructions of a program, and numbers in the classes of an expression.
const MAX_SIZE: u64 = (128 << 20) / 40;
const MAX_RANGES: u64 = (128 << 20) / 8;
const TOO_LARGE: &str = "expression too large";

#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the syntax")]
struct Flags {
    fold_case: bool,
    multi_line: bool,
    dot_newline: bool,
    non_greedy: bool,
}

/// Something that can be repeated.
struct Item {
    hir: Hir,
    cost: Cost,
}

/// What a part of an expression costs.
#[derive(Clone, Copy)]
struct Cost {
    /// The greatest product of repetition counts inside it.
    repeats: u64,
    /// Its instructions, as Go counts them.
    size: u64,
    /// See [`Parsed::states`].
    states: u64,
}

impl Cost {
    const ONE: Self = Self { repeats: 1, size: 1, states: 1 };

    /// Of several parts, which all are there.
    fn sum(items: &[Item]) -> Self {
        items.iter().fold(Self { repeats: 1, size: 0, states: 0 }, |sum, Item { cost, .. }| Self {
            repeats: sum.repeats.max(cost.repeats),
            size: sum.size + cost.size,
            states: sum.states.saturating_add(cost.states),
        })
    }

    fn repeated(self, min: u32, max: Option<u32>) -> Self {
        let (min, size) = (u64::from(min), self.size);
        let size = match max.map(u64::from) {
            None if min == 0 => 2 + size,
            None => 1 + min * size,
            Some(1) if min == 0 => 1 + size,
            Some(max) => max * size + (max - min),
        };
        let states = self.states.saturating_mul(max.map_or(min, u64::from).max(1));
        Self { size: size.max(1), states, ..self }
    }
}

/// An open group.
struct Frame {
    /// The number of a capturing group.
    capture: Option<u32>,
    /// The flags to go back to when it is closed.
    flags: Flags,
    alternatives: Vec<Item>,
    items: Vec<Item>,
}

impl Frame {
    fn new(capture: Option<u32>, flags: Flags) -> Self {
        Self { capture, flags, alternatives: Vec::new(), items: Vec::new() }
    }

    fn end_alternative(&mut self) {
        let items = std::mem::take(&mut self.items);
        let mut cost = Cost::sum(&items);
        cost.size = cost.size.max(1);
        self.alternatives.push(Item { hir: Hir::concat(items.into_iter().map(|item| item.hir).collect()), cost });
    }

    fn close(mut self) -> Item {
        self.end_alternative();
        let mut cost = Cost::sum(&self.alternatives);
        cost.size += self.alternatives.len() as u64 - 1;
        let hir = Hir::alternation(self.alternatives.into_iter().map(|item| item.hir).collect());
        match self.capture {
            // Names are kept apart: two groups may have the same one.
            Some(index) => {
                cost.size += 2;
                Item { hir: Hir::capture(Capture { index, name: None, sub: Box::new(hir) }), cost }
            }
            None => Item { hir, cost },
        }
    }
}

/// How deep groups may nest, and how often something may be repeated by a count.
const MAX_DEPTH: usize = 1000;
const MAX_REPEAT: u64 = 1000;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    flags: Flags,
    stack: Vec<Frame>,
    names: Vec<Option<String>>,
    ranges: u64,
}

/// An error at a piece of the expression.
fn error<T>(cause: &str, piece: &str) -> Result<T, String> {
    Err(format!("{cause}: `{piece}`"))
}

/// Parses an expression.
///
/// # Errors
/// Go's text: the cause and the offending piece.
pub(super) fn parse(expression: &[u8]) -> Result<Parsed, String> {
    let text = match std::str::from_utf8(expression) {
        Ok(text) => text,
        Err(bad) => return error("invalid UTF-8", &errtext::text(&expression[bad.valid_up_to()..])),
    };
    let flags = Flags { fold_case: false, multi_line: false, dot_newline: false, non_greedy: false };
    let mut parser = Parser { text, at: 0, flags, stack: vec![Frame::new(None, flags)], names: vec![None], ranges: 0 };
    parser.run()
}

impl<'a> Parser<'a> {
    fn run(&mut self) -> Result<Parsed, String> {
        // Where a repetition that was just read starts: another one must not follow.
        let mut last_repeat = None;
        while let Some(next) = self.peek() {
            let start = self.at;
            let mut repeat = None;
            match next {
                '(' if self.rest().starts_with("(?") => self.perl_group()?,
                '(' => {
                    self.at += 1;
                    let group = self.new_group(None);
                    self.open(Some(group))?;
                }
                '|' => {
                    self.at += 1;
                    self.frame().end_alternative();
                }
                ')' => {
                    self.at += 1;
                    self.close()?;
                }
                '^' => self.look(1, if self.flags.multi_line { Look::StartLF } else { Look::Start }),
                '$' => self.look(1, if self.flags.multi_line { Look::EndLF } else { Look::End }),
                '.' => {
                    self.at += 1;
                    let dot = if self.flags.dot_newline { Dot::AnyChar } else { Dot::AnyCharExceptLF };
                    self.push(Hir::dot(dot));
                }
                '[' => self.bracket()?,
                '*' | '+' | '?' => {
                    self.at += 1;
                    let (min, max) = match next {
                        '*' => (0, None),
                        '+' => (1, None),
                        _ => (0, Some(1)),
                    };
                    self.repeat(start, min, max, last_repeat, false)?;
                    repeat = Some(start);
                }
                '{' => match self.counts() {
                    None => {
                        self.at += 1;
                        self.literal('{');
                    }
                    Some((min, max)) => {
                        if min > MAX_REPEAT || max.is_some_and(|max| max > MAX_REPEAT || min > max) {
                            return error("invalid repeat count", &self.text[start..self.at]);
                        }
                        self.repeat(start, min as u32, max.map(|max| max as u32), last_repeat, true)?;
                        repeat = Some(start);
                    }
                },
                '\\' => self.backslash()?,
                other => {
                    self.at += other.len_utf8();
                    self.literal(other);
                }
            }
            if self.ranges > MAX_RANGES {
                return error(TOO_LARGE, self.text);
            }
            last_repeat = repeat;
        }
        if self.stack.len() > 1 {
            return error("missing closing )", self.text);
        }
        // There is always the outermost frame.
        let whole = self.stack.pop().map_or(Item { hir: Hir::empty(), cost: Cost::ONE }, Frame::close);
        if whole.cost.size > MAX_SIZE {
            return error(TOO_LARGE, self.text);
        }
        let (states, ranges) = (whole.cost.states, self.ranges);
        Ok(Parsed { hir: whole.hir, names: std::mem::take(&mut self.names), states, ranges })
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn frame(&mut self) -> &mut Frame {
        if self.stack.is_empty() {
            // Closing of the outermost frame is refused, so this cannot happen; a fresh frame keeps the parser going.
            self.stack.push(Frame::new(None, self.flags));
        }
        let last = self.stack.len() - 1;
        &mut self.stack[last]
    }

    fn push(&mut self, hir: Hir) {
        self.frame().items.push(Item { hir, cost: Cost::ONE });
    }

    fn look(&mut self, length: usize, look: Look) {
        self.at += length;
        self.push(Hir::look(look));
    }

    fn class(&mut self, class: ClassUnicode) {
        let ranges = class.ranges().len() as u64;
        self.ranges += ranges;
        let cost = Cost { states: ranges.max(1), ..Cost::ONE };
        self.frame().items.push(Item { hir: Hir::class(Class::Unicode(class)), cost });
    }

    fn literal(&mut self, rune: char) {
        if self.flags.fold_case {
            let mut class = class::range(rune.into(), rune.into());
            class::fold(&mut class);
            self.class(class);
        } else {
            self.push(Hir::literal(rune.encode_utf8(&mut [0; 4]).as_bytes().to_vec()));
        }
    }

    /// A character by its number, which may be no character that a text can have.
    fn code(&mut self, code: u32) {
        match char::from_u32(code) {
            Some(rune) => self.literal(rune),
            None => self.push(Hir::fail()),
        }
    }

    /// The number of a new capturing group.
    fn new_group(&mut self, name: Option<String>) -> u32 {
        self.names.push(name);
        self.names.len() as u32 - 1
    }

    fn open(&mut self, capture: Option<u32>) -> Result<(), String> {
        if self.stack.len() > MAX_DEPTH {
            return error("expression nests too deeply", self.text);
        }
        self.stack.push(Frame::new(capture, self.flags));
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        match self.stack.pop() {
            Some(frame) if !self.stack.is_empty() => {
                self.flags = frame.flags;
                let item = frame.close();
                self.frame().items.push(item);
                Ok(())
            }
            _ => error("unexpected )", self.text),
        }
    }

    /// Repeats the last item. The cursor stands after the operator, `start` is where it began.
    fn repeat(
        &mut self,
        start: usize,
        min: u32,
        max: Option<u32>,
        last: Option<usize>,
        counted: bool,
    ) -> Result<(), String> {
        let lazy = self.rest().starts_with('?');
        if lazy {
            self.at += 1;
        }
        if let Some(last) = last {
            return error("invalid nested repetition operator", &self.text[last..self.at]);
        }
        let greedy = lazy == self.flags.non_greedy;
        let operator = &self.text[start..self.at];
        let Some(item) = self.frame().items.pop() else {
            return error("missing argument to repetition operator", operator);
        };
        let mut cost = item.cost.repeated(min, max);
        if counted {
            cost.repeats = match max {
                Some(0) => 1,
                _ => cost.repeats * u64::from(max.unwrap_or(min).max(1)),
            };
            if (min >= 2 || max.is_some_and(|max| max >= 2)) && cost.repeats > MAX_REPEAT {
                return error("invalid repeat count", operator);
            }
        }
        if cost.size > MAX_SIZE {
            return error(TOO_LARGE, self.text);
        }
        let hir = Hir::repetition(Repetition { min, max, greedy, sub: Box::new(item.hir) });
        self.frame().items.push(Item { hir, cost });
        Ok(())
    }

    /// `{2}`, `{2,}` or `{2,5}`; `None` and no progress for a brace that means itself.
    fn counts(&mut self) -> Option<(u64, Option<u64>)> {
        let rest = self.rest();
        let inside = &rest[1..rest.find('}')?];
        let number = |digits: &str| {
            let fits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let padded = digits.len() > 1 && digits.starts_with('0');
            (fits && !padded).then(|| digits.parse::<u64>().unwrap_or(u64::MAX))
        };
        let counts = match inside.split_once(',') {
            None => {
                let count = number(inside)?;
                (count, Some(count))
            }
            Some((min, "")) => (number(min)?, None),
            Some((min, max)) => (number(min)?, Some(number(max)?)),
        };
        self.at += inside.len() + 2;
        Some(counts)
    }

    /// What starts with `(?`: flags or a named group.
    fn perl_group(&mut self) -> Result<(), String> {
        let start = self.at;
        let rest = self.rest();
        let name_start =
            [("(?P<", 4), ("(?<", 3)].iter().find(|(sign, _)| rest.starts_with(sign)).map(|(_, length)| *length);
        if let Some(name_start) = name_start.filter(|&length| rest.len() > length) {
            let Some(end) = rest.find('>') else { return error("invalid named capture", rest) };
            let name = &rest[name_start..end];
            if name.is_empty() || !name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()) {
                return error("invalid named capture", &rest[..=end]);
            }
            self.at += end + 1;
            let group = self.new_group(Some(name.to_owned()));
            return self.open(Some(group));
        }
        self.at += 2;
        let mut flags = self.flags;
        let (mut negative, mut saw_flag) = (false, false);
        while let Some(next) = self.next() {
            let flag = match next {
                'i' => &mut flags.fold_case,
                'm' => &mut flags.multi_line,
                's' => &mut flags.dot_newline,
                'U' => &mut flags.non_greedy,
                '-' if !negative => {
                    negative = true;
                    saw_flag = false;
                    continue;
                }
                ':' | ')' if !negative || saw_flag => {
                    if next == ':' {
                        self.open(None)?;
                    }
                    self.flags = flags;
                    return Ok(());
                }
                _ => break,
            };
            *flag = !negative;
            saw_flag = true;
        }
        error("invalid or unsupported Perl syntax", &self.text[start..self.at])
    }

    fn backslash(&mut self) -> Result<(), String> {
        let rest = self.rest();
        match rest.as_bytes().get(1) {
            Some(b'A') => self.look(2, Look::Start),
            Some(b'z') => self.look(2, Look::End),
            Some(b'b') => self.look(2, Look::WordAscii),
            Some(b'B') => self.look(2, Look::WordAsciiNegate),
            Some(b'C') => return error("invalid escape sequence", &rest[..2]),
            Some(b'Q') => {
                let quoted = &rest[2..];
                let (literal, length) = match quoted.find(r"\E") {
                    Some(end) => (&quoted[..end], end + 2),
                    None => (quoted, quoted.len()),
                };
                for rune in literal.chars() {
                    self.literal(rune);
                }
                self.at += 2 + length;
            }
            _ => {
                if let Some(class) = self.class_escape()? {
                    self.class(class);
                } else {
                    let code = self.escape()?;
                    self.code(code);
                }
            }
        }
        Ok(())
    }

    /// `\d` and its like, or `\p{...}`; `None` and no progress for another escape.
    fn class_escape(&mut self) -> Result<Option<ClassUnicode>, String> {
        let rest = self.rest();
        let &[b'\\', letter, ..] = rest.as_bytes() else { return Ok(None) };
        if let Some(mut class) = class::perl(letter.to_ascii_lowercase()) {
            self.at += 2;
            if self.flags.fold_case {
                class::fold(&mut class);
            }
            if letter.is_ascii_uppercase() {
                class.negate();
            }
            return Ok(Some(class));
        }
        if !matches!(letter, b'p' | b'P') {
            return Ok(None);
        }
        let (name, length) = if rest[2..].starts_with('{') {
            let Some(end) = rest.find('}') else { return error("invalid character class range", rest) };
            (&rest[3..end], end + 1)
        } else {
            let width = rest[2..].chars().next().map_or(0, char::len_utf8);
            (&rest[2..2 + width], 2 + width)
        };
        let (inverted, bare) = name.strip_prefix('^').map_or((false, name), |bare| (true, bare));
        let Some(mut class) = class::unicode(bare) else {
            return error("invalid character class range", &rest[..length]);
        };
        self.at += length;
        if self.flags.fold_case {
            class::fold(&mut class);
        }
        if inverted != (letter == b'P') {
            class.negate();
        }
        Ok(Some(class))
    }

    /// An escape that stands for one character.
    fn escape(&mut self) -> Result<u32, String> {
        let start = self.at;
        self.at += 1;
        let Some(letter) = self.next() else { return error("trailing backslash at end of expression", "") };
        let octal = |parser: &Self| parser.peek().and_then(|digit| digit.to_digit(8));
        match letter {
            '0'..='7' if letter == '0' || octal(self).is_some() => {
                let mut code = letter.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let Some(digit) = octal(self) else { break };
                    self.at += 1;
                    code = code * 8 + digit;
                }
                return Ok(code);
            }
            'x' => {
                if let Some(code) = self.hexadecimal() {
                    return Ok(code);
                }
            }
            'a' => return Ok(7),
            'f' => return Ok(12),
            'n' => return Ok(10),
            'r' => return Ok(13),
            't' => return Ok(9),
            'v' => return Ok(11),
            _ if letter.is_ascii() && !letter.is_ascii_alphanumeric() => return Ok(letter.into()),
            _ => {}
        }
        error("invalid escape sequence", &self.text[start..self.at])
    }

    /// The number after `\x`: two digits or any in braces.
    fn hexadecimal(&mut self) -> Option<u32> {
        let first = self.next()?;
        if first != '{' {
            let second = self.next();
            return Some(first.to_digit(16)? * 16 + second?.to_digit(16)?);
        }
        let (mut code, mut digits) = (0, 0);
        loop {
            match self.next()? {
                '}' => return (digits > 0).then_some(code),
                digit => code = code * 16 + digit.to_digit(16)?,
            }
            digits += 1;
            if code > u32::from(char::MAX) {
                return None;
            }
        }
    }

    /// A class in brackets.
    fn bracket(&mut self) -> Result<(), String> {
        let whole = self.rest();
        self.at += 1;
        let negated = self.rest().starts_with('^');
        self.at += usize::from(negated);
        let mut class = ClassUnicode::empty();
        let mut first = true;
        while first || !self.rest().starts_with(']') {
            first = false;
            if let Some(named) = self.posix_class()? {
                class.union(&named);
                continue;
            }
            if let Some(escaped) = self.class_escape()? {
                class.union(&escaped);
                continue;
            }
            let start = self.at;
            let low = self.class_character(whole)?;
            let rest = self.rest();
            let mut high = low;
            if rest.len() >= 2 && rest.starts_with('-') && !rest.starts_with("-]") {
                self.at += 1;
                high = self.class_character(whole)?;
                if high < low {
                    return error("invalid character class range", &self.text[start..self.at]);
                }
            }
            let mut range = class::range(low, high);
            if self.flags.fold_case {
                class::fold(&mut range);
            }
            class.union(&range);
        }
        self.at += 1;
        if negated {
            class.negate();
        }
        self.class(class);
        Ok(())
    }

    fn class_character(&mut self, whole: &str) -> Result<u32, String> {
        match self.peek() {
            None => error("missing closing ]", whole),
            Some('\\') => self.escape(),
            Some(rune) => {
                self.at += rune.len_utf8();
                Ok(rune.into())
            }
        }
    }

    /// `[:alpha:]` or `[:^alpha:]`; `None` and no progress for anything else.
    fn posix_class(&mut self) -> Result<Option<ClassUnicode>, String> {
        let rest = self.rest();
        if rest.len() < 3 || !rest.starts_with("[:") {
            return Ok(None);
        }
        let Some(end) = rest[2..].find(":]") else { return Ok(None) };
        let name = &rest[2..2 + end];
        let (negated, bare) = name.strip_prefix('^').map_or((false, name), |bare| (true, bare));
        let Some(mut class) = class::posix(bare) else {
            return error("invalid character class range", &rest[..end + 4]);
        };
        self.at += end + 4;
        if self.flags.fold_case {
            class::fold(&mut class);
        }
        if negated {
            class.negate();
        }
        Ok(Some(class))
    }
}
