//! The template engine against Go's: the inputs of Go's own test tables, and generated ones.
//!
//! Run with `cargo test --features reference --test reference_template`; it needs a Go toolchain.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod reference;

use std::rc::Rc;

use reference::{Differences, Go, Random, decode_bytes, encode, encode_bytes};
use serde_json::{Value as Json, json};
use vulas_native::gotemplate::runes::{is_digit, is_letter, is_print};
use vulas_native::gotemplate::{
    Entries, Func, FuncError, FuncMap, GoStr, IntKind, List, ListKind, Map, MapKind, MissingKey, Scope, Set, Type,
    UintKind, Value, fmt, strconv,
};

fn func(params: &'static [Type], variadic: Option<Type>, body: vulas_native::gotemplate::func::Body) -> Func {
    Func { params, variadic, body }
}

fn int(value: &Value) -> i64 {
    if let Value::Int(i, _) = value { *i } else { 0 }
}

/// The functions that `goref` has as well.
fn functions() -> FuncMap {
    use Type::{Any, Bool, Bytes, Float, Int, Int64, ListOfAny, ListOfStr, MapOfAny, Named, Str};
    FuncMap::from([
        (
            "list",
            func(&[], Some(Any), |_, a| {
                Ok(Value::List(Rc::new(List { kind: ListKind::Any, nil: false, items: a.to_vec() })))
            }),
        ),
        (
            "strs",
            func(&[], Some(Str), |_, a| {
                Ok(Value::List(Rc::new(List { kind: ListKind::Str, nil: false, items: a.to_vec() })))
            }),
        ),
        ("dict", func(&[Str, Any], None, |_, a| Ok(Value::map([(a[0].as_str().unwrap().clone(), a[1].clone())])))),
        ("echo", func(&[Any], None, |_, a| Ok(a[0].clone()))),
        ("typeOf", func(&[Any], None, |_, a| Ok(a[0].type_name().into()))),
        (
            "typed",
            func(&[Int, Str], Some(Float), |_, a| {
                let rest = Value::list_of(ListKind::Float, a[2..].to_vec());
                Ok(Value::str(fmt::sprint(&[a[0].clone(), a[1].clone(), rest])))
            }),
        ),
        ("i64", func(&[Int64], None, |_, a| Ok(Value::int64(int(&a[0]).wrapping_add(1))))),
        ("flag", func(&[Bool], None, |_, a| Ok(Value::Bool(!a[0].truth())))),
        ("size", func(&[ListOfAny], None, |_, a| Ok(Value::int(a[0].as_list().unwrap().len() as i64)))),
        ("keys", func(&[MapOfAny], None, |_, a| Ok(Value::int(a[0].as_map().unwrap().len() as i64)))),
        (
            "raw",
            func(&[Bytes], None, |_, a| {
                if let Value::Bytes(b) = &a[0] { Ok(Value::str(b.as_slice())) } else { Ok(Value::Nil) }
            }),
        ),
        (
            "joined",
            func(&[ListOfStr], None, |_, a| {
                let parts: Vec<_> =
                    a[0].as_list().unwrap().iter().map(|v| v.as_str().unwrap().to_str().into_owned()).collect();
                Ok(parts.join("+").into())
            }),
        ),
        ("dur", func(&[Named("time.Duration")], None, |_, a| Ok(a[0].clone()))),
        ("upper", func(&[Str], None, |_, a| Ok(a[0].as_str().unwrap().to_str().to_uppercase().into()))),
        ("now0", func(&[], None, |_, _| Ok(Value::int(42)))),
        ("die", func(&[Str], None, |_, a| Err(FuncError::new(format!("died of {}", a[0].as_str().unwrap().to_str()))))),
        (
            "panics",
            func(&[Str], None, |_, a| Err(FuncError::new(format!("in panic: {}", a[0].as_str().unwrap().to_str())))),
        ),
        (
            "include",
            func(&[Str, Any], None, |scope: &mut dyn Scope, a| {
                scope.execute(&a[0].as_str().unwrap().to_str(), a[1].clone()).map(Value::Str)
            }),
        ),
    ])
}

fn nil_map() -> Value {
    let mut map = Map::new(MapKind::Any, Entries::new());
    map.nil = true;
    Value::Map(Rc::new(map))
}

