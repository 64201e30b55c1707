//! `StatefulSets`: numbered pods with claims of their own, one after the other.

use std::sync::Arc;

use serde_json::json;

use super::super::json::{Access, Json, is_terminating, name, uid};
use super::super::state::{State, hash_suffix};
use super::{events, pods};

const COMPONENT: &str = "statefulset-controller";
const MANAGER: &str = "kube-controller-manager";

struct Set<'a> {
    object: &'a Json,
    revision: String,
    first: i64,
    wanted: i64,
}

impl Set<'_> {
    fn pod_name(&self, ordinal: i64) -> String {
        format!("{}-{ordinal}", name(self.object))
    }

    fn claim_name(&self, template: &Json, ordinal: i64) -> String {
        format!("{}-{}-{ordinal}", template.text("/metadata/name"), name(self.object))
    }

    fn ordinal(&self, pod: &Json) -> Option<i64> {
        name(pod).strip_prefix(name(self.object))?.strip_prefix('-')?.parse().ok()
    }

    fn retention(&self, when: &str) -> &str {
        self.object
            .at("/spec/persistentVolumeClaimRetentionPolicy")
            .get(when)
            .and_then(Json::as_str)
            .unwrap_or("Retain")
    }
}

/// Looks at a StatefulSet.
pub fn sync(state: &mut State, space: &str, set_name: &str) {
    let Some(object) = state.get("apps/statefulsets", space, set_name) else { return };
    let revision = format!("{set_name}-{}", hash_suffix(&object["spec"]["template"]));
    let set = Set {
        object: &object,
        first: object.int("/spec/ordinals/start").unwrap_or(0),
        wanted: object.int("/spec/replicas").unwrap_or(1).max(0),
        revision,
    };
    if !is_terminating(&object) {
        remember(state, &set);
        let parallel = object.text("/spec/podManagementPolicy") == "Parallel";
        retain(state, &set);
        if grow(state, &set, parallel) && shrink(state, &set, parallel) {
            renew(state, &set);
        }
        retain(state, &set);
    }
    write_status(state, &set);
}

/// Keeps the template as a `ControllerRevision`.
fn remember(state: &mut State, set: &Set<'_>) {
    let space = set.object.text("/metadata/namespace");
    if state.get("apps/controllerrevisions", space, &set.revision).is_some() {
        return;
    }
    let known = super::owned(state, "apps/controllerrevisions", set.object);
    let number = known.iter().filter_map(|revision| revision.int("/revision")).max().unwrap_or(0) + 1;
    let hash = set.revision.rsplit('-').next().unwrap_or_default();
    let mut labels = set.object.at("/spec/template/metadata/labels").clone();
    labels["controller.kubernetes.io/hash"] = hash.into();
    let mut template = set.object["spec"]["template"].clone();
    template["$patch"] = "replace".into();
    let revision = json!({
        "metadata": {"name": set.revision, "namespace": space, "labels": labels,
            "ownerReferences": [super::owner("StatefulSet", "apps/v1", set.object)]},
        "revision": number, "data": {"spec": {"template": template}},
    });
    if let Err(error) = state.create_as(MANAGER, "apps/controllerrevisions", revision) {
        tracing::debug!(%error, "no controller revision");
    }
}

fn pods_of(state: &State, set: &Set<'_>) -> Vec<(i64, Arc<Json>)> {
    let pods = super::owned(state, "/pods", set.object);
    let mut pods: Vec<(i64, Arc<Json>)> = pods.into_iter().filter_map(|pod| Some((set.ordinal(&pod)?, pod))).collect();
    pods.sort_by_key(|(ordinal, _)| *ordinal);
    pods
}

/// Makes missing pods; true when all that are wanted are there and serve (or need not be waited for).
fn grow(state: &mut State, set: &Set<'_>, parallel: bool) -> bool {
    for ordinal in set.first..set.first + set.wanted {
        let pod = state.get("/pods", set.object.text("/metadata/namespace"), &set.pod_name(ordinal));
        match pod {
            None => {
                if !claims(state, set, ordinal) || !create(state, set, ordinal) {
                    return false;
                }
                if !parallel {
                    return false;
                }
            }
            Some(pod) if matches!(pod.text("/status/phase"), "Failed" | "Succeeded") && !is_terminating(&pod) => {
                pods::delete(state, set.object, &pod, COMPONENT);
                return false;
            }
            Some(pod) if !parallel && (is_terminating(&pod) || !pods::is_ready(&pod)) => return false,
            Some(_) => {}
        }
    }
    true
}

