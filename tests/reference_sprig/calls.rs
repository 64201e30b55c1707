//! Calls of every function with right and wrong arguments of every kind.

use super::support::arguments::{GREEDY, HUGE, argument};
use super::*;

/// The parameter types of a Go function type such as `func(string, ...interface {}) string`.
fn parameters(go_type: &str) -> Vec<String> {
    let (mut parameters, mut depth) = (vec![String::new()], 0);
    for character in go_type.strip_prefix("func(").unwrap().chars() {
        match character {
            '(' | '{' | '[' => depth += 1,
            ')' if depth == 0 => break,
            ')' | '}' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parameters.push(String::new());
                continue;
            }
            _ => {}
        }
        parameters.last_mut().unwrap().push(character);
    }
    parameters.into_iter().map(|parameter| parameter.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

#[test]
fn all_functions_are_there_with_their_signatures() {
    let go = ask(&mut reference(), "sprigSignatures", Json::Null);
    let mut differences = Differences::default();
    let functions: BTreeMap<_, _> = sprig::functions().collect();
    for (name, go_type) in go.as_object().unwrap() {
        let ours = functions.get(name.as_str()).map(|function| {
            let mut names: Vec<_> = function.params.iter().map(|param| param.go_name().to_owned()).collect();
            names.extend(function.variadic.map(|element| format!("...{}", element.go_name())));
            names
        });
        differences.compare(name, &Some(parameters(go_type.as_str().unwrap())), &ours);
    }
    assert_eq!(functions.len(), go.as_object().unwrap().len());
    differences.finish();
}

/// Random calls of every function whose results can be compared, `count` of each.
fn random_calls(mut random: Random, count: usize) -> Vec<String> {
    let only = std::env::var("SPRIG_ONLY").ok();
    let functions: BTreeMap<_, _> = sprig::functions().collect();
    let mut calls = Vec::new();
    for (name, function) in functions {
        if UNSTABLE.contains(&name) || only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        for _ in 0..count {
            let mut wanted = function.params.to_vec();
            if let Some(variadic) = function.variadic {
                wanted.extend(std::iter::repeat_n(variadic, random.below(4)));
            }
            match random.below(20) {
                0 => drop(wanted.pop()),
                1 => wanted.push(Type::Any),
                _ => {}
            }
            let arguments: Vec<_> = wanted.iter().map(|wanted| argument(&mut random, *wanted)).collect();
            // Go overflows its stack printing a map that contains itself.
            let cyclic = name == "set" && arguments.first() == Some(&".map") && arguments.get(2) == Some(&".map");
            if GREEDY.contains(&name) && arguments.contains(&HUGE) || cyclic {
                continue;
            }
            let mut call = format!("({name} {})", arguments.join(" ")).replace(" )", ")");
            if matches!(name, "keys" | "values") {
                // Go's order is random.
                call = format!("(sortAlpha {call})");
            }
            calls.push(format!("{{{{ $x := {call} }}}}{{{{ printf \"%T %v\" $x $x }}}} {{{{ toJson $x }}}}"));
        }
    }
    calls
}

#[test]
fn random_calls_agree() {
    let mut both = Both::start();
    for call in random_calls(Random::new(), cases(100)) {
        both.compare(&call);
    }
    both.differences.finish();
}

/// The answers that `tests/sprig.rs` compares with, for machines without Go. `VULAS_RECORD=1` records them anew.
#[test]
fn recorded_answers_are_gos() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/sprig/calls.json");
    let mut both = Both::start();
    let answers: BTreeMap<_, _> =
        random_calls(Random::seeded(7), 8).into_iter().map(|call| (call.clone(), both.go(&call))).collect();
    let answers: serde_json::Map<_, _> = answers
        .into_iter()
        .map(|(call, answer)| match answer {
            Ok(out) => (call, json!({ "output": out })),
            Err(error) => (call, json!({ "error": error })),
        })
        .collect();
    let current = serde_json::to_string_pretty(&answers).unwrap() + "\n";
    if std::env::var("VULAS_RECORD").is_ok() {
        std::fs::create_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
        std::fs::write(path, current).unwrap();
    } else {
        assert!(std::fs::read_to_string(path).unwrap() == current, "VULAS_RECORD=1 records the answers anew");
    }
}

/// The templates between backquotes in the original's own tests.
#[test]
fn templates_of_the_originals_tests_agree() {
    let folder = module_cache().join("github.com/!masterminds/sprig/v3@v3.3.0");
    let mut both = Both::start();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if !path.to_string_lossy().ends_with("_test.go") {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        let quoted = source.split('`').skip(1).step_by(2).chain(source.split('"').skip(1).step_by(2));
        for template in quoted.filter(|text| text.contains("{{") && text.contains("}}")) {
            let is_stable = !UNSTABLE.iter().any(|name| template.contains(name)) && !template.contains("keys");
            if is_stable {
                both.compare(template);
            }
        }
    }
    both.differences.finish();
}
