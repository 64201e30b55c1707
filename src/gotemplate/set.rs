//! A set of templates that call each other by name.

use std::any::Any;
use std::cell::RefCell;
use std::collections::hash_map::Entry;
use std::rc::Rc;

use super::Table;
use super::budget::Budget;
use super::exec::{Exec, ExecError};
use super::func::{Func, FuncError, FuncMap};
use super::functions::Functions;
use super::node::{NodeId, Source};
use super::parse::{self, Definition, ParseError, Scratch, Text};
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
    pub empty: bool,
}

/// Templates by name.
pub(super) type Templates = Table<GoStr, Rc<Template>>;

/// Templates by name, with the functions they may call.
///
/// ```
/// use vulas_native::gotemplate::{Set, Value};
///
/// let mut set = Set::new("root", []);
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
    /// What was parsed.
    texts: Table<GoStr, Rc<Text>>,
    scratch: RefCell<Scratch>,
    /// Compiled strings by their text, for [`Scope::execute_string`](super::Scope::execute_string).
    strings: RefCell<Strings>,
}

/// A cache of compiled strings.
#[derive(Debug, Default)]
struct Strings {
    compiled: Table<GoStr, Rc<Parsed>>,
    /// The length of all texts.
    bytes: usize,
}

/// The cache of compiled strings is emptied when their texts exceed this.
const MAX_STRINGS: usize = 16 << 20;

/// A compiled string: its own template and those it defines.
#[derive(Debug)]
pub(super) struct Parsed {
    pub template: Rc<Template>,
    pub defined: Vec<Rc<Template>>,
}

