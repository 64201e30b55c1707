//! Execution: walking a template, writing its output.
#![expect(clippy::unnecessary_box_returns, reason = "results hold errors boxed, to stay small")]

use std::any::Any;
use std::rc::Rc;

use super::budget::{Budget, TOO_MUCH_MEMORY};
use super::fmt;
use super::func::{FuncError, Scope, StringError};
use super::lex::find_left;
use super::node::{Branch, NO_NODE, NodeId, NodeKind, Source};
use super::reflect::Reflected;
use super::set::{self, Set, Template, Templates};
use super::strconv;
use super::value::{GoStr, IntKind, UintKind, Value};

/// Nesting of `{{template}}` calls beyond this fails, as in Go.
const MAX_DEPTH: u32 = 100_000;
/// Nesting of strings executed as templates beyond this fails; Go would run out of stack.
const MAX_STRING_DEPTH: u32 = 1100;
/// Nesting of templates executed by functions, strings included; the same.
const MAX_CAPTURES: u32 = 3100;
/// Texts from this length on are written step by step, as far as time goes.
const LONG: usize = 4096;
/// How many bytes of a text take as long as a step.
const STEP: usize = 64;
/// Stack kept free before each level of nesting, and how much is added when it runs short.
pub(super) const RED_ZONE: usize = 128 << 10;
pub(super) const STACK: usize = 2 << 20;

/// Why an execution failed; the text is Go's: `template: NAME:LINE:COLUMN: executing "NAME" at <NODE>: PROBLEM`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExecError {
    /// The whole message, the causes' included. What is not UTF-8 is in it as [`errtext`](super::errtext) says.
    pub message: String,
    /// The error of a function, if one failed.
    #[source]
    pub cause: Option<Box<FuncError>>,
}

impl From<ExecError> for FuncError {
    fn from(error: ExecError) -> Self {
        Self { message: error.message, cause: error.cause }
    }
}

pub(super) type Executed<T> = Result<T, Box<ExecError>>;

/// How a list of nodes ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Normal,
    Break,
    Continue,
}

/// The state of an execution.
pub(super) struct Exec<'s> {
    pub set: &'s Set,
    host: &'s mut dyn Any,
    templates: Rc<Templates>,
    /// The string being executed as a template, which can be called by the name of the set.
    string: Option<Rc<Template>>,
    out: Vec<u8>,
    /// Variables of all active templates; those of the current one start at `base`.
    pub variables: Vec<(u32, Reflected)>,
    pub base: usize,
    depth: u32,
    string_depth: u32,
    captures: u32,
    pub budget: Budget,
    /// The template and the node being executed, for messages.
    current: Option<Rc<Template>>,
    pub node: NodeId,
    /// Argument lists to use again.
    pub spare: Vec<Vec<Value>>,
    pub spare_reflected: Vec<Vec<Reflected>>,
}

impl<'s> Exec<'s> {
    pub fn new(set: &'s Set, templates: Rc<Templates>, host: &'s mut dyn Any, budget: Budget) -> Self {
        Self {
            set,
            host,
            templates,
            string: None,
            out: Vec::with_capacity(4096),
            variables: Vec::with_capacity(32),
            base: 0,
            depth: 0,
            string_depth: 0,
            captures: 0,
            budget,
            current: None,
            node: NO_NODE,
            spare: Vec::new(),
            spare_reflected: Vec::new(),
        }
    }

    /// Executes a template; the output.
    pub fn run(&mut self, name: &[u8], data: Value) -> Result<Vec<u8>, ExecError> {
        let Some(template) = self.lookup(name) else {
            return Err(ExecError { message: self.set.no_template(name), cause: None });
        };
        self.template(template, &Reflected::plain(data)).map_err(|error| *error)?;
        self.budget.write(self.out.len());
        Ok(std::mem::take(&mut self.out))
    }

    fn lookup(&self, name: &[u8]) -> Option<Rc<Template>> {
        match &self.string {
            Some(own) if own.name.as_bytes() == name => Some(own.clone()),
            _ => self.templates.get(name).cloned(),
        }
    }

    /// An error at the current node.
    pub fn error(&self, problem: impl AsRef<str>) -> Box<ExecError> {
        self.error_from(problem, None)
    }

    pub fn error_from(&self, problem: impl AsRef<str>, cause: Option<FuncError>) -> Box<ExecError> {
        let problem = problem.as_ref();
        let message = match &self.current {
            Some(template) if self.node != NO_NODE => {
                let location = template.source.location(self.node);
                let context = template.source.describe(self.node);
                let name = strconv::quote(template.name.as_bytes());
                format!("template: {location}: executing {name} at <{context}>: {problem}")
            }
            _ => format!("template: {problem}"),
        };
        Box::new(ExecError { message, cause: cause.map(Box::new) })
    }

