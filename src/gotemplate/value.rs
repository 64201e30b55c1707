//! The values templates compute with: Go's dynamic types, as far as a template can hold them.
//!
//! A [`Value`] is what Go calls an `interface{}`: it remembers the exact Go type (`int` is not `int64`, `[]string` is not
//! `[]interface{}`), since `printf "%T"`, `typeOf`, `eq`, JSON and function argument checks depend on it.
//! Cloning is cheap. Maps are references, as in Go: `set` in one template is seen by all holders of the map.

use std::borrow::{Borrow, Cow};
use std::cell::{Ref, RefCell, RefMut};
use std::fmt;
use std::rc::Rc;

pub use super::entries::Entries;
pub use super::list::{Items, List, ListKind};

/// A Go string: any bytes, usually UTF-8. Ordered bytewise, as Go orders strings. Cloning shares the bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoStr(Rc<[u8]>);

impl GoStr {
    /// A string of so many bytes, which are written where they stay.
    ///
    /// # Errors
    /// Those of `fill`.
    pub(crate) fn filled<E>(length: usize, fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut bytes: Rc<[u8]> = std::iter::repeat_n(0, length).collect();
        if let Some(bytes) = Rc::get_mut(&mut bytes) {
            fill(bytes)?;
        }
        Ok(Self(bytes))
    }

    /// The bytes of the string.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The string as UTF-8, each invalid byte replaced by U+FFFD as Go's `range` and JSON do.
    pub fn to_str(&self) -> Cow<'_, str> {
        match std::str::from_utf8(&self.0) {
            Ok(s) => Cow::Borrowed(s),
            Err(_) => Cow::Owned(lossy(&self.0)),
        }
    }

    /// Length in bytes, as Go's `len`.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the string is `""`.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Go replaces every single invalid byte, Rust's `from_utf8_lossy` every maximal invalid sequence.
fn lossy(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for _ in chunk.invalid() {
            out.push('\u{FFFD}');
        }
    }
    out
}

impl Borrow<[u8]> for GoStr {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for GoStr {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<&str> for GoStr {
    fn from(s: &str) -> Self {
        Self(Rc::from(s.as_bytes()))
    }
}

impl From<String> for GoStr {
    fn from(s: String) -> Self {
        Self(Rc::from(s.into_bytes()))
    }
}

impl From<&[u8]> for GoStr {
    fn from(s: &[u8]) -> Self {
        Self(Rc::from(s))
    }
}

impl From<Vec<u8>> for GoStr {
    fn from(s: Vec<u8>) -> Self {
        Self(Rc::from(s))
    }
}

impl fmt::Debug for GoStr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_str(), f)
    }
}

impl PartialEq<str> for GoStr {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for GoStr {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

/// Go's signed integer types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntKind {
    /// `int`, 64 bits wide.
    Int,
    /// `int8`
    Int8,
    /// `int16`
    Int16,
    /// `int32`, also `rune`
    Int32,
    /// `int64`
    Int64,
    /// `time.Duration`, nanoseconds
    Duration,
    /// `time.Month`, an `int` from 1 on
    Month,
    /// `time.Weekday`, an `int` from 0, Sunday, on
    Weekday,
}

impl IntKind {
    /// Whether the type has a `String` method, which prints its numbers.
    pub(crate) fn is_stringer(self) -> bool {
        matches!(self, Self::Duration | Self::Month | Self::Weekday)
    }
}

/// Go's unsigned integer types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UintKind {
    /// `uint`
    Uint,
    /// `uint8`, also `byte`
    Uint8,
    /// `uint16`
    Uint16,
    /// `uint32`
    Uint32,
    /// `uint64`
    Uint64,
    /// `uintptr`
    Uintptr,
}

/// Drops what may be nested as deeply as a template could make it: the stack grows as needed.
pub(super) fn release(nested: impl FnOnce()) {
    stacker::maybe_grow(32 << 10, 1 << 20, nested);
}

/// The Go type of a map whose keys are strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapKind {
    /// `map[string]interface {}`
    Any,
    /// Helm's named type `common.Values`, a `map[string]interface {}`
    Values,
    /// `map[string]string`
    Str,
}

/// A Go map with string keys, a reference: clones of the `Rc` that holds it see each other's changes.
pub struct Map {
    /// The Go type.
    pub kind: MapKind,
    /// Whether it is the nil map.
    pub nil: bool,
    storage: Storage,
}

