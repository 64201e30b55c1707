//! TOML compared with the library that Helm uses: its own tests, random documents and values.
//!
//! Run with `cargo test --features reference --test reference_toml`; needs Go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fmt::Write as _;

use serde_json::json;
use support::compare::{compare_reading, compare_writing, ours};
use support::differences::{Differences, cases};
use support::documents::{files, literals, mutate, random_text, random_value};
use support::random::Random;
use support::reference::{Answer, base64, module_cache, reference};
use support::values::pack_text;
use vulas_native::gotemplate::Value;
use vulas_native::goyaml::{self, DateTime, Zone};

fn read_ours(_: &str, input: &[u8]) -> Answer {
    let (value, error) = match goyaml::from_toml(input, &toml_time) {
        Ok(value) => (value, None),
        Err(error) => (Value::map(Vec::<(&str, Value)>::new()), Some(error)),
    };
    let mut reply = json!({"value": pack_text(&value)});
    if let Some(error) = error {
        reply["error"] = base64(error.message());
    }
    Answer::Ok(reply)
}

fn write_ours(_: &str, value: &Value) -> Answer {
    ours(goyaml::to_toml(value).map(base64))
}

/// A date or time as the reference shows it.
fn toml_time(t: &DateTime) -> Value {
    let zone = match t.zone {
        Zone::Utc => "0".into(),
        Zone::Offset(seconds) => seconds.to_string(),
        Zone::LocalDateTime => "datetime-local".into(),
        Zone::LocalDate => "date-local".into(),
        Zone::LocalTime => "time-local".into(),
    };
    let DateTime { year, month, day, hour, minute, second, nanosecond, .. } = t;
    Value::str(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanosecond:09} {zone}"))
}

/// The documents of the library's own tests.
fn corpus() -> Vec<Vec<u8>> {
    let module = module_cache().join("github.com/!burnt!sushi/toml@v1.6.0");
    let mut all = files(&module, &["toml"]);
    for file in ["decode_test.go", "encode_test.go", "error_test.go", "lex_test.go", "fuzz_test.go", "toml_test.go"] {
        all.extend(literals(&module.join(file)));
    }
    assert!(all.len() > 500, "only {} TOML documents found", all.len());
    all
}

