//! Objects of a manifest made ready to apply: their namespace and the marks of ownership.

use std::collections::{BTreeMap, HashMap};

use crate::{
    cluster::{Cluster, Error as ClusterError, Json, ObjectRef},
    release::manifest,
};

use super::Error;

const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const RELEASE_NAME: &str = "meta.helm.sh/release-name";
const RELEASE_NAMESPACE: &str = "meta.helm.sh/release-namespace";
const RESOURCE_POLICY: &str = "helm.sh/resource-policy";

/// Which object it is, whatever the version of its API.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    group: String,
    kind: String,
    namespace: Option<String>,
    name: String,
}

impl Key {
    pub(super) fn of(reference: &ObjectRef) -> Self {
        Self {
            group: reference.group().into(),
            kind: reference.kind.clone(),
            namespace: reference.namespace.clone(),
            name: reference.name.clone(),
        }
    }

    /// As records hold it: `apps/Deployment/ns/web`.
    pub(super) fn text(&self) -> String {
        let Self { group, kind, namespace, name } = self;
        format!("{group}/{kind}/{}/{name}", namespace.as_deref().unwrap_or_default())
    }
}

/// An object of a manifest.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    pub(super) reference: ObjectRef,
    pub(super) key: Key,
    pub(super) object: Json,
}

/// Whom the objects belong to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner<'a> {
    pub(super) name: &'a str,
    pub(super) namespace: &'a str,
}

/// Kinds that the release itself brings, and whether they are namespaced: `(group/version, Kind)`.
pub(super) type Promised = HashMap<(String, String), bool>;

/// The kinds of custom resource definitions.
pub(super) fn promised<'a>(objects: impl IntoIterator<Item = &'a Json>) -> Promised {
    let mut promised = Promised::new();
    for definition in objects.into_iter().filter(|object| object["kind"] == "CustomResourceDefinition") {
        let spec = &definition["spec"];
        let (Some(group), Some(kind)) = (spec["group"].as_str(), spec["names"]["kind"].as_str()) else { continue };
        for version in spec["versions"].as_array().into_iter().flatten().filter(|version| version["served"] != false) {
            let Some(version) = version["name"].as_str() else { continue };
            promised.insert((format!("{group}/{version}"), kind.to_owned()), spec["scope"] != "Cluster");
        }
    }
    promised
}

/// The objects of a manifest in their order, with namespace and ownership. Of objects that appear twice the last counts, as it
/// would when they were applied one after the other.
///
/// # Errors
/// A manifest that is not YAML; with `strict` a kind that neither the server nor the release knows.
pub(super) async fn items(
    cluster: &Cluster,
    text: &str,
    owner: Owner<'_>,
    promised: &Promised,
    strict: bool,
) -> Result<Vec<Item>, Error> {
    let mut items: Vec<Item> = Vec::new();
    let mut places: HashMap<Key, usize> = HashMap::new();
    let mut unknown: BTreeMap<String, String> = BTreeMap::new();
    for mut object in manifest::objects(text)? {
        let mut reference = ObjectRef::of(&object);
        let served = cluster.kind(&reference.api_version, &reference.kind).await;
        let namespaced = match served {
            Ok(info) => info.namespaced,
            Err(error @ ClusterError::NoKind { .. }) => {
                let kind = (reference.api_version.clone(), reference.kind.clone());
                match promised.get(&kind) {
                    Some(namespaced) => *namespaced,
                    None if strict => {
                        unknown.insert(error.to_string(), format!("{} {}", reference.kind, reference.name));
                        continue;
                    }
                    // An API that was removed: its objects are gone with it.
                    None => true,
                }
            }
            Err(error) => return Err(error.into()),
        };
        if !namespaced {
            reference.namespace = None;
        } else if reference.namespace.is_none() {
            reference.namespace = Some(owner.namespace.into());
            object["metadata"]["namespace"] = owner.namespace.into();
        }
        claim(&mut object, owner);
        let item = Item { key: Key::of(&reference), reference, object };
        // Objects with a generated name are all different.
        let nameless = item.reference.name.is_empty();
        if let Some(place) = places.get(&item.key).filter(|_| !nameless) {
            items[*place] = item;
        } else {
            places.insert(item.key.clone(), items.len());
            items.push(item);
        }
    }
    if unknown.is_empty() {
        return Ok(items);
    }
    let lines: Vec<String> =
        unknown.iter().map(|(error, example)| format!("resource mapping not found for {example}: {error}")).collect();
    Err(Error::new(format!(
        "unable to build kubernetes objects from release manifest: {}\nensure CRDs are installed first\nNothing has been changed.",
        lines.join("\n")
    )))
}

