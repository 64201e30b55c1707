//! Go's `text/template`: lexer, parser, compiled form, execution, and the `fmt` verbs.
//!
//! Knows nothing of Helm or Kubernetes. [`value`] is what templates compute with, [`func`] how functions are declared, [`Set`]
//! what compiles and executes templates; [`fmt`] and [`strconv`] write values as Go's packages of these names do.

mod budget;
mod builtins;
mod call;
mod capacity;
mod compare;
mod entries;
pub mod errtext;
mod escape;
mod eval;
mod exec;
pub mod fmt;
pub mod func;
mod functions;
mod lex;
mod list;
mod node;
mod number;
mod parse;
mod reflect;
pub mod runes;
mod set;
pub mod strconv;
pub mod value;

/// A hash table that is quick with short keys; its seed differs from run to run.
pub(crate) type Table<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;

pub use budget::Budget;
pub use exec::ExecError;
pub use func::{Func, FuncError, FuncMap, Scope, Signature, StringError, Type};
pub use parse::ParseError;
pub use set::{MissingKey, Set};
pub use value::{Entries, GoStr, IntKind, List, ListKind, Map, MapKind, Object, UintKind, Value};
