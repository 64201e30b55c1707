//! `DaemonSets`: a pod on every node.

use serde_json::json;

use super::super::json::{Access, is_terminating, name};
use super::super::state::{State, hash_suffix};
use super::pods;

/// Looks at a `DaemonSet`.
pub fn sync(state: &mut State, space: &str, set_name: &str) {
    let Some(set) = state.get("apps/daemonsets", space, set_name) else { return };
    if is_terminating(&set) {
        return;
    }
    let hash = hash_suffix(&set["spec"]["template"]);
    let nodes = state.store.list("/nodes", None);
    let mut all = super::owned(state, "/pods", &set);
    let mut unavailable = all.iter().filter(|pod| !pods::is_ready(pod)).count();
    for node in &nodes {
        let here = all.iter().find(|pod| pod.text("/metadata/annotations/sandbox~1node") == name(node)).cloned();
        match here {
            None => {
                let mut pod =
                    pods::from_template(&set["spec"]["template"], &set, &super::owner("DaemonSet", "apps/v1", &set));
                pod.put("/metadata/generateName", format!("{set_name}-"));
                pod.put("/metadata/labels/controller-revision-hash", hash.clone());
                pod.put("/metadata/labels/pod-template-generation", "1");
                pod.put("/metadata/annotations/sandbox~1node", name(node));
                if pods::create(state, &set, pod, "daemonset-controller").is_err() {
                    break;
                }
            }
            Some(pod) if pod.text("/metadata/labels/controller-revision-hash") != hash && !is_terminating(&pod) => {
                let rolling = set.text("/spec/updateStrategy/type") == "RollingUpdate";
                if rolling && (unavailable == 0 || !pods::is_ready(&pod)) {
                    pods::delete(state, &set, &pod, "daemonset-controller");
                    unavailable += 1;
                }
            }
            Some(_) => {}
        }
    }
    all = super::owned(state, "/pods", &set);
    let Some(live) = state.get("apps/daemonsets", space, set_name) else { return };
    let active: Vec<_> = all.iter().filter(|pod| pods::is_active(pod)).collect();
    let ready = active.iter().filter(|pod| pods::is_ready(pod)).count();
    let updated = active.iter().filter(|pod| pod.text("/metadata/labels/controller-revision-hash") == hash).count();
    let mut status = json!({
        "currentNumberScheduled": active.len(), "desiredNumberScheduled": nodes.len(), "numberMisscheduled": 0,
        "numberReady": ready, "observedGeneration": live.at("/metadata/generation"),
    });
    for (field, value) in [
        ("updatedNumberScheduled", updated),
        ("numberAvailable", ready),
        ("numberUnavailable", nodes.len().saturating_sub(ready)),
    ] {
        if value > 0 {
            status[field] = value.into();
        }
    }
    let mut object = (*live).clone();
    object.put("/status", status);
    state.write_as("kube-controller-manager", "apps/daemonsets", object, "status");
}
