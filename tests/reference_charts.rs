//! Generated charts rendered by Helm's own packages and by us: manifests, hooks, notes, errors and log.
//!
//! Each run has a new seed, which it prints; `VULAS_SEED` takes another, `VULAS_CASES` another number of charts. A chart that
//! comes out differently is shown as small as it can be made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use support::chart_case::{Case, Outcome, difference, theirs};
use support::chart_generator::ChartGenerator;
use support::chart_values;
use support::compare::TRIES;
use support::deep;
use support::differences::{Differences, cases, show};
use support::random::Random;
use support::reference::{Answer, Reference, reference};
use support::shrink::shrink;

/// How many differences are made small; the others are shown as they are.
const SHRUNK: usize = 5;

/// While a case is made smaller, an answer that comes as often as this is taken for the only one.
const STEADY: usize = 6;

/// Renders charts on both sides.
struct Both<'a> {
    go: Reference,
    directory: &'a Path,
}

impl Both<'_> {
    /// What Helm makes of a case. `None` if it ends Go's program, such as a value that holds itself when it is printed.
    fn go(&mut self, case: &Case) -> Option<Outcome> {
        match self.go.survive("chart", case.question(self.directory))? {
            Answer::Ok(answer) => Some(theirs(&answer)),
            // Faults of Go's own (an index out of range) are not imitated.
            Answer::Panic(_) => None,
            Answer::Error(error) => panic!("{}", String::from_utf8_lossy(&error)),
        }
    }

    /// What Go says and we do, if we do none of what it says when it is asked often. If it says the same `steady` times, it is
    /// not asked any more.
    fn compare(&mut self, case: &Case, steady: usize) -> Option<(Outcome, Outcome)> {
        case.write(self.directory);
        let first = self.go(case)?;
        let ours = case.ours(self.directory);
        let mut random = false;
        for asked in 1..=TRIES {
            let go = if asked == 1 { first.clone() } else { self.go(case)? };
            if go == ours {
                return None;
            }
            random |= go != first;
            if !random && asked >= steady {
                break;
            }
        }
        Some((first, ours))
    }
}

#[test]
fn generated_charts_render_alike() {
    deep(|| {
        let directory = tempfile::tempdir().unwrap();
        let mut both = Both { go: reference(), directory: directory.path() };
        let mut generator = ChartGenerator::new(Random::new());
        let mut differences = Differences::default();
        let (mut found, mut rendered) = (0, 0);
        for _ in 0..cases(2_000) {
            let case = generator.case();
            let different = both.compare(&case, TRIES);
            differences.count(different.map(|(go, ours)| {
                found += 1;
                if found > SHRUNK {
                    return format!("---\n{}", difference(&go, &ours));
                }
                let small = shrink(&case, |case| both.compare(case, STEADY).is_some());
                let (go, ours) = both.compare(&small, TRIES).unwrap_or((go, ours));
                format!("---\n{}{}", small.show(), difference(&go, &ours))
            }));
            rendered += usize::from(both.go(&case).is_some_and(|outcome| outcome.result.is_ok()));
        }
        println!("{rendered} render");
        differences.finish();
    });
}

/// References of schemas are URLs as Go reads them. Where they lead is not there.
#[test]
fn references_of_schemas_are_read_alike() {
    const REFERENCES: [&str; 10] = [
        "#/definitions/a^b[c]|d e{f}<g>\"`é",
        "file:///none.json#/definitions/^[a-z]+$",
        "none.json#/patternProperties/%5E[a-z]+$/x",
        "none e^.json?a=b#/[x]",
        "//[::1]/none.json#/[x]",
        "file://[::1]/none.json#/[x]",
        "%zz",
        "#/definitions/%zz",
        "a\\b",
        "#[x]",
    ];
    deep(|| {
        let directory = tempfile::tempdir().unwrap();
        let mut both = Both { go: reference(), directory: directory.path() };
        let mut differences = Differences::default();
        for draft in ["http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema"] {
            for reference in REFERENCES {
                let schema =
                    serde_json::json!({"$schema": draft, "properties": {"a": {"$ref": reference, "minimum": 2}}});
                let mut case = chart(b"", "a: 1");
                case.files.push(("values.schema.json".into(), schema.to_string().into_bytes()));
                let different = both.compare(&case, STEADY);
                differences.count(different.map(|(go, ours)| format!("{schema}\n{}", difference(&go, &ours))));
            }
        }
        differences.finish();
    });
}