fn nil_list() -> Value {
    Value::List(Rc::new(List { kind: ListKind::Any, nil: true, items: Vec::new() }))
}

/// Data with a value of every type.
fn data() -> Value {
    let deep = Value::map([("y", Value::map([("z", Value::str("deep"))])), ("n", Value::Nil), ("i", Value::int(3))]);
    Value::map([
        ("a", Value::int(1)),
        ("s", Value::str("a<b>&'c\" \u{e9}")),
        ("e", Value::str("")),
        ("m", deep),
        ("l", Value::list(vec![Value::int(1), "two".into(), Value::Nil, Value::list(vec![Value::int(3)])])),
        ("z", Value::Nil),
        ("f", Value::Float(1.5)),
        ("big", Value::Float(1e6)),
        ("t", Value::Bool(true)),
        ("u", Value::Uint(7, UintKind::Uint)),
        ("i64", Value::int64(-9)),
        ("strs", Value::strings(["x", "yy"])),
        ("sm", Value::map_of(MapKind::Str, [("k", Value::str("v"))])),
        ("b", Value::Bytes(vec![104, 105].into())),
        ("d", Value::Int(1_500_000_000, IntKind::Duration)),
        ("nl", nil_list()),
        ("nm", nil_map()),
        ("c", Value::Complex((1.5, -1.5).into())),
        ("ms", Value::list_of(ListKind::MapOfAny, vec![Value::map([("q", Value::int(1))])])),
        ("ll", Value::list_of(ListKind::ListOfAny, vec![Value::list(vec![Value::Nil, "w".into()])])),
        ("X", Value::str("x")),
        ("SI", Value::list_of(ListKind::Int, vec![Value::int(3), Value::int(4), Value::int(5)])),
    ])
}

type Outcome = Result<String, String>;

