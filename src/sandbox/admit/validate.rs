//! The rules that upgrades depend on, with the server's words: required fields, selectors, and what may not change.

use serde_json::json;

use super::super::json::{Access, Json, name};
use super::super::registry::Kind;
use super::super::schema::{Schema, Type, TypeId};
use super::super::selector::Labels;
use super::super::status::Cause;
use super::{names, pod, quantity};

/// What is wrong with an object.
pub fn object(kind: &Kind, object: &Json) -> Vec<Cause> {
    let mut causes = names::metadata(kind, object);
    match kind.key.as_ref() {
        "/pods" => causes.extend(pod::check(object.at("/spec"), "spec", &[])),
        "apps/deployments" | "apps/replicasets" | "apps/daemonsets" => workload(object, &[], &mut causes),
        "apps/statefulsets" => {
            let claims: Vec<&str> = object.items("/spec/volumeClaimTemplates").iter().map(name).collect();
            workload(object, &claims, &mut causes);
        }
        "batch/jobs" => job(object, "spec", &mut causes),
        "batch/cronjobs" => {
            if object.text("/spec/schedule").is_empty() {
                causes.push(Cause::required("spec.schedule", ""));
            }
            job(object.at("/spec/jobTemplate"), "spec.jobTemplate.spec", &mut causes);
        }
        "/services" => service(object, &mut causes),
        "/persistentvolumeclaims" => claim(object.at("/spec"), "spec", &mut causes),
        "/persistentvolumes" => volume(object, &mut causes),
        "/configmaps" => data_keys(object, &["data", "binaryData"], &mut causes),
        "/secrets" => {
            data_keys(object, &["data"], &mut causes);
            size(object, &mut causes);
        }
        "networking.k8s.io/ingresses" => ingress(object, &mut causes),
        "storage.k8s.io/storageclasses" if object.text("/provisioner").is_empty() => {
            causes.push(Cause::required("provisioner", ""));
        }
        "rbac.authorization.k8s.io/roles" | "rbac.authorization.k8s.io/clusterroles" => {
            for (index, rule) in object.items("/rules").iter().enumerate() {
                if rule.items("/verbs").is_empty() {
                    causes.push(Cause::required(
                        format!("rules[{index}].verbs"),
                        "verbs must contain at least one value",
                    ));
                }
            }
        }
        "rbac.authorization.k8s.io/rolebindings" | "rbac.authorization.k8s.io/clusterrolebindings"
            if object.text("/roleRef/name").is_empty() =>
        {
            causes.push(Cause::required("roleRef.name", ""));
        }
        "apiextensions.k8s.io/customresourcedefinitions" => definition(object, &mut causes),
        "coordination.k8s.io/leases"
            if object.int("/spec/leaseDurationSeconds").is_some_and(|seconds| seconds <= 0) =>
        {
            let value = object.at("/spec/leaseDurationSeconds");
            causes.push(Cause::invalid("spec.leaseDurationSeconds", value, "must be greater than 0"));
        }
        _ => {}
    }
    causes
}

fn not_negative(object: &Json, field: &str, causes: &mut Vec<Cause>) {
    let value = object.at(&format!("/{}", field.replace('.', "/")));
    if value.as_i64().is_some_and(|number| number < 0) {
        causes.push(Cause::invalid(field, value, "must be greater than or equal to 0"));
    }
}

fn workload(object: &Json, claims: &[&str], causes: &mut Vec<Cause>) {
    not_negative(object, "spec.replicas", causes);
    not_negative(object, "spec.minReadySeconds", causes);
    not_negative(object, "spec.revisionHistoryLimit", causes);
    let selector = object.at("/spec/selector");
    let labels = object.at("/spec/template/metadata/labels");
    if selector.is_null() {
        causes.push(Cause::required("spec.selector", ""));
    } else if Labels::of_workload(selector).is_empty() {
        let what = if object.text("/kind") == "StatefulSet" {
            "empty selector is invalid for statefulset"
        } else {
            "empty selector is invalid for deployment"
        };
        causes.push(Cause::invalid("spec.selector", &json!({}), what));
    }
    causes.extend(names::labels("spec.template.labels", labels));
    let template = object.at("/spec/template");
    if !Labels::of_workload(selector).matches(template) || labels.is_null() {
        let shown = if labels.is_null() { Json::Null } else { labels.clone() };
        let what = "`selector` does not match template `labels`";
        causes.push(Cause::invalid("spec.template.metadata.labels", &shown, what));
    }
    causes.extend(pod::check(object.at("/spec/template/spec"), "spec.template.spec", claims));
    let policy = object.at("/spec/template/spec/restartPolicy");
    if policy.as_str().is_some_and(|policy| policy != "Always") {
        causes.push(Cause::unsupported("spec.template.spec.restartPolicy", policy, &["Always"]));
    }
}

