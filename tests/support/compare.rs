//! Comparing our results with the reference's, and showing where they differ.

use std::fmt::Write as _;

use serde_json::Value as Json;
use vulas_native::gotemplate::{Value, strconv};
use vulas_native::goyaml::Error;

use super::reference::{Answer, Reference, base64, unbase64};
use super::values::pack;

/// How many random cases a test runs; `VULAS_CASES` sets another number.
pub fn cases(usual: usize) -> usize {
    std::env::var("VULAS_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// Differences found, of which the first are shown.
#[derive(Default)]
pub struct Report {
    pub compared: usize,
    different: usize,
    shown: String,
}

impl Report {
    pub fn difference(&mut self, op: &str, input: &str, go: &str, ours: &str) {
        self.different += 1;
        if self.different <= 12 {
            let _ = writeln!(self.shown, "--- {op}\n  in:   {input}\n  go:   {go}\n  ours: {ours}");
        }
    }

    pub fn finish(self, what: &str) {
        println!("{what}: {} compared, {} different", self.compared, self.different);
        assert!(self.different == 0, "{} of {} differ:\n{}", self.different, self.compared, self.shown);
    }
}

/// Bytes in a form that people can read.
pub fn show(bytes: &[u8]) -> String {
    if bytes.len() <= 1000 {
        return strconv::quote(bytes);
    }
    let (head, tail) = (strconv::quote(&bytes[..400]), strconv::quote(&bytes[bytes.len() - 400..]));
    format!("{head} ... {tail} ({} bytes)", bytes.len())
}

fn show_answer(answer: &Answer) -> String {
    match answer {
        Answer::Ok(json) => format!("ok {}", readable(json)),
        Answer::Error(text) => format!("error {}", String::from_utf8_lossy(text)),
        Answer::Panic(text) => format!("panic {}", String::from_utf8_lossy(text)),
    }
}

/// Texts on the wire in a form that people can read.
fn readable(json: &Json) -> String {
    match json {
        Json::String(s) => show(&unbase64(s)),
        Json::Object(o) => o.values().map(readable).collect::<Vec<_>>().join(" "),
        Json::Array(items) => items.iter().map(readable).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Our result as an answer.
pub fn ours(result: Result<Json, Error>) -> Answer {
    match result {
        Ok(json) => Answer::Ok(json),
        Err(error) => Answer::Error(error.message().as_bytes().to_vec()),
    }
}

/// Go walks maps in random order, which shows in few results: those may be any that it gives.
fn same(go: &mut Reference, op: &str, input: &Json, first: &Answer, ours: &Answer) -> bool {
    let small = input.to_string().len() < 20_000;
    first == ours || (small && (0..60).any(|_| go.ask(op, input.clone()) == *ours))
}

/// Compares what both make of bytes.
pub fn compare_reading(
    go: &mut Reference,
    report: &mut Report,
    op: &str,
    inputs: &[Vec<u8>],
    read_ours: fn(&str, &[u8]) -> Answer,
) {
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

/// Compares what both make of values.
pub fn compare_writing(
    go: &mut Reference,
    report: &mut Report,
    op: &str,
    values: &[Value],
    write_ours: fn(&str, &Value) -> Answer,
) {
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
