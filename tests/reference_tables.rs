//! The inputs of the test tables of Helm and of the libraries that it is made of, given to Go and to us: `--set` and its
//! like, values of charts and users, versions and constraints, numbers.
//!
//! They are read out of Go's module cache and installation; nothing of them is copied here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use support::chart_case::{Case, Outcome, difference, theirs};
use support::chart_values;
use support::differences::{Differences, cases};
use support::documents::{files, literals, mutate};
use support::random::Random;
use support::reference::{Answer, base64, module_cache, reference, unbase64};
use support::values::{pack, pack_text};
use vulas_native::chart::strvals::{Kind, parse_into};
use vulas_native::chart::values;
use vulas_native::gotemplate::{Value, fmt, strconv};
use vulas_native::goyaml;
use vulas_native::sprig::semver::{Constraints, Version};

const HELM: &str = "helm.sh/helm/v4@v4.2.4/pkg";

/// The string literals of files in the module cache that are text.
fn texts(folder: &str, files: &[&str]) -> Vec<String> {
    let folder = module_cache().join(folder);
    let found: BTreeSet<String> = files
        .iter()
        .flat_map(|file| literals(&folder.join(file)))
        .filter_map(|literal| String::from_utf8(literal).ok())
        .collect();
    assert!(!found.is_empty(), "no literals in {}", folder.display());
    found.into_iter().collect()
}

/// What Go answers, with bytes as text.
fn ok(answer: Answer) -> Json {
    if let Answer::Ok(json) = answer { json } else { panic!("{answer:?}") }
}

#[test]
fn sets_do_what_they_do_in_helm() {
    let mut random = Random::new();
    let mut all = texts(&format!("{HELM}/strvals"), &["parser_test.go", "literal_parser_test.go", "fuzz_test.go"]);
    for i in 0..all.len() {
        let mutated = mutate(&mut random, all[i].clone().into_bytes());
        all.push(String::from_utf8_lossy(&mutated).into_owned());
    }
    for _ in 0..cases(2_000) {
        all.extend(chart_values::set(&mut random).into_iter().flatten());
    }
    let bases = [
        "{}",
        "{\"name\": {\"a\": 1}, \"map\": {\"list\": [{\"a\": 1}, null, \"x\"]}, \"list\": [1], \"a\": \"b\", \"nil\": null}",
    ];
    let bases = bases.map(|text| goyaml::from_json(text.as_bytes()).unwrap());
    let kinds = [("set", Kind::Typed), ("string", Kind::String), ("json", Kind::Json), ("literal", Kind::Literal)];
    let mut differences = Differences::default();
    let mut go = reference();
    for (name, kind) in &kinds {
        for base in &bases {
            let questions: Vec<Json> =
                all.iter().map(|text| json!({"kind": name, "text": text, "into": pack(base)})).collect();
            for (text, answer) in all.iter().zip(go.ask_all("set", &questions)) {
                let Value::Map(into) = vulas_native::chart::coalesce::copy(base) else { unreachable!() };
                let error = parse_into(text, kind, &into).err().map(|error| error.message);
                let answer = ok(answer);
                let shown = |json: &Json| String::from_utf8_lossy(&unbase64(json.as_str().unwrap())).into_owned();
                let go = (shown(&answer["value"]), answer.get("error").map(shown));
                let ours = (shown(&pack_text(&Value::Map(into))), error);
                differences.compare(&format!("{name} {text:?}"), &go, &ours);
            }
        }
    }
    differences.finish();
}