fn job(object: &Json, field: &str, causes: &mut Vec<Cause>) {
    for number in ["completions", "parallelism", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"] {
        let value = object.at(&format!("/spec/{number}"));
        if value.as_i64().is_some_and(|n| n < 0) {
            causes.push(Cause::invalid(format!("{field}.{number}"), value, "must be greater than or equal to 0"));
        }
    }
    causes.extend(pod::check(object.at("/spec/template/spec"), &format!("{field}.template.spec"), &[]));
    let policy = object.at("/spec/template/spec/restartPolicy");
    if policy == "Always" {
        let field = format!("{field}.template.spec.restartPolicy");
        causes.push(Cause::required(field, "valid values: \"OnFailure\", \"Never\""));
    }
}

fn service(object: &Json, causes: &mut Vec<Cause>) {
    let kind = object.text("/spec/type");
    let ports = object.items("/spec/ports");
    if ports.is_empty() && kind != "ExternalName" && object.text("/spec/clusterIP") != "None" {
        causes.push(Cause::required("spec.ports", ""));
    }
    if kind == "ExternalName" && object.text("/spec/externalName").is_empty() {
        causes.push(Cause::required("spec.externalName", ""));
    }
    if !matches!(kind, "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName") {
        let known = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
        causes.push(Cause::unsupported("spec.type", object.at("/spec/type"), &known));
    }
    let mut seen: Vec<&str> = Vec::new();
    for (index, port) in ports.iter().enumerate() {
        let place = format!("spec.ports[{index}]");
        let port_name = port.text("/name");
        if port_name.is_empty() {
            if ports.len() > 1 {
                causes.push(Cause::required(format!("{place}.name"), ""));
            }
        } else {
            causes.extend(names::label(&format!("{place}.name"), port.at("/name")));
            if seen.contains(&port_name) {
                causes.push(Cause::duplicate(format!("{place}.name"), port.at("/name")));
            }
            seen.push(port_name);
        }
        if !port.int("/port").is_some_and(|number| (1..=65535).contains(&number)) {
            let value = if port.at("/port").is_null() { json!(0) } else { port.at("/port").clone() };
            causes.push(Cause::invalid(format!("{place}.port"), &value, "must be between 1 and 65535, inclusive"));
        }
        if port.int("/targetPort").is_some_and(|number| !(1..=65535).contains(&number)) {
            let what = "must be between 1 and 65535, inclusive";
            causes.push(Cause::invalid(format!("{place}.targetPort"), port.at("/targetPort"), what));
        }
    }
}

const MODES: &[&str] = &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

fn modes(spec: &Json, field: &str, missing: &str, causes: &mut Vec<Cause>) {
    if spec.items("/accessModes").is_empty() {
        causes.push(Cause::required(format!("{field}.accessModes"), missing));
    }
    for mode in spec.items("/accessModes") {
        if !mode.as_str().is_some_and(|mode| MODES.contains(&mode)) {
            causes.push(Cause::unsupported(format!("{field}.accessModes"), mode, MODES));
        }
    }
}

fn claim(spec: &Json, field: &str, causes: &mut Vec<Cause>) {
    modes(spec, field, "at least 1 access mode is required", causes);
    let storage = spec.at("/resources/requests/storage");
    let field = format!("{field}.resources[storage]");
    match storage {
        Json::Null => causes.push(Cause::required(field, "")),
        value => {
            let text = value.as_str().map_or_else(|| value.to_string(), String::from);
            if quantity(&text).is_some_and(|amount| amount <= 0) {
                causes.push(Cause::invalid(field, value, "must be greater than zero"));
            }
        }
    }
}

