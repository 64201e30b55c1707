//! Random documents and values, and the documents in the tests of Go's libraries.

use std::path::Path;

use vulas_native::gotemplate::{Value, strconv};

use super::random::Random;

/// The contents of the files in a folder and below it whose names end in one of the extensions.
pub fn files(dir: &Path, extensions: &[&str]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    for path in entries.map(|e| e.unwrap().path()) {
        if path.is_dir() {
            found.extend(files(&path, extensions));
        } else if path.extension().is_some_and(|e| extensions.iter().any(|x| e == *x)) {
            found.push(std::fs::read(path).unwrap());
        }
    }
    found
}

/// The string literals of a Go file; literals joined by `+` are one.
pub fn literals(path: &Path) -> Vec<Vec<u8>> {
    let source = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut found: Vec<Vec<u8>> = Vec::new();
    let (mut i, mut joined) = (0, false);
    while i < source.len() {
        let end = match source[i] {
            b'/' if source[i..].starts_with(b"//") => {
                i += source[i..].iter().position(|b| *b == b'\n').unwrap_or(source.len() - i);
                continue;
            }
            b'\'' => {
                i += if source[i + 1] == b'\\' { 2 } else { 1 };
                i += source[i..].iter().position(|b| *b == b'\'').unwrap_or(0) + 1;
                continue;
            }
            b'`' => source[i + 1..].iter().position(|b| *b == b'`').map(|n| i + n + 2),
            b'"' => {
                let mut end = i + 1;
                while end < source.len() && source[end] != b'"' {
                    end += if source[end] == b'\\' { 2 } else { 1 };
                }
                Some(end + 1)
            }
            byte => {
                joined = byte == b'+' || (joined && byte.is_ascii_whitespace());
                i += 1;
                continue;
            }
        };
        let Some(end) = end.filter(|e| *e <= source.len()) else { break };
        if let Some(text) = strconv::unquote(&source[i..end]) {
            match found.last_mut().filter(|_| joined) {
                Some(last) => last.extend(text),
                None => found.push(text),
            }
        }
        joined = false;
        i = end;
    }
    found
}

/// Scalars that mean or look like something.
pub const SCALARS: &[&str] = &[
    "a",
    "foo",
    "bar baz",
    "yes",
    "No",
    "on",
    "OFF",
    "y",
    "n",
    "Y",
    "true",
    "False",
    "TRUE",
    "null",
    "~",
    "NULL",
    "Null",
    "",
    "0",
    "1",
    "-1",
    "+1",
    "007",
    "08",
    "0o17",
    "0O17",
    "0x1F",
    "0X1f",
    "-0x1f",
    "0b101",
    "0b-1",
    "0b+1",
    "-0b1",
    "1_000",
    "1__0",
    "_1",
    "1_",
    "0x_1F",
    "0_7",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "1e3",
    "1E+3",
    "1e-7",
    "1e21",
    "1e400",
    "-1e400",
    "1.",
    ".5",
    "-.5",
    "+.5",
    ".",
    "..",
    "...x",
    "1.5e3",
    "1.5.2",
    "1e",
    "1e+",
    "0.1",
    "123456789.123",
    "1.0",
    "100000000000000000000000",
    ".inf",
    "-.Inf",
    "+.INF",
    ".nan",
    ".NaN",
    "Infinity",
    "NaN",
    "inf",
    "1:30",
    "190:20:30",
    "1:60",
    "2001-01-01",
    "2001-1-1",
    "2001-12-14t21:59:43.10-05:00",
    "2001-12-14 21:59:43.10",
    "2001-12-14T21:59:43Z",
    "2001-13-01",
    "2001-02-30",
    "2000-02-29",
    "2001-12-14 21:59:43.10 -5",
    "2001-01-01 25:00:00",
    "<<",
    "=",
    "-",
    "- a",
    "?",
    "? a",
    ":",
    ": a",
    "a:",
    "a: b",
    "a:b",
    "#",
    "# c",
    "a #b",
    "a#b",
    "&a",
    "*a",
    "!a",
    "!!str",
    "|",
    ">",
    "%",
    "@",
    "`",
    "'",
    "\"",
    "'a'",
    "\"a\"",
    "'it''s'",
    "\"\\n\"",
    "\"\\x41\\u00e9\\U0001F600\"",
    "\"\\q\"",
    "\"\\ud800\"",
    "{",
    "}",
    "[",
    "]",
    "{}",
    "[]",
    "{a}",
    "[a]",
    "{a: b}",
    "[a, b]",
    "[a, {b: c}]",
    "{a: [b]}",
    "{{ x }}",
    "{{ .Values.x }}",
    "[a b, c]",
    "{a: }",
    "{a:}",
    "{? a : b}",
    "[? a : b]",
    "[a: b]",
    "[: a]",
    "[?]",
    "[a,,b]",
    "[a,]",
    ",",
    "a, b",
    "é",
    "日本",
    "\u{1F600}",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\u{FEFF}",
    "\u{A0}",
    "\u{7F}",
    "\t",
    "a\tb",
    "---",
    "--- a",
    "...",
    "--",
    "----",
    "http://x/y?z=1&b#c",
    "a\\b",
    "\u{0}",
    "!!int 3",
    "!!str 3",
    "!!float 3",
    "!!bool yes",
    "!!null ''",
    "!!binary aGVsbG8=",
    "!!binary /w==",
    "!!binary x",
    "!!timestamp 2001-01-01",
    "!foo bar",
    "! a",
    "!<tag:yaml.org,2002:int> 5",
    "!e!x y",
    "!!set {a, b}",
    "!!int x",
    "!!float x",
    "!!map {}",
    "!!merge <<",
    "*a",
    "*b",
    "&a x",
    "&b {c: d}",
    "&a [1]",
    "12e03",
    "0.0",
    "-0",
    "-0.0",
    "0e0",
    "00",
    "0777",
    "0888",
    "1,000",
    "$x",
    "^x",
    "~x",
    "x~",
    "%x",
    "@x",
    "\\x",
];