    /// Executes a template with variables of its own. After an error the state is as before, for functions that survive it.
    fn template(&mut self, template: Rc<Template>, dot: &Reflected) -> Executed<()> {
        let mark = self.variables.len();
        let base = std::mem::replace(&mut self.base, mark);
        let node = self.node;
        self.variables.push((0, dot.clone()));
        let source = template.source.clone();
        let root = template.root;
        let outer = self.current.replace(template);
        let result = stacker::maybe_grow(RED_ZONE, STACK, || self.walk(&source, dot, root));
        // An error was made where it happened.
        self.current = outer;
        self.node = node;
        self.variables.truncate(mark);
        self.base = base;
        result.map(drop)
    }

    fn walk(&mut self, source: &Source, dot: &Reflected, id: NodeId) -> Executed<Flow> {
        self.node = id;
        self.work(1)?;
        let node = source.node(id);
        match node.kind {
            NodeKind::List(children) => {
                for &child in source.children(children) {
                    let flow = self.walk(source, dot, child)?;
                    if flow != Flow::Normal {
                        return Ok(flow);
                    }
                }
            }
            NodeKind::Text(end) => {
                self.out.extend_from_slice(&source.text.as_bytes()[node.pos as usize..end as usize]);
            }
            NodeKind::Action(pipe) => {
                let value = self.pipeline(source, dot, pipe)?;
                let NodeKind::Pipe { declared, .. } = source.node(pipe).kind else { return Ok(Flow::Normal) };
                if declared.len == 0 {
                    self.node = id;
                    self.print(&value)?;
                }
            }
            NodeKind::If(branch) => return self.branch(source, dot, branch, false),
            NodeKind::With(branch) => return self.branch(source, dot, branch, true),
            NodeKind::Range(branch) => return self.range(source, dot, branch),
            NodeKind::Template { name, pipe } => self.call_template(source, dot, name, pipe)?,
            NodeKind::Break => return Ok(Flow::Break),
            NodeKind::Continue => return Ok(Flow::Continue),
            _ => return Err(self.error("unknown node")),
        }
        Ok(Flow::Normal)
    }

    fn print(&mut self, value: &Reflected) -> Executed<()> {
        if value.value.is_nil() {
            self.out.extend_from_slice(b"<no value>");
            return Ok(());
        }
        let before = self.out.len();
        if let Value::Object(object) = &value.value {
            self.out.extend_from_slice(object.printed().as_bytes());
        } else {
            let printed = fmt::append(&mut self.out, fmt::Style::Print, std::slice::from_ref(&value.value));
            printed.map_err(|error| self.error(error.to_string()))?;
        }
        let written = self.out.len() - before;
        if written < LONG { Ok(()) } else { self.wrote(written) }
    }

    /// Accounts for a long text in the output.
    #[cold]
    fn wrote(&mut self, size: usize) -> Executed<()> {
        self.work(steps(size))?;
        self.check_output()
    }

    fn check_output(&self) -> Executed<()> {
        if self.budget.holds(self.out.len()) { Ok(()) } else { Err(self.error(Budget::too_much())) }
    }

    /// Accounts for steps of some nanoseconds each.
    pub fn work(&mut self, steps: u32) -> Executed<()> {
        if self.budget.work(steps) { Ok(()) } else { Err(self.error(self.budget.too_long())) }
    }

    /// The list of a branch, with the stack it may need.
    fn list(&mut self, source: &Source, dot: &Reflected, list: NodeId) -> Executed<Flow> {
        stacker::maybe_grow(RED_ZONE, STACK, || self.walk(source, dot, list))
    }

