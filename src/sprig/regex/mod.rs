//! Regular expressions with the syntax, the matching order and the error texts of Go's `regexp`.

mod class;
mod parse;
mod replace;
mod runes;
mod search;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use runes::Program;
use search::Text;

use super::args::{Args, Chapter, Outcome, fail, func, nil_list, string};
use crate::gotemplate::Type::{Int, Str};
use crate::gotemplate::{FuncError, List, ListKind, Scope, Value, errtext, strconv};

pub(super) static FUNCTIONS: Chapter = &[
    ("mustRegexFind", func!([Str, Str], |scope, a| find(scope, a, compiled))),
    ("mustRegexFindAll", func!([Str, Str, Int], |scope, a| find_all(scope, a, compiled))),
    ("mustRegexMatch", func!([Str, Str], |scope, a| is_match(scope, a, compiled))),
    ("mustRegexReplaceAll", func!([Str, Str, Str], |scope, a| replace_all(scope, a, compiled))),
    ("mustRegexReplaceAllLiteral", func!([Str, Str, Str], |scope, a| replace_all_literal(scope, a, compiled))),
    ("mustRegexSplit", func!([Str, Str, Int], |scope, a| split(scope, a, compiled))),
    ("regexFind", func!([Str, Str], |scope, a| find(scope, a, must_compile))),
    ("regexFindAll", func!([Str, Str, Int], |scope, a| find_all(scope, a, must_compile))),
    // The only function of the chapter that swallows a bad expression.
    (
        "regexMatch",
        func!([Str, Str], |scope, a| match compile(a.bytes(0)) {
            Ok(regex) => {
                account(scope, &regex)?;
                Ok(regex.is_match(scope, text(a).searched())?.into())
            }
            Err(_) => Ok(false.into()),
        }),
    ),
    ("regexQuoteMeta", func!([Str], |_, a| string(quote_meta(a.bytes(0))))),
    ("regexReplaceAll", func!([Str, Str, Str], |scope, a| replace_all(scope, a, must_compile))),
    ("regexReplaceAllLiteral", func!([Str, Str, Str], |scope, a| replace_all_literal(scope, a, must_compile))),
    ("regexSplit", func!([Str, Str, Int], |scope, a| split(scope, a, must_compile))),
];

/// A compiled expression.
#[derive(Debug)]
pub(super) struct Regex {
    engine: Engine,
    /// The names of the groups, the whole match first; most have none.
    names: Vec<Option<String>>,
    /// How much memory it takes, about.
    memory: usize,
    /// Whether a template was told so.
    counted: Cell<bool>,
}

/// What looks for matches.
#[derive(Debug)]
enum Engine {
    /// Automata over bytes, which are the fastest.
    Bytes(Box<regex_automata::meta::Regex>),
    /// A machine over runes, which is made at once for expressions with many classes of many characters.
    Runes(Box<Program>),
}

/// Automata that would be larger take long to build: so many ranges of characters are a millisecond.
const MAX_STATES: u64 = 8000;

impl Regex {
    /// Compiles an expression, as large as Go takes it.
    ///
    /// # Errors
    /// Go's text: "error parsing regexp: CAUSE: `PLACE`".
    pub(super) fn new(expression: &[u8]) -> Result<Self, String> {
        Self::within(expression, MAX_STATES)
    }

    /// As [`Regex::new`], with automata of at most so many states.
    fn within(expression: &[u8], states: u64) -> Result<Self, String> {
        let parsed = parse::parse(expression).map_err(|error| format!("error parsing regexp: {error}"))?;
        let small = (parsed.states < states).then(|| {
            // Automata built in advance cost more than the short texts of charts ever give back.
            let config = regex_automata::meta::Config::new().dfa(false).onepass(false);
            regex_automata::meta::Builder::new().configure(config).build_from_hir(&parsed.hir).ok()
        });
        if let Some(engine) = small.flatten() {
            let memory = engine.memory_usage();
            return Ok(Self {
                engine: Engine::Bytes(Box::new(engine)),
                names: parsed.names,
                memory,
                counted: Cell::new(false),
            });
        }
        let program = Program::new(&parsed.hir).ok_or_else(|| {
            let expression = errtext::text(expression);
            format!("error parsing regexp: expression too large: `{expression}`")
        })?;
        // The classes were built one by one before they were shared.
        let memory = program.memory() + parsed.ranges as usize * 64;
        Ok(Self { engine: Engine::Runes(Box::new(program)), names: parsed.names, memory, counted: Cell::new(false) })
    }
}

/// An expression as the crate `regex` writes the same.
///
/// # Errors
/// As [`Regex::new`].
pub(in crate::sprig) fn canonical(expression: &[u8]) -> Result<String, String> {
    let parsed = parse::parse(expression).map_err(|error| format!("error parsing regexp: {error}"))?;
    Ok(parsed.hir.to_string())
}

thread_local! {
    /// Templates use few expressions, again and again.
    static CACHE: RefCell<Cache> = RefCell::default();
}