/// Values and schemas by themselves: whole charts say too little of them.
#[test]
fn generated_schemas_judge_alike() {
    deep(|| {
        let directory = tempfile::tempdir().unwrap();
        let mut both = Both { go: reference(), directory: directory.path() };
        let mut random = Random::new();
        let mut differences = Differences::default();
        let mut found = 0;
        for _ in 0..cases(2_000) {
            let files = vec![
                ("Chart.yaml".into(), b"{apiVersion: v2, name: c, version: 1.0.0}".to_vec()),
                ("values.yaml".into(), chart_values::file(&mut random, &[])),
                ("values.schema.json".into(), chart_values::schema_file(&mut random)),
            ];
            let case = Case { files, ..Case::default() };
            differences.count(both.compare(&case, TRIES).map(|(go, ours)| {
                found += 1;
                let tries = if found > SHRUNK { 0 } else { STEADY };
                let small = shrink(&case, |case| tries > 0 && both.compare(case, tries).is_some());
                let (go, ours) = both.compare(&small, TRIES).unwrap_or((go, ours));
                format!("---\n{}{}", small.show(), difference(&go, &ours))
            }));
        }
        differences.finish();
    });
}

/// A chart of one text, which is shown as it is.
fn chart(notes: &[u8], values: &str) -> Case {
    let about = b"{apiVersion: v2, name: c, version: 1.0.0, keywords: [z, a]}".to_vec();
    let files = vec![
        ("Chart.yaml".into(), about),
        ("values.yaml".into(), values.into()),
        ("templates/NOTES.txt".into(), notes.to_vec()),
        ("files/lines.txt".into(), b"b\na\n".to_vec()),
        ("files/empty".into(), Vec::new()),
    ];
    Case { files, ..Case::default() }
}

