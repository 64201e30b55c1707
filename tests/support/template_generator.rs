//! Random templates, most of them valid, over the data and functions of the test that uses them.

use super::random::Random;

/// What the templates of a test are made of.
pub struct Vocabulary {
    /// Fields of the data, each with its dot.
    pub fields: &'static [&'static str],
    /// Operands of other kinds, such as functions without arguments.
    pub operands: &'static [&'static str],
    /// Functions with the number of arguments that they take.
    pub functions: &'static [(&'static str, usize)],
    /// A call that mostly works.
    pub call: fn(&mut Generator, usize) -> String,
    /// Ends of pipelines: calls that lack the last argument.
    pub filters: &'static [&'static str],
    /// Names of templates. One that is called `own` may be defined by a block.
    pub templates: &'static [&'static str],
    /// What is ranged over.
    pub ranges: &'static [&'static str],
}

/// Literals, some of them malformed or at the limits.
const LITERALS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "-1",
    "1.5",
    "1e3",
    "0x1F",
    "'a'",
    "'\\n'",
    "1_000",
    "0b11",
    "017",
    "1i",
    "2+3i",
    "1e400",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "true",
    "false",
    "nil",
    "\"\"",
    "\"str\"",
    "\"a\\tb\\u00e9\"",
    "`raw\"`",
    "\"%d|%v\"",
    "\"k\"",
    "\"x\"",
    "\"%5.2f\"",
    "0x1p4",
    "-0",
    "-0.0",
    "1e1",
    "0x1e",
    "-0x1e",
    "08",
    "'ab'",
    "\"\\z\"",
    "1.",
    ".5",
    "+3",
    "1__0",
];

/// Generates templates, most of them valid.
pub struct Generator {
    /// Where the choices come from.
    pub random: Random,
    vocabulary: &'static Vocabulary,
    /// The variables that are probably in scope.
    variables: Vec<String>,
    /// Whether the body of a block is written: one that executes itself more than once would take Go for ever.
    pub in_block: bool,
}

impl Generator {
    /// A generator with its own random source.
    pub fn new(random: Random, vocabulary: &'static Vocabulary) -> Self {
        Self { random, vocabulary, variables: Vec::new(), in_block: false }
    }

