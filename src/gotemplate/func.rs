//! How functions are declared to the template engine.
//!
//! A [`Func`] states the Go signature, so that the engine can check arguments exactly as Go's reflection does (count, type,
//! nil, untyped constants) before it calls; the body then sees only arguments that fit.

use std::collections::HashMap;

use super::value::{GoStr, Value};

/// A parameter type of a Go function, as far as template functions have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `interface{}`: everything fits, nil too.
    Any,
    /// `reflect.Value`, as Go's own builtins take; like `Any`, but the engine passes what it has without conversion.
    Reflect,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `int64`
    Int64,
    /// `float64`
    Float,
    /// `string`
    Str,
    /// `[]byte`
    Bytes,
    /// `[]interface{}`
    ListOfAny,
    /// `[]string`
    ListOfStr,
    /// `map[string]interface{}` (`common.Values` is assignable to it)
    MapOfAny,
    /// `time.Time`
    Time,
    /// Another Go type, by the name `%T` prints (an [`Object`](super::Object) with that `type_name` fits).
    Named(&'static str),
}

impl Type {
    /// The type as Go's error messages write it.
    pub fn go_name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Reflect => "reflect.Value",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Int64 => "int64",
            Self::Float => "float64",
            Self::Str => "string",
            Self::Bytes => "[]uint8",
            Self::ListOfAny => "[]interface {}",
            Self::ListOfStr => "[]string",
            Self::MapOfAny => "map[string]interface {}",
            Self::Time => "time.Time",
            Self::Named(name) => name,
        }
    }
}

/// An error that a function returns or a panic that Go's function would raise; the engine wraps it as
/// `error calling NAME: MESSAGE`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FuncError {
    /// Go's text of the error or of the recovered panic, the texts of its causes included. What is not UTF-8 is in it as
    /// [`errtext`](super::errtext) says.
    pub message: String,
    /// The error that Go's `errors.Unwrap` would give.
    #[source]
    pub cause: Option<Box<FuncError>>,
}

impl FuncError {
    /// An error with Go's text.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), cause: None }
    }

    /// An error made by Go's `fmt.Errorf("...: %w", cause)`: `CONTEXT: CAUSE`.
    pub fn wrap(context: &str, cause: Self) -> Self {
        Self { message: format!("{context}: {}", cause.message), cause: Some(Box::new(cause)) }
    }

    /// This error and its causes, outermost first.
    pub fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |error| error.cause.as_deref())
    }
}

/// Why a string could not be executed as a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StringError {
    /// It is not a template.
    #[error(transparent)]
    Parse(FuncError),
    /// Its execution failed.
    #[error(transparent)]
    Execute(FuncError),
}

/// What a running function may reach of the execution that called it.
pub trait Scope {
    /// Executes an associated template (`include`): its output.
    ///
    /// # Errors
    /// The execution error of the template, or that there is none of this name.
    fn execute(&mut self, name: &[u8], data: Value) -> Result<GoStr, FuncError>;

    /// Parses and executes a string as a template that sees the definitions of this execution (`tpl`); its own definitions
    /// do not outlive it.
    ///
    /// # Errors
    /// The parse or execution error.
    fn execute_string(&mut self, text: &GoStr, data: Value) -> Result<GoStr, StringError>;

    /// The engine's own state of the embedding application (seed, clock, lookup, lint mode), to be downcast by its functions.
    fn host(&mut self) -> &mut dyn std::any::Any;

    /// Says that some steps are done, of some nanoseconds each, or so many bytes built. A function says so that may do or
    /// keep much more than its arguments and its result are long: it is seen then whether the execution may go on.
    ///
    /// # Errors
    /// The execution takes too long or too much memory.
    fn work(&mut self, steps: usize) -> Result<(), FuncError>;
}

/// The signature of an object's method.
#[derive(Clone, Copy, Debug)]
pub struct Signature {
    /// The types of the fixed parameters.
    pub params: &'static [Type],
    /// The element type of the last, variadic parameter, if there is one.
    pub variadic: Option<Type>,
}

/// The body of a function: checked arguments in, value out.
pub type Body = fn(&mut dyn Scope, &[Value]) -> Result<Value, FuncError>;

/// A template function with its Go signature.
///
/// ```
/// use vulas_native::gotemplate::{Func, Set, Type, Value};
///
/// let double = Func { params: &[Type::Int], variadic: None, body: |_, args| match args {
///     [Value::Int(n, kind)] => Ok(Value::Int(n * 2, *kind)),
///     _ => Ok(Value::Nil),
/// } };
/// let mut set = Set::new("root", [("double", double)]);
/// set.parse("fits", "{{ double 21 }}").unwrap();
/// set.parse("does not", "{{ double \"21\" }}").unwrap();
/// assert_eq!(set.execute("fits", Value::Nil, &mut ()).unwrap(), b"42");
/// let error = set.execute("does not", Value::Nil, &mut ()).unwrap_err();
/// assert!(error.message.ends_with("<\"21\">: expected integer; found \"21\""), "{error}");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Func {
    /// The types of the fixed parameters.
    pub params: &'static [Type],
    /// The element type of the last, variadic parameter, if there is one.
    pub variadic: Option<Type>,
    /// The body.
    pub body: Body,
}

/// Functions by name.
pub type FuncMap = HashMap<&'static str, Func>;
