//! The parser: tokens to the compiled form. Here are the tokens read ahead, the nodes made and the templates defined;
//! [`action`] knows the actions, [`pipeline`] what stands in them.

mod action;
mod pipeline;

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::mem::take;
use std::rc::Rc;

use super::functions::Functions;
use super::lex::{self, Item, Keywords, Kind, Tokens};
use super::node::{Code, Literal, Node, NodeId, NodeKind, Span};
use super::number::Number;
use super::runes::runes;
use super::strconv;
use super::value::GoStr;
use super::{Table, errtext};

/// Stack kept free before each level of nesting, and how much is added when it runs short.
const RED_ZONE: usize = 96 << 10;
const STACK: usize = 1 << 20;

/// Why a text is not a template; the text is Go's: `template: NAME:LINE: PROBLEM`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// The whole message.
    pub message: String,
}

/// One template of a source.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    pub name: GoStr,
    pub root: NodeId,
    /// Nothing but space and comments.
    pub empty: bool,
}

type Parsed<T> = Result<T, ParseError>;

/// A compiled text.
#[derive(Debug)]
pub(super) struct Text {
    pub code: Rc<Code>,
    /// The templates it defines in the order of their ends, and its own.
    pub definitions: Vec<Definition>,
    pub own: usize,
    /// Its own template is none that it defines by its name.
    own_is_apart: bool,
}

impl Text {
    /// Whether the text under another name is the same but for the name.
    pub fn fits(&self, name: &GoStr) -> bool {
        self.own_is_apart && self.definitions.iter().enumerate().all(|(i, d)| i == self.own || d.name != *name)
    }
}

/// Room that the parser needs for each text again: what it makes is copied to where it stays once its length is known.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    nodes: Vec<Node>,
    children: Vec<NodeId>,
    names: Vec<Span>,
    variables: Vec<Span>,
    numbers: Vec<Number>,
    strings: Vec<Literal>,
    pending: Vec<NodeId>,
    tokens: Vec<Item>,
}

impl Scratch {
    /// What is in it is left from the text before.
    fn clear(&mut self) {
        self.nodes.clear();
        self.children.clear();
        self.names.clear();
        self.variables.clear();
        self.numbers.clear();
        self.strings.clear();
        self.pending.clear();
    }
}

/// Compiles a text. The templates it defines come in the order of their ends, the one named `name` last.
///
/// # Errors
/// Go's parse error.
pub(super) fn parse(name: &GoStr, text: &GoStr, functions: &Rc<Functions>, scratch: &mut Scratch) -> Parsed<Text> {
    if u32::try_from(text.len()).is_err() {
        return Err(ParseError { message: format!("template: {}:1: text of 4 GiB or more", name.to_str()) });
    }
    scratch.clear();
    scratch.variables.push(Span::default());
    let code = Code {
        text: text.clone(),
        nodes: take(&mut scratch.nodes),
        children: take(&mut scratch.children),
        names: take(&mut scratch.names),
        variables: take(&mut scratch.variables),
        numbers: take(&mut scratch.numbers),
        strings: take(&mut scratch.strings),
        functions: functions.clone(),
    };
    let keywords =
        Keywords { r#break: functions.find(b"break").is_none(), r#continue: functions.find(b"continue").is_none() };
    let tokens = lex::tokens(text.as_bytes(), keywords, take(&mut scratch.tokens));
    let mut parser = Parser {
        last: tokens.items.last().copied().unwrap_or(Item::NONE),
        tokens,
        next: 0,
        text: text.as_bytes(),
        name,
        code,
        tree: Tree::default(),
        variables: Table::default(),
        in_scope: vec![0],
        pending: take(&mut scratch.pending),
        definitions: Vec::new(),
        by_name: Table::default(),
    };
    let root = parser.whole()?;
    let own_is_apart = parser.definition_of(name).is_none();
    parser.define(name.clone(), root)?;
    let own = parser.definition_of(name).unwrap_or_default();
    let Parser { mut code, definitions, pending, tokens, .. } = parser;
    settle(&mut code.nodes, &mut scratch.nodes);
    settle(&mut code.children, &mut scratch.children);
    settle(&mut code.names, &mut scratch.names);
    settle(&mut code.variables, &mut scratch.variables);
    settle(&mut code.numbers, &mut scratch.numbers);
    let strings = code.strings.drain(..).collect();
    scratch.strings = std::mem::replace(&mut code.strings, strings);
    scratch.pending = pending;
    scratch.tokens = tokens.items;
    Ok(Text { code: Rc::new(code), definitions, own, own_is_apart })
}

/// Gives the room back, and keeps what is in it.
fn settle<T: Copy>(all: &mut Vec<T>, scratch: &mut Vec<T>) {
    let exact = all.as_slice().to_vec();
    *scratch = std::mem::replace(all, exact);
}

/// The state that each template of a text has for itself.
#[derive(Default)]
struct Tree {
    /// The end of the tokens that were read for it, some perhaps only to look ahead. Errors are placed at the last of them.
    read: usize,
    /// Where its variables begin among those in scope.
    scope: usize,
    /// Where the action being read begins.
    action: Option<u32>,
    range_depth: u32,
    parentheses: u32,
}

struct Parser<'a> {
    tokens: Tokens,
    /// The token to be read next.
    next: usize,
    /// The last token.
    last: Item,
    text: &'a [u8],
    name: &'a GoStr,
    code: Code,
    tree: Tree,
    /// Numbers of the variable names met so far, if they are more than [`FEW`].
    variables: Table<&'a [u8], u32>,
    /// The variables in scope, a stack.
    in_scope: Vec<u32>,
    /// Children of unfinished nodes, a stack.
    pending: Vec<NodeId>,
    definitions: Vec<Definition>,
    /// Places of the definitions, if they are more than [`FEW`].
    by_name: Table<GoStr, usize>,
}

