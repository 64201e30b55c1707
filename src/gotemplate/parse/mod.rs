//! The parser: tokens to the compiled form. Here are the tokens read ahead, the nodes made and the templates defined;
//! [`action`] knows the actions, [`pipeline`] what stands in them.

mod action;
mod pipeline;

use std::rc::Rc;

use super::functions::Functions;
use super::lex::{Item, Kind, Lexer};
use super::node::{Code, Node, NodeId, NodeKind, Span};
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

/// Compiles a text. The templates it defines come in the order of their ends, the one named `name` last.
///
/// # Errors
/// Go's parse error.
pub(super) fn parse(name: &GoStr, text: &GoStr, functions: &Rc<Functions>) -> Parsed<Text> {
    if u32::try_from(text.len()).is_err() {
        return Err(ParseError { message: format!("template: {}:1: text of 4 GiB or more", name.to_str()) });
    }
    // Much text with few actions is what definitions of resources are.
    let actions = memchr::memmem::find_iter(text.as_bytes(), b"{{").count();
    let room = (text.len() / 24).min(8 * actions) + 4;
    let code = Code {
        text: text.clone(),
        nodes: Vec::with_capacity(room),
        children: Vec::with_capacity(room),
        names: Vec::with_capacity(room),
        variables: vec![Span::default()],
        numbers: Vec::new(),
        strings: Vec::new(),
        functions: functions.clone(),
    };
    let mut lexer = Lexer::new(text.as_bytes());
    lexer.break_is_keyword = functions.find(b"break").is_none();
    lexer.continue_is_keyword = functions.find(b"continue").is_none();
    let mut parser = Parser {
        lexer,
        text: text.as_bytes(),
        name,
        code,
        tree: Tree::default(),
        variables: Table::default(),
        pending: Vec::with_capacity(64),
        definitions: Vec::new(),
        by_name: Table::default(),
    };
    let root = parser.whole()?;
    let own_is_apart = !parser.by_name.contains_key(name);
    let own = parser.add_string(name.as_bytes());
    parser.define(own, root)?;
    let own = parser.by_name.get(name).copied().unwrap_or_default();
    Ok(Text { code: Rc::new(parser.code), definitions: parser.definitions, own, own_is_apart })
}

/// The state that each template of a text has for itself.
struct Tree {
    /// Tokens read ahead, the last one read first.
    tokens: [Item; 3],
    ahead: usize,
    /// The variables in scope.
    variables: Vec<u32>,
    /// Line of the action being read, 0 outside.
    action_line: u32,
    range_depth: u32,
    parentheses: u32,
}

impl Default for Tree {
    fn default() -> Self {
        Self { tokens: [Item::NONE; 3], ahead: 0, variables: vec![0], action_line: 0, range_depth: 0, parentheses: 0 }
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    text: &'a [u8],
    name: &'a GoStr,
    code: Code,
    tree: Tree,
    /// Numbers of the variable names met so far.
    variables: Table<&'a [u8], u32>,
    /// Children of unfinished nodes, a stack.
    pending: Vec<NodeId>,
    definitions: Vec<Definition>,
    by_name: Table<GoStr, usize>,
}

impl<'a> Parser<'a> {
    // Tokens.

    fn next(&mut self) -> Item {
        if self.tree.ahead > 0 {
            self.tree.ahead -= 1;
        } else {
            self.tree.tokens[0] = self.lexer.next_item();
        }
        self.tree.tokens[self.tree.ahead]
    }

    fn backup(&mut self) {
        self.tree.ahead += 1;
    }

    fn peek(&mut self) -> Item {
        if self.tree.ahead == 0 {
            self.tree.tokens[0] = self.lexer.next_item();
            self.tree.ahead = 1;
        }
        self.tree.tokens[self.tree.ahead - 1]
    }

    fn next_non_space(&mut self) -> Item {
        loop {
            let item = self.next();
            if item.kind != Kind::Space {
                return item;
            }
        }
    }

    fn peek_non_space(&mut self) -> Item {
        let item = self.next_non_space();
        self.backup();
        item
    }

    fn val(&self, item: Item) -> &'a [u8] {
        self.text.get(item.pos as usize..item.end as usize).unwrap_or_default()
    }

    fn fail<T>(&self, message: impl AsRef<str>) -> Parsed<T> {
        let name = errtext::text(self.name.as_bytes());
        let line = self.tree.tokens[0].line;
        Err(ParseError { message: format!("template: {name}:{line}: {}", message.as_ref()) })
    }

    fn unexpected<T>(&self, item: Item, context: &str) -> Parsed<T> {
        if item.kind != Kind::Error {
            return self.fail(format!("unexpected {} in {context}", self.show(item)));
        }
        let error = self.lexer.error(item);
        let started = self.tree.action_line;
        if started == 0 || started == item.line {
            return self.fail(error);
        }
        let what = if error.ends_with(" action") { "" } else { " in action" };
        self.fail(format!("{error}{what} started at {}:{started}", errtext::text(self.name.as_bytes())))
    }

    fn show(&self, item: Item) -> String {
        let val = self.val(item);
        match item.kind {
            Kind::Eof => "EOF".to_owned(),
            Kind::Error => self.lexer.error(item).to_owned(),
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

    // Nodes.

    fn add(&mut self, pos: u32, kind: NodeKind) -> NodeId {
        self.code.nodes.push(Node { pos, kind });
        (self.code.nodes.len() - 1) as NodeId
    }

    /// The pending children from `mark` on become the children of a node.
    fn adopt(&mut self, mark: usize) -> Span {
        let span = Span { start: self.code.children.len() as u32, len: (self.pending.len() - mark) as u32 };
        self.code.children.extend(self.pending.drain(mark..));
        span
    }

    fn add_string(&mut self, s: &[u8]) -> u32 {
        self.code.strings.push(GoStr::from(s));
        (self.code.strings.len() - 1) as u32
    }

    fn unquote(&mut self, item: Item) -> Parsed<u32> {
        let literal = self.val(item);
        match literal {
            // Nothing to decode in most strings.
            [b'"', plain @ .., b'"'] if plain.is_ascii() && memchr::memchr(b'\\', plain).is_none() => {
                Ok(self.add_string(plain))
            }
            _ => match strconv::unquote(literal) {
                Some(s) => Ok(self.add_string(&s)),
                None => self.fail("invalid syntax"),
            },
        }
    }

    fn variable_number(&mut self, item: Item) -> u32 {
        let name = self.val(item);
        if name == b"$" {
            return 0;
        }
        let all = &mut self.code.variables;
        *self.variables.entry(name).or_insert_with(|| {
            all.push(Span { start: item.pos, len: item.end - item.pos });
            (all.len() - 1) as u32
        })
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

    /// Installs a template of this text.
    fn define(&mut self, name: u32, root: NodeId) -> Parsed<()> {
        let name = self.code.strings[name as usize].clone();
        let empty = self.is_empty(root);
        let definition = Definition { name: name.clone(), root, empty };
        match self.by_name.get(&name) {
            None => {
                self.by_name.insert(name, self.definitions.len());
                self.definitions.push(definition);
            }
            Some(&at) if self.definitions[at].empty => self.definitions[at] = definition,
            Some(_) if empty => {}
            Some(_) => {
                let name = strconv::quote(name.as_bytes());
                return self.fail(format!("template: multiple definition of template {name}"));
            }
        }
        Ok(())
    }
}
