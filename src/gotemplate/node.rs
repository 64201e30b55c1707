//! The compiled form of a template: nodes in one array, children and names as ranges of side arrays.

use std::cell::OnceCell;
use std::ops::Deref;
use std::rc::Rc;

use super::errtext;
use super::functions::Functions;
use super::number::Number;
use super::strconv;
use super::value::GoStr;

/// Index of a node in [`Code::nodes`].
pub(super) type NodeId = u32;

/// Stands for no node.
pub(super) const NO_NODE: NodeId = NodeId::MAX;

/// A range of one of the side arrays.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub start: u32,
    pub len: u32,
}

impl Span {
    pub fn of<T>(self, all: &[T]) -> &[T] {
        let start = self.start as usize;
        all.get(start..start + self.len as usize).unwrap_or_default()
    }
}

/// The branches of `if`, `with` and `range`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Branch {
    pub pipe: NodeId,
    pub list: NodeId,
    /// [`NO_NODE`] without `else`.
    pub otherwise: NodeId,
}

/// What a node is.
#[derive(Clone, Copy, Debug)]
pub(super) enum NodeKind {
    List(Span),
    /// Text up to the given offset.
    Text(u32),
    Action(NodeId),
    Pipe {
        declared: Span,
        assigns: bool,
        commands: Span,
    },
    Command(Span),
    Dot,
    Nil,
    Bool(bool),
    /// Index among the numbers.
    Number(u32),
    /// Index among the strings, and the end of the literal in the text.
    String(u32, u32),
    Field(Span),
    Variable {
        name: u32,
        fields: Span,
    },
    Chain {
        node: NodeId,
        fields: Span,
    },
    /// Index among the functions.
    Function(u32),
    If(Branch),
    With(Branch),
    Range(Branch),
    /// Index of the name among the strings.
    Template {
        name: u32,
        pipe: NodeId,
    },
    Break,
    Continue,
}

/// A node and its offset in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub pos: u32,
    pub kind: NodeKind,
}

/// A compiled text under one of its names: charts hold the same library again and again.
#[derive(Debug)]
pub(super) struct Source {
    /// The name given to the text as a whole, for messages.
    pub name: GoStr,
    pub code: Rc<Code>,
}

impl Deref for Source {
    type Target = Code;

    fn deref(&self) -> &Code {
        &self.code
    }
}

/// A string literal. Most of a library's are never needed as values.
#[derive(Debug)]
pub(super) enum Literal {
    /// As it stands in the text.
    Plain(Span, OnceCell<GoStr>),
    /// With escapes that were decoded.
    Decoded(GoStr),
}

/// A text and everything that was compiled from it: the template itself and those it defines.
#[derive(Debug)]
pub(super) struct Code {
    pub text: GoStr,
    pub nodes: Vec<Node>,
    pub children: Vec<NodeId>,
    /// Field names, as ranges of the text.
    pub names: Vec<Span>,
    /// Variable names with their `$`, as ranges of the text.
    pub variables: Vec<Span>,
    pub numbers: Vec<Number>,
    pub strings: Vec<Literal>,
    pub functions: Rc<Functions>,
}

impl Source {
    /// `name:line:column` of a node, the column counted in bytes from 0.
    pub fn location(&self, id: NodeId) -> String {
        let before = &self.text.as_bytes()[..self.node(id).pos as usize];
        let line = 1 + memchr::memchr_iter(b'\n', before).count();
        let column = memchr::memrchr(b'\n', before).map_or(before.len(), |at| before.len() - at - 1);
        format!("{}:{line}:{column}", errtext::text(self.name.as_bytes()))
    }
}

impl Code {
    pub fn node(&self, id: NodeId) -> Node {
        self.nodes[id as usize]
    }

    pub fn children(&self, span: Span) -> &[NodeId] {
        span.of(&self.children)
    }

    /// The field names of a chain.
    pub fn fields(&self, span: Span) -> &[Span] {
        span.of(&self.names)
    }

