//! What Go itself answers, by the program in `goref`, and a random source for generated questions.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use vulas_native::gotemplate::{IntKind, ListKind, MapKind, UintKind, Value};

/// A running `goref`.
pub struct Go {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Go {
    /// Builds and starts the program.
    pub fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/goref");
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("goref-{}", std::process::id()));
        let built = Command::new("go").arg("build").arg("-o").arg(&program).arg(".").current_dir(folder).status();
        assert!(built.expect("go is installed").success(), "goref does not build");
        let mut child =
            Command::new(&program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("goref starts");
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::fs::remove_file(program).unwrap();
        Self { child, stdin, stdout }
    }

    /// Asks one question.
    pub fn ask(&mut self, question: &Json) -> Json {
        self.stdin.write_all(format!("{question}\n").as_bytes()).unwrap();
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{question}: {error}"))
    }
}

impl Drop for Go {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Bytes in the form Go's JSON has for them.
pub fn encode_bytes(bytes: &[u8]) -> Json {
    json!(STANDARD.encode(bytes))
}

/// The bytes of an answer; null is empty.
pub fn decode_bytes(json: &Json) -> Vec<u8> {
    json.as_str().map(|s| STANDARD.decode(s).unwrap()).unwrap_or_default()
}

/// A value in the form that `goref` reads, with its exact Go type.
pub fn encode(value: &Value) -> Json {
    let all = |items: &[Value]| items.iter().map(encode).collect::<Vec<_>>();
    match value {
        Value::Nil => Json::Null,
        Value::Bool(b) => json!(b),
        Value::Int(i, kind) => {
            let name = match kind {
                IntKind::Int => "int",
                IntKind::Int8 => "int8",
                IntKind::Int64 => "int64",
                IntKind::Duration => "duration",
                _ => "int32",
            };
            json!({ name: i.to_string() })
        }
        Value::Uint(u, kind) => {
            let name = match kind {
                UintKind::Uint => "uint",
                UintKind::Uint8 => "uint8",
                _ => "uint64",
            };
            json!({ name: u.to_string() })
        }
        Value::Float(f) => json!({ "float": format!("{f:?}") }),
        Value::Complex(c) => json!({ "complex": format!("{:?}", c.0) }),
        Value::Str(s) => match std::str::from_utf8(s.as_bytes()) {
            Ok(s) => json!(s),
            Err(_) => json!({ "str": encode_bytes(s.as_bytes()) }),
        },
        Value::Bytes(b) => json!({ "bytes": encode_bytes(b) }),
        Value::List(l) if l.nil => json!({ "nillist": null }),
        Value::List(l) => match l.kind {
            ListKind::Str => json!({ "strs": all(&l.items) }),
            ListKind::Int => {
                let ints: Vec<i64> = l.items.iter().map(|v| if let Value::Int(i, _) = v { *i } else { 0 }).collect();
                json!({ "ints": ints })
            }
            ListKind::ListOfAny => json!({ "lists": all(&l.items) }),
            ListKind::MapOfAny => json!({ "maps": all(&l.items) }),
            _ => json!(all(&l.items)),
        },
        Value::Map(m) if m.nil => json!({ "nilmap": null }),
        Value::Map(m) => {
            let entries: serde_json::Map<String, Json> =
                m.borrow().iter().map(|(k, v)| (k.to_str().into_owned(), encode(v))).collect();
            json!({ if m.kind == MapKind::Str { "strmap" } else { "map" }: entries })
        }
        Value::Object(_) => panic!("objects have no JSON form"),
    }
}

/// A small random source with a fixed seed (xorshift), so that a failure can be repeated.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// One of the items.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// Collects differences, and fails with the first of them.
#[derive(Default)]
pub struct Differences {
    asked: usize,
    found: Vec<String>,
}

impl Differences {
    pub fn compare<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, go: &T, ours: &T) {
        self.asked += 1;
        if go != ours {
            self.found.push(format!("{what}\n     go: {go:?}\n   ours: {ours:?}"));
        }
    }

    pub fn finish(self) {
        eprintln!("{} answers compared with Go's", self.asked);
        let shown = self.found.iter().take(25).map(String::as_str).collect::<Vec<_>>().join("\n");
        assert!(self.found.is_empty(), "{} of {} differ:\n{shown}", self.found.len(), self.asked);
    }
}
