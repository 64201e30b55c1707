//! `ReplicaSets`: so many pods of a template.

use super::super::json::{Access, is_terminating, name};
use super::super::state::State;
use super::pods;

/// Looks at a `ReplicaSet`.
pub fn sync(state: &mut State, space: &str, set_name: &str) {
    let Some(set) = state.get("apps/replicasets", space, set_name) else { return };
    let all = super::owned(state, "/pods", &set);
    let mut active: Vec<_> = all.iter().filter(|pod| pods::is_active(pod)).cloned().collect();
    let wanted = set.int("/spec/replicas").unwrap_or(1).max(0) as usize;
    let mut failure = None;
    if !is_terminating(&set) {
        for _ in active.len()..wanted {
            let mut pod =
                pods::from_template(&set["spec"]["template"], &set, &super::owner("ReplicaSet", "apps/v1", &set));
            pod.put("/metadata/generateName", format!("{}-", name(&set)));
            match pods::create(state, &set, pod, "replicaset-controller") {
                Ok(pod) => active.push(pod),
                Err(why) => {
                    failure = Some(why);
                    break;
                }
            }
        }
        if active.len() > wanted {
            pods::by_worth(&mut active);
            for pod in active.drain(..active.len() - wanted) {
                pods::delete(state, &set, &pod, "replicaset-controller");
            }
        }
    }
    let Some(live) = state.get("apps/replicasets", space, set_name) else { return };
    let mut changed = (*live).clone();
    let ready = active.iter().filter(|pod| pods::is_ready(pod)).count();
    let status = changed.pointer_mut("/status");
    let mut new = status.map_or_else(|| serde_json::json!({}), serde_json::Value::take);
    new["replicas"] = active.len().into();
    for (field, value) in
        [("fullyLabeledReplicas", active.len()), ("readyReplicas", ready), ("availableReplicas", ready)]
    {
        if value == 0 {
            new.remove(&format!("/{field}"));
        } else {
            new[field] = value.into();
        }
    }
    new["terminatingReplicas"] = all.iter().filter(|pod| is_terminating(pod)).count().into();
    new["observedGeneration"] = live.at("/metadata/generation").clone();
    match failure {
        Some(why) => super::condition(&mut new, "ReplicaFailure", "True", "FailedCreate", &why, false),
        None => {
            if new.get("conditions").is_some() {
                new.list_mut("/conditions").retain(|c| c["type"] != "ReplicaFailure");
                if new.items("/conditions").is_empty() {
                    new.remove("/conditions");
                }
            }
        }
    }
    changed.put("/status", new);
    state.write_as("kube-controller-manager", "apps/replicasets", changed, "status");
}
