//! The functions that Helm adds to Go's and sprig's, or puts in their place.

use std::rc::Rc;

use super::hosts;
use super::{Lookup, errors};
use crate::chart::{Level, Notices};
use crate::gotemplate::{
    Func, FuncError, FuncMap, GoStr, Map, MapKind, Scope, StringError, Table, Type, Value, errtext, strconv,
};
use crate::{goyaml, sprig};

/// How often one template may be included inside itself.
const MAX_NESTED_INCLUDES: u32 = 1000;

/// The memory that a notice takes, besides its text.
const NOTICE: usize = 256;

/// What Helm's functions need to know while templates run.
#[derive(Default)]
pub(super) struct Host {
    /// How many executions of each template are under way by `include`.
    pub included: Table<GoStr, u32>,
    pub lookup: Option<Rc<dyn Lookup>>,
    pub lint: bool,
    pub enable_dns: bool,
    pub notices: Notices,
}

/// Helm's own functions.
static FUNCTIONS: [(&str, Func); 18] = {
    const TEXT: &[Type] = &[Type::Str];
    const ANY: &[Type] = &[Type::Any];
    const TEXT_ANY: &[Type] = &[Type::Str, Type::Any];
    const FOUR: &[Type] = &[Type::Str, Type::Str, Type::Str, Type::Str];
    const fn func(params: &'static [Type], body: crate::gotemplate::func::Body) -> Func {
        Func { params, variadic: None, body }
    }
    [
        ("toYaml", func(ANY, |_, a| Ok(yaml_or_nothing(&a[0])))),
        ("mustToYaml", func(ANY, |_, a| yaml(&a[0]))),
        (
            "toYamlPretty",
            func(ANY, |_, a| {
                unless_panic(goyaml::to_yaml_pretty(&a[0]), |_| Vec::new()).map(|text| without_newline(&text))
            }),
        ),
        ("fromYaml", func(TEXT, |scope, a| Ok(map_or_error(goyaml::from_yaml_map(readable(scope, &a[0])?))))),
        ("fromYamlArray", func(TEXT, |scope, a| Ok(list_or_error(goyaml::from_yaml_list(readable(scope, &a[0])?))))),
        ("toJson", func(ANY, |_, a| Ok(Value::str(goyaml::to_json(&a[0], true).unwrap_or_default())))),
        ("mustToJson", func(ANY, |_, a| goyaml::to_json(&a[0], true).map(Value::str).map_err(|e| failed(&e)))),
        ("fromJson", func(TEXT, |scope, a| Ok(json_map(readable(scope, &a[0])?)))),
        ("fromJsonArray", func(TEXT, |scope, a| Ok(json_list(readable(scope, &a[0])?)))),
        ("toToml", func(ANY, |_, a| unless_panic(goyaml::to_toml(&a[0]), |e| e.to_string().into()).map(Value::str))),
        ("mustToToml", func(ANY, |_, a| goyaml::to_toml(&a[0]).map(Value::str).map_err(|e| failed(&e)))),
        ("fromToml", func(TEXT, |scope, a| Ok(map_or_error(goyaml::from_toml(readable(scope, &a[0])?, &toml_time))))),
        ("include", func(TEXT_ANY, include)),
        ("tpl", func(TEXT_ANY, tpl)),
        ("required", func(TEXT_ANY, required)),
        ("fail", func(TEXT, fail)),
        ("lookup", func(FOUR, lookup)),
        ("getHostByName", func(TEXT, get_host_by_name)),
    ]
};

/// All functions that a chart's templates have.
pub(super) fn all() -> impl Iterator<Item = (&'static str, Func)> {
    sprig::functions().chain(FUNCTIONS)
}

/// The methods of `common.Values`, which templates can call; the map itself comes first among the arguments.
pub(super) fn of_values() -> FuncMap {
    let func = |params, body| Func { params, variadic: None, body };
    FuncMap::from([
        ("AsMap", func(&[], |_, a| Ok(as_type(&a[0], MapKind::Any)))),
        ("YAML", func(&[], |_, a| goyaml::to_yaml(&a[0]).map(Value::str).map_err(|e| failed(&e)))),
        (
            "Encode",
            func(&[Type::Named("io.Writer")], |_, _| {
                // Templates have no writer: the only argument that fits is nil.
                Err(FuncError::new("runtime error: invalid memory address or nil pointer dereference"))
            }),
        ),
        ("Table", func(&[Type::Str], |_, a| table(&a[0], bytes(&a[1])))),
        ("PathValue", func(&[Type::Str], |_, a| path_value(&a[0], bytes(&a[1])))),
    ])
}

fn as_type(value: &Value, kind: MapKind) -> Value {
    match value {
        Value::Map(map) => Value::Map(Rc::new(Map::view(kind, map.clone()))),
        other => other.clone(),
    }
}

fn table(values: &Value, path: &[u8]) -> Result<Value, FuncError> {
    let mut current = values.clone();
    for part in path.split(|b| *b == b'.') {
        let next = entry(&current, part).filter(|v| v.as_map().is_some());
        current = next.ok_or_else(|| FuncError::new(format!("{} is not a table", strconv::quote(part))))?;
    }
    Ok(as_type(&current, MapKind::Values))
}