/// A document of nested collections, mostly well-formed.
pub struct Documents<'r> {
    random: &'r mut Random,
    out: String,
}

impl Documents<'_> {
    /// A document.
    pub fn document(random: &mut Random) -> Vec<u8> {
        let mut this = Documents { random, out: String::new() };
        if this.random.once_in(12) {
            this.out.push_str(
                [
                    "---\n",
                    "--- \n",
                    "%YAML 1.1\n---\n",
                    "%TAG !e! tag:e,2000:\n---\n",
                    "# c\n",
                    "\u{FEFF}",
                    "--- # c\n",
                ][this.random.below(7)],
            );
        }
        this.node(0, 0);
        if this.random.once_in(12) {
            this.out.push_str(
                ["---\nb: 1\n", "...\n", "# end\n", "\n\n", "--- x\n", "... \n%TAG x\n", "}\n", "]\n"]
                    [this.random.below(8)],
            );
        }
        let mut text = this.out;
        if random.once_in(15) {
            text = text.replace('\n', "\r\n");
        }
        if random.once_in(40) {
            text = text.replace('\n', "\r");
        }
        if random.once_in(4) {
            return mutate(random, text.into_bytes());
        }
        text.into_bytes()
    }

    fn pad(&mut self, indent: usize) {
        for _ in 0..indent {
            self.out.push(' ');
        }
    }

    fn end_line(&mut self) {
        if self.random.once_in(12) {
            self.out.push_str([" # comment", " ", "\t", " #", "#x", "  # a: b"][self.random.below(6)]);
        }
        self.out.push('\n');
        if self.random.once_in(20) {
            self.out.push_str(["\n", "  \n", "# c\n", "   # c\n", "\t\n"][self.random.below(5)]);
        }
    }

    fn properties(&mut self) {
        if self.random.once_in(12) {
            self.out
                .push_str(["&a ", "&b ", "!!map ", "!!seq ", "!!str ", "&a !!str ", "!x &b "][self.random.below(7)]);
        }
    }

    /// A node that begins on a line of its own, at the indentation.
    fn node(&mut self, indent: usize, depth: usize) {
        let choice = if depth > 4 { 9 } else { self.random.below(10) };
        match choice {
            0..=4 => {
                for _ in 0..=self.random.below(4) {
                    self.pad(indent);
                    self.entry(indent, depth);
                }
            }
            5..=7 => {
                for _ in 0..=self.random.below(3) {
                    self.pad(indent);
                    self.out.push_str("- ");
                    self.value(indent + 2, depth, true);
                }
            }
            _ => {
                self.pad(indent);
                self.properties();
                self.scalar(indent);
            }
        }
    }

    fn entry(&mut self, indent: usize, depth: usize) {
        match self.random.below(30) {
            0 => {
                self.out.push_str("? ");
                self.value(indent + 2, depth, true);
                if !self.random.once_in(4) {
                    self.pad(indent);
                    self.out.push_str(": ");
                    self.value(indent + 2, depth, true);
                }
                return;
            }
            1 => {
                let merged = ["<<: *a", "<<: [*a, *b]", "<<: {x: 1, y: 2}", "<<: 1", "<<: [{a: 1}, {a: 2}]", "<<: *b"];
                self.out.push_str(merged[self.random.below(6)]);
                return self.end_line();
            }
            2..=7 => {
                self.properties();
                self.out.push_str(*self.random.pick(SCALARS));
            }
            _ => {
                let keys =
                    ["a", "b", "c", "name", "key", "a1", "a10", "a2", "A", "1", "0", "x-y", "x.y/z", "\"q\"", "'s'"];
                self.out.push_str(*self.random.pick(&keys));
            }
        }
        self.out.push(':');
        match self.random.below(10) {
            0..=5 => {
                self.out.push(' ');
                self.properties();
                self.scalar(indent + 1);
            }
            6 => self.end_line(),
            _ => {
                self.end_line();
                let deeper = [0, 1, 2, 2, 2, 2, 4][self.random.below(7)];
                self.node(indent + deeper, depth + 1);
            }
        }
    }

    /// What stands after `- `, `? ` or `: `.
    fn value(&mut self, indent: usize, depth: usize, compact: bool) {
        match self.random.below(10) {
            0..=1 if compact && depth < 5 => {
                self.entry(indent, depth + 1);
                for _ in 0..self.random.below(3) {
                    self.pad(indent);
                    self.entry(indent, depth + 1);
                }
            }
            2 if compact && depth < 5 => {
                self.out.push_str("- ");
                self.value(indent + 2, depth + 1, true);
            }
            3 if depth < 5 => {
                self.end_line();
                self.node(indent, depth + 1);
            }
            _ => {
                self.properties();
                self.scalar(indent);
            }
        }
    }

    fn scalar(&mut self, indent: usize) {
        match self.random.below(14) {
            0 => self.block_scalar(indent),
            1 => {
                // On several lines.
                let quote = ["", "\"", "'"][self.random.below(3)];
                self.out.push_str(quote);
                for i in 0..=self.random.below(3) {
                    if i > 0 {
                        self.out.push_str(["\n", "\n\n", " \n", "\\\n", "\n\t", "\r\n"][self.random.below(6)]);
                        let deeper = self.random_indent();
                        self.pad(indent + deeper);
                    }
                    self.out.push_str(*self.random.pick(SCALARS));
                }
                self.out.push_str(quote);
                self.end_line();
            }
            2 => {
                self.flow(0);
                self.end_line();
            }
            _ => {
                self.out.push_str(*self.random.pick(SCALARS));
                self.end_line();
            }
        }
    }

    fn random_indent(&mut self) -> usize {
        [0, 0, 1, 2, 2, 3][self.random.below(6)]
    }

    fn block_scalar(&mut self, indent: usize) {
        self.out.push_str(
            ["|", ">", "|-", ">-", "|+", ">+", "|2", ">1-", "|-2", "| # c", "|0", "|x", ">  "][self.random.below(13)],
        );
        self.out.push('\n');
        let base = indent + self.random_indent();
        for _ in 0..self.random.below(5) {
            if self.random.once_in(5) {
                self.out.push_str(["\n", "  \n", "\t\n"][self.random.below(3)]);
                continue;
            }
            let extra = [0, 0, 0, 0, 1, 2][self.random.below(6)];
            self.pad(base + extra);
            self.out.push_str(*self.random.pick(SCALARS));
            self.out.push('\n');
        }
    }

    fn flow(&mut self, depth: usize) {
        let map = self.random.once_in(2);
        self.out.push(if map { '{' } else { '[' });
        for i in 0..self.random.below(4) {
            if i > 0 {
                self.out.push_str([", ", ",", " , ", ",\n  ", " "][self.random.below(5)]);
            }
            if map || self.random.once_in(6) {
                self.out.push_str(*self.random.pick(SCALARS));
                self.out.push_str([": ", ":", " : ", ": ", ": "][self.random.below(5)]);
            }
            if depth < 3 && self.random.once_in(4) {
                self.flow(depth + 1);
            } else {
                self.out.push_str(*self.random.pick(SCALARS));
            }
        }
        if !self.random.once_in(20) {
            self.out.push(if map { '}' } else { ']' });
        }
    }
}

