//! The tables of a document under construction, and which keys may still be defined.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::dotted;
use crate::gotemplate::value::Entries;
use crate::gotemplate::{List, ListKind, Map, MapKind, Value};

/// A table.
pub type Table = BTreeMap<String, Node>;

/// What a key stands for.
#[derive(Clone, Debug)]
pub enum Node {
    /// A value.
    Leaf(Value),
    /// A table.
    Table(Table),
    /// An array of tables made by `[[key]]`.
    Tables(Vec<Table>),
}

impl Node {
    /// The Go value.
    pub fn into_value(self) -> Value {
        match self {
            Self::Leaf(value) => value,
            Self::Table(table) => into_map(table),
            Self::Tables(tables) => {
                let tables = tables.into_iter().map(into_map).collect();
                // The library makes room for four.
                Value::List(List::appended_within(ListKind::MapOfAny, 4, tables).into())
            }
        }
    }
}

/// A table as a `map[string]interface{}`.
pub fn into_map(table: Table) -> Value {
    let entries: Entries = table
        .into_iter()
        .map(|(key, node)| (key.into(), stacker::maybe_grow(64 * 1024, 1024 * 1024, || node.into_value())))
        .collect();
    Value::Map(Map::new(MapKind::Any, entries).into())
}

/// The tables of a document.
#[derive(Default)]
pub struct Tables {
    root: Table,
    /// The table that keys are put into.
    pub context: Vec<String>,
    /// Tables that exist because something in them was defined.
    implicit: HashSet<Vec<String>>,
    /// For each key that was given a type, whether it is an array in brackets.
    arrays: HashMap<Vec<String>, bool>,
}

impl Tables {
    /// The whole document.
    pub fn into_value(self) -> Value {
        into_map(self.root)
    }

    /// The key in the current table.
    fn full(&self, key: &str) -> Vec<String> {
        let mut full = self.context.clone();
        full.push(key.to_owned());
        full
    }

    /// Notes that a table was made on the way to something in it.
    pub fn add_implicit(&mut self, key: &[String]) {
        self.implicit.insert(key.to_vec());
    }

    /// Notes whether a key of the current table is an array in brackets. The empty key stands for the table itself, as in Go.
    pub fn set_array(&mut self, key: &str, array: bool) {
        let full = match (key.is_empty(), self.context.is_empty()) {
            (true, false) => self.context.clone(),
            _ => self.full(key),
        };
        self.arrays.insert(full, array);
    }

    /// Makes a key the current table; with `array`, a new element of an array of tables.
    pub fn enter(&mut self, key: &[String], array: bool) -> Result<(), String> {
        let Some((last, parents)) = key.split_last() else { return Ok(()) };
        let mut table = &mut self.root;
        for (i, part) in parents.iter().enumerate() {
            if !table.contains_key(part) {
                self.implicit.insert(parents[..=i].to_vec());
            }
            let node = table.entry(part.clone()).or_insert_with(|| Node::Table(Table::new()));
            table = match inner(node) {
                Some(table) => table,
                None => {
                    return Err(format!("Key '{}' was already created as a hash.", dotted(&parents[..=i])));
                }
            };
        }
        self.context = parents.to_vec();
        if array {
            match table.entry(last.clone()).or_insert_with(|| Node::Tables(Vec::new())) {
                Node::Tables(tables) => tables.push(Table::new()),
                _ => {
                    return Err(format!("Key '{}' was already created and cannot be used as an array.", dotted(key)));
                }
            }
        } else {
            self.set(last, Node::Table(Table::new()))?;
        }
        self.context.push(last.clone());
        Ok(())
    }

    /// Makes a table inside the current one the current one, as dotted keys do.
    pub fn enter_dotted(&mut self, part: &str) -> Result<(), String> {
        let full = self.full(part);
        self.add_implicit(&full);
        self.enter(&full, false)
    }

    /// Defines a key of the current table.
    pub fn set(&mut self, key: &str, node: Node) -> Result<(), String> {
        let full = self.full(key);
        let mut table = &mut self.root;
        for (i, part) in self.context.iter().enumerate() {
            table = match table.get_mut(part).and_then(inner) {
                Some(table) => table,
                None => return Err(defined(&full[..=i])),
            };
        }
        if table.contains_key(key) {
            let implicit = self.implicit.contains(&full);
            if self.arrays.get(&full) == Some(&true) {
                if !implicit {
                    return Err(defined(&full));
                }
                self.implicit.remove(&full);
            } else if implicit {
                // It was made on the way to something in it, and may be defined once.
                self.implicit.remove(&full);
                return Ok(());
            } else {
                return Err(defined(&full));
            }
        }
        table.insert(key.to_owned(), node);
        Ok(())
    }
}

fn defined(key: &[String]) -> String {
    format!("Key '{}' has already been defined.", dotted(key))
}

/// The table that a node stands for: of an array, the last one.
fn inner(node: &mut Node) -> Option<&mut Table> {
    match node {
        Node::Table(table) => Some(table),
        Node::Tables(tables) => tables.last_mut(),
        Node::Leaf(_) => None,
    }
}
