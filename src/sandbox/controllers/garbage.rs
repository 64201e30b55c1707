//! Owners and what they own: what is orphaned goes, or is let go.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::delete::DeleteOptions;
use super::super::json::{Access, Json, is_terminating, name, namespace, uid};
use super::super::registry::Kind;
use super::super::state::State;

struct Item {
    kind: Arc<Kind>,
    object: Arc<Json>,
}

/// Looks at all objects that own or are owned.
pub fn sync(state: &mut State) {
    let mut all: HashMap<String, Item> = HashMap::new();
    for key in state.store.keys() {
        let Some(kind) = state.registry.by_key(&key).cloned() else { continue };
        for object in state.store.list(&key, None) {
            all.insert(uid(&object).to_string(), Item { kind: kind.clone(), object });
        }
    }
    let has = |object: &Json, finalizer: &str| object.items("/metadata/finalizers").iter().any(|f| f == finalizer);
    // Owners that let their objects go.
    for item in all.values().filter(|item| is_terminating(&item.object) && has(&item.object, "orphan")) {
        for other in all.values() {
            release(state, other, uid(&item.object));
        }
        remove_finalizer(state, item, "orphan");
    }
    // Owned objects whose owners are gone, or go and take them along.
    for item in all.values() {
        let owners = item.object.items("/metadata/ownerReferences");
        if owners.is_empty() {
            continue;
        }
        let living = |reference: &Json| {
            all.get(reference["uid"].as_str().unwrap_or_default()).is_some_and(|owner| {
                let leaves = has(&owner.object, "foregroundDeletion") || has(&owner.object, "orphan");
                !(is_terminating(&owner.object) && leaves)
                    && (namespace(&owner.object).is_empty() || namespace(&owner.object) == namespace(&item.object))
            })
        };
        let orphaned = owners.iter().any(|reference| {
            all.get(reference["uid"].as_str().unwrap_or_default())
                .is_some_and(|owner| is_terminating(&owner.object) && has(&owner.object, "orphan"))
        });
        if orphaned || owners.iter().any(living) || is_terminating(&item.object) {
            continue;
        }
        let foreground = owners.iter().any(|reference| all.contains_key(reference["uid"].as_str().unwrap_or_default()));
        let propagation = if foreground { "Foreground" } else { "Background" };
        let options = DeleteOptions {
            propagation: propagation.into(),
            uid: Some(uid(&item.object).into()),
            ..DeleteOptions::default()
        };
        if let Err(error) = state.delete(&item.kind, namespace(&item.object), name(&item.object), &options) {
            tracing::debug!(%error, name = name(&item.object), "not collected");
        }
    }
    // Owners that wait for what they own.
    for item in all.values().filter(|item| is_terminating(&item.object) && has(&item.object, "foregroundDeletion")) {
        let waits = all.values().any(|other| {
            let blocks = other
                .object
                .items("/metadata/ownerReferences")
                .iter()
                .any(|r| r["uid"] == uid(&item.object) && r["blockOwnerDeletion"] == true);
            blocks && state.get(&other.kind.key, namespace(&other.object), name(&other.object)).is_some()
        });
        if !waits {
            remove_finalizer(state, item, "foregroundDeletion");
        }
    }
}

fn release(state: &mut State, item: &Item, owner: &str) {
    let Some(live) = state.get(&item.kind.key, namespace(&item.object), name(&item.object)) else { return };
    if !live.items("/metadata/ownerReferences").iter().any(|reference| reference["uid"] == owner) {
        return;
    }
    let mut object = (*live).clone();
    object.list_mut("/metadata/ownerReferences").retain(|reference| reference["uid"] != owner);
    if object.items("/metadata/ownerReferences").is_empty() {
        object.remove("/metadata/ownerReferences");
    }
    state.store.put(&item.kind.key, object);
}

fn remove_finalizer(state: &mut State, item: &Item, finalizer: &str) {
    let Some(live) = state.get(&item.kind.key, namespace(&item.object), name(&item.object)) else { return };
    let mut object = (*live).clone();
    object.list_mut("/metadata/finalizers").retain(|known| known != finalizer);
    if object.items("/metadata/finalizers").is_empty() {
        object.remove("/metadata/finalizers");
    }
    state.finish(&item.kind, object);
}
