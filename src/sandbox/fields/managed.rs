//! `metadata.managedFields`: who set which field last, and what follows from it for the next write.

use serde_json::json;

use super::super::json::{Access, Json};
use super::super::schema::{Schema, TypeId};
use super::super::status::{ApiError, ApiResult};
use super::set::{Set, path_text};
use super::typed::Typed;

/// One manager's fields.
#[derive(Clone, Debug)]
pub struct Entry {
    /// `helm`, `kubectl`, ...
    pub manager: String,
    /// Written by server-side apply.
    pub applied: bool,
    /// `apps/v1`
    pub version: String,
    /// `status`, `scale`, or empty.
    pub subresource: String,
    /// When the set last changed.
    pub time: String,
    /// The fields.
    pub set: Set,
}

impl Entry {
    /// Whether both are the same manager: appliers are told apart without their version.
    fn same(&self, other: &Self) -> bool {
        self.manager == other.manager
            && self.applied == other.applied
            && self.subresource == other.subresource
            && (self.applied || self.version == other.version)
    }

    fn printed(&self) -> String {
        let mut text = format!("{:?}", self.manager);
        if !self.subresource.is_empty() {
            text = format!("{text} with subresource {:?}", self.subresource);
        }
        if !self.applied {
            text = format!("{text} using {}", self.version);
        }
        text
    }
}

/// All managers of an object.
#[derive(Clone, Debug, Default)]
pub struct Managed(Vec<Entry>);

/// Who writes, and what the write may own.
#[derive(Clone, Debug)]
pub struct Writer {
    /// The field manager.
    pub manager: String,
    /// `apps/v1`
    pub version: String,
    /// `status`, `scale`, or empty.
    pub subresource: String,
    /// Now.
    pub time: String,
    /// Fields that the endpoint ignores and so does not give to anybody.
    pub ignored: Set,
}

impl Writer {
    fn entry(&self, applied: bool, set: Set) -> Entry {
        Entry {
            manager: self.manager.clone(),
            applied,
            version: self.version.clone(),
            subresource: self.subresource.clone(),
            time: self.time.clone(),
            set,
        }
    }
}

/// Fields that nobody owns.
fn unowned() -> Set {
    Set::of_fields(&[
        &["apiVersion"],
        &["kind"],
        &["metadata"],
        &["metadata", "name"],
        &["metadata", "namespace"],
        &["metadata", "creationTimestamp"],
        &["metadata", "selfLink"],
        &["metadata", "uid"],
        &["metadata", "clusterName"],
        &["metadata", "generation"],
        &["metadata", "managedFields"],
        &["metadata", "resourceVersion"],
    ])
}

impl Managed {
    /// Reads `managedFields`. Entries that cannot be read are left out.
    pub fn read(object: &Json) -> Self {
        let entries = object.items("/metadata/managedFields").iter().filter_map(|entry| {
            Some(Entry {
                manager: entry["manager"].as_str().unwrap_or_default().into(),
                applied: entry["operation"] == "Apply",
                version: entry["apiVersion"].as_str()?.into(),
                subresource: entry["subresource"].as_str().unwrap_or_default().into(),
                time: entry["time"].as_str().unwrap_or_default().into(),
                set: Set::decode(entry.get("fieldsV1")?)?,
            })
        });
        Self(entries.collect())
    }

    /// Writes them into the object, in the server's order.
    pub fn write(mut self, object: &mut Json) {
        self.0.retain(|entry| !entry.set.is_empty());
        if self.0.is_empty() {
            object.remove("/metadata/managedFields");
            return;
        }
        self.0.sort_by(|a, b| {
            b.applied
                .cmp(&a.applied)
                .then_with(|| a.time.cmp(&b.time))
                .then_with(|| a.manager.cmp(&b.manager))
                .then_with(|| a.version.cmp(&b.version))
                .then_with(|| a.subresource.cmp(&b.subresource))
        });
        let entries: Vec<Json> = self
            .0
            .iter()
            .map(|entry| {
                let mut json = json!({
                    "manager": entry.manager, "operation": if entry.applied { "Apply" } else { "Update" },
                    "apiVersion": entry.version, "time": entry.time, "fieldsType": "FieldsV1",
                    "fieldsV1": entry.set.encode(),
                });
                if !entry.subresource.is_empty() {
                    json["subresource"] = entry.subresource.clone().into();
                }
                json
            })
            .collect();
        object.put("/metadata/managedFields", entries);
    }

