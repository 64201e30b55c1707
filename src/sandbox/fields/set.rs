//! Sets of field paths, as `fieldsV1` writes them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, json};

use super::super::json::Json;
use super::super::schema::{ANY, Relation, Schema, Type, TypeId};

/// One step of a path.
#[derive(Clone, Debug)]
pub enum Element {
    /// A field of a struct or key of a map.
    Field(String),
    /// The item of a list whose key fields have these values.
    Key(Vec<(String, Json)>),
    /// The item of a set.
    Value(Json),
    /// The item of an atomic list (in messages only).
    Index(usize),
}

/// A path from the root of an object.
pub type Path = Vec<Element>;

impl Element {
    fn rank(&self) -> u8 {
        match self {
            Self::Field(_) => 0,
            Self::Key(_) => 1,
            Self::Value(_) => 2,
            Self::Index(_) => 3,
        }
    }

    fn encode(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(fields) => {
                let map: Map<String, Json> = fields.iter().cloned().collect();
                format!("k:{}", Json::Object(map))
            }
            Self::Value(value) => format!("v:{value}"),
            Self::Index(index) => format!("i:{index}"),
        }
    }

    fn decode(text: &str) -> Option<Self> {
        let rest = text.get(2..)?;
        Some(match text.get(..2)? {
            "f:" => Self::Field(rest.into()),
            "k:" => Self::Key(serde_json::from_str::<Map<String, Json>>(rest).ok()?.into_iter().collect()),
            "v:" => Self::Value(serde_json::from_str(rest).ok()?),
            "i:" => Self::Index(rest.parse().ok()?),
            _ => return None,
        })
    }
}

impl std::fmt::Display for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(fields) => {
                let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
                write!(f, "[{}]", fields.join(","))
            }
            Self::Value(value) => write!(f, "[={value}]"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// A path as messages print it: `.spec.containers[name="x"].image`.
pub fn path_text(path: &[Element]) -> String {
    path.iter().map(ToString::to_string).collect()
}

fn compare_values(a: &Json, b: &Json) -> Ordering {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => match (a.as_str(), b.as_str()) {
            (Some(a), Some(b)) => a.cmp(b),
            _ => a.to_string().cmp(&b.to_string()),
        },
    }
}

