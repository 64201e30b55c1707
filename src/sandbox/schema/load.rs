//! The recorded table, unpacked.

use std::io::Read;
use std::sync::LazyLock;

use flate2::read::GzDecoder;

use super::super::json::{Access, Json};
use super::{ANY, Field, ListType, MapType, Relation, Scalar, Schema, Type, TypeId};

static TABLE: &[u8] = include_bytes!("kubernetes.json.gz");

/// What was recorded from a real API server.
pub struct Recorded {
    /// The answer of `/version`.
    pub version: Json,
    /// The kinds served: group, version, kind, plural, verbs, subresources, ...
    pub kinds: Vec<Json>,
    /// Their types.
    pub schema: Schema,
}

static RECORDED: LazyLock<Recorded> = LazyLock::new(|| {
    let mut text = Vec::new();
    // The table is part of the program and read by every test; were it damaged, nothing would work.
    let read = GzDecoder::new(TABLE).read_to_end(&mut text);
    let table: Json = match read.map_err(serde_json::Error::io).and_then(|_| serde_json::from_slice(&text)) {
        Ok(table) => table,
        Err(error) => unreachable!("the table of types is damaged: {error}"),
    };
    let mut schema = Schema::new();
    let types = table["types"].as_object().cloned().unwrap_or_default();
    // Names first, since types refer to each other in circles.
    for name in types.keys() {
        let id = schema.add(Type::Any);
        schema.names.insert(name.clone(), id);
    }
    for (name, definition) in &types {
        let id = schema.names[name];
        schema.types[id] = definition_type(&mut schema, name, definition);
    }
    Recorded { version: table["version"].clone(), kinds: table.items("/kinds").to_vec(), schema }
});

/// The recorded table; unpacked once.
pub fn recorded() -> &'static Recorded {
    &RECORDED
}

fn definition_type(schema: &mut Schema, name: &str, definition: &Json) -> Type {
    let short = name.rsplit('.').next().unwrap_or(name);
    match short {
        "Quantity" => return Type::Scalar(Scalar::Quantity),
        "IntOrString" => return Type::Scalar(Scalar::IntOrString),
        "Time" | "MicroTime" => return Type::Scalar(Scalar::Time),
        // Schemas of custom resources hold each other; their structure is read by `custom`.
        "JSONSchemaProps" | "JSON" => return Type::Any,
        _ => {}
    }
    if let Some(scalar) = definition["s"].as_str() {
        return scalar_type(scalar);
    }
    if definition["any"] == true {
        return Type::Any;
    }
    let mut map = MapType { name: short.into(), atomic: definition["a"] == true, ..MapType::default() };
    if let Some(element) = definition.get("m") {
        map.element = Some(reference(schema, element));
    }
    for (key, field) in definition["f"].as_object().into_iter().flatten() {
        let ty = reference(schema, field);
        map.fields.insert(
            key.clone(),
            Field {
                ty,
                omit_zero: field["z"] == true,
                always: field["e"] == true,
                keep_zero: field["n"] == true,
                strategy: field["ps"].as_str().unwrap_or_default().into(),
                default: None,
                numbers: field.items("/p").iter().filter_map(Json::as_u64).collect(),
            },
        );
    }
    if matches!(short, "ContainerPort" | "ServicePort")
        && let Some(protocol) = map.fields.get_mut("protocol")
    {
        // The only default that is part of a list's key.
        protocol.default = Some("TCP".into());
    }
    Type::Map(map)
}

fn scalar_type(name: &str) -> Type {
    Type::Scalar(match name {
        "integer:int32" => Scalar::Int(32),
        "integer:int64" | "integer" => Scalar::Int(64),
        "number" | "number:double" => Scalar::Number,
        "boolean" => Scalar::Bool,
        "string:byte" => Scalar::Bytes,
        "string:date-time" => Scalar::Time,
        "string:int-or-string" => Scalar::IntOrString,
        "any" => return Type::Any,
        _ => Scalar::String,
    })
}

fn reference(schema: &mut Schema, reference: &Json) -> TypeId {
    if let Some(name) = reference.as_str() {
        if let Some(definition) = name.strip_prefix('@') {
            return schema.named(definition).unwrap_or(ANY);
        }
        if name == "any" {
            return ANY;
        }
        if let Some(id) = schema.named(name) {
            return id;
        }
        let id = schema.add(scalar_type(name));
        schema.names.insert(name.into(), id);
        return id;
    }
    if let Some(element) = reference.get("l") {
        let element = self::reference(schema, element);
        let relation = match reference["lt"].as_str() {
            Some("map") => {
                Relation::Keys(reference.items("/k").iter().filter_map(|k| k.as_str().map(String::from)).collect())
            }
            Some("set") => Relation::Set,
            _ => Relation::Atomic,
        };
        let merge_key = reference["pk"].as_str().map(String::from);
        return schema.add(Type::List(ListType { element, relation, merge_key }));
    }
    if let Some(element) = reference.get("m") {
        let element = Some(self::reference(schema, element));
        return schema.add(Type::Map(MapType { element, atomic: reference["a"] == true, ..MapType::default() }));
    }
    let target = self::reference(schema, &reference["t"]);
    if reference["a"] == true
        && let Type::Map(map) = schema.get(target)
        && !map.atomic
    {
        let map = MapType { atomic: true, ..map.clone() };
        return schema.add(Type::Map(map));
    }
    target
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_keys_and_defaults_are_those_of_kubernetes() {
        let schema = &recorded().schema;
        let Type::Map(container) = schema.get(schema.named("io.k8s.api.core.v1.Container").unwrap()) else {
            panic!("a container is a struct")
        };
        let Type::List(ports) = schema.get(container.fields["ports"].ty) else { panic!("ports are a list") };
        assert_eq!(ports.relation, Relation::Keys(vec!["containerPort".into(), "protocol".into()]));
        assert_eq!(ports.merge_key.as_deref(), Some("containerPort"));
        let Type::List(args) = schema.get(container.fields["args"].ty) else { panic!("args are a list") };
        assert_eq!(args.relation, Relation::Atomic);
        assert!(container.fields["resources"].always);
    }
}