/// What generated charts say too seldom.
const TEMPLATES: &[&[u8]] = &[
    // An argument is shown as an action shows it: pointers are followed, and what they point to is no string.
    b"{{ html .Capabilities .Capabilities.KubeVersion 1 }}",
    b"{{ html .Capabilities }}{{ html .Capabilities.KubeVersion }}{{ js .Capabilities.HelmVersion }}",
    b"{{ js .Capabilities \"a\" .Capabilities nil }}",
    b"{{ html nil .Capabilities nil 3 3 \"<\" \"<\" }}",
    b"{{ urlquery (semver \"1.2.3\") (semver \"1.2.3\") 1 }}{{ html (list .Capabilities.KubeVersion) }}",
    b"{{ html (toDate \"2006\" \"2024\") .Capabilities (toDate \"2006\" \"2024\") }}",
    b"{{ .Capabilities.KubeVersion }}{{ .Capabilities.KubeVersion | default 1 }}{{ .Capabilities.KubeVersion | toString }}",
    b"{{ $x := .Capabilities.KubeVersion }}{{ $x }}{{ with .Capabilities.KubeVersion }}{{ . }}{{ end }}",
    b"{{ (dict \"a\" .Capabilities.KubeVersion).a }}{{ index (list .Capabilities.KubeVersion) 0 }}",
    b"{{ range list .Capabilities.KubeVersion .Capabilities }}{{ . }}{{ end }}{{ .Capabilities.Copy.KubeVersion }}",
    b"{{ (default 1 .Capabilities.KubeVersion).Minor }}{{ (default 1 .Capabilities.KubeVersion).String }}",
    b"{{ (and 1 .Capabilities.KubeVersion).String }}{{ (and 1 .Capabilities.KubeVersion) }}{{ .Capabilities.KubeVersion | and 1 }}",
    b"{{ (index (dict \"a\" .Capabilities.KubeVersion) \"a\").GitVersion }}",
    b"{{ printf \"%s %v\" .Capabilities.KubeVersion .Capabilities.KubeVersion }}{{ toJson .Capabilities.KubeVersion }}",
    // Only the outermost pointer is followed, and where a verb does not fit.
    b"{{ printf \"%s %q %d\" .Capabilities .Capabilities (dict \"a\" 1) }}",
    b"{{ printf \"%s\" (list .Capabilities) }}{{ printf \"%q\" (dict \"a\" .Capabilities) }}{{ printf \"%t %w\" (list .Capabilities) 1 }}",
    b"{{ printf \"%x %d %e %z\" .Capabilities.KubeVersion .Capabilities.KubeVersion .Capabilities.KubeVersion .Capabilities.KubeVersion }}",
    b"{{ printf \"%s %q %x %d %v %t\" .Files .Files .Files .Files .Files .Files }}{{ eq . $ }}",
    b"{{ eq . $ }}",
    b"{{ eq (dict \"a\" .Capabilities) (dict) }}",
    b"{{ eq (list 1) (dict \"a\" .Capabilities) }}",
    // Objects in JSON and YAML.
    b"{{ list .Files .Capabilities .Capabilities.APIVersions (dict \"a\" .Files) | toPrettyJson }}",
    b"{{ list .Files .Capabilities .Capabilities.APIVersions (dict \"a\" .Files) | toYaml }}",
    b"{{ dict \"a\" .Files \"b\" .Capabilities \"c\" (list .Capabilities.APIVersions) | toToml }}{{ toYamlPretty .Capabilities }}",
    // A month is an index, too.
    b"{{ index (list 1 2 3) (toDate \"2006-01\" \"2024-02\").Month }}{{ index \"abc\" (toDate \"2006\" \"2024\").Weekday }}",
    b"{{ index (list 1) (toDate \"2006-01\" \"2024-02\").Month }}",
    b"{{ index (list 1) (semver \"1.2.3\") }}",
    // A range follows pointers.
    b"{{ range .Capabilities }}{{ end }}",
    b"{{ range semver \"1.2.3\" }}{{ end }}",
    b"{{ range list .Capabilities.KubeVersion }}{{ range . }}{{ end }}{{ end }}",
    b"{{ range .Template }}{{ end }}{{ range .Capabilities.HelmVersion }}{{ end }}",
    b"{{ range toDate \"2006\" \"2024\" }}{{ end }}",
    // Nil is a pointer to no version.
    b"{{ (semver \"1\").Equal nil }}{{ (semver \"1\").Compare nil | indent }}",
    b"{{ $x := semver \"1\" }}{{ $x.LessThan nil }}",
    // Nil is a writer, too.
    b"{{ .Values.Encode nil }}",
    b"{{ nil | .Values.Encode }}{{ .Values.Encode }}",
    b"{{ .Values.x | .Values.Encode }}",
    b"{{ .Values.Encode .Values.x }}",
    // Bytes that are not UTF-8 in messages.
    b"{{ include \"\\xfe\" . }}",
    b"{{ include \"\xfe\" . }}",
    b"{{ template \"\\xfe\" }}",
    b"{{ template \"\xfe\xe2\x82\" }}",
    b"{{ fail \"a\xfe\xe2\x82b\" }}",
    b"{{ fail \"\\xfe\" }}",
    b"{{ required \"\xfe: \xff\" nil }}",
    "{{ fail \"\u{10FFFE}\u{10FF80}\" }}".as_bytes(),
    b"{{ .Values.x\xfe }}",
    b"{{ \"\xfe\" | nope }}",
    b"{{ \"\xfe\" | lt 1 }}",
    b"{{ index \"\xfe\" \"x\" }}",
    b"{{ eq (list 1) (list \"\xfe\") }}",
    b"{{ eq \"\xfe\" (list 1) }}",
    b"{{ regexMatch \"(\xfe\" \"a\" }}",
    b"{{ mustRegexMatch \"a\\xfe\" \"a\" }}",
    b"{{ mustRegexFind \"[\" \"\xfe\" }}",
    b"{{ index .Values \"\xfe\" \"x\" \"y\" }}",
    b"{{ printf \"%d\" \"\xfe\" | fail }}",
    b"{{ tpl \"{{ fail \\\"\xfe\\\" }}\" . }}",
    b"{{ tpl \"{{ .x\xfe }}\" . }}",
    b"{{ define \"\xfe\" }}{{ .x.y.z }}{{ end }}{{ include \"\xfe\" . }}",
    b"{{ define \"\xfe\" }}{{ include \"\xfe\" . }}{{ end }}{{ include \"\xfe\" . }}",
    b"{{ mustToDate \"2006\" \"\xfe\" }}",
    b"{{ mustDateModify \"\xfe\" (toDate \"2006\" \"2024\") }}",
    b"{{ semver \"\xfe\" }}",
    b"{{ semverCompare \"\xfe\" \"1.2.3\" }}",
    b"{{ urlParse \"\xfe:%\" }}",
    b"{{ fromJson \"\xfe\" }}{{ fromYaml \"\xfe\" }}{{ fromYamlArray \"- \xfe\" }}{{ fromToml \"\xfe\" }}",
    b"{{ genPrivateKey \"\xfe\" }}",
    b"{{ call \"\xfe\" }}",
    b"{{ \"\xfe\" | call }}",
    b"{{ \"a\xfe",
    b"{{ \xfe }}",
    b"{{ '\xfe\xfe' }}",
    b"{{ dig \"\xfe\" 1 \"\xfe\" }}",
    b"{{ .Values.Table \"\xfe\" }}",
    b"{{ .Values.PathValue \"\xfe.\xff\" }}",
    b"{{ genSelfSignedCert \"a\" (list \"\xfe\") nil 1 }}",
    b"{{ buildCustomCert (b64enc \"x\") \"\xfe\" }}",
    b"{{ htpasswd \"\xfe:\" \"x\" }}",
    b"{{ b64dec \"\xfe\" }}{{ b32dec \"\xfe\" }}{{ decryptAES \"x\" \"\xfe\" }}",
    // `sortAlpha` sorts a list of strings in place.
    b"{{ $a := splitList \",\" \"b,c,a\" }}{{ $b := sortAlpha $a }}{{ $a }}{{ $b }}",
    b"{{ $a := splitList \",\" \"d,c,b,a\" }}{{ $b := slice $a 1 3 }}{{ $_ := sortAlpha $b }}{{ $a }}{{ $b }}{{ slice $b 0 3 }}",
    b"{{ $a := splitList \",\" \"d,c,b,a\" }}{{ $b := slice $a 1 3 }}{{ $_ := sortAlpha $a }}{{ $a }}{{ $b }}",
    b"{{ $a := list \"b\" \"a\" }}{{ $_ := sortAlpha $a }}{{ $a }}{{ $_ := sortAlpha (toStrings $a) }}{{ $a }}",
    b"{{ $a := toStrings (list 2 nil 1) }}{{ $b := toStrings $a }}{{ $_ := sortAlpha $b }}{{ $a }}{{ slice $a 0 3 | toJson }}",
    b"{{ $a := toStrings (list 2 nil 1) }}{{ $_ := sortAlpha (slice $a 0 3) }}{{ $a | toJson }}",
    b"{{ $a := regexFindAll \"[a-z]\" \"cba\" -1 }}{{ $_ := sortAlpha $a }}{{ $a }}{{ slice $a 1 5 | toJson }}",
    b"{{ $a := regexSplit \",\" \"c,b,a\" -1 }}{{ $d := dict \"a\" $a }}{{ $_ := sortAlpha $a }}{{ $d }}{{ $d.a | join \"-\" }}",
    b"{{ $a := .Files.Lines \"files/lines.txt\" }}{{ $_ := sortAlpha $a }}{{ $a }}{{ .Files.Lines \"files/lines.txt\" }}",
    b"{{ $a := splitList \",\" \"b,a\" }}{{ $c := deepCopy $a }}{{ $_ := sortAlpha $a }}{{ $a }}{{ $c }}{{ reverse $a }}",
    b"{{ $a := splitList \",\" \"b,a\" }}{{ $c := list $a $a }}{{ $_ := sortAlpha (first $c) }}{{ $c }}{{ uniq $c }}",
    b"{{ $a := splitList \",\" \"c,b,a\" }}{{ range $i, $_ := $a }}{{ $_ := sortAlpha $a }}{{ index $a $i }}{{ end }}",
    b"{{ $_ := sortAlpha .Chart.Keywords }}{{ .Chart.Keywords }}{{ sortAlpha .Capabilities.APIVersions | len }}",
    b"{{ sortAlpha 5 }}{{ sortAlpha \"b a\" }}{{ sortAlpha nil }}{{ sortAlpha (dict \"b\" 1) }}",
    b"{{ $a := splitList \",\" \"b,a\" }}{{ $m := dict \"l\" $a }}{{ $n := merge (dict) $m }}{{ $_ := sortAlpha $n.l }}{{ $a }}",
    // Parts of lists reach to the ends of their arrays.
    b"{{ slice (slice (list 1 2 3) 0 1) 0 3 }}{{ slice (slice (list 1 2 3) 1 1) 0 2 }}",
    b"{{ slice (list 1 2 3) 0 4 }}",
    b"{{ slice (append (list 1 2 3) 4) 0 6 | toJson }}",
    b"{{ slice (append (list 1 2 3) 4) 0 7 }}",
    b"{{ $a := compact (list 1 0 2 0 3) }}{{ slice $a 3 4 }}{{ slice $a 0 2 | len }}{{ slice (slice $a 0 2) 0 4 | toJson }}",
    b"{{ slice (until 5) 4 8 }}{{ slice (until 5) 9 }}",
    b"{{ slice (chunk 2 (list 1 2 3)) 0 2 }}{{ slice (first (chunk 2 (list 1 2 3))) 0 3 }}",
];

