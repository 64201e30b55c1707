//! `.Files.Glob` beside the library that Helm matches with: random patterns and names, quirks and panics included.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::{Value as Json, json};
use support::differences::{Differences, cases};
use support::documents::literals;
use support::random::Random;
use support::reference::{Answer, base64, module_cache, reference};
use vulas_native::chart::{File, Notices, loader};
use vulas_native::gotemplate::Value;
use vulas_native::render::{self, Capabilities, Options, ReleaseInfo};

/// What patterns and names are made of.
const PARTS: &[&str] = &[
    "*", "*", "**", "**", "?", "/", "/", "a", "a", "b", "ab", "app", ".conf", "x", "-", "é", "日", "[ab]", "[!ab]",
    "[!/]", "[!a]", "[a-c]", "[!a-c]", "[é日]", "{", "{", "}", "}", ",", ",", "{a,b}", "{a*,b}", "{,a}", "{a,", "\\",
    "\\*", "[", "]", "[]", "[a", "[a-", "[c-a]", "!", "-", ":", "{*,**}", "{?,??}", "{a/*,b}", "{}", "/**/", "\u{0}",
    "\u{FFFD}", "sub",
];
const PIECES: &[&str] =
    &["a", "a", "b", "ab", "c", "app", ".conf", "/", "/", "x", "-", "é", "日", "sub", ".", "*", "{", "\\", "e"];

fn text(random: &mut Random, parts: &[&str], most: usize) -> String {
    (0..=random.below(most)).map(|_| *random.pick(parts)).collect()
}

/// A pattern as people write them.
fn usual(random: &mut Random) -> String {
    let folder = *random.pick(&["", "files/", "**/", "files/**/", "*/", "files/*/", "{files,conf}/", "files/{a,b}/"]);
    let name = *random.pick(&[
        "*",
        "**",
        "app*",
        "*.conf",
        "app.conf",
        "**.conf",
        "{app*,base.yaml}",
        "*.{yaml,yml}",
        "[a-m]*",
        "?pp.*",
    ]);
    format!("{folder}{name}")
}

/// The names that match one after the other, or the panic at the first that ends in one.
fn ours(pattern: &str, names: &[String]) -> Result<Vec<bool>, String> {
    let quoted = serde_json::to_string(names).unwrap();
    let mut template = String::from("a: ");
    template.push_str("{{ $found := .Files.Glob (.Values.pattern) }}{{ range .Values.names }}");
    template.push_str("{{ $here := false }}{{ $name := . }}{{ range $key, $_ := $found }}");
    template.push_str("{{ if eq $key $name }}{{ $here = true }}{{ end }}{{ end }}{{ $here }} {{ end }}");
    let mut files = vec![
        File::new("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
        File::new("templates/a.yaml", template.as_str()),
    ];
    files.extend(names.iter().map(|name| File::new(name.as_str(), "")));
    let notices = Notices::new();
    let mut chart = loader::from_files(files, &notices).unwrap();
    let names = vulas_native::goyaml::from_json(quoted.as_bytes()).unwrap();
    let values = Value::map([("pattern", Value::str(pattern)), ("names", names)]);
    let release = ReleaseInfo::install("r", "n");
    let rendered =
        render::release(&mut chart, &values, &release, &Capabilities::default(), &Options::default(), &notices);
    match rendered {
        Ok(rendered) => {
            let manifest = rendered.manifest();
            let answers = manifest.rsplit("a: ").next().unwrap();
            Ok(answers.split_whitespace().map(|answer| answer == "true").collect())
        }
        Err(error) => Err(error.to_string().rsplit("error calling Glob: ").next().unwrap().to_owned()),
    }
}

#[test]
fn files_are_found_as_in_helm() {
    let mut random = Random::new();
    let library = module_cache().join("github.com/gobwas/glob@v0.2.3/glob_test.go");
    let known: Vec<String> =
        literals(&library).into_iter().filter_map(|literal| String::from_utf8(literal).ok()).collect();
    assert!(known.len() > 100);
    let mut questions = Vec::new();
    for _ in 0..cases(1500) {
        let pattern = match random.below(4) {
            0 => usual(&mut random),
            1 => random.pick(&known).clone(),
            _ => text(&mut random, PARTS, 7),
        };
        let mut names = vec!["files/app.conf".to_owned(), "files/sub/app.conf".to_owned(), "base.yaml".to_owned()];
        names.extend((0..random.below(8)).map(|_| text(&mut random, PIECES, 6)));
        names.extend((0..2).map(|_| random.pick(&known).clone()));
        // Those that are no other part of a chart, in the order in which they are looked at.
        names.retain(|name| !name.is_empty() && !name.ends_with(".yaml"));
        names.sort();
        names.dedup();
        // One name at a time tells more where some end in a panic.
        if random.once_in(2) {
            names.truncate(1 + random.below(2));
        }
        questions.push((pattern, names));
    }
    let asked: Vec<Json> = questions
        .iter()
        .map(|(pattern, names)| json!({"pattern": base64(pattern), "names": names.iter().map(base64).collect::<Vec<_>>()}))
        .collect();
    let mut differences = Differences::default();
    for ((pattern, names), answer) in questions.iter().zip(reference().ask_all("glob", &asked)) {
        let go = match answer {
            Answer::Ok(matches) => Ok(serde_json::from_value(matches).unwrap()),
            Answer::Panic(text) => Err(String::from_utf8(text).unwrap()),
            Answer::Error(error) => panic!("{error:?}"),
        };
        differences.compare(&format!("{pattern:?} {names:?}"), &go, &ours(pattern, names));
    }
    differences.finish();
}
