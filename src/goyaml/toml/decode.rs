//! TOML to values, as `github.com/BurntSushi/toml` reads it into a `map[string]interface{}`.

use super::super::Error;
use super::scan::{Fault, Scanner, Token, quote_char};
use super::table::{Node, Table, Tables};
use super::{DateTime, dotted};
use crate::gotemplate::strconv::{self, NumError, parse_float, parse_int};
use crate::gotemplate::{List, ListKind, Value};

/// Reads a document; `time` makes the values of dates and times.
pub fn decode(text: &[u8], time: &dyn Fn(&DateTime) -> Value) -> Result<Value, Error> {
    let text = match text {
        [0xFF, 0xFE, rest @ ..] | [0xFE, 0xFF, rest @ ..] | [0xEF, 0xBB, 0xBF, rest @ ..] => rest,
        _ => text,
    };
    if text[..text.len().min(6)].contains(&0) {
        let message = "files cannot contain NULL bytes; probably using UTF-16; TOML files must be UTF-8";
        return Err(Error::new(format!("toml: line 1: {message}")));
    }
    let mut parser =
        Parser { scanner: Scanner::new(text), tables: Tables::default(), key: String::new(), line: 0, time };
    match parser.document() {
        Ok(()) => Ok(parser.tables.into_value()),
        Err(fault) => {
            let last_key = parser.last_key();
            Err(fault.into_error(&last_key))
        }
    }
}

/// Each part of a key is a table within the one before; nobody nests so deep.
const MAX_KEY: usize = 1000;

struct Parser<'a> {
    scanner: Scanner<'a>,
    tables: Tables,
    /// The last part of the key whose value is being read.
    key: String,
    /// Where the last key began.
    line: usize,
    time: &'a dyn Fn(&DateTime) -> Value,
}

