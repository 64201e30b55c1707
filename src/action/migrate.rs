//! Fields of client-side apply become those of server-side apply.
//!
//! Objects that Helm 3 (or Helm 4 with client-side apply) wrote have their fields owned by the manager `helm` with the operation
//! `Update`. A server-side apply would neither prune them nor agree with itself about them. As client-go's `csaupgrade` does, that
//! ownership is moved to the manager `helm` with the operation `Apply`.

use serde_json::{Map, json};

use crate::cluster::{Cluster, Error, Json, ObjectRef, Patch};

use super::MANAGER;

/// How often a change by somebody else in between is waited out.
const ATTEMPTS: u32 = 5;

/// Moves the ownership of a live object's fields, if there is anything to move.
pub(super) async fn migrate(cluster: &Cluster, reference: &ObjectRef) -> Result<(), Error> {
    for _ in 0..ATTEMPTS {
        let Some(live) = cluster.get(reference).await? else { return Ok(()) };
        let Some(patch) = patch(&live) else { return Ok(()) };
        match cluster.patch(reference, &patch, None, MANAGER).await {
            Err(error) if error.is_conflict() => {}
            answer => return answer.map(|_| ()),
        }
    }
    Err(Error::Other(format!(
        "{reference} is changed by somebody else again and again; its field owners cannot be migrated"
    )))
}

/// The JSON patch that moves the ownership; `None` when there is nothing to move.
fn patch(live: &Json) -> Option<Patch> {
    let entries = live["metadata"]["managedFields"].as_array()?;
    let is_ours = |entry: &Json, operation: &str| {
        entry["manager"] == MANAGER
            && entry["operation"] == operation
            && entry["subresource"].as_str().is_none_or(str::is_empty)
    };
    if !entries.iter().any(|entry| is_ours(entry, "Update")) {
        return None;
    }
    let mut kept: Vec<Json> = Vec::new();
    let mut ours: Option<Json> = None;
    for entry in entries {
        if !is_ours(entry, "Update") && !is_ours(entry, "Apply") {
            kept.push(entry.clone());
            continue;
        }
        match &mut ours {
            None => ours = Some(entry.clone()),
            Some(first) => {
                // The newest entry tells the version of the fields.
                if entry["time"].as_str() > first["time"].as_str() {
                    first["time"] = entry["time"].clone();
                }
                union(&mut first["fieldsV1"], &entry["fieldsV1"]);
            }
        }
    }
    let mut ours = ours?;
    ours["operation"] = "Apply".into();
    kept.push(ours);
    Some(Patch::Json(json!([
        {"op": "replace", "path": "/metadata/managedFields", "value": kept},
        // Fails when the object was changed in between.
        {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
    ])))
}

/// Adds the fields of `more`: sets of paths are nested objects.
fn union(fields: &mut Json, more: &Json) {
    let Some(more) = more.as_object() else { return };
    if !fields.is_object() {
        *fields = Map::new().into();
    }
    for (key, value) in more {
        union(&mut fields[key.as_str()], value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ownership_moves_from_update_to_apply() {
        let live = json!({"metadata": {"resourceVersion": "7", "managedFields": [
            {"manager": "helm", "operation": "Update", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:data": {"f:a": {}}}},
            {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:data": {"f:z": {}}}},
            {"manager": "helm", "operation": "Apply", "apiVersion": "v1", "time": "2026-01-02T00:00:00Z", "fieldsV1": {"f:data": {".": {}, "f:b": {}}}},
            {"manager": "helm", "operation": "Update", "subresource": "status", "fieldsV1": {}},
        ]}});
        let Some(Patch::Json(patch)) = patch(&live) else { panic!("a patch") };
        let entries = patch[0]["value"].as_array().unwrap();
        assert_eq!(entries.len(), 3);
        assert_eq!(
            entries[2],
            json!({"manager": "helm", "operation": "Apply", "apiVersion": "v1", "time": "2026-01-02T00:00:00Z",
                   "fieldsV1": {"f:data": {".": {}, "f:a": {}, "f:b": {}}}})
        );
        assert_eq!(patch[1]["value"], "7");
    }

    #[test]
    fn nothing_is_moved_twice() {
        let live = json!({"metadata": {"managedFields": [{"manager": "helm", "operation": "Apply", "fieldsV1": {}}]}});
        assert!(patch(&live).is_none());
    }
}
