//! Namespaces: the default service account, and the end.

use serde_json::json;

use super::super::delete::DeleteOptions;
use super::super::json::{Access, is_terminating, namespace as space_of};
use super::super::state::State;

/// Looks at a namespace.
pub fn sync(state: &mut State, name: &str) {
    let Some(namespace) = state.get("/namespaces", "", name) else { return };
    if !is_terminating(&namespace) {
        let wanted = [
            ("/serviceaccounts", json!({"metadata": {"name": "default", "namespace": name}})),
            (
                "/configmaps",
                json!({"metadata": {"name": "kube-root-ca.crt", "namespace": name,
                    "annotations": {"kubernetes.io/description": "Contains a CA bundle that can be used to verify the \
                        kube-apiserver when using internal endpoints such as the internal service IP or \
                        kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."}},
                    "data": {"ca.crt": ""}}),
            ),
        ];
        for (key, object) in wanted {
            if state.get(key, name, super::super::json::name(&object)).is_none()
                && let Err(error) = state.create_as("kube-controller-manager", key, object)
            {
                tracing::debug!(%error, key, name, "not made for the namespace");
            }
        }
        return;
    }
    let mut left = false;
    for key in state.store.keys() {
        let Some(kind) = state.registry.by_key(&key).cloned().filter(|kind| kind.namespaced) else { continue };
        for object in state.store.list(&key, Some(name)) {
            left = true;
            if !is_terminating(&object) {
                let options = DeleteOptions { propagation: "Background".into(), ..DeleteOptions::default() };
                let object_name = super::super::json::name(&object).to_string();
                if let Err(error) = state.delete(&kind, space_of(&object), &object_name, &options) {
                    tracing::debug!(%error, name, "not deleted with its namespace");
                }
            }
        }
    }
    let empty = !left
        || state
            .store
            .keys()
            .iter()
            .filter(|key| state.registry.by_key(key).is_some_and(|kind| kind.namespaced))
            .all(|key| state.store.list(key, Some(name)).is_empty());
    if empty {
        let mut object = (*namespace).clone();
        object.put("/spec/finalizers", json!([]));
        object.remove("/spec/finalizers");
        let kind = state.kind("/namespaces");
        state.finish(&kind, object);
    }
}