impl Parser<'_> {
    fn last_key(&self) -> String {
        let context = &self.tables.context;
        match (self.key.is_empty(), context.is_empty()) {
            (true, _) => dotted(context),
            (false, true) => self.key.clone(),
            (false, false) => format!("{}.{}", dotted(context), self.key),
        }
    }

    fn document(&mut self) -> Result<(), Fault> {
        loop {
            self.scanner.skip_lines()?;
            if self.scanner.at_end() {
                return Ok(());
            }
            if self.scanner.accept('[')? {
                self.table_header()?;
            } else {
                self.key_value()?;
            }
            self.line_end()?;
        }
    }

    /// What must follow a top-level item.
    fn line_end(&mut self) -> Result<(), Fault> {
        self.scanner.skip_blanks()?;
        if self.scanner.at_end() {
            return Ok(());
        }
        let c = self.scanner.next()?;
        match c {
            '\r' | '\n' => Ok(()),
            '#' => self.scanner.skip_comment(),
            _ => self.scanner.fault(
                false,
                format!(
                    "expected a top-level item to end with a newline, comment, or EOF, but got {} instead",
                    quote_char(c)
                ),
            ),
        }
    }

    /// A fault that is reported where the last key began.
    fn at_key(&self, result: Result<(), String>) -> Result<(), Fault> {
        result.map_err(|message| Fault { line: self.line, message })
    }

    fn table_header(&mut self) -> Result<(), Fault> {
        let array = self.scanner.accept('[')?;
        let mut key = Vec::new();
        loop {
            self.scanner.skip_blanks()?;
            match self.scanner.peek()? {
                '.' => {
                    return self.scanner.fault(false, "unexpected table separator (table names cannot be empty)");
                }
                c if c == ']' || self.scanner.at_end() => {
                    return self.scanner.fault(false, "unexpected end of table name (table names cannot be empty)");
                }
                _ => {}
            }
            let part = self.scanner.key_part()?;
            if key.is_empty() {
                self.line = self.scanner.line;
            }
            key.push(part);
            self.check_key(&key)?;
            self.scanner.skip_blanks()?;
            let at_end = self.scanner.at_end();
            match self.scanner.next()? {
                '.' => {}
                ']' => break,
                c => {
                    let message = format!("expected '.' or ']' to end table name, but got {} instead", quote_char(c));
                    return self.scanner.fault(at_end, message);
                }
            }
        }
        if array {
            let at_end = self.scanner.at_end();
            let c = self.scanner.next()?;
            if c != ']' {
                let message =
                    format!("expected end of table array name delimiter ']', but got {} instead", quote_char(c));
                return self.scanner.fault(at_end, message);
            }
        }
        let entered = self.tables.enter(&key, array);
        self.at_key(entered)?;
        self.tables.set_array("", false);
        Ok(())
    }

    fn check_key(&self, key: &[String]) -> Result<(), Fault> {
        if key.len() > MAX_KEY {
            return self.scanner.fault(false, format!("a key has more than {MAX_KEY} parts"));
        }
        Ok(())
    }

    /// The parts of a key up to its `=`.
    fn dotted_key(&mut self) -> Result<Vec<String>, Fault> {
        self.scanner.skip_blanks()?;
        match self.scanner.peek()? {
            '.' => return self.scanner.fault(false, "unexpected '.': keys cannot start with a '.'"),
            c if c == '=' || self.scanner.at_end() => {
                return self.scanner.fault(false, "unexpected '=': key name appears blank");
            }
            _ => {}
        }
        let mut key = Vec::new();
        loop {
            self.scanner.skip_blanks()?;
            match self.scanner.peek()? {
                '.' => return self.scanner.fault(false, "unexpected '.'"),
                c if c == '=' || self.scanner.at_end() => return self.scanner.fault(false, "unexpected '='"),
                _ => {}
            }
            let part = self.scanner.key_part()?;
            if key.is_empty() {
                self.line = self.scanner.line;
            }
            key.push(part);
            self.check_key(&key)?;
            self.scanner.skip_blanks()?;
            let at_end = self.scanner.at_end();
            match self.scanner.next()? {
                '.' => {}
                '=' => return Ok(key),
                _ if at_end => return self.scanner.fault(true, "unexpected EOF; expected key separator '='"),
                c => {
                    let message = format!("expected '.' or '=', but got {} instead", quote_char(c));
                    let line = self.scanner.line - usize::from(c == '\n');
                    return Err(Fault { line, message });
                }
            }
        }
    }

    fn key_value(&mut self) -> Result<(), Fault> {
        let outer = self.tables.context.clone();
        self.key_value_in_context()?;
        self.tables.context = outer;
        self.key.clear();
        Ok(())
    }

    /// A key with its value, put into the current table; gives the parts of the key and the value. The context is that of
    /// the key afterwards.
    fn key_value_in_context(&mut self) -> Result<(Vec<String>, Node), Fault> {
        let mut key = self.dotted_key()?;
        // There is at least one part.
        let last = key.pop().unwrap_or_default();
        self.key.clone_from(&last);
        for part in &key {
            let entered = self.tables.enter_dotted(part);
            self.at_key(entered)?;
        }
        self.scanner.skip_blanks()?;
        let (node, array) = self.value(false)?;
        let set = self.tables.set(&last, node.clone());
        self.at_key(set)?;
        self.tables.set_array(&last, array);
        key.push(last);
        Ok((key, node))
    }

    /// A value, and whether it is an array in brackets.
    fn value(&mut self, in_array: bool) -> Result<(Node, bool), Fault> {
        match self.scanner.peek()? {
            '[' => {
                self.scanner.next()?;
                let array = stacker::maybe_grow(64 * 1024, 1024 * 1024, || self.array())?;
                Ok((Node::Leaf(array), true))
            }
            '{' => {
                self.scanner.next()?;
                let table = stacker::maybe_grow(64 * 1024, 1024 * 1024, || self.inline_table(in_array))?;
                Ok((Node::Table(table), false))
            }
            _ => Ok((Node::Leaf(self.scalar()?), false)),
        }
    }

    fn scalar(&mut self) -> Result<Value, Fault> {
        let value = match self.scanner.scalar()? {
            Token::Text(text) => Ok(Value::str(text)),
            Token::Bool(b) => Ok(Value::Bool(b)),
            Token::Integer(text) => integer(&text),
            Token::Float(text) => float(&text),
            Token::DateTime(text) => {
                let invalid = || {
                    let normal = text.replace('z', "Z").replace(['t', ' '], "T");
                    format!("invalid datetime: {}", strconv::quote(normal.as_bytes()))
                };
                DateTime::parse(&text).map(|t| (self.time)(&t)).ok_or_else(invalid)
            }
        };
        value.map_err(|message| Fault { line: self.scanner.line, message })
    }

    fn array(&mut self) -> Result<Value, Fault> {
        self.tables.set_array(&self.key, true);
        let mut items = Vec::new();
        loop {
            self.scanner.skip_lines()?;
            match self.scanner.peek()? {
                ',' => {
                    self.scanner.next()?;
                    return self.scanner.fault(false, "unexpected comma");
                }
                ']' => {
                    self.scanner.next()?;
                    return Ok(array(items));
                }
                _ => {}
            }
            items.push(self.value(true)?.0.into_value());
            self.scanner.skip_lines()?;
            let at_end = self.scanner.at_end();
            match self.scanner.next()? {
                ',' => {}
                ']' => return Ok(array(items)),
                c => {
                    let got = if at_end { "end of file".into() } else { format!("'{c}'") };
                    let message = format!("expected a comma (',') or array terminator (']'), but got {got}");
                    return self.scanner.fault(at_end, message);
                }
            }
        }
    }

    fn inline_table(&mut self, in_array: bool) -> Result<Table, Fault> {
        let outer = self.tables.context.clone();
        let outer_key = std::mem::take(&mut self.key);
        let mut context = outer.clone();
        context.push(outer_key.clone());
        self.tables.context.clone_from(&context);
        self.tables.add_implicit(&context);
        let entered = self.tables.enter(&context, in_array);
        self.at_key(entered)?;
        let mut table = Table::new();
        loop {
            self.scanner.skip_lines()?;
            match self.scanner.peek()? {
                ',' => {
                    self.scanner.next()?;
                    return self.scanner.fault(false, "unexpected comma");
                }
                '}' => {
                    self.scanner.next()?;
                    break;
                }
                _ => {}
            }
            let (key, node) = self.key_value_in_context()?;
            let fits = put(&mut table, &key, node);
            let not_table = || format!("{} is not a table", strconv::quote(dotted(&self.tables.context).as_bytes()));
            self.at_key(if fits { Ok(()) } else { Err(not_table()) })?;
            self.tables.context.clone_from(&context);
            self.scanner.skip_lines()?;
            let at_end = self.scanner.at_end();
            match self.scanner.next()? {
                ',' => {}
                '}' => break,
                c => {
                    let got = if at_end { "end of file".into() } else { format!("'{c}'") };
                    let message = format!("expected a comma or an inline table terminator '}}', but got {got} instead");
                    return self.scanner.fault(at_end, message);
                }
            }
        }
        self.tables.context = outer;
        self.key = outer_key;
        Ok(table)
    }
}

