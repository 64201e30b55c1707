//! Who serves behind a Service, how many pods a disruption budget lets go, and the address of Ingresses.

use serde_json::json;

use super::super::json::{Access, Json, has_labels, is_terminating, name, namespace, uid};
use super::super::selector::Labels;
use super::super::state::State;
use super::pods;

const MANAGER: &str = "kube-controller-manager";

/// Looks at a Service: writes its Endpoints and `EndpointSlice`.
pub fn sync_service(state: &mut State, space: &str, service_name: &str) {
    let Some(service) = state.get("/services", space, service_name) else {
        // The slice is owned by the Service and is collected; Endpoints share its name alone.
        if let Some(old) = state.get("/endpoints", space, service_name) {
            state.delete_as("/endpoints", &old, &super::super::delete::DeleteOptions::default());
        }
        return;
    };
    let selector = service.at("/spec/selector");
    if selector.as_object().is_none_or(serde_json::Map::is_empty) || service.text("/spec/type") == "ExternalName" {
        return;
    }
    let unready_too = service["spec"]["publishNotReadyAddresses"] == true;
    let mut members = state.store.list("/pods", Some(space));
    members.retain(|pod| has_labels(pod, selector) && !pod.text("/status/podIP").is_empty() && pods::is_active(pod));
    let address = |pod: &Json| {
        json!({"ip": pod.text("/status/podIP"), "nodeName": pod.text("/spec/nodeName"),
            "targetRef": {"kind": "Pod", "namespace": space, "name": name(pod), "uid": uid(pod)}})
    };
    let (ready, unready): (Vec<_>, Vec<_>) = members.iter().partition(|pod| unready_too || pods::is_ready(pod));
    let ports: Vec<Json> = service
        .items("/spec/ports")
        .iter()
        .map(|port| {
            let number = match port.at("/targetPort") {
                Json::Number(number) => json!(number),
                Json::String(target) => {
                    members.first().and_then(|pod| named_port(pod, target)).unwrap_or(json!(port["port"]))
                }
                _ => port["port"].clone(),
            };
            let mut out = json!({"port": number, "protocol": port["protocol"]});
            if !port.text("/name").is_empty() {
                out["name"] = port["name"].clone();
            }
            out
        })
        .collect();
    let mut subset = json!({});
    if !ready.is_empty() {
        subset["addresses"] = ready.iter().map(|pod| address(pod)).collect();
    }
    if !unready.is_empty() {
        subset["notReadyAddresses"] = unready.iter().map(|pod| address(pod)).collect();
    }
    if subset != json!({}) {
        subset["ports"] = json!(ports);
    }
    let subsets = if subset == json!({}) { json!([]) } else { json!([subset]) };
    let mut own = service["metadata"]["labels"].as_object().cloned().unwrap_or_default();
    own.insert("endpoints.kubernetes.io/managed-by".into(), "endpoint-controller".into());
    let endpoints = json!({"metadata": {"name": service_name, "namespace": space, "labels": own}, "subsets": subsets});
    put(state, "/endpoints", endpoints);
    let slice_name = format!("{service_name}-{}", &uid(&service)[..5]);
    let mut labels = service["metadata"]["labels"].as_object().cloned().unwrap_or_default();
    labels.insert("kubernetes.io/service-name".into(), service_name.into());
    labels.insert("endpointslice.kubernetes.io/managed-by".into(), "endpointslice-controller.k8s.io".into());
    let list: Vec<Json> = members
        .iter()
        .map(|pod| {
            let ready = unready_too || pods::is_ready(pod);
            json!({"addresses": [pod.text("/status/podIP")], "nodeName": pod.text("/spec/nodeName"),
                "conditions": {"ready": ready, "serving": ready, "terminating": is_terminating(pod)},
                "targetRef": {"kind": "Pod", "namespace": space, "name": name(pod), "uid": uid(pod)}})
        })
        .collect();
    let slice = json!({
        "metadata": {"name": slice_name, "namespace": space, "labels": labels,
            "ownerReferences": [super::owner("Service", "v1", &service)]},
        "addressType": "IPv4", "endpoints": list, "ports": ports,
    });
    put(state, "discovery.k8s.io/endpointslices", slice);
}

fn named_port(pod: &Json, wanted: &str) -> Option<Json> {
    pod.items("/spec/containers")
        .iter()
        .flat_map(|container| container.items("/ports"))
        .find(|port| port["name"] == wanted)
        .map(|port| port["containerPort"].clone())
}

/// Writes an object whole, whether it is there or not.
fn put(state: &mut State, key: &str, object: Json) {
    if state.get(key, namespace(&object), name(&object)).is_some() {
        state.write_as(MANAGER, key, object, "");
    } else if let Err(error) = state.create_as(MANAGER, key, object) {
        tracing::debug!(%error, key, "not made");
    }
}

/// Looks at a disruption budget.
pub fn sync_budget(state: &mut State, space: &str, budget_name: &str) {
    let Some(budget) = state.get("policy/poddisruptionbudgets", space, budget_name) else { return };
    let selector = Labels::of_workload(budget.at("/spec/selector"));
    let mut members = state.store.list("/pods", Some(space));
    members.retain(|pod| selector.matches(pod) && pods::is_active(pod));
    let expected = members.len() as i64;
    let healthy = members.iter().filter(|pod| pods::is_ready(pod)).count() as i64;
    let share = |value: &Json| match value {
        Json::String(text) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(0);
            (percent * expected + 99) / 100
        }
        value => value.as_i64().unwrap_or(0),
    };
    let desired = match budget.at("/spec/minAvailable") {
        Json::Null => (expected - share(budget.at("/spec/maxUnavailable"))).max(0),
        least => share(least),
    };
    let allowed = if expected == 0 { 0 } else { (healthy - desired).max(0) };
    let mut status = budget.at("/status").clone();
    for (field, value) in [
        ("currentHealthy", healthy),
        ("desiredHealthy", desired),
        ("disruptionsAllowed", allowed),
        ("expectedPods", expected),
    ] {
        status[field] = value.into();
    }
    status["observedGeneration"] = budget.at("/metadata/generation").clone();
    let (word, reason) = if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    super::condition(&mut status, "DisruptionAllowed", word, reason, "", false);
    for condition in status.list_mut("/conditions") {
        condition["observedGeneration"] = budget.at("/metadata/generation").clone();
    }
    let mut object = (*budget).clone();
    object.put("/status", status);
    state.write_as(MANAGER, "policy/poddisruptionbudgets", object, "status");
}

/// Looks at an Ingress: a controller is taken to serve it.
pub fn sync_ingress(state: &mut State, space: &str, ingress_name: &str) {
    let Some(ingress) = state.get("networking.k8s.io/ingresses", space, ingress_name) else { return };
    let mut object = (*ingress).clone();
    object.put("/status", json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}));
    state.write_as("ingress-controller", "networking.k8s.io/ingresses", object, "status");
}
