//! What the server itself writes into objects before they are stored: addresses, finalizers, statuses, generations.

use std::sync::Arc;

use serde_json::json;

use super::super::json::{Access, Json, name, namespace, uid};
use super::super::registry::Kind;
use super::super::state::{State, now};
use super::super::status::{ApiError, ApiResult};
use super::super::write::Call;
use super::pod;

/// Kinds that have no generation although they have a spec.
const WITHOUT_GENERATION: &[&str] = &[
    "/services",
    "/persistentvolumeclaims",
    "/persistentvolumes",
    "/nodes",
    "/namespaces",
    "/resourcequotas",
    "/limitranges",
    "coordination.k8s.io/leases",
    "autoscaling/horizontalpodautoscalers",
    "storage.k8s.io/csinodes",
    "storage.k8s.io/csidrivers",
    "storage.k8s.io/volumeattachments",
    "apiregistration.k8s.io/apiservices",
];

/// Kinds that have one although they have no spec.
const WITH_GENERATION: &[&str] = &[
    "admissionregistration.k8s.io/validatingwebhookconfigurations",
    "admissionregistration.k8s.io/mutatingwebhookconfigurations",
    "scheduling.k8s.io/priorityclasses",
    "discovery.k8s.io/endpointslices",
];

/// What objects of a kind would lead to in a real cluster, and do not here.
fn not_acted_on(kind: &Kind) -> Option<&'static str> {
    Some(match kind.key.as_ref() {
        "admissionregistration.k8s.io/validatingwebhookconfigurations"
        | "admissionregistration.k8s.io/mutatingwebhookconfigurations" => "admission webhooks",
        "admissionregistration.k8s.io/validatingadmissionpolicybindings"
        | "admissionregistration.k8s.io/mutatingadmissionpolicybindings" => "admission policies",
        "autoscaling/horizontalpodautoscalers" => "autoscaling",
        "batch/cronjobs" => "the schedule of CronJobs",
        "/resourcequotas" => "quotas",
        "/limitranges" => "limit ranges",
        "/replicationcontrollers" => "ReplicationControllers",
        "apiregistration.k8s.io/apiservices" => "aggregated API servers",
        _ => return None,
    })
}

fn has_generation(kind: &Kind, object: &Json) -> bool {
    let key = kind.key.as_ref();
    kind.custom
        || WITH_GENERATION.contains(&key)
        || (object.get("spec").is_some() && !WITHOUT_GENERATION.contains(&key))
}

