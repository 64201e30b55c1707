//! Go's `text/template`: lexer, parser, compiled form, execution, and the `fmt` verbs.
//!
//! Knows nothing of Helm or Kubernetes. [`value`] is what templates compute with, [`func`] how functions are declared.

pub mod func;
pub mod runes;
pub mod strconv;
pub mod value;

pub use func::{Func, FuncError, FuncMap, Scope, Signature, StringError, Type};
pub use value::{GoStr, IntKind, List, ListKind, Map, MapKind, Object, UintKind, Value};
