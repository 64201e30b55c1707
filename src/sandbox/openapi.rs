//! `OpenAPI` v3, as far as clients use it: which kinds know `fieldValidation`, and the fields of kinds.

use std::collections::BTreeSet;

use serde_json::{Map, json};

use super::json::Json;
use super::registry::Kind;
use super::schema::{Relation, Scalar, Schema, Type, TypeId};
use super::state::State;

/// The document at `path`; `/openapi/v2` is not served (clients fall back on v3).
pub fn document(state: &State, path: &str, accept: &str) -> Option<Json> {
    if accept.contains("protobuf") && !accept.contains("json") {
        return None;
    }
    let rest = path.strip_prefix("/openapi/v3")?.trim_start_matches('/');
    let mut groups: BTreeSet<(String, String)> = BTreeSet::new();
    for kind in state.registry.kinds() {
        for version in kind.versions.iter().filter(|version| version.served) {
            groups.insert((kind.group.clone(), version.name.clone()));
        }
    }
    let place = |group: &str, version: &str| {
        if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") }
    };
    if rest.is_empty() {
        let paths: Map<String, Json> = groups
            .iter()
            .map(|(group, version)| {
                let place = place(group, version);
                let kinds = state.registry.kinds().filter(|kind| kind.group == *group).count();
                let url = format!("/openapi/v3/{place}?hash={:08X}{kinds:08X}", place.len());
                (place, json!({"serverRelativeURL": url}))
            })
            .collect();
        return Some(json!({"paths": paths}));
    }
    let (group, version) = groups.iter().find(|(group, version)| place(group, version) == rest)?;
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for kind in state.registry.kinds().filter(|kind| kind.group == *group) {
        let Some(known) = kind.version(version) else { continue };
        let space = if kind.namespaced { "/namespaces/{namespace}" } else { "" };
        let path = format!("/{rest}{space}/{}/{{name}}", kind.plural);
        paths.insert(path, operations(kind, version));
        let name = component(kind, version);
        let mut definition = definition(&state.schema, known.ty, &mut schemas, 0);
        definition["x-kubernetes-group-version-kind"] =
            json!([{"group": group, "version": version, "kind": kind.kind}]);
        schemas.insert(name, definition);
    }
    Some(json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1.36.3"},
        "paths": paths, "components": {"schemas": schemas},
    }))
}

fn component(kind: &Kind, version: &str) -> String {
    let group = kind.group.split('.').next().filter(|group| !group.is_empty()).unwrap_or("core");
    format!("io.k8s.api.{group}.{version}.{}", kind.kind)
}

fn operations(kind: &Kind, version: &str) -> Json {
    let parameter =
        |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}});
    let write = |action: &str| {
        json!({
            "parameters": [parameter("dryRun"), parameter("fieldManager"), parameter("fieldValidation"), parameter("force")],
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": {"group": kind.group, "version": version, "kind": kind.kind},
            "responses": {"200": {"description": "OK"}},
        })
    };
    json!({"patch": write("patch"), "put": write("put")})
}

fn definition(schema: &Schema, ty: TypeId, into: &mut Map<String, Json>, depth: usize) -> Json {
    match schema.get(ty) {
        Type::Any => json!({"type": "object"}),
        Type::Scalar(scalar) => match scalar {
            Scalar::String | Scalar::Quantity => json!({"type": "string"}),
            Scalar::Bytes => json!({"type": "string", "format": "byte"}),
            Scalar::Time => json!({"type": "string", "format": "date-time"}),
            Scalar::Int(bits) => json!({"type": "integer", "format": format!("int{bits}")}),
            Scalar::Number => json!({"type": "number"}),
            Scalar::Bool => json!({"type": "boolean"}),
            Scalar::IntOrString => json!({"x-kubernetes-int-or-string": true}),
        },
        Type::List(list) => {
            let mut out = json!({"type": "array", "items": reference(schema, list.element, into, depth)});
            match &list.relation {
                Relation::Atomic => out["x-kubernetes-list-type"] = "atomic".into(),
                Relation::Set => out["x-kubernetes-list-type"] = "set".into(),
                Relation::Keys(keys) => {
                    out["x-kubernetes-list-type"] = "map".into();
                    out["x-kubernetes-list-map-keys"] = json!(keys);
                }
            }
            if let Some(key) = &list.merge_key {
                out["x-kubernetes-patch-merge-key"] = key.clone().into();
                out["x-kubernetes-patch-strategy"] = "merge".into();
            }
            out
        }
        Type::Map(map) if map.fields.is_empty() => match map.element {
            Some(element) => {
                json!({"type": "object", "additionalProperties": reference(schema, element, into, depth)})
            }
            None => json!({"type": "object"}),
        },
        Type::Map(map) => {
            let properties: Map<String, Json> = map
                .fields
                .iter()
                .map(|(name, field)| (name.clone(), reference(schema, field.ty, into, depth)))
                .collect();
            let mut out = json!({"type": "object", "properties": properties});
            if !map.required.is_empty() {
                out["required"] = json!(map.required);
            }
            out
        }
    }
}

/// Structs are components of their own, so that types that hold themselves end.
fn reference(schema: &Schema, ty: TypeId, into: &mut Map<String, Json>, depth: usize) -> Json {
    let Type::Map(map) = schema.get(ty) else { return definition(schema, ty, into, depth) };
    if map.fields.is_empty() || map.name.is_empty() {
        return definition(schema, ty, into, depth + 1);
    }
    let name = format!("sandbox.{}.{ty}", map.name);
    if !into.contains_key(&name) {
        into.insert(name.clone(), Json::Null);
        let definition = definition(schema, ty, into, depth + 1);
        into.insert(name.clone(), definition);
    }
    json!({"allOf": [{"$ref": format!("#/components/schemas/{name}")}]})
}
