//! Deployments: a `ReplicaSet` for each template, and the way from one to the next.

use std::sync::Arc;

use serde_json::json;

use super::super::delete::DeleteOptions;
use super::super::json::{Access, Json, is_terminating, name, uid};
use super::super::state::{State, hash_suffix};
use super::events;

const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";
const COMPONENT: &str = "deployment-controller";
const MANAGER: &str = "kube-controller-manager";

fn revision(object: &Json) -> i64 {
    object.text(REVISION).parse().unwrap_or(0)
}

/// A share of the replicas: a number, or a percentage.
fn share(value: &Json, of: i64, up: bool) -> i64 {
    match value {
        Json::String(text) => match text.strip_suffix('%').and_then(|p| p.parse::<i64>().ok()) {
            Some(percent) if up => (percent * of + 99) / 100,
            Some(percent) => percent * of / 100,
            None => 0,
        },
        value => value.as_i64().unwrap_or(0),
    }
}

/// How many replicas there may be beyond those wanted.
fn surge(deployment: &Json, wanted: i64) -> i64 {
    if deployment.text("/spec/strategy/type") == "Recreate" {
        return 0;
    }
    share(&deployment["spec"]["strategy"]["rollingUpdate"]["maxSurge"], wanted, true)
}

fn template_of(set: &Json) -> Json {
    let mut template = set["spec"]["template"].clone();
    template.remove("/metadata/labels/pod-template-hash");
    template
}

/// Looks at a Deployment.
pub fn sync(state: &mut State, space: &str, deployment_name: &str) {
    let Some(deployment) = state.get("apps/deployments", space, deployment_name) else { return };
    if is_terminating(&deployment) {
        return;
    }
    let sets = super::owned(state, "apps/replicasets", &deployment);
    let wanted = deployment.int("/spec/replicas").unwrap_or(1).max(0);
    let paused = deployment["spec"]["paused"] == true;
    let current = sets.iter().find(|set| template_of(set) == deployment["spec"]["template"]).cloned();
    let current = match current {
        Some(set) => set,
        None if paused => {
            write_status(state, &deployment, None, &sets, wanted);
            return;
        }
        None => match new_set(state, &deployment, &sets) {
            Some(set) => set,
            None => return,
        },
    };
    let newest = sets.iter().map(|set| revision(set)).max().unwrap_or(0);
    let mut number = revision(&current);
    if number < newest {
        // An older template again: it becomes the newest revision.
        number = newest + 1;
        let mut set = (*current).clone();
        set.put(REVISION, number.to_string());
        state.write_as(MANAGER, "apps/replicasets", set, "");
    }
    if deployment.text(REVISION) != number.to_string() {
        let mut marked = (*deployment).clone();
        marked.put(REVISION, number.to_string());
        state.write_as(MANAGER, "apps/deployments", marked, "status");
    }
    if !paused || sets.len() <= 1 {
        roll(state, &deployment, &current, wanted);
    }
    let sets = super::owned(state, "apps/replicasets", &deployment);
    let current = sets.iter().find(|set| uid(set) == uid(&current)).cloned();
    trim(state, &deployment, &sets, current.as_deref());
    let Some(live) = state.get("apps/deployments", space, deployment_name) else { return };
    write_status(state, &live, current.as_ref(), &sets, wanted);
}

