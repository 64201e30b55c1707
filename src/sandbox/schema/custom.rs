//! Types from the `openAPIV3Schema` of a `CustomResourceDefinition`.

use super::super::json::{Access, Json};
use super::{ANY, Field, ListType, MapType, Relation, Scalar, Schema, Type, TypeId};

impl Schema {
    /// Adds the type of a custom resource. `kind` names it in messages; metadata is that of all objects.
    pub fn add_custom(&mut self, kind: &str, schema: &Json) -> TypeId {
        let id = self.custom(kind, schema);
        let metadata = self.named("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta").unwrap_or(ANY);
        let string = self.add(Type::Scalar(Scalar::String));
        if let Type::Map(map) = &mut self.types[id] {
            for (key, ty) in [("apiVersion", string), ("kind", string), ("metadata", metadata)] {
                map.fields.insert(key.into(), plain(ty));
            }
            return id;
        }
        let fields = [("metadata".to_string(), plain(metadata))].into();
        self.add(Type::Map(MapType { name: kind.into(), fields, element: Some(ANY), ..MapType::default() }))
    }

    fn custom(&mut self, name: &str, schema: &Json) -> TypeId {
        if schema["x-kubernetes-int-or-string"] == true {
            return self.add(Type::Scalar(Scalar::IntOrString));
        }
        match schema["type"].as_str() {
            Some("object") => {
                let mut map = MapType {
                    name: name.into(),
                    atomic: schema["x-kubernetes-map-type"] == "atomic",
                    required: texts(schema.at("/required")),
                    ..MapType::default()
                };
                for (key, field) in schema["properties"].as_object().into_iter().flatten() {
                    let default = field.get("default").cloned();
                    let ty = self.custom(key, field);
                    map.fields.insert(key.clone(), Field { default, ..plain(ty) });
                }
                if let Some(element) = schema.get("additionalProperties").filter(|a| a.is_object()) {
                    map.element = Some(self.custom(name, element));
                } else if schema["x-kubernetes-preserve-unknown-fields"] == true
                    || schema["additionalProperties"] == true
                {
                    map.element = Some(ANY);
                }
                self.add(Type::Map(map))
            }
            Some("array") => {
                let element = self.custom(name, schema.at("/items"));
                let relation = match schema["x-kubernetes-list-type"].as_str() {
                    Some("map") => Relation::Keys(texts(schema.at("/x-kubernetes-list-map-keys"))),
                    Some("set") => Relation::Set,
                    _ => Relation::Atomic,
                };
                self.add(Type::List(ListType { element, relation, merge_key: None }))
            }
            Some("string") => self.add(Type::Scalar(Scalar::String)),
            Some("integer") => self.add(Type::Scalar(Scalar::Int(64))),
            Some("number") => self.add(Type::Scalar(Scalar::Number)),
            Some("boolean") => self.add(Type::Scalar(Scalar::Bool)),
            _ => ANY,
        }
    }
}

fn plain(ty: TypeId) -> Field {
    Field {
        ty,
        omit_zero: false,
        always: false,
        keep_zero: false,
        strategy: String::new(),
        default: None,
        numbers: Vec::new(),
    }
}

fn texts(list: &Json) -> Vec<String> {
    list.items("").iter().filter_map(|item| item.as_str().map(String::from)).collect()
}
