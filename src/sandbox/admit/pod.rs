//! Pods and pod templates: defaults and rules.

use serde_json::json;

use super::super::json::{Access, Json};
use super::super::status::Cause;
use super::names;

fn each(list: &mut Json, pointer: &str, mut change: impl FnMut(&mut Json)) {
    if let Some(items) = list.pointer_mut(pointer).and_then(Json::as_array_mut) {
        items.iter_mut().for_each(&mut change);
    }
}

fn http(action: &mut Json, pointer: &str) {
    if action.at(&format!("{pointer}/httpGet")).is_object() {
        action.default_to(&format!("{pointer}/httpGet/path"), "/");
        action.default_to(&format!("{pointer}/httpGet/scheme"), "HTTP");
    }
    if action.at(&format!("{pointer}/grpc")).is_object() {
        action.default_to(&format!("{pointer}/grpc/service"), "");
    }
}

/// The tag decides: `latest` (also when there is none) is always pulled.
fn pull_policy(image: &str) -> &'static str {
    if image.contains('@') {
        return "IfNotPresent";
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    match name.split_once(':') {
        Some((_, tag)) if tag != "latest" => "IfNotPresent",
        _ => "Always",
    }
}

fn container(container: &mut Json) {
    let policy = pull_policy(container.text("/image"));
    container.default_to("/imagePullPolicy", policy);
    container.default_to("/terminationMessagePath", "/dev/termination-log");
    container.default_to("/terminationMessagePolicy", "File");
    container.default_to("/resources", json!({}));
    each(container, "/ports", |port| port.default_to("/protocol", "TCP"));
    each(container, "/env", |env| {
        if env.at("/valueFrom/fieldRef").is_object() {
            env.default_to("/valueFrom/fieldRef/apiVersion", "v1");
        }
        if env.at("/valueFrom/resourceFieldRef").is_object() {
            env.default_to("/valueFrom/resourceFieldRef/divisor", "0");
        }
    });
    for probe in ["/livenessProbe", "/readinessProbe", "/startupProbe"] {
        if container.at(probe).is_object() {
            for (field, value) in
                [("failureThreshold", 3), ("periodSeconds", 10), ("successThreshold", 1), ("timeoutSeconds", 1)]
            {
                container.default_to(&format!("{probe}/{field}"), value);
            }
            http(container, probe);
        }
    }
    for hook in ["/lifecycle/preStop", "/lifecycle/postStart"] {
        if container.at(hook).is_object() {
            http(container, hook);
        }
    }
}

fn items(source: &mut Json) {
    each(source, "/items", |item| {
        if item.at("/fieldRef").is_object() {
            item.default_to("/fieldRef/apiVersion", "v1");
        }
    });
}

fn volume(volume: &mut Json) {
    for kind in ["configMap", "secret", "projected", "downwardAPI"] {
        let pointer = format!("/{kind}");
        if volume.at(&pointer).is_object() {
            volume.default_to(&format!("{pointer}/defaultMode"), 420);
        }
    }
    if volume.at("/hostPath").is_object() {
        volume.default_to("/hostPath/type", "");
    }
    if let Some(downward) = volume.get_mut("downwardAPI") {
        items(downward);
    }
    each(volume, "/projected/sources", |source| {
        if source.at("/serviceAccountToken").is_object() {
            source.default_to("/serviceAccountToken/expirationSeconds", 3600);
        }
        if let Some(downward) = source.get_mut("downwardAPI") {
            items(downward);
        }
    });
    let known = volume.as_object().is_some_and(|map| map.keys().any(|key| key != "name"));
    if !known {
        volume.put("/emptyDir", json!({}));
    }
    if volume.at("/ephemeral/volumeClaimTemplate").is_object() {
        volume.default_to("/ephemeral/volumeClaimTemplate/spec/volumeMode", "Filesystem");
    }
}