/// Go converts a map to another map type without copying it: both see the same entries.
enum Storage {
    Own(RefCell<Entries>),
    View(Rc<Map>),
}

impl Map {
    /// A map of the given type.
    pub fn new(kind: MapKind, entries: Entries) -> Self {
        Self { kind, nil: false, storage: Storage::Own(RefCell::new(entries)) }
    }

    /// A `map[string]interface {}` without entries.
    pub fn empty() -> Rc<Self> {
        Rc::new(Self::new(MapKind::Any, Entries::new()))
    }

    /// The same map under another type, as a Go conversion (`common.Values(m)`): changes through either are seen by both.
    pub fn view(kind: MapKind, of: Rc<Map>) -> Self {
        Self { kind, nil: of.nil, storage: Storage::View(of) }
    }

    /// Whether both are the same map, whatever their types.
    pub fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq(self.entries(), other.entries())
    }

    fn entries(&self) -> &RefCell<Entries> {
        match &self.storage {
            Storage::Own(entries) => entries,
            Storage::View(of) => of.entries(),
        }
    }

    /// The entries, to read. Do not hold the guard while calling into a template.
    pub fn borrow(&self) -> Ref<'_, Entries> {
        self.entries().borrow()
    }

    /// The entries, to change. Do not hold the guard while calling into a template.
    pub fn borrow_mut(&self) -> RefMut<'_, Entries> {
        self.entries().borrow_mut()
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<Value> {
        self.borrow().get(key.as_bytes()).cloned()
    }

    /// Sets a key.
    pub fn insert(&self, key: impl Into<GoStr>, value: Value) {
        self.borrow_mut().insert(key.into(), value);
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.borrow().len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.borrow().is_empty()
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        if let Storage::Own(entries) = &mut self.storage {
            let entries = std::mem::take(entries.get_mut());
            release(|| drop(entries));
        }
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.entries(), f)
    }
}

/// An exported field of a Go struct, as encoders see it.
#[derive(Clone, Debug)]
pub struct StructField {
    /// Its name in Go, under which TOML has it.
    pub name: &'static str,
    /// Its name in JSON.
    pub json: &'static str,
    /// JSON leaves it out when it is empty.
    pub omit_empty: bool,
    /// What it holds.
    pub value: Value,
}

/// A Go value that is none of the basic kinds: a struct, a pointer, a map of another type (`time.Time`, `*semver.Version`,
/// `*common.Capabilities`, `engine.files`, ...). What a template can do with it is what the methods answer.
pub trait Object: fmt::Debug {
    /// The Go type as `%T` prints it, for example `*semver.Version`.
    fn type_name(&self) -> &str;

    /// The Go kind as `kindOf` prints it: `struct`, `ptr`, `map`, `slice`, `func`, ...
    fn kind_name(&self) -> &str;

    /// A field, a map entry or a method without arguments, as `.Name` finds it; `None` if the type has none of that name
    /// (for a map that is a missing key).
    fn field(&self, name: &str) -> Option<Result<Value, super::FuncError>>;

    /// The signature of a method that takes arguments; `None` if there is no such method. The engine checks count and types
    /// of the arguments by it before it calls.
    fn method(&self, _name: &str) -> Option<super::Signature> {
        None
    }

    /// Calls a method that [`method`](Self::method) announces; `None` if the type has none of that name.
    fn call(
        &self,
        _scope: &mut dyn super::Scope,
        _name: &str,
        _args: &[Value],
    ) -> Option<Result<Value, super::FuncError>> {
        None
    }

