//! Strategic merge patches: lists of known kinds are merged by their items' key.

use serde_json::Map;

use super::super::json::Json;
use super::super::schema::{ANY, Schema, Type, TypeId};
use super::super::status::{ApiError, ApiResult};

/// Applies a strategic merge patch to an object of type `ty`.
///
/// # Errors
/// `BadRequest` for directives that are not known.
pub fn strategic(schema: &Schema, ty: TypeId, base: &Json, patch: &Json) -> ApiResult<Json> {
    Ok(merge(schema, ty, Some(base), patch, "")?.unwrap_or(Json::Object(Map::new())))
}

fn merge(schema: &Schema, ty: TypeId, base: Option<&Json>, patch: &Json, strategy: &str) -> ApiResult<Option<Json>> {
    match patch {
        Json::Null => Ok(None),
        Json::Object(changes) => object(schema, ty, base, changes, strategy).map(Some),
        Json::Array(items) => list(schema, ty, base, items, strategy).map(Some),
        scalar => Ok(Some(scalar.clone())),
    }
}

fn object(
    schema: &Schema,
    ty: TypeId,
    base: Option<&Json>,
    changes: &Map<String, Json>,
    strategy: &str,
) -> ApiResult<Json> {
    let clean = |changes: &Map<String, Json>| -> ApiResult<Json> {
        // What is new has no directives to leave behind, but may have nulls and nested directives.
        object(schema, ty, Some(&Json::Object(Map::new())), changes, "")
    };
    match changes.get("$patch").and_then(Json::as_str) {
        Some("replace") => {
            let mut rest = changes.clone();
            rest.remove("$patch");
            return clean(&rest);
        }
        Some("delete") => return Ok(Json::Object(Map::new())),
        Some("merge") | None => {}
        Some(other) => return Err(ApiError::bad_request(format!("unknown patch type: {other}"))),
    }
    let mut result = base.and_then(Json::as_object).cloned().unwrap_or_default();
    if let Some(keep) = changes.get("$retainKeys").and_then(Json::as_array) {
        result.retain(|key, _| keep.iter().any(|kept| kept == key));
    } else if strategy.contains("retainKeys") {
        result.retain(|key, _| changes.contains_key(key));
    }
    let map = match schema.get(ty) {
        Type::Map(map) => Some(map),
        _ => None,
    };
    let mut orders: Vec<(String, Json)> = Vec::new();
    for (key, change) in changes {
        if matches!(key.as_str(), "$patch" | "$retainKeys") {
            continue;
        }
        if let Some(field) = key.strip_prefix("$setElementOrder/") {
            orders.push((field.into(), change.clone()));
            continue;
        }
        if let Some(field) = key.strip_prefix("$deleteFromPrimitiveList/") {
            if let (Some(Json::Array(list)), Json::Array(gone)) = (result.get_mut(field), change) {
                list.retain(|item| !gone.contains(item));
            }
            continue;
        }
        let (ty, strategy) = match map {
            Some(map) => match map.fields.get(key) {
                Some(field) => (field.ty, field.strategy.as_str()),
                None => (map.element.unwrap_or(ANY), ""),
            },
            None => (ANY, ""),
        };
        match merge(schema, ty, result.get(key), change, strategy)? {
            Some(value) => {
                result.insert(key.clone(), value);
            }
            None => {
                result.remove(key);
            }
        }
    }
    for (field, order) in orders {
        let key = map.and_then(|map| merge_key(schema, map.fields.get(&field)?.ty));
        if let (Some(Json::Array(items)), Json::Array(order)) = (result.get_mut(&field), order) {
            sort(items, &order, key.as_deref());
        }
    }
    Ok(Json::Object(result))
}

fn merge_key(schema: &Schema, ty: TypeId) -> Option<String> {
    match schema.get(ty) {
        Type::List(list) => list.merge_key.clone(),
        _ => None,
    }
}

