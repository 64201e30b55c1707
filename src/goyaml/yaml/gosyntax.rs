//! Nodes as Go's `%#v` prints what yaml.v2 decodes them to. Only error messages need it.

use std::collections::BTreeMap;

use super::super::number;
use super::decode::{decode_binary, scalar_meaning};
use super::resolve::{Meaning, TAG_PREFIX};
use super::tree::{Content, NodeId, Tree};
use crate::gotemplate::strconv;

/// A key of a Go map, in the order in which `fmt` sorts keys as far as it is defined.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Nil,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(String),
    Str(Vec<u8>),
}

/// The printer.
pub struct GoSyntax<'t, 'a> {
    tree: &'t Tree<'a>,
    following: Vec<NodeId>,
}

impl<'t, 'a> GoSyntax<'t, 'a> {
    /// A printer of nodes of the document, all of which have been decoded without error.
    pub fn new(tree: &'t Tree<'a>) -> Self {
        Self { tree, following: Vec::new() }
    }

    /// Type and value of a scalar key. The type is what `%s` makes of it.
    pub fn key(&self, id: NodeId) -> (&'static str, String) {
        let key = self.scalar_key(id);
        let ty = match key {
            Key::Nil => "%!s(<nil>)",
            Key::Bool(_) => "bool",
            Key::Int(_) => "int",
            Key::Uint(_) => "uint64",
            Key::Float(_) => "float64",
            Key::Str(_) => "string",
        };
        let text = if key == Key::Nil { "<nil>".into() } else { print_key(&key) };
        (ty, text)
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
        stacker::maybe_grow(64 * 1024, 1024 * 1024, || self.value(id))
    }

    fn mapping(&self, id: NodeId, out: &mut BTreeMap<Key, NodeId>) {
        let Content::Mapping(first) = self.tree.node(id).content else { return };
        let mut children = self.tree.siblings(first);
        while let (Some(key), Some(value)) = (children.next(), children.next()) {
            let merge = matches!(&self.tree.node(key).content, Content::Scalar { text, tag, implicit }
                if &text[..] == b"<<" && (*implicit || tag.strip_prefix(TAG_PREFIX) == Some(b"merge")));
            if !merge {
                out.insert(self.scalar_key(key), value);
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
            Ok(Meaning::Float(f)) => Key::Float(number::shortest(f)),
            Ok(Meaning::Binary) => Key::Str(decode_binary(text).unwrap_or_default()),
            Ok(Meaning::Str | Meaning::Timestamp) => Key::Str(text.to_vec()),
        }
    }
}

fn print_key(key: &Key) -> String {
    match key {
        Key::Nil => "interface {}(nil)".into(),
        Key::Bool(b) => b.to_string(),
        Key::Int(n) => n.to_string(),
        Key::Uint(n) => format!("{n:#x}"),
        Key::Float(text) => text.clone(),
        Key::Str(text) => strconv::quote(text),
    }
}
