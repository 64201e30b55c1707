//! YAML, JSON and TOML compared with Go's own libraries: the tables of their tests, random documents and values, hostile input.
//!
//! Run with `cargo test --features reference --test reference_yaml`; needs Go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value as Json, json};
use support::random::Random;
use support::reference::{Answer, Reference, base64, module_cache, reference, unbase64};
use support::values::{pack, unpack};
use vulas_native::gotemplate::{Value, strconv};
use vulas_native::goyaml::schema::{Field, Struct, Type};
use vulas_native::goyaml::{self, Error};

/// How many random cases a test runs; `VULAS_CASES` sets another number.
fn cases(usual: usize) -> usize {
    std::env::var("VULAS_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// Differences found, of which the first are shown.
#[derive(Default)]
struct Report {
    compared: usize,
    different: usize,
    shown: String,
}

impl Report {
    fn difference(&mut self, op: &str, input: &str, go: &str, ours: &str) {
        self.different += 1;
        if self.different <= 12 {
            let _ = writeln!(self.shown, "--- {op}\n  in:   {input}\n  go:   {go}\n  ours: {ours}");
        }
    }

    fn finish(self, what: &str) {
        println!("{what}: {} compared, {} different", self.compared, self.different);
        assert!(self.different == 0, "{} of {} differ:\n{}", self.different, self.compared, self.shown);
    }
}

fn show(bytes: &[u8]) -> String {
    let quoted = strconv::quote(bytes);
    if quoted.len() > 1500 { format!("{}... ({} bytes)", &quoted[..1500], bytes.len()) } else { quoted }
}

fn show_answer(answer: &Answer) -> String {
    match answer {
        Answer::Ok(json) => format!("ok {}", readable(json)),
        Answer::Error(text) => format!("error {}", String::from_utf8_lossy(text)),
        Answer::Panic(text) => format!("panic {}", String::from_utf8_lossy(text)),
    }
}

/// Values and texts on the wire in a form that people can read.
fn readable(json: &Json) -> String {
    match json {
        Json::String(s) => show(&unbase64(s)),
        Json::Object(o) if o.contains_key("value") => format!(
            "{} {}",
            readable(&o["value"]),
            o.get("error").map_or(String::new(), |e| show(&unbase64(e.as_str().unwrap())))
        ),
        Json::Array(_) | Json::Object(_) => format!("{:?}", unpack(json)),
        other => other.to_string(),
    }
}

fn ours(result: Result<Json, Error>) -> Answer {
    match result {
        Ok(json) => Answer::Ok(json),
        Err(error) => Answer::Error(error.message().as_bytes().to_vec()),
    }
}

fn with_error((value, error): (Value, Option<Error>)) -> Result<Json, Error> {
    let mut reply = json!({"value": pack(&value)});
    if let Some(error) = error {
        reply["error"] = base64(error.message());
    }
    Ok(reply)
}

/// Go gives the target as it was when the decoding fails.
fn or_empty(result: Result<Value, Error>, empty: Value) -> (Value, Option<Error>) {
    match result {
        Ok(value) => (value, None),
        Err(error) => (empty, Some(error)),
    }
}

/// What we make of bytes.
fn read_ours(op: &str, input: &[u8]) -> Answer {
    let no_list = || Value::list(Vec::new());
    let no_map = || Value::map(Vec::<(&str, Value)>::new());
    ours(match op {
        "fromYaml" => goyaml::from_yaml(input).map(|v| pack(&v)),
        "fromYamlMap" => with_error(or_empty(goyaml::from_yaml_map(input), no_map())),
        "fromYamlList" => with_error(or_empty(goyaml::from_yaml_list(input), no_list())),
        "fromYamlStrict" => goyaml::from_yaml_strict(input).map(|v| pack(&v)),
        "metadata" => goyaml::from_yaml_struct(input, &METADATA, false).map(|v| metadata_json(&v)),
        "metadataStrict" => goyaml::from_yaml_struct(input, &METADATA, true).map(|v| metadata_json(&v)),
        "fromJson" => goyaml::from_json(input).map(|v| pack(&v)),
        "fromJsonMap" => with_error(goyaml::from_json_map(input)),
        "fromJsonList" => with_error(goyaml::from_json_list(input)),
        "fromJsonPrefix" => goyaml::from_json_prefix(input).map(|(v, n)| json!([pack(&v), n])),
        "documents" => goyaml::documents(input).map(|d| d.iter().map(base64).collect()),
        "fromToml" => with_error(goyaml::from_toml(input)),
        _ => panic!("no operation {op}"),
    })
}

/// What we make of a value.
fn write_ours(op: &str, value: &Value) -> Answer {
    ours(
        match op {
            "toYaml" => goyaml::to_yaml(value),
            "toYamlPretty" => goyaml::to_yaml_pretty(value),
            "toJson" => goyaml::to_json(value, true),
            "toRawJson" => goyaml::to_json(value, false),
            "toJsonIndent" => goyaml::to_json_indent(value, "", "  ", true),
            "toToml" => goyaml::to_toml(value),
            _ => panic!("no operation {op}"),
        }
        .map(base64),
    )
}

/// Go walks maps in random order, which shows in few results: those may be any that it gives.
fn same(go: &mut Reference, op: &str, input: &Json, first: &Answer, ours: &Answer) -> bool {
    first == ours || (0..24).any(|_| go.ask(op, input.clone()) == *ours)
}

fn compare_reading(go: &mut Reference, report: &mut Report, op: &str, inputs: &[Vec<u8>]) {
    let packed: Vec<Json> = inputs.iter().map(base64).collect();
    let answers = go.ask_all(op, &packed);
    for ((input, packed), answer) in inputs.iter().zip(&packed).zip(answers) {
        report.compared += 1;
        // Faults of Go's own (an index out of range) are not imitated.
        if matches!(answer, Answer::Panic(_)) {
            continue;
        }
        let ours = read_ours(op, input);
        if !same(go, op, packed, &answer, &ours) {
            report.difference(op, &show(input), &show_answer(&answer), &show_answer(&ours));
        }
    }
}

fn compare_writing(go: &mut Reference, report: &mut Report, op: &str, values: &[Value]) {
    let packed: Vec<Json> = values.iter().map(pack).collect();
    let answers = go.ask_all(op, &packed);
    for ((value, packed), answer) in values.iter().zip(&packed).zip(answers) {
        report.compared += 1;
        if matches!(answer, Answer::Panic(_)) {
            continue;
        }
        let ours = write_ours(op, value);
        if !same(go, op, packed, &answer, &ours) {
            report.difference(op, &format!("{value:?}"), &show_answer(&answer), &show_answer(&ours));
        }
    }
}

// --- sources of documents ---

/// The string literals of a Go file; literals joined by `+` are one.
fn literals(path: &Path) -> Vec<Vec<u8>> {
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

fn corpus() -> Vec<Vec<u8>> {
    let modules = module_cache();
    let mut all = Vec::new();
    for file in [
        "go.yaml.in/yaml/v2@v2.4.3/decode_test.go",
        "go.yaml.in/yaml/v2@v2.4.3/encode_test.go",
        "go.yaml.in/yaml/v3@v3.0.4/decode_test.go",
        "go.yaml.in/yaml/v3@v3.0.4/encode_test.go",
        "go.yaml.in/yaml/v3@v3.0.4/node_test.go",
        "sigs.k8s.io/yaml@v1.6.0/yaml_test.go",
    ] {
        all.extend(literals(&modules.join(file)));
    }
    assert!(all.len() > 1500, "only {} literals found", all.len());
    all
}

/// Scalars that mean or look like something.
const SCALARS: &[&str] = &[
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
struct Documents<'r> {
    random: &'r mut Random,
    out: String,
}

impl Documents<'_> {
    fn document(random: &mut Random) -> Vec<u8> {
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
fn mutate(random: &mut Random, mut text: Vec<u8>) -> Vec<u8> {
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
fn random_value(random: &mut Random, depth: usize) -> Value {
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
    match random.below(3) {
        0 => Value::Float(*random.pick(FLOATS)),
        1 => Value::Float((random.next() as i64 >> random.below(64)) as f64),
        _ => {
            let f = f64::from_bits(random.next());
            Value::Float(if f.is_finite() { f } else { 0.5 })
        }
    }
}

fn random_text(random: &mut Random) -> Vec<u8> {
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

const READERS: &[&str] = &["fromYaml", "fromYamlMap", "fromYamlList", "fromYamlStrict"];
const WRITERS: &[&str] = &["toYaml", "toYamlPretty", "toJson", "toRawJson", "toJsonIndent"];

#[test]
fn documents_of_the_libraries_own_tests_are_read_alike() {
    let mut go = reference();
    let mut report = Report::default();
    let corpus = corpus();
    for op in READERS {
        compare_reading(&mut go, &mut report, op, &corpus);
    }
    compare_reading(&mut go, &mut report, "documents", &corpus);
    compare_reading(&mut go, &mut report, "fromJson", &corpus);
    report.finish("library tables");
}

#[test]
fn single_scalars_are_read_and_written_alike() {
    let mut go = reference();
    let mut report = Report::default();
    let mut inputs: Vec<Vec<u8>> = Vec::new();
    let mut values = Vec::new();
    for scalar in SCALARS {
        for form in [
            "@",
            "a: @",
            "- @",
            "[@]",
            "{@: @}",
            "@: a",
            "a: [@, @]\nb: c",
            "? @\n: b",
            "a:\n  @\n  @\n",
            "\"@\"",
            "'@'",
            "|\n @",
            "--- @",
            "- - @\n- @",
        ] {
            inputs.push(form.replace('@', scalar).into());
        }
        values.push(Value::str(*scalar));
        values.push(Value::map([(*scalar, Value::str(*scalar)), ("a", Value::list(vec![Value::str(*scalar)]))]));
    }
    for op in READERS {
        compare_reading(&mut go, &mut report, op, &inputs);
    }
    for op in WRITERS {
        compare_writing(&mut go, &mut report, op, &values);
    }
    report.finish("scalars");
}

#[test]
fn random_documents_are_read_alike() {
    let mut go = reference();
    let mut report = Report::default();
    let mut random = Random::new();
    let corpus = corpus();
    let inputs: Vec<Vec<u8>> = (0..cases(4000))
        .map(|i| match i % 4 {
            0 => {
                let text = random.pick(&corpus).clone();
                mutate(&mut random, text)
            }
            _ => Documents::document(&mut random),
        })
        .collect();
    for op in READERS {
        compare_reading(&mut go, &mut report, op, &inputs);
    }
    compare_reading(&mut go, &mut report, "documents", &inputs);
    let fine = inputs.iter().filter(|i| goyaml::from_yaml(i).is_ok()).count();
    println!("{fine} of {} random documents are well-formed", inputs.len());
    // What was read is written back.
    let values: Vec<Value> = inputs.iter().filter_map(|i| goyaml::from_yaml(i).ok()).collect();
    for op in WRITERS {
        compare_writing(&mut go, &mut report, op, &values);
    }
    report.finish("random documents");
}

#[test]
fn random_values_are_written_alike() {
    let mut go = reference();
    let mut report = Report::default();
    let mut random = Random::new();
    let values: Vec<Value> = (0..cases(5000)).map(|_| random_value(&mut random, 0)).collect();
    for op in WRITERS {
        compare_writing(&mut go, &mut report, op, &values);
    }
    // And what was written is read.
    let texts: Vec<Vec<u8>> = values.iter().filter_map(|v| goyaml::to_yaml_pretty(v).ok()).collect();
    compare_reading(&mut go, &mut report, "fromYaml", &texts);
    report.finish("random values");
}

#[test]
fn random_json_is_read_alike() {
    let mut go = reference();
    let mut report = Report::default();
    let mut random = Random::new();
    let mut inputs: Vec<Vec<u8>> = [
        "",
        " ",
        "{",
        "[",
        "]",
        "nul",
        "nulll",
        "tru",
        "trux",
        "-",
        "-a",
        "01",
        "1.",
        "1.a",
        "1e",
        "1e+",
        "1ex",
        "1e999",
        "[1e999, 2]",
        "{\"a\":1e999}",
        "\"",
        "\"\\",
        "\"\\u12",
        "\"\\u12x\"",
        "\"\\q\"",
        "\"\n\"",
        "\"\u{e9}",
        "\"\\ud800\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\\u0041\"",
        "\"\\ud83dx\"",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{1:2}",
        "[1,]",
        "[1 2]",
        "[,]",
        "{} x",
        "é",
        "[1]é",
        "'",
        "null",
        "\"a\"",
        "5",
        "true",
        "\u{FEFF}{}",
        "{\"a\":1,\"a\":2}",
        "[1] [2]",
        "  {\"a\": [1, 2.5, -3e2, \"x\", null, true]} tail",
        "1 2",
        "\"\\/\\b\\f\\n\\r\\t\\\"\\\\\"",
    ]
    .iter()
    .map(|s| s.as_bytes().to_vec())
    .collect();
    for _ in 0..cases(3000) {
        let value = random_value(&mut random, 0);
        if let Ok(text) = goyaml::to_json(&value, false) {
            let changed = mutate(&mut random, text.clone());
            inputs.extend([text, changed]);
        }
    }
    for op in ["fromJson", "fromJsonMap", "fromJsonList", "fromJsonPrefix", "fromYaml"] {
        compare_reading(&mut go, &mut report, op, &inputs);
    }
    report.finish("random JSON");
}

#[test]
fn hostile_documents_are_refused_alike() {
    let mut go = reference();
    let mut report = Report::default();
    let mut inputs: Vec<Vec<u8>> = Vec::new();
    for depth in [100, 5_000, 9_999, 10_000, 10_001, 20_000] {
        inputs.push("[".repeat(depth).into());
        inputs.push(format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into());
        inputs.push(format!("{}1{}", "{a: ".repeat(depth), "}".repeat(depth)).into());
        inputs.push("{".repeat(depth).into());
        inputs.push("- ".repeat(depth).into());
        inputs.push("? ".repeat(depth).into());
    }
    inputs.push(
        [(0..6000).map(|i| format!("{}- \n", " ".repeat(i))).collect::<String>(), "[".repeat(6000)].concat().into(),
    );
    // Aliases of aliases.
    for (levels, width) in [(4, 9), (5, 9), (6, 10), (9, 9), (3, 100), (2, 1000)] {
        let mut text = format!("a0: &a0 [{}]\n", vec!["x"; width].join(","));
        for level in 1..levels {
            let _ = writeln!(text, "a{level}: &a{level} [{}]", vec![format!("*a{}", level - 1); width].join(","));
        }
        inputs.push(text.into());
    }
    inputs.push(b"a: &a [*a]".to_vec());
    inputs.push(b"a: &a {b: *a}".to_vec());
    inputs.push(b"&a *a".to_vec());
    inputs.push(b"a: &a\n  <<: *a".to_vec());
    inputs.push(b"? &a [x]\n: 1\n? *a\n: 2".to_vec());
    for length in [1000, 1020, 1022, 1023, 1024, 1025, 1026, 1100] {
        inputs.push(format!("{}: 1", "k".repeat(length)).into());
        inputs.push(format!("{{{}: 1}}", "k".repeat(length)).into());
        inputs.push(format!("\"{}\": 1", "é".repeat(length)).into());
        inputs.push(format!("a:\n  {} : 1", "é".repeat(length)).into());
    }
    // Faults around the ends of the pieces in which Go reads.
    for at in [0, 1, 500, 508, 509, 510, 511, 512, 513, 514, 1020, 1023, 1024, 1025, 1535, 1536, 2047] {
        for bad in [
            &b"\x01"[..],
            b"\x7f",
            b"\xff",
            b"\xc3",
            b"\xed\xa0\x80",
            b"\xef\xbf\xbe",
            b"\xc0\x80",
            "\u{FEFF}".as_bytes(),
            "\u{85}".as_bytes(),
            "\u{2028}".as_bytes(),
        ] {
            for filler in ["a: b\n", "é", "- x\n", "}", "k: [\n", "日本: \"", "\n"] {
                let mut text: Vec<u8> = filler.bytes().cycle().take(at).collect();
                text.extend(bad);
                inputs.push(text.clone());
                text.extend(b"\nz: 1\n");
                inputs.push(text);
            }
        }
    }
    for encoding in [0, 1] {
        for text in ["a: b\nc: [d, é, 日, \u{1F600}]\n", "", "a", "{", "a: \u{1}"] {
            let mut bytes = if encoding == 0 { vec![0xFF, 0xFE] } else { vec![0xFE, 0xFF] };
            for unit in text.encode_utf16() {
                bytes.extend(if encoding == 0 { unit.to_le_bytes() } else { unit.to_be_bytes() });
            }
            inputs.push(bytes.clone());
            bytes.push(0x61);
            inputs.push(bytes.clone());
            bytes.pop();
            bytes.extend([0xD8, 0xD8, 0x61]);
            inputs.push(bytes);
        }
    }
    compare_reading(&mut go, &mut report, "fromYaml", &inputs);
    compare_reading(&mut go, &mut report, "fromYamlStrict", &inputs);
    let json: Vec<Vec<u8>> = [9_999, 10_000, 10_001]
        .iter()
        .flat_map(|n| {
            [format!("{}{}", "[".repeat(*n), "]".repeat(*n)), format!("{}1{}", "{\"a\":".repeat(*n), "}".repeat(*n))]
        })
        .map(String::into_bytes)
        .collect();
    compare_reading(&mut go, &mut report, "fromJson", &json);
    report.finish("hostile documents");
}

#[test]
fn hostile_values_are_written_alike() {
    let mut go = reference();
    let mut report = Report::default();
    let mut values = Vec::new();
    for length in [100, 127, 128, 129, 130, 170, 1000, 1021, 1022, 1023, 1024, 2000] {
        values.push(Value::map([("k".repeat(length), Value::str("v"))]));
        values.push(Value::map([("é".repeat(length), Value::str("v"))]));
        values.push(Value::map([("k ".repeat(length), Value::list(vec![Value::str("word ".repeat(length))]))]));
    }
    for byte in 0..=255u8 {
        values.push(Value::str(vec![byte]));
        values.push(Value::str(vec![b'a', byte, b'b', b'\n', byte]));
        values.push(Value::map([
            (vec![byte], Value::Nil),
            (vec![b'a', byte], Value::Nil),
            (vec![b'1', byte, b'2'], Value::Nil),
        ]));
    }
    for code in (0x80..0xC0).chain(0x2020..0x2030).chain(0xFE00..=0xFFFF).chain([0x1_0000, 0x1_F600, 0x10_FFFF]) {
        if let Some(c) = char::from_u32(code) {
            values.push(Value::str(format!("{c}")));
            values.push(Value::str(format!("a{c} b")));
            values.push(Value::str(format!("a {c}--- b\n{c}")));
        }
    }
    for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        values.push(Value::map([("a", Value::Float(float))]));
    }
    let mut deep = Value::str("x");
    for _ in 0..1500 {
        deep = Value::map([("a", Value::list(vec![deep]))]);
    }
    values.push(deep);
    for op in WRITERS {
        compare_writing(&mut go, &mut report, op, &values);
    }
    report.finish("hostile values");
}

// --- structs ---

static MAINTAINER: Struct = Struct {
    package: "v2",
    name: "Maintainer",
    fields: &[field("name", Type::Str), field("email", Type::Str), field("url", Type::Str)],
};

static DEPENDENCY: Struct = Struct {
    package: "v2",
    name: "Dependency",
    fields: &[
        field("name", Type::Str),
        field("version", Type::Str),
        field("repository", Type::Str),
        field("condition", Type::Str),
        field("tags", Type::List(&Type::Str)),
        field("enabled", Type::Bool),
        field("import-values", Type::List(&Type::Any)),
        field("alias", Type::Str),
    ],
};

static METADATA: Struct = Struct {
    package: "v2",
    name: "Metadata",
    fields: &[
        field("name", Type::Str),
        field("home", Type::Str),
        field("sources", Type::List(&Type::Str)),
        field("version", Type::Str),
        field("description", Type::Str),
        field("keywords", Type::List(&Type::Str)),
        field("maintainers", Type::List(&Type::Pointer(&Type::Struct(&MAINTAINER)))),
        field("icon", Type::Str),
        field("apiVersion", Type::Str),
        field("condition", Type::Str),
        field("tags", Type::Str),
        field("appVersion", Type::Str),
        field("deprecated", Type::Bool),
        field("annotations", Type::Map(&Type::Str)),
        field("kubeVersion", Type::Str),
        field("dependencies", Type::List(&Type::Pointer(&Type::Struct(&DEPENDENCY)))),
        field("type", Type::Str),
    ],
};

const fn field(name: &'static str, ty: Type) -> Field {
    Field { name, ty }
}

/// The JSON of the struct: Go writes the fields in the order of the declaration and leaves empty ones out, but for two of a
/// dependency.
fn metadata_json(value: &Value) -> Json {
    fn write(value: &Value, ty: &Type) -> String {
        let text = |v: &Value| String::from_utf8(goyaml::to_json(v, true).unwrap()).unwrap();
        match (ty.pointee(), value) {
            (Type::Struct(s), Value::Map(map)) => {
                let mut fields = Vec::new();
                for field in s.fields {
                    let always = s.name == "Dependency" && matches!(field.name, "name" | "repository");
                    let value = map.get(field.name).unwrap_or(if always { Value::str("") } else { Value::Nil });
                    if always || value.truth() {
                        fields.push(format!("\"{}\":{}", field.name, write(&value, &field.ty)));
                    }
                }
                format!("{{{}}}", fields.join(","))
            }
            (Type::List(item), Value::List(list)) => {
                format!("[{}]", list.items.iter().map(|v| write(v, item)).collect::<Vec<_>>().join(","))
            }
            _ => text(value),
        }
    }
    base64(write(value, &Type::Struct(&METADATA)))
}

#[test]
fn structs_are_read_alike() {
    let mut go = reference();
    let mut report = Report::default();
    let mut random = Random::new();
    let values = [
        "a",
        "1",
        "1.0",
        "1.10",
        "true",
        "yes",
        "null",
        "~",
        "",
        "[a]",
        "[1, b]",
        "{a: b}",
        "[{name: x}]",
        "[{name: 1, Version: 2}]",
        "[[x]]",
        "[null]",
        "1e3",
        "0x10",
        "2001-01-01",
        "{a: 1, b: true}",
        "{a: {b: c}}",
        "[{tags: [1, a, true]}]",
        "[{enabled: yes}]",
        "[{enabled: 1}]",
        "[{import-values: [a, {child: b}]}]",
        "[{name: [x]}]",
        "[x]",
        "{name: x}",
        "[{nope: 1}]",
        "12345678901234567890",
        ".inf",
        "\"1\"",
        "1_000",
        "|\n    x\n    y",
        "[{name: a, name: b}]",
        "-0.0",
        "123456789.5",
        "{1: 2, ~: 3}",
    ];
    let keys = [
        "name",
        "Name",
        "NAME",
        "version",
        "apiVersion",
        "apiversion",
        "APIVERSION",
        "appVersion",
        "sources",
        "keywords",
        "maintainers",
        "dependencies",
        "Dependencies",
        "annotations",
        "deprecated",
        "type",
        "tags",
        "unknown",
        "home",
        "kubeVersion",
        "\u{212A}eywords",
        "1",
        "true",
        "import-values",
        "description",
        "\"\"",
        "~",
        "icon",
    ];
    let mut inputs: Vec<Vec<u8>> = Vec::new();
    for key in keys {
        inputs.extend(values.map(|value| format!("{key}: {value}\n").into_bytes()));
    }
    inputs.extend(values.map(|value| value.as_bytes().to_vec()));
    for _ in 0..cases(3000) {
        let mut text = String::new();
        for _ in 0..=random.below(5) {
            let _ = writeln!(text, "{}: {}", random.pick(&keys), random.pick(&values));
        }
        inputs.push(text.into());
    }
    for op in ["metadata", "metadataStrict"] {
        compare_reading(&mut go, &mut report, op, &inputs);
    }
    report.finish("structs");
}