/// Each document as the values of a chart and of its subchart, under each other document that the user gives.
#[test]
fn values_coalesce_as_in_helm() {
    let folder = format!("{HELM}/chart/common/util");
    let mut documents: BTreeSet<String> = texts(&folder, &["coalesce_test.go", "values_test.go"]).into_iter().collect();
    for folder in [
        "common/util/testdata",
        "v2/util/testdata/subpop",
        "v2/util/testdata/chart-with-import-from-aliased-dependencies",
    ] {
        let found = files(&module_cache().join(HELM).join("chart").join(folder), &["yaml"]);
        documents.extend(found.into_iter().filter_map(|file| String::from_utf8(file).ok()));
    }
    documents.retain(|text| values::load(text.as_bytes()).is_ok_and(|map| !map.is_empty()));
    let directory = tempfile::tempdir().unwrap();
    let mut go = reference();
    let mut differences = Differences::default();
    for own in &documents {
        for given in &documents {
            let file = |name: &str, content: &str| (name.to_owned(), content.as_bytes().to_vec());
            let case = Case {
                files: vec![
                    file(
                        "Chart.yaml",
                        "{apiVersion: v2, name: c, version: 1.0.0, dependencies: [{name: pequod, version: '*'}]}",
                    ),
                    file("values.yaml", own),
                    file("templates/NOTES.txt", "{{ .Values | toJson }}{{ .Subcharts.pequod.Values | toJson }}"),
                    file("charts/pequod/Chart.yaml", "{apiVersion: v2, name: pequod, version: 1.0.0}"),
                    file("charts/pequod/values.yaml", given),
                ],
                values: vec![given.clone().into_bytes()],
                ..Case::default()
            };
            case.write(directory.path());
            let theirs = theirs(&ok(go.ask("chart", case.question(directory.path()))));
            let ours = case.ours(directory.path());
            let different = theirs != ours;
            differences.count(different.then(|| format!("{}{}", case.show(), difference(&theirs, &ours))));
        }
    }
    assert!(documents.len() > 10, "only {} documents", documents.len());
    differences.finish();
}

#[test]
fn versions_meet_constraints_as_in_masterminds_semver() {
    let all = texts(
        "github.com/!masterminds/semver/v3@v3.5.0",
        &["version_test.go", "constraints_test.go", "collection_test.go"],
    );
    let mut go = reference();
    let mut differences = Differences::default();
    let versions: Vec<&String> = all.iter().filter(|text| Version::parse(text).is_ok()).collect();
    // Every text is tried as both; those that are neither need no partner.
    for constraint in &all {
        let parsed = Constraints::parse(constraint);
        let partners = if parsed.is_ok() { versions.clone() } else { vec![constraint] };
        let questions: Vec<Json> =
            partners.iter().map(|version| json!({"constraint": constraint, "version": version})).collect();
        for (version, answer) in partners.iter().zip(go.ask_all("semver", &questions)) {
            let ours = match (&parsed, Version::parse(version)) {
                (Err(error), _) => format!("constraint: {error}"),
                (_, Err(error)) => format!("version: {error}"),
                (Ok(constraints), Ok(version)) => format!("{} {version}", constraints.check(&version)),
            };
            differences.compare(&format!("{constraint:?} {version:?}"), &ok(answer), &ours.into());
        }
    }
    let questions: Vec<Json> = all.iter().map(|version| json!({"constraint": "*", "version": version})).collect();
    for (version, answer) in all.iter().zip(go.ask_all("semver", &questions)) {
        let ours = match Version::parse(version) {
            Err(error) => format!("version: {error}"),
            Ok(version) => format!("{} {version}", Constraints::parse("*").unwrap().check(&version)),
        };
        differences.compare(version, &ok(answer), &ours.into());
    }
    differences.finish();
}