/// A text with some of it changed.
pub fn mutate(random: &mut Random, mut text: Vec<u8>) -> Vec<u8> {
    const PIECES: &[&str] = &[
        "\n", " ", "  ", "\t", ":", ": ", "- ", "-", "?", "? ", "#", " #", "&a ", "*a", "!", "!!str ", "|", ">", "'",
        "\"", "\\", "%", "@", "`", "{", "}", "[", "]", ",", "---\n", "...\n", "a", "0", "\r", "\u{85}", "\u{2028}",
        "\u{FEFF}", "\u{E9}", "<<: ", "~", "\u{7F}", "\u{1}",
    ];
    for _ in 0..=random.below(3) {
        let at = random.below(text.len() + 1);
        match random.below(5) {
            0 if at < text.len() => {
                text.remove(at);
            }
            1 if at < text.len() => {
                let end = (at + random.below(12)).min(text.len());
                text.drain(at..end);
            }
            2 if at < text.len() => {
                let end = (at + random.below(20)).min(text.len());
                let part = text[at..end].to_vec();
                let to = random.below(text.len() + 1);
                text.splice(to..to, part);
            }
            3 if random.once_in(6) => text.insert(at, random.below(256) as u8),
            _ => {
                text.splice(at..at, random.pick(PIECES).bytes());
            }
        }
    }
    text
}

