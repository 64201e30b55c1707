//! Walks over values with their types: which fields there are, what differs, what two merge to.

use serde_json::Map;

use super::super::json::Json;
use super::super::schema::{ANY, ListType, MapType, Relation, Scalar, Schema, Type, TypeId};
use super::set::{Element, Path, Set};

/// What differs between two values.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Fields that only the first has.
    pub removed: Set,
    /// Fields that both have with different values.
    pub modified: Set,
    /// Fields that only the second has.
    pub added: Set,
}

impl Comparison {
    /// Leaves out what lies in or below `fields`.
    #[must_use]
    pub fn without(self, fields: &Set) -> Self {
        Self {
            removed: self.removed.without_below(fields),
            modified: self.modified.without_below(fields),
            added: self.added.without_below(fields),
        }
    }
}

/// A type to walk values with.
#[derive(Clone, Copy)]
pub struct Typed<'a> {
    schema: &'a Schema,
    ty: TypeId,
}

/// How a value is handled at one place.
enum Shape<'a> {
    Leaf,
    Map(Option<&'a MapType>),
    List(&'a ListType),
}

impl<'a> Typed<'a> {
    /// Values of type `ty`.
    pub fn new(schema: &'a Schema, ty: TypeId) -> Self {
        Self { schema, ty }
    }

    fn of(self, ty: TypeId) -> Self {
        Self { ty, ..self }
    }

    /// The value's form, by its type or, where nothing is declared, by what it is.
    fn shape(self, value: &Json) -> Shape<'a> {
        match self.schema.get(self.ty) {
            Type::Any => match value {
                Json::Object(_) => Shape::Map(None),
                _ => Shape::Leaf,
            },
            Type::Map(map) if !map.atomic => Shape::Map(Some(map)),
            Type::List(list) if list.relation != Relation::Atomic => Shape::List(list),
            _ => Shape::Leaf,
        }
    }

    fn field(self, map: Option<&MapType>, key: &str) -> Self {
        self.of(map.and_then(|map| map.field(key)).unwrap_or(ANY))
    }

    fn key(self, list: &ListType, item: &Json) -> Result<Element, String> {
        let Relation::Keys(keys) = &list.relation else {
            return if item.is_object() || item.is_array() || item.is_null() {
                Err("associative list without keys has an element that's a map type".into())
            } else {
                Ok(Element::Value(item.clone()))
            };
        };
        if !item.is_object() {
            return Err("associative list with keys may not have non-map elements".into());
        }
        let mut fields = Vec::new();
        for key in keys {
            let default = || match self.schema.get(list.element) {
                Type::Map(map) => map.fields.get(key)?.default.clone(),
                _ => None,
            };
            if let Some(value) = item.get(key).cloned().or_else(default) {
                fields.push((key.clone(), value));
            }
        }
        if fields.is_empty() {
            let keys: Vec<String> = keys.iter().map(|k| format!("\"{k}\"")).collect();
            return Err(format!(
                "associative list with keys has an element that omits all key fields [{}] \
                 (and doesn't have default values for any key fields)",
                keys.join(" ")
            ));
        }
        fields.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Element::Key(fields))
    }

    /// What in `value` does not fit the type: (path, message).
    pub fn problems(self, value: &Json) -> Vec<(Path, String)> {
        let mut problems = Vec::new();
        self.check(value, &mut Vec::new(), &mut problems);
        problems
    }

    fn check(self, value: &Json, path: &mut Path, problems: &mut Vec<(Path, String)>) {
        match (self.schema.get(self.ty), value) {
            (_, Json::Null) | (Type::Any, _) => {}
            (Type::Map(map), Json::Object(object)) => {
                for (key, value) in object {
                    path.push(Element::Field(key.clone()));
                    match map.field(key) {
                        Some(ty) => self.of(ty).check(value, path, problems),
                        None => problems.push((path.clone(), "field not declared in schema".into())),
                    }
                    path.pop();
                }
            }
            (Type::List(list), Json::Array(items)) => {
                let mut seen = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    let element = if list.relation == Relation::Atomic {
                        Element::Index(index)
                    } else {
                        match self.key(list, item) {
                            Ok(key) => key,
                            Err(error) => {
                                problems.push((path.clone(), format!("element {index}: {error}")));
                                return;
                            }
                        }
                    };
                    if seen.contains(&element) {
                        problems.push((path.clone(), format!("duplicate entries for key {element}")));
                    }
                    path.push(element.clone());
                    seen.push(element);
                    self.of(list.element).check(item, path, problems);
                    path.pop();
                }
            }
            (Type::Map(_), other) => problems.push((path.clone(), format!("expected map, got {}", go_value(other)))),
            (Type::List(_), other) => problems.push((path.clone(), format!("expected list, got {}", go_value(other)))),
            (Type::Scalar(scalar), value) => {
                if let Some(problem) = scalar_problem(*scalar, value) {
                    problems.push((path.clone(), problem));
                }
            }
        }
    }

    /// Every leaf field and list item of `value`.
    pub fn fields(self, value: &Json) -> Set {
        let mut set = Set::default();
        self.collect(value, &mut Vec::new(), &mut set);
        set
    }

    fn collect(self, value: &Json, path: &mut Path, set: &mut Set) {
        match (self.shape(value), value) {
            (Shape::Leaf, _) => set.insert(path),
            (Shape::Map(map), Json::Object(object)) => {
                for (key, value) in object {
                    path.push(Element::Field(key.clone()));
                    self.field(map, key).collect(value, path, set);
                    let declared = map.is_some_and(|map| map.fields.contains_key(key));
                    if !declared || value.is_null() || value.as_object().is_some_and(Map::is_empty) {
                        set.insert(path);
                    }
                    path.pop();
                }
            }
            (Shape::List(list), Json::Array(items)) => {
                for (key, items) in self.group(list, items) {
                    path.push(key);
                    if let [item] = items.as_slice() {
                        self.of(list.element).collect(item, path, set);
                    }
                    set.insert(path);
                    path.pop();
                }
            }
            _ => {}
        }
    }

    /// The items of a keyed list by their key, in order of first appearance. Items without a key are left out.
    fn group<'v>(self, list: &ListType, items: &'v [Json]) -> Vec<(Element, Vec<&'v Json>)> {
        let mut groups: Vec<(Element, Vec<&'v Json>)> = Vec::new();
        for item in items {
            let Ok(key) = self.key(list, item) else { continue };
            match groups.iter_mut().find(|(known, _)| *known == key) {
                Some((_, items)) => items.push(item),
                None => groups.push((key, vec![item])),
            }
        }
        groups
    }

    /// What differs from `old` to `new`.
    pub fn compare(self, old: &Json, new: &Json) -> Comparison {
        let mut comparison = Comparison::default();
        self.walk(Some(old), Some(new), &mut Vec::new(), &mut comparison);
        comparison
    }

    fn walk(self, old: Option<&Json>, new: Option<&Json>, path: &mut Path, out: &mut Comparison) {
        if old == new {
            return;
        }
        let shape = match new.filter(|v| !v.is_null()).or(old) {
            Some(value) => self.shape(value),
            None => return,
        };
        let leaf = match shape {
            Shape::Leaf => true,
            Shape::Map(map) => {
                let (l, r) = (old.and_then(Json::as_object), new.and_then(Json::as_object));
                let empty = l.is_none_or(Map::is_empty) && r.is_none_or(Map::is_empty);
                if !empty {
                    let keys = l
                        .into_iter()
                        .flatten()
                        .chain(r.into_iter().flatten().filter(|(key, _)| !l.is_some_and(|l| l.contains_key(*key))));
                    for (key, _) in keys {
                        path.push(Element::Field(key.clone()));
                        let (l, r) = (l.and_then(|l| l.get(key)), r.and_then(|r| r.get(key)));
                        self.field(map, key).walk(l, r, path, out);
                        path.pop();
                    }
                }
                empty
            }
            Shape::List(list) => {
                let none: &[Json] = &[];
                let l = old.and_then(Json::as_array).map_or(none, Vec::as_slice);
                let r = new.and_then(Json::as_array).map_or(none, Vec::as_slice);
                let empty = l.is_empty() && r.is_empty();
                if !empty {
                    self.walk_list(list, l, r, path, out);
                }
                empty
            }
        };
        match (old, new) {
            (None, _) => out.added.insert(path),
            (_, None) => out.removed.insert(path),
            _ if leaf => out.modified.insert(path),
            _ => {}
        }
    }

    fn walk_list(self, list: &ListType, old: &[Json], new: &[Json], path: &mut Path, out: &mut Comparison) {
        let (old, new) = (self.group(list, old), self.group(list, new));
        let none = Vec::new();
        let keys = old.iter().chain(new.iter().filter(|(key, _)| !old.iter().any(|(known, _)| known == key)));
        for (key, _) in keys {
            let find = |groups: &'_ [(Element, Vec<&'_ Json>)]| groups.iter().position(|(known, _)| known == key);
            let l = find(&old).map_or(&none, |i| &old[i].1);
            let r = find(&new).map_or(&none, |i| &new[i].1);
            path.push(key.clone());
            let item = self.of(list.element);
            match (l.as_slice(), r.as_slice()) {
                ([] | [_], [] | [_]) => item.walk(l.first().copied(), r.first().copied(), path, out),
                ([_, _, ..], [_, _, ..]) => {
                    if l != r {
                        out.modified.insert(path);
                    }
                }
                ([_, _, ..], rest) => {
                    if let [one] = rest {
                        item.walk(None, Some(one), path, out);
                    }
                    out.removed.insert(path);
                }
                (rest, _) => {
                    if let [one] = rest {
                        item.walk(Some(one), None, path, out);
                    }
                    out.added.insert(path);
                }
            }
            path.pop();
        }
    }

    /// `config` laid over `live`: nothing is removed, `config` wins.
    pub fn merge(self, live: Option<&Json>, config: Option<&Json>) -> Option<Json> {
        let value = config.filter(|v| !v.is_null()).or(live).or(config)?;
        let keep = || config.or(live).cloned();
        match self.shape(value) {
            Shape::Leaf => keep(),
            Shape::Map(map) => {
                let (l, r) = (live.and_then(Json::as_object), config.and_then(Json::as_object));
                if l.is_none_or(Map::is_empty) && r.is_none_or(Map::is_empty) {
                    return keep();
                }
                let mut out = Map::new();
                let keys = l.into_iter().flatten().chain(r.into_iter().flatten());
                for (key, _) in keys {
                    if out.contains_key(key) {
                        continue;
                    }
                    let (l, r) = (l.and_then(|l| l.get(key)), r.and_then(|r| r.get(key)));
                    if let Some(value) = self.field(map, key).merge(l, r) {
                        out.insert(key.clone(), value);
                    }
                }
                (!out.is_empty()).then_some(Json::Object(out))
            }
            Shape::List(list) => {
                let none: &[Json] = &[];
                let l = live.and_then(Json::as_array).map_or(none, Vec::as_slice);
                let r = config.and_then(Json::as_array).map_or(none, Vec::as_slice);
                if l.is_empty() && r.is_empty() {
                    return keep();
                }
                let out = self.merge_list(list, l, r);
                (!out.is_empty()).then_some(Json::Array(out))
            }
        }
    }

    /// Items keep the order of `live` as far as the order of `config` allows; new ones come where `config` has them.
    fn merge_list(self, list: &ListType, live: &[Json], config: &[Json]) -> Vec<Json> {
        let item = self.of(list.element);
        let keyed = |items: &[Json]| -> Vec<(Element, Json)> {
            items.iter().filter_map(|i| Some((self.key(list, i).ok()?, i.clone()))).collect()
        };
        let (live, config) = (keyed(live), keyed(config));
        let position = |items: &[(Element, Json)], key: &Element| items.iter().position(|(known, _)| known == key);
        let mut shared = config.iter().map(|(key, _)| key).filter(|key| position(&live, key).is_some()).peekable();
        let mut done: Vec<&Element> = Vec::new();
        let mut out = Vec::new();
        let (mut l, mut r) = (0, 0);
        while l < live.len() || r < config.len() {
            if let Some((key, value)) = live.get(l) {
                let in_config = position(&config, key);
                if let Some((config_key, config_value)) = config.get(r) {
                    if key == config_key {
                        done.push(key);
                        out.extend(item.merge(Some(value), Some(config_value)));
                        (l, r) = (l + 1, r + 1);
                        shared.next();
                        continue;
                    }
                    if in_config.is_some() && shared.peek().is_some_and(|next| *next != key) {
                        l += 1;
                        continue;
                    }
                }
                if in_config.is_none() {
                    out.extend(item.merge(Some(value), None));
                    l += 1;
                    continue;
                }
                if done.contains(&key) {
                    l += 1;
                }
            }
            if let Some((key, value)) = config.get(r) {
                done.push(key);
                let old = position(&live, key).map(|i| &live[i].1);
                out.extend(item.merge(old, Some(value)));
                r += 1;
                if shared.peek().is_some_and(|next| *next == key) {
                    shared.next();
                }
            }
        }
        out
    }

    /// `value` without the items and fields of `set`.
    pub fn remove(self, value: &Json, set: &Set) -> Option<Json> {
        match (self.shape(value), value) {
            (Shape::Leaf, _) => match self.schema.get(self.ty) {
                // Something below an atomic list or map was to go: it goes as a whole.
                Type::List(_) | Type::Map(_) => None,
                _ => Some(value.clone()),
            },
            (Shape::Map(map), Json::Object(object)) => {
                let mut out = Map::new();
                for (key, value) in object {
                    let element = Element::Field(key.clone());
                    if set.has(&element) {
                        continue;
                    }
                    match set.below(&element) {
                        None => {
                            out.insert(key.clone(), value.clone());
                        }
                        Some(below) => {
                            // A struct that lost its last field stays as null for Go, which the decoder then drops.
                            if let Some(value) = self.field(map, key).remove(value, below) {
                                out.insert(key.clone(), value);
                            }
                        }
                    }
                }
                (!out.is_empty()).then_some(Json::Object(out))
            }
            (Shape::List(list), Json::Array(items)) => {
                let mut out = Vec::new();
                for item in items {
                    let Ok(key) = self.key(list, item) else { continue };
                    if set.has(&key) {
                        continue;
                    }
                    match set.below(&key) {
                        None => out.push(item.clone()),
                        Some(below) => out.extend(self.of(list.element).remove(item, below)),
                    }
                }
                (!out.is_empty()).then_some(Json::Array(out))
            }
            _ => None,
        }
    }
}

