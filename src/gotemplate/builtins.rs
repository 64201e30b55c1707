//! Go's own template functions.

use std::rc::Rc;

use super::compare;
use super::escape;
use super::fmt;
use super::reflect::Reflected;
use super::value::{GoStr, UintKind, Value};
use super::{FuncError, Object, Type};

/// The functions every template has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Builtin {
    And,
    Call,
    Html,
    Index,
    Slice,
    Js,
    Len,
    Not,
    Or,
    Print,
    Printf,
    Println,
    UrlQuery,
    Eq,
    Ge,
    Gt,
    Le,
    Lt,
    Ne,
}

impl Builtin {
    pub const ALL: [Self; 19] = [
        Self::And,
        Self::Call,
        Self::Html,
        Self::Index,
        Self::Slice,
        Self::Js,
        Self::Len,
        Self::Not,
        Self::Or,
        Self::Print,
        Self::Printf,
        Self::Println,
        Self::UrlQuery,
        Self::Eq,
        Self::Ge,
        Self::Gt,
        Self::Le,
        Self::Lt,
        Self::Ne,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::And => "and",
            Self::Call => "call",
            Self::Html => "html",
            Self::Index => "index",
            Self::Slice => "slice",
            Self::Js => "js",
            Self::Len => "len",
            Self::Not => "not",
            Self::Or => "or",
            Self::Print => "print",
            Self::Printf => "printf",
            Self::Println => "println",
            Self::UrlQuery => "urlquery",
            Self::Eq => "eq",
            Self::Ge => "ge",
            Self::Gt => "gt",
            Self::Le => "le",
            Self::Lt => "lt",
            Self::Ne => "ne",
        }
    }

    /// The fixed parameters and the variadic one.
    pub fn signature(self) -> (&'static [Type], Option<Type>) {
        const REFLECT: Type = Type::Reflect;
        match self {
            Self::And | Self::Or | Self::Call | Self::Index | Self::Slice | Self::Eq => (&[REFLECT], Some(REFLECT)),
            Self::Html | Self::Js | Self::UrlQuery | Self::Print | Self::Println => (&[], Some(Type::Any)),
            Self::Printf => (&[Type::Str], Some(Type::Any)),
            Self::Len | Self::Not => (&[REFLECT], None),
            Self::Ge | Self::Gt | Self::Le | Self::Lt | Self::Ne => (&[REFLECT, REFLECT], None),
        }
    }

    /// Whether the arguments are `interface {}` values, not reflected ones.
    pub fn prints(self) -> bool {
        matches!(self, Self::Html | Self::Js | Self::UrlQuery | Self::Print | Self::Println | Self::Printf)
    }

    /// Calls one of those that [print](Self::prints).
    ///
    /// # Errors
    /// A value holds itself.
    pub fn print(self, args: &[Value]) -> Result<Value, FuncError> {
        let mut out = Vec::with_capacity(64);
        let printed = match (self, args) {
            (Self::Print, [text @ Value::Str(_)]) => return Ok(text.clone()),
            (Self::Printf, [Value::Str(format), rest @ ..]) => {
                fmt::append(&mut out, fmt::Style::Printf(format.as_bytes()), rest)
            }
            (Self::Println, _) => fmt::append(&mut out, fmt::Style::Println, args),
            (Self::Html | Self::Js | Self::UrlQuery, [Value::Str(s)]) => {
                out.extend_from_slice(s.as_bytes());
                Ok(())
            }
            (Self::Html | Self::Js | Self::UrlQuery, _) => {
                let shown: Vec<_> = args.iter().map(as_in_action).collect();
                fmt::append(&mut out, fmt::Style::Print, &shown)
            }
            _ => fmt::append(&mut out, fmt::Style::Print, args),
        };
        printed.map_err(|error| FuncError::new(error.to_string()))?;
        let text = match self {
            Self::Html => escape::html(&out),
            Self::Js => escape::js(&out),
            Self::UrlQuery => escape::url_query(&out),
            _ => out,
        };
        Ok(Value::Str(GoStr::from(text)))
    }

    /// Calls one of the others. The caller sees to `and` and `or`, which do not evaluate all arguments, and to the number of
    /// arguments; `callee` is how `call` names the function it was given.
    pub fn reflect(self, args: &[Reflected], callee: impl Fn() -> String) -> Result<Reflected, FuncError> {
        let first = args.first().cloned().unwrap_or_default();
        let rest = args.get(1..).unwrap_or_default();
        let second = || rest.first().map_or(&Value::Nil, |arg| &arg.value);
        let truth = match self {
            Self::Index => return index(first, rest),
            Self::Slice => return slice(&first.value, rest).map(Reflected::plain),
            Self::Len => return length(&first).map(|n| Reflected::plain(Value::int(n as i64))),
            Self::Call => return Err(not_callable(&first.value, &callee())),
            Self::Not => !first.value.truth(),
            Self::Eq => compare::eq(&first.value, rest)?,
            Self::Ne => !compare::eq(&first.value, rest)?,
            Self::Lt => compare::lt(&first.value, second())?,
            Self::Le => compare::le(&first.value, rest)?,
            Self::Gt => !compare::le(&first.value, rest)?,
            Self::Ge => !compare::lt(&first.value, second())?,
            _ => return Ok(first),
        };
        Ok(Reflected::plain(Value::Bool(truth)))
    }
}

