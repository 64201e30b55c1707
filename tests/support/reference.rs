//! The program that answers with Go's own libraries.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::SystemTime;

use base64::Engine as _;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

/// What Go says.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A result.
    Ok(Json),
    /// The text of an error.
    Error(Vec<u8>),
    /// The text of a panic.
    Panic(Vec<u8>),
}

/// The running program.
pub struct Reference {
    binary: PathBuf,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

/// Where programs that are built for tests are kept.
pub fn binaries() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").expect("HOME is not set")).join(".cache"),
        PathBuf::from,
    );
    cache.join("vulas-native/bin")
}

fn go_env(name: &str) -> String {
    let out = Command::new("go").args(["env", name]).output();
    let out = out.expect("go is not installed: the reference tests need Go 1.26 or later");
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

/// Where Go keeps the sources of modules.
pub fn module_cache() -> PathBuf {
    go_env("GOMODCACHE").into()
}

/// Where Go itself is.
pub fn go_root() -> PathBuf {
    go_env("GOROOT").into()
}

/// The program's sources.
fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/goref")
}

/// How many programs of other sources are kept, for other checkouts.
const KEPT: usize = 3;

/// Builds the program if need be and starts it.
///
/// # Panics
/// If Go is missing or the build fails: a test that asks for the reference can't do without it.
pub fn reference() -> Reference {
    let binary = binaries().join(format!("goref-{}", fingerprint()));
    if binary.exists() {
        // For those who tidy up: it is in use.
        let _ = File::open(&binary).and_then(|file| file.set_modified(SystemTime::now()));
    } else {
        build(&binary);
        tidy();
    }
    start(binary)
}

/// What the program is built of: its sources, and Go.
fn fingerprint() -> String {
    let mut hash = Sha256::new().chain_update(go_env("GOVERSION"));
    let mut files: Vec<PathBuf> = fs::read_dir(sources()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        hash.update(file.file_name().unwrap().as_encoded_bytes());
        hash.update(fs::read(&file).unwrap());
    }
    format!("{:016x}", u64::from_be_bytes(hash.finalize()[..8].try_into().unwrap()))
}

/// Builds the program in a directory of its own first, since other tests may do the same.
fn build(binary: &Path) {
    fs::create_dir_all(binaries()).unwrap();
    let directory = tempfile::tempdir_in(binaries()).unwrap();
    let fresh = directory.path().join("goref");
    let built = Command::new("go")
        .args(["build", "-buildvcs=false", "-o"])
        .arg(&fresh)
        .arg(".")
        .current_dir(sources())
        .status()
        .unwrap();
    assert!(built.success(), "go build failed in {}", sources().display());
    fs::rename(fresh, binary).unwrap();
}

/// Deletes the programs that were not used for the longest time.
fn tidy() {
    let mut programs: Vec<(SystemTime, PathBuf)> = fs::read_dir(binaries())
        .unwrap()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let ours = entry.file_name().to_str()?.starts_with("goref");
            Some((entry.metadata().ok()?.modified().ok()?, entry.path())).filter(|_| ours)
        })
        .collect();
    programs.sort();
    programs.reverse();
    for (_, program) in programs.iter().skip(1 + KEPT) {
        // A program that runs goes on.
        let _ = fs::remove_file(program);
    }
}

fn start(binary: PathBuf) -> Reference {
    let mut child = Command::new(&binary)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // What Go says when it ends.
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let stdin = child.stdin.take();
    let stdout = BufReader::with_capacity(1 << 20, child.stdout.take().unwrap());
    Reference { binary, child, stdin, stdout }
}

impl Reference {
    /// Asks for one result.
    pub fn ask(&mut self, op: &str, input: Json) -> Answer {
        self.ask_all(op, std::slice::from_ref(&input)).remove(0)
    }

    /// Asks for many results of one operation.
    pub fn ask_all(&mut self, op: &str, inputs: &[Json]) -> Vec<Answer> {
        let Self { stdin, stdout, .. } = self;
        let stdin = stdin.as_mut().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for input in inputs {
                    let mut line = serde_json::to_vec(&json!({"op": op, "in": input})).unwrap();
                    line.push(b'\n');
                    if stdin.write_all(&line).is_err() {
                        // It has ended; who reads the answers says at which.
                        return;
                    }
                }
                stdin.flush().unwrap();
            });
            inputs.iter().map(|input| read(stdout).unwrap_or_else(|| panic!("goref ended at {op} {input}"))).collect()
        })
    }

    /// Asks for one result that may end the program, which is started anew then.
    pub fn survive(&mut self, op: &str, input: Json) -> Option<Answer> {
        // An answer comes only after all of the question was read; a program that has ended takes none.
        let line = format!("{}\n", json!({"op": op, "in": input}));
        let written = self.stdin.as_mut().unwrap().write_all(line.as_bytes());
        let answer = written.ok().and_then(|()| read(&mut self.stdout));
        if answer.is_none() {
            *self = start(self.binary.clone());
        }
        answer
    }
}

/// Reads an answer, if there is one.
fn read(stdout: &mut BufReader<ChildStdout>) -> Option<Answer> {
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let mut reply: Json = if line.is_empty() { return None } else { serde_json::from_str(&line).unwrap() };
    let text = |key: &str| unbase64(reply[key].as_str().unwrap());
    Some(if reply.get("error").is_some() {
        Answer::Error(text("error"))
    } else if reply.get("panic").is_some() {
        Answer::Panic(text("panic"))
    } else {
        Answer::Ok(reply["ok"].take())
    })
}

impl Drop for Reference {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// Bytes for the wire.
pub fn base64(bytes: impl AsRef<[u8]>) -> Json {
    base64::engine::general_purpose::STANDARD.encode(bytes).into()
}

/// Bytes from the wire.
pub fn unbase64(text: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}
