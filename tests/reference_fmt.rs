//! `fmt` and `strconv` compared with Go's: the formats of Go's own tests and generated ones, numbers, literals, runes.
//!
//! Run with `cargo test --features reference --test reference_fmt`; needs Go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::{Value as Json, json};
use support::differences::{Differences, cases, show};
use support::random::Random;
use support::reference::{Answer, Reference, base64, reference, unbase64};
use support::samples::samples;
use support::values::pack;
use vulas_native::gotemplate::runes::{is_digit, is_letter, is_print};
use vulas_native::gotemplate::{Value, fmt, strconv};

fn ok(answer: Answer) -> Json {
    if let Answer::Ok(json) = answer { json } else { panic!("{answer:?}") }
}

/// Compares what `printf`, `print` and `println` write.
fn compare(go: &mut Reference, cases: &[(Vec<u8>, Vec<Value>)]) {
    let mut differences = Differences::default();
    let questions: Vec<Json> = cases
        .iter()
        .map(|(format, args)| json!({ "format": base64(format), "args": args.iter().map(pack).collect::<Vec<_>>() }))
        .collect();
    for ((format, args), answer) in cases.iter().zip(go.ask_all("sprintf", &questions)) {
        let theirs: Vec<_> =
            ok(answer).as_array().unwrap().iter().map(|s| show(&unbase64(s.as_str().unwrap()))).collect();
        let own = [fmt::sprintf(format, args), fmt::sprint(args), fmt::sprintln(args)].map(|out| show(&out));
        differences.compare(&format!("{} {args:?}", show(format)), &theirs, &own.to_vec());
    }
    differences.finish();
}

#[test]
fn formats_of_go_tests_print_what_go_prints() {
    let mut go = reference();
    let samples = samples();
    let mut cases = Vec::new();
    for literal in ok(go.ask("literals", "fmt/*_test.go".into())).as_array().unwrap() {
        let format = unbase64(literal.as_str().unwrap());
        // `%p` prints addresses.
        if !format.contains(&b'%') || format.contains(&b'p') {
            continue;
        }
        cases.extend(samples.iter().map(|sample| (format.clone(), vec![sample.clone()])));
        cases.push((format.clone(), samples[..3].to_vec()));
        cases.push((format, Vec::new()));
    }
    compare(&mut go, &cases);
}

#[test]
fn widths_and_precisions_are_limited_as_in_go() {
    let mut cases = Vec::new();
    for number in
        ["999999", "1000000", "1000001", "2000000", "10000000", "10000001", "99999999", "18446744073709551616"]
    {
        for format in ["%Nd|", "%-Nd|", "%0Nd|", "%.Nd|", "%N.2d|", "%[N]d|", "%N"] {
            cases.push((format.replace('N', number).into_bytes(), vec![Value::int(7)]));
        }
        if let Ok(width) = number.parse() {
            for format in ["%*d|", "%.*d|", "%[1]*d|"] {
                for width in [Value::int(width), Value::int(-width), Value::Float(1.0)] {
                    cases.push((format.as_bytes().to_vec(), vec![width, Value::int(7)]));
                }
            }
        }
    }
    compare(&mut reference(), &cases);
}

#[test]
fn generated_formats_print_what_go_prints() {
    let mut random = Random::new();
    let samples = samples();
    let cases: Vec<_> = (0..cases(20_000))
        .map(|_| {
            let format = format(&mut random);
            let args: Vec<Value> = (0..random.below(4)).map(|_| random.pick(&samples).clone()).collect();
            (format, args)
        })
        .collect();
    compare(&mut reference(), &cases);
}

