//! How long it takes to compile and to execute a template of 287 lines. Run with `cargo bench --bench template`; with
//! `-- --go` the same in Go, by the program in `tests/reference/goref`.
#![allow(clippy::expect_used, clippy::panic)]

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use vulas_native::gotemplate::{Func, GoStr, MissingKey, Set, Type, Value, strconv};

const MANIFEST: &str = include_str!("manifest.tpl");
const HELPERS: &str = r#"{{ define "fullname" }}{{ printf "%s-%s" .Release.Name .Chart.Name }}{{ end }}"#;
const LINES: usize = 287;

fn functions() -> [(&'static str, Func); 3] {
    [
        (
            "include",
            Func {
                params: &[Type::Str, Type::Any],
                variadic: None,
                body: |scope, args| {
                    let name = args[0].as_str().map(GoStr::as_bytes).unwrap_or_default();
                    scope.execute(name, args[1].clone()).map(Value::Str)
                },
            },
        ),
        (
            "quote",
            Func {
                params: &[Type::Any],
                variadic: None,
                body: |_, args| Ok(args[0].as_str().map_or(Value::Nil, |s| strconv::quote(s.as_bytes()).into())),
            },
        ),
        (
            "default",
            Func {
                params: &[Type::Any, Type::Any],
                variadic: None,
                body: |_, args| Ok(if args[1].truth() { args[1].clone() } else { args[0].clone() }),
            },
        ),
    ]
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::map(entries)
}

fn data() -> Value {
    let env = |name: &str| map([("name", name.into()), ("value", "some value".into())]);
    map([
        ("Release", map([("Name", "alpha".into()), ("Namespace", "vulas-core".into())])),
        ("Chart", map([("Name", "core".into()), ("Version", "3.2.0".into()), ("AppVersion", "3.2.0".into())])),
        (
            "Values",
            map([
                (
                    "image",
                    map([
                        ("registry", "docker.io".into()),
                        ("repository", "library/postgres".into()),
                        ("tag", "".into()),
                        ("pullPolicy", "IfNotPresent".into()),
                    ]),
                ),
                (
                    "master",
                    map([
                        ("replicas", Value::Float(1.0)),
                        ("port", Value::Float(5432.0)),
                        ("annotations", map([("a/one", "1".into()), ("b/two", "2".into()), ("c/three", "3".into())])),
                        (
                            "securityContext",
                            map([("runAsUser", Value::Float(999.0)), ("fsGroup", Value::Float(999.0))]),
                        ),
                        ("env", Value::list(vec![env("PGDATA"), env("POSTGRES_DB"), env("POSTGRES_USER")])),
                        (
                            "probes",
                            map([("enabled", true.into()), ("kind", "tcp".into()), ("period", Value::Float(10.0))]),
                        ),
                    ]),
                ),
            ]),
        ),
    ])
}

/// The shortest of many rounds: what the machine can do when nothing else disturbs it.
fn measure(mut work: impl FnMut()) -> Duration {
    let rounds = 2000;
    (0..rounds)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .min()
        .unwrap_or_default()
}

fn main() {
    let text: String = MANIFEST.lines().cycle().take(LINES).flat_map(|line| [line, "\n"]).collect();
    let functions = functions();
    let mut set = Set::new("bench", functions).missing_key(MissingKey::Zero);
    set.parse("helpers", HELPERS).expect("helpers compile");
    set.parse("manifest", &text).expect("the manifest compiles");
    let data = data();
    let output = set.execute("manifest", data.clone(), &mut ()).expect("the manifest executes");
    println!("{LINES} lines, {} bytes in, {} bytes out", text.len(), output.len());

    // A set that has seen the text would not compile it again.
    let mut compile = || Set::new("bench", functions).parse("manifest", &text).expect("compiles");
    println!("compile  {:>8.1?}", measure(&mut compile));
    let mut execute = || drop(set.execute("manifest", data.clone(), &mut ()).expect("executes"));
    println!("execute  {:>8.1?}", measure(&mut execute));
    if std::env::args().any(|arg| arg == "--go") {
        go(&text);
    }
}

/// The same in Go.
fn go(text: &str) {
    let mut child = Command::new("go")
        .args(["run", "."])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/goref"))
        .stdin(Stdio::piped())
        .spawn()
        .expect("go is installed");
    let question = serde_json::json!({ "op": "bench", "in": { "text": text, "helpers": HELPERS } });
    let mut stdin = child.stdin.take().expect("piped");
    writeln!(stdin, "{question}").expect("goref reads");
    drop(stdin);
    child.wait().expect("goref ends");
}
