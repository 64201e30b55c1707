//! Default values of the built-in kinds, as the API server fills them in.

use serde_json::json;

use super::super::json::{Access, Json};
use super::super::registry::Kind;
use super::pod;

fn each(object: &mut Json, pointer: &str, mut change: impl FnMut(&mut Json)) {
    if let Some(items) = object.pointer_mut(pointer).and_then(Json::as_array_mut) {
        items.iter_mut().for_each(&mut change);
    }
}

/// Fills in what was left out.
pub fn set(kind: &Kind, object: &mut Json) {
    match kind.key.as_ref() {
        "/pods" => {
            if let Some(spec) = object.get_mut("spec") {
                pod::defaults(spec);
                pod::requests(spec);
            }
            object.default_to("/spec/enableServiceLinks", true);
        }
        "apps/deployments" => deployment(object),
        "apps/statefulsets" => stateful_set(object),
        "apps/daemonsets" => daemon_set(object),
        "apps/replicasets" | "/replicationcontrollers" => {
            object.default_to("/spec/replicas", 1);
            template(object, "/spec/template");
        }
        "batch/jobs" => job(object, ""),
        "batch/cronjobs" => {
            object.default_to("/spec/concurrencyPolicy", "Allow");
            object.default_to("/spec/suspend", false);
            object.default_to("/spec/successfulJobsHistoryLimit", 3);
            object.default_to("/spec/failedJobsHistoryLimit", 1);
            object.default_to("/spec/jobTemplate/metadata", json!({}));
            object.default_to("/spec/jobTemplate/spec/template/metadata", json!({}));
            template(object, "/spec/jobTemplate/spec/template");
        }
        "/services" => service(object),
        "/secrets" => {
            string_data(object);
            object.default_to("/type", "Opaque");
        }
        "/persistentvolumeclaims" => object.default_to("/spec/volumeMode", "Filesystem"),
        "/persistentvolumes" => {
            object.default_to("/spec/volumeMode", "Filesystem");
            object.default_to("/spec/persistentVolumeReclaimPolicy", "Retain");
            if object.at("/spec/hostPath").is_object() {
                object.default_to("/spec/hostPath/type", "");
            }
        }
        "/namespaces" => {
            let name = super::super::json::name(object).to_string();
            if !name.is_empty() {
                object.put("/metadata/labels/kubernetes.io~1metadata.name", name);
            }
        }
        "/endpoints" => each(object, "/subsets", |set| each(set, "/ports", |port| port.default_to("/protocol", "TCP"))),
        "discovery.k8s.io/endpointslices" => each(object, "/ports", |port| {
            port.default_to("/protocol", "TCP");
            port.default_to("/name", "");
        }),
        "storage.k8s.io/storageclasses" => {
            object.default_to("/reclaimPolicy", "Delete");
            object.default_to("/volumeBindingMode", "Immediate");
        }
        "autoscaling/horizontalpodautoscalers" => {
            object.default_to("/spec/minReplicas", 1);
            if object.items("/spec/metrics").is_empty() {
                let target = json!({"averageUtilization": 80, "type": "Utilization"});
                object
                    .put("/spec/metrics", json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]));
            }
        }
        "networking.k8s.io/networkpolicies" => network_policy(object),
        "rbac.authorization.k8s.io/rolebindings" | "rbac.authorization.k8s.io/clusterrolebindings" => {
            object.default_to("/roleRef/apiGroup", "rbac.authorization.k8s.io");
            each(object, "/subjects", |subject| {
                if matches!(subject.text("/kind"), "User" | "Group") {
                    subject.default_to("/apiGroup", "rbac.authorization.k8s.io");
                }
            });
        }
        "scheduling.k8s.io/priorityclasses" => object.default_to("/preemptionPolicy", "PreemptLowerPriority"),
        "admissionregistration.k8s.io/validatingwebhookconfigurations"
        | "admissionregistration.k8s.io/mutatingwebhookconfigurations" => {
            let mutating = kind.kind.starts_with("Mutating");
            each(object, "/webhooks", |hook| webhook(hook, mutating));
        }
        "admissionregistration.k8s.io/validatingadmissionpolicies" => {
            object.default_to("/spec/failurePolicy", "Fail");
            if object.at("/spec/matchConstraints").is_object() {
                object.default_to("/spec/matchConstraints/matchPolicy", "Equivalent");
                object.default_to("/spec/matchConstraints/namespaceSelector", json!({}));
                object.default_to("/spec/matchConstraints/objectSelector", json!({}));
            }
            each(object, "/spec/matchConstraints/resourceRules", |rule| rule.default_to("/scope", "*"));
        }
        "apiextensions.k8s.io/customresourcedefinitions" => {
            object.default_to("/spec/conversion/strategy", "None");
            let kind = object.text("/spec/names/kind").to_string();
            object.default_to("/spec/names/singular", kind.to_lowercase());
            object.default_to("/spec/names/listKind", format!("{kind}List"));
        }
        "apiregistration.k8s.io/apiservices" if object.at("/spec/service").is_object() => {
            object.default_to("/spec/service/port", 443);
        }
        _ => {}
    }
}

fn template(object: &mut Json, pointer: &str) {
    if let Some(spec) = object.pointer_mut(&format!("{pointer}/spec")) {
        pod::defaults(spec);
    }
}