fn claims(state: &mut State, set: &Set<'_>, ordinal: i64) -> bool {
    let space = set.object.text("/metadata/namespace").to_string();
    for template in set.object.items("/spec/volumeClaimTemplates") {
        let claim_name = set.claim_name(template, ordinal);
        match state.get("/persistentvolumeclaims", &space, &claim_name) {
            Some(claim) if is_terminating(&claim) => return false,
            Some(_) => continue,
            None => {}
        }
        let mut claim = json!({"metadata": template["metadata"], "spec": template["spec"]});
        claim.put("/metadata/name", claim_name.clone());
        claim.put("/metadata/namespace", space.clone());
        for (label, value) in set.object.at("/spec/selector/matchLabels").as_object().into_iter().flatten() {
            claim.put(&format!("/metadata/labels/{}", super::super::json::escape(label)), value.clone());
        }
        if let Err(error) = state.create_as(MANAGER, "/persistentvolumeclaims", claim) {
            let text = format!(
                "create Claim {claim_name} for Pod {} in StatefulSet {} failed error: {error}",
                set.pod_name(ordinal),
                name(set.object)
            );
            events::record(state, set.object, "Warning", "FailedCreate", &text, COMPONENT);
            return false;
        }
        let text = format!(
            "create Claim {claim_name} Pod {} in StatefulSet {} success",
            set.pod_name(ordinal),
            name(set.object)
        );
        events::record(state, set.object, "Normal", "SuccessfulCreate", &text, COMPONENT);
    }
    true
}

fn create(state: &mut State, set: &Set<'_>, ordinal: i64) -> bool {
    let pod_name = set.pod_name(ordinal);
    let reference = super::owner("StatefulSet", "apps/v1", set.object);
    let mut pod = pods::from_template(&set.object["spec"]["template"], set.object, &reference);
    pod.put("/metadata/name", pod_name.clone());
    pod.put("/metadata/generateName", format!("{}-", name(set.object)));
    pod.put("/metadata/labels/statefulset.kubernetes.io~1pod-name", pod_name.clone());
    pod.put("/metadata/labels/apps.kubernetes.io~1pod-index", ordinal.to_string());
    pod.put("/metadata/labels/controller-revision-hash", set.revision.clone());
    pod.put("/spec/hostname", pod_name.clone());
    pod.put("/spec/subdomain", set.object.text("/spec/serviceName"));
    let templates = set.object.items("/spec/volumeClaimTemplates");
    let volumes = pod.list_mut("/spec/volumes");
    for template in templates.iter().rev() {
        let volume = template.text("/metadata/name");
        volumes.retain(|known| known["name"] != volume);
        let claim = set.claim_name(template, ordinal);
        volumes.insert(0, json!({"name": volume, "persistentVolumeClaim": {"claimName": claim}}));
    }
    match state.create_as(MANAGER, "/pods", pod) {
        Ok(_) => {
            let text = format!("create Pod {pod_name} in StatefulSet {} successful", name(set.object));
            events::record(state, set.object, "Normal", "SuccessfulCreate", &text, COMPONENT);
            true
        }
        Err(error) => {
            let text = format!("create Pod {pod_name} in StatefulSet {} failed error: {error}", name(set.object));
            events::record(state, set.object, "Warning", "FailedCreate", &text, COMPONENT);
            false
        }
    }
}

/// Takes pods away that are too many, the highest number first; true when there are none.
fn shrink(state: &mut State, set: &Set<'_>, parallel: bool) -> bool {
    let range = set.first..set.first + set.wanted;
    let extra: Vec<_> = pods_of(state, set).into_iter().filter(|(ordinal, _)| !range.contains(ordinal)).collect();
    for (_, pod) in extra.iter().rev() {
        if is_terminating(pod) {
            if parallel {
                continue;
            }
            return false;
        }
        end(state, set, pod);
        if !parallel {
            return false;
        }
    }
    extra.is_empty()
}

fn end(state: &mut State, set: &Set<'_>, pod: &Json) {
    pods::delete(state, set.object, pod, COMPONENT);
}