/// Every literal of strconv's tests as a number and as a literal, and those that are numbers in every format.
#[test]
fn numbers_of_strconvs_tables_are_read_alike() {
    let mut go = reference();
    let mut differences = Differences::default();
    let all: Vec<Vec<u8>> = ok(go.ask("literals", "strconv/*_test.go".into()))
        .as_array()
        .unwrap()
        .iter()
        .map(|literal| unbase64(literal.as_str().unwrap()))
        .collect();
    let hex = |f| String::from_utf8(fmt::sprintf(b"%x", &[Value::Float(f)])).unwrap();
    let shown = |result: Result<String, strconv::NumError>| result.unwrap_or_else(|error| error.to_string());
    let (mut questions, mut own) = (Vec::new(), Vec::new());
    for text in all.iter().filter_map(|text| std::str::from_utf8(text).ok()) {
        let number = strconv::parse_float(text.as_bytes());
        let value = *number.as_ref().unwrap_or(&1.5);
        for (format, precision) in [(b'e', -1), (b'g', -1), (b'f', 5), (b'x', 3)] {
            own.push(vec![
                strconv::format_float(value, format, usize::try_from(precision).ok()),
                shown(strconv::parse_float(text.as_bytes()).map(hex)),
                shown(strconv::parse_int(text.as_bytes(), 0, 64).map(|i| i.to_string())),
                shown(strconv::parse_uint(text.as_bytes(), 0, 64).map(|u| u.to_string())),
            ]);
            questions.push(json!({
                "bits": value.to_bits().to_string(),
                "format": char::from(format).to_string(),
                "precision": precision,
                "text": text,
            }));
        }
    }
    for ((question, answer), own) in questions.iter().zip(go.ask_all("number", &questions)).zip(own) {
        differences.compare(&question.to_string(), &ok(answer), &own.into());
    }
    // As they are, and between quotes of each kind; characters are for the parser of templates.
    let quoted = all.iter().flat_map(|text| {
        let between = |quote: &[u8]| [quote, text, quote].concat();
        [text.clone(), between(b"\""), between(b"`")]
    });
    let quoted: Vec<Vec<u8>> = quoted.filter(|text| text.first() != Some(&b'\'')).collect();
    let questions: Vec<Json> = quoted.iter().map(base64).collect();
    for (text, answer) in quoted.iter().zip(go.ask_all("unquote", &questions)) {
        let go = if let Answer::Ok(out) = answer { Some(unbase64(out.as_str().unwrap())) } else { None };
        differences.compare(&text.escape_ascii().to_string(), &go, &strconv::unquote(text));
    }
    differences.finish();
}

