//! Lists of text and actions, and the actions themselves.

use super::pipeline::Context;
use super::{Parsed, Parser, RED_ZONE, STACK};
use crate::gotemplate::lex::{Item, Kind};
use crate::gotemplate::node::{Branch, NO_NODE, NodeId, NodeKind};

/// What an action turned out to be.
enum Parsing {
    Node(NodeId),
    End,
    /// `else`; an `if` or `with` that follows it is not read yet.
    Else {
        pos: u32,
    },
}

impl Parsing {
    fn describe(&self) -> &'static str {
        if matches!(self, Self::End) { "{{end}}" } else { "{{else}}" }
    }
}

impl Parser<'_> {
    /// The whole text: like a list, but also definitions.
    pub fn whole(&mut self) -> Parsed<NodeId> {
        let pos = self.peek().pos;
        let mark = self.pending.len();
        loop {
            match self.peek().kind {
                Kind::Eof => break,
                Kind::LeftDelim => {
                    let delim = self.next;
                    self.next();
                    if self.next_non_space().kind == Kind::Define {
                        self.definition()?;
                        continue;
                    }
                    self.next = delim;
                }
                _ => {}
            }
            match self.text_or_action()? {
                Parsing::Node(node) => self.pending.push(node),
                other => return self.fail(format!("unexpected {}", other.describe())),
            }
        }
        let children = self.adopt(mark);
        Ok(self.add(pos, NodeKind::List(children)))
    }

    fn definition(&mut self) -> Parsed<()> {
        let outer = self.enter();
        let item = self.next_non_space();
        if !matches!(item.kind, Kind::String | Kind::RawString) {
            return self.unexpected(item, "define clause");
        }
        let name = self.unquote(item)?;
        let name = self.code.string(name).clone();
        self.expect(Kind::RightDelim, "define clause")?;
        let (root, end) = self.list()?;
        self.expect_end(&end, "define clause")?;
        self.define(name, root)?;
        self.leave(outer);
        Ok(())
    }

    fn expect_end(&self, end: &Parsing, context: &str) -> Parsed<()> {
        if matches!(end, Parsing::End) {
            return Ok(());
        }
        self.fail(format!("unexpected {} in {context}", end.describe()))
    }

    /// A list up to `end` or `else`.
    fn list(&mut self) -> Parsed<(NodeId, Parsing)> {
        stacker::maybe_grow(RED_ZONE, STACK, || {
            let pos = self.peek_non_space().pos;
            let mark = self.pending.len();
            while self.peek_non_space().kind != Kind::Eof {
                match self.text_or_action()? {
                    Parsing::Node(node) => self.pending.push(node),
                    end => {
                        let children = self.adopt(mark);
                        return Ok((self.add(pos, NodeKind::List(children)), end));
                    }
                }
            }
            self.fail("unexpected EOF")
        })
    }

    fn text_or_action(&mut self) -> Parsed<Parsing> {
        let item = self.next_non_space();
        match item.kind {
            Kind::Text => Ok(Parsing::Node(self.add(item.pos, NodeKind::Text(item.end)))),
            Kind::LeftDelim => {
                self.tree.action = Some(item.pos);
                let parsed = self.action()?;
                self.tree.action = None;
                Ok(parsed)
            }
            _ => self.unexpected(item, "input"),
        }
    }

    fn action(&mut self) -> Parsed<Parsing> {
        let item = self.next_non_space();
        let node = match item.kind {
            Kind::Block => self.block()?,
            Kind::Break => self.jump(item, NodeKind::Break, "{{break}}")?,
            Kind::Continue => self.jump(item, NodeKind::Continue, "{{continue}}")?,
            Kind::Else => return self.otherwise(),
            Kind::End => {
                self.expect(Kind::RightDelim, "end")?;
                return Ok(Parsing::End);
            }
            Kind::If => self.control(Context::If)?,
            Kind::Range => self.control(Context::Range)?,
            Kind::Template => self.template()?,
            Kind::With => self.control(Context::With)?,
            _ => {
                self.backup();
                let pos = self.peek().pos;
                let pipe = self.pipeline(Context::Command, Kind::RightDelim)?;
                self.add(pos, NodeKind::Action(pipe))
            }
        };
        Ok(Parsing::Node(node))
    }

    fn jump(&mut self, keyword: Item, kind: NodeKind, name: &str) -> Parsed<NodeId> {
        let item = self.next_non_space();
        if item.kind != Kind::RightDelim {
            return self.unexpected(item, name);
        }
        if self.tree.range_depth == 0 {
            return self.fail(format!("{name} outside {{{{range}}}}"));
        }
        Ok(self.add(keyword.pos, kind))
    }

    fn otherwise(&mut self) -> Parsed<Parsing> {
        let next = self.peek_non_space();
        if matches!(next.kind, Kind::If | Kind::With) {
            return Ok(Parsing::Else { pos: next.pos });
        }
        let item = self.expect(Kind::RightDelim, "else")?;
        Ok(Parsing::Else { pos: item.pos })
    }

    /// `if`, `with` or `range` up to its end.
    fn control(&mut self, context: Context) -> Parsed<NodeId> {
        let scope = self.in_scope.len();
        let pipe = self.pipeline(context, Kind::RightDelim)?;
        if context == Context::Range {
            self.tree.range_depth += 1;
        }
        let (list, next) = self.list()?;
        if context == Context::Range {
            self.tree.range_depth -= 1;
        }
        let mut otherwise = NO_NODE;
        if let Parsing::Else { pos } = next {
            let follows = match self.peek().kind {
                Kind::If => Some(Context::If),
                Kind::With => Some(Context::With),
                _ => None,
            };
            if follows == Some(context) {
                // `else if` nests, and shares the end.
                self.next();
                let nested = stacker::maybe_grow(RED_ZONE, STACK, || self.control(context))?;
                let mark = self.pending.len();
                self.pending.push(nested);
                let children = self.adopt(mark);
                otherwise = self.add(pos, NodeKind::List(children));
            } else {
                let (list, end) = self.list()?;
                if !matches!(end, Parsing::End) {
                    return self.fail(format!("expected end; found {}", end.describe()));
                }
                otherwise = list;
            }
        }
        self.in_scope.truncate(scope);
        let branch = Branch { pipe, list, otherwise };
        let pos = self.code.node(pipe).pos;
        Ok(match context {
            Context::If => self.add(pos, NodeKind::If(branch)),
            Context::With => self.add(pos, NodeKind::With(branch)),
            _ => self.add(pos, NodeKind::Range(branch)),
        })
    }

    fn template_name(&mut self, item: Item, context: Context) -> Parsed<u32> {
        if !matches!(item.kind, Kind::String | Kind::RawString) {
            return self.unexpected(item, context.name());
        }
        self.unquote(item)
    }

    fn block(&mut self) -> Parsed<NodeId> {
        let item = self.next_non_space();
        let name = self.template_name(item, Context::Block)?;
        let pipe = self.pipeline(Context::Block, Kind::RightDelim)?;
        let outer = self.enter();
        let (root, end) = self.list()?;
        // A wrong end is the error of the tree around the block, whose line it gets; a second definition is the block's.
        let inner = std::mem::replace(&mut self.tree, outer);
        self.expect_end(&end, Context::Block.name())?;
        let outer = std::mem::replace(&mut self.tree, inner);
        self.define(self.code.string(name).clone(), root)?;
        self.leave(outer);
        Ok(self.add(item.pos, NodeKind::Template { name, pipe }))
    }

    fn template(&mut self) -> Parsed<NodeId> {
        let item = self.next_non_space();
        let name = self.template_name(item, Context::Template)?;
        let mut pipe = NO_NODE;
        if self.next_non_space().kind != Kind::RightDelim {
            self.backup();
            pipe = self.pipeline(Context::Template, Kind::RightDelim)?;
        }
        Ok(self.add(item.pos, NodeKind::Template { name, pipe }))
    }
}