fn show(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

fn ours(text: &[u8], missing: MissingKey, before: &[&str], data: &Value) -> Outcome {
    let mut set = Set::new("root", &functions()).missing_key(missing);
    for (i, text) in before.iter().enumerate() {
        set.parse(&format!("before{i}"), text).map_err(|error| show(error.message.as_bytes()))?;
    }
    set.parse_bytes("t.yaml", text).map_err(|error| show(error.message.as_bytes()))?;
    let out = set.execute("t.yaml", data.clone(), &mut ());
    out.map(|out| show(&out)).map_err(|error| show(error.message.as_bytes()))
}

fn go(go: &mut Go, text: &[u8], missing: MissingKey, before: &[&str], data: &Json) -> Outcome {
    let missing = match missing {
        MissingKey::Default => "default",
        MissingKey::Zero => "zero",
        MissingKey::Error => "error",
    };
    let before: Vec<Json> = before.iter().map(|text| encode_bytes(text.as_bytes())).collect();
    let answer = go.ask(&json!({
        "op": "template", "name": "t.yaml", "missingkey": missing, "text": encode_bytes(text), "before": before, "data": data,
    }));
    if answer["err"].is_null() {
        Ok(show(&decode_bytes(&answer["out"])))
    } else {
        {
            // Our messages are text: other bytes are replaced.
            let message = GoStr::from(decode_bytes(&answer["err"]));
            Err(show(message.to_str().as_bytes()))
        }
    }
}

const BEFORE: [&str; 2] = [
    "{{define \"x\"}}[{{.}}]{{end}}{{define \"fails\"}}\n {{ die . }}{{end}}{{define \"pair\"}}{{.a}}-{{$.b}}{{end}}",
    "{{define \"empty\"}}  {{end}}{{define \"nest\"}}{{include \"x\" .}}{{template \"fails\" \"age\"}}{{end}}",
];

const MODES: [MissingKey; 3] = [MissingKey::Zero, MissingKey::Default, MissingKey::Error];

fn literals(go: &mut Go, glob: &str) -> Vec<Vec<u8>> {
    let answer = go.ask(&json!({ "op": "literals", "glob": glob }));
    answer["literals"].as_array().unwrap().iter().map(decode_bytes).collect()
}

#[test]
fn go_test_tables_give_what_go_gives() {
    let mut reference = Go::start();
    let mut differences = Differences::default();
    let (data, encoded) = (data(), encode(&data()));
    for glob in ["text/template/*_test.go", "text/template/parse/*_test.go", "html/template/*_test.go"] {
        for text in literals(&mut reference, glob) {
            // Memory addresses differ from run to run.
            if text.windows(2).any(|w| w == b"%p") {
                continue;
            }
            for missing in MODES {
                let theirs = go(&mut reference, &text, missing, &BEFORE, &encoded);
                let own = ours(&text, missing, &BEFORE, &data);
                differences.compare(&format!("{missing:?} {}", show(&text)), &theirs, &own);
            }
        }
    }
    differences.finish();
}

/// Generates templates, most of them valid.
struct Generator {
    random: Random,
    variables: Vec<String>,
}

impl Generator {
    fn field(&mut self) -> String {
        let names = [
            "a",
            "s",
            "e",
            "m",
            "l",
            "z",
            "f",
            "big",
            "t",
            "u",
            "i64",
            "strs",
            "sm",
            "b",
            "d",
            "nl",
            "nm",
            "c",
            "ms",
            "ll",
            "none",
            "m.y.z",
            "m.n.o",
            "m.y",
            "sm.k",
            "sm.x",
            "s.x",
            "none.x",
            "none.x.y",
            "d.Seconds",
            "d.Foo",
            "m.i",
        ];
        format!(".{}", self.random.pick(&names))
    }

    fn literal(&mut self) -> String {
        let literals = [
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
        (*self.random.pick(&literals)).to_owned()
    }

    fn operand(&mut self, depth: usize) -> String {
        match self.random.below(if depth == 0 { 6 } else { 9 }) {
            0 | 1 => self.field(),
            2 => self.literal(),
            3 => ".".to_owned(),
            4 => {
                let mut name = self.variables.last().cloned().unwrap_or_else(|| "$".to_owned());
                if self.random.below(3) == 0 {
                    name = (*self.random.pick(&["$", "$x", "$y"])).to_owned();
                }
                if self.random.below(3) == 0 { format!("{name}{}", self.field()) } else { name }
            }
            5 => (*self.random.pick(&["now0", "list", "strs", "$", "dict", "nil"])).to_owned(),
            6 | 7 => format!("({})", self.pipeline(depth - 1)),
            _ => format!("({}){}", self.pipeline(depth - 1), self.field()),
        }
    }

    fn command(&mut self, depth: usize) -> String {
        let functions = [
            ("and", 2),
            ("or", 2),
            ("not", 1),
            ("eq", 2),
            ("ne", 2),
            ("lt", 2),
            ("le", 2),
            ("gt", 2),
            ("ge", 2),
            ("len", 1),
            ("index", 2),
            ("slice", 2),
            ("print", 2),
            ("printf", 2),
            ("println", 1),
            ("html", 1),
            ("js", 1),
            ("urlquery", 1),
            ("call", 1),
            ("list", 2),
            ("strs", 2),
            ("dict", 2),
            ("echo", 1),
            ("typeOf", 1),
            ("typed", 3),
            ("i64", 1),
            ("flag", 1),
            ("size", 1),
            ("keys", 1),
            ("raw", 1),
            ("joined", 1),
            ("dur", 1),
            ("upper", 1),
            ("now0", 0),
            ("die", 1),
            ("panics", 1),
            ("include", 2),
            ("undefined", 1),
        ];
        match self.random.below(3) {
            0 => self.operand(depth),
            1 => {
                let (name, mut count) = *self.random.pick(&functions);
                if self.random.below(6) == 0 {
                    count = self.random.below(4);
                }
                let args: Vec<_> = (0..count).map(|_| format!(" {}", self.operand(depth))).collect();
                format!("{name}{}", args.concat())
            }
            _ => {
                // Calls that mostly work.
                let (a, b) = (self.operand(depth), self.field());
                match self.random.below(10) {
                    0 => format!("eq {a} {b}"),
                    1 => format!("index .l {}", self.random.below(6)),
                    2 => format!("index .m \"y\" {a}"),
                    3 => format!("printf \"%v-%T\" {a} {b}"),
                    4 => format!("slice .s {} {}", self.random.below(5), self.random.below(9)),
                    5 => format!("len {b}"),
                    6 => format!("include \"x\" {a}"),
                    7 => format!("lt {} {}", self.literal(), self.literal()),
                    8 => format!("print {a} {b}"),
                    _ => format!("list {a} {b}"),
                }
            }
        }
    }

    fn pipeline(&mut self, depth: usize) -> String {
        let mut commands = vec![self.command(depth)];
        while self.random.below(4) == 0 {
            let command = match self.random.below(3) {
                0 => self.command(depth),
                _ => (*self.random.pick(&[
                    "print",
                    "printf \"%q\"",
                    "len",
                    "not",
                    "echo",
                    "typeOf",
                    "html",
                    "list 1",
                    "and 1",
                    "or 0",
                    "eq 1",
                    "index .l",
                    "dict \"k\"",
                    "upper",
                    "include \"x\"",
                ]))
                .to_owned(),
            };
            commands.push(command);
        }
        commands.join(" | ")
    }

    fn open(&mut self) -> &'static str {
        *self.random.pick::<&str>(&["{{", "{{ ", "{{- ", "{{-\n"])
    }

    fn close(&mut self) -> &'static str {
        *self.random.pick::<&str>(&["}}", " }}", " -}}", "\n-}}"])
    }

    fn tag(&mut self, inner: &str) -> String {
        format!("{}{inner}{}", self.open(), self.close())
    }

    fn block(&mut self, depth: usize) -> String {
        let mut out = String::new();
        let scope = self.variables.len();
        for _ in 0..1 + self.random.below(3) {
            let node = self.node(depth);
            out.push_str(&node);
        }
        self.variables.truncate(scope);
        out
    }

    fn node(&mut self, depth: usize) -> String {
        if depth == 0 || self.random.below(3) == 0 {
            return (*self.random.pick(&["text", " \n ", "a: b\n", "  - x\n", "\u{e9}{", "}"])).to_owned();
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
                let over = *self.random.pick(&[
                    ".l",
                    ".m",
                    ".strs",
                    ".sm",
                    "3",
                    ".a",
                    ".none",
                    ".b",
                    ".s",
                    "-1",
                    ".i64",
                    ".ms",
                    ".ll",
                    ".f",
                    ".nl",
                    "(list 1 2 3)",
                    ".u",
                ]);
                let head = match self.random.below(5) {
                    0 => over.to_owned(),
                    1 => format!("$x := {over}"),
                    2 => format!("$i, $x := {over}"),
                    3 => format!("$i, $x = {over}"),
                    // A range over the largest numbers would not end.
                    _ => self.pipeline(0).replace("9223372036854775807", "7").replace("'a'", "2"),
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
                    out += &format!("{{{{if {condition}}}}}{{{{{jump}}}}}{{{{end}}}}");
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
                let name = *self.random.pick(&["x", "fails", "pair", "missing", "empty", "nest", "own"]);
                let argument = if self.random.below(3) == 0 { String::new() } else { self.pipeline(1) };
                self.tag(&format!("template \"{name}\" {argument}"))
            }
            12 => {
                let pipeline = self.pipeline(0);
                let outer = std::mem::take(&mut self.variables);
                let body = self.block(depth - 1);
                self.variables = outer;
                format!("{{{{block \"own\" {pipeline}}}}}{body}{{{{end}}}}")
            }
            _ => {
                let pipeline = self.pipeline(2);
                self.tag(&format!("($v := {pipeline}) | echo"))
            }
        }
    }

    /// A template, one in four with a byte removed, doubled or replaced.
    fn template(&mut self) -> Vec<u8> {
        self.variables.clear();
        let mut out = String::new();
        for _ in 0..1 + self.random.below(4) {
            let node = self.node(3);
            out.push_str(&node);
        }
        let mut out = out.into_bytes();
        if self.random.below(4) == 0 && !out.is_empty() {
            let at = self.random.below(out.len());
            match self.random.below(3) {
                0 => drop(out.remove(at)),
                1 => out.insert(at, out[at]),
                _ => out[at] = *self.random.pick(b"{}\"'`|.$(),:=+-0a \n\\\xff#%@"),
            }
        }
        out
    }
}