    fn branch(&mut self, source: &Source, dot: &Reflected, branch: Branch, with: bool) -> Executed<Flow> {
        let mark = self.variables.len();
        let value = self.pipeline(source, dot, branch.pipe)?;
        let flow = if value.value.truth() {
            self.list(source, if with { &value } else { dot }, branch.list)?
        } else if branch.otherwise == NO_NODE {
            Flow::Normal
        } else {
            self.list(source, dot, branch.otherwise)?
        };
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn range(&mut self, source: &Source, dot: &Reflected, branch: Branch) -> Executed<Flow> {
        let mark = self.variables.len();
        let value = self.pipeline(source, dot, branch.pipe)?;
        let mut looping = Loop { source, branch, mark: self.variables.len(), ran: false };
        self.iterate(&mut looping, &value.value)?;
        let mut flow = Flow::Normal;
        if !looping.ran && branch.otherwise != NO_NODE {
            flow = self.list(source, dot, branch.otherwise)?;
        }
        self.variables.truncate(mark);
        // `break` in the else list ends this range, which is at its end anyway; `continue` means the loop around it.
        Ok(if flow == Flow::Break { Flow::Normal } else { flow })
    }

    fn iterate(&mut self, looping: &mut Loop<'_>, value: &Value) -> Executed<()> {
        let index = |i: usize| Reflected::plain(Value::int(i as i64));
        match value {
            Value::Nil => {}
            Value::Int(..) | Value::Uint(..) => return self.count(looping, value),
            Value::Bytes(b) => {
                for (i, byte) in b.iter().enumerate() {
                    let byte = Reflected::plain(Value::Uint(u64::from(*byte), UintKind::Uint8));
                    if !self.iteration(looping, index(i), &byte)? {
                        break;
                    }
                }
            }
            Value::List(l) => {
                // The body may sort the list.
                for i in 0..l.items.len() {
                    if !self.iteration(looping, index(i), &Reflected::element(l.kind, &l.items[i]))? {
                        break;
                    }
                }
            }
            Value::Map(m) => {
                let interface = m.kind != super::MapKind::Str;
                // The body may change the map.
                let entries = m.borrow().clone();
                self.work(u32::try_from(entries.len()).unwrap_or(u32::MAX))?;
                for (key, value) in entries {
                    let value = Reflected { value, interface };
                    if !self.iteration(looping, Reflected::plain(Value::Str(key)), &value)? {
                        break;
                    }
                }
            }
            Value::Object(o) => {
                if let Some(keys) = o.keys() {
                    for key in keys {
                        let value = o.entry(&key).unwrap_or_default();
                        self.spend_on(&value, self.node)?;
                        if !self.iteration(looping, Reflected::plain(Value::Str(key)), &Reflected::plain(value))? {
                            break;
                        }
                    }
                    return Ok(());
                }
                let Some(entries) = o.entries() else {
                    // Go follows a pointer here, too, but leaves out the methods that need one.
                    let shown = o.display();
                    let shown = if o.kind_name() == "ptr" { shown.strip_prefix('&').unwrap_or(&shown) } else { &shown };
                    return Err(self.error(format!("range can't iterate over {shown}")));
                };
                self.work(u32::try_from(entries.len()).unwrap_or(u32::MAX))?;
                for (key, value) in entries {
                    if !self.iteration(looping, Reflected::plain(key), &Reflected::plain(value))? {
                        break;
                    }
                }
            }
            other => return Err(self.error(format!("range can't iterate over {}", fmt::to_string(other)))),
        }
        Ok(())
    }

    /// A range over an integer.
    fn count(&mut self, looping: &mut Loop<'_>, limit: &Value) -> Executed<()> {
        if looping.declared().len > 1 {
            let shown = fmt::to_string(limit);
            return Err(self.error(format!("can't use {shown} to iterate over more than one variable")));
        }
        let (end, value): (u64, &dyn Fn(u64) -> Value) = match *limit {
            Value::Int(i, kind) => (i.max(0) as u64, &move |n| Value::Int(n as i64, kind)),
            Value::Uint(u, kind) => (u, &move |n| Value::Uint(n, kind)),
            _ => (0, &|n| Value::Int(n as i64, IntKind::Int)),
        };
        for n in 0..end {
            if !self.iteration(looping, Reflected::default(), &Reflected::plain(value(n)))? {
                break;
            }
        }
        Ok(())
    }

    /// One round of a range; whether there is to be another.
    fn iteration(&mut self, looping: &mut Loop<'_>, index: Reflected, element: &Reflected) -> Executed<bool> {
        looping.ran = true;
        self.check_output()?;
        let source = looping.source;
        if let NodeKind::Pipe { declared, assigns, .. } = source.node(looping.branch.pipe).kind
            && declared.len > 0
        {
            // With two variables the index comes first, with one it is the element.
            let names = source.children(declared);
            if assigns {
                if let [first, second] = names {
                    self.assign(source, *first, index)?;
                    self.assign(source, *second, element.clone())?;
                } else {
                    self.assign(source, names[0], element.clone())?;
                }
            } else {
                let top = self.variables.len();
                self.variables[top - 1].1 = element.clone();
                if names.len() > 1 {
                    self.variables[top - 2].1 = index;
                }
            }
        }
        let flow = self.list(source, element, looping.branch.list)?;
        self.variables.truncate(looping.mark);
        Ok(flow != Flow::Break)
    }

    fn call_template(&mut self, source: &Source, dot: &Reflected, name: u32, pipe: NodeId) -> Executed<()> {
        let name = source.string(name);
        let Some(template) = self.lookup(name.as_bytes()) else {
            return Err(self.error(format!("template {} not defined", strconv::quote(name.as_bytes()))));
        };
        if self.depth == MAX_DEPTH {
            return Err(self.error(format!("exceeded maximum template depth ({MAX_DEPTH})")));
        }
        self.check_output()?;
        let dot = if pipe == NO_NODE { Reflected::default() } else { self.pipeline(source, dot, pipe)? };
        self.depth += 1;
        let result = self.template(template, &dot);
        self.depth -= 1;
        result
    }

    /// Accounts for the result of a function.
    pub fn spend_on(&mut self, value: &Value, id: NodeId) -> Executed<()> {
        let size = match value {
            Value::Str(s) => s.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::List(list) => list.items.len() * size_of::<Value>(),
            Value::Map(map) => map.len() * 2 * size_of::<Value>(),
            _ => return Ok(()),
        };
        if !self.budget.spend(size) {
            self.node = id;
            return Err(self.error(TOO_MUCH_MEMORY));
        }
        if size < LONG {
            return Ok(());
        }
        self.node = id;
        self.work(steps(size))
    }

    /// Accounts for a call with these arguments, as far as can be seen how long it may take.
    pub fn work_on(&mut self, args: &[Value], id: NodeId) -> Executed<()> {
        /// A call.
        const CALL: u32 = 8;
        /// A call that may walk through what it is given: mostly it takes less, but it may take long.
        const WALK: u32 = 1 << 16;
        let of = |value: &Value| match value {
            Value::Str(s) => steps(s.len()),
            Value::Bytes(b) => steps(b.len()),
            Value::List(_) | Value::Map(_) | Value::Object(_) => WALK,
            _ => 1,
        };
        let all = args.iter().fold(CALL, |all, value| all.saturating_add(of(value)));
        if self.budget.work(all) {
            return Ok(());
        }
        self.node = id;
        Err(self.error(self.budget.too_long()))
    }

    /// Executes a template apart from the output; what it wrote.
    fn capture(&mut self, template: Rc<Template>, data: Value) -> Result<GoStr, FuncError> {
        if self.captures == MAX_CAPTURES {
            return Err(FuncError::new(format!("exceeded maximum depth of included templates ({MAX_CAPTURES})")));
        }
        let start = self.out.len();
        let depth = std::mem::take(&mut self.depth);
        self.captures += 1;
        let result = self.template(template, &Reflected::plain(data));
        self.captures -= 1;
        self.depth = depth;
        let text = result.map(|()| GoStr::from(&self.out[start..]));
        self.out.truncate(start);
        text.map_err(|error| FuncError::from(*error))
    }
}

/// How many steps it may take to do something with a text of a size.
fn steps(size: usize) -> u32 {
    u32::try_from(size / STEP).unwrap_or(u32::MAX)
}

/// A range that is going on.
struct Loop<'a> {
    source: &'a Source,
    branch: Branch,
    /// The variables before the body.
    mark: usize,
    ran: bool,
}

