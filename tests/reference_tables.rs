//! The inputs of the test tables of Helm and of the libraries that it is made of, given to Go and to us: `--set` and its
//! like, values of charts and users, versions and constraints, numbers.
//!
//! They are read out of Go's module cache and installation; nothing of them is copied here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use support::chart_case::{Case, difference, theirs};
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
    documents.retain(|text| values::load(text.as_bytes()).is_ok_and(|map| map.len() > 0));
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
