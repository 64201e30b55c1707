//! What controllers of pods have in common: making them from templates, counting them, ending them.

use std::sync::Arc;

use serde_json::json;

use super::super::delete::DeleteOptions;
use super::super::json::{Access, Json, is_terminating, name, namespace, uid};
use super::super::state::State;
use super::events;

/// Whether the pod serves.
pub fn is_ready(pod: &Json) -> bool {
    pod.items("/status/conditions").iter().any(|c| c["type"] == "Ready" && c["status"] == "True")
}

/// Whether the pod has neither ended nor is about to.
pub fn is_active(pod: &Json) -> bool {
    !is_terminating(pod) && !matches!(pod.text("/status/phase"), "Succeeded" | "Failed")
}

/// A pod from a workload's template. Without a name it gets one that begins with the owner's.
pub fn from_template(template: &Json, owner: &Json, reference: &Json) -> Json {
    let mut pod = json!({"metadata": {}, "spec": template["spec"]});
    for field in ["labels", "annotations", "finalizers"] {
        let value = &template["metadata"][field];
        if !value.is_null() {
            pod["metadata"][field] = value.clone();
        }
    }
    pod.put("/metadata/namespace", namespace(owner));
    pod.put("/metadata/ownerReferences", json!([reference]));
    pod
}

/// Creates a pod and tells so; what stands in the way is told on the owner.
pub fn create(state: &mut State, owner: &Json, pod: Json, component: &str) -> Result<Arc<Json>, String> {
    match state.create_as("kube-controller-manager", "/pods", pod) {
        Ok(pod) => {
            let text = format!("Created pod: {}", name(&pod));
            events::record(state, owner, "Normal", "SuccessfulCreate", &text, component);
            Ok(pod)
        }
        Err(error) => {
            let text = format!("Error creating: {error}");
            events::record(state, owner, "Warning", "FailedCreate", &text, component);
            Err(error.message().to_string())
        }
    }
}

/// Ends a pod and tells so.
pub fn delete(state: &mut State, owner: &Json, pod: &Json, component: &str) {
    if is_terminating(pod) {
        return;
    }
    state.delete_as("/pods", pod, &DeleteOptions { propagation: "Background".into(), ..DeleteOptions::default() });
    let text = format!("Deleted pod: {}", name(pod));
    events::record(state, owner, "Normal", "SuccessfulDelete", &text, component);
}

/// The pods that would be missed least come first: not running, not ready, youngest.
pub fn by_worth(pods: &mut [Arc<Json>]) {
    pods.sort_by_key(|pod| {
        let placed = !pod.text("/spec/nodeName").is_empty();
        let running = pod.text("/status/phase") == "Running";
        let age = std::cmp::Reverse(pod.text("/metadata/creationTimestamp").to_string());
        (placed, running, is_ready(pod), age, uid(pod).to_string())
    });
}