#[test]
fn what_charts_seldom_say_renders_alike() {
    deep(|| {
        let directory = tempfile::tempdir().unwrap();
        let mut both = Both { go: reference(), directory: directory.path() };
        let mut differences = Differences::default();
        for template in TEMPLATES {
            let different = both.compare(&chart(template, "{}"), STEADY);
            differences.count(different.map(|(go, ours)| format!("{}\n{}", show(template), difference(&go, &ours))));
        }
        // A text that is not of its format is looked at no further, wherever that is found.
        let schema = br##"{"$schema": "http://json-schema.org/draft-06/schema#", "properties": {
            "a": {"format": "uuid", "pattern": "[[:digit:]]"}, "b": {"multipleOf": 1.0, "type": "object", "oneOf": [true]},
            "c": {"$ref": "#/properties/a"}, "d": {"allOf": [{"$ref": "#/properties/a", "minLength": 5}, {"format": "date", "maxLength": 0}]}}}"##;
        for values in ["a: x\nb: null", "b:\nc: x", "d: x\nb:\nc: y", "a: x\nc: x\nd: x"] {
            let mut case = chart(b"", values);
            case.files.push(("values.schema.json".into(), schema.to_vec()));
            case.values.push(values.into());
            let different = both.compare(&case, STEADY);
            differences.count(different.map(|(go, ours)| format!("{values}\n{}", difference(&go, &ours))));
        }
        // The failures of a single branch are a group of their own.
        let schema = br#"{"allOf": [{"additionalProperties": {"maxProperties": 0}, "minimum": 1}, {"minimum": 1}]}"#;
        for values in ["a: {b: 1}\nc: {d: 1}", "a: {b: 1}"] {
            let mut case = chart(b"", values);
            case.files.push(("values.schema.json".into(), schema.to_vec()));
            let different = both.compare(&case, STEADY);
            differences.count(different.map(|(go, ours)| format!("{values}\n{}", difference(&go, &ours))));
        }
        // What is imported is not the child's own map if it is empty.
        let mut case = chart(b"{{ .Values | toJson }}", "{}");
        let import =
            |name| format!("- {{name: {name}, version: '*', import-values: [{{child: global, parent: global}}]}}\n");
        case.files[0].1 = [
            b"apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n".to_vec(),
            import("one").into(),
            import("two").into(),
        ]
        .concat();
        for (name, values) in [("one", "{}"), ("two", "global: {nil: null}")] {
            let about = format!("{{apiVersion: v2, name: {name}, version: 1.0.0}}");
            case.files.push((format!("charts/{name}/Chart.yaml"), about.into()));
            case.files.push((format!("charts/{name}/values.yaml"), values.into()));
        }
        case.values.push(b"one: {l: null}\nglobal: {nil: {}}".to_vec());
        let different = both.compare(&case, STEADY);
        differences.count(different.map(|(go, ours)| format!("import\n{}", difference(&go, &ours))));
        // Documents are judged one after the other, UTF-8 or not.
        for manifest in [&b"d\n---\xef"[..], b"a: 1\n---\n\xfe: 1\n", b"\xfe\n---\nd", "a: \u{10FFFE}\n".as_bytes()] {
            let mut case = chart(b"", "{}");
            case.files.push(("templates/a.yaml".into(), manifest.to_vec()));
            let different = both.compare(&case, STEADY);
            differences.count(different.map(|(go, ours)| format!("{}\n{}", show(manifest), difference(&go, &ours))));
        }
        differences.finish();
    });
}