/// One to three verbs with flags, indexes, widths and precisions.
fn format(random: &mut Random) -> Vec<u8> {
    let mut format = Vec::new();
    for _ in 0..=random.below(3) {
        format.extend_from_slice(random.pick::<&[u8]>(&[b"", b"a", b"\xc3\xa9"]));
        format.push(b'%');
        for _ in 0..random.below(3) {
            format.push(*random.pick(b"+-# 0"));
        }
        if random.once_in(8) {
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
        if random.once_in(10) {
            format.extend_from_slice(format!("[{}]", random.below(5)).as_bytes());
        }
        format.push(*random.pick(b"vvvdsqxXoObcUteEfFgGTwz%!"));
    }
    format
}

#[test]
fn numbers_are_written_and_read_as_go_does() {
    fn shown<T>(result: Result<T, strconv::NumError>, show: impl Fn(T) -> String) -> String {
        result.map_or_else(|error| error.to_string(), show)
    }
    let mut differences = Differences::default();
    let mut random = Random::new();
    let hex = |f| String::from_utf8(fmt::sprintf(b"%x", &[Value::Float(f)])).unwrap();
    let (mut questions, mut own) = (Vec::new(), Vec::new());
    for round in 0..cases(40_000) {
        let bits = match round % 4 {
            0 => random.next(),
            1 => ((random.below(2_000_000) as f64) / 1000.0).to_bits(),
            2 => (random.below(100_000) as f64 * 10f64.powi(random.below(40) as i32 - 20)).to_bits(),
            _ => (random.below(1000) as f64 / 8.0).to_bits(),
        };
        let format = *random.pick(b"eEfgGbxX");
        let precision = random.below(26) as i64 - 1;
        let alphabet: &[u8] = if round % 3 == 0 { b"0123456789abcdefxXpPeE._+-oObi" } else { b"0123456789.e-" };
        let mut text: String = (0..=random.below(12)).map(|_| char::from(*random.pick(alphabet))).collect();
        if random.once_in(4) {
            text = format!("0x{text}p{}", random.below(2100) as i64 - 1050);
        }
        own.push(vec![
            strconv::format_float(f64::from_bits(bits), format, usize::try_from(precision).ok()),
            shown(strconv::parse_float(text.as_bytes()), hex),
            shown(strconv::parse_int(text.as_bytes(), 0, 64), |i| i.to_string()),
            shown(strconv::parse_uint(text.as_bytes(), 0, 64), |u| u.to_string()),
        ]);
        questions.push(json!({
            "bits": bits.to_string(), "format": char::from(format).to_string(), "precision": precision, "text": text,
        }));
    }
    let answers = reference().ask_all("number", &questions);
    for ((question, answer), own) in questions.iter().zip(answers).zip(own) {
        let theirs: Vec<_> = ok(answer).as_array().unwrap().iter().map(|s| s.as_str().unwrap().to_owned()).collect();
        differences.compare(&question.to_string(), &theirs, &own);
    }
    differences.finish();
}

#[test]
fn literals_are_unquoted_as_go_does() {
    let mut differences = Differences::default();
    let mut random = Random::new();
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
    let texts: Vec<Vec<u8>> = (0..cases(20_000))
        .map(|_| {
            let quote = *random.pick(b"\"`\"");
            let mut text = vec![quote];
            for _ in 0..random.below(5) {
                text.extend_from_slice(random.pick::<&[u8]>(&parts));
            }
            if !random.once_in(10) {
                text.push(quote);
            }
            text
        })
        .collect();
    let questions: Vec<Json> = texts.iter().map(base64).collect();
    for (text, answer) in texts.iter().zip(reference().ask_all("unquote", &questions)) {
        let theirs = match answer {
            Answer::Ok(out) => Some(unbase64(out.as_str().unwrap())),
            _ => None,
        };
        differences.compare(&show(text), &theirs, &strconv::unquote(text));
    }
    differences.finish();
}

#[test]
fn classes_of_all_runes_are_those_of_go() {
    let classes = unbase64(ok(reference().ask("runes", Json::Null)).as_str().unwrap());
    let mut differences = Differences::default();
    for (code, class) in classes.iter().enumerate() {
        let Some(c) = char::from_u32(code as u32) else { continue };
        let own = u8::from(is_letter(c)) | u8::from(is_digit(c)) << 1 | u8::from(is_print(c)) << 2;
        differences.compare(&format!("U+{code:04X}"), class, &own);
    }
    differences.finish();
}
