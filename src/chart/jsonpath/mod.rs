//! The JSONPath templates of `kubectl -o jsonpath` and `helm show values --jsonpath`: text with expressions in braces, such as
//! `{.image.tag}`, `{.list[0:2]}`, `{.list[?(@.price<10)].name}`, `{..name}`, `{range .list[*]}{.name}{"\n"}{end}`.
//!
//! Reference: `k8s.io/client-go/util/jsonpath`.

mod parse;

use std::cmp::Ordering;

use crate::gotemplate::{Value, fmt};
use crate::goyaml;

/// Fills in a template. Maps are walked by their keys in order.
///
/// As in Helm, a template that asks for what is not there gives nothing at all.
///
/// ```
/// use vulas_native::{chart::jsonpath, gotemplate::Value};
///
/// let values = Value::map([("image", Value::map([("tag", "1.2".into())]))]);
/// assert_eq!(jsonpath::apply("tag={.image.tag}", &values), Ok("tag=1.2".to_string()));
/// assert_eq!(jsonpath::apply("tag={.picture.tag}", &values), Ok(String::new()));
/// ```
///
/// # Errors
/// The template is not understood.
pub fn apply(template: &str, data: &Value) -> Result<String, String> {
    let parts = parse::template(template)?;
    let found = Search { parts: &parts, ..Search::default() }.parts(0, data);
    let shown = found.unwrap_or_default().into_iter().map(|results| {
        let results: Vec<String> = results.iter().map(show).collect();
        results.join(" ")
    });
    Ok(shown.collect())
}

/// A part of a template.
enum Part {
    Text(String),
    /// What stands in braces: each step starts from what the one before it found.
    Steps(Vec<Node>),
}

enum Node {
    Field(String),
    Slice(Slice),
    Filter(Box<Filter>),
    Union(Vec<Vec<Node>>),
    Wildcard,
    Recursive,
    /// `range` and `end`.
    Word(String),
    Text(String),
    Int(i64),
    Float(f64),
    Bool(bool),
}

/// `[from:to:step]`
#[derive(Clone, Copy)]
struct Slice {
    from: Option<i64>,
    to: Option<i64>,
    /// An index alone: `to` was made of `from`.
    single: bool,
    step: Option<i64>,
}

/// `[?(left)]` or `[?(left OPERATOR right)]`
struct Filter {
    left: Vec<Node>,
    compare: Option<Compare>,
}

struct Compare {
    operator: String,
    right: Vec<Node>,
}

/// What is not there or cannot be compared. Helm tells nobody, so there is no text.
struct NotFound;

/// What a step found; what it stopped at comes along, since a filter that asks whether something exists looks at it.
type Found = Result<Vec<Value>, (NotFound, Vec<Value>)>;

/// A run through a template.
#[derive(Default)]
struct Search<'a> {
    parts: &'a [Part],
    /// Ranges that were opened and not yet entered.
    opened: usize,
    /// Ranges that are being run through.
    inside: usize,
    /// Ends that were met and not yet heeded.
    ended: usize,
    /// Where the last heeded end was.
    last_end: Option<usize>,
}

impl Search<'_> {
    /// The results of the parts from one on, up to the end of the range they are in.
    fn parts(&mut self, first: usize, data: &Value) -> Result<Vec<Vec<Value>>, NotFound> {
        let parts = self.parts;
        let mut all = Vec::new();
        let mut at = first;
        while let Some(part) = parts.get(at) {
            let results = match part {
                Part::Text(text) => vec![text.as_str().into()],
                Part::Steps(nodes) => self.steps(nodes, vec![data.clone()]).map_err(|(e, _)| e)?,
            };
            if self.ended > 0 && self.ended <= self.inside {
                self.ended -= 1;
                self.last_end = Some(at);
                break;
            }
            if self.opened > 0 {
                self.opened -= 1;
                self.inside += 1;
                for value in &results {
                    all.extend(self.parts(at + 1, value)?);
                }
                if results.is_empty() {
                    // The end of the range must be found all the same.
                    self.parts(at + 1, &Value::Nil)?;
                }
                self.inside -= 1;
                at = self.last_end.filter(|end| *end > at).unwrap_or(at);
            } else {
                all.push(results);
            }
            at += 1;
        }
        Ok(all)
    }

    fn steps(&mut self, nodes: &[Node], mut current: Vec<Value>) -> Found {
        for node in nodes {
            current = self.step(node, current)?;
        }
        Ok(current)
    }

    fn step(&mut self, node: &Node, input: Vec<Value>) -> Found {
        let constant = |value: &Value| Ok(input.iter().map(|_| value.clone()).collect());
        match node {
            Node::Field(name) => field(&input, name),
            Node::Slice(slice) => self::slice(input, *slice),
            Node::Filter(filter) => self.filter(input, filter),
            Node::Union(lists) => {
                let mut all = Vec::new();
                for list in lists {
                    all.extend(self.steps(list, input.clone()).map_err(|(e, _)| (e, input.clone()))?);
                }
                Ok(all)
            }
            Node::Wildcard => Ok(input.iter().flat_map(children).collect()),
            Node::Recursive => {
                let mut all = Vec::new();
                descend(input, &mut all);
                Ok(all)
            }
            Node::Word(word) if word == "range" => {
                self.opened += 1;
                Ok(input)
            }
            Node::Word(word) if word == "end" && self.inside > 0 => {
                self.ended += 1;
                Ok(Vec::new())
            }
            Node::Word(_) => Err((NotFound, input)),
            Node::Text(text) => Ok(vec![text.as_str().into()]),
            Node::Int(int) => constant(&Value::int(*int)),
            Node::Float(float) => constant(&Value::Float(*float)),
            Node::Bool(bool) => constant(&Value::Bool(*bool)),
        }
    }

    fn filter(&mut self, input: Vec<Value>, filter: &Filter) -> Found {
        let mut kept = Vec::new();
        for value in &input {
            let Some(items) = value.as_list() else { return Err((NotFound, input)) };
            for item in items {
                let left = self.steps(&filter.left, vec![item.clone()]);
                let Some(compare) = &filter.compare else {
                    if !left.unwrap_or_else(|(_, rest)| rest).is_empty() {
                        kept.push(item.clone());
                    }
                    continue;
                };
                let Ok(left) = left else { return Err((NotFound, input)) };
                if left.is_empty() {
                    continue;
                }
                let Ok(right) = self.steps(&compare.right, vec![item.clone()]) else { return Err((NotFound, input)) };
                match (left.as_slice(), right.as_slice()) {
                    (_, []) => {}
                    ([left], [right]) => match passes(&compare.operator, left, right) {
                        Some(true) => kept.push(item.clone()),
                        Some(false) => {}
                        None => return Err((NotFound, kept)),
                    },
                    _ => return Err((NotFound, input)),
                }
            }
        }
        Ok(kept)
    }
}

