//! A set of templates that call each other by name.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::exec::{Exec, ExecError};
use super::func::{FuncError, FuncMap};
use super::functions::Functions;
use super::node::{NodeId, Source};
use super::parse::{self, ParseError};
use super::value::{GoStr, Value};

/// What a missing map key gives (the option `missingkey`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingKey {
    /// No value, which prints as `<no value>`.
    #[default]
    Default,
    /// The zero value of the map's element type: nil for a `map[string]interface {}`.
    Zero,
    /// The execution fails.
    Error,
}

/// A template: its name and where its compiled form is.
#[derive(Debug)]
pub(super) struct Template {
    pub name: GoStr,
    pub source: Rc<Source>,
    pub root: NodeId,
    empty: bool,
}

/// Templates by name.
pub(super) type Templates = HashMap<GoStr, Rc<Template>>;

/// Templates by name, with the functions they may call.
///
/// ```
/// use vulas_native::gotemplate::{FuncMap, Set, Value};
///
/// let mut set = Set::new("root", &FuncMap::new());
/// set.parse("hello", "Hello {{ .name | printf \"%q\" }}!")?;
/// let data = Value::map([("name", "you".into())]);
/// assert_eq!(set.execute("hello", data, &mut ())?, b"Hello \"you\"!");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Set {
    name: String,
    functions: Rc<Functions>,
    templates: Rc<Templates>,
    missing_key: MissingKey,
    values_methods: FuncMap,
    /// Compiled strings by their text, for [`Scope::execute_string`](super::Scope::execute_string).
    strings: RefCell<HashMap<GoStr, Rc<Parsed>>>,
}

/// A compiled string: its own template and those it defines.
#[derive(Debug)]
pub(super) struct Parsed {
    pub template: Rc<Template>,
    pub defined: Vec<Rc<Template>>,
}

impl Set {
    /// An empty set. `name` stands in messages about missing templates, and names the strings that are executed as templates.
    pub fn new(name: impl Into<String>, functions: &FuncMap) -> Self {
        Self {
            name: name.into(),
            functions: Rc::new(Functions::new(functions)),
            templates: Rc::default(),
            missing_key: MissingKey::default(),
            values_methods: FuncMap::new(),
            strings: RefCell::default(),
        }
    }

    /// Sets what a missing map key gives.
    #[must_use]
    pub fn missing_key(mut self, missing_key: MissingKey) -> Self {
        self.missing_key = missing_key;
        self
    }

    /// Gives [`MapKind::Values`](super::MapKind::Values) methods, which go before keys of the same name. Each takes the map
    /// as an additional first argument, which `params` does not list.
    #[must_use]
    pub fn values_methods(mut self, methods: FuncMap) -> Self {
        self.values_methods = methods;
        self
    }

    /// Compiles a text as the template `name`, with the templates it defines. Each replaces an earlier one of its name, unless
    /// it is empty.
    ///
    /// # Errors
    /// Go's parse error; the set is unchanged then.
    pub fn parse(&mut self, name: &str, text: &str) -> Result<(), ParseError> {
        self.parse_bytes(name, text.as_bytes())
    }

    /// [`parse`](Self::parse) of a text that may be no UTF-8.
    ///
    /// # Errors
    /// Go's parse error; the set is unchanged then.
    pub fn parse_bytes(&mut self, name: &str, text: &[u8]) -> Result<(), ParseError> {
        let (templates, _) = self.compile(&GoStr::from(name), &GoStr::from(text))?;
        // An execution holds its own reference, but none runs while the set can be changed.
        let all = Rc::make_mut(&mut self.templates);
        for template in templates {
            define(all, template);
        }
        Ok(())
    }

    /// Whether there is a template of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.templates.contains_key(name.as_bytes())
    }

    /// The names of all templates, sorted.
    pub fn names(&self) -> Vec<&GoStr> {
        let mut names: Vec<_> = self.templates.keys().collect();
        names.sort();
        names
    }

    /// Executes a template; `host` is what functions get from [`Scope::host`](super::Scope::host).
    ///
    /// # Errors
    /// There is no such template, or its execution failed.
    pub fn execute(&self, name: &str, data: Value, host: &mut dyn Any) -> Result<Vec<u8>, ExecError> {
        Exec::new(self, self.templates.clone(), host).run(name.as_bytes(), data)
    }

    pub(super) fn on_missing_key(&self) -> MissingKey {
        self.missing_key
    }

    pub(super) fn values_method(&self, name: &[u8]) -> Option<(&'static str, super::Func)> {
        if self.values_methods.is_empty() {
            return None;
        }
        let name = std::str::from_utf8(name).ok()?;
        self.values_methods.get_key_value(name).map(|(name, func)| (*name, *func))
    }

    /// The templates of a text, its own one last.
    fn compile(&self, name: &GoStr, text: &GoStr) -> Result<(Vec<Rc<Template>>, usize), ParseError> {
        let (source, definitions) = parse::parse(name, text, &self.functions)?;
        let source = Rc::new(source);
        let own = definitions.iter().position(|d| d.name == *name).unwrap_or_default();
        let templates = definitions
            .into_iter()
            .map(|d| Rc::new(Template { name: d.name, source: source.clone(), root: d.root, empty: d.empty }))
            .collect();
        Ok((templates, own))
    }

    /// The compiled form of a string, compiled once for each text.
    pub(super) fn compile_string(&self, text: &GoStr) -> Result<Rc<Parsed>, FuncError> {
        if let Some(parsed) = self.strings.borrow().get(text) {
            return Ok(parsed.clone());
        }
        let (mut defined, own) =
            self.compile(&GoStr::from(self.name.as_str()), text).map_err(|error| FuncError::new(error.message))?;
        let template = defined.remove(own);
        let parsed = Rc::new(Parsed { template, defined });
        self.strings.borrow_mut().insert(text.clone(), parsed.clone());
        Ok(parsed)
    }

    /// Go's error for a template that does not exist.
    pub(super) fn no_template(&self, name: &[u8]) -> String {
        let (name, own) = (super::strconv::quote(name), super::strconv::quote(self.name.as_bytes()));
        format!("template: no template {name} associated with template {own}")
    }
}

/// Adds a template; an empty one does not replace another.
pub(super) fn define(all: &mut Templates, template: Rc<Template>) {
    if template.empty && all.contains_key(&template.name) {
        return;
    }
    all.insert(template.name.clone(), template);
}