/// So many names are looked through faster than hashed.
const FEW: usize = 16;

impl<'a> Parser<'a> {
    // Tokens.

    fn next(&mut self) -> Item {
        let item = self.peek();
        self.next += 1;
        item
    }

    /// Puts back the token that was read last.
    fn backup(&mut self) {
        self.next -= 1;
    }

    fn peek(&mut self) -> Item {
        if self.tree.read <= self.next {
            self.tree.read = self.next + 1;
        }
        self.token(self.next)
    }

    fn next_non_space(&mut self) -> Item {
        let mut item = self.next();
        while item.kind == Kind::Space {
            item = self.next();
        }
        item
    }

    fn peek_non_space(&mut self) -> Item {
        let item = self.next_non_space();
        self.backup();
        item
    }

    /// A token; the last one stands for all after it.
    fn token(&self, at: usize) -> Item {
        self.tokens.items.get(at).copied().unwrap_or(self.last)
    }

    fn val(&self, item: Item) -> &'a [u8] {
        self.text.get(item.pos as usize..item.end as usize).unwrap_or_default()
    }

    /// The line of a place in the text, counted from 1.
    fn line(&self, pos: u32) -> usize {
        1 + memchr::memchr_iter(b'\n', &self.text[..pos as usize]).count()
    }

    fn fail<T>(&self, message: impl AsRef<str>) -> Parsed<T> {
        let name = errtext::text(self.name.as_bytes());
        let line = self.tree.read.checked_sub(1).map_or(1, |last| self.line(self.token(last).pos));
        Err(ParseError { message: format!("template: {name}:{line}: {}", message.as_ref()) })
    }

    fn unexpected<T>(&self, item: Item, context: &str) -> Parsed<T> {
        if item.kind != Kind::Error {
            return self.fail(format!("unexpected {} in {context}", self.show(item)));
        }
        let error = self.tokens.error(item, self.text);
        let started = self.tree.action.map(|pos| self.line(pos));
        let Some(started) = started.filter(|line| *line != self.line(item.pos)) else { return self.fail(&error) };
        let what = if error.ends_with(" action") { "" } else { " in action" };
        self.fail(format!("{error}{what} started at {}:{started}", errtext::text(self.name.as_bytes())))
    }

    fn show(&self, item: Item) -> String {
        let val = self.val(item);
        match item.kind {
            Kind::Eof => "EOF".to_owned(),
            Kind::Error => self.tokens.error(item, self.text),
            kind if kind >= Kind::Block => format!("<{}>", errtext::text(val)),
            _ if val.len() > 10 => {
                let end = runes(val).nth(10).map_or(val.len(), |(at, _)| at);
                format!("{}...", strconv::quote(&val[..end]))
            }
            _ => strconv::quote(val),
        }
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Parsed<Item> {
        let item = self.next_non_space();
        if item.kind == kind { Ok(item) } else { self.unexpected(item, context) }
    }

    // Trees.

    /// Begins the tree of another template, in which only `$` is in scope. The tree around it is returned.
    fn enter(&mut self) -> Tree {
        let scope = self.in_scope.len();
        self.in_scope.push(0);
        std::mem::replace(&mut self.tree, Tree { scope, ..Tree::default() })
    }

    /// Goes on with the tree around.
    fn leave(&mut self, outer: Tree) {
        self.in_scope.truncate(self.tree.scope);
        self.tree = outer;
    }

    // Nodes.

    fn add(&mut self, pos: u32, kind: NodeKind) -> NodeId {
        self.code.nodes.push(Node { pos, kind });
        (self.code.nodes.len() - 1) as NodeId
    }

    /// The pending children from `mark` on become the children of a node.
    fn adopt(&mut self, mark: usize) -> Span {
        let span = Span { start: self.code.children.len() as u32, len: (self.pending.len() - mark) as u32 };
        self.code.children.extend_from_slice(&self.pending[mark..]);
        self.pending.truncate(mark);
        span
    }

    fn unquote(&mut self, item: Item) -> Parsed<u32> {
        let literal = self.val(item);
        let literal = match literal {
            // Nothing to decode in most strings.
            [b'"', plain @ .., b'"'] if plain.is_ascii() && memchr::memchr(b'\\', plain).is_none() => {
                Literal::Plain(Span { start: item.pos + 1, len: plain.len() as u32 }, OnceCell::new())
            }
            _ => match strconv::unquote(literal) {
                Some(decoded) => Literal::Decoded(GoStr::from(decoded)),
                None => return self.fail("invalid syntax"),
            },
        };
        self.code.strings.push(literal);
        Ok((self.code.strings.len() - 1) as u32)
    }

    fn variable_number(&mut self, item: Item) -> u32 {
        let name = self.val(item);
        if name == b"$" {
            return 0;
        }
        let all = &self.code.variables;
        let count = all.len();
        let known = if count <= FEW {
            all.iter().position(|place| self.code.name(*place) == name).map(|number| number as u32)
        } else {
            self.variables.get(name).copied()
        };
        if let Some(number) = known {
            return number;
        }
        self.code.variables.push(Span { start: item.pos, len: item.end - item.pos });
        match count.cmp(&FEW) {
            Ordering::Less => {}
            Ordering::Equal => {
                let text = self.text;
                let all = self.code.variables.iter().enumerate();
                self.variables.extend(all.map(|(number, place)| (place.of(text), number as u32)));
            }
            Ordering::Greater => {
                self.variables.insert(name, count as u32);
            }
        }
        count as u32
    }

    fn is_empty(&self, id: NodeId) -> bool {
        let node = self.code.node(id);
        match node.kind {
            NodeKind::List(children) => self.code.children(children).iter().all(|&child| self.is_empty(child)),
            NodeKind::Text(end) => {
                let text = &self.text[node.pos as usize..end as usize];
                runes(text).all(|(_, c)| c.is_whitespace())
            }
            _ => false,
        }
    }

    /// Where the definition of a name is, if there is one already.
    fn definition_of(&self, name: &GoStr) -> Option<usize> {
        if self.definitions.len() <= FEW {
            return self.definitions.iter().position(|definition| definition.name == *name);
        }
        self.by_name.get(name).copied()
    }

    /// Installs a template of this text.
    fn define(&mut self, name: GoStr, root: NodeId) -> Parsed<()> {
        let empty = self.is_empty(root);
        let definition = Definition { name: name.clone(), root, empty };
        match self.definition_of(&name) {
            None => {
                let count = self.definitions.len();
                self.definitions.push(definition);
                match count.cmp(&FEW) {
                    Ordering::Less => {}
                    Ordering::Equal => {
                        let all = self.definitions.iter().enumerate();
                        self.by_name.extend(all.map(|(at, definition)| (definition.name.clone(), at)));
                    }
                    Ordering::Greater => {
                        self.by_name.insert(name, count);
                    }
                }
            }
            Some(at) if self.definitions[at].empty => self.definitions[at] = definition,
            Some(_) if empty => {}
            Some(_) => {
                let name = strconv::quote(name.as_bytes());
                return self.fail(format!("template: multiple definition of template {name}"));
            }
        }
        Ok(())
    }
}