/// Patterns that Go and other languages read differently, on a text that most do not match.
#[test]
fn patterns_are_matched_as_by_helms_schema_library() {
    const PATTERNS: &[&str] = &[
        r"^\d+$",
        r"^\w+$",
        r"\s",
        "{x",
        "[[:alpha:]]",
        "(?i)abc",
        r"\p{L}x",
        "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        r"\Q.\E",
        "(?P<n>a)",
        r"\z$x",
        r"^\S+\.\D$",
        r"\-",
        r"\cA",
        r"\/",
        "a{,3}",
        "x{2",
        r"[^\d]z",
        r"\u0041",
        "(?<n>q)",
        r"\bfoo\b",
        r"\_",
        "^.$",
        "é",
        r"[\w.-]+@",
        r"\x{41}",
        r"\pL+Z",
        "(?s).x",
        r"^$|^\{\{.*\}\}$",
        "^{{.*}}$",
        "[[]",
        "[a&&b]",
        "a--b[x--y]",
        "[a~~b]",
        "",
        "(",
        "a**",
        "(?=x)",
        "[b-a]",
        r"\8",
        "(a)\\1",
        "x{1001}",
        r"[\s]",
        r"\v",
        "#",
        "(?x) a",
    ];
    let directory = tempfile::tempdir().unwrap();
    let mut go = reference();
    let mut differences = Differences::default();
    let mut unmatched = 0;
    for pattern in PATTERNS {
        for schema in [
            json!({"properties": {"a": {"pattern": pattern}}}),
            json!({"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"a": {"format": "regex", "pattern": pattern}}}),
            json!({"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"a": {"format": "uri", "maxLength": 0, "pattern": pattern}}}),
            json!({"patternProperties": {*pattern: false}}),
            json!({"properties": {"a": {"format": "regex"}}, "$schema": "http://json-schema.org/draft-07/schema#"}),
        ] {
            for text in ["-!-", "é\n", pattern, "4", "_ x"] {
                let case = Case {
                    files: vec![
                        ("Chart.yaml".into(), b"{apiVersion: v2, name: c, version: 1.0.0}".to_vec()),
                        ("values.schema.json".into(), serde_json::to_vec(&schema).unwrap()),
                        ("values.yaml".into(), serde_json::to_vec(&json!({"a": text, "4": 1, "é": 2})).unwrap()),
                    ],
                    ..Case::default()
                };
                let theirs = theirs(&ok(go.ask("chart", case.question(directory.path()))));
                let ours = case.ours(directory.path());
                unmatched +=
                    usize::from(ours.result.as_ref().is_err_and(|(error, _)| error.contains("does not match pattern")));
                let different = theirs != ours;
                differences
                    .count(different.then(|| format!("{pattern:?} {text:?} {schema}\n{}", difference(&theirs, &ours))));
            }
        }
    }
    assert!(unmatched > 200, "only {unmatched} do not match");
    differences.finish();
}

/// Texts that are nearly of a format.
const FORMATTED: &[&str] = &[
    "",
    "text",
    "2001-01-01",
    "2001-02-30",
    "2001-1-1",
    "12:00:00Z",
    "12:00:60Z",
    "23:59:60Z",
    "23:29:60.5-00:30",
    "+1:00:00Z",
    "12:00:00+25:00",
    "12:00:00.Z",
    "12:00:00+0100",
    "2001-01-01T12:00:00Z",
    "2001-01-01t24:00:00z",
    "2001-01-01 12:00:00Z",
    "2001-13-01T12:00:00Z",
    "a@b.example",
    "a..b@b",
    "\"a b\"@b",
    "\"@b",
    "a@[127.0.0.1]",
    "a@[IPv6:::1]",
    "a@[IPv6:1::2::3]",
    "a@-b",
    "é@b",
    "127.0.0.1",
    "127.0.0.01",
    "127.0.0.256",
    "127.0.0.x",
    "127.0.0.99999999999999999999",
    "127.0.0.-1",
    "::1",
    "::",
    "1::2::3",
    "12345::",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8",
    "1:2:3",
    "::ffff:1.2.3.4",
    "::1.2.3",
    "1:2:1.2.3.4",
    "fe80::1%eth0",
    "fe80::1%",
    "1:g::",
    "1.2:3",
    "%:1",
    "1:",
    "a-.b",
    "a.example.",
    "a_b",
    "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeeg",
    "aaaaaaaa-bbb-cccc-dddd-eeeeeeeeeeee",
    "P1Y",
    "P",
    "P1W",
    "PW",
    "PxW",
    "P1D1Y",
    "P1X",
    "PT1H",
    "PT",
    "P1",
    "PH",
    "P1YT1H2M3ST",
    "P1D/2001-01-01T12:00:00Z",
    "2001-01-01T12:00:00Z/P1",
    "2001-01-01T12:00:00Z/2001",
    "/a~1b",
    "/a~2",
    "/a~",
    "a/b",
    "0#",
    "1/a",
    "01",
    "10",
    "http://a.example/{x}",
    "http://a.example/{x/{y}}",
    "http://a.example/{{x}}",
    "/{x",
    "/%7bx",
    "http://[::1]:80/",
    "http://[::x]/",
    "http://::1/",
    "http://a b/",
    "%zz",
    "a\\b",
    "//a",
    "1.2.3",
    "1.2",
    "01.2.3",
    "1.2.x",
    "1..3",
    "1.2.3-",
    "1.2.3-a.01",
    "1.2.3-01a+b_c",
    "1.2.3+",
    "1.2.3+a..b",
    "(",
    "a|b",
];

/// Every format on every text.
#[test]
fn formats_are_judged_as_by_helms_schema_library() {
    const FORMATS: &[&str] = &[
        "regex",
        "json-pointer",
        "relative-json-pointer",
        "uuid",
        "duration",
        "period",
        "ipv4",
        "ipv6",
        "hostname",
        "email",
        "date",
        "time",
        "date-time",
        "uri",
        "iri",
        "uri-reference",
        "iri-reference",
        "uri-template",
        "semver",
        "idn-hostname",
        "idn-email",
        "unknown",
    ];
    let mut random = Random::new();
    let mut texts: Vec<String> = FORMATTED.iter().map(|text| (*text).to_owned()).collect();
    for i in 0..cases(600) {
        let mutated = mutate(&mut random, FORMATTED[i % FORMATTED.len()].as_bytes().to_vec());
        texts.extend(
            String::from_utf8(mutated).ok().filter(|text| !text.contains(|c: char| c.is_control() || c == '\u{FEFF}')),
        );
    }
    let directory = tempfile::tempdir().unwrap();
    let mut go = reference();
    let mut differences = Differences::default();
    for format in FORMATS {
        let properties: serde_json::Map<String, Json> =
            (0..texts.len()).map(|i| (format!("f{i}"), json!({"format": format}))).collect();
        let values: serde_json::Map<String, Json> =
            texts.iter().enumerate().map(|(i, text)| (format!("f{i}"), text.as_str().into())).collect();
        let schema = json!({"$schema": "http://json-schema.org/draft-07/schema#", "properties": properties});
        let case = Case {
            files: vec![
                ("Chart.yaml".into(), b"{apiVersion: v2, name: c, version: 1.0.0}".to_vec()),
                ("values.schema.json".into(), serde_json::to_vec(&schema).unwrap()),
                ("values.yaml".into(), serde_json::to_vec(&values).unwrap()),
            ],
            ..Case::default()
        };
        let lines = |outcome: Outcome| -> BTreeSet<String> {
            outcome.result.err().map(|(error, _)| error.lines().map(str::to_owned).collect()).unwrap_or_default()
        };
        let theirs = lines(theirs(&ok(go.ask("chart", case.question(directory.path())))));
        let ours = lines(case.ours(directory.path()));
        let judged = !matches!(*format, "unknown" | "idn-hostname" | "idn-email");
        assert_eq!(theirs.len() > 10, judged, "{format}: {theirs:?}");
        for line in theirs.symmetric_difference(&ours) {
            let whose = if theirs.contains(line) { "helm" } else { "ours" };
            differences.count(Some(format!("{format}, only {whose}: {line}")));
        }
        differences.count(None);
    }
    differences.finish();
}

/// Texts that are nearly mail and web addresses.
const ADDRESSES: &[&str] = &[
    "a@b.example",
    "a.b+c@d-e.f_g.h~i.example.",
    "\"a\".\"b\"@c.d",
    "\"a b\"@c.d",
    "\"@c.d",
    "\"(\"x\"@c.d",
    "\"\t\r\n a\"@b.c",
    "é@ü.ß",
    "a@b..c",
    "a@1.b1c",
    "https://example.com/x.png?a=b#c",
    "http://user:pass@h.example:8080/",
    "http://us%zzer@h",
    "http://user:pa ss@h",
    "http://h%41.com",
    "ssh://git@github.com/x",
    "git@github.com:x/y.git",
    "ftp://a.b",
    "wss://a-b.c_d.e",
    "mailto:a@b.c",
    "//host/path",
    "///path",
    "/%zz",
    "*",
    "path/to",
    "path/to.x",
    "localhost:80",
    "www.a.b",
    "www.a_b.c.d",
    "a.b.c.d.e.f",
    "http://a..b",
    "http://-a.com",
    "http://a--b.com",
    "http://a---b.com",
    "http://a-.com",
    "http://é.ü",
    "http://例え.テスト",
    "http://.a",
    ".a.b",
    "256.1.1.1",
    "1.2.3.4",
    "0.0.0.0",
    "224.0.0.1",
    "http://255.255.255.255:65535/",
    "[::1]",
    "https://[::1]:80/",
    "https://[1:2:3:4:5:6:7:8]",
    "https://[1:2::7:8]",
    "https://[::ffff:1.2.3.4]",
    "https://[1::1.2.3.4]",
    "https://[fe80::1%25a]",
    "a?b",
    "a#b.c",
    "a.b?c d",
    "x:y",
];

/// The linter's judgement of addresses in `Chart.yaml`.
#[test]
fn addresses_are_judged_as_by_helms_linter() {
    use vulas_native::render::lint::urls;
    let mut random = Random::new();
    let mut texts: Vec<String> = ADDRESSES.iter().map(|text| (*text).to_owned()).collect();
    for i in 0..cases(6000) {
        let mut text = ADDRESSES[i % ADDRESSES.len()].as_bytes().to_vec();
        for _ in 0..=i % 3 {
            text = mutate(&mut random, text);
        }
        texts.extend(String::from_utf8(text));
    }
    let questions: Vec<Json> = texts.iter().map(|text| text.as_str().into()).collect();
    let mut go = reference();
    let mut differences = Differences::default();
    let mut valid = 0;
    for op in ["is_email", "is_url", "is_request_url"] {
        let ours = match op {
            "is_email" => urls::is_email,
            "is_url" => urls::is_url,
            _ => urls::is_request_url,
        };
        for (text, answer) in texts.iter().zip(go.ask_all(op, &questions)) {
            let theirs = ok(answer) == Json::Bool(true);
            valid += usize::from(theirs);
            differences.compare(&format!("{op} {text:?}"), &theirs, &ours(text));
        }
    }
    assert!(valid > 500, "only {valid} are valid");
    differences.finish();
}