/// Puts a value under a dotted key; false if something else than a table is in the way.
fn put(table: &mut Table, key: &[String], node: Node) -> bool {
    match key {
        [] => true,
        [last] => {
            table.insert(last.clone(), node);
            true
        }
        [first, rest @ ..] => match table.entry(first.clone()).or_insert_with(|| Node::Table(Table::new())) {
            Node::Table(inner) => put(inner, rest, node),
            _ => false,
        },
    }
}

fn integer(text: &str) -> Result<Value, String> {
    let quoted = || strconv::quote(text.as_bytes());
    if !underscores_ok(text) {
        return Err(format!("Invalid integer {}: underscores must be surrounded by digits", quoted()));
    }
    if leading_zero(text) {
        return Err(format!("Invalid integer {}: cannot have leading zeroes", quoted()));
    }
    match parse_int(text.as_bytes(), 0, 64) {
        Ok(n) => Ok(Value::int64(n)),
        Err(NumError::Range) => Err(format!("{text} is out of range for int64")),
        Err(NumError::Syntax) => Err(format!("Expected integer value, but got '{text}'.")),
    }
}

fn float(text: &str) -> Result<Value, String> {
    let quoted = || strconv::quote(text.as_bytes());
    let mut parts = text.split(['.', 'e', 'E']).filter(|p| !p.is_empty());
    if !parts.clone().all(underscores_ok) {
        return Err(format!("Invalid float {}: underscores must be surrounded by digits", quoted()));
    }
    if parts.next().is_some_and(leading_zero) {
        return Err(format!("Invalid float {}: cannot have leading zeroes", quoted()));
    }
    let bytes = text.as_bytes();
    if (0..bytes.len()).any(|i| bytes[i] == b'.' && !bytes.get(i + 1).is_some_and(u8::is_ascii_digit)) {
        return Err(format!("Invalid float {}: '.' must be followed by one or more digits", quoted()));
    }
    let plain = text.replace('_', "");
    if let Some(sign) = plain.strip_suffix("nan") {
        return Ok(Value::Float(if sign == "-" { -f64::NAN } else { f64::NAN }));
    }
    match parse_float(plain.as_bytes()) {
        Ok(f) => Ok(Value::Float(f)),
        Err(NumError::Range) => Err(format!("{text} is out of range for float64")),
        Err(NumError::Syntax) => Err(format!("Invalid float value: {}", quoted())),
    }
}

/// Whether each underscore stands between digits.
fn underscores_ok(text: &str) -> bool {
    if matches!(text.trim_start_matches(['+', '-']), "nan" | "inf") {
        return true;
    }
    let mut digit = false;
    for c in text.chars() {
        if c == '_' && !digit {
            return false;
        }
        digit = c.is_ascii_hexdigit();
    }
    digit
}

fn leading_zero(text: &str) -> bool {
    match text.as_bytes() {
        [b'0', b'b' | b'o' | b'x', ..] => false,
        [b'0', _, ..] | [b'+' | b'-', b'0', _, ..] => true,
        _ => false,
    }
}

/// An array as the library makes it, with room for two.
fn array(items: Vec<Value>) -> Value {
    Value::List(List::appended_within(ListKind::Any, 2, items).into())
}