fn new_set(state: &mut State, deployment: &Json, sets: &[Arc<Json>]) -> Option<Arc<Json>> {
    let hash = hash_suffix(&deployment["spec"]["template"]);
    let number = sets.iter().map(|set| revision(set)).max().unwrap_or(0) + 1;
    let wanted = deployment.int("/spec/replicas").unwrap_or(1).max(0);
    let total: i64 = sets.iter().map(|set| replicas(set)).sum();
    let surge = surge(deployment, wanted);
    let initial = match deployment.text("/spec/strategy/type") {
        "Recreate" if total > 0 => 0,
        "Recreate" => wanted,
        _ => (wanted + surge - total).clamp(0, wanted),
    };
    let mut template = deployment["spec"]["template"].clone();
    template.put("/metadata/labels/pod-template-hash", hash.clone());
    let mut selector = deployment["spec"]["selector"].clone();
    selector.put("/matchLabels/pod-template-hash", hash.clone());
    let mut set = json!({
        "metadata": {
            "name": format!("{}-{hash}", name(deployment)), "namespace": deployment.at("/metadata/namespace"),
            "labels": template["metadata"]["labels"],
            "annotations": deployment["metadata"]["annotations"].as_object().cloned().unwrap_or_default(),
            "ownerReferences": [super::owner("Deployment", "apps/v1", deployment)],
        },
        "spec": {"replicas": initial, "selector": selector, "template": template,
            "minReadySeconds": deployment["spec"]["minReadySeconds"]},
    });
    set.remove("/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration");
    set.put(REVISION, number.to_string());
    set.put("/metadata/annotations/deployment.kubernetes.io~1desired-replicas", wanted.to_string());
    set.put("/metadata/annotations/deployment.kubernetes.io~1max-replicas", (wanted + surge).to_string());
    match state.create_as(MANAGER, "apps/replicasets", set) {
        Ok(set) => {
            if initial > 0 {
                let text = format!("Scaled up replica set {} from 0 to {initial}", name(&set));
                events::record(state, deployment, "Normal", "ScalingReplicaSet", &text, COMPONENT);
            }
            Some(set)
        }
        Err(error) => {
            let text = format!("Failed to create new replica set \"{}-{hash}\": {error}", name(deployment));
            events::record(state, deployment, "Warning", "ReplicaSetCreateError", &text, COMPONENT);
            None
        }
    }
}

fn replicas(set: &Json) -> i64 {
    set.int("/spec/replicas").unwrap_or(0)
}

fn available(set: &Json) -> i64 {
    set.int("/status/availableReplicas").unwrap_or(0)
}

fn scale(state: &mut State, deployment: &Json, set: &Json, to: i64) {
    let from = replicas(set);
    if from == to {
        return;
    }
    let mut scaled = set.clone();
    scaled.put("/spec/replicas", to);
    let wanted = deployment.int("/spec/replicas").unwrap_or(1);
    let notes = "/metadata/annotations/deployment.kubernetes.io~1";
    scaled.put(&format!("{notes}desired-replicas"), wanted.to_string());
    scaled.put(&format!("{notes}max-replicas"), (wanted + surge(deployment, wanted)).to_string());
    state.write_as(MANAGER, "apps/replicasets", scaled, "");
    let way = if to > from { "up" } else { "down" };
    let text = format!("Scaled {way} replica set {} from {from} to {to}", name(set));
    events::record(state, deployment, "Normal", "ScalingReplicaSet", &text, COMPONENT);
}

/// One step towards all replicas being of the current template.
fn roll(state: &mut State, deployment: &Json, current: &Json, wanted: i64) {
    let sets = super::owned(state, "apps/replicasets", deployment);
    let Some(current) = sets.iter().find(|set| uid(set) == uid(current)) else { return };
    let old: Vec<&Arc<Json>> = sets.iter().filter(|set| uid(set) != uid(current) && replicas(set) > 0).collect();
    if old.is_empty() {
        scale(state, deployment, current, wanted);
        return;
    }
    if deployment.text("/spec/strategy/type") == "Recreate" {
        for set in &old {
            scale(state, deployment, set, 0);
        }
        let gone = old.iter().all(|set| super::owned(state, "/pods", set).is_empty());
        if gone {
            scale(state, deployment, current, wanted);
        }
        return;
    }
    let rolling = &deployment["spec"]["strategy"]["rollingUpdate"];
    let surge = surge(deployment, wanted);
    let mut missing = share(&rolling["maxUnavailable"], wanted, false);
    if surge == 0 && missing == 0 {
        missing = 1;
    }
    let total: i64 = sets.iter().map(|set| replicas(set)).sum();
    let room = (wanted + surge - total).min(wanted - replicas(current)).max(0);
    if replicas(current) != wanted && (room > 0 || replicas(current) > wanted) {
        let to = if replicas(current) > wanted { wanted } else { replicas(current) + room };
        scale(state, deployment, current, to);
        return;
    }
    let serving: i64 = sets.iter().map(|set| available(set)).sum();
    let mut spare = serving - (wanted - missing);
    for set in old {
        // Replicas that do not serve can go at once.
        let idle = (replicas(set) - available(set)).max(0);
        let down = (idle + spare.max(0)).min(replicas(set));
        if down > 0 {
            spare -= (down - idle).max(0);
            scale(state, deployment, set, replicas(set) - down);
        }
    }
}

