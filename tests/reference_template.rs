//! The template engine compared with Go's: the inputs of Go's own test tables, generated templates, hostile ones.
//!
//! Run with `cargo test --features reference --test reference_template`; needs Go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::borrow::Cow;

use serde_json::{Value as Json, json};
use support::differences::{Differences, cases, show};
use support::random::Random;
use support::reference::{Answer, Reference, base64, go_root, reference, unbase64};
use support::samples::data;
use support::template_generator::{Generator, Vocabulary};
use support::values::pack;
use vulas_native::gotemplate::{
    Func, FuncError, FuncMap, ListKind, MissingKey, Scope, Set, StringError, Type, Value, errtext, fmt,
};

fn func(params: &'static [Type], variadic: Option<Type>, body: vulas_native::gotemplate::func::Body) -> Func {
    Func { params, variadic, body }
}

fn int(value: &Value) -> i64 {
    if let Value::Int(i, _) = value { *i } else { 0 }
}

/// A string as error texts have it.
fn carried(value: &Value) -> Cow<'_, str> {
    errtext::text(value.as_str().unwrap().as_bytes())
}

/// The functions that `goref` has as well.
fn functions() -> FuncMap {
    use Type::{Any, Bool, Bytes, Float, Int, Int64, ListOfAny, ListOfStr, MapOfAny, Named, Str};
    FuncMap::from([
        ("list", func(&[], Some(Any), |_, a| Ok(Value::list(a.to_vec())))),
        ("strs", func(&[], Some(Str), |_, a| Ok(Value::list_of(ListKind::Str, a.to_vec())))),
        ("dict", func(&[Str, Any], None, |_, a| Ok(Value::map([(a[0].as_str().unwrap().clone(), a[1].clone())])))),
        ("echo", func(&[Any], None, |_, a| Ok(a[0].clone()))),
        ("typeOf", func(&[Any], None, |_, a| Ok(a[0].type_name().into()))),
        (
            "typed",
            func(&[Int, Str], Some(Float), |_, a| {
                let rest = Value::list_of(ListKind::Float, a[2..].to_vec());
                Ok(Value::str(fmt::sprint(&[a[0].clone(), a[1].clone(), rest])))
            }),
        ),
        ("i64", func(&[Int64], None, |_, a| Ok(Value::int64(int(&a[0]).wrapping_add(1))))),
        ("flag", func(&[Bool], None, |_, a| Ok(Value::Bool(!a[0].truth())))),
        ("size", func(&[ListOfAny], None, |_, a| Ok(Value::int(a[0].as_list().unwrap().len() as i64)))),
        ("keys", func(&[MapOfAny], None, |_, a| Ok(Value::int(a[0].as_map().unwrap().len() as i64)))),
        (
            "raw",
            func(&[Bytes], None, |_, a| {
                if let Value::Bytes(b) = &a[0] { Ok(Value::str(b.as_slice())) } else { Ok(Value::Nil) }
            }),
        ),
        (
            "joined",
            func(&[ListOfStr], None, |_, a| {
                let parts: Vec<_> =
                    a[0].as_list().unwrap().iter().map(|v| v.as_str().unwrap().to_str().into_owned()).collect();
                Ok(parts.join("+").into())
            }),
        ),
        ("dur", func(&[Named("time.Duration")], None, |_, a| Ok(a[0].clone()))),
        ("upper", func(&[Str], None, |_, a| Ok(a[0].as_str().unwrap().to_str().to_uppercase().into()))),
        ("now0", func(&[], None, |_, _| Ok(Value::int(42)))),
        ("die", func(&[Str], None, |_, a| Err(FuncError::new(format!("died of {}", carried(&a[0])))))),
        ("panics", func(&[Str], None, |_, a| Err(FuncError::new(format!("in panic: {}", carried(&a[0])))))),
        (
            "tpl",
            func(&[Str, Any], None, |scope: &mut dyn Scope, a| {
                let result = scope.execute_string(a[0].as_str().unwrap(), a[1].clone());
                result.map(Value::Str).map_err(|error| match error {
                    StringError::Parse(error) => FuncError::wrap("cannot parse", error),
                    StringError::Execute(error) => FuncError::wrap("cannot execute", error),
                })
            }),
        ),
        (
            "include",
            func(&[Str, Any], None, |scope: &mut dyn Scope, a| {
                scope.execute(a[0].as_str().unwrap().as_bytes(), a[1].clone()).map(Value::Str)
            }),
        ),
    ])
}

