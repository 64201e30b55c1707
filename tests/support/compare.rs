//! Comparing our results with the reference's, and showing where they differ.

use serde_json::Value as Json;
use vulas_native::gotemplate::{Value, strconv};
use vulas_native::goyaml::Error;

use super::differences::Differences;
use super::reference::{Answer, Reference, base64, unbase64};
use super::values::pack;

/// Bytes in a form that people can read.
pub fn show(bytes: &[u8]) -> String {
    if bytes.len() <= 1000 {
        return strconv::quote(bytes);
    }
    let (head, tail) = (strconv::quote(&bytes[..400]), strconv::quote(&bytes[bytes.len() - 400..]));
    format!("{head} ... {tail} ({} bytes)", bytes.len())
}

fn describe(op: &str, input: &str, go: &Answer, ours: &Answer) -> String {
    format!("--- {op}\n  in:   {input}\n  go:   {}\n  ours: {}", show_answer(go), show_answer(ours))
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

/// How often Go is asked again. It walks through small maps from a random place among eight, so that the rarer of two orders comes
/// once in eight walks.
pub const TRIES: usize = 300;

/// Go walks maps in random order, which shows in few results: those may be any that it gives.
fn same(go: &mut Reference, op: &str, input: &Json, first: &Answer, ours: &Answer) -> bool {
    // Our messages are text; Go's may hold bytes of the input that are none.
    let equal = |answer: &Answer| match (answer, ours) {
        (Answer::Error(go), Answer::Error(ours)) => String::from_utf8_lossy(go).as_bytes() == ours.as_slice(),
        _ => answer == ours,
    };
    let small = input.to_string().len() < 20_000;
    equal(first) || (small && (0..TRIES).any(|_| equal(&go.ask(op, input.clone()))))
}

/// Compares what both make of bytes.
pub fn compare_reading(
    go: &mut Reference,
    differences: &mut Differences,
    op: &str,
    inputs: &[Vec<u8>],
    read_ours: fn(&str, &[u8]) -> Answer,
) {
    let packed: Vec<Json> = inputs.iter().map(base64).collect();
    let answers = go.ask_all(op, &packed);
    for ((input, packed), answer) in inputs.iter().zip(&packed).zip(answers) {
        // Faults of Go's own (an index out of range) are not imitated.
        if matches!(answer, Answer::Panic(_)) {
            differences.count(None);
            continue;
        }
        let ours = read_ours(op, input);
        let differs = !same(go, op, packed, &answer, &ours);
        differences.count(differs.then(|| describe(op, &show(input), &answer, &ours)));
    }
}

/// Compares what both make of values.
pub fn compare_writing(
    go: &mut Reference,
    differences: &mut Differences,
    op: &str,
    values: &[Value],
    write_ours: fn(&str, &Value) -> Answer,
) {
    let packed: Vec<Json> = values.iter().map(pack).collect();
    let answers = go.ask_all(op, &packed);
    for ((value, packed), answer) in values.iter().zip(&packed).zip(answers) {
        if matches!(answer, Answer::Panic(_)) {
            differences.count(None);
            continue;
        }
        let ours = write_ours(op, value);
        let differs = !same(go, op, packed, &answer, &ours);
        differences.count(differs.then(|| describe(op, &format!("{value:?}"), &answer, &ours)));
    }
}