#[test]
fn generated_templates_give_what_go_gives() {
    let mut reference = Go::start();
    let mut differences = Differences::default();
    let mut generator =
        Generator { random: Random(std::env::var("SEED").unwrap().parse().unwrap()), variables: Vec::new() };
    let (data, encoded) = (data(), encode(&data()));
    for round in 0..150_000 {
        let text = generator.template();
        let missing = MODES[if round % 2 == 0 { 0 } else { round / 2 % 3 }];
        let theirs = go(&mut reference, &text, missing, &BEFORE, &encoded);
        let own = ours(&text, missing, &BEFORE, &data);
        differences.compare(&format!("{missing:?} {}", show(&text)), &theirs, &own);
    }
    differences.finish();
}

fn printed(reference: &mut Go, differences: &mut Differences, format: &[u8], args: &[Value]) {
    let encoded: Vec<Json> = args.iter().map(encode).collect();
    let answer = reference.ask(&json!({ "op": "sprintf", "format": encode_bytes(format), "args": encoded }));
    let theirs = ["printf", "print", "println"].map(|key| show(&decode_bytes(&answer[key])));
    let own = [fmt::sprintf(format, args), fmt::sprint(args), fmt::sprintln(args)].map(|out| show(&out));
    differences.compare(&format!("{} {args:?}", show(format)), &theirs, &own);
}