/// Lists of `$n` elements, as functions make them.
const LISTS: &[&str] = &[
    "until $n",
    "untilStep 0 $n 1",
    "append (until $n) 1",
    "prepend (until $n) 1",
    "uniq (until $n)",
    "compact (until $n)",
    "without (until $n) -1",
    "reverse (until $n)",
    "rest (until $n)",
    "initial (until $n)",
    "concat (until $n) (until $n)",
    "splitList `,` (repeat $n `a,`)",
    "splitList `` (repeat $n `a`)",
    "toStrings (append (until $n) nil)",
    "sortAlpha (append (until $n) nil)",
    "regexFindAll `a` (repeat $n `a`) -1",
    "regexSplit `,` (repeat $n `a,`) -1",
    "regexSplit `,` (repeat $n `a,`) 3",
    "fromJsonArray (toJson (until $n))",
    "fromYamlArray (toJson (until $n))",
    "(fromYaml (toYaml (dict `a` (until $n)))).a",
    "(fromJson (toJson (dict `a` (until $n)))).a",
    "(fromToml (printf `a = %s` (toJson (until $n)))).a",
    "(fromToml (repeat $n `[[a]]\n`)).a",
    "chunk 2 (until $n)",
    "deepCopy (uniq (until $n))",
    "slice (uniq (until $n)) 0 (div $n 2)",
    "keys (fromJson (printf `{%s}` (until $n | join `\":0,\"` | printf `\"%s\":0`)))",
    "values (fromJson (printf `{%s}` (until $n | join `\":0,\"` | printf `\"%s\":0`)))",
    "pluck `a` (dict `a` 1) (dict `a` 1) (dict `a` $n)",
    "list $n $n $n",
    ".Values.list",
    ".Values.map.list",
    "$.Files.Lines `files/lines.txt`",
    ".Values.set",
    ".Values.index",
];

