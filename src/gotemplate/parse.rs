//! The parser: tokens to the compiled form.

use std::collections::HashMap;
use std::rc::Rc;

use super::functions::Functions;
use super::lex::{Item, Kind, Lexer};
use super::node::{Branch, NO_NODE, Node, NodeId, NodeKind, Source, Span};
use super::number::Number;
use super::runes::runes;
use super::strconv;
use super::value::GoStr;

/// Nesting of parentheses beyond this is refused.
const MAX_PARENTHESES: u32 = 10_000;
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

/// Compiles a text. The templates it defines come in the order of their ends, the one named `name` last.
///
/// # Errors
/// Go's parse error.
pub(super) fn parse(name: &GoStr, text: &GoStr, functions: &Rc<Functions>) -> Parsed<(Source, Vec<Definition>)> {
    if u32::try_from(text.len()).is_err() {
        return Err(ParseError { message: format!("template: {}:1: text of 4 GiB or more", name.to_str()) });
    }
    let source = Source {
        name: name.clone(),
        text: text.clone(),
        nodes: Vec::with_capacity(text.len() / 24 + 4),
        children: Vec::with_capacity(text.len() / 24 + 4),
        names: Vec::with_capacity(text.len() / 32 + 4),
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
        source,
        tree: Tree::default(),
        variables: HashMap::new(),
        pending: Vec::with_capacity(64),
        definitions: Vec::new(),
        by_name: HashMap::new(),
    };
    let root = parser.whole()?;
    let own = parser.add_string(name.as_bytes());
    parser.define(own, root)?;
    Ok((parser.source, parser.definitions))
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

/// The kinds of pipelines, which name themselves in messages.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Command,
    Parenthesized,
    If,
    With,
    Range,
    Block,
    Template,
}