    /// Records a write that is not an apply: the writer owns what changed.
    pub fn updated(mut self, schema: &Schema, ty: TypeId, old: &Json, new: &Json, writer: &Writer) -> Self {
        let change = Typed::new(schema, ty).compare(&bare(old), &bare(new)).without(&writer.ignored);
        let touched = change.modified.union(&change.added);
        for entry in &mut self.0 {
            entry.set = entry.set.difference(&touched).difference(&change.removed);
        }
        let taken = touched.difference(&unowned());
        if !taken.is_empty() {
            let entry = writer.entry(false, taken);
            match self.0.iter_mut().find(|known| known.same(&entry)) {
                Some(known) => {
                    known.set = known.set.union(&entry.set);
                    known.time = entry.time;
                }
                None => self.0.push(entry),
            }
        }
        self
    }

    /// Server-side apply: the merged object and the new owners.
    ///
    /// # Errors
    /// `Conflict` when the configuration changes fields of others and `force` is not set.
    pub fn apply(
        mut self,
        schema: &Schema,
        ty: TypeId,
        live: &Json,
        config: &Json,
        writer: &Writer,
        force: bool,
    ) -> ApiResult<(Json, Self)> {
        let typed = Typed::new(schema, ty);
        let (live, config) = (bare(live), bare(config));
        let merged = typed.merge(Some(&live), Some(&config)).unwrap_or(Json::Null);
        let mine = writer.entry(true, typed.fields(&config).without_below(&writer.ignored));
        let position = self.0.iter().position(|entry| entry.same(&mine));
        let last = position.map(|index| self.0.remove(index));
        let all = self.0.iter().fold(mine.set.clone(), |all, entry| all.union(&entry.set));
        let new = match &last {
            Some(last) if !last.set.is_empty() => prune(typed, schema, ty, &merged, &last.set, &all),
            _ => merged,
        };
        let change = typed.compare(&live, &new).without(&writer.ignored);
        let touched = change.modified.union(&change.added);
        let conflicts: Vec<(String, String)> = self
            .0
            .iter()
            .flat_map(|entry| {
                let printed = entry.printed();
                entry
                    .set
                    .intersection(&touched)
                    .paths()
                    .into_iter()
                    .map(move |path| (printed.clone(), path_text(&path)))
            })
            .collect();
        if !force && !conflicts.is_empty() {
            return Err(ApiError::apply_conflict(conflict_text(&conflicts), &conflicts));
        }
        for entry in &mut self.0 {
            entry.set = entry.set.difference(&touched).difference(&change.removed);
        }
        let mut mine = mine;
        mine.set = mine.set.difference(&unowned());
        if let Some(last) = last
            && last.set == mine.set
            && last.version == mine.version
            && new == live
        {
            mine.time = last.time;
        }
        self.0.push(mine);
        Ok((new, self))
    }
}

/// The object without its managed fields, which are not part of what is owned.
fn bare(object: &Json) -> Json {
    let mut object = object.clone();
    object.remove("/metadata/managedFields");
    object
}