    /// The value of a string literal.
    pub fn string(&self, index: u32) -> &GoStr {
        match &self.strings[index as usize] {
            Literal::Plain(span, value) => value.get_or_init(|| GoStr::from(self.name(*span))),
            Literal::Decoded(value) => value,
        }
    }

    pub fn name(&self, name: Span) -> &[u8] {
        name.of(self.text.as_bytes())
    }

    /// The name of a variable.
    pub fn variable(&self, id: u32) -> &[u8] {
        // The first variable is the `$` that every template has, which stands nowhere in the text.
        if id == 0 { b"$" } else { self.name(self.variables[id as usize]) }
    }

    /// The node written as template source again, with canonical spaces.
    pub fn describe(&self, id: NodeId) -> String {
        let mut out = Vec::new();
        self.write(&mut out, id);
        errtext::text(&out).into_owned()
    }

    fn write_fields(&self, out: &mut Vec<u8>, fields: Span) {
        for &field in self.fields(fields) {
            out.push(b'.');
            out.extend_from_slice(self.name(field));
        }
    }

    /// An operand, a pipeline in parentheses.
    fn write_operand(&self, out: &mut Vec<u8>, id: NodeId) {
        if matches!(self.node(id).kind, NodeKind::Pipe { .. }) {
            out.push(b'(');
            self.write(out, id);
            out.push(b')');
        } else {
            self.write(out, id);
        }
    }

    fn write(&self, out: &mut Vec<u8>, id: NodeId) {
        let node = self.node(id);
        match node.kind {
            NodeKind::Action(pipe) => {
                out.extend_from_slice(b"{{");
                self.write(out, pipe);
                out.extend_from_slice(b"}}");
            }
            NodeKind::Pipe { declared, assigns, commands } => {
                for (i, &variable) in self.children(declared).iter().enumerate() {
                    if i > 0 {
                        out.extend_from_slice(b", ");
                    }
                    self.write(out, variable);
                }
                if declared.len > 0 {
                    out.extend_from_slice(if assigns { b" = " } else { b" := " });
                }
                for (i, &command) in self.children(commands).iter().enumerate() {
                    if i > 0 {
                        out.extend_from_slice(b" | ");
                    }
                    // Parentheses nest as deep as the parser allows.
                    stacker::maybe_grow(64 << 10, 1 << 20, || self.write(out, command));
                }
            }
            NodeKind::Command(args) => {
                for (i, &arg) in self.children(args).iter().enumerate() {
                    if i > 0 {
                        out.push(b' ');
                    }
                    self.write_operand(out, arg);
                }
            }
            NodeKind::Dot => out.push(b'.'),
            NodeKind::Nil => out.extend_from_slice(b"nil"),
            NodeKind::Bool(b) => out.extend_from_slice(if b { b"true" } else { b"false" }),
            NodeKind::Number(index) => out.extend_from_slice(self.name(self.numbers[index as usize].text)),
            NodeKind::String(_, end) => out.extend_from_slice(&self.text.as_bytes()[node.pos as usize..end as usize]),
            NodeKind::Field(fields) => self.write_fields(out, fields),
            NodeKind::Variable { name, fields } => {
                out.extend_from_slice(self.variable(name));
                self.write_fields(out, fields);
            }
            NodeKind::Chain { node, fields } => {
                self.write_operand(out, node);
                self.write_fields(out, fields);
            }
            NodeKind::Function(index) => out.extend_from_slice(self.functions.name(index).as_bytes()),
            NodeKind::Template { name, pipe } => {
                out.extend_from_slice(b"{{template ");
                strconv::append_quote(out, self.string(name).as_bytes());
                if pipe != NO_NODE {
                    out.push(b' ');
                    self.write(out, pipe);
                }
                out.extend_from_slice(b"}}");
            }
            NodeKind::Break => out.extend_from_slice(b"{{break}}"),
            NodeKind::Continue => out.extend_from_slice(b"{{continue}}"),
            // No message shows these.
            NodeKind::List(_) | NodeKind::Text(_) | NodeKind::If(_) | NodeKind::With(_) | NodeKind::Range(_) => {}
        }
    }
}