fn path_value(values: &Value, path: &[u8]) -> Result<Value, FuncError> {
    if path.is_empty() {
        return Err(FuncError::new("YAML path cannot be empty"));
    }
    let (parent, key) = match memchr::memrchr(b'.', path) {
        Some(dot) => (table(values, &path[..dot]).ok(), &path[dot + 1..]),
        None => (Some(values.clone()), path),
    };
    let found = parent.and_then(|parent| entry(&parent, key));
    let is_table = |v: &Value| v.as_map().is_some_and(|map| map.kind == MapKind::Any);
    found.filter(|v| !is_table(v)).ok_or_else(|| FuncError::new(format!("{} is not a value", strconv::quote(key))))
}

fn entry(map: &Value, key: &[u8]) -> Option<Value> {
    map.as_map()?.borrow().get(key).cloned()
}

/// What [`Host`] is wrapped in, so that sprig finds its clock and randomness.
pub(super) fn wrap(host: Host) -> sprig::Host {
    sprig::Host::new(Box::new(host))
}

/// The wrapped host.
pub(super) fn unwrap(host: &mut sprig::Host) -> Option<&mut Host> {
    host.application.downcast_mut()
}

fn host(scope: &mut dyn Scope) -> Option<&mut Host> {
    scope.host().downcast_mut::<sprig::Host>().and_then(unwrap)
}

fn bytes(value: &Value) -> &[u8] {
    value.as_str().map(GoStr::as_bytes).unwrap_or_default()
}

/// A text that is to be read as values.
fn readable<'a>(scope: &mut dyn Scope, value: &'a Value) -> Result<&'a [u8], FuncError> {
    let text = bytes(value);
    sprig::check::readable(scope, text)?;
    Ok(text)
}

fn text(value: &Value) -> String {
    value.as_str().map(|s| s.to_str().into_owned()).unwrap_or_default()
}

/// A string for an error or the log.
fn message(value: &Value) -> String {
    value.as_str().map(|s| errtext::text(s.as_bytes()).into_owned()).unwrap_or_default()
}

fn failed(error: &goyaml::Error) -> FuncError {
    FuncError::new(error.to_string())
}

/// What was written, or instead of an error what `otherwise` makes of it. A panic of Go's is not swallowed.
fn unless_panic(
    written: Result<Vec<u8>, goyaml::Error>,
    otherwise: fn(&goyaml::Error) -> Vec<u8>,
) -> Result<Vec<u8>, FuncError> {
    match written {
        Err(error) if error.is_panic() => Err(failed(&error)),
        Err(error) => Ok(otherwise(&error)),
        Ok(text) => Ok(text),
    }
}

fn without_newline(text: &[u8]) -> Value {
    Value::str(text.strip_suffix(b"\n").unwrap_or(text))
}

/// `toYaml`: what cannot be written is written as nothing.
fn yaml_or_nothing(value: &Value) -> Value {
    without_newline(&goyaml::to_yaml(value).unwrap_or_default())
}

fn yaml(value: &Value) -> Result<Value, FuncError> {
    goyaml::to_yaml(value).map(|text| without_newline(&text)).map_err(|e| failed(&e))
}

/// A map, or what could be read of it with the error under `Error`.
fn map_or_error(read: Result<Value, goyaml::Error>) -> Value {
    read.unwrap_or_else(|error| Value::map([("Error", Value::str(error.to_string()))]))
}

/// As Go leaves it: what was read before an error stays beside it.
fn json_map(text: &[u8]) -> Value {
    let (value, error) = goyaml::from_json_map(text);
    if let (Some(error), Value::Map(map)) = (error, &value) {
        map.insert("Error", Value::str(error.to_string()));
    }
    value
}

fn json_list(text: &[u8]) -> Value {
    match goyaml::from_json_list(text) {
        (list, None) => list,
        (_, Some(error)) => Value::list(vec![Value::str(error.to_string())]),
    }
}

fn list_or_error(read: Result<Value, goyaml::Error>) -> Value {
    read.unwrap_or_else(|error| Value::list(vec![Value::str(error.to_string())]))
}

/// A time of TOML, as Go's library for it makes it.
fn toml_time(time: &goyaml::DateTime) -> Value {
    let date = (time.year.into(), time.month.into(), time.day.into());
    let seconds = i64::from(time.hour * 3600 + time.minute * 60 + time.second);
    let place = match time.zone {
        goyaml::Zone::Utc => sprig::Place::Utc,
        goyaml::Zone::Offset(seconds) => sprig::Place::Offset(seconds.into()),
        goyaml::Zone::LocalDateTime => sprig::Place::Local("datetime-local"),
        goyaml::Zone::LocalDate => sprig::Place::Local("date-local"),
        goyaml::Zone::LocalTime => sprig::Place::Local("time-local"),
    };
    Value::Object(Rc::new(sprig::Time::written(date, seconds, time.nanosecond, place)))
}