/// Any value that can come out of a template.
pub fn random_value(random: &mut Random, depth: usize) -> Value {
    match if depth > 4 { 3 + random.below(9) } else { random.below(12) } {
        0 => Value::list((0..random.below(4)).map(|_| random_value(random, depth + 1)).collect()),
        1 | 2 => {
            let n = random.below(5);
            Value::map((0..n).map(|_| (random_text(random), random_value(random, depth + 1))).collect::<Vec<_>>())
        }
        3 => Value::Bool(random.once_in(2)),
        4 => random_float(random),
        5 => Value::int([0, 1, -1, i64::MAX, i64::MIN, 42, 1_000_000][random.below(7)]),
        6 => Value::int64(random.next() as i64 >> random.below(64)),
        7 if random.once_in(4) => Value::Nil,
        _ => Value::str(random_text(random)),
    }
}

fn random_float(random: &mut Random) -> Value {
    const FLOATS: &[f64] = &[
        0.0,
        -0.0,
        1.0,
        1.5,
        -1.5,
        0.1,
        1e6,
        1e15,
        1e16,
        1e20,
        1e21,
        1e22,
        1e-5,
        1e-6,
        1e-7,
        123_456_789.0,
        1e300,
        5e-324,
        3.0e-9,
        9.0e15,
        9_007_199_254_740_993.0,
        9_223_372_036_854_775_807.0,
        -9_223_372_036_854_775_808.0,
        18_446_744_073_709_551_615.0,
        1e19,
        f64::MAX,
        100_000.0,
    ];
    match random.below(4) {
        0 => Value::Float(*random.pick(FLOATS)),
        // Where two shortest texts can be equally near.
        3 => Value::Float((random.next() >> (11 + random.below(20))) as f64 / (1u64 << random.below(12)) as f64),
        1 => Value::Float((random.next() as i64 >> random.below(64)) as f64),
        _ => {
            let f = f64::from_bits(random.next());
            Value::Float(if f.is_finite() { f } else { 0.5 })
        }
    }
}

/// A text, likely one that is hard to write.
pub fn random_text(random: &mut Random) -> Vec<u8> {
    const PIECES: &[&str] = &[
        " ",
        "  ",
        "\n",
        "\n\n",
        "\t",
        "\r",
        "a",
        "b",
        "word",
        "longer-word",
        "0",
        "1",
        "10",
        "9",
        "00",
        "_",
        "-",
        ".",
        ":",
        ": ",
        " #",
        "#",
        "'",
        "\"",
        "\\",
        "<",
        ">",
        "&",
        "é",
        "日",
        "\u{85}",
        "\u{2028}",
        "\u{2029}",
        "\u{FEFF}",
        "\u{A0}",
        "\u{7F}",
        "\u{1}",
        "\u{FFFD}",
        "\u{1F600}",
        "---",
        "...",
        "{",
        "}",
        "[",
        "]",
        ",",
        "?",
        "|",
        "%",
        "@",
        "`",
        "!",
        "*",
        "~",
        "=",
        "\u{80}",
        "\u{FFFE}",
        "A",
        "Z",
        "٣",
    ];
    match random.below(6) {
        0..=2 => random.pick(SCALARS).as_bytes().to_vec(),
        3 => {
            let n = random.below(8);
            (0..n).flat_map(|_| random.pick(PIECES).bytes()).collect()
        }
        4 => {
            // Long enough to be folded.
            let n = random.below(60);
            (0..n)
                .flat_map(|_| [*random.pick(&["some", "words", "of", "text", "x", "it's", "a:b", ""]), " "])
                .collect::<String>()
                .into()
        }
        _ => {
            let mut text = random.pick(SCALARS).as_bytes().to_vec();
            if random.once_in(3) {
                text = mutate(random, text);
            } else {
                let n = random.below(4);
                text.extend((0..n).flat_map(|_| random.pick(PIECES).bytes()));
            }
            text
        }
    }
}