fn volume(object: &Json, causes: &mut Vec<Cause>) {
    modes(object.at("/spec"), "spec", "", causes);
    if object.at("/spec/capacity/storage").is_null() {
        causes.push(Cause::required("spec.capacity", ""));
    }
    let known = [
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeMode",
        "volumeAttributesClassName",
    ];
    let source = object.at("/spec").as_object().is_some_and(|map| map.keys().any(|key| !known.contains(&key.as_str())));
    if !source {
        causes.push(Cause::required("spec", "must specify a volume type"));
    }
}

fn data_keys(object: &Json, fields: &[&str], causes: &mut Vec<Cause>) {
    for field in fields {
        for key in object[*field].as_object().into_iter().flat_map(serde_json::Map::keys) {
            let fits = !key.is_empty()
                && key.len() <= 253
                && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
            if !fits {
                let what = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  \
                            or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
                causes.push(Cause::invalid(format!("{field}[{key}]"), &json!(key), what));
            }
        }
    }
}

/// A Secret holds 1 MiB.
fn size(object: &Json, causes: &mut Vec<Cause>) {
    let values = object["data"].as_object().into_iter().flat_map(serde_json::Map::values);
    let size: usize = values
        .map(|value| {
            let text = value.as_str().unwrap_or_default();
            text.len() / 4 * 3 - text.bytes().rev().take_while(|b| *b == b'=').count()
        })
        .sum();
    if size > 1024 * 1024 {
        causes.push(Cause::too_long("data", "may not be more than 1048576 bytes"));
    }
}

fn ingress(object: &Json, causes: &mut Vec<Cause>) {
    if object.items("/spec/rules").is_empty() && object.at("/spec/defaultBackend").is_null() {
        let what = "either `defaultBackend` or `rules` must be specified";
        causes.push(Cause::invalid("spec", &Json::Null, what));
    }
    for (r, rule) in object.items("/spec/rules").iter().enumerate() {
        for (p, path) in rule.items("/http/paths").iter().enumerate() {
            let place = format!("spec.rules[{r}].http.paths[{p}]");
            match path.at("/pathType").as_str() {
                None => causes.push(Cause::required(format!("{place}.pathType"), "pathType must be specified")),
                Some("Exact" | "Prefix") if !path.text("/path").starts_with('/') => {
                    causes.push(Cause::invalid(format!("{place}.path"), path.at("/path"), "must be an absolute path"));
                }
                Some("Exact" | "Prefix" | "ImplementationSpecific") => {}
                Some(_) => {
                    let known = ["Exact", "ImplementationSpecific", "Prefix"];
                    causes.push(Cause::unsupported(format!("{place}.pathType"), path.at("/pathType"), &known));
                }
            }
            if path.at("/backend/service").is_object() {
                if path.text("/backend/service/name").is_empty() {
                    causes.push(Cause::required(format!("{place}.backend.service.name"), ""));
                }
                if path.at("/backend/service/port/number").is_null()
                    && path.text("/backend/service/port/name").is_empty()
                {
                    let what = "port name or number is required";
                    causes.push(Cause::required(format!("{place}.backend.service.port"), what));
                }
            } else if path.at("/backend/resource").is_null() {
                let what = "must specify either `service` or `resource`";
                causes.push(Cause::required(format!("{place}.backend"), what));
            }
        }
    }
}

fn definition(object: &Json, causes: &mut Vec<Cause>) {
    let (group, plural) = (object.text("/spec/group"), object.text("/spec/names/plural"));
    if group.is_empty() {
        causes.push(Cause::required("spec.group", ""));
    }
    if plural.is_empty() {
        causes.push(Cause::required("spec.names.plural", ""));
    }
    let expected = format!("{plural}.{group}");
    if name(object) != expected {
        let what = "must be spec.names.plural+\".\"+spec.group";
        causes.push(Cause::invalid("metadata.name", object.at("/metadata/name"), what));
    }
    let storage = object.items("/spec/versions").iter().filter(|v| v["storage"] == true).count();
    if storage != 1 {
        let versions = object.at("/spec/versions");
        causes.push(Cause::invalid(
            "spec.versions",
            versions,
            "must have exactly one version marked as storage version",
        ));
    }
    for (index, version) in object.items("/spec/versions").iter().enumerate() {
        if !version.at("/schema/openAPIV3Schema").is_object() {
            let field = format!("spec.versions[{index}].schema.openAPIV3Schema");
            causes.push(Cause::required(field, "schemas are required"));
        }
    }
}