fn include(scope: &mut dyn Scope, args: &[Value]) -> Result<Value, FuncError> {
    let Some(name) = args[0].as_str() else { return Ok(Value::str("")) };
    if let Some(host) = host(scope) {
        let depth = host.included.entry(name.clone()).or_default();
        if *depth > MAX_NESTED_INCLUDES {
            return Err(FuncError::wrap(
                &format!("rendering template has a nested reference name: {}", errtext::text(name.as_bytes())),
                FuncError::new("unable to execute template"),
            ));
        }
        *depth += 1;
    }
    let result = scope.execute(name.as_bytes(), args[1].clone());
    if let Some(depth) = host(scope).and_then(|host| host.included.get_mut(name)) {
        *depth -= 1;
    }
    result.map(Value::Str)
}

fn tpl(scope: &mut dyn Scope, args: &[Value]) -> Result<Value, FuncError> {
    let Some(source) = args[0].as_str() else { return Ok(Value::str("")) };
    match scope.execute_string(source, args[1].clone()) {
        Ok(output) => Ok(Value::Str(without_no_value(output))),
        Err(StringError::Parse(error)) => {
            Err(FuncError::wrap(&format!("cannot parse template {}", strconv::quote(source.as_bytes())), error))
        }
        Err(StringError::Execute(error)) => Err(FuncError::wrap(
            &format!("error during tpl function execution for {}", strconv::quote(source.as_bytes())),
            error,
        )),
    }
}

fn required(scope: &mut dyn Scope, args: &[Value]) -> Result<Value, FuncError> {
    let (missing, message) = match &args[1] {
        Value::Nil => (true, "missing required value"),
        Value::Str(s) if s.is_empty() => (true, "missing required values"),
        _ => (false, ""),
    };
    if !missing {
        return Ok(args[1].clone());
    }
    if is_lint(scope) {
        // The notice is kept.
        scope.work(bytes(&args[0]).len() + NOTICE)?;
    }
    match host(scope).filter(|host| host.lint) {
        Some(host) => {
            host.notices.warn(message, vec![("message", self::message(&args[0]))]);
            Ok(Value::str(""))
        }
        None => Err(errors::marked(&self::message(&args[0]))),
    }
}

fn is_lint(scope: &mut dyn Scope) -> bool {
    host(scope).is_some_and(|host| host.lint)
}

fn fail(scope: &mut dyn Scope, args: &[Value]) -> Result<Value, FuncError> {
    if is_lint(scope) {
        scope.work(bytes(&args[0]).len() + NOTICE)?;
    }
    match host(scope).filter(|host| host.lint) {
        Some(host) => {
            host.notices.add(Level::Info, "funcMap fail", vec![("message", self::message(&args[0]))]);
            Ok(Value::str(""))
        }
        None => Err(errors::marked(&self::message(&args[0]))),
    }
}

fn lookup(scope: &mut dyn Scope, args: &[Value]) -> Result<Value, FuncError> {
    let answer = host(scope).filter(|host| !host.lint).and_then(|host| host.lookup.clone());
    let Some(answer) = answer else { return Ok(empty_map()) };
    let found =
        answer.lookup(&text(&args[0]), &text(&args[1]), &text(&args[2]), &text(&args[3])).map_err(FuncError::new)?;
    Ok(found.as_ref().map_or_else(empty_map, from_cluster))
}

fn empty_map() -> Value {
    Value::Map(Map::empty())
}

/// An object as Kubernetes' client decodes it: whole numbers are `int64`, others `float64`.
fn from_cluster(value: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match value {
        Json::Null => Value::Nil,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => n.as_i64().map_or_else(|| Value::Float(n.as_f64().unwrap_or_default()), Value::int64),
        Json::String(s) => Value::str(s.as_str()),
        Json::Array(items) => Value::list(items.iter().map(from_cluster).collect()),
        Json::Object(entries) => Value::map(entries.iter().map(|(k, v)| (k.as_str(), from_cluster(v)))),
    }
}

#[allow(clippy::unnecessary_wraps, reason = "a function body returns a result")]
/// The first address of a host, when asking the network is allowed.
fn get_host_by_name(scope: &mut dyn Scope, args: &[Value]) -> Result<Value, FuncError> {
    if !host(scope).is_some_and(|host| host.enable_dns) {
        return Ok(Value::str(""));
    }
    hosts::address(&text(&args[0])).map(Value::str)
}

/// Go writes `<no value>` for a missing value; Helm deletes it wherever it stands.
pub(super) fn without_no_value(text: GoStr) -> GoStr {
    const MARK: &[u8] = b"<no value>";
    let bytes = text.as_bytes();
    // The results of `tpl` are mostly short, and a search for several characters takes longer to begin.
    if memchr::memchr(MARK[0], bytes).is_none() {
        return text;
    }
    let mut found = memchr::memmem::find_iter(bytes, MARK).peekable();
    if found.peek().is_none() {
        return text;
    }
    let mut kept = Vec::with_capacity(bytes.len());
    let mut after = 0;
    for at in found {
        kept.extend_from_slice(&bytes[after..at]);
        after = at + MARK.len();
    }
    kept.extend_from_slice(&bytes[after..]);
    kept.into()
}