/// What generated templates are made of.
static VOCABULARY: Vocabulary = Vocabulary {
    fields: &[
        ".a",
        ".s",
        ".e",
        ".m",
        ".l",
        ".z",
        ".f",
        ".big",
        ".t",
        ".u",
        ".i64",
        ".strs",
        ".sm",
        ".b",
        ".d",
        ".nl",
        ".nm",
        ".c",
        ".ms",
        ".ll",
        ".none",
        ".m.y.z",
        ".m.n.o",
        ".m.y",
        ".sm.k",
        ".sm.x",
        ".s.x",
        ".none.x",
        ".none.x.y",
        ".d.Seconds",
        ".d.Foo",
        ".m.i",
    ],
    operands: &["now0", "list", "strs", "$", "dict", "nil"],
    functions: &[
        ("and", 2),
        ("or", 2),
        ("not", 1),
        ("eq", 2),
        ("ne", 2),
        ("lt", 2),
        ("le", 2),
        ("gt", 2),
        ("ge", 2),
        ("len", 1),
        ("index", 2),
        ("slice", 2),
        ("print", 2),
        ("printf", 2),
        ("println", 1),
        ("html", 1),
        ("js", 1),
        ("urlquery", 1),
        ("call", 1),
        ("list", 2),
        ("strs", 2),
        ("dict", 2),
        ("echo", 1),
        ("typeOf", 1),
        ("typed", 3),
        ("i64", 1),
        ("flag", 1),
        ("size", 1),
        ("keys", 1),
        ("raw", 1),
        ("joined", 1),
        ("dur", 1),
        ("upper", 1),
        ("now0", 0),
        ("die", 1),
        ("panics", 1),
        ("include", 2),
        ("tpl", 2),
        ("undefined", 1),
    ],
    call,
    filters: &[
        "print",
        "printf \"%q\"",
        "len",
        "not",
        "echo",
        "typeOf",
        "html",
        "list 1",
        "and 1",
        "or 0",
        "eq 1",
        "index .l",
        "dict \"k\"",
        "upper",
        "include \"x\"",
    ],
    templates: &["x", "fails", "pair", "missing", "empty", "nest", "own"],
    ranges: &[
        ".l",
        ".m",
        ".strs",
        ".sm",
        "3",
        ".a",
        ".none",
        ".b",
        ".s",
        "-1",
        ".i64",
        ".ms",
        ".ll",
        ".f",
        ".nl",
        "(list 1 2 3)",
        ".u",
    ],
};

/// A call that mostly works.
fn call(generator: &mut Generator, depth: usize) -> String {
    let (a, b) = (generator.operand(depth), generator.field());
    let random = &mut generator.random;
    match random.below(10) {
        0 => format!("eq {a} {b}"),
        1 => format!("index .l {}", random.below(6)),
        2 => format!("index .m \"y\" {a}"),
        3 => format!("printf \"%v-%T\" {a} {b}"),
        4 => format!("slice .s {} {}", random.below(5), random.below(9)),
        5 => format!("len {b}"),
        6 => format!("include \"x\" {a}"),
        7 => format!("lt {} {}", generator.literal(), generator.literal()),
        8 => format!("print {a} {b}"),
        _ => format!("list {a} {b}"),
    }
}

/// The output, or `["parse", message]`, or `["execute", message, cause...]`.
type Outcome = Result<String, Vec<String>>;

fn ours(text: &[u8], missing: MissingKey, data: &Value) -> Outcome {
    let mut set = Set::new("root", functions()).missing_key(missing);
    for (i, text) in BEFORE.iter().enumerate() {
        set.parse(&format!("before{i}"), text).unwrap();
    }
    set.parse_bytes("t.yaml", text).map_err(|error| vec!["parse".to_owned(), error.message])?;
    set.execute("t.yaml", data.clone(), &mut ()).map(|out| show(&out)).map_err(|error| {
        let error = FuncError::from(error);
        let mut outcome = vec!["execute".to_owned()];
        for error in error.chain() {
            if outcome.last() != Some(&error.message) {
                outcome.push(error.message.clone());
            }
        }
        outcome
    })
}

fn question(text: &[u8], missing: MissingKey, data: &Json) -> Json {
    let missing = match missing {
        MissingKey::Default => "default",
        MissingKey::Zero => "zero",
        MissingKey::Error => "error",
    };
    json!({ "missingkey": missing, "text": base64(text), "before": BEFORE.map(base64), "data": data })
}