/// Writes the marks of ownership by force, as Helm does.
fn claim(object: &mut Json, owner: Owner<'_>) {
    set(object, "labels", MANAGED_BY, "Helm");
    set(object, "annotations", RELEASE_NAME, owner.name);
    set(object, "annotations", RELEASE_NAMESPACE, owner.namespace);
}

fn set(object: &mut Json, map: &str, key: &str, value: &str) {
    let slot = &mut object["metadata"][map];
    if !slot.is_object() {
        *slot = serde_json::json!({});
    }
    slot[key] = value.into();
}

/// What is wrong with the ownership of a live object, in Helm's words; `None` when it is the owner's.
pub(super) fn foreign(live: &Json, owner: Owner<'_>) -> Option<String> {
    let metadata = &live["metadata"];
    let mut problems = Vec::new();
    let mut require = |kind: &str, map: &Json, key: &str, wanted: &str| match map[key].as_str() {
        Some(found) if found == wanted => {}
        Some(found) => problems
            .push(format!("{kind} validation error: key {key:?} must equal {wanted:?}: current value is {found:?}")),
        None => problems.push(format!("{kind} validation error: missing key {key:?}: must be set to {wanted:?}")),
    };
    require("label", &metadata["labels"], MANAGED_BY, "Helm");
    require("annotation", &metadata["annotations"], RELEASE_NAME, owner.name);
    require("annotation", &metadata["annotations"], RELEASE_NAMESPACE, owner.namespace);
    (!problems.is_empty()).then(|| format!("invalid ownership metadata; {}", problems.join("; ")))
}

/// A live object that carries the marks of another release.
pub(super) fn belongs_to_another(live: &Json, owner: Owner<'_>) -> Option<String> {
    let annotations = &live["metadata"]["annotations"];
    let name = annotations[RELEASE_NAME].as_str()?;
    let namespace = annotations[RELEASE_NAMESPACE].as_str().unwrap_or(owner.namespace);
    (name != owner.name || namespace != owner.namespace).then(|| format!("release {name} in namespace {namespace}"))
}

/// `helm.sh/resource-policy: keep`
pub(super) fn is_kept(object: &Json) -> bool {
    object["metadata"]["annotations"][RESOURCE_POLICY]
        .as_str()
        .is_some_and(|policy| policy.trim().eq_ignore_ascii_case("keep"))
}

/// Claims and volumes hold data: only their own names delete them.
pub(super) fn holds_data(reference: &ObjectRef) -> bool {
    matches!(reference.kind.as_str(), "PersistentVolumeClaim" | "PersistentVolume") && reference.group().is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWNER: Owner<'static> = Owner { name: "a", namespace: "ns" };

    #[test]
    fn ownership_is_written_and_checked_in_helms_words() {
        let mut object = json!({"metadata": {"name": "x", "annotations": null}});
        assert_eq!(
            foreign(&object, OWNER).unwrap(),
            "invalid ownership metadata; label validation error: missing key \"app.kubernetes.io/managed-by\": must be set to \
             \"Helm\"; annotation validation error: missing key \"meta.helm.sh/release-name\": must be set to \"a\"; annotation \
             validation error: missing key \"meta.helm.sh/release-namespace\": must be set to \"ns\""
        );
        claim(&mut object, OWNER);
        assert_eq!(foreign(&object, OWNER), None);
        let problem = foreign(&object, Owner { name: "b", ..OWNER }).unwrap();
        assert!(
            problem.ends_with("key \"meta.helm.sh/release-name\" must equal \"b\": current value is \"a\""),
            "{problem}"
        );
        assert_eq!(belongs_to_another(&object, Owner { name: "b", ..OWNER }).unwrap(), "release a in namespace ns");
    }

    #[test]
    fn definitions_promise_their_served_versions() {
        let definition = json!({"kind": "CustomResourceDefinition", "spec": {"group": "x.io", "names": {"kind": "Foo"}, "scope": "Cluster",
            "versions": [{"name": "v1", "served": true}, {"name": "v0", "served": false}]}});
        let promised = promised([&definition]);
        assert_eq!(promised.into_iter().collect::<Vec<_>>(), [(("x.io/v1".to_owned(), "Foo".to_owned()), false)]);
    }

    #[test]
    fn what_is_kept() {
        assert!(is_kept(&json!({"metadata": {"annotations": {"helm.sh/resource-policy": " Keep "}}})));
        assert!(!is_kept(&json!({"metadata": {}})));
        assert!(holds_data(&ObjectRef::new("v1", "PersistentVolumeClaim", "ns", "c")));
    }
}