/// Defaults of a pod's spec, as they also stand in templates.
pub fn defaults(spec: &mut Json) {
    if !spec.is_object() {
        return;
    }
    for (field, value) in [
        ("restartPolicy", json!("Always")),
        ("dnsPolicy", json!("ClusterFirst")),
        ("schedulerName", json!("default-scheduler")),
        ("terminationGracePeriodSeconds", json!(30)),
        ("securityContext", json!({})),
    ] {
        spec.default_to(&format!("/{field}"), value);
    }
    let account = spec.text("/serviceAccountName").to_string();
    if account.is_empty() {
        let old = spec.text("/serviceAccount").to_string();
        if !old.is_empty() {
            spec.put("/serviceAccountName", old);
        }
    } else {
        spec.put("/serviceAccount", account);
    }
    each(spec, "/containers", container);
    each(spec, "/initContainers", container);
    each(spec, "/volumes", volume);
}

/// What a container may use it also asks for, if it asks for nothing else. This is done for pods, not for templates.
pub fn requests(spec: &mut Json) {
    for list in ["/containers", "/initContainers"] {
        each(spec, list, |container| {
            let limits = container.at("/resources/limits").clone();
            for (resource, amount) in limits.as_object().into_iter().flatten() {
                let pointer = format!("/resources/requests/{}", super::super::json::escape(resource));
                container.default_to(&pointer, amount.clone());
            }
        });
    }
}

fn check_container(container: &Json, field: &str, volumes: &[&str], seen: &mut Vec<String>, causes: &mut Vec<Cause>) {
    let name = container.at("/name");
    match name.as_str() {
        None | Some("") => causes.push(Cause::required(format!("{field}.name"), "")),
        Some(_) => causes.extend(names::label(&format!("{field}.name"), name)),
    }
    let image = container.text("/image");
    if image.is_empty() {
        causes.push(Cause::required(format!("{field}.image"), ""));
    } else if image.trim() != image {
        let what = "must not have leading or trailing whitespace";
        causes.push(Cause::invalid(format!("{field}.image"), container.at("/image"), what));
    }
    let policy = container.at("/imagePullPolicy");
    if !matches!(policy.as_str(), Some("Always" | "IfNotPresent" | "Never")) {
        let known = ["Always", "IfNotPresent", "Never"];
        causes.push(Cause::unsupported(format!("{field}.imagePullPolicy"), policy, &known));
    }
    for (index, port) in container.items("/ports").iter().enumerate() {
        let place = format!("{field}.ports[{index}]");
        match port.int("/containerPort") {
            None | Some(0) => causes.push(Cause::required(format!("{place}.containerPort"), "")),
            Some(1..=65535) => {}
            Some(_) => causes.push(Cause::invalid(
                format!("{place}.containerPort"),
                port.at("/containerPort"),
                "must be between 1 and 65535, inclusive",
            )),
        }
    }
    for (index, env) in container.items("/env").iter().enumerate() {
        let place = format!("{field}.env[{index}]");
        if env.text("/name").is_empty() {
            causes.push(Cause::required(format!("{place}.name"), ""));
        }
        if !env.text("/value").is_empty() && env.at("/valueFrom").is_object() {
            let what = "may not be specified when `value` is not empty";
            causes.push(Cause::invalid(format!("{place}.valueFrom"), &json!(""), what));
        }
    }
    let mut paths: Vec<&str> = Vec::new();
    for (index, mount) in container.items("/volumeMounts").iter().enumerate() {
        let place = format!("{field}.volumeMounts[{index}]");
        let volume = mount.text("/name");
        if volume.is_empty() {
            causes.push(Cause::required(format!("{place}.name"), ""));
        } else if !volumes.contains(&volume) {
            causes.push(Cause::not_found(format!("{place}.name"), mount.at("/name")));
        }
        let path = mount.text("/mountPath");
        if path.is_empty() {
            causes.push(Cause::required(format!("{place}.mountPath"), ""));
        } else if paths.contains(&path) {
            causes.push(Cause::invalid(format!("{place}.mountPath"), mount.at("/mountPath"), "must be unique"));
        }
        paths.push(path);
    }
    if let Some(text) = name.as_str() {
        if seen.iter().any(|known| known == text) {
            causes.push(Cause::duplicate(format!("{field}.name"), name));
        }
        seen.push(text.into());
    }
    for (resource, limit) in container.at("/resources/limits").as_object().into_iter().flatten() {
        let request = container.at(&format!("/resources/requests/{}", super::super::json::escape(resource)));
        let (Some(asked), Some(most)) = (amount(request), amount(limit)) else { continue };
        if asked > most {
            let what =
                format!("must be less than or equal to {resource} limit of {}", limit.as_str().unwrap_or_default());
            causes.push(Cause::invalid(format!("{field}.resources.requests"), request, what));
        }
    }
}