impl Set {
    /// An empty set. `name` stands in messages about missing templates, and names the strings that are executed as templates.
    ///
    /// Of functions of the same name the last one counts; Go's own come first.
    pub fn new(name: impl Into<String>, functions: impl IntoIterator<Item = (&'static str, Func)>) -> Self {
        Self {
            name: name.into(),
            functions: Rc::new(Functions::new(functions)),
            templates: Rc::default(),
            missing_key: MissingKey::default(),
            values_methods: FuncMap::new(),
            texts: Table::default(),
            scratch: RefCell::default(),
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
        self.parse_shared(name, &GoStr::from(text))
    }

    /// [`parse`](Self::parse) of a text that is shared rather than copied.
    ///
    /// # Errors
    /// Go's parse error; the set is unchanged then.
    pub fn parse_shared(&mut self, name: &str, text: &GoStr) -> Result<(), ParseError> {
        let name = GoStr::from(name);
        let compiled = match self.texts.entry(text.clone()) {
            Entry::Occupied(known) if known.get().fits(&name) => known.get().clone(),
            entry => {
                let fresh = parse::parse(&name, text, &self.functions, &mut self.scratch.borrow_mut())?;
                entry.insert_entry(Rc::new(fresh)).get().clone()
            }
        };
        let (templates, _) = templates(&compiled, &name);
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
        self.execute_within(name, data, host, &mut Budget::default())
    }

    /// [`execute`](Self::execute) as one of several executions that must not take more than a budget together.
    ///
    /// # Errors
    /// There is no such template, its execution failed or took too much.
    pub fn execute_within(
        &self,
        name: &str,
        data: Value,
        host: &mut dyn Any,
        budget: &mut Budget,
    ) -> Result<Vec<u8>, ExecError> {
        let mut exec = Exec::new(self, self.templates.clone(), host, *budget);
        let result = exec.run(name.as_bytes(), data);
        *budget = exec.budget;
        result
    }

    pub(super) fn on_missing_key(&self) -> MissingKey {
        self.missing_key
    }

    pub(super) fn values_method(&self, name: &[u8]) -> Option<(&'static str, super::Func)> {
        // Go calls exported methods only; few keys begin with a capital letter.
        if self.values_methods.is_empty() || !name.first().is_some_and(u8::is_ascii_uppercase) {
            return None;
        }
        let name = std::str::from_utf8(name).ok()?;
        self.values_methods.get_key_value(name).map(|(name, func)| (*name, *func))
    }

    /// The compiled form of a string, compiled once for each text.
    pub(super) fn compile_string(&self, text: &GoStr) -> Result<Rc<Parsed>, FuncError> {
        if let Some(parsed) = self.strings.borrow().compiled.get(text) {
            return Ok(parsed.clone());
        }
        let name = GoStr::from(self.name.as_str());
        let compiled = parse::parse(&name, text, &self.functions, &mut self.scratch.borrow_mut())
            .map_err(|error| FuncError::new(error.message))?;
        let (mut defined, own) = templates(&compiled, &name);
        let template = defined.remove(own);
        let parsed = Rc::new(Parsed { template, defined });
        let mut strings = self.strings.borrow_mut();
        strings.bytes += text.len();
        if strings.bytes > MAX_STRINGS {
            strings.compiled.clear();
            strings.bytes = text.len();
        }
        strings.compiled.insert(text.clone(), parsed.clone());
        Ok(parsed)
    }

    /// Go's error for a template that does not exist.
    pub(super) fn no_template(&self, name: &[u8]) -> String {
        let (name, own) = (super::strconv::quote(name), super::strconv::quote(self.name.as_bytes()));
        format!("template: no template {name} associated with template {own}")
    }
}

/// The templates of a text under a name, and which of them is its own.
fn templates(text: &Text, name: &GoStr) -> (Vec<Rc<Template>>, usize) {
    let source = Rc::new(Source { name: name.clone(), code: text.code.clone() });
    let template = |(i, definition): (usize, &Definition)| {
        let name = if i == text.own { name } else { &definition.name };
        Rc::new(Template { name: name.clone(), source: source.clone(), root: definition.root, empty: definition.empty })
    };
    (text.definitions.iter().enumerate().map(template).collect(), text.own)
}

/// Adds a template; an empty one does not replace another.
pub(super) fn define(all: &mut Templates, template: Rc<Template>) {
    if template.empty && all.contains_key(&template.name) {
        return;
    }
    all.insert(template.name.clone(), template);
}

#[cfg(test)]
mod tests {
    use std::any::Any;

    use super::super::{Func, Object, Scope, Signature, StringError, Type, UintKind};
    use super::*;

    /// A chart's files: a map with methods.
    #[derive(Debug)]
    struct Files;

    impl Object for Files {
        fn type_name(&self) -> &str {
            "engine.files"
        }
        fn kind_name(&self) -> &str {
            "map"
        }
        fn field(&self, name: &str) -> Option<Result<Value, FuncError>> {
            match name {
                "AsConfig" => Some(Ok("a: b".into())),
                "Broken" => Some(Err(FuncError::new("no disk"))),
                _ => None,
            }
        }
        fn method(&self, name: &str) -> Option<Signature> {
            (name == "Get").then_some(Signature { params: &[Type::Str], variadic: None })
        }
        fn call(&self, _scope: &mut dyn Scope, name: &str, args: &[Value]) -> Option<Result<Value, FuncError>> {
            (name == "Get").then(|| Ok(Value::str(format!("<{}>", crate::gotemplate::fmt::to_string(&args[0])))))
        }
        fn length(&self) -> Option<usize> {
            Some(2)
        }
        fn keys(&self) -> Option<Vec<GoStr>> {
            Some(vec!["a.txt".into(), "b.txt".into()])
        }
        fn entry(&self, key: &GoStr) -> Option<Value> {
            match key.as_bytes() {
                b"a.txt" => Some("1".into()),
                b"b.txt" => Some("2".into()),
                _ => None,
            }
        }
        fn display(&self) -> String {
            "map[a.txt:1 b.txt:2]".to_owned()
        }
        fn as_any(&self) -> &dyn Any {
            self
        }
    }

    fn functions() -> FuncMap {
        let text = |params, body| Func { params, variadic: None, body };
        FuncMap::from([
            (
                "include",
                text(&[Type::Str, Type::Any], |scope, args| {
                    let name = args[0].as_str().unwrap();
                    scope.execute(name.as_bytes(), args[1].clone()).map(Value::Str)
                }),
            ),
            (
                "tpl",
                text(&[Type::Str, Type::Any], |scope: &mut dyn Scope, args| {
                    scope.execute_string(args[0].as_str().unwrap(), args[1].clone()).map(Value::Str).map_err(
                        |e| match e {
                            StringError::Parse(e) | StringError::Execute(e) => FuncError::wrap("in tpl", e),
                        },
                    )
                }),
            ),
            (
                "count",
                text(&[], |scope, _| {
                    let counter = scope.host().downcast_mut::<i64>().unwrap();
                    *counter += 1;
                    Ok(Value::int(*counter))
                }),
            ),
            (
                "set",
                text(&[Type::MapOfAny, Type::Str, Type::Any], |_, args| {
                    args[0].as_map().unwrap().insert(args[1].as_str().unwrap().clone(), args[2].clone());
                    Ok("".into())
                }),
            ),
        ])
    }

    fn run(text: &str, data: Value) -> Result<String, String> {
        let mut set = Set::new("root", functions()).missing_key(MissingKey::Zero);
        set.parse("t", text).map_err(|e| e.message)?;
        set.execute("t", data, &mut 0i64).map(|out| String::from_utf8(out).unwrap()).map_err(|e| e.message)
    }

    fn data() -> Value {
        Value::map([
            ("n", Value::Nil),
            ("list", Value::list(vec![Value::int(1), Value::int(2), Value::int(3)])),
            ("map", Value::map([("b", Value::int(2)), ("a", Value::int(1))])),
            ("Files", Value::Object(Rc::new(Files))),
        ])
    }

    #[test]
    fn executes_every_action() {
        let cases = [
            ("a {{- /* c */ -}} b", "ab"),
            ("{{ range $i, $e := .list }}{{ if eq $e 2 }}{{ continue }}{{ end }}{{ $i }}{{ $e }};{{ end }}", "01;23;"),
            ("{{ range .list }}{{ . }}{{ break }}{{ else }}none{{ end }}", "1"),
            ("{{ range $k, $v := .map }}{{ $k }}={{ $v }} {{ end }}{{ range 3 }}{{ . }}{{ end }}", "a=1 b=2 012"),
            ("{{ with .n }}x{{ else with .map }}{{ .a }}{{ end }}", "1"),
            ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $x := 3 }}{{ end }}{{ $x }}", "2"),
            (
                "{{ define \"d\" }}<{{ . }}>{{ end }}{{ template \"d\" 1 }}{{ block \"e\" .list }}{{ len . }}{{ end }}",
                "<1>3",
            ),
            ("{{ .n }} {{ .none }} {{ index .list 0 }} {{ printf \"%v\" .n }}", "<no value> <no value> 1 <nil>"),
            ("{{ or .n 0 .list (index .n 1) }} {{ and 1 .n (index .n 1) }}", "[1 2 3] <no value>"),
            ("{{ count }}{{ count }}", "12"),
        ];
        for (text, want) in cases {
            assert_eq!(run(text, data()), Ok(want.to_owned()), "{text}");
        }
    }

