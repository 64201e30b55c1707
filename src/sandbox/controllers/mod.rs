//! What happens by itself: controllers look at what is wanted and at what is, and write the difference.
//!
//! Each is a function of one object that can be called at any time; changes of objects say which are to be called.

mod claims;
mod daemonset;
mod deployment;
mod endpoints;
pub mod events;
mod garbage;
mod job;
mod namespace;
mod pods;
mod replicaset;
mod statefulset;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::json::{Access, Json, controller_of, name, namespace as space_of, uid};
use super::kubelet;
use super::selector::Labels;
use super::server::{Shared, over};
use super::state::State;
use super::store::{Change, Event};

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Task {
    controller: Controller,
    namespace: String,
    name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Controller {
    Namespace,
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    Job,
    Claim,
    Volume,
    Kubelet,
    Service,
    Budget,
    Ingress,
    Garbage,
}

/// What every cluster has from its start.
pub fn bootstrap(state: &mut State) {
    let config = state.config.clone();
    let spaces = ["default", "kube-node-lease", "kube-public", "kube-system"].map(String::from);
    let mut objects = Vec::new();
    for space in spaces.iter().chain(&config.namespaces) {
        objects.push(("/namespaces", json!({"metadata": {"name": space}})));
    }
    for number in 1..=config.nodes.max(1) {
        let node = format!("sandbox-{number}");
        objects.push((
            "/nodes",
            json!({
                "metadata": {"name": node, "labels": {"kubernetes.io/hostname": node, "kubernetes.io/os": "linux",
                    "kubernetes.io/arch": "amd64"}},
                "status": {
                    "capacity": {"cpu": "8", "memory": "32Gi", "pods": "110"},
                    "allocatable": {"cpu": "8", "memory": "32Gi", "pods": "110"},
                    "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady",
                        "message": "kubelet is posting ready status"}],
                    "nodeInfo": {"kubeletVersion": "v1.36.3", "osImage": "sandbox", "containerRuntimeVersion": "sandbox://1",
                        "kernelVersion": "0", "operatingSystem": "linux", "architecture": "amd64", "bootID": "", "machineID": "",
                        "systemUUID": "", "kubeProxyVersion": ""},
                },
            }),
        ));
    }
    objects.push((
        "storage.k8s.io/storageclasses",
        json!({"metadata": {"name": "standard",
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
            "provisioner": "sandbox/hostpath", "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"}),
    ));
    objects.push((
        "networking.k8s.io/ingressclasses",
        json!({"metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}}),
    ));
    for (key, object) in objects {
        if let Err(error) = state.create_as("kube-apiserver", key, object) {
            // A namespace of the configuration may be one of those that are there anyway.
            tracing::debug!(%error, key, "not made at the start");
        }
    }
    for space in spaces.iter().chain(&config.namespaces) {
        namespace::sync(state, space);
    }
    let service = json!({"metadata": {"name": "kubernetes", "namespace": "default",
        "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {"clusterIP": "10.96.0.1", "ports": [{"name": "https", "port": 443, "targetPort": 6443}]}});
    if let Err(error) = state.create_as("kube-apiserver", "/services", service) {
        tracing::debug!(%error, "no service for the API server");
    }
}

/// Runs all controllers until the server ends.
pub async fn run(shared: Arc<Shared>) {
    let mut follow = shared.changes();
    let mut end = shared.end();
    let mut queue: BTreeMap<Task, Instant> = BTreeMap::new();
    let mut seen = 0;
    loop {
        follow.mark_unchanged();
        shared.with(|state| {
            let now = Instant::now();
            for change in state.store.since(seen) {
                affected(state, change, &mut |task| {
                    queue.insert(task, now);
                });
            }
            seen = state.store.version();
        });
        let now = Instant::now();
        let due: Vec<Task> = queue.iter().filter(|(_, at)| **at <= now).map(|(task, _)| task.clone()).collect();
        for task in due {
            queue.remove(&task);
            // One lock for each, so that requests get their turn.
            let again = shared.with(|state| sync(state, &task));
            if let Some(wait) = again {
                queue.insert(task, Instant::now() + wait.max(Duration::from_millis(1)));
            }
        }
        if shared.with(|state| state.store.version()) != seen {
            tokio::task::yield_now().await;
            continue;
        }
        let next = queue.values().min().copied();
        tokio::select! {
            more = follow.changed() => if more.is_err() { return },
            () = sleep_until(next) => {}
            () = over(&mut end) => return,
        }
    }
}

async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

fn sync(state: &mut State, task: &Task) -> Option<Duration> {
    let (space, name) = (task.namespace.as_str(), task.name.as_str());
    match task.controller {
        Controller::Namespace => namespace::sync(state, name),
        Controller::Deployment => deployment::sync(state, space, name),
        Controller::ReplicaSet => replicaset::sync(state, space, name),
        Controller::StatefulSet => statefulset::sync(state, space, name),
        Controller::DaemonSet => daemonset::sync(state, space, name),
        Controller::Job => return job::sync(state, space, name),
        Controller::Claim => claims::sync_claim(state, space, name),
        Controller::Volume => claims::sync_volume(state, name),
        Controller::Kubelet => return kubelet::sync(state, space, name),
        Controller::Service => endpoints::sync_service(state, space, name),
        Controller::Budget => endpoints::sync_budget(state, space, name),
        Controller::Ingress => endpoints::sync_ingress(state, space, name),
        Controller::Garbage => garbage::sync(state),
    }
    None
}

/// The controllers that a change concerns.
fn affected(state: &State, change: &Change, add: &mut impl FnMut(Task)) {
    let object = &change.object;
    let space = space_of(object);
    let mut task = |controller, name: &str| {
        add(Task { controller, namespace: space.to_string(), name: name.to_string() });
    };
    let own = match change.key.as_ref() {
        "/namespaces" => Some(Controller::Namespace),
        "apps/deployments" => Some(Controller::Deployment),
        "apps/replicasets" => Some(Controller::ReplicaSet),
        "apps/statefulsets" => Some(Controller::StatefulSet),
        "apps/daemonsets" => Some(Controller::DaemonSet),
        "batch/jobs" => Some(Controller::Job),
        "/persistentvolumeclaims" => Some(Controller::Claim),
        "/persistentvolumes" => Some(Controller::Volume),
        "/pods" => Some(Controller::Kubelet),
        "/services" => Some(Controller::Service),
        "policy/poddisruptionbudgets" => Some(Controller::Budget),
        "networking.k8s.io/ingresses" => Some(Controller::Ingress),
        _ => None,
    };
    if let Some(controller) = own {
        task(controller, name(object));
    }
    if let Some(owner) = controller_of(object) {
        let controller = match owner["kind"].as_str() {
            Some("Deployment") => Some(Controller::Deployment),
            Some("ReplicaSet") => Some(Controller::ReplicaSet),
            Some("StatefulSet") => Some(Controller::StatefulSet),
            Some("DaemonSet") => Some(Controller::DaemonSet),
            Some("Job") => Some(Controller::Job),
            _ => None,
        };
        if let Some(controller) = controller {
            task(controller, owner["name"].as_str().unwrap_or_default());
        }
    }
    match change.key.as_ref() {
        "/pods" => {
            for claim in kubelet::claims(object) {
                task(Controller::Claim, claim);
            }
            for service in state.store.list("/services", Some(space)) {
                let selector = service.at("/spec/selector");
                if selector.is_object() && super::json::has_labels(object, selector) {
                    task(Controller::Service, name(&service));
                }
            }
            for budget in state.store.list("policy/poddisruptionbudgets", Some(space)) {
                if Labels::of_workload(budget.at("/spec/selector")).matches(object) {
                    task(Controller::Budget, name(&budget));
                }
            }
        }
        "/persistentvolumeclaims" => {
            for pod in state.store.list("/pods", Some(space)) {
                if kubelet::claims(&pod).any(|claim| claim == name(object)) {
                    task(Controller::Kubelet, name(&pod));
                }
            }
            for set in state.store.list("apps/statefulsets", Some(space)) {
                if name(object).contains(name(&set)) {
                    task(Controller::StatefulSet, name(&set));
                }
            }
            let volume = object.text("/spec/volumeName");
            if !volume.is_empty() {
                add(Task { controller: Controller::Volume, namespace: String::new(), name: volume.into() });
            }
        }
        "/persistentvolumes" => {
            for claim in state.store.list("/persistentvolumeclaims", None) {
                let named = object.text("/spec/claimRef/name") == name(&claim)
                    && object.text("/spec/claimRef/namespace") == space_of(&claim);
                if claim.text("/status/phase") == "Pending" || claim.text("/spec/volumeName") == name(object) || named {
                    add(Task {
                        controller: Controller::Claim,
                        namespace: space_of(&claim).into(),
                        name: name(&claim).into(),
                    });
                }
            }
        }
        "storage.k8s.io/storageclasses" => {
            for claim in state.store.list("/persistentvolumeclaims", None) {
                add(Task {
                    controller: Controller::Claim,
                    namespace: space_of(&claim).into(),
                    name: name(&claim).into(),
                });
            }
        }
        _ => {}
    }
    let collects = change.event == Event::Deleted
        || super::json::is_terminating(object)
        || (change.event == Event::Added && !object.items("/metadata/ownerReferences").is_empty());
    if collects {
        add(Task { controller: Controller::Garbage, namespace: String::new(), name: String::new() });
        // A namespace that goes waits for its objects.
        if state.get("/namespaces", "", space).is_some_and(|space| super::json::is_terminating(&space)) {
            add(Task { controller: Controller::Namespace, namespace: String::new(), name: space.into() });
        }
    }
}

/// The reference of an owner that controls what it owns.
fn owner(kind: &str, api_version: &str, object: &Json) -> Json {
    json!({"apiVersion": api_version, "kind": kind, "name": name(object), "uid": uid(object), "controller": true,
        "blockOwnerDeletion": true})
}

/// The objects of a kind that `owner` controls.
fn owned(state: &State, key: &str, owner: &Json) -> Vec<Arc<Json>> {
    let mut list = state.store.list(key, Some(space_of(owner)));
    list.retain(|object| controller_of(object).is_some_and(|reference| reference["uid"] == uid(owner)));
    list
}

/// Sets a condition, keeping the time of its last change. `updated` is for kinds that have `lastUpdateTime`.
fn condition(status: &mut Json, kind: &str, value: &str, reason: &str, message: &str, updated: bool) {
    let now = super::state::now();
    let list = status.list_mut("/conditions");
    let old = list.iter().position(|c| c["type"] == kind);
    let mut made =
        json!({"type": kind, "status": value, "reason": reason, "message": message, "lastTransitionTime": now});
    if updated {
        made["lastUpdateTime"] = now.into();
    }
    match old {
        Some(index) => {
            let known = &list[index];
            if known["status"] == value {
                made["lastTransitionTime"] = known["lastTransitionTime"].clone();
                if updated && known["reason"] == reason && known["message"] == message {
                    made["lastUpdateTime"] = known["lastUpdateTime"].clone();
                }
            }
            list[index] = made;
        }
        None => list.push(made),
    }
}