#[test]
fn lists_reach_as_far_as_in_go() {
    deep(|| {
        let directory = tempfile::tempdir().unwrap();
        let mut both = Both { go: reference(), directory: directory.path() };
        let mut differences = Differences::default();
        for n in [0, 1, 2, 3, 5, 6, 11, 17, 33, 70, 150, 300] {
            let items = (0..n).map(|i: i32| i.to_string()).collect::<Vec<_>>().join(",");
            let values = format!("{{list: [{items}], map: {{list: [{{a: [{items}]}}, {items}]}}}}");
            for list in LISTS {
                let case = |end: usize| {
                    let template = format!("{{{{ $n := {n} }}}}{{{{ slice ({list}) 0 {end} | len }}}}");
                    let mut case = chart(template.as_bytes(), &values);
                    case.set[0] = vec![format!("set={{{items}}}"), format!("index[{n}]=1"), "list[0]=7".into()];
                    case
                };
                case(0).write(both.directory);
                let ends: Vec<usize> = (1..2000).collect();
                let reach = 1 + ends.partition_point(|end| case(*end).ours(directory.path()).result.is_ok());
                for end in [reach - 1, reach] {
                    let different = both.compare(&case(end), 1);
                    differences
                        .count(different.map(|(go, ours)| format!("{n} {list} {end}\n{}", difference(&go, &ours))));
                }
            }
        }
        differences.finish();
    });
}
