//! What a pod needs before its containers can start: claims, config maps, secrets, images.

use super::super::config::fits;
use super::super::json::{Access, Json, namespace, uid};
use super::super::state::State;

/// The names of the claims that a pod mounts.
pub fn claims(pod: &Json) -> impl Iterator<Item = &str> {
    pod.items("/spec/volumes")
        .iter()
        .map(|volume| volume.text("/persistentVolumeClaim/claimName"))
        .filter(|claim| !claim.is_empty())
}

/// Whether the scheduler would place the pod.
pub fn schedulable(state: &State, pod: &Json) -> Result<(), String> {
    let nodes = state.config.nodes.max(1);
    for claim in claims(pod) {
        let Some(found) = state.get("/persistentvolumeclaims", namespace(pod), claim) else {
            return Err(format!(
                "0/{nodes} nodes are available: persistentvolumeclaim \"{claim}\" not found. not found"
            ));
        };
        if !found.at("/metadata/deletionTimestamp").is_null() {
            return Err(format!("0/{nodes} nodes are available: persistentvolumeclaim \"{claim}\" is being deleted."));
        }
        if found.text("/status/phase") != "Bound" {
            return Err(format!("0/{nodes} nodes are available: pod has unbound immediate PersistentVolumeClaims."));
        }
        let single = found.items("/spec/accessModes").iter().any(|mode| mode == "ReadWriteOncePod");
        let used = state.store.list("/pods", Some(namespace(pod))).iter().any(|other| {
            uid(other) != uid(pod)
                && !other.text("/spec/nodeName").is_empty()
                && claims(other).any(|c| c == claim)
                && !matches!(other.text("/status/phase"), "Succeeded" | "Failed")
        });
        if single && used {
            return Err(format!(
                "0/{nodes} nodes are available: {nodes} node has pod using PersistentVolumeClaim with the same name and \
                 ReadWriteOncePod access mode."
            ));
        }
    }
    Ok(())
}

/// Whether the volumes can be set up.
pub fn volumes(state: &State, pod: &Json) -> Result<(), String> {
    let space = namespace(pod);
    for volume in pod.items("/spec/volumes") {
        for (pointer, key, what) in
            [("/configMap", "/configMap/name", "configmap"), ("/secret", "/secret/secretName", "secret")]
        {
            let source = volume.at(pointer);
            if source.is_null() || source["optional"] == true {
                continue;
            }
            let wanted = volume.text(key);
            if state.get(&format!("/{what}s"), space, wanted).is_none() {
                return Err(format!(
                    "MountVolume.SetUp failed for volume \"{}\" : {what} \"{wanted}\" not found",
                    volume.text("/name")
                ));
            }
        }
    }
    Ok(())
}

/// Whether what the environment refers to is there.
pub fn environment(state: &State, pod: &Json) -> Result<(), String> {
    let space = namespace(pod);
    for container in pod.items("/spec/containers").iter().chain(pod.items("/spec/initContainers")) {
        for env in container.items("/env") {
            for (pointer, what) in [("/valueFrom/configMapKeyRef", "configmap"), ("/valueFrom/secretKeyRef", "secret")]
            {
                let source = env.at(pointer);
                if source.is_null() || source["optional"] == true {
                    continue;
                }
                let (object, key) = (source.text("/name"), source.text("/key"));
                let Some(found) = state.get(&format!("/{what}s"), space, object) else {
                    return Err(format!("{what} \"{object}\" not found"));
                };
                if found["data"].get(key).is_none() {
                    let title = if what == "secret" { "Secret" } else { "ConfigMap" };
                    return Err(format!("couldn't find key {key} in {title} {space}/{object}"));
                }
            }
        }
        for source in container.items("/envFrom") {
            for (pointer, what) in [("/configMapRef", "configmap"), ("/secretRef", "secret")] {
                let wanted = source.at(pointer);
                if wanted.is_object()
                    && wanted["optional"] != true
                    && state.get(&format!("/{what}s"), space, name_of(wanted)).is_none()
                {
                    return Err(format!("{what} \"{}\" not found", name_of(wanted)));
                }
            }
        }
    }
    Ok(())
}

fn name_of(reference: &Json) -> &str {
    reference["name"].as_str().unwrap_or_default()
}

/// An image that cannot be pulled.
pub fn missing_image(state: &State, pod: &Json) -> Option<String> {
    pod.items("/spec/initContainers")
        .iter()
        .chain(pod.items("/spec/containers"))
        .map(|container| container.text("/image"))
        .find(|image| state.config.missing_images.iter().any(|pattern| fits(pattern, image)))
        .map(String::from)
}