impl Context {
    fn name(self) -> &'static str {
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

struct Parser<'a> {
    lexer: Lexer<'a>,
    text: &'a [u8],
    source: Source,
    tree: Tree,
    /// Numbers of the variable names met so far.
    variables: HashMap<&'a [u8], u32>,
    /// Children of unfinished nodes, a stack.
    pending: Vec<NodeId>,
    definitions: Vec<Definition>,
    by_name: HashMap<GoStr, usize>,
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
        let name = self.source.name.to_str();
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
        self.fail(format!("{error}{what} started at {}:{started}", self.source.name.to_str()))
    }

    fn show(&self, item: Item) -> String {
        let val = self.val(item);
        match item.kind {
            Kind::Eof => "EOF".to_owned(),
            Kind::Error => self.lexer.error(item).to_owned(),
            kind if kind >= Kind::Block => format!("<{}>", String::from_utf8_lossy(val)),
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
        self.source.nodes.push(Node { pos, kind });
        (self.source.nodes.len() - 1) as NodeId
    }

    /// The pending children from `mark` on become the children of a node.
    fn adopt(&mut self, mark: usize) -> Span {
        let span = Span { start: self.source.children.len() as u32, len: (self.pending.len() - mark) as u32 };
        self.source.children.extend(self.pending.drain(mark..));
        span
    }

    fn add_string(&mut self, s: &[u8]) -> u32 {
        self.source.strings.push(GoStr::from(s));
        (self.source.strings.len() - 1) as u32
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
        let all = &mut self.source.variables;
        *self.variables.entry(name).or_insert_with(|| {
            all.push(Span { start: item.pos, len: item.end - item.pos });
            (all.len() - 1) as u32
        })
    }

    fn is_empty(&self, id: NodeId) -> bool {
        let node = self.source.node(id);
        match node.kind {
            NodeKind::List(children) => self.source.children(children).iter().all(|&child| self.is_empty(child)),
            NodeKind::Text(end) => {
                let text = &self.text[node.pos as usize..end as usize];
                runes(text).all(|(_, c)| c.is_whitespace())
            }
            _ => false,
        }
    }

    /// Installs a template of this text.
    fn define(&mut self, name: u32, root: NodeId) -> Parsed<()> {
        let name = self.source.strings[name as usize].clone();
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

    // Grammar.

    /// The whole text: like a list, but also definitions.
    fn whole(&mut self) -> Parsed<NodeId> {
        let pos = self.peek().pos;
        let mark = self.pending.len();
        loop {
            match self.peek().kind {
                Kind::Eof => break,
                Kind::LeftDelim => {
                    let delim = self.next();
                    if self.next_non_space().kind == Kind::Define {
                        self.definition()?;
                        continue;
                    }
                    // The token after the delimiter is still in the first place.
                    self.tree.tokens[1] = delim;
                    self.tree.ahead = 2;
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
        let outer = std::mem::take(&mut self.tree);
        let item = self.next_non_space();
        if !matches!(item.kind, Kind::String | Kind::RawString) {
            return self.unexpected(item, "define clause");
        }
        let name = self.unquote(item)?;
        self.expect(Kind::RightDelim, "define clause")?;
        let (root, end) = self.list()?;
        self.expect_end(&end, "define clause")?;
        self.define(name, root)?;
        self.tree = outer;
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
                self.tree.action_line = item.line;
                let parsed = self.action()?;
                self.tree.action_line = 0;
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
        let scope = self.tree.variables.len();
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
        self.tree.variables.truncate(scope);
        let branch = Branch { pipe, list, otherwise };
        let pos = self.source.node(pipe).pos;
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
        let outer = std::mem::take(&mut self.tree);
        let (root, end) = self.list()?;
        // A wrong end is the error of the tree around the block, whose line it gets; a second definition is the block's.
        let inner = std::mem::replace(&mut self.tree, outer);
        self.expect_end(&end, Context::Block.name())?;
        let outer = std::mem::replace(&mut self.tree, inner);
        self.define(name, root)?;
        self.tree = outer;
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

    fn pipeline(&mut self, context: Context, end: Kind) -> Parsed<NodeId> {
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
                    self.backup();
                    let command = self.command()?;
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
            let variable = self.next();
            // `$x foo` needs a look at three tokens to see that nothing is declared.
            let after = self.peek();
            let next = self.peek_non_space();
            let comma = next.kind == Kind::Char && self.val(next) == b",";
            if !comma && !matches!(next.kind, Kind::Assign | Kind::Declare) {
                self.tree.tokens[1] = variable;
                self.tree.ahead = 2;
                if after.kind == Kind::Space {
                    self.tree.tokens[1] = after;
                    self.tree.tokens[2] = variable;
                    self.tree.ahead = 3;
                }
                return Ok(assigns);
            }
            self.next_non_space();
            let name = self.variable_number(variable);
            let node = self.add(variable.pos, NodeKind::Variable { name, fields: Span::default() });
            self.pending.push(node);
            self.tree.variables.push(name);
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
            let NodeKind::Command(args) = self.source.node(command).kind else { continue };
            let first = self.source.children(args).first().map(|&arg| self.source.node(arg).kind);
            if let Some(
                NodeKind::Bool(_) | NodeKind::Dot | NodeKind::Nil | NodeKind::Number(_) | NodeKind::String(..),
            ) = first
            {
                return self.fail(format!("non executable command in pipeline stage {}", i + 1));
            }
        }
        Ok(())
    }

    fn command(&mut self) -> Parsed<NodeId> {
        let pos = self.peek_non_space().pos;
        let mark = self.pending.len();
        loop {
            self.peek_non_space();
            if let Some(operand) = self.operand()? {
                self.pending.push(operand);
            }
            let item = self.next();
            match item.kind {
                Kind::Space => continue,
                Kind::RightDelim | Kind::RightParen => self.backup(),
                Kind::Pipe => {}
                _ => return self.unexpected(item, "operand"),
            }
            break;
        }
        if self.pending.len() == mark {
            return self.fail("empty command");
        }
        let args = self.adopt(mark);
        Ok(self.add(pos, NodeKind::Command(args)))
    }

    /// A term with the fields that follow it; nothing if the next token is no term.
    fn operand(&mut self) -> Parsed<Option<NodeId>> {
        let Some(term) = self.term()? else { return Ok(None) };
        let first = self.peek();
        if first.kind != Kind::Field {
            return Ok(Some(term));
        }
        let node = self.source.node(term);
        // The names of a field or variable stand last among the names, so more can be added to them.
        let (start, kind) = match node.kind {
            NodeKind::Field(fields) => (fields.start, NodeKind::Field(fields)),
            NodeKind::Variable { fields, .. } => (fields.start, node.kind),
            _ => {
                let fields = Span { start: self.source.names.len() as u32, len: 0 };
                (fields.start, NodeKind::Chain { node: term, fields })
            }
        };
        while self.peek().kind == Kind::Field {
            let field = self.next();
            self.source.names.push(Span { start: field.pos + 1, len: field.end - field.pos - 1 });
        }
        if let NodeKind::Bool(_) | NodeKind::String(..) | NodeKind::Number(_) | NodeKind::Nil | NodeKind::Dot =
            node.kind
        {
            let term = strconv::quote(self.source.describe(term).as_bytes());
            return self.fail(format!("unexpected . after term {term}"));
        }
        let fields = Span { start, len: self.source.names.len() as u32 - start };
        let kind = match kind {
            NodeKind::Field(_) => NodeKind::Field(fields),
            NodeKind::Variable { name, .. } => NodeKind::Variable { name, fields },
            _ => return Ok(Some(self.add(first.pos, NodeKind::Chain { node: term, fields }))),
        };
        // Go makes a new node, placed at the second name; nothing else refers to the old one.
        self.source.nodes[term as usize] = Node { pos: first.pos, kind };
        Ok(Some(term))
    }

    fn term(&mut self) -> Parsed<Option<NodeId>> {
        let item = self.next_non_space();
        let kind = match item.kind {
            Kind::Identifier => match self.source.functions.find(self.val(item)) {
                Some(function) => NodeKind::Function(function),
                None => {
                    let name = strconv::quote(self.val(item));
                    return self.fail(format!("function {name} not defined"));
                }
            },
            Kind::Dot => NodeKind::Dot,
            Kind::Nil => NodeKind::Nil,
            Kind::Variable => {
                let name = self.variable_number(item);
                if !self.tree.variables.contains(&name) {
                    let name = strconv::quote(self.val(item));
                    return self.fail(format!("undefined variable {name}"));
                }
                NodeKind::Variable { name, fields: Span { start: self.source.names.len() as u32, len: 0 } }
            }
            Kind::Field => {
                let start = self.source.names.len() as u32;
                self.source.names.push(Span { start: item.pos + 1, len: item.end - item.pos - 1 });
                NodeKind::Field(Span { start, len: 1 })
            }
            Kind::Bool => NodeKind::Bool(self.val(item) == b"true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => {
                let place = Span { start: item.pos, len: item.end - item.pos };
                match Number::parse(self.val(item), place, item.kind) {
                    Ok(number) => {
                        self.source.numbers.push(number);
                        NodeKind::Number((self.source.numbers.len() - 1) as u32)
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