/// Keeps as many old `ReplicaSets` as the history asks for.
fn trim(state: &mut State, deployment: &Json, sets: &[Arc<Json>], current: Option<&Json>) {
    let keep = deployment.int("/spec/revisionHistoryLimit").unwrap_or(10).max(0) as usize;
    let mut old: Vec<&Arc<Json>> = sets
        .iter()
        .filter(|set| {
            current.is_none_or(|c| uid(c) != uid(set)) && replicas(set) == 0 && set.int("/status/replicas") == Some(0)
        })
        .collect();
    old.sort_by_key(|set| revision(set));
    for set in old.iter().take(old.len().saturating_sub(keep)) {
        state.delete_as("apps/replicasets", set, &DeleteOptions::default());
    }
}

fn write_status(state: &mut State, deployment: &Json, current: Option<&Arc<Json>>, sets: &[Arc<Json>], wanted: i64) {
    let sum =
        |field: &str| -> i64 { sets.iter().map(|set| set.at("/status").int(&format!("/{field}")).unwrap_or(0)).sum() };
    let (total, ready, available) = (sum("replicas"), sum("readyReplicas"), sum("availableReplicas"));
    let updated = current.and_then(|set| set.int("/status/replicas")).unwrap_or(0);
    let mut status = deployment.at("/status").clone();
    if !status.is_object() {
        status = json!({});
    }
    status["observedGeneration"] = deployment.at("/metadata/generation").clone();
    for (field, value) in [
        ("replicas", total),
        ("updatedReplicas", updated),
        ("readyReplicas", ready),
        ("availableReplicas", available),
        ("unavailableReplicas", (wanted.max(total) - available).max(0)),
    ] {
        if value == 0 {
            status.remove(&format!("/{field}"));
        } else {
            status[field] = value.into();
        }
    }
    status["terminatingReplicas"] = sum("terminatingReplicas").into();
    let rolling = &deployment["spec"]["strategy"]["rollingUpdate"];
    let missing = if deployment.text("/spec/strategy/type") == "Recreate" {
        wanted
    } else {
        share(&rolling["maxUnavailable"], wanted, false)
    };
    if available >= wanted - missing {
        super::condition(
            &mut status,
            "Available",
            "True",
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
            true,
        );
    } else {
        super::condition(
            &mut status,
            "Available",
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
            true,
        );
    }
    if let Some(set) = current {
        if updated == wanted && total == wanted && available == wanted {
            let text = format!("ReplicaSet \"{}\" has successfully progressed.", name(set));
            super::condition(&mut status, "Progressing", "True", "NewReplicaSetAvailable", &text, true);
        } else {
            let done = status.items("/conditions").iter().any(|c| c["reason"] == "NewReplicaSetAvailable");
            if !(done && updated == wanted && total == wanted) {
                let text = format!("ReplicaSet \"{}\" is progressing.", name(set));
                super::condition(&mut status, "Progressing", "True", "ReplicaSetUpdated", &text, true);
            }
        }
    }
    let failure =
        current.and_then(|set| set.items("/status/conditions").iter().find(|c| c["type"] == "ReplicaFailure").cloned());
    match failure {
        Some(failure) => super::condition(
            &mut status,
            "ReplicaFailure",
            "True",
            "FailedCreate",
            failure["message"].as_str().unwrap_or_default(),
            true,
        ),
        None => status.list_mut("/conditions").retain(|c| c["type"] != "ReplicaFailure"),
    }
    let mut object = deployment.clone();
    object.put("/status", status);
    state.write_as(MANAGER, "apps/deployments", object, "status");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_as_kubernetes_does() {
        assert_eq!(share(&json!("25%"), 3, true), 1);
        assert_eq!(share(&json!("25%"), 3, false), 0);
        assert_eq!(share(&json!(2), 3, false), 2);
    }
}
