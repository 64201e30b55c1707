//! Regular expressions with the syntax, the matching order and the error texts of Go's `regexp`.

mod class;
mod parse;
mod replace;
mod search;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use search::Text;

use super::args::{Args, Chapter, Outcome, fail, func, nil_list, string};
use crate::gotemplate::Type::{Int, Str};
use crate::gotemplate::{FuncError, List, ListKind, Scope, Value, errtext, strconv};

pub(super) static FUNCTIONS: Chapter = &[
    ("mustRegexFind", func!([Str, Str], |_, a| find(&*compiled(a)?, a))),
    ("mustRegexFindAll", func!([Str, Str, Int], |scope, a| find_all(scope, &*compiled(a)?, a))),
    ("mustRegexMatch", func!([Str, Str], |_, a| Ok(is_match(&*compiled(a)?, a)?.into()))),
    ("mustRegexReplaceAll", func!([Str, Str, Str], |scope, a| replace_all(scope, &*compiled(a)?, a))),
    ("mustRegexReplaceAllLiteral", func!([Str, Str, Str], |scope, a| replace_all_literal(scope, &*compiled(a)?, a))),
    ("mustRegexSplit", func!([Str, Str, Int], |scope, a| split(scope, &*compiled(a)?, a))),
    ("regexFind", func!([Str, Str], |_, a| find(&*must_compile(a)?, a))),
    ("regexFindAll", func!([Str, Str, Int], |scope, a| find_all(scope, &*must_compile(a)?, a))),
    // The only function of the chapter that swallows a bad expression.
    (
        "regexMatch",
        func!([Str, Str], |_, a| match compiled(a) {
            Ok(regex) => Ok(is_match(&regex, a)?.into()),
            Err(_) => Ok(false.into()),
        }),
    ),
    ("regexQuoteMeta", func!([Str], |_, a| string(quote_meta(a.bytes(0))))),
    ("regexReplaceAll", func!([Str, Str, Str], |scope, a| replace_all(scope, &*must_compile(a)?, a))),
    ("regexReplaceAllLiteral", func!([Str, Str, Str], |scope, a| replace_all_literal(scope, &*must_compile(a)?, a))),
    ("regexSplit", func!([Str, Str, Int], |scope, a| split(scope, &*must_compile(a)?, a))),
];

/// A compiled expression.
#[derive(Debug)]
pub(super) struct Regex {
    engine: regex_automata::meta::Regex,
    /// The names of the groups, the whole match first; most have none.
    names: Vec<Option<String>>,
}

/// Memory that the program of one expression may take: beyond it lies only abuse.
const MAX_PROGRAM: usize = 32 << 20;

impl Regex {
    /// Compiles an expression.
    ///
    /// # Errors
    /// Go's text: "error parsing regexp: CAUSE: `PLACE`".
    pub(super) fn new(expression: &[u8]) -> Result<Self, String> {
        let parsed = parse::parse(expression).map_err(|error| format!("error parsing regexp: {error}"))?;
        // Automata built in advance cost more than the short texts of charts ever give back.
        let config = regex_automata::meta::Config::new().nfa_size_limit(Some(MAX_PROGRAM)).dfa(false).onepass(false);
        let engine = regex_automata::meta::Builder::new().configure(config).build_from_hir(&parsed.hir);
        // The syntax has been judged: only the size can be wrong.
        let too_large = |_| {
            let expression = errtext::text(expression);
            format!("error parsing regexp: expression too large: `{expression}`")
        };
        Ok(Self { engine: engine.map_err(too_large)?, names: parsed.names })
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
    static CACHE: RefCell<HashMap<Box<[u8]>, Rc<Regex>>> = RefCell::default();
}

/// How many expressions are kept: more are only made by expressions built from data.
const MAX_CACHED: usize = 512;

pub(in crate::sprig) fn compile(expression: &[u8]) -> Result<Rc<Regex>, String> {
    CACHE.with_borrow_mut(|cache| {
        if let Some(regex) = cache.get(expression) {
            return Ok(Rc::clone(regex));
        }
        let regex = Rc::new(Regex::new(expression)?);
        if cache.len() >= MAX_CACHED {
            cache.clear();
        }
        cache.insert(expression.into(), Rc::clone(&regex));
        Ok(regex)
    })
}

/// The expression that is the first argument.
fn compiled(args: &[Value]) -> Result<Rc<Regex>, FuncError> {
    compile(args.bytes(0)).or_else(fail)
}

/// As [`compiled`], with the text of Go's panic.
fn must_compile(args: &[Value]) -> Result<Rc<Regex>, FuncError> {
    let expression = args.bytes(0);
    compile(expression).or_else(|error| {
        let quoted = if strconv::can_backquote(expression) {
            format!("`{}`", errtext::text(expression))
        } else {
            strconv::quote(expression)
        };
        fail(format!("regexp: Compile({quoted}): {error}"))
    })
}

/// The text that is the second argument.
fn text(args: &[Value]) -> Text<'_> {
    Text::new(args.bytes(1))
}

fn is_match(regex: &Regex, args: &[Value]) -> Result<bool, FuncError> {
    let text = text(args);
    regex.check(text.searched())?;
    Ok(regex.is_match(text.searched()))
}

fn find(regex: &Regex, args: &[Value]) -> Outcome {
    let text = text(args);
    regex.check(text.searched())?;
    string(regex.find(text.searched()).map_or(b"".as_slice(), |range| text.slice(range)))
}

/// For how many matches Go makes room.
const FOUND: usize = 10;

/// Strings that were appended to an array for `capacity`.
fn in_array_for<'a>(capacity: usize, strings: impl IntoIterator<Item = &'a [u8]>) -> Value {
    let strings = strings.into_iter().map(Value::str).collect();
    Value::List(List::appended_within(ListKind::Str, capacity, strings).into())
}

fn find_all(scope: &mut dyn Scope, regex: &Regex, args: &[Value]) -> Outcome {
    let text = text(args);
    let found = regex.find_all(scope, text.searched(), args.int(2))?;
    Ok(if found.is_empty() {
        nil_list(ListKind::Str)
    } else {
        in_array_for(FOUND, found.into_iter().map(|range| text.slice(range)))
    })
}

fn replace_all(scope: &mut dyn Scope, regex: &Regex, args: &[Value]) -> Outcome {
    string(regex.replace_all(scope, &text(args), args.bytes(2), true)?)
}

fn replace_all_literal(scope: &mut dyn Scope, regex: &Regex, args: &[Value]) -> Outcome {
    string(regex.replace_all(scope, &text(args), args.bytes(2), false)?)
}

fn split(scope: &mut dyn Scope, regex: &Regex, args: &[Value]) -> Outcome {
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
