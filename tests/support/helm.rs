//! Whole commands: the cases of `fixtures/cases.txt`, how they are run and what of the output is compared.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The Helm whose behaviour is reproduced.
pub const HELM_VERSION: &str = "v4.2.4";

/// A command.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it is called; the golden file has this name.
    pub name: String,
    /// Its arguments.
    pub args: Vec<String>,
}

/// What a command did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// The root of the repository, where the commands run.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The cases of `fixtures/cases.txt`.
pub fn cases() -> Vec<Case> {
    let path = root().join("fixtures/cases.txt");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, command) = line.split_once(": ").unwrap_or_else(|| panic!("not NAME: COMMAND: {line}"));
            Case { name: name.into(), args: words(command) }
        })
        .collect()
}

/// Splits at spaces; single quotes keep a word together.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for c in command.chars() {
        match c {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// Runs a program with nothing of the user's settings around it. The arguments may begin with `< FILE`, its standard input.
pub fn run(program: &Path, args: &[String], directory: &Path) -> Outcome {
    run_with(program, args, directory, &[])
}

/// [`run`] with variables of the environment.
pub fn run_with(program: &Path, args: &[String], directory: &Path, environment: &[(&str, &str)]) -> Outcome {
    let (input, args) = match args {
        [sign, file, rest @ ..] if sign == "<" => (std::fs::File::open(directory.join(file)).unwrap().into(), rest),
        args => (Stdio::null(), args),
    };
    let output = Command::new(program)
        .args(args)
        .current_dir(directory)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("XDG_CACHE_HOME", "/nonexistent")
        .envs(environment.iter().copied())
        .stdin(input)
        .output()
        .unwrap_or_else(|e| panic!("{}: {e}", program.display()));
    let text = |bytes: &[u8]| escaped(bytes).replace(&*directory.to_string_lossy(), "$ROOT");
    normalise(Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    })
}

/// Output as text: a byte that is not UTF-8 as `\xfe`.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().flat_map(|byte| byte.escape_ascii()).map(char::from));
    }
    text
}

/// Our own program.
pub fn ours() -> PathBuf {
    env!("CARGO_BIN_EXE_vulas-native").into()
}

/// Go walks through maps in random order: log lines come in any order, and so do the failures of a schema.
fn normalise(mut outcome: Outcome) -> Outcome {
    const SCHEMA: &str = "don't meet the specifications";
    let (mut log, mut rest): (Vec<&str>, Vec<&str>) =
        outcome.stderr.split_inclusive('\n').partition(|line| line.starts_with("level="));
    log.sort_unstable();
    if outcome.stderr.contains(SCHEMA) {
        rest.sort_unstable();
    }
    outcome.stderr = log.concat() + &rest.concat();
    if outcome.stdout.contains(SCHEMA) {
        let mut lines: Vec<&str> = outcome.stdout.split_inclusive('\n').collect();
        lines.sort_unstable();
        outcome.stdout = lines.concat();
    }
    outcome
}

/// The real Helm.
///
/// # Panics
/// There is none, or it has another version.
pub fn helm() -> PathBuf {
    let cached = super::reference::binaries().join("helm");
    let program = match std::env::var_os("VULAS_HELM") {
        Some(path) => path.into(),
        None if cached.exists() => cached,
        None => PathBuf::from("helm"),
    };
    let output = Command::new(&program).args(["version", "--short"]).output();
    let output = output.unwrap_or_else(|e| {
        panic!("{}: {e}; install it with: go install helm.sh/helm/v4/cmd/helm@{HELM_VERSION}", program.display())
    });
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(version.starts_with(HELM_VERSION), "{} is {version}, not {HELM_VERSION}", program.display());
    program
}

/// Where the recorded result of a case is.
pub fn golden(case: &Case) -> PathBuf {
    root().join("fixtures/golden").join(format!("{}.txt", case.name))
}

impl Outcome {
    /// The form of golden files.
    pub fn to_text(&self) -> String {
        format!("exit {}\n--- stdout\n{}--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

/// The first lines in which two texts differ, for people.
pub fn difference(expected: &str, found: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), found.lines().collect());
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let show = |lines: &[&str]| lines.get(same).map_or("<end>".to_string(), |line| line.chars().take(300).collect());
    format!("  line {}\n    helm: {}\n    ours: {}", same + 1, show(&a), show(&b))
}
