//! YAML and JSON compared with Go's own libraries: the tables of their tests, random documents and values, hostile input.
//!
//! Run with `cargo test --features reference --test reference_yaml`; needs Go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use support::compare::{compare_reading, compare_writing, ours};
use support::deep;
use support::differences::{Differences, cases};
use support::documents::{Documents, SCALARS, files, literals, mutate, random_value};
use support::random::Random;
use support::reference::{Answer, Reference, base64, module_cache, reference};
use support::values::pack_text;
use vulas_native::gotemplate::Value;
use vulas_native::goyaml::{self, Error};

fn with_error((value, error): (Value, Option<Error>)) -> Result<Json, Error> {
    let mut reply = json!({"value": pack_text(&value)});
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
        "fromYaml" => goyaml::from_yaml(input).map(|v| pack_text(&v)),
        "fromYamlMap" => with_error(or_empty(goyaml::from_yaml_map(input), no_map())),
        "fromYamlList" => with_error(or_empty(goyaml::from_yaml_list(input), no_list())),
        "fromYamlStrict" => goyaml::from_yaml_strict(input).map(|v| pack_text(&v)),
        "fromJson" => goyaml::from_json(input).map(|v| pack_text(&v)),
        "fromJsonMap" => with_error(goyaml::from_json_map(input)),
        "fromJsonList" => with_error(goyaml::from_json_list(input)),
        "fromJsonPrefix" => goyaml::from_json_prefix(input).map(|(v, n)| json!([pack_text(&v), n])),
        "documents" => goyaml::documents(input).map(|d| d.iter().map(base64).collect()),
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
            _ => panic!("no operation {op}"),
        }
        .map(base64),
    )
}

fn reading(go: &mut Reference, differences: &mut Differences, op: &str, inputs: &[Vec<u8>]) {
    compare_reading(go, differences, op, inputs, read_ours);
}

fn writing(go: &mut Reference, differences: &mut Differences, op: &str, values: &[Value]) {
    compare_writing(go, differences, op, values, write_ours);
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

const READERS: &[&str] = &["fromYaml", "fromYamlMap", "fromYamlList", "fromYamlStrict"];
const WRITERS: &[&str] = &["toYaml", "toYamlPretty", "toJson", "toRawJson", "toJsonIndent"];

#[test]
fn documents_of_the_libraries_own_tests_are_read_alike() {
    let mut go = reference();
    let mut differences = Differences::default();
    let corpus = corpus();
    for op in READERS {
        reading(&mut go, &mut differences, op, &corpus);
    }
    reading(&mut go, &mut differences, "documents", &corpus);
    reading(&mut go, &mut differences, "fromJson", &corpus);
    differences.finish();
}

#[test]
fn files_of_the_modules_are_read_and_written_alike() {
    let mut go = reference();
    let mut differences = Differences::default();
    let modules = module_cache();
    let mut inputs = Vec::new();
    for module in ["helm.sh/helm/v4@v4.2.4", "sigs.k8s.io/yaml@v1.6.0", "k8s.io/apimachinery@v0.36.1"] {
        inputs.extend(files(&modules.join(module), &["yaml", "yml", "json"]));
    }
    // Most files hold several documents.
    let mut documents: Vec<Vec<u8>> = inputs.iter().filter_map(|i| goyaml::documents(i).ok()).flatten().collect();
    documents.extend_from_slice(&inputs);
    assert!(documents.len() > 1000, "only {} documents found", documents.len());
    reading(&mut go, &mut differences, "documents", &inputs);
    for op in READERS {
        reading(&mut go, &mut differences, op, &documents);
    }
    let values: Vec<Value> = documents.iter().filter_map(|d| goyaml::from_yaml(d).ok()).collect();
    for op in WRITERS {
        writing(&mut go, &mut differences, op, &values);
    }
    differences.finish();
}

#[test]
fn single_scalars_are_read_and_written_alike() {
    let mut go = reference();
    let mut differences = Differences::default();
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
        reading(&mut go, &mut differences, op, &inputs);
    }
    for op in WRITERS {
        writing(&mut go, &mut differences, op, &values);
    }
    differences.finish();
}

#[test]
fn random_documents_are_read_alike() {
    let mut go = reference();
    let mut differences = Differences::default();
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
        reading(&mut go, &mut differences, op, &inputs);
    }
    reading(&mut go, &mut differences, "documents", &inputs);
    let fine = inputs.iter().filter(|i| goyaml::from_yaml(i).is_ok()).count();
    println!("{fine} of {} random documents are well-formed", inputs.len());
    // What was read is written back.
    let values: Vec<Value> = inputs.iter().filter_map(|i| goyaml::from_yaml(i).ok()).collect();
    for op in WRITERS {
        writing(&mut go, &mut differences, op, &values);
    }
    differences.finish();
}

/// One of the first `usual`, or seldom one of all.
fn seldom<'a>(random: &mut Random, all: &[&'a str], usual: usize) -> &'a str {
    let count = if random.below(8) == 0 { all.len() } else { usual };
    *random.pick(&all[..count])
}

