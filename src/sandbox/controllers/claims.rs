//! Claims and volumes: provisioning, binding, protection, reclaiming.

use std::sync::Arc;

use serde_json::json;

use super::super::delete::DeleteOptions;
use super::super::json::{Access, Json, is_terminating, name, namespace, uid};
use super::super::kubelet;
use super::super::state::{State, now};
use super::events;

const MANAGER: &str = "kube-controller-manager";
const COMPONENT: &str = "persistentvolume-controller";

/// Looks at a claim.
pub fn sync_claim(state: &mut State, space: &str, claim_name: &str) {
    let Some(claim) = state.get("/persistentvolumeclaims", space, claim_name) else { return };
    if is_terminating(&claim) {
        let used = state.store.list("/pods", Some(space)).iter().any(|pod| {
            kubelet::claims(pod).any(|used| used == claim_name)
                && !matches!(pod.text("/status/phase"), "Succeeded" | "Failed")
        });
        if !used {
            state.remove_finalizer("/persistentvolumeclaims", &claim, "kubernetes.io/pvc-protection");
        }
        return;
    }
    let volume_name = claim.text("/spec/volumeName").to_string();
    if !volume_name.is_empty() {
        match state.get("/persistentvolumes", "", &volume_name) {
            Some(volume) => match volume.text("/spec/claimRef/uid") {
                "" => bind(state, &claim, &volume),
                owner if owner == uid(&claim) => {
                    if claim.text("/status/phase") != "Bound" || volume.text("/status/phase") != "Bound" {
                        bind(state, &claim, &volume);
                    }
                }
                _ => {
                    let text = format!("volume \"{volume_name}\" already bound to a different claim.");
                    events::record(state, &claim, "Warning", "FailedBinding", &text, COMPONENT);
                }
            },
            None if claim.text("/status/phase") == "Bound" => {
                let mut lost = (*claim).clone();
                lost.put("/status/phase", "Lost");
                state.write_as(MANAGER, "/persistentvolumeclaims", lost, "status");
            }
            None => {}
        }
        return;
    }
    if let Some(volume) = fitting(state, &claim) {
        bind(state, &claim, &volume);
        return;
    }
    provision(state, &claim);
}

/// A volume that is reserved for the claim, or free and large enough.
fn fitting(state: &State, claim: &Json) -> Option<Arc<Json>> {
    let wanted = super::super::admit::quantity(claim.text("/spec/resources/requests/storage")).unwrap_or(0);
    let class = claim.text("/spec/storageClassName");
    let volumes = state.store.list("/persistentvolumes", None);
    let reserved = volumes.iter().find(|volume| {
        volume.text("/spec/claimRef/name") == name(claim)
            && volume.text("/spec/claimRef/namespace") == namespace(claim)
            && (volume.text("/spec/claimRef/uid").is_empty() || volume.text("/spec/claimRef/uid") == uid(claim))
    });
    let free = || {
        volumes.iter().find(|volume| {
            volume.at("/spec/claimRef").is_null()
                && volume.text("/status/phase") == "Available"
                && !is_terminating(volume)
                && volume.text("/spec/storageClassName") == class
                && claim.items("/spec/accessModes").iter().all(|mode| volume.items("/spec/accessModes").contains(mode))
                && super::super::admit::quantity(volume.text("/spec/capacity/storage")).unwrap_or(0) >= wanted
        })
    };
    reserved.or_else(free).cloned()
}

fn provision(state: &mut State, claim: &Json) {
    let class_name = claim.text("/spec/storageClassName").to_string();
    let Some(class) = state.get("storage.k8s.io/storageclasses", "", &class_name) else {
        let text = if class_name.is_empty() {
            "no persistent volumes available for this claim and no storage class is set".to_string()
        } else {
            format!("storageclass.storage.k8s.io \"{class_name}\" not found")
        };
        let reason = if class_name.is_empty() { "FailedBinding" } else { "ProvisioningFailed" };
        events::record(state, claim, "Warning", reason, &text, COMPONENT);
        return;
    };
    if class.text("/provisioner") == "kubernetes.io/no-provisioner" {
        return;
    }
    if class.text("/volumeBindingMode") == "WaitForFirstConsumer" {
        let wanted = state
            .store
            .list("/pods", Some(namespace(claim)))
            .iter()
            .any(|pod| kubelet::claims(pod).any(|used| used == name(claim)));
        if !wanted {
            let text = "waiting for first consumer to be created before binding";
            events::record(state, claim, "Normal", "WaitForFirstConsumer", text, COMPONENT);
            return;
        }
    }
    let volume_name = format!("pvc-{}", uid(claim));
    let volume = json!({
        "metadata": {"name": volume_name, "annotations": {"pv.kubernetes.io/provisioned-by": class["provisioner"]}},
        "spec": {
            "accessModes": claim["spec"]["accessModes"],
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
            "persistentVolumeReclaimPolicy": class["reclaimPolicy"], "storageClassName": class_name,
            "volumeMode": claim["spec"]["volumeMode"], "hostPath": {"path": format!("/sandbox/{volume_name}"), "type": ""},
            "claimRef": reference(claim),
        },
    });
    match state.create_as(MANAGER, "/persistentvolumes", volume) {
        Ok(volume) => {
            let text = format!("Successfully provisioned volume {volume_name}");
            events::record(state, claim, "Normal", "ProvisioningSucceeded", &text, class.text("/provisioner"));
            bind(state, claim, &volume);
        }
        Err(error) => {
            let text = format!("failed to provision volume: {error}");
            events::record(state, claim, "Warning", "ProvisioningFailed", &text, class.text("/provisioner"));
        }
    }
}