fn deployment(object: &mut Json) {
    object.default_to("/spec/replicas", 1);
    object.default_to("/spec/revisionHistoryLimit", 10);
    object.default_to("/spec/progressDeadlineSeconds", 600);
    object.default_to("/spec/strategy/type", "RollingUpdate");
    if object.text("/spec/strategy/type") == "RollingUpdate" {
        object.default_to("/spec/strategy/rollingUpdate/maxSurge", "25%");
        object.default_to("/spec/strategy/rollingUpdate/maxUnavailable", "25%");
    }
    template(object, "/spec/template");
}

fn stateful_set(object: &mut Json) {
    object.default_to("/spec/replicas", 1);
    object.default_to("/spec/revisionHistoryLimit", 10);
    object.default_to("/spec/podManagementPolicy", "OrderedReady");
    if object.text("/spec/updateStrategy/type").is_empty() {
        object.put("/spec/updateStrategy/type", "RollingUpdate");
        object.default_to("/spec/updateStrategy/rollingUpdate", json!({}));
    }
    // Who names the type and nothing else gets nothing else.
    if object.at("/spec/updateStrategy/rollingUpdate").is_object() {
        object.default_to("/spec/updateStrategy/rollingUpdate/partition", 0);
    }
    object.default_to("/spec/persistentVolumeClaimRetentionPolicy/whenDeleted", "Retain");
    object.default_to("/spec/persistentVolumeClaimRetentionPolicy/whenScaled", "Retain");
    template(object, "/spec/template");
    each(object, "/spec/volumeClaimTemplates", |claim| {
        claim.put("/apiVersion", "v1");
        claim.put("/kind", "PersistentVolumeClaim");
        claim.default_to("/spec/volumeMode", "Filesystem");
        claim.put("/status", json!({"phase": "Pending"}));
    });
}

fn daemon_set(object: &mut Json) {
    object.default_to("/spec/revisionHistoryLimit", 10);
    object.default_to("/spec/updateStrategy/type", "RollingUpdate");
    if object.text("/spec/updateStrategy/type") == "RollingUpdate" {
        object.default_to("/spec/updateStrategy/rollingUpdate/maxSurge", 0);
        object.default_to("/spec/updateStrategy/rollingUpdate/maxUnavailable", 1);
    }
    template(object, "/spec/template");
}

fn job(object: &mut Json, at: &str) {
    let spec = format!("{at}/spec");
    let indexed = object.text(&format!("{spec}/completionMode")) == "Indexed";
    let (completions, parallelism) =
        (object.int(&format!("{spec}/completions")), object.int(&format!("{spec}/parallelism")));
    if completions.is_none() && parallelism.is_none() && !indexed {
        object.put(&format!("{spec}/completions"), 1);
    }
    object.default_to(&format!("{spec}/parallelism"), 1);
    object.default_to(&format!("{spec}/backoffLimit"), 6);
    object.default_to(&format!("{spec}/completionMode"), "NonIndexed");
    object.default_to(&format!("{spec}/suspend"), false);
    object.default_to(&format!("{spec}/manualSelector"), false);
    object.default_to(&format!("{spec}/podReplacementPolicy"), "TerminatingOrFailed");
    template(object, &format!("{spec}/template"));
}

fn service(object: &mut Json) {
    object.default_to("/spec/sessionAffinity", "None");
    object.default_to("/spec/type", "ClusterIP");
    if object.text("/spec/sessionAffinity") == "ClientIP" {
        object.default_to("/spec/sessionAffinityConfig/clientIP/timeoutSeconds", 10_800);
    }
    let kind = object.text("/spec/type").to_string();
    each(object, "/spec/ports", |port| {
        port.default_to("/protocol", "TCP");
        let number = port.at("/port").clone();
        if !number.is_null() && matches!(port.at("/targetPort"), Json::Null) {
            port.put("/targetPort", number);
        }
    });
    if kind == "ExternalName" {
        return;
    }
    object.default_to("/spec/internalTrafficPolicy", "Cluster");
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        object.default_to("/spec/externalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        object.default_to("/spec/allocateLoadBalancerNodePorts", true);
    }
}

fn network_policy(object: &mut Json) {
    for direction in ["/spec/ingress", "/spec/egress"] {
        each(object, direction, |rule| {
            each(rule, "/ports", |port| port.default_to("/protocol", "TCP"));
        });
    }
    if object.items("/spec/policyTypes").is_empty() {
        let mut types = vec!["Ingress"];
        if !object.items("/spec/egress").is_empty() {
            types.push("Egress");
        }
        object.put("/spec/policyTypes", types);
    }
}

fn webhook(hook: &mut Json, mutating: bool) {
    hook.default_to("/failurePolicy", "Fail");
    hook.default_to("/matchPolicy", "Equivalent");
    hook.default_to("/timeoutSeconds", 10);
    hook.default_to("/namespaceSelector", json!({}));
    hook.default_to("/objectSelector", json!({}));
    if mutating {
        hook.default_to("/reinvocationPolicy", "Never");
    }
    if hook.at("/clientConfig/service").is_object() {
        hook.default_to("/clientConfig/service/port", 443);
    }
    each(hook, "/rules", |rule| rule.default_to("/scope", "*"));
}

/// `stringData` is for writing alone: it ends in `data`.
fn string_data(object: &mut Json) {
    use base64::Engine;
    let Some(Json::Object(strings)) = object.remove("/stringData") else { return };
    for (key, value) in strings {
        let encoded = base64::engine::general_purpose::STANDARD.encode(value.as_str().unwrap_or_default());
        object.put(&format!("/data/{}", super::super::json::escape(&key)), encoded);
    }
}