/// A value that is to be shown as an action shows it: nil by words, and a pointer as what it points to.
fn as_in_action(value: &Value) -> Value {
    match value {
        Value::Nil => "<no value>".into(),
        Value::Object(object) if object.kind_name() == "ptr" => Value::Object(Rc::new(Pointee(object.clone()))),
        other => other.clone(),
    }
}

/// What a pointer points to, as far as `fmt` can tell: it prints without `&` and is no string.
#[derive(Debug)]
struct Pointee(Rc<dyn Object>);

impl Object for Pointee {
    fn type_name(&self) -> &str {
        element_type(self.0.type_name())
    }

    fn kind_name(&self) -> &'static str {
        "struct"
    }

    fn field(&self, name: &str) -> Option<Result<Value, FuncError>> {
        self.0.field(name)
    }

    fn display(&self) -> String {
        self.0.printed()
    }

    fn printed_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        self.0.printed_fields()
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

fn not_callable(value: &Value, name: &str) -> FuncError {
    match value {
        Value::Nil => FuncError::new("call of nil"),
        value => FuncError::new(format!("non-function {name} of type {}", value.type_name())),
    }
}

/// An index into something of `len` elements; `len` itself passes, as in Go.
fn index_arg(index: &Value, len: usize) -> Result<usize, FuncError> {
    let x = match index {
        Value::Int(i, _) => *i,
        Value::Uint(u, _) => *u as i64,
        Value::Nil => return Err(FuncError::new("cannot index slice/array with nil")),
        other => return Err(FuncError::new(format!("cannot index slice/array with type {}", other.type_name()))),
    };
    usize::try_from(x).ok().filter(|&x| x <= len).ok_or_else(|| FuncError::new(format!("index out of range: {x}")))
}

fn index(item: Reflected, indexes: &[Reflected]) -> Result<Reflected, FuncError> {
    if item.value.is_nil() {
        return Err(FuncError::new("index of untyped nil"));
    }
    let mut item = item;
    for index in indexes {
        item = index_one(&item, &index.value)?;
    }
    Ok(item)
}