    #[test]
    fn reports_errors_where_they_are() {
        let cases = [
            ("{{ .n.x }}", "template: t:1:5: executing \"t\" at <.n.x>: nil pointer evaluating interface {}.x"),
            (
                "\n {{ .map.a.x }}",
                "template: t:2:8: executing \"t\" at <.map.a.x>: can't evaluate field x in type interface {}",
            ),
            (
                "{{ include \"none\" . }}",
                "template: t:1:3: executing \"t\" at <include \"none\" .>: error calling include: \
              template: no template \"none\" associated with template \"root\"",
            ),
            ("{{ set .map }}", "template: t:1:3: executing \"t\" at <set>: wrong number of args for set: want 3 got 1"),
            (
                "{{ set .list \"a\" 1 }}",
                "template: t:1:7: executing \"t\" at <.list>: wrong type for value; expected \
              map[string]interface {}; got []interface {}",
            ),
            ("{{ end }}", "template: t:1: unexpected {{end}}"),
            ("{{ if 1 }}\n{{ nope }}", "template: t:2: function \"nope\" not defined"),
        ];
        for (text, want) in cases {
            assert_eq!(run(text, data()), Err(want.to_owned()), "{text}");
        }
    }

    #[test]
    fn objects_answer_for_themselves() {
        let cases = [
            ("{{ .Files.Get \"x\" }} {{ \"y\" | .Files.Get }} {{ .Files.AsConfig }}", Ok("<x> <y> a: b")),
            ("{{ range $k, $v := .Files }}{{ $k }}{{ $v }} {{ end }}{{ len .Files }}", Ok("a.txt1 b.txt2 2")),
            ("{{ index .Files \"a.txt\" }} {{ .Files.missing }} {{ .Files }}", Ok("1 <no value> map[a.txt:1 b.txt:2]")),
            (
                "{{ .Files.Get }}",
                Err("template: t:1:9: executing \"t\" at <.Files.Get>: wrong number of args for Get: want 1 got 0"),
            ),
            (
                "{{ .Files.Broken }}",
                Err("template: t:1:9: executing \"t\" at <.Files.Broken>: error calling Broken: no disk"),
            ),
        ];
        for (text, want) in cases {
            assert_eq!(run(text, data()), want.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn maps_are_shared_and_may_change_while_they_are_walked() {
        let text = "{{ range $k, $v := .map }}{{ set $.map (print $k \"x\") $v }}{{ end }}{{ .map }}";
        assert_eq!(run(text, data()), Ok("map[a:1 ax:1 b:2 bx:2]".to_owned()));
    }

    #[test]
    fn methods_of_values_go_before_keys() {
        let methods = FuncMap::from([(
            "Keys",
            Func {
                params: &[],
                variadic: None,
                body: |_, args| Ok(Value::int(args[0].as_map().unwrap().len() as i64)),
            },
        )]);
        let mut set = Set::new("root", functions()).values_methods(methods);
        set.parse("t", "{{ .Values.Keys }} {{ .Values.a.Keys }} {{ .Values.a }}").unwrap();
        let values = Value::map_of(super::super::MapKind::Values, [("a", Value::map([("Keys", "k".into())]))]);
        let out = set.execute("t", Value::map([("Values", values)]), &mut ()).unwrap();
        assert_eq!(out, b"1 k map[Keys:k]");
    }

    #[test]
    fn empty_templates_do_not_replace_others() {
        let mut set = Set::new("root", functions());
        set.parse("a", "one").unwrap();
        set.parse("b", "{{ define \"a\" }} {{/* nothing */}} {{ end }}").unwrap();
        assert_eq!(set.execute("a", Value::Nil, &mut ()).unwrap(), b"one");
        set.parse("b", "{{ define \"a\" }}two{{ end }}").unwrap();
        assert_eq!(set.execute("a", Value::Nil, &mut ()).unwrap(), b"two");
        assert!(set.parse("c", "{{ define \"a\" }}three{{ end }}{{").is_err());
        assert_eq!(set.execute("a", Value::Nil, &mut ()).unwrap(), b"two");
    }

    #[test]
    fn errors_carry_the_chain_of_their_causes() {
        let mut set = Set::new("root", functions());
        set.parse("h", "{{ define \"h\" }}{{ len 1 }}{{ end }}").unwrap();
        set.parse("t", "{{ tpl `{{ include \"h\" . }}` . }}").unwrap();
        let error = FuncError::from(set.execute("t", Value::Nil, &mut ()).unwrap_err());
        let starts: Vec<_> = error.chain().map(|e| e.message.split(':').next().unwrap().to_owned()).collect();
        assert_eq!(starts, ["template", "in tpl", "template", "template", "len of type int"]);
        assert!(error.message.ends_with("at <len 1>: error calling len: len of type int"), "{}", error.message);
    }

    #[test]
    fn endless_recursion_ends_with_an_error() {
        let text = "{{ define \"r\" }}{{ range 1 }}{{ template \"r\" }}{{ end }}{{ end }}{{ template \"r\" }}";
        assert!(run(text, Value::Nil).unwrap_err().ends_with("exceeded maximum template depth (100000)"));
        let text = Value::map([("t", "{{ tpl .t . }}".into()), ("u", Value::Uint(1, UintKind::Uint))]);
        let error = run("{{ tpl .t . }}", text).unwrap_err();
        assert!(error.ends_with("exceeded maximum depth of templates in strings (1100)"), "{}", &error[..200]);
    }
}