fn theirs(answer: &Answer) -> Outcome {
    let Answer::Ok(answer) = answer else { panic!("{answer:?}") };
    let message = |json: &Json| errtext::text(&unbase64(json.as_str().unwrap())).into_owned();
    if let Some(out) = answer.get("out") {
        return Ok(show(&unbase64(out.as_str().unwrap())));
    }
    if let Some(error) = answer.get("parse") {
        return Err(vec!["parse".to_owned(), message(error)]);
    }
    let chain = answer["execute"].as_array().unwrap().iter().map(message);
    Err(std::iter::once("execute".to_owned()).chain(chain).collect())
}

const BEFORE: [&str; 2] = [
    "{{define \"x\"}}[{{.}}]{{end}}{{define \"fails\"}}\n {{ die . }}{{end}}{{define \"pair\"}}{{.a}}-{{$.b}}{{end}}",
    "{{define \"empty\"}}  {{end}}{{define \"nest\"}}{{include \"x\" .}}{{template \"fails\" \"age\"}}{{end}}",
];

const MODES: [MissingKey; 3] = [MissingKey::Zero, MissingKey::Default, MissingKey::Error];

/// Compares the outcomes of templates, each under each of its options.
fn compare(go: &mut Reference, texts: &[(Vec<u8>, MissingKey)]) {
    let mut differences = Differences::default();
    let data = data();
    let packed = pack(&data);
    let questions: Vec<Json> = texts.iter().map(|(text, missing)| question(text, *missing, &packed)).collect();
    for ((text, missing), answer) in texts.iter().zip(go.ask_all("template", &questions)) {
        let input = show(&text[..text.len().min(1000)]);
        differences.compare(&format!("{missing:?} {input}"), &theirs(&answer), &ours(text, *missing, &data));
    }
    differences.finish();
}

#[test]
fn templates_of_go_tests_give_what_go_gives() {
    let mut go = reference();
    let mut texts = Vec::new();
    for glob in ["text/template/*_test.go", "text/template/parse/*_test.go", "html/template/*_test.go"] {
        let Answer::Ok(literals) = go.ask("literals", glob.into()) else { panic!("no Go sources") };
        for literal in literals.as_array().unwrap() {
            let text = unbase64(literal.as_str().unwrap());
            // Memory addresses differ from run to run.
            if !text.windows(2).any(|w| w == b"%p") {
                texts.extend(MODES.map(|missing| (text.clone(), missing)));
            }
        }
    }
    compare(&mut go, &texts);
}

/// The texts that Go's tests put together to sets: each after each other, and all templates that there are then.
#[test]
fn sets_of_go_tests_give_what_go_gives() {
    let mut go = reference();
    let Answer::Ok(literals) = go.ask("literals", "text/template/multi_test.go".into()) else {
        panic!("no Go sources")
    };
    let mut texts: Vec<Vec<u8>> =
        literals.as_array().unwrap().iter().map(|literal| unbase64(literal.as_str().unwrap())).collect();
    texts.retain(|text| text.windows(2).any(|w| w == b"{{"));
    // What says where it stands, and what defines the name of the one or the other.
    texts.extend(
        [
            "a{{ .s.x }}",
            "{{define \"text0\"}}d{{end}}y{{ .s.x }}",
            "{{define \"text1\"}}d{{end}}y{{ .s.x }}",
            "{{define \"text1\"}} {{end}}y{{ template \"in\" . }}{{define \"in\"}}{{ .s.x }}{{end}}",
            "{{define \"text0\"}}d{{end}} ",
            "{{define \"text1\"}}d{{end}} ",
        ]
        .map(Vec::from),
    );
    texts.extend(support::documents::files(&go_root().join("src/text/template/testdata"), &["tmpl"]));
    assert!(texts.len() > 20, "only {} texts", texts.len());
    let (data, mut differences) = (data(), Differences::default());
    let packed = pack(&data);
    let pairs: Vec<[&[u8]; 2]> =
        texts.iter().flat_map(|first| texts.iter().map(move |second| [first.as_slice(), second])).collect();
    let questions: Vec<Json> = pairs.iter().map(|pair| json!({"texts": pair.map(base64), "data": packed})).collect();
    for (pair, answer) in pairs.iter().zip(go.ask_all("templates", &questions)) {
        let mut set = Set::new("root", functions()).missing_key(MissingKey::Zero);
        let parsed: Vec<Json> = (0..2)
            .map(|i| {
                let result = set.parse_bytes(&format!("text{i}"), pair[i]);
                base64(errtext::bytes(&result.err().map(|error| error.message).unwrap_or_default()))
            })
            .collect();
        let names: Vec<String> = set.names().into_iter().map(|name| name.to_str().into_owned()).collect();
        let executed: serde_json::Map<String, Json> = names
            .iter()
            .map(|name| {
                let (out, error) = match set.execute(name, data.clone(), &mut ()) {
                    Ok(out) => (out, String::new()),
                    Err(error) => (Vec::new(), error.message),
                };
                (base64(name).as_str().unwrap().to_owned(), json!([base64(out), base64(errtext::bytes(&error))]))
            })
            .collect();
        let ours = Answer::Ok(json!({"parsed": parsed, "executed": executed}));
        differences.compare(&format!("{}\n{}", show(pair[0]), show(pair[1])), &answer, &ours);
    }
    differences.finish();
}