impl Loop<'_> {
    fn declared(&self) -> super::node::Span {
        match self.source.node(self.branch.pipe).kind {
            NodeKind::Pipe { declared, .. } => declared,
            _ => super::node::Span::default(),
        }
    }
}

impl Scope for Exec<'_> {
    fn execute(&mut self, name: &[u8], data: Value) -> Result<GoStr, FuncError> {
        match self.lookup(name) {
            Some(template) => self.capture(template, data),
            None => Err(FuncError::new(self.set.no_template(name))),
        }
    }

    fn execute_string(&mut self, text: &GoStr, data: Value) -> Result<GoStr, StringError> {
        if find_left(text.as_bytes()).is_none() {
            return Ok(text.clone());
        }
        let parsed = self.set.compile_string(text).map_err(StringError::Parse)?;
        Scope::work(self, text.len()).map_err(StringError::Execute)?;
        if self.string_depth == MAX_STRING_DEPTH {
            let problem = format!("exceeded maximum depth of templates in strings ({MAX_STRING_DEPTH})");
            return Err(StringError::Execute(FuncError::new(problem)));
        }
        let outer_templates = (!parsed.defined.is_empty()).then(|| {
            self.budget.spend(self.templates.len() * size_of::<GoStr>());
            let mut all = Templates::clone(&self.templates);
            for template in &parsed.defined {
                set::define(&mut all, template.clone());
            }
            std::mem::replace(&mut self.templates, Rc::new(all))
        });
        let outer_string = self.string.replace(parsed.template.clone());
        self.string_depth += 1;
        let result = self.capture(parsed.template.clone(), data);
        self.string_depth -= 1;
        self.string = outer_string;
        if let Some(outer) = outer_templates {
            self.templates = outer;
        }
        result.map_err(StringError::Execute)
    }

    fn host(&mut self) -> &mut dyn Any {
        self.host
    }

    fn work(&mut self, steps: usize) -> Result<(), FuncError> {
        if !self.budget.spend(steps) {
            return Err(FuncError::new(TOO_MUCH_MEMORY));
        }
        if !self.budget.work(u32::try_from(steps).unwrap_or(u32::MAX)) {
            return Err(FuncError::new(self.budget.too_long()));
        }
        Ok(())
    }
}