/// A flow collection, mostly of what is read without the scanner.
fn flow(random: &mut Random, depth: usize) -> String {
    const ITEMS: &[&str] = &[
        "a",
        "B_c",
        "1",
        "-1",
        "+1",
        "1.5",
        "0x1F",
        "017",
        "1:30",
        "yes",
        "~",
        "null",
        "\"x\"",
        "'y'",
        "\"a\\nb\"",
        "'it''s'",
        "\"\\x41\"",
        "a b",
        "a:b",
        "a: b",
        "\"a\": b",
        "\"a\":b",
        "a#b",
        "a #b",
        ".5",
        "/x/y",
        "./x",
        "%d",
        "@x",
        "*a",
        "&a b",
        "!!str 1",
        "-",
        "- a",
        "?",
        "? a",
        "<<",
        "=",
        "\u{e9}",
        "a\u{a0}b",
        "2001-01-01",
        "1e3",
        "",
        "\"\"",
        "''",
        "a\"b",
        "a'b",
        "{{x}}",
        "|",
    ];
    let (open, close) = if random.below(2) == 0 { ("[", "]") } else { ("{", "}") };
    let mut out = open.to_owned();
    out += seldom(random, &["", "", " ", "\n  ", " # c\n  ", "#c\n ", "\n", "\n---\n", "\n...\n", "\t"], 5);
    for i in 0..random.below(4) {
        if i > 0 {
            out += seldom(
                random,
                &[",", ", ", " , ", ",\n  ", ", # c\n    ", ",\n\n # c\n  ", "\n  ,", ",\n", "#c\n,", ",,", " "],
                6,
            );
        }
        if (open == "{") != (random.below(12) == 0) {
            out += *random.pick(ITEMS);
            out += seldom(random, &[": ", ":  ", ":", " : "], 2);
        }
        out +=
            &if depth > 0 && random.below(5) == 0 { flow(random, depth - 1) } else { (*random.pick(ITEMS)).to_owned() };
    }
    out += seldom(random, &["", "", " ", "\n  ", "\n", ",", "\t"], 4);
    out + if random.below(20) == 0 { "" } else { close }
}

/// Block scalars without a line.
const EMPTY_TEXTS: &[&str] = &[
    "k: |\n\nl: m\n",
    "k: >-\nl: m\n",
    "k: |+\n\nl: m\n",
    "k: >+\n\n\nl: m\n",
    "- |\n- a\n",
    "- |\n\n\n- a\n",
    "k: |\n",
    "k: |",
    "k: |\n\n",
    "k: |+\n\n",
    "k: |\n  \nl: m\n",
    "k: |\n    \nl: m\n",
    "a:\n  k: |\n  l: m\n",
    "a:\n  k: |\n # c\n  l: m\n",
    "a:\n  k: |\n\n  # c\n  l: m\n",
];

#[test]
fn random_flow_collections_are_read_alike() {
    let mut random = Random::new();
    let mut differences = Differences::default();
    let inputs: Vec<Vec<u8>> = (0..cases(20_000))
        .map(|_| {
            let before = *random.pick(&["k: ", "- ", "- k: ", "k:\n  ", "", "a:\n- b\nk:  ", "? ", "- - "]);
            let after = *random.pick(&["", "\n", " # c\n", "#c\n", " x\n", ": v\n", "\nl: m\n", "\n  x\n", "\n- z\n"]);
            format!("{before}{}{after}", flow(&mut random, 3)).into_bytes()
        })
        .chain(EMPTY_TEXTS.iter().map(|text| text.as_bytes().to_vec()))
        .collect();
    let mut go = reference();
    for op in ["fromYaml", "fromYamlStrict", "documents"] {
        reading(&mut go, &mut differences, op, &inputs);
    }
    differences.finish();
}

#[test]
fn random_values_are_written_alike() {
    let mut go = reference();
    let mut differences = Differences::default();
    let mut random = Random::new();
    let values: Vec<Value> = (0..cases(5000)).map(|_| random_value(&mut random, 0)).collect();
    for op in WRITERS {
        writing(&mut go, &mut differences, op, &values);
    }
    // And what was written is read.
    let texts: Vec<Vec<u8>> = values.iter().filter_map(|v| goyaml::to_yaml_pretty(v).ok()).collect();
    reading(&mut go, &mut differences, "fromYaml", &texts);
    differences.finish();
}

#[test]
fn random_json_is_read_alike() {
    let mut go = reference();
    let mut differences = Differences::default();
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
        reading(&mut go, &mut differences, op, &inputs);
    }
    differences.finish();
}

#[test]
fn hostile_documents_are_refused_alike() {
    deep(hostile_documents);
}

fn hostile_documents() {
    let mut go = reference();
    let mut differences = Differences::default();
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
    for key in 0..400 {
        inputs.push(format!("{}: a", 2_097_152.0 + f64::from(key) * 1234.25).into());
    }
    // Marks in the middle.
    for text in [
        "- @\n?",
        "? @\nO",
        "?@: \t@\n|",
        "a: @\nb: 1\n",
        "@@a: 1\nb: 2",
        "a:\n@ b: c\n",
        "- @a\n- b\n- c",
        "|\n @\n@",
        "'@\n\n@'",
    ] {
        for end in ["", "\n", "x", "xy", "xyz\n", "\nz: 1\n"] {
            inputs.push(format!("{text}{end}").replace('@', "\u{FEFF}").into());
        }
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
    reading(&mut go, &mut differences, "fromYaml", &inputs);
    reading(&mut go, &mut differences, "fromYamlStrict", &inputs);
    let json: Vec<Vec<u8>> = [9_999, 10_000, 10_001]
        .iter()
        .flat_map(|n| {
            [format!("{}{}", "[".repeat(*n), "]".repeat(*n)), format!("{}1{}", "{\"a\":".repeat(*n), "}".repeat(*n))]
        })
        .map(String::into_bytes)
        .collect();
    reading(&mut go, &mut differences, "fromJson", &json);
    differences.finish();
}

#[test]
fn hostile_values_are_written_alike() {
    deep(hostile_values);
}

fn hostile_values() {
    let mut go = reference();
    let mut differences = Differences::default();
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
    for _ in 0..400 {
        deep = Value::map([("a", Value::list(vec![deep]))]);
    }
    values.push(deep);
    for op in WRITERS {
        writing(&mut go, &mut differences, op, &values);
    }
    differences.finish();
}