fn reference(claim: &Json) -> Json {
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace(claim), "name": name(claim),
        "uid": uid(claim), "resourceVersion": claim.at("/metadata/resourceVersion")})
}

fn bind(state: &mut State, claim: &Json, volume: &Json) {
    let mut bound = volume.clone();
    if volume.text("/spec/claimRef/uid") != uid(claim) {
        bound.put("/spec/claimRef", reference(claim));
        bound.put("/metadata/annotations/pv.kubernetes.io~1bound-by-controller", "yes");
    }
    state.write_as(MANAGER, "/persistentvolumes", bound, "");
    if let Some(live) = state.get("/persistentvolumes", "", name(volume))
        && live.text("/status/phase") != "Bound"
    {
        let mut live = (*live).clone();
        live.put("/status", json!({"phase": "Bound", "lastPhaseTransitionTime": now()}));
        state.write_as(MANAGER, "/persistentvolumes", live, "status");
    }
    let Some(live) = state.get("/persistentvolumeclaims", namespace(claim), name(claim)) else { return };
    let mut wanted = (*live).clone();
    wanted.put("/metadata/annotations/pv.kubernetes.io~1bind-completed", "yes");
    if live.text("/spec/volumeName").is_empty() {
        wanted.put("/spec/volumeName", name(volume));
        wanted.put("/metadata/annotations/pv.kubernetes.io~1bound-by-controller", "yes");
    }
    state.write_as(MANAGER, "/persistentvolumeclaims", wanted, "");
    let Some(live) = state.get("/persistentvolumeclaims", namespace(claim), name(claim)) else { return };
    let mut wanted = (*live).clone();
    wanted.put(
        "/status",
        json!({"phase": "Bound", "accessModes": volume["spec"]["accessModes"], "capacity": volume["spec"]["capacity"]}),
    );
    state.write_as(MANAGER, "/persistentvolumeclaims", wanted, "status");
}

/// Looks at a volume.
pub fn sync_volume(state: &mut State, volume_name: &str) {
    let Some(volume) = state.get("/persistentvolumes", "", volume_name) else { return };
    let claim = state
        .get("/persistentvolumeclaims", volume.text("/spec/claimRef/namespace"), volume.text("/spec/claimRef/name"))
        .filter(|claim| {
            let wanted = volume.text("/spec/claimRef/uid");
            wanted.is_empty() || uid(claim) == wanted
        });
    if is_terminating(&volume) {
        let bound = claim.is_some_and(|claim| claim.text("/spec/volumeName") == volume_name);
        if !bound {
            state.remove_finalizer("/persistentvolumes", &volume, "kubernetes.io/pv-protection");
        }
        return;
    }
    let phase = volume.text("/status/phase").to_string();
    let next = if volume.at("/spec/claimRef").is_null() || volume.text("/spec/claimRef/uid").is_empty() {
        "Available"
    } else if claim.is_some() {
        "Bound"
    } else if phase == "Pending" && volume.text("/metadata/annotations/pv.kubernetes.io~1provisioned-by").is_empty() {
        // Made by hand for a claim that is not there.
        "Released"
    } else {
        if volume.text("/spec/persistentVolumeReclaimPolicy") == "Delete" {
            state.delete_as("/persistentvolumes", &volume, &DeleteOptions::default());
            if let Some(live) = state.get("/persistentvolumes", "", volume_name) {
                state.remove_finalizer("/persistentvolumes", &live, "kubernetes.io/pv-protection");
            }
            return;
        }
        "Released"
    };
    if phase == next {
        return;
    }
    let mut changed = (*volume).clone();
    changed.put("/status", json!({"phase": next, "lastPhaseTransitionTime": now()}));
    state.write_as(MANAGER, "/persistentvolumes", changed, "status");
}
