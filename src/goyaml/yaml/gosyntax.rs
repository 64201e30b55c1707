//! Nodes as Go's `%#v` prints what yaml.v2 decodes them to. Only error messages need it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::super::{Error, number};
use super::decode::{decode_binary, scalar_meaning};
use super::resolve::{Meaning, TAG_PREFIX};
use super::tree::{Content, NodeId, Tree};
use crate::gotemplate::strconv;

/// A key of a Go map. `fmt` sorts by type first; the order of the types is that of the Helm binary.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Nil,
    Str(Vec<u8>),
    Uint(u64),
    Int(i64),
    Float(Number),
    Bool(bool),
}

/// A number as `fmt` sorts them: NaN before all others.
struct Number(f64);

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.is_nan().cmp(&self.0.is_nan()).then(self.0.total_cmp(&other.0))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

/// How much stack one level of nesting may take, and how much is added when there is less.
const RED_ZONE: usize = 64 * 1024;
const STACK: usize = 1024 * 1024;

/// The printer.
pub struct GoSyntax<'t, 'a> {
    tree: &'t Tree<'a>,
    /// In strict mode the first of several equal keys counts.
    strict: bool,
    following: Vec<NodeId>,
}

impl<'t, 'a> GoSyntax<'t, 'a> {
    /// A printer of nodes of the document, all of which have been decoded without error.
    pub fn new(tree: &'t Tree<'a>, strict: bool) -> Self {
        Self { tree, strict, following: Vec::new() }
    }

    /// Type and value of a scalar key.
    pub fn key(&self, id: NodeId) -> (&'static str, String) {
        describe(&self.scalar_key(id))
    }

    /// The error of a key that JSON has no form for, if there is one in the value.
    pub fn unsupported_key(&mut self, id: NodeId) -> Option<Error> {
        let children: Vec<NodeId> = match self.tree.node(self.target(id)).content {
            Content::Sequence(first) => self.tree.siblings(first).collect(),
            Content::Mapping(_) => {
                let mut entries = BTreeMap::new();
                self.mapping(self.target(id), &mut entries);
                let bad = entries.iter().find(|(key, _)| matches!(key, Key::Nil | Key::Uint(_)));
                if let Some((key, value)) = bad {
                    let (ty, key) = describe(key);
                    let value = self.top(*value);
                    return Some(Error::new(format!("unsupported map key of type: {ty}, key: {key}, value: {value}")));
                }
                entries.into_values().collect()
            }
            _ => return None,
        };
        children.into_iter().find_map(|child| stacker::maybe_grow(RED_ZONE, STACK, || self.unsupported_key(child)))
    }

    /// A value that is printed by itself.
    pub fn top(&mut self, id: NodeId) -> String {
        let text = self.value(id);
        if text == "interface {}(nil)" { "<nil>".into() } else { text }
    }

    fn value(&mut self, id: NodeId) -> String {
        match &self.tree.node(id).content {
            Content::Scalar { .. } => match self.scalar_key(id) {
                Key::Nil => "interface {}(nil)".into(),
                key => print_key(&key),
            },
            Content::Alias(_, anchor) => {
                if self.following.contains(&id) {
                    return String::new();
                }
                self.following.push(id);
                let text = self.value(*anchor);
                self.following.pop();
                text
            }
            Content::Sequence(first) => {
                let items: Vec<NodeId> = self.tree.siblings(*first).collect();
                let items: Vec<String> = items.into_iter().map(|id| self.nested(id)).collect();
                format!("[]interface {{}}{{{}}}", items.join(", "))
            }
            Content::Mapping(_) => {
                let mut entries = BTreeMap::new();
                self.mapping(id, &mut entries);
                let entries: Vec<String> =
                    entries.into_iter().map(|(k, v)| format!("{}:{}", print_key(&k), self.nested(v))).collect();
                format!("map[interface {{}}]interface {{}}{{{}}}", entries.join(", "))
            }
        }
    }

    fn nested(&mut self, id: NodeId) -> String {
        stacker::maybe_grow(RED_ZONE, STACK, || self.value(id))
    }

    fn mapping(&self, id: NodeId, out: &mut BTreeMap<Key, NodeId>) {
        let Content::Mapping(first) = self.tree.node(id).content else { return };
        let mut children = self.tree.siblings(first);
        while let (Some(key), Some(value)) = (children.next(), children.next()) {
            let merge = matches!(&self.tree.node(key).content, Content::Scalar { text, tag, implicit }
                if &text[..] == b"<<" && (*implicit || tag.strip_prefix(TAG_PREFIX) == Some(b"merge")));
            if !merge {
                let key = self.scalar_key(key);
                if !(self.strict && out.contains_key(&key)) {
                    out.insert(key, value);
                }
                continue;
            }
            match self.tree.node(value).content {
                Content::Sequence(first) => {
                    let items: Vec<NodeId> = self.tree.siblings(first).collect();
                    items.into_iter().rev().for_each(|item| self.mapping(self.target(item), out));
                }
                _ => self.mapping(self.target(value), out),
            }
        }
    }

    /// The node behind aliases.
    fn target(&self, id: NodeId) -> NodeId {
        match self.tree.node(id).content {
            Content::Alias(_, anchor) => self.target(anchor),
            _ => id,
        }
    }

    fn scalar_key(&self, id: NodeId) -> Key {
        let Content::Scalar { text, tag, implicit } = &self.tree.node(self.target(id)).content else {
            return Key::Nil;
        };
        match scalar_meaning(text, tag, *implicit) {
            Ok(Meaning::Null) | Err(_) => Key::Nil,
            Ok(Meaning::Bool(b)) => Key::Bool(b),
            Ok(Meaning::Int(n)) => Key::Int(n),
            Ok(Meaning::Uint(n)) => Key::Uint(n),
            Ok(Meaning::Float(f)) => Key::Float(Number(f)),
            Ok(Meaning::Binary) => Key::Str(decode_binary(text).unwrap_or_default()),
            Ok(Meaning::Str | Meaning::Timestamp) => Key::Str(text.to_vec()),
        }
    }
}

/// Type and value of a key. The type is what `%s` makes of it.
fn describe(key: &Key) -> (&'static str, String) {
    let ty = match key {
        Key::Nil => return ("%!s(<nil>)", "<nil>".into()),
        Key::Bool(_) => "bool",
        Key::Int(_) => "int",
        Key::Uint(_) => "uint64",
        Key::Float(_) => "float64",
        Key::Str(_) => "string",
    };
    (ty, print_key(key))
}

fn print_key(key: &Key) -> String {
    match key {
        Key::Nil => "interface {}(nil)".into(),
        Key::Bool(b) => b.to_string(),
        Key::Int(n) => n.to_string(),
        Key::Uint(n) => format!("{n:#x}"),
        Key::Float(f) => number::shortest(f.0),
        Key::Str(text) => strconv::quote(text),
    }
}
