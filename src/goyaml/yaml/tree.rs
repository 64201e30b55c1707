//! The nodes of one document, with aliases tied to their anchors.

use std::borrow::Cow;
use std::collections::HashMap;

use super::super::Error;
use super::parser::{Event, Parser, Properties};

/// The place of a node in its [`Tree`].
pub type NodeId = u32;

/// No node: the end of a list of children.
pub const NONE: NodeId = NodeId::MAX;

/// What a node is.
#[derive(Debug)]
pub enum Content<'a> {
    /// A scalar.
    Scalar {
        /// Its text.
        text: Cow<'a, [u8]>,
        /// Its tag with the handle resolved; empty if it has none.
        tag: Box<[u8]>,
        /// Whether the text decides what the value is.
        implicit: bool,
    },
    /// A sequence and its first item.
    Sequence(NodeId),
    /// A mapping and its first key; keys and values alternate.
    Mapping(NodeId),
    /// A reference: the name and the node of that anchor.
    Alias(&'a [u8], NodeId),
}

/// A node.
#[derive(Debug)]
pub struct Node<'a> {
    /// What it is.
    pub content: Content<'a>,
    /// The line from 0 on which it starts.
    pub line: u32,
    next: NodeId,
}

/// The first document of a stream.
#[derive(Debug)]
pub struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    /// The root node.
    pub root: NodeId,
}

impl<'a> Tree<'a> {
    /// Parses the first document; `None` if there is none. What comes after it is not looked at, but for the next token.
    pub fn parse(parser: &mut Parser<'a>) -> Result<Option<Self>, Error> {
        let mut builder = Builder { tree: Self::with_capacity(64), open: Vec::new(), anchors: HashMap::new() };
        loop {
            let (event, line) = parser.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart => {}
                Event::StreamEnd => return Ok(None),
                Event::DocumentEnd => return Ok(Some(builder.tree)),
                event => builder.add(event, line)?,
            }
        }
    }

    /// An empty tree with room for nodes. The first one that is added is the root.
    pub fn with_capacity(nodes: usize) -> Self {
        Self { nodes: Vec::with_capacity(nodes), root: 0 }
    }

    /// Adds a node to a collection, after its last child so far (or [`NONE`]).
    pub fn add(&mut self, content: Content<'a>, line: u32, parent: NodeId, last: NodeId) -> NodeId {
        let id = self.nodes.len() as NodeId;
        self.nodes.push(Node { content, line, next: NONE });
        if let Some(last) = self.nodes.get_mut(last as usize) {
            last.next = id;
        } else if let Some(Node { content: Content::Sequence(first) | Content::Mapping(first), .. }) =
            self.nodes.get_mut(parent as usize)
        {
            *first = id;
        }
        id
    }

    /// A node.
    #[inline]
    pub fn node(&self, id: NodeId) -> &Node<'a> {
        &self.nodes[id as usize]
    }

    /// A node and those after it in the same collection.
    pub fn siblings(&self, first: NodeId) -> Siblings<'_, 'a> {
        Siblings { tree: self, next: first }
    }
}

/// The nodes of a collection in order.
pub struct Siblings<'t, 'a> {
    tree: &'t Tree<'a>,
    next: NodeId,
}

impl Iterator for Siblings<'_, '_> {
    type Item = NodeId;

    #[inline]
    fn next(&mut self) -> Option<NodeId> {
        if self.next == NONE {
            return None;
        }
        let id = self.next;
        self.next = self.tree.node(id).next;
        Some(id)
    }
}

struct Builder<'a> {
    tree: Tree<'a>,
    /// The collections that are open, each with its last child so far.
    open: Vec<(NodeId, NodeId)>,
    anchors: HashMap<&'a [u8], NodeId>,
}

impl<'a> Builder<'a> {
    fn add(&mut self, event: Event<'a>, line: u32) -> Result<(), Error> {
        match event {
            Event::Scalar { properties: Properties { anchor, tag }, value, implicit } => {
                self.attach(Content::Scalar { text: value, tag, implicit }, line, anchor);
            }
            Event::Alias(name) => {
                let Some(&target) = self.anchors.get(name) else {
                    let name = String::from_utf8_lossy(name);
                    return Err(Error::new(format!("yaml: unknown anchor '{name}' referenced")));
                };
                self.attach(Content::Alias(name, target), line, None);
            }
            Event::SequenceStart(Properties { anchor, .. }) => {
                let id = self.attach(Content::Sequence(NONE), line, anchor);
                self.open.push((id, NONE));
            }
            Event::MappingStart(Properties { anchor, .. }) => {
                let id = self.attach(Content::Mapping(NONE), line, anchor);
                self.open.push((id, NONE));
            }
            _ => {
                self.open.pop();
            }
        }
        Ok(())
    }

    fn attach(&mut self, content: Content<'a>, line: u32, anchor: Option<&'a [u8]>) -> NodeId {
        let id = match self.open.last_mut() {
            Some((parent, last)) => {
                *last = self.tree.add(content, line, *parent, *last);
                *last
            }
            None => self.tree.add(content, line, NONE, NONE),
        };
        if let Some(name) = anchor {
            self.anchors.insert(name, id);
        }
        id
    }
}