fn index_one(item: &Reflected, index: &Value) -> Result<Reflected, FuncError> {
    let out_of = |what: &str| FuncError::new(format!("reflect: {what} index out of range"));
    match &item.value {
        Value::Nil => Err(FuncError::new("index of nil pointer")),
        Value::Str(s) => {
            let at = index_arg(index, s.len())?;
            s.as_bytes().get(at).copied().map(byte).ok_or_else(|| out_of("string"))
        }
        Value::Bytes(b) => {
            let at = index_arg(index, b.len())?;
            b.get(at).copied().map(byte).ok_or_else(|| out_of("slice"))
        }
        Value::List(l) => {
            let at = index_arg(index, l.items.len())?;
            l.items.get(at).map(|v| Reflected::element(l.kind, v)).ok_or_else(|| out_of("slice"))
        }
        Value::Map(m) => {
            let key = key_arg(index)?;
            Ok(Reflected::entry(m, key.as_bytes()).unwrap_or_else(|| Reflected::zero_entry(m.kind)))
        }
        Value::Object(o) if o.kind_name() == "map" => {
            let found = o.entry(&key_arg(index)?).or_else(|| o.missing_entry());
            Ok(Reflected::plain(found.unwrap_or_default()))
        }
        Value::Object(o) => match o.entries() {
            Some(mut entries) => {
                let at = index_arg(index, entries.len())?;
                if at == entries.len() {
                    return Err(out_of("slice"));
                }
                Ok(Reflected::plain(entries.swap_remove(at).1))
            }
            None => Err(FuncError::new(format!("can't index item of type {}", element_type(o.type_name())))),
        },
        other => Err(FuncError::new(format!("can't index item of type {}", other.type_name()))),
    }
}

fn byte(b: u8) -> Reflected {
    Reflected::plain(Value::Uint(u64::from(b), UintKind::Uint8))
}

/// The type a pointer points to.
fn element_type(name: &str) -> &str {
    name.strip_prefix('*').unwrap_or(name)
}

fn key_arg(index: &Value) -> Result<GoStr, FuncError> {
    match index {
        Value::Str(s) => Ok(s.clone()),
        Value::Nil => Err(FuncError::new("value is nil; should be of type string")),
        other => Err(FuncError::new(format!("value has type {}; should be string", other.type_name()))),
    }
}

fn slice(item: &Value, indexes: &[Reflected]) -> Result<Value, FuncError> {
    if item.is_nil() {
        return Err(FuncError::new("slice of untyped nil"));
    }
    if indexes.len() > 3 {
        return Err(FuncError::new(format!("too many slice indexes: {}", indexes.len())));
    }
    let len = match item {
        Value::Str(_) if indexes.len() == 3 => return Err(FuncError::new("cannot 3-index slice a string")),
        Value::Str(s) => s.len(),
        Value::Bytes(b) => b.len(),
        Value::List(l) => l.capacity(),
        other => {
            let name = element_type(other.type_name());
            return Err(FuncError::new(format!("can't slice item of type {name}")));
        }
    };
    // A list can be made longer, as far as its array reaches.
    let mut bounds = [0, if let Value::List(l) = item { l.items.len() } else { len }, len];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        if index.interface {
            // Go does not look inside here, other than for `index`.
            return Err(FuncError::new("cannot index slice/array with type interface {}"));
        }
        *bound = index_arg(&index.value, len)?;
    }
    for pair in bounds.windows(2).take(if indexes.len() == 3 { 2 } else { 1 }) {
        if pair[0] > pair[1] {
            return Err(FuncError::new(format!("invalid slice index: {} > {}", pair[0], pair[1])));
        }
    }
    let range = bounds[0]..bounds[1];
    Ok(match item {
        Value::Str(s) => Value::Str(GoStr::from(&s.as_bytes()[range])),
        Value::Bytes(b) => Value::Bytes(b[range].to_vec().into()),
        Value::List(l) => l.window(range.start, range.end).map(|list| Value::List(list.into())).unwrap_or_default(),
        other => other.clone(),
    })
}

fn length(item: &Reflected) -> Result<usize, FuncError> {
    match &item.value {
        Value::Nil if item.interface => Err(FuncError::new("len of nil pointer")),
        // Go does not check for it, and panics.
        Value::Nil => Err(FuncError::new("reflect: call of reflect.Value.Type on zero Value")),
        Value::Str(s) => Ok(s.len()),
        Value::Bytes(b) => Ok(b.len()),
        Value::List(l) => Ok(l.items.len()),
        Value::Map(m) => Ok(m.len()),
        Value::Object(o) => match o.length() {
            Some(length) => Ok(length),
            None => Err(FuncError::new(format!("len of type {}", element_type(o.type_name())))),
        },
        other => Err(FuncError::new(format!("len of type {}", other.type_name()))),
    }
}