fn amount(value: &Json) -> Option<i128> {
    match value {
        Json::String(text) => super::quantity(text),
        Json::Number(number) => super::quantity(&number.to_string()),
        _ => None,
    }
}

/// What is wrong with a pod's spec at `field`.
pub fn check(spec: &Json, field: &str, claims: &[&str]) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut volumes: Vec<&str> = claims.to_vec();
    for (index, volume) in spec.items("/volumes").iter().enumerate() {
        let place = format!("{field}.volumes[{index}]");
        let name = volume.text("/name");
        if name.is_empty() {
            causes.push(Cause::required(format!("{place}.name"), ""));
        } else {
            causes.extend(names::label(&format!("{place}.name"), volume.at("/name")));
            if volumes.contains(&name) && !claims.contains(&name) {
                causes.push(Cause::duplicate(format!("{place}.name"), volume.at("/name")));
            }
        }
        if volume.at("/persistentVolumeClaim").is_object() && volume.text("/persistentVolumeClaim/claimName").is_empty()
        {
            causes.push(Cause::required(format!("{place}.persistentVolumeClaim.claimName"), ""));
        }
        volumes.push(name);
    }
    if spec.items("/containers").is_empty() {
        causes.push(Cause::required(format!("{field}.containers"), ""));
    }
    let mut seen = Vec::new();
    for (index, one) in spec.items("/containers").iter().enumerate() {
        check_container(one, &format!("{field}.containers[{index}]"), &volumes, &mut seen, &mut causes);
    }
    for (index, one) in spec.items("/initContainers").iter().enumerate() {
        check_container(one, &format!("{field}.initContainers[{index}]"), &volumes, &mut seen, &mut causes);
    }
    let account = spec.at("/serviceAccountName");
    if account.as_str().is_some_and(|a| !a.is_empty()) {
        causes.extend(names::subdomain(&format!("{field}.serviceAccountName"), account));
    }
    causes
}

/// How the pod stands when memory runs out.
pub fn quality(spec: &Json) -> &'static str {
    let all = || spec.items("/containers").iter().chain(spec.items("/initContainers"));
    let none = |c: &Json| {
        ["/resources/limits", "/resources/requests"]
            .iter()
            .all(|pointer| ["cpu", "memory"].iter().all(|r| c.at(pointer).get(r).is_none()))
    };
    if all().all(none) {
        return "BestEffort";
    }
    let guaranteed = |c: &Json| {
        ["cpu", "memory"].iter().all(|resource| {
            let (limit, request) = (&c["resources"]["limits"][resource], &c["resources"]["requests"][resource]);
            !limit.is_null() && amount(limit) == amount(request)
        })
    };
    if all().all(guaranteed) { "Guaranteed" } else { "Burstable" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pull_policies() {
        for (image, policy) in [
            ("nginx", "Always"),
            ("nginx:latest", "Always"),
            ("host:5000/nginx", "Always"),
            ("host:5000/nginx:1", "IfNotPresent"),
            ("x@sha256:00", "IfNotPresent"),
        ] {
            assert_eq!(pull_policy(image), policy, "{image}");
        }
    }
}