fn list(schema: &Schema, ty: TypeId, base: Option<&Json>, items: &[Json], strategy: &str) -> ApiResult<Json> {
    let (element, key) = match schema.get(ty) {
        Type::List(list) => (list.element, list.merge_key.as_deref()),
        _ => (ANY, None),
    };
    let replaced = items.iter().any(|item| item["$patch"] == "replace");
    let old = base.and_then(Json::as_array).map_or(&[] as &[Json], Vec::as_slice);
    let Some(key) = key.filter(|_| !replaced) else {
        if strategy.contains("merge") && !replaced {
            // A list of plain values that is merged: what is not there yet comes to the end.
            let mut result = old.to_vec();
            for item in items {
                if !result.contains(item) {
                    result.push(item.clone());
                }
            }
            return Ok(Json::Array(result));
        }
        let kept = items.iter().filter(|item| item.get("$patch").is_none());
        return Ok(Json::Array(kept.cloned().collect()));
    };
    let mut result = old.to_vec();
    for item in items {
        let wanted = item
            .get(key)
            .ok_or_else(|| ApiError::bad_request(format!("map: {item} does not contain declared merge key: {key}")))?;
        let position = result.iter().position(|known| known.get(key) == Some(wanted));
        if item["$patch"] == "delete" {
            result.retain(|known| known.get(key) != Some(wanted));
            continue;
        }
        match position {
            Some(index) => {
                if let Some(merged) = merge(schema, element, Some(&result[index]), item, strategy_of_items(strategy))? {
                    result[index] = merged;
                }
            }
            None => result.extend(merge(schema, element, None, item, "")?),
        }
    }
    Ok(Json::Array(result))
}

/// `merge,retainKeys` of a list says how its items are merged.
fn strategy_of_items(strategy: &str) -> &str {
    if strategy.contains("retainKeys") { "retainKeys" } else { "" }
}

/// Puts items in the given order; items that it does not name keep their place relative to their neighbours before.
fn sort(items: &mut Vec<Json>, order: &[Json], key: Option<&str>) {
    let id = |item: &Json| key.map_or_else(|| item.clone(), |key| item.get(key).cloned().unwrap_or(Json::Null));
    let rank = |item: &Json| order.iter().position(|wanted| id(wanted) == id(item));
    let mut sorted: Vec<Json> = Vec::with_capacity(items.len());
    let mut named: Vec<Json> = items.iter().filter(|item| rank(item).is_some()).cloned().collect();
    named.sort_by_key(|item| rank(item));
    let mut named = named.into_iter();
    for item in items.drain(..) {
        if rank(&item).is_some() {
            sorted.extend(named.next());
        } else {
            sorted.push(item);
        }
    }
    *items = sorted;
}

#[cfg(test)]
mod tests {
    use super::super::super::schema::recorded;
    use super::*;
    use serde_json::json;

    fn pod_spec(base: &Json, patch: &Json) -> Json {
        let schema = &recorded().schema;
        strategic(schema, schema.named("io.k8s.api.core.v1.PodSpec").unwrap(), base, patch).unwrap()
    }

    #[test]
    fn containers_are_merged_and_deleted_by_name() {
        let base = json!({"containers": [{"name": "a", "image": "1", "args": ["x"]}, {"name": "b", "image": "1"}]});
        let patch = json!({"containers": [{"name": "a", "image": "2", "args": null}, {"name": "b", "$patch": "delete"}, {"name": "c"}],
            "$setElementOrder/containers": [{"name": "c"}, {"name": "a"}]});
        assert_eq!(pod_spec(&base, &patch), json!({"containers": [{"name": "c"}, {"name": "a", "image": "2"}]}));
    }

    #[test]
    fn volumes_retain_their_keys() {
        let base = json!({"volumes": [{"name": "v", "emptyDir": {}}]});
        let patch =
            json!({"volumes": [{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}}]});
        assert_eq!(pod_spec(&base, &patch), json!({"volumes": [{"name": "v", "configMap": {"name": "c"}}]}));
    }

    #[test]
    fn maps_are_replaced_on_demand() {
        let base = json!({"nodeSelector": {"a": "1"}, "securityContext": {"runAsUser": 1, "fsGroup": 2}});
        let patch = json!({"nodeSelector": {"b": "2"}, "securityContext": {"$patch": "replace", "runAsUser": 3}});
        assert_eq!(
            pod_spec(&base, &patch),
            json!({"nodeSelector": {"a": "1", "b": "2"}, "securityContext": {"runAsUser": 3}})
        );
    }
}