/// Fields of custom resources that must be there and are not.
pub fn required(schema: &Schema, ty: TypeId, object: &Json) -> Vec<Cause> {
    let mut causes = Vec::new();
    walk_required(schema, ty, object, "", &mut causes);
    causes
}

fn walk_required(schema: &Schema, ty: TypeId, value: &Json, path: &str, causes: &mut Vec<Cause>) {
    match (schema.get(ty), value) {
        (Type::Map(map), Json::Object(object)) => {
            let below = |key: &str| if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
            for key in &map.required {
                if !object.contains_key(key) {
                    causes.push(Cause::required(below(key), ""));
                }
            }
            for (key, value) in object {
                if let Some(ty) = map.field(key)
                    && !(path.is_empty() && key == "metadata")
                {
                    walk_required(schema, ty, value, &below(key), causes);
                }
            }
        }
        (Type::List(list), Json::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                walk_required(schema, list.element, item, &format!("{path}[{index}]"), causes);
            }
        }
        _ => {}
    }
}

const IMMUTABLE: &str = "field is immutable";

/// What may not change from `live` to `object`.
pub fn change(kind: &Kind, live: &Json, object: &Json) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut fixed = |field: &str, what: &str| {
        let pointer = format!("/{}", field.replace('.', "/"));
        if object.at(&pointer) != live.at(&pointer) {
            causes.push(Cause::invalid(field, object.at(&pointer), what));
        }
    };
    if !live.at("/metadata/deletionTimestamp").is_null() {
        let known = live.items("/metadata/finalizers");
        let new: Vec<&Json> = object.items("/metadata/finalizers").iter().filter(|f| !known.contains(f)).collect();
        if !new.is_empty() {
            let list: Vec<String> = new.iter().map(ToString::to_string).collect();
            let what = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                list.join(", ")
            );
            // The server says it twice: for metadata, and for the object.
            causes.extend([
                Cause::forbidden("metadata.finalizers", &what),
                Cause::forbidden("metadata.finalizers", &what),
            ]);
        }
        return causes;
    }
    match kind.key.as_ref() {
        "apps/deployments" | "apps/replicasets" | "apps/daemonsets" => fixed("spec.selector", IMMUTABLE),
        "apps/statefulsets" => return stateful_set(live, object),
        "batch/jobs" => {
            for field in ["spec.completions", "spec.selector", "spec.completionMode"] {
                fixed(field, IMMUTABLE);
            }
            if live.at("/spec/suspend") != true || !live.at("/status/startTime").is_null() {
                fixed("spec.template", IMMUTABLE);
            }
        }
        "/services" => {
            let (old, new) = (live.text("/spec/clusterIP"), object.text("/spec/clusterIP"));
            if !old.is_empty() && old != new && object.text("/spec/type") != "ExternalName" {
                let what = "may not change once set";
                causes.push(Cause::invalid("spec.clusterIPs[0]", object.at("/spec/clusterIPs"), what));
            }
        }
        "/persistentvolumeclaims" => return claim_change(live, object),
        "/persistentvolumes" => {
            let kept = [
                "accessModes",
                "capacity",
                "claimRef",
                "mountOptions",
                "persistentVolumeReclaimPolicy",
                "storageClassName",
                "nodeAffinity",
                "volumeMode",
                "volumeAttributesClassName",
            ];
            let source = |o: &Json| {
                let mut spec = o.at("/spec").clone();
                if let Some(map) = spec.as_object_mut() {
                    map.retain(|key, _| !kept.contains(&key.as_str()));
                }
                spec
            };
            if source(live) != source(object) {
                causes.push(Cause::forbidden(
                    "spec.persistentvolumesource",
                    "spec.persistentvolumesource is immutable after creation",
                ));
            }
            let mut fixed = |field: &str| {
                let pointer = format!("/{}", field.replace('.', "/"));
                if object.at(&pointer) != live.at(&pointer) {
                    causes.push(Cause::invalid(field, object.at(&pointer), IMMUTABLE));
                }
            };
            fixed("spec.volumeMode");
        }
        "/secrets" => {
            fixed("type", IMMUTABLE);
            if live["immutable"] == true {
                for field in ["data", "immutable"] {
                    if object.get(field) != live.get(field) {
                        causes.push(Cause::forbidden(field, "field is immutable when `immutable` is set"));
                    }
                }
            }
        }
        "/configmaps" if live["immutable"] == true => {
            for field in ["immutable", "data", "binaryData"] {
                if object.get(field) != live.get(field) {
                    causes.push(Cause::forbidden(field, "field is immutable when `immutable` is set"));
                }
            }
        }
        "rbac.authorization.k8s.io/rolebindings" | "rbac.authorization.k8s.io/clusterrolebindings"
            if object["roleRef"] != live["roleRef"] =>
        {
            // Go prints the struct with the names of its fields.
            let role = &object["roleRef"];
            let shown = json!({"APIGroup": role["apiGroup"], "Kind": role["kind"], "Name": role["name"]});
            causes.push(Cause::invalid("roleRef", &shown, "cannot change roleRef"));
        }
        "storage.k8s.io/storageclasses" => {
            for field in ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] {
                if object.get(field) != live.get(field) {
                    let text = if field == "reclaimPolicy" || field == "volumeBindingMode" { IMMUTABLE } else { "" };
                    if text.is_empty() {
                        causes.push(Cause::forbidden(field, &format!("updates to {field} are forbidden.")));
                    } else {
                        causes.push(Cause::invalid(field, &object[field], text));
                    }
                }
            }
        }
        "/pods" => return pod_change(live, object),
        "apiextensions.k8s.io/customresourcedefinitions" => {
            fixed("spec.group", IMMUTABLE);
            fixed("spec.names.plural", IMMUTABLE);
            fixed("spec.scope", IMMUTABLE);
        }
        _ => {}
    }
    causes
}