/// Compiled expressions, and how much memory they take.
#[derive(Default)]
struct Cache {
    known: HashMap<Box<[u8]>, Rc<Regex>>,
    memory: usize,
}

/// How many expressions are kept: more are only made by expressions built from data.
const MAX_CACHED: usize = 512;
/// How much memory they may take.
const MAX_MEMORY: usize = 32 << 20;

pub(in crate::sprig) fn compile(expression: &[u8]) -> Result<Rc<Regex>, String> {
    CACHE.with_borrow_mut(|cache| {
        if let Some(regex) = cache.known.get(expression) {
            return Ok(Rc::clone(regex));
        }
        let regex = Rc::new(Regex::new(expression)?);
        cache.memory += regex.memory;
        if cache.known.len() >= MAX_CACHED || cache.memory > MAX_MEMORY {
            cache.known.clear();
            cache.memory = regex.memory;
        }
        cache.known.insert(expression.into(), Rc::clone(&regex));
        Ok(regex)
    })
}

/// How the first argument becomes an expression.
type Compile = fn(&mut dyn Scope, &[Value]) -> Result<Rc<Regex>, FuncError>;

/// The expression that is the first argument.
fn compiled(scope: &mut dyn Scope, args: &[Value]) -> Result<Rc<Regex>, FuncError> {
    let regex = compile(args.bytes(0)).or_else(fail)?;
    account(scope, &regex)?;
    Ok(regex)
}

/// As [`compiled`], with the text of Go's panic.
fn must_compile(scope: &mut dyn Scope, args: &[Value]) -> Result<Rc<Regex>, FuncError> {
    let expression = args.bytes(0);
    let regex = compile(expression).or_else(|error| {
        let quoted = if strconv::can_backquote(expression) {
            format!("`{}`", errtext::text(expression))
        } else {
            strconv::quote(expression)
        };
        fail(format!("regexp: Compile({quoted}): {error}"))
    })?;
    account(scope, &regex)?;
    Ok(regex)
}

/// Accounts for what it took to compile a new expression.
fn account(scope: &mut dyn Scope, regex: &Regex) -> Result<(), FuncError> {
    if regex.counted.replace(true) { Ok(()) } else { scope.work(regex.memory) }
}

/// The text that is the second argument.
fn text(args: &[Value]) -> Text<'_> {
    Text::new(args.bytes(1))
}

fn is_match(scope: &mut dyn Scope, args: &[Value], compile: Compile) -> Outcome {
    let (regex, text) = (compile(scope, args)?, text(args));
    Ok(regex.is_match(scope, text.searched())?.into())
}

fn find(scope: &mut dyn Scope, args: &[Value], compile: Compile) -> Outcome {
    let (regex, text) = (compile(scope, args)?, text(args));
    string(regex.find(scope, text.searched())?.map_or(b"".as_slice(), |range| text.slice(range)))
}

/// For how many matches Go makes room.
const FOUND: usize = 10;

/// Strings that were appended to an array for `capacity`.
fn in_array_for<'a>(capacity: usize, strings: impl IntoIterator<Item = &'a [u8]>) -> Value {
    let strings = strings.into_iter().map(Value::str).collect();
    Value::List(List::appended_within(ListKind::Str, capacity, strings).into())
}

/// What the strings of a list take, besides their bytes.
const STRING: usize = 64;

fn find_all(scope: &mut dyn Scope, args: &[Value], compile: Compile) -> Outcome {
    let (regex, text) = (compile(scope, args)?, text(args));
    let found = regex.find_all(scope, text.searched(), args.int(2))?;
    scope.work(text.searched().len() + found.len() * STRING)?;
    Ok(if found.is_empty() {
        nil_list(ListKind::Str)
    } else {
        in_array_for(FOUND, found.into_iter().map(|range| text.slice(range)))
    })
}

fn replace_all(scope: &mut dyn Scope, args: &[Value], compile: Compile) -> Outcome {
    let regex = compile(scope, args)?;
    string(regex.replace_all(scope, &text(args), args.bytes(2), true)?)
}

fn replace_all_literal(scope: &mut dyn Scope, args: &[Value], compile: Compile) -> Outcome {
    let regex = compile(scope, args)?;
    string(regex.replace_all(scope, &text(args), args.bytes(2), false)?)
}

fn split(scope: &mut dyn Scope, args: &[Value], compile: Compile) -> Outcome {
    let regex = compile(scope, args)?;
    let (text, limit) = (text(args), args.int(2));
    let length = text.searched().len();
    if limit == 0 {
        return Ok(nil_list(ListKind::Str));
    }
    if args.bytes(1).is_empty() && !args.bytes(0).is_empty() {
        return Ok(Value::strings([""]));
    }
    let mut parts = Vec::new();
    let (mut begin, mut end) = (0, 0);
    let all = regex.find_all(scope, text.searched(), limit)?;
    let matches = all.len();
    scope.work(length + matches * STRING)?;
    for found in all {
        if limit > 0 && parts.len() as i64 == limit - 1 {
            break;
        }
        end = found.start;
        if found.end != 0 {
            parts.push(text.slice(begin..end));
        }
        begin = found.end;
    }
    if end != length {
        parts.push(text.slice(begin..length));
    }
    Ok(in_array_for(matches, parts))
}