    /// What `range`, `index` and `printf` see: the entries of a map in key order, or the elements of a slice with their
    /// indexes; `None` for other kinds.
    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        None
    }

    /// How many entries there are, if there can be any.
    fn length(&self) -> Option<usize> {
        self.entries().map(|entries| entries.len())
    }

    /// The keys of a map whose entries are large or made when they are asked for: `range` and `index` take one after the other.
    fn keys(&self) -> Option<Vec<GoStr>> {
        None
    }

    /// The entry of a map that tells its [keys](Self::keys).
    fn entry(&self, _key: &GoStr) -> Option<Value> {
        None
    }

    /// What `%v` (and printing in a template) writes.
    fn display(&self) -> String;

    /// What an action (`{{ . }}`) writes. Mostly the same, but Go follows a pointer there, and finds the methods of what it
    /// points to.
    fn printed(&self) -> String {
        self.display()
    }

    /// What a function gets that takes an `interface {}`, if that is another value: Go copies a struct, and methods that need a
    /// pointer to it are then out of reach.
    fn copied(&self) -> Option<Value> {
        None
    }

    /// What sprig's `deepCopy` makes of it, if that is another value: fields that are not exported stay zero.
    fn deep_copied(&self) -> Option<Value> {
        None
    }

    /// A slice of a slice: sprig's `slice` keeps its type. The range is one of it.
    fn window(&self, _start: usize, _end: usize) -> Option<Value> {
        None
    }

    /// Whether the type has a `String` or `Error` method, so that `%s`, `%q` and `%x` apply to what it displays.
    fn is_stringer(&self) -> bool {
        false
    }

    /// Whether it is true in an `if`: Go's rule for its kind (structs are always true, pointers when not nil, maps when not empty).
    fn truth(&self) -> bool {
        true
    }

    /// Of a map: what stands for a missing entry under `missingkey=zero`, the zero value of its element type. `None` if that is
    /// the nil interface.
    fn missing_entry(&self) -> Option<Value> {
        None
    }

    /// Whether what [`field`](Self::field) finds under a name is a method without parameters, to which no argument can be given.
    fn is_method(&self, _name: &str) -> bool {
        false
    }

    /// The names of the fields of a struct that templates can't reach.
    fn unexported_fields(&self) -> &'static [&'static str] {
        &[]
    }

    /// All fields of a struct (or of what a pointer to one points to) with their names in their order, for verbs and flags
    /// that are applied to each of them.
    fn printed_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        None
    }

    /// The exported fields of a struct in their order; `None` for what encoders write as [`to_plain`](Self::to_plain) has it.
    fn struct_fields(&self) -> Option<Vec<StructField>> {
        None
    }

    /// What a JSON or YAML encoder sees.
    fn to_plain(&self) -> Value {
        Value::Nil
    }

    /// For functions that want the concrete Rust type back.
    fn as_any(&self) -> &dyn std::any::Any;
}

/// A dynamically typed Go value, Go's `interface{}`.
///
/// ```
/// use vulas_native::gotemplate::{Value, fmt};
///
/// let value = Value::map([
///     ("name", "web".into()),
///     ("ports", Value::list(vec![Value::int(80), Value::Float(8080.0)])),
/// ]);
/// assert_eq!(value.type_name(), "map[string]interface {}");
/// assert_eq!(fmt::to_string(&value), "map[name:web ports:[80 8080]]");
/// // Maps are references: what one template sets, the next sees.
/// let same = value.clone();
/// same.as_map().unwrap().insert("extra", Value::Bool(true));
/// assert_eq!(value.as_map().unwrap().len(), 3);
/// ```
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// The nil interface; prints as `<no value>` where Go does.
    #[default]
    Nil,
    /// `bool`
    Bool(bool),
    /// A signed integer and its exact type.
    Int(i64, IntKind),
    /// An unsigned integer and its exact type.
    Uint(u64, UintKind),
    /// `float64`
    Float(f64),
    /// `complex128`: real and imaginary part (literals such as `1i` only).
    Complex(Rc<(f64, f64)>),
    /// `string`
    Str(GoStr),
    /// `[]byte` (`[]uint8`)
    Bytes(Rc<Vec<u8>>),
    /// Any other slice.
    List(Rc<List>),
    /// A map with string keys.
    Map(Rc<Map>),
    /// Anything else.
    Object(Rc<dyn Object>),
}

impl Value {
    /// A Go `string`.
    pub fn str(s: impl Into<GoStr>) -> Self {
        Self::Str(s.into())
    }

    /// A Go `int`.
    pub fn int(i: i64) -> Self {
        Self::Int(i, IntKind::Int)
    }

    /// A Go `int64`.
    pub fn int64(i: i64) -> Self {
        Self::Int(i, IntKind::Int64)
    }

    /// A Go `[]interface{}`.
    pub fn list(items: Vec<Value>) -> Self {
        Self::list_of(ListKind::Any, items)
    }

    /// A Go slice of the given type; the caller sees to it that the elements fit.
    pub fn list_of(kind: ListKind, items: Vec<Value>) -> Self {
        Self::List(Rc::new(List::new(kind, items)))
    }

    /// The same, of elements that were appended one by one ([`List::appended`]).
    pub fn appended(kind: ListKind, items: Vec<Value>) -> Self {
        Self::List(Rc::new(List::appended(kind, items)))
    }