    /// A field of the data.
    pub fn field(&mut self) -> &'static str {
        *self.random.pick::<&str>(self.vocabulary.fields)
    }

    /// A literal.
    pub fn literal(&mut self) -> &'static str {
        *self.random.pick::<&str>(LITERALS)
    }

    /// Something between a number and what only begins like one.
    fn number(&mut self) -> String {
        let mut number = String::new();
        for _ in 0..=self.random.below(4) {
            number += self.random.pick::<&str>(&[
                "0", "1", "7", "9", "_", "x", "X", "b", "o", "e", "E", "p", ".", "+", "-", "i", "f", "0x", "1e", "1p",
                "+1i",
            ]);
        }
        number
    }

    /// A template with pieces cut out of it or put into it, mostly near the delimiters of actions.
    pub fn patched(&mut self) -> Vec<u8> {
        const PIECES: &[&str] = &[
            "{{",
            "}}",
            "{{-",
            "{{- ",
            " -}}",
            "-}}",
            "/*",
            "*/",
            "{{/*",
            "*/}}",
            "\"",
            "`",
            "'",
            "$",
            ".",
            "..",
            "(",
            ")",
            "|",
            ":=",
            "=",
            ":",
            ",",
            " ",
            "\n",
            "\t",
            "\\",
            "\u{e9}",
            "\u{feff}",
            "\0",
            "}",
            "!",
            "-",
            "+",
            "1i",
            "0x",
            "nil",
            "end",
            "else",
            "break",
            "{{ end }}",
            "{{ else }}",
            "{{ continue }}",
            "range $i, $e :=",
            "define \"x\"",
            "block",
            "template",
            "$undefined",
            "{{ 1 | 2 }}",
            "{{ \"x\".y }}",
            "{{ (1 }}",
            "{{ ) }}",
        ];
        let mut text = self.template();
        // A range over one of the large literals, or what is left of it, would not end.
        while ["92233", "18446"].iter().any(|large| text.windows(large.len()).any(|part| part == large.as_bytes())) {
            text = self.template();
        }
        for _ in 0..=self.random.below(3) {
            let delimiters: Vec<_> = (0..text.len()).filter(|at| matches!(text[*at], b'{' | b'}')).collect();
            let near = delimiters.get(self.random.below(delimiters.len().max(1))).copied().unwrap_or(0);
            let at = (near + self.random.below(8)).saturating_sub(3).min(text.len());
            if self.random.below(3) == 0 {
                let end = (at + 1 + self.random.below(4)).min(text.len());
                text.drain(at..end);
            } else {
                let piece = *self.random.pick::<&str>(PIECES);
                text.splice(at..at, piece.bytes());
            }
        }
        text
    }

    /// A field, literal, variable or pipeline in parentheses.
    pub fn operand(&mut self, depth: usize) -> String {
        match self.random.below(if depth == 0 { 6 } else { 9 }) {
            0 | 1 => self.field().to_owned(),
            2 if self.random.below(6) == 0 => self.number(),
            2 => self.literal().to_owned(),
            3 => ".".to_owned(),
            4 => {
                let mut name = self.variables.last().cloned().unwrap_or_else(|| "$".to_owned());
                if self.random.below(3) == 0 {
                    (*self.random.pick(&["$", "$x", "$y"])).clone_into(&mut name);
                }
                if self.random.below(3) == 0 { format!("{name}{}", self.field()) } else { name }
            }
            5 => (*self.random.pick(self.vocabulary.operands)).to_owned(),
            6 | 7 => format!("({})", self.pipeline(depth - 1)),
            _ => format!("({}){}", self.pipeline(depth - 1), self.field()),
        }
    }

    fn command(&mut self, depth: usize) -> String {
        match self.random.below(3) {
            0 => self.operand(depth),
            1 => {
                let (name, mut count) = *self.random.pick(self.vocabulary.functions);
                if self.random.below(6) == 0 {
                    count = self.random.below(4);
                }
                let args: Vec<_> = (0..count).map(|_| format!(" {}", self.operand(depth))).collect();
                format!("{name}{}", args.concat())
            }
            _ => (self.vocabulary.call)(self, depth),
        }
    }

    fn pipeline(&mut self, depth: usize) -> String {
        let mut commands = vec![self.command(depth)];
        while self.random.below(4) == 0 {
            let command = match self.random.below(3) {
                0 => self.command(depth),
                _ => (*self.random.pick(self.vocabulary.filters)).to_owned(),
            };
            commands.push(command);
        }
        commands.join(" | ")
    }

    fn open(&mut self) -> &'static str {
        self.random.pick::<&str>(&["{{", "{{ ", "{{- ", "{{-\n"])
    }

    fn close(&mut self) -> &'static str {
        self.random.pick::<&str>(&["}}", " }}", " -}}", "\n-}}"])
    }

    fn tag(&mut self, inner: &str) -> String {
        format!("{}{inner}{}", self.open(), self.close())
    }

    /// Some nodes, one after the other; the variables that they declare are gone after them.
    pub fn block(&mut self, depth: usize) -> String {
        let mut out = String::new();
        let scope = self.variables.len();
        for _ in 0..=self.random.below(3) {
            let node = self.node(depth);
            out.push_str(&node);
        }
        self.variables.truncate(scope);
        out
    }

    fn node(&mut self, depth: usize) -> String {
        if depth == 0 || self.random.below(3) == 0 {
            return (*self.random.pick(&["text", " \n ", "a: b\n", "  - x\n", "\u{e9}", "}", "- ", "{ ", "x\n", "{x"]))
                .to_owned();
        }
        match self.random.below(14) {
            0..=3 => {
                let pipeline = self.pipeline(2);
                self.tag(&pipeline)
            }
            4 => {
                let name = (*self.random.pick(&["$x", "$y", "$"])).to_owned();
                let sign = if self.random.below(3) == 0 { "=" } else { ":=" };
                let pipeline = self.pipeline(1);
                self.variables.push(name.clone());
                self.tag(&format!("{name} {sign} {pipeline}"))
            }
            5 => "{{/* comment */}}".to_owned(),
            6 | 7 => {
                let keyword = *self.random.pick(&["if", "with"]);
                let mut out = self.pipeline(1);
                out = self.tag(&format!("{keyword} {out}"));
                out += &self.block(depth - 1);
                while self.random.below(3) == 0 {
                    let pipeline = self.pipeline(1);
                    out += &self.tag(&format!("else {keyword} {pipeline}"));
                    out += &self.block(depth - 1);
                }
                if self.random.below(2) == 0 {
                    out += &self.tag("else");
                    out += &self.block(depth - 1);
                }
                out + &self.tag("end")
            }
            8..=10 => {
                let over = *self.random.pick(self.vocabulary.ranges);
                let head = match self.random.below(5) {
                    0 => over.to_owned(),
                    1 => format!("$x := {over}"),
                    2 => format!("$i, $x := {over}"),
                    3 => format!("$i, $x = {over}"),
                    _ => self.pipeline(0),
                };
                let scope = self.variables.len();
                if head.contains("$x") {
                    self.variables.push("$x".to_owned());
                }
                let mut out = self.tag(&format!("range {head}"));
                out += &self.block(depth - 1);
                if self.random.below(4) == 0 {
                    let jump = *self.random.pick(&["break", "continue"]);
                    let condition = self.pipeline(0);
                    out += &["{{if ", &condition, "}}{{", jump, "}}{{end}}"].concat();
                }
                out += &self.block(depth - 1);
                self.variables.truncate(scope);
                if self.random.below(3) == 0 {
                    out += &self.tag("else");
                    out += &self.block(depth - 1);
                }
                out + &self.tag("end")
            }
            11 => {
                let mut name = *self.random.pick(self.vocabulary.templates);
                if self.in_block && name == "own" {
                    name = self.vocabulary.templates[0];
                }
                let argument = if self.random.below(3) == 0 { String::new() } else { self.pipeline(1) };
                self.tag(&format!("template \"{name}\" {argument}"))
            }
            12 => {
                let pipeline = self.pipeline(0);
                let outer = (std::mem::take(&mut self.variables), std::mem::replace(&mut self.in_block, true));
                let body = self.block(depth - 1);
                (self.variables, self.in_block) = outer;
                format!("{{{{block \"own\" {pipeline}}}}}{body}{{{{end}}}}")
            }
            _ => {
                let pipeline = self.pipeline(2);
                self.tag(&format!("($v := {pipeline}) | print"))
            }
        }
    }

    /// A template, one in four with a byte removed, doubled or replaced.
    pub fn template(&mut self) -> Vec<u8> {
        self.variables.clear();
        let mut out = String::new();
        for _ in 0..=self.random.below(4) {
            let node = self.node(3);
            out.push_str(&node);
        }
        if out.contains("range") {
            // A range over the largest number would not end.
            out = out.replace("9223372036854775807", "7");
        }
        if self.random.below(4) == 0 { self.damaged(out.into_bytes()) } else { out.into_bytes() }
    }

    /// A text with a byte removed, doubled or replaced.
    pub fn damaged(&mut self, mut out: Vec<u8>) -> Vec<u8> {
        if out.is_empty() {
            return out;
        }
        let at = self.random.below(out.len());
        match self.random.below(3) {
            0 => drop(out.remove(at)),
            1 => out.insert(at, out[at]),
            _ => out[at] = *self.random.pick(b"{}\"'`|.$(),:=+-0a \n\\\xff#%@"),
        }
        out
    }
}