fn field(input: &[Value], name: &str) -> Found {
    let found: Vec<Value> = input.iter().filter_map(|value| value.as_map()?.get(name)).collect();
    if found.is_empty() && !input.is_empty() { Err((NotFound, found)) } else { Ok(found) }
}

fn slice(input: Vec<Value>, slice: Slice) -> Found {
    let mut found = Vec::new();
    for value in &input {
        if value.is_nil() {
            continue;
        }
        let Some(items) = value.as_list() else { return Err((NotFound, input)) };
        let length = items.len() as i64;
        let from = slice.from.unwrap_or(0);
        let from = if from < 0 { from.saturating_add(length) } else { from };
        let to = slice.to.unwrap_or(length);
        let to = if to < 0 || (to == 0 && slice.single) { to.saturating_add(length) } else { to };
        if from == to {
            // Nothing is asked for, wherever it would be; later lists are not looked at.
            return Ok(found);
        }
        let range = usize::try_from(from).ok().zip(usize::try_from(to).ok());
        let Some(part) = range.and_then(|(from, to)| items.get(from..to)) else { return Err((NotFound, input)) };
        let Ok(step) = usize::try_from(slice.step.unwrap_or(1)) else { return Err((NotFound, input)) };
        if step == 0 {
            return Err((NotFound, input));
        }
        found.extend(part.iter().step_by(step).cloned());
    }
    Ok(found)
}

/// What is directly in a value; of a string its bytes.
fn children(value: &Value) -> Vec<Value> {
    if let Some(map) = value.as_map() {
        return map.borrow().values().cloned().collect();
    }
    if let Some(items) = value.as_list() {
        return items.to_vec();
    }
    value.as_str().map(|s| s.as_bytes().iter().map(|byte| Value::int(i64::from(*byte))).collect()).unwrap_or_default()
}

/// Adds the values that hold others, from the outside to the inside.
fn descend(input: Vec<Value>, all: &mut Vec<Value>) {
    let mut waiting = input;
    waiting.reverse();
    while let Some(value) = waiting.pop() {
        let mut inner = children(&value);
        if !inner.is_empty() {
            all.push(value);
            inner.reverse();
            waiting.append(&mut inner);
        }
    }
}

/// Compares as Go's templates do, without mixing integers and floats; `None` for what cannot be compared.
fn passes(operator: &str, left: &Value, right: &Value) -> Option<bool> {
    if matches!(operator, "==" | "!=")
        && let (Value::Bool(a), Value::Bool(b)) = (left, right)
    {
        return Some((a == b) == (operator == "=="));
    }
    let order = match (left, right) {
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Int(a, _), Value::Int(b, _)) => Some(a.cmp(b)),
        (a, b) => Some(a.as_str()?.as_bytes().cmp(b.as_str()?.as_bytes())),
    };
    // Go makes one comparison of the other, which shows with NaN.
    let (less, equal) = (order == Some(Ordering::Less), order == Some(Ordering::Equal));
    match operator {
        "==" => Some(equal),
        "!=" => Some(!equal),
        "<" => Some(less),
        "<=" => Some(less || equal),
        ">" => Some(!less && !equal),
        ">=" => Some(!less),
        _ => None,
    }
}

/// Lists and maps as JSON, everything else as Go prints it.
fn show(value: &Value) -> String {
    match value {
        Value::Nil => "null".into(),
        Value::Map(_) | Value::List(_) => {
            String::from_utf8_lossy(&goyaml::to_json(value, true).unwrap_or_default()).into_owned()
        }
        other => fmt::to_string(other),
    }
}