fn stateful_set(live: &Json, object: &Json) -> Vec<Cause> {
    let mutable = [
        "minReadySeconds",
        "ordinals",
        "persistentVolumeClaimRetentionPolicy",
        "replicas",
        "revisionHistoryLimit",
        "template",
        "updateStrategy",
    ];
    let rest = |o: &Json| {
        let mut spec = o.at("/spec").clone();
        if let Some(map) = spec.as_object_mut() {
            map.retain(|key, _| !mutable.contains(&key.as_str()));
        }
        spec
    };
    if rest(live) == rest(object) {
        return Vec::new();
    }
    vec![Cause::forbidden(
        "spec",
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', \
         'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    )]
}

fn claim_change(live: &Json, object: &Json) -> Vec<Cause> {
    let storage = |o: &Json| quantity(o.text("/spec/resources/requests/storage"));
    let rest = |o: &Json, name: bool| {
        let mut spec = o.at("/spec").clone();
        if let Some(map) = spec.as_object_mut() {
            map.remove("volumeAttributesClassName");
            if name {
                map.remove("volumeName");
            }
        }
        spec.remove("/resources/requests");
        spec
    };
    let unbound = live.text("/spec/volumeName").is_empty();
    let mut causes = Vec::new();
    if rest(live, unbound) != rest(object, unbound) {
        causes.push(Cause::forbidden(
            "spec",
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
        ));
    } else if storage(object) != storage(live) {
        if live.text("/status/phase") != "Bound" {
            causes.push(Cause::forbidden(
                "spec",
                "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
            ));
        } else if storage(object) < storage(live) {
            causes.push(Cause::forbidden(
                "spec.resources.requests.storage",
                "field can not be less than status.capacity",
            ));
        }
    }
    causes
}

fn pod_change(live: &Json, object: &Json) -> Vec<Cause> {
    let rest = |o: &Json| {
        let mut spec = o.at("/spec").clone();
        for list in ["containers", "initContainers"] {
            for container in spec.get_mut(list).and_then(Json::as_array_mut).into_iter().flatten() {
                container.put("/image", "");
            }
        }
        for field in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName"] {
            spec.remove(&format!("/{field}"));
        }
        spec
    };
    if rest(live) == rest(object) {
        return Vec::new();
    }
    vec![Cause::forbidden(
        "spec",
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,\
         `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),\
         `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
    )]
}
