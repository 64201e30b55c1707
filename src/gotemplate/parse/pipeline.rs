//! Pipelines, commands and operands.

use super::{Parsed, Parser, RED_ZONE, STACK};
use crate::gotemplate::lex::{Item, Kind};
use crate::gotemplate::node::{Node, NodeId, NodeKind, Span};
use crate::gotemplate::number::Number;
use crate::gotemplate::strconv;

/// Nesting of parentheses beyond this is refused.
const MAX_PARENTHESES: u32 = 10_000;

/// The kinds of pipelines, which name themselves in messages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    Command,
    Parenthesized,
    If,
    With,
    Range,
    Block,
    Template,
}

impl Context {
    pub fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Parenthesized => "parenthesized pipeline",
            Self::If => "if",
            Self::With => "with",
            Self::Range => "range",
            Self::Block => "block clause",
            Self::Template => "template clause",
        }
    }
}

impl Parser<'_> {
    /// A pipeline up to its end, which is read too.
    pub fn pipeline(&mut self, context: Context, end: Kind) -> Parsed<NodeId> {
        let pos = self.peek_non_space().pos;
        let mark = self.pending.len();
        let assigns = self.declarations(context)?;
        let declared = self.adopt(mark);
        loop {
            let item = self.next_non_space();
            match item.kind {
                kind if kind == end => break,
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParen => {
                    let command = self.command(item)?;
                    self.pending.push(command);
                }
                _ => return self.unexpected(item, context.name()),
            }
        }
        self.check_pipeline(mark, context)?;
        let commands = self.adopt(mark);
        Ok(self.add(pos, NodeKind::Pipe { declared, assigns, commands }))
    }

    /// The variables at the start of a pipeline; whether they are assigned, not declared.
    fn declarations(&mut self, context: Context) -> Parsed<bool> {
        let mut assigns = false;
        let mut count = 0;
        while self.peek_non_space().kind == Kind::Variable {
            let start = self.next;
            let variable = self.next();
            let next = self.next_non_space();
            let comma = next.kind == Kind::Char && self.val(next) == b",";
            if !comma && !matches!(next.kind, Kind::Assign | Kind::Declare) {
                self.next = start;
                return Ok(assigns);
            }
            let name = self.variable_number(variable);
            let node = self.add(variable.pos, NodeKind::Variable { name, fields: Span::default() });
            self.pending.push(node);
            self.in_scope.push(name);
            count += 1;
            if !comma {
                assigns = next.kind == Kind::Assign;
                return Ok(assigns);
            }
            if context != Context::Range || count >= 2 {
                return self.fail(format!("too many declarations in {}", context.name()));
            }
            if !matches!(self.peek_non_space().kind, Kind::Variable | Kind::RightDelim | Kind::RightParen) {
                return self.fail("range can only initialize variables");
            }
        }
        Ok(assigns)
    }

    fn check_pipeline(&self, mark: usize, context: Context) -> Parsed<()> {
        let commands = &self.pending[mark..];
        if commands.is_empty() {
            return self.fail(format!("missing value for {}", context.name()));
        }
        for (i, &command) in commands.iter().enumerate().skip(1) {
            let NodeKind::Command(args) = self.code.node(command).kind else { continue };
            let first = self.code.children(args).first().map(|&arg| self.code.node(arg).kind);
            if let Some(
                NodeKind::Bool(_) | NodeKind::Dot | NodeKind::Nil | NodeKind::Number(_) | NodeKind::String(..),
            ) = first
            {
                return self.fail(format!("non executable command in pipeline stage {}", i + 1));
            }
        }
        Ok(())
    }

    /// A command that begins with a token which is read already.
    fn command(&mut self, first: Item) -> Parsed<NodeId> {
        let mark = self.pending.len();
        let mut item = first;
        loop {
            if let Some(operand) = self.operand(item)? {
                self.pending.push(operand);
            }
            item = self.next();
            match item.kind {
                Kind::Space => item = self.next_non_space(),
                Kind::RightDelim | Kind::RightParen => {
                    self.backup();
                    break;
                }
                Kind::Pipe => break,
                _ => return self.unexpected(item, "operand"),
            }
        }
        if self.pending.len() == mark {
            return self.fail("empty command");
        }
        let args = self.adopt(mark);
        Ok(self.add(first.pos, NodeKind::Command(args)))
    }

    /// A term with the fields that follow it; nothing if the token, which is put back then, is no term.
    fn operand(&mut self, item: Item) -> Parsed<Option<NodeId>> {
        let Some(term) = self.term(item)? else { return Ok(None) };
        let first = self.peek();
        if first.kind != Kind::Field {
            return Ok(Some(term));
        }
        let node = self.code.node(term);
        // The names of a field or variable stand last among the names, so more can be added to them.
        let (start, kind) = match node.kind {
            NodeKind::Field(fields) => (fields.start, NodeKind::Field(fields)),
            NodeKind::Variable { fields, .. } => (fields.start, node.kind),
            _ => {
                let fields = Span { start: self.code.names.len() as u32, len: 0 };
                (fields.start, NodeKind::Chain { node: term, fields })
            }
        };
        while self.peek().kind == Kind::Field {
            let field = self.next();
            self.code.names.push(Span { start: field.pos + 1, len: field.end - field.pos - 1 });
        }
        if let NodeKind::Bool(_) | NodeKind::String(..) | NodeKind::Number(_) | NodeKind::Nil | NodeKind::Dot =
            node.kind
        {
            let term = strconv::quote(self.code.describe(term).as_bytes());
            return self.fail(format!("unexpected . after term {term}"));
        }
        let fields = Span { start, len: self.code.names.len() as u32 - start };
        let kind = match kind {
            NodeKind::Field(_) => NodeKind::Field(fields),
            NodeKind::Variable { name, .. } => NodeKind::Variable { name, fields },
            _ => return Ok(Some(self.add(first.pos, NodeKind::Chain { node: term, fields }))),
        };
        // Go makes a new node, placed at the second name; nothing else refers to the old one.
        self.code.nodes[term as usize] = Node { pos: first.pos, kind };
        Ok(Some(term))
    }

    fn term(&mut self, item: Item) -> Parsed<Option<NodeId>> {
        let kind = match item.kind {
            Kind::Identifier => {
                let Some(function) = self.code.functions.find(self.val(item)) else {
                    let name = strconv::quote(self.val(item));
                    return self.fail(format!("function {name} not defined"));
                };
                NodeKind::Function(function)
            }
            Kind::Dot => NodeKind::Dot,
            Kind::Nil => NodeKind::Nil,
            Kind::Variable => {
                let name = self.variable_number(item);
                if !self.in_scope[self.tree.scope..].contains(&name) {
                    let name = strconv::quote(self.val(item));
                    return self.fail(format!("undefined variable {name}"));
                }
                NodeKind::Variable { name, fields: Span { start: self.code.names.len() as u32, len: 0 } }
            }
            Kind::Field => {
                let start = self.code.names.len() as u32;
                self.code.names.push(Span { start: item.pos + 1, len: item.end - item.pos - 1 });
                NodeKind::Field(Span { start, len: 1 })
            }
            Kind::Bool => NodeKind::Bool(self.val(item) == b"true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => {
                let place = Span { start: item.pos, len: item.end - item.pos };
                match Number::parse(self.val(item), place, item.kind) {
                    Ok(number) => {
                        self.code.numbers.push(number);
                        NodeKind::Number((self.code.numbers.len() - 1) as u32)
                    }
                    Err(error) => return self.fail(error),
                }
            }
            Kind::LeftParen => {
                if self.tree.parentheses >= MAX_PARENTHESES {
                    return self.fail("max expression depth exceeded");
                }
                self.tree.parentheses += 1;
                let pipe =
                    stacker::maybe_grow(RED_ZONE, STACK, || self.pipeline(Context::Parenthesized, Kind::RightParen))?;
                self.tree.parentheses -= 1;
                return Ok(Some(pipe));
            }
            Kind::String | Kind::RawString => NodeKind::String(self.unquote(item)?, item.end),
            _ => {
                self.backup();
                return Ok(None);
            }
        };
        Ok(Some(self.add(item.pos, kind)))
    }
}