const VALUES: &[&str] = &[
    "1",
    "+1",
    "-0",
    "0",
    "007",
    "1_000",
    "1__0",
    "_1",
    "1_",
    "0x1F",
    "0xg",
    "0o17",
    "0b101",
    "0b2",
    "-0x1",
    "9223372036854775808",
    "1.5",
    "1.",
    ".5",
    "1e5",
    "1e",
    "1.e5",
    "1_0.0_1",
    "01.5",
    "+1.5e-3",
    "1e400",
    "inf",
    "-inf",
    "+nan",
    "nan",
    "infx",
    "nax",
    "ix",
    "true",
    "false",
    "tru",
    "truex",
    r#""a""#,
    r#""a\n\u00e9""#,
    r#""\q""#,
    r#""\u12""#,
    r#""\ud800""#,
    r#""\x41\e""#,
    r#""a"#,
    "'a'",
    "'a",
    "'''a\nb'''",
    "\"\"\"a\\\n  b\"\"\"",
    r#""""""""#,
    r#""""a"""""#,
    r#""""a""""""#,
    r#""""a"""""""#,
    "\"\"\"\na\\ b\"\"\"",
    "\"\"\"a \\   \n\n  b \\\\ c\"\"\"",
    "'''''a'''''",
    "\"a\nb\"",
    "[]",
    "[1, 2]",
    "[1, \"a\"]",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[1",
    "[[1], [2]]",
    "[\n1, # c\n2\n]",
    "{}",
    "{a = 1}",
    "{a = 1, b = 2,}",
    "{a = 1 b = 2}",
    "{a.b = 1, a.c = 2}",
    "{a = 1, a = 2}",
    "[{a = 1}, {a = 2}]",
    "[{a.b = 1}, {}]",
    "{a = {b = {c = 1}}}",
    "{,}",
    "{",
    "{a",
    "{a =",
    "{\na = 1\n}",
    "{a = 1,,b = 2}",
    "2001-01-01",
    "2001-13-01",
    "2001-02-30",
    "2001-01-01T10:00:00Z",
    "2001-01-01t10:00:00.123z",
    "2001-01-01 10:00:00+01:30",
    "2001-01-01T10:00:00-25:00",
    "2001-01-01T10:00",
    "2001-01-01T10:00Z",
    "10:00:00",
    "10:00",
    "1:00:00",
    "10:00:00.5",
    "25:00:00",
    "2001-1-1",
    "2001-01-01T10:00:00,5Z",
    "foo",
    "é",
    "",
    "=",
    "#",
    "@",
    "1979-05-27T",
    "0-",
    "0:",
    "[[{a = 1}]]",
    "\"\t\"",
    "\"\u{1}\"",
    "\"\u{7F}\"",
    "1 # c",
    "1 x",
    "1 = 2",
    "\r",
    "1\r",
];

const KEYS: &[&str] = &[
    "a",
    "b",
    "c",
    "a.b",
    "a.c",
    "b.c.d",
    "\"q k\"",
    "'s'",
    "\"\"",
    "a b",
    "é",
    "1",
    "a . b",
    ".a",
    "a.",
    "",
    "a.\"x.y\"",
    "1.2",
    "-",
    "\"\\u0041\"",
    "\"\"\"a\"\"\"",
    "a..b",
];

#[test]
fn documents_are_read_alike() {
    let mut go = reference();
    let mut differences = Differences::default();
    let mut random = Random::new();
    let mut inputs = corpus();
    for value in VALUES {
        for form in [
            "a = @",
            "a = @\nb = 1\n",
            "x = [@]",
            "x = {a = @}",
            "x = [@, @]",
            "[t]\na = @\n[u]",
            "\n\na=@",
            "x = {a = @, b = @}\ny = 1",
        ] {
            inputs.push(form.replace('@', value).into());
        }
    }
    for key in KEYS {
        for form in [
            "@ = 1",
            "[@]\na = 1",
            "[[@]]\na = 1\n[[@]]\na = 2",
            "x = {@ = 1}",
            "[@",
            "[[@]",
            "@",
            "@ =",
            "[@]\n[@]",
            "@ = 1\n@ = 2",
            "a = 1\n[@]",
            "a = []\n[[@]]",
            "a.b = 1\n[@]\nx = 1",
        ] {
            inputs.push(form.replace('@', key).into());
        }
    }
    let known = inputs.clone();
    for i in 0..cases(6000) {
        if i % 3 == 0 {
            let text = random.pick(&known).clone();
            inputs.push(mutate(&mut random, text));
            continue;
        }
        let mut text = String::new();
        for _ in 0..=random.below(7) {
            let key = *random.pick(KEYS);
            let _ = match random.below(9) {
                0 => writeln!(text, "[{key}]"),
                1 => writeln!(text, "[[{key}]]"),
                2 => writeln!(text, "[{key}.{}]", random.pick(KEYS)),
                3 => writeln!(text, "{key} = {{{} = {}}}", random.pick(KEYS), random.pick(VALUES)),
                _ => writeln!(text, "{key} = {}", random.pick(VALUES)),
            };
        }
        inputs.push(text.into());
    }
    compare_reading(&mut go, &mut differences, "fromToml", &inputs, read_ours);
    differences.finish();
}

#[test]
fn values_are_written_alike() {
    let mut go = reference();
    let mut differences = Differences::default();
    let mut random = Random::new();
    let mut values: Vec<Value> =
        vec![Value::strings(["a", "b"]), Value::Bytes(vec![1, 2].into()), Value::map([("a", Value::Nil)])];
    for _ in 0..cases(5000) {
        values.push(random_value(&mut random, 0));
        // Mostly maps are written.
        let n = random.below(6);
        let entries = (0..n).map(|_| (random_text(&mut random), random_value(&mut random, 1)));
        values.push(Value::map(entries.collect::<Vec<_>>()));
        let n = random.below(3);
        let tables = (0..n).map(|_| Value::map([(random_text(&mut random), random_value(&mut random, 2))]));
        let tables = tables.collect();
        values.push(Value::map([("t", Value::list(tables)), ("s", random_value(&mut random, 2))]));
    }
    compare_writing(&mut go, &mut differences, "toToml", &values, write_ours);
    differences.finish();
}