fn scalar_problem(scalar: Scalar, value: &Json) -> Option<String> {
    let composite = value.is_object() || value.is_array();
    match scalar {
        Scalar::Int(_) | Scalar::Number if !value.is_number() => {
            Some(format!("expected numeric (int or float), got {}", go_type(value)))
        }
        Scalar::String | Scalar::Bytes if !value.is_string() => {
            Some(format!("expected string, got &value.valueUnstructured{{Value:{}}}", go_syntax(value)))
        }
        Scalar::Bool if !value.is_boolean() => Some(format!("expected boolean, got {}", go_value(value))),
        Scalar::Time | Scalar::Quantity | Scalar::IntOrString if composite => {
            Some(format!("expected any scalar, got {}", go_value(value)))
        }
        _ => None,
    }
}

fn go_type(value: &Json) -> &'static str {
    match value {
        Json::Null => "<nil>",
        Json::Bool(_) => "bool",
        Json::Number(number) if number.is_f64() => "float64",
        Json::Number(_) => "int64",
        Json::String(_) => "string",
        Json::Array(_) => "[]interface {}",
        Json::Object(_) => "map[string]interface {}",
    }
}

/// `%#v`
fn go_syntax(value: &Json) -> String {
    match value {
        Json::Array(items) => {
            format!("[]interface {{}}{{{}}}", items.iter().map(go_syntax).collect::<Vec<_>>().join(", "))
        }
        Json::Object(map) => {
            let fields: Vec<String> = map.iter().map(|(k, v)| format!("{k:?}:{}", go_syntax(v))).collect();
            format!("map[string]interface {{}}{{{}}}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// `%v` of structured-merge-diff's value.
fn go_value(value: &Json) -> String {
    format!("&{{{}}}", go_plain(value))
}

fn go_plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(items) => format!("[{}]", items.iter().map(go_plain).collect::<Vec<_>>().join(" ")),
        Json::Object(map) => {
            let fields: Vec<String> = map.iter().map(|(k, v)| format!("{k}:{}", go_plain(v))).collect();
            format!("map[{}]", fields.join(" "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::schema::recorded;
    use super::super::set::path_text;
    use super::*;
    use serde_json::json;

    fn pod_spec() -> Typed<'static> {
        let schema = &recorded().schema;
        Typed::new(schema, schema.named("io.k8s.api.core.v1.PodSpec").unwrap())
    }

    #[test]
    fn containers_merge_by_name_and_ports_by_number_and_protocol() {
        let live = json!({"containers": [
            {"name": "a", "image": "a:1", "ports": [{"containerPort": 80, "protocol": "TCP", "name": "http"}]},
            {"name": "b", "image": "b:1"},
        ]});
        let config = json!({"containers": [{"name": "a", "image": "a:2", "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}]}]});
        assert_eq!(
            pod_spec().merge(Some(&live), Some(&config)).unwrap(),
            json!({"containers": [
                {"name": "a", "image": "a:2", "ports": [{"containerPort": 80, "protocol": "TCP", "name": "http"}, {"containerPort": 80, "protocol": "UDP"}]},
                {"name": "b", "image": "b:1"},
            ]})
        );
    }

    #[test]
    fn removing_takes_items_and_fields() {
        let value =
            json!({"containers": [{"name": "a", "image": "x", "env": [{"name": "A", "value": "1"}, {"name": "B"}]}]});
        let fields = pod_spec().fields(&value);
        let texts: Vec<String> = fields.paths().iter().map(|p| path_text(p)).collect();
        assert!(texts.contains(&".containers[name=\"a\"].env[name=\"A\"].value".to_string()), "{texts:?}");
        let gone = Set::decode(
            &json!({"f:containers": {"k:{\"name\":\"a\"}": {"f:env": {"k:{\"name\":\"B\"}": {}}, "f:image": {}}}}),
        )
        .unwrap();
        assert_eq!(
            pod_spec().remove(&value, &gone).unwrap(),
            json!({"containers": [{"name": "a", "env": [{"name": "A", "value": "1"}]}]})
        );
    }

    #[test]
    fn comparison_knows_atomic_lists() {
        let old = json!({"containers": [{"name": "a", "args": ["1"]}], "nodeName": "n"});
        let new = json!({"containers": [{"name": "a", "args": ["1", "2"], "image": "x"}]});
        let difference = pod_spec().compare(&old, &new);
        assert_eq!(difference.modified.encode(), json!({"f:containers": {"k:{\"name\":\"a\"}": {"f:args": {}}}}));
        assert_eq!(difference.added.encode(), json!({"f:containers": {"k:{\"name\":\"a\"}": {"f:image": {}}}}));
        assert_eq!(difference.removed.encode(), json!({"f:nodeName": {}}));
    }

    #[test]
    fn undeclared_fields_and_duplicates_are_problems() {
        let value = json!({"containerz": [], "containers": [{"name": "a"}, {"name": "a"}]});
        let texts: Vec<String> =
            pod_spec().problems(&value).iter().map(|(p, m)| format!("{}: {m}", path_text(p))).collect();
        assert_eq!(
            texts,
            [".containers: duplicate entries for key [name=\"a\"]", ".containerz: field not declared in schema"]
        );
    }
}
