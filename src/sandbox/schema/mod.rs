//! What the fields of objects are: the types of Kubernetes 1.36, and those that `CustomResourceDefinitions` bring.
//!
//! The table `kubernetes.json.gz` is recorded from a real API server by `tests/conformance/record`. Everything that
//! depends on a field's type (strict decoding, server-side apply, strategic merge) reads it here.

mod custom;
mod load;

use std::collections::{BTreeMap, HashMap};

use super::json::Json;

pub use load::recorded;

/// Index of a type in a [`Schema`].
pub type TypeId = usize;

/// A scalar's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// Text.
    String,
    /// A whole number of so many bits.
    Int(u8),
    /// Any number.
    Number,
    /// true or false.
    Bool,
    /// Base64 text.
    Bytes,
    /// RFC 3339 text.
    Time,
    /// `500m`, `10Gi`, 1
    Quantity,
    /// `80` or `"http"`
    IntOrString,
}

/// How the items of a list are told apart when it is merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Not at all: the list is one value.
    Atomic,
    /// By their value.
    Set,
    /// By these fields of theirs.
    Keys(Vec<String>),
}

/// A struct, or a map of text to one type.
#[derive(Clone, Debug, Default)]
pub struct MapType {
    /// The Go name of a struct, for messages.
    pub name: String,
    /// Its fields.
    pub fields: BTreeMap<String, Field>,
    /// The type of all other keys; `None`: there may be no others.
    pub element: Option<TypeId>,
    /// Whether it is one value when merged.
    pub atomic: bool,
    /// Fields that must be there (custom resources only; built-in kinds have validation of their own).
    pub required: Vec<String>,
}

/// A field of a struct.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its type.
    pub ty: TypeId,
    /// An empty value is dropped, as Go's `omitempty` does.
    pub omit_zero: bool,
    /// An absent struct is written as `{}`.
    pub always: bool,
    /// An empty value is written, and a missing one as null, empty text, 0 or false.
    pub keep_zero: bool,
    /// `retainKeys`, `replace`, `merge` of strategic merge patches.
    pub strategy: String,
    /// Default value (custom resources).
    pub default: Option<Json>,
    /// The way to it in protobuf messages; structs that JSON has inline are messages of their own there.
    pub numbers: Vec<u64>,
}

/// A list.
#[derive(Clone, Debug)]
pub struct ListType {
    /// Its items.
    pub element: TypeId,
    /// How they are told apart.
    pub relation: Relation,
    /// The key of strategic merge patches, which is one field even where [`Relation::Keys`] has several.
    pub merge_key: Option<String>,
}

/// A type.
#[derive(Clone, Debug)]
pub enum Type {
    /// No structure is known: maps are merged, lists are atomic.
    Any,
    /// A scalar.
    Scalar(Scalar),
    /// A struct or map.
    Map(MapType),
    /// A list.
    List(ListType),
}

/// All types. Types are only ever added.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    types: Vec<Type>,
    names: HashMap<String, TypeId>,
}

/// The type of everything whose structure is not known; see [`Schema::new`].
pub const ANY: TypeId = 0;

impl Schema {
    /// A schema that knows [`ANY`] alone.
    pub fn new() -> Self {
        Self { types: vec![Type::Any], names: HashMap::new() }
    }

    /// The type with this index.
    pub fn get(&self, id: TypeId) -> &Type {
        &self.types[id]
    }

    /// The type with this definition name (`io.k8s.api.core.v1.Pod`).
    pub fn named(&self, name: &str) -> Option<TypeId> {
        self.names.get(name).copied()
    }

    fn add(&mut self, ty: Type) -> TypeId {
        self.types.push(ty);
        self.types.len() - 1
    }

    /// What Go writes for a value of this type that nothing was put in: its structs, and nulls.
    pub fn empty(&self, id: TypeId) -> Json {
        let Type::Map(map) = self.get(id) else { return Json::Null };
        let fields = map.fields.iter().filter_map(|(name, field)| {
            let value = match self.get(field.ty) {
                Type::Map(_) if field.always => self.empty(field.ty),
                _ if !field.keep_zero => return None,
                Type::Scalar(Scalar::String) => "".into(),
                Type::Scalar(Scalar::Int(_) | Scalar::Number) => 0.into(),
                Type::Scalar(Scalar::Bool) => false.into(),
                _ => Json::Null,
            };
            Some((name.clone(), value))
        });
        Json::Object(fields.collect())
    }
}

impl MapType {
    /// The type of `key`; `None`: the key is not declared.
    pub fn field(&self, key: &str) -> Option<TypeId> {
        self.fields.get(key).map(|field| field.ty).or(self.element)
    }
}