/// New objects.
pub fn create(state: &mut State, kind: &Arc<Kind>, object: &mut Json, call: &mut Call) -> ApiResult<()> {
    if kind.has_status() && !matches!(kind.key.as_ref(), "/nodes" | "apiregistration.k8s.io/apiservices") {
        object.remove("/status");
    }
    if has_generation(kind, object) {
        object.put("/metadata/generation", 1);
    }
    match kind.key.as_ref() {
        "/pods" => new_pod(state, kind, object)?,
        "/services" => new_service(state, kind, object)?,
        "/namespaces" => {
            object.put("/spec/finalizers", json!(["kubernetes"]));
            object.put("/status/phase", "Active");
        }
        "/persistentvolumeclaims" => {
            add_finalizer(object, "kubernetes.io/pvc-protection");
            object.put("/status/phase", "Pending");
            if object.at("/spec/storageClassName").is_null()
                && let Some(class) = default_class(state)
            {
                object.put("/spec/storageClassName", class);
            }
        }
        "/persistentvolumes" => {
            add_finalizer(object, "kubernetes.io/pv-protection");
            object.put("/status/phase", "Pending");
        }
        "batch/jobs" => new_job(object),
        "apps/daemonsets" => {
            object.put("/metadata/annotations/deprecated.daemonset.template.generation", "1");
            let zero = json!({"currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0});
            object.put("/status", zero);
        }
        "apps/deployments" | "batch/cronjobs" => object.put("/status", json!({})),
        "apps/replicasets" | "/replicationcontrollers" => object.put("/status", json!({"replicas": 0})),
        "apps/statefulsets" => object.put("/status", json!({"replicas": 0, "availableReplicas": 0})),
        "policy/poddisruptionbudgets" => {
            let zero = json!({"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0});
            object.put("/status", zero);
        }
        "networking.k8s.io/ingresses" => object.put("/status", json!({"loadBalancer": {}})),
        "apiextensions.k8s.io/customresourcedefinitions" => new_definition(object),
        _ => {}
    }
    if let Some(what) = not_acted_on(kind) {
        call.warnings.push(format!("sandbox does not model {what}: the object is stored and nothing comes of it"));
    }
    if call.manager.is_empty() {
        call.manager = "unknown".into();
    }
    Ok(())
}

/// Changed objects.
pub fn update(state: &mut State, kind: &Arc<Kind>, live: &Arc<Json>, object: &mut Json) {
    match kind.key.as_ref() {
        "/services" => kept_service(state, live, object),
        "/pods" => {
            // Admission gave the pod these; who sends the object without them does not mean to change them.
            for field in
                ["serviceAccountName", "serviceAccount", "nodeName", "tolerations", "priority", "preemptionPolicy"]
            {
                keep(live, object, &format!("/spec/{field}"));
            }
        }
        "batch/jobs" => {
            keep(live, object, "/spec/selector");
            for label in
                ["batch.kubernetes.io~1controller-uid", "batch.kubernetes.io~1job-name", "controller-uid", "job-name"]
            {
                keep(live, object, &format!("/spec/template/metadata/labels/{label}"));
            }
        }
        "/persistentvolumeclaims" => {
            keep(live, object, "/spec/volumeName");
            keep(live, object, "/spec/storageClassName");
        }
        "/namespaces" => keep(live, object, "/spec/finalizers"),
        "apiextensions.k8s.io/customresourcedefinitions" => {
            let mut status = live.at("/status").clone();
            status["acceptedNames"] = object.at("/spec/names").clone();
            object.put("/status", status);
        }
        _ => {}
    }
    if let Some(generation) = live.int("/metadata/generation") {
        let changed = match object.as_object() {
            Some(map) => map
                .keys()
                .chain(live.as_object().into_iter().flat_map(serde_json::Map::keys))
                .filter(|key| !matches!(key.as_str(), "metadata" | "status" | "apiVersion" | "kind"))
                .any(|key| object.get(key) != live.get(key)),
            None => false,
        };
        object.put("/metadata/generation", generation + i64::from(changed));
    }
}

fn keep(live: &Json, object: &mut Json, pointer: &str) {
    let value = live.at(pointer);
    if !value.is_null() {
        object.default_to(pointer, value.clone());
    }
}

fn add_finalizer(object: &mut Json, finalizer: &str) {
    let list = object.list_mut("/metadata/finalizers");
    if !list.iter().any(|known| known == finalizer) {
        list.push(finalizer.into());
    }
}

fn default_class(state: &State) -> Option<String> {
    let classes = state.store.list("storage.k8s.io/storageclasses", None);
    let default = "/metadata/annotations/storageclass.kubernetes.io~1is-default-class";
    classes.iter().find(|class| class.text(default) == "true").map(|class| name(class).to_string())
}

fn new_pod(state: &mut State, kind: &Kind, object: &mut Json) -> ApiResult<()> {
    let account = match object.text("/spec/serviceAccountName") {
        "" => "default".to_string(),
        account => account.to_string(),
    };
    if state.get("/serviceaccounts", namespace(object), &account).is_none() {
        let why = format!(
            "error looking up service account {}/{account}: serviceaccount \"{account}\" not found",
            namespace(object)
        );
        return Err(ApiError::forbidden(kind, name(object), &why));
    }
    object.put("/spec/serviceAccount", account.clone());
    object.put("/spec/serviceAccountName", account);
    let class = object.text("/spec/priorityClassName").to_string();
    let priority = match class.as_str() {
        "" => 0,
        "system-cluster-critical" => 2_000_000_000,
        "system-node-critical" => 2_000_001_000,
        class => {
            if let Some(found) = state.get("scheduling.k8s.io/priorityclasses", "", class) {
                found.int("/value").unwrap_or(0)
            } else {
                let why = format!("no PriorityClass with name {class} was found");
                return Err(ApiError::forbidden(kind, name(object), &why));
            }
        }
    };
    object.default_to("/spec/priority", priority);
    object.default_to("/spec/preemptionPolicy", "PreemptLowerPriority");
    for taint in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerations = object.list_mut("/spec/tolerations");
        if !tolerations.iter().any(|t| t["key"] == taint) {
            tolerations
                .push(json!({"effect": "NoExecute", "key": taint, "operator": "Exists", "tolerationSeconds": 300}));
        }
    }
    let quality = pod::quality(object.at("/spec"));
    object.put("/status", json!({"phase": "Pending", "qosClass": quality}));
    Ok(())
}

fn new_job(object: &mut Json) {
    let (id, name) = (uid(object).to_string(), name(object).to_string());
    if object.at("/spec/manualSelector") != true {
        for (label, value) in [
            ("batch.kubernetes.io~1controller-uid", &id),
            ("batch.kubernetes.io~1job-name", &name),
            ("controller-uid", &id),
            ("job-name", &name),
        ] {
            object.put(&format!("/spec/template/metadata/labels/{label}"), value.clone());
            object.default_to(&format!("/metadata/labels/{label}"), value.clone());
        }
        object.put("/spec/selector/matchLabels/batch.kubernetes.io~1controller-uid", id);
    }
    object.put("/status", json!({}));
}

fn new_definition(object: &mut Json) {
    let time = now();
    let names = object.at("/spec/names").clone();
    let versions: Vec<Json> =
        object.items("/spec/versions").iter().filter(|v| v["storage"] == true).map(|v| v["name"].clone()).collect();
    object.put(
        "/status",
        json!({
            "acceptedNames": names,
            "conditions": [
                {"lastTransitionTime": time, "message": "no conflicts found", "reason": "NoConflicts", "status": "True",
                    "type": "NamesAccepted"},
                {"lastTransitionTime": time, "message": "the initial names have been accepted",
                    "reason": "InitialNamesAccepted", "status": "True", "type": "Established"},
            ],
            "storedVersions": versions,
        }),
    );
}

fn new_service(state: &mut State, kind: &Kind, object: &mut Json) -> ApiResult<()> {
    object.put("/status", json!({"loadBalancer": {}}));
    if object.text("/spec/type") == "ExternalName" {
        return Ok(());
    }
    let wanted = object.text("/spec/clusterIP").to_string();
    let taken = |state: &State, ip: &str| {
        state.store.list("/services", None).iter().any(|service| service.text("/spec/clusterIP") == ip)
    };
    let address = match wanted.as_str() {
        "" => loop {
            let number = state.next("cluster address") + 9;
            let address = format!("10.96.{}.{}", (number >> 8) & 0xff, number & 0xff);
            if !taken(state, &address) {
                break address;
            }
        },
        "None" => wanted,
        ip => {
            if taken(state, ip) {
                let text = "failed to allocate IP: provided IP is already allocated";
                let cause = super::super::status::Cause::invalid(
                    "spec.clusterIPs",
                    &json!([ip]),
                    format!("{text}: {ip}").trim_end_matches(&format!(": {ip}")),
                );
                return Err(ApiError::invalid(kind, name(object), &[cause]));
            }
            wanted
        }
    };
    object.put("/spec/clusterIP", address.clone());
    object.put("/spec/clusterIPs", json!([address]));
    object.default_to("/spec/ipFamilies", json!(["IPv4"]));
    object.default_to("/spec/ipFamilyPolicy", "SingleStack");
    node_ports(state, object);
    Ok(())
}

fn node_ports(state: &mut State, object: &mut Json) {
    if !matches!(object.text("/spec/type"), "NodePort" | "LoadBalancer")
        || object.at("/spec/allocateLoadBalancerNodePorts") == false
    {
        return;
    }
    let count = object.items("/spec/ports").len();
    for index in 0..count {
        let pointer = format!("/spec/ports/{index}/nodePort");
        if object.at(&pointer).is_null() {
            let number = state.next("node port") - 1;
            object.put(&pointer, 30_000 + number % 2768);
        }
    }
}

fn kept_service(state: &mut State, live: &Json, object: &mut Json) {
    if object.text("/spec/type") == "ExternalName" {
        return;
    }
    let (address, list) = (object.at("/spec/clusterIP").clone(), object.at("/spec/clusterIPs"));
    if address.is_string()
        && address != *live.at("/spec/clusterIP")
        && (list.is_null() || list == live.at("/spec/clusterIPs"))
    {
        object.put("/spec/clusterIPs", json!([address]));
    }
    for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"] {
        keep(live, object, &format!("/spec/{field}"));
    }
    let old = live.items("/spec/ports").to_vec();
    for port in object.pointer_mut("/spec/ports").and_then(Json::as_array_mut).into_iter().flatten() {
        if let Some(known) =
            old.iter().find(|known| known["port"] == port["port"] && known["protocol"] == port["protocol"])
            && !known["nodePort"].is_null()
        {
            port.default_to("/nodePort", known["nodePort"].clone());
        }
    }
    node_ports(state, object);
}