/// The text with every character escaped that means something in an expression.
fn quote_meta(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 8);
    for &byte in text {
        if br"\.+*?()|[]{}^$".contains(&byte) {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Engine, Regex};
    use crate::gotemplate::{FuncError, GoStr, Scope, StringError, Value};

    /// A search without templates.
    struct NoLimits;

    impl Scope for NoLimits {
        fn execute(&mut self, _: &[u8], _: Value) -> Result<GoStr, FuncError> {
            unreachable!()
        }

        fn execute_string(&mut self, _: &GoStr, _: Value) -> Result<GoStr, StringError> {
            unreachable!()
        }

        fn host(&mut self) -> &mut dyn std::any::Any {
            unreachable!()
        }

        fn work(&mut self, _: usize) -> Result<(), FuncError> {
            Ok(())
        }
    }

    const EXPRESSIONS: &[&str] = &[
        "a",
        "",
        "abc|ab|a",
        "(a|ab)(c|bcd)(d*)",
        "a*",
        "a*?",
        "(a*)*",
        "(a*)+",
        "(|a)*",
        "(|a)+",
        "(a|)+?",
        "(a?)*?b",
        "x*y",
        "^",
        "$",
        "^$",
        "(?m)^",
        "(?m)$",
        "(?m)^.*$",
        r"\b",
        r"\B",
        r"\bfoo\b",
        "[^a]",
        "[a-c]+",
        r"\d{2,3}",
        r"\d{2,3}?",
        "(a{2}){3}",
        "(?:ab){0,2}c",
        "a{0}",
        "(a){0}b",
        "(?i)straße",
        r"\pL+",
        r"[\pL\pN]{1,3}",
        r"\PL",
        "(?s).",
        ".",
        "é|日",
        "((a)|(b))*",
        "(a)|b",
        "(?P<x>a+)(?P<y>b+)?",
        "(?U)a+",
        "[[:alpha:]]+",
        "a{,2}",
        "z|",
        "(^a|b)",
        "(a|b$)",
        "((a*)(b*))*",
        "(a+|b)*c?",
        "(?i)[k-z]+",
        r"((?:\pL)*?){2,}(?:\b){1,3}",
    ];
    const TEXTS: &[&str] = &[
        "",
        "a",
        "ab",
        "abcd",
        "aaa",
        "baaac",
        "foo bar\nfoo",
        "x 12345 y",
        "éa日b",
        "STRASSE straße ſK",
        "ababc",
        "\n\n",
        "zabz",
        "baéxé1b ",
    ];

    /// Everything that both kinds find of an expression, groups included.
    fn found(expression: &str, states: u64, text: &str) -> Vec<Vec<Option<std::ops::Range<usize>>>> {
        let regex = Regex::within(expression.as_bytes(), states).unwrap();
        assert_eq!(matches!(regex.engine, Engine::Runes(_)), states == 0, "{expression}");
        let mut search = regex.search();
        let mut all = Vec::new();
        for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
            let first = search.next(&mut NoLimits, text, at).unwrap();
            all.push(vec![first]);
            all.push((0..regex.names.len()).map(|group| search.group(group)).collect());
        }
        assert_eq!(regex.is_match(&mut NoLimits, text), Ok(all[0][0].is_some()));
        assert_eq!(regex.find(&mut NoLimits, text), Ok(all[0][0].clone()));
        all
    }

    #[test]
    fn both_engines_find_the_same() {
        for expression in EXPRESSIONS {
            for text in TEXTS {
                assert_eq!(found(expression, 0, text), found(expression, u64::MAX, text), "{expression:?} {text:?}");
            }
        }
    }

    #[test]
    fn what_is_large_for_automata_is_compiled_at_once() {
        let began = std::time::Instant::now();
        for expression in [r"\pL{1000}", r"(?i)[\pL\pN\pM]{1,1000}", r"(\PL{1,100}){1,10}", r"^(\pL{1,100}){1,10}$"] {
            let regex = Regex::new(expression.as_bytes()).unwrap();
            assert!(matches!(regex.engine, Engine::Runes(_)));
            assert_eq!(
                regex.is_match(&mut NoLimits, "é-"),
                Ok(expression.contains("PL") || expression.contains("(?i)"))
            );
        }
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    }

    #[test]
    fn the_limits_are_those_of_go() {
        let large = format!("({}){{1000}}", "a".repeat(4000));
        let error = format!("error parsing regexp: expression too large: `{large}`");
        assert_eq!(Regex::new(large.as_bytes()).map(drop), Err(error));
        assert!(Regex::new(format!("({}){{1000}}", "a".repeat(3000)).as_bytes()).is_ok());
    }
}