/// Replaces pods of older templates, the highest number first, each after the one before serves.
fn renew(state: &mut State, set: &Set<'_>) {
    if set.object.text("/spec/updateStrategy/type") != "RollingUpdate" {
        return;
    }
    let partition = set.object.int("/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0);
    for (ordinal, pod) in pods_of(state, set).iter().rev() {
        if *ordinal < partition {
            return;
        }
        let current = pod.text("/metadata/labels/controller-revision-hash") == set.revision;
        if !current && !is_terminating(pod) {
            end(state, set, pod);
            return;
        }
        if is_terminating(pod) || !pods::is_ready(pod) {
            return;
        }
    }
}

/// What becomes of claims: with `Delete` they belong to the set, or to the pod that is to go, and end with it.
fn retain(state: &mut State, set: &Set<'_>) {
    let space = set.object.text("/metadata/namespace").to_string();
    let range = set.first..set.first + set.wanted;
    let prefixes: Vec<String> = set
        .object
        .items("/spec/volumeClaimTemplates")
        .iter()
        .map(|template| format!("{}-{}-", template.text("/metadata/name"), name(set.object)))
        .collect();
    for claim in state.store.list("/persistentvolumeclaims", Some(&space)) {
        let ordinal =
            prefixes.iter().find_map(|prefix| name(&claim).strip_prefix(prefix.as_str())?.parse::<i64>().ok());
        let Some(ordinal) = ordinal.filter(|_| !is_terminating(&claim)) else { continue };
        let mut wanted: Vec<Json> = claim
            .items("/metadata/ownerReferences")
            .iter()
            .filter(|reference| {
                let set_uid = reference["uid"] == uid(set.object);
                let pod = reference["kind"] == "Pod" && reference["name"] == set.pod_name(ordinal);
                !(set_uid || pod)
            })
            .cloned()
            .collect();
        let surplus = !range.contains(&ordinal);
        if set.retention("whenDeleted") == "Delete" && !(surplus && set.retention("whenScaled") == "Delete") {
            wanted.push(json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name(set.object), "uid": uid(set.object)}));
        }
        if surplus && set.retention("whenScaled") == "Delete" {
            match state.get("/pods", &space, &set.pod_name(ordinal)) {
                Some(pod) => {
                    wanted.push(json!({"apiVersion": "v1", "kind": "Pod", "name": name(&pod), "uid": uid(&pod)}));
                }
                // The pod is gone: its reference stays, so that the claim goes too.
                None => continue,
            }
        }
        if claim.items("/metadata/ownerReferences") == wanted.as_slice() {
            continue;
        }
        let mut changed = (*claim).clone();
        if wanted.is_empty() {
            changed.remove("/metadata/ownerReferences");
        } else {
            changed.put("/metadata/ownerReferences", wanted);
        }
        state.write_as(MANAGER, "/persistentvolumeclaims", changed, "");
    }
}

fn write_status(state: &mut State, set: &Set<'_>) {
    let space = set.object.text("/metadata/namespace").to_string();
    let Some(live) = state.get("apps/statefulsets", &space, name(set.object)) else { return };
    let pods = pods_of(state, set);
    let ready = pods.iter().filter(|(_, pod)| pods::is_ready(pod)).count();
    let of = |revision: &str| {
        pods.iter()
            .filter(|(_, pod)| {
                pod.text("/metadata/labels/controller-revision-hash") == revision && !is_terminating(pod)
            })
            .count()
    };
    let updated = of(&set.revision);
    let old = live.text("/status/currentRevision").to_string();
    let done = updated as i64 >= set.wanted && ready as i64 >= set.wanted && pods.len() as i64 == set.wanted;
    let current = if old.is_empty() || done { set.revision.clone() } else { old };
    let mut status = json!({
        "replicas": pods.len(), "availableReplicas": ready, "currentRevision": current, "updateRevision": set.revision,
        "collisionCount": 0, "observedGeneration": set.object.at("/metadata/generation"),
    });
    for (field, value) in [("readyReplicas", ready), ("currentReplicas", of(&current)), ("updatedReplicas", updated)] {
        if value > 0 {
            status[field] = value.into();
        }
    }
    let mut object = (*live).clone();
    object.put("/status", status);
    state.write_as(MANAGER, "apps/statefulsets", object, "status");
}