/// One value of every kind, and some at the limits.
fn samples() -> Vec<Value> {
    let mut samples: Vec<Value> =
        [0, 1, -1, 42, 255, 0x10FFFF, 0x20_0000, 0xD800, i64::MAX, i64::MIN].map(Value::int).into();
    samples.extend(
        [0.0, -0.0, 1.0, -1.5, 1e6, 1e20, 1e21, 1e-5, 123_456_789.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 0.1]
            .map(Value::Float),
    );
    samples.extend(["", "abc", "h\u{e9}llo w\u{f6}rld \u{65e5}", "a`b\"c'\n\t", "\u{feff}\u{1F600}"].map(Value::str));
    samples.push(Value::str(&b"bad\xff\xc3"[..]));
    let all = data();
    let map = all.as_map().unwrap();
    samples.extend(map.borrow().values().cloned());
    samples.push(Value::Uint(u64::MAX, UintKind::Uint64));
    samples.push(Value::Int(-5, IntKind::Int8));
    samples.push(Value::Bytes(Vec::new().into()));
    samples
}

/// Whether the format may print an address.
fn may_print_address(format: &[u8]) -> bool {
    format.contains(&b'p')
}

#[test]
fn formats_of_go_tests_print_what_go_prints() {
    let mut reference = Go::start();
    let mut differences = Differences::default();
    let samples = samples();
    for format in literals(&mut reference, "fmt/*_test.go") {
        if !format.contains(&b'%') || may_print_address(&format) {
            continue;
        }
        for sample in &samples {
            printed(&mut reference, &mut differences, &format, std::slice::from_ref(sample));
        }
        printed(&mut reference, &mut differences, &format, &samples[..3]);
        printed(&mut reference, &mut differences, &format, &[]);
    }
    differences.finish();
}

#[test]
fn generated_formats_print_what_go_prints() {
    let mut reference = Go::start();
    let mut differences = Differences::default();
    let mut random = Random(std::env::var("SEED").unwrap().parse().unwrap());
    let samples = samples();
    for _ in 0..150_000 {
        let mut format = Vec::new();
        for _ in 0..1 + random.below(3) {
            format.extend_from_slice(random.pick::<&[u8]>(&[b"", b"a", b"\xc3\xa9"]));
            format.push(b'%');
            for _ in 0..random.below(3) {
                format.push(*random.pick(b"+-# 0"));
            }
            if random.below(8) == 0 {
                format.extend_from_slice(format!("[{}]", random.below(5)).as_bytes());
            }
            match random.below(6) {
                0 => format.push(b'*'),
                1 | 2 => format.extend_from_slice(random.below(24).to_string().as_bytes()),
                _ => {}
            }
            match random.below(6) {
                0 => format.extend_from_slice(b".*"),
                1 => format.push(b'.'),
                2 => format.extend_from_slice(format!(".{}", random.below(24)).as_bytes()),
                _ => {}
            }
            format.push(*random.pick(b"vvvdsqxXoObcUteEfFgGTwz%!"));
        }
        let args: Vec<Value> = (0..random.below(4)).map(|_| random.pick(&samples).clone()).collect();
        printed(&mut reference, &mut differences, &format, &args);
    }
    differences.finish();
}