/// Takes away what the manager applied last time and now does not, unless somebody else owns it.
fn prune(typed: Typed<'_>, schema: &Schema, ty: TypeId, merged: &Json, last: &Set, owned: &Set) -> Json {
    let named = |set: &Set| set.with_named_fields(schema, ty);
    let last = named(last);
    let all = named(&typed.fields(merged));
    let fields_of = |value: &Option<Json>| value.as_ref().map(|v| named(&typed.fields(v))).unwrap_or_default();
    // What the manager had applied goes, then comes back what anybody owns ...
    let pruned = typed.remove(merged, &last);
    let keep = fields_of(&pruned).union(&named(owned));
    let pruned = typed.remove(merged, &all.difference(&keep));
    // ... and what went with its parents although the manager had never applied it.
    let gone = all.difference(&fields_of(&pruned)).intersection(&last);
    typed.remove(merged, &gone).unwrap_or(Json::Null)
}

fn conflict_text(conflicts: &[(String, String)]) -> String {
    if let [(manager, path)] = conflicts {
        return format!("Apply failed with 1 conflict: conflict with {manager}: {path}");
    }
    let mut managers: Vec<&String> = conflicts.iter().map(|(manager, _)| manager).collect();
    managers.sort();
    managers.dedup();
    let mut lines = Vec::new();
    for manager in managers {
        lines.push(format!("conflicts with {manager}:"));
        lines.extend(conflicts.iter().filter(|(m, _)| m == manager).map(|(_, path)| format!("- {path}")));
    }
    format!("Apply failed with {} conflicts: {}", conflicts.len(), lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::super::super::schema::recorded;
    use super::*;

    fn writer(manager: &str, subresource: &str) -> Writer {
        Writer {
            manager: manager.into(),
            version: "apps/v1".into(),
            subresource: subresource.into(),
            time: "2026-01-01T00:00:00Z".into(),
            ignored: Set::of_fields(&[&["status"]]),
        }
    }

    fn deployment() -> TypeId {
        recorded().schema.named("io.k8s.api.apps.v1.Deployment").unwrap()
    }

    fn apply(live: &Json, config: &Json, manager: &str, force: bool) -> ApiResult<Json> {
        let (mut new, managed) =
            Managed::read(live).apply(&recorded().schema, deployment(), live, config, &writer(manager, ""), force)?;
        managed.write(&mut new);
        Ok(new)
    }

    #[test]
    fn a_scaled_deployment_conflicts_in_the_servers_words() {
        let config =
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": {"replicas": 2}});
        let live = apply(&json!({}), &config, "helm", false).unwrap();
        let mut scaled = live.clone();
        scaled.put("/spec/replicas", 1);
        let managed =
            Managed::read(&live).updated(&recorded().schema, deployment(), &live, &scaled, &writer("kubectl", "scale"));
        managed.write(&mut scaled);
        let error = apply(&scaled, &config, "helm", false).unwrap_err();
        assert_eq!(
            error.message(),
            "Apply failed with 1 conflict: conflict with \"kubectl\" with subresource \"scale\" using apps/v1: .spec.replicas"
        );
        let forced = apply(&scaled, &config, "helm", true).unwrap();
        assert_eq!(forced.int("/spec/replicas"), Some(2));
        assert_eq!(forced.items("/metadata/managedFields").len(), 1);
        let equal =
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": {"replicas": 1}});
        assert_eq!(apply(&scaled, &equal, "helm", false).unwrap().items("/metadata/managedFields").len(), 2);
    }

    #[test]
    fn what_is_no_longer_applied_goes_unless_another_owns_it() {
        let first = json!({"metadata": {"name": "x", "labels": {"a": "1", "b": "1"}}, "spec": {"paused": true}});
        let live = apply(&json!({}), &first, "helm", false).unwrap();
        let other = json!({"metadata": {"name": "x", "labels": {"b": "1"}}});
        let live = apply(&live, &other, "other", false).unwrap();
        let second = json!({"metadata": {"name": "x"}, "spec": {"replicas": 1}});
        let live = apply(&live, &second, "helm", false).unwrap();
        assert_eq!(live.at("/metadata/labels"), &json!({"b": "1"}));
        assert_eq!(live.at("/spec"), &json!({"replicas": 1}));
    }
}