    /// A Go `[]string`.
    pub fn strings<S: Into<GoStr>>(items: impl IntoIterator<Item = S>) -> Self {
        Self::list_of(ListKind::Str, items.into_iter().map(Value::str).collect())
    }

    /// A Go `map[string]interface{}`.
    pub fn map<K: Into<GoStr>>(entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::map_of(MapKind::Any, entries)
    }

    /// A Go map of the given type.
    pub fn map_of<K: Into<GoStr>>(kind: MapKind, entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        let entries = entries.into_iter().map(|(k, v)| (k.into(), v)).collect();
        Self::Map(Rc::new(Map::new(kind, entries)))
    }

    /// Go's nil `map[string]interface{}`.
    pub fn nil_map() -> Self {
        let mut map = Map::new(MapKind::Any, Entries::new());
        map.nil = true;
        Self::Map(Rc::new(map))
    }

    /// The map, if it is one.
    pub fn as_map(&self) -> Option<&Rc<Map>> {
        match self {
            Self::Map(m) => Some(m),
            _ => None,
        }
    }

    /// The elements, if it is a slice (other than `[]byte`).
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(l) => Some(&l.items),
            _ => None,
        }
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&GoStr> {
        match self {
            Self::Str(s) => Some(s),
            _ => None,
        }
    }

    /// Whether it is the nil interface.
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// The Go type as `%T` prints it; `<nil>` for the nil interface.
    pub fn type_name(&self) -> &str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_, k) => match k {
                IntKind::Int => "int",
                IntKind::Int8 => "int8",
                IntKind::Int16 => "int16",
                IntKind::Int32 => "int32",
                IntKind::Int64 => "int64",
                IntKind::Duration => "time.Duration",
                IntKind::Month => "time.Month",
                IntKind::Weekday => "time.Weekday",
            },
            Self::Uint(_, k) => match k {
                UintKind::Uint => "uint",
                UintKind::Uint8 => "uint8",
                UintKind::Uint16 => "uint16",
                UintKind::Uint32 => "uint32",
                UintKind::Uint64 => "uint64",
                UintKind::Uintptr => "uintptr",
            },
            Self::Float(_) => "float64",
            Self::Complex(_) => "complex128",
            Self::Str(_) => "string",
            Self::Bytes(_) => "[]uint8",
            Self::List(l) => match l.kind {
                ListKind::Any => "[]interface {}",
                ListKind::Str => "[]string",
                ListKind::Int => "[]int",
                ListKind::Float => "[]float64",
                ListKind::ListOfAny => "[][]interface {}",
                ListKind::ListOfStr => "[][]string",
                ListKind::MapOfAny => "[]map[string]interface {}",
            },
            Self::Map(m) => match m.kind {
                MapKind::Any => "map[string]interface {}",
                MapKind::Values => "common.Values",
                MapKind::Str => "map[string]string",
            },
            Self::Object(o) => o.type_name(),
        }
    }

    /// The Go kind as `reflect.Kind` prints it; `invalid` for the nil interface.
    pub fn kind_name(&self) -> &str {
        match self {
            Self::Nil => "invalid",
            Self::Int(_, IntKind::Duration) => "int64",
            Self::Int(_, IntKind::Month | IntKind::Weekday) => "int",
            Self::Bytes(_) | Self::List(_) => "slice",
            Self::Map(_) => "map",
            Self::Object(o) => o.kind_name(),
            other => other.type_name(),
        }
    }

    /// Whether it is true in an `if` (`text/template.IsTrue`): not the zero value of a basic type, not empty.
    pub fn truth(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(b) => *b,
            Self::Int(i, _) => *i != 0,
            Self::Uint(u, _) => *u != 0,
            Self::Float(f) => *f != 0.0,
            Self::Complex(c) => c.0 != 0.0 || c.1 != 0.0,
            Self::Str(s) => !s.is_empty(),
            Self::Bytes(b) => !b.is_empty(),
            Self::List(l) => !l.items.is_empty(),
            Self::Map(m) => !m.is_empty(),
            Self::Object(o) => o.truth(),
        }
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl From<f64> for Value {
    fn from(f: f64) -> Self {
        Self::Float(f)
    }
}

impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Self::str(s)
    }
}

impl From<String> for Value {
    fn from(s: String) -> Self {
        Self::str(s)
    }
}

impl From<GoStr> for Value {
    fn from(s: GoStr) -> Self {
        Self::Str(s)
    }
}