#[test]
fn numbers_are_written_and_read_as_go_does() {
    let mut reference = Go::start();
    let mut differences = Differences::default();
    let mut random = Random(0xABCD_EF01);
    for round in 0..40_000 {
        let bits = match round % 4 {
            0 => random.next(),
            1 => ((random.below(2_000_000) as f64) / 1000.0).to_bits(),
            2 => (random.below(100_000) as f64 * 10f64.powi(random.below(40) as i32 - 20)).to_bits(),
            _ => (random.below(1000) as f64 / 8.0).to_bits(),
        };
        let format = *random.pick(b"eEfgGbxX");
        let precision = random.below(26) as i64 - 1;
        let alphabet: &[u8] = if round % 3 == 0 { b"0123456789abcdefxXpPeE._+-oObi" } else { b"0123456789.e-" };
        let text: String = (0..1 + random.below(12)).map(|_| char::from(*random.pick(alphabet))).collect();
        let text = if random.below(4) == 0 { format!("0x{text}p{}", random.below(2100) as i64 - 1050) } else { text };
        let answer = reference.ask(&json!({
            "op": "float", "bits": bits.to_string(), "format": char::from(format).to_string(), "precision": precision,
            "text": text,
        }));
        fn shown<T>(result: Result<T, strconv::NumError>, show: impl Fn(T) -> String) -> String {
            result.map_or_else(|error| error.to_string(), show)
        }
        let hex = |f| String::from_utf8(fmt::sprintf(b"%x", &[Value::Float(f)])).unwrap();
        let own = json!({
            "text": strconv::format_float(f64::from_bits(bits), format, usize::try_from(precision).ok()),
            "float": shown(strconv::parse_float(text.as_bytes()), hex),
            "int": shown(strconv::parse_int(text.as_bytes(), 0, 64), |i| i.to_string()),
            "uint": shown(strconv::parse_uint(text.as_bytes(), 0, 64), |u| u.to_string()),
        });
        let what = format!("{:?} as {}{precision}, {text:?}", f64::from_bits(bits), char::from(format));
        differences.compare(&what, &answer, &own);
    }
    differences.finish();
}

#[test]
fn literals_are_unquoted_as_go_does() {
    let mut reference = Go::start();
    let mut differences = Differences::default();
    let mut random = Random(0x77);
    let parts: [&[u8]; 22] = [
        b"a",
        b"\\n",
        b"\\",
        b"\"",
        b"'",
        b"`",
        b"\\x4",
        b"\\x41",
        b"\\u00e9",
        b"\\ud800",
        b"\\U0001F600",
        b"\\101",
        b"\\777",
        b"\xc3\xa9",
        b"\xff",
        b"\n",
        b"\r",
        b"\\\"",
        b"\\'",
        b"\\z",
        b"\\u12",
        b" ",
    ];
    for _ in 0..20_000 {
        let quote = *random.pick(b"\"`\"");
        let mut text = vec![quote];
        for _ in 0..random.below(5) {
            text.extend_from_slice(random.pick::<&[u8]>(&parts));
        }
        if random.below(10) > 0 {
            text.push(quote);
        }
        let answer = reference.ask(&json!({ "op": "unquote", "text": encode_bytes(&text) }));
        let theirs = answer["err"].is_null().then(|| decode_bytes(&answer["out"]));
        differences.compare(&show(&text), &theirs, &strconv::unquote(&text));
    }
    differences.finish();
}

#[test]
fn classes_of_all_runes_are_those_of_go() {
    let classes = decode_bytes(&Go::start().ask(&json!({ "op": "runes" }))["classes"]);
    let mut differences = Differences::default();
    for (code, class) in classes.iter().enumerate() {
        let Some(c) = char::from_u32(code as u32) else { continue };
        let own = u8::from(is_letter(c)) | u8::from(is_digit(c)) << 1 | u8::from(is_print(c)) << 2;
        differences.compare(&format!("U+{code:04X}"), class, &own);
    }
    differences.finish();
}