#[test]
fn generated_templates_give_what_go_gives() {
    let mut generator = Generator::new(Random::new(), &VOCABULARY);
    let texts: Vec<_> =
        (0..cases(10_000)).map(|i| (generator.template(), MODES[if i % 2 == 0 { 0 } else { i / 2 % 3 }])).collect();
    compare(&mut reference(), &texts);
}

#[test]
fn patched_templates_give_what_go_gives() {
    let mut generator = Generator::new(Random::new(), &VOCABULARY);
    let texts: Vec<_> = (0..cases(10_000)).map(|_| (generator.patched(), MissingKey::Zero)).collect();
    compare(&mut reference(), &texts);
}

#[test]
fn strings_executed_as_templates_see_what_they_see_in_go() {
    let texts = [
        "{{ tpl `a{{ .a }}` . }}",
        "{{ tpl `plain` . }}|{{ tpl `` . }}|{{ tpl `{{/* c */}}` . }}",
        "{{ tpl `{{ define \"own\" }}<{{ . }}>{{ end }}{{ include \"own\" .a }}{{ template \"own\" .s }}` . }}",
        "{{ tpl `{{ define \"own\" }}x{{ end }}` . }}{{ include \"own\" . }}",
        "{{ tpl `{{ define \"x\" }}new{{ end }}{{ include \"x\" . }}` . }}{{ include \"x\" .a }}",
        "{{ tpl `{{ define \"x\" }} {{ end }}{{ include \"x\" .a }}` . }}",
        "{{ tpl `{{ define \"in\" }}I{{ end }}{{ tpl \"{{ include \\\"in\\\" . }}\" . }}` . }}",
        "{{ define \"callee\" }}{{ include \"late\" . }}{{ end }}{{ tpl `{{ define \"late\" }}L{{ end }}{{ include \"callee\" . }}` . }}",
        "{{ tpl `{{ if . }}{{ include \"root\" nil }}{{ else }}end{{ end }}` . }}",
        "{{ tpl `{{ tpl \"{{ if . }}{{ include \\\"root\\\" nil }}{{ else }}inner{{ end }}\" . }}` . }}",
        "{{ include \"root\" . }}",
        "{{ tpl `{{ .a.b }}` . }}",
        "{{ tpl `{{ nope }}` . }}",
        "{{ tpl `\n  {{ include \"fails\" \"x\" }}` . }}",
        "{{ tpl `{{ $x := 1 }}{{ $x }}{{ $ }}` .a }}",
        "{{ range .strs }}{{ tpl `{{ . }}` . }}{{ end }}",
        "{{ tpl `{{ block \"b\" . }}{{ .a }}{{ end }}` . }}{{ tpl `{{ block \"b\" . }}2{{ end }}` . }}",
    ];
    let texts: Vec<_> = texts.iter().map(|text| (text.as_bytes().to_vec(), MissingKey::Zero)).collect();
    compare(&mut reference(), &texts);
}

#[test]
fn depth_is_limited_as_in_go() {
    let nested = |open: &str, close: &str, n: usize| format!("{}1{}", open.repeat(n), close.repeat(n));
    let texts = [
        "{{ define \"r\" }}{{ template \"r\" . }}{{ end }}{{ template \"r\" . }}".to_owned(),
        format!("{{{{ {} }}}}", nested("(", ")", 9_999)),
        format!("{{{{ {} }}}}", nested("(", ")", 10_001)),
        format!("{{{{ {} }}}}", nested("(not ", ")", 5_000)),
        format!("{{{{ {}.x }}}}", nested("(index ", " 1)", 3_000)),
        nested("{{if 1}}", "{{end}}", 20_000),
        format!("{{{{if 0}}}}{}{{{{end}}}}", "{{else if 0}}".repeat(20_000)),
        nested("{{if 1}}", "", 5_000),
    ];
    let texts: Vec<_> = texts.map(|text| (text.into_bytes(), MissingKey::Zero)).into();
    compare(&mut reference(), &texts);
}