impl Ord for Element {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Field(a), Self::Field(b)) => a.cmp(b),
            (Self::Key(a), Self::Key(b)) => {
                for ((name_a, value_a), (name_b, value_b)) in a.iter().zip(b) {
                    let order = name_a.cmp(name_b).then_with(|| compare_values(value_a, value_b));
                    if order.is_ne() {
                        return order;
                    }
                }
                a.len().cmp(&b.len())
            }
            (Self::Value(a), Self::Value(b)) => compare_values(a, b),
            (Self::Index(a), Self::Index(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Element {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Element {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Element {}

/// A set of paths. A path can be a member while paths below it are members too.
#[derive(Clone, Debug, Default)]
pub struct Set {
    members: BTreeSet<Element>,
    children: BTreeMap<Element, Set>,
}

impl PartialEq for Set {
    fn eq(&self, other: &Self) -> bool {
        self.paths() == other.paths()
    }
}

impl Set {
    /// The set of these paths of field names.
    pub fn of_fields(paths: &[&[&str]]) -> Self {
        let mut set = Self::default();
        for path in paths {
            let path: Path = path.iter().map(|name| Element::Field((*name).into())).collect();
            set.insert(&path);
        }
        set
    }

    /// Adds a path.
    pub fn insert(&mut self, path: &[Element]) {
        match path {
            [] => {}
            [last] => {
                self.members.insert(last.clone());
            }
            [first, rest @ ..] => self.children.entry(first.clone()).or_default().insert(rest),
        }
    }

    /// Whether there are no paths.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.values().all(Self::is_empty)
    }

    /// Whether the element itself is a member.
    pub fn has(&self, element: &Element) -> bool {
        self.members.contains(element)
    }

    /// The paths below `element`.
    pub fn below(&self, element: &Element) -> Option<&Self> {
        self.children.get(element).filter(|set| !set.is_empty())
    }

    /// All paths of both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        all.members.extend(other.members.iter().cloned());
        for (element, set) in &other.children {
            let below = all.children.entry(element.clone()).or_default();
            *below = below.union(set);
        }
        all
    }

    /// The paths that both have.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let members = self.members.intersection(&other.members).cloned().collect();
        let children = self.children.iter().filter_map(|(element, set)| {
            let both = set.intersection(other.children.get(element)?);
            (!both.is_empty()).then(|| (element.clone(), both))
        });
        Self { members, children: children.collect() }
    }

    /// The paths that `other` has not.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let members = self.members.difference(&other.members).cloned().collect();
        let children = self.children.iter().filter_map(|(element, set)| {
            let rest = match other.children.get(element) {
                Some(other) => set.difference(other),
                None => set.clone(),
            };
            (!rest.is_empty()).then(|| (element.clone(), rest))
        });
        Self { members, children: children.collect() }
    }

    /// The paths that neither are in `other` nor lie below one of its paths.
    #[must_use]
    pub fn without_below(&self, other: &Self) -> Self {
        let members = self.members.difference(&other.members).cloned().collect();
        let children = self.children.iter().filter(|(element, _)| !other.members.contains(element)).filter_map(
            |(element, set)| {
                let rest = match other.children.get(element) {
                    Some(other) => set.without_below(other),
                    None => set.clone(),
                };
                (!rest.is_empty()).then(|| (element.clone(), rest))
            },
        );
        Self { members, children: children.collect() }
    }

    /// Adds structs that are not members but have members below them.
    #[must_use]
    pub fn with_named_fields(&self, schema: &Schema, ty: TypeId) -> Self {
        let mut members = self.members.clone();
        let mut children = BTreeMap::new();
        for (element, set) in &self.children {
            let below = match (schema.get(ty), element) {
                (Type::Map(map), Element::Field(name)) => {
                    if map.fields.contains_key(name) {
                        members.insert(element.clone());
                    }
                    map.field(name).unwrap_or(ANY)
                }
                (Type::List(list), Element::Key(_)) if list.relation != Relation::Atomic => list.element,
                _ => ANY,
            };
            children.insert(element.clone(), set.with_named_fields(schema, below));
        }
        Self { members, children }
    }

    /// All paths, in order.
    pub fn paths(&self) -> Vec<Path> {
        let mut paths = Vec::new();
        self.collect(&mut Vec::new(), &mut paths);
        paths
    }

    fn collect(&self, prefix: &mut Path, into: &mut Vec<Path>) {
        for element in &self.members {
            let mut path = prefix.clone();
            path.push(element.clone());
            into.push(path);
        }
        for (element, set) in &self.children {
            prefix.push(element.clone());
            set.collect(prefix, into);
            prefix.pop();
        }
    }

    /// `fieldsV1`
    pub fn encode(&self) -> Json {
        let mut map = Map::new();
        for member in &self.members {
            map.insert(member.encode(), json!({}));
        }
        for (element, set) in &self.children {
            if set.is_empty() {
                continue;
            }
            let mut below = set.encode();
            if self.members.contains(element) {
                below["."] = json!({});
            }
            map.insert(element.encode(), below);
        }
        Json::Object(map)
    }

    /// Reads `fieldsV1`; `None` when it is not one.
    pub fn decode(fields: &Json) -> Option<Self> {
        let mut set = Self::default();
        for (key, below) in fields.as_object()? {
            if key == "." {
                continue;
            }
            let element = Element::decode(key)?;
            let map = below.as_object()?;
            if map.is_empty() || map.contains_key(".") {
                set.members.insert(element.clone());
            }
            let below = Self::decode(below)?;
            if !below.is_empty() {
                set.children.insert(element, below);
            }
        }
        Some(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_v1_goes_there_and_back() {
        let fields = json!({"f:spec": {"f:containers": {
            "k:{\"name\":\"web\"}": {".": {}, "f:image": {}, "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {}}},
            "v:\"x\"": {}
        }}});
        let set = Set::decode(&fields).unwrap();
        assert_eq!(set.encode(), fields);
        let texts: Vec<String> = set.paths().iter().map(|p| path_text(p)).collect();
        assert_eq!(
            texts,
            [
                ".spec.containers[name=\"web\"]",
                ".spec.containers[=\"x\"]",
                ".spec.containers[name=\"web\"].image",
                ".spec.containers[name=\"web\"].ports[containerPort=80,protocol=\"TCP\"]",
            ]
        );
    }

    #[test]
    fn algebra() {
        let a = Set::of_fields(&[&["spec", "a"], &["spec", "b"], &["status"], &["status", "x"]]);
        let b = Set::of_fields(&[&["spec", "b"], &["status"]]);
        assert_eq!(a.difference(&b), Set::of_fields(&[&["spec", "a"], &["status", "x"]]));
        assert_eq!(a.without_below(&b), Set::of_fields(&[&["spec", "a"]]));
        assert_eq!(a.intersection(&b), b);
        assert_eq!(a.union(&b), a);
        assert!(b.difference(&a).is_empty());
    }
}
