//! When an object is ready, by kind: the rules of kstatus (fluxcd/cli-utils), which Helm's `--wait` follows.

use super::Json;

/// The state of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Does what it should.
    Ready,
    /// On the way; says what is missing.
    Progressing(String),
    /// Will not become ready by waiting; says why.
    Failed(String),
}

use Readiness::{Failed, Progressing, Ready};

/// The state of an object as the server holds it. A kind that no rule is known for is ready unless its conditions
/// (`Reconciling`, `Stalled`, `Ready`) say otherwise. A Job is ready as soon as it has started, as in kstatus; see
/// [`completion`].
///
/// `age`: seconds since the object was created, for pods that nobody can schedule.
pub fn readiness(object: &Json, age: i64) -> Readiness {
    if let Some(state) = generic(object) {
        return state;
    }
    let group = object["apiVersion"].as_str().unwrap_or_default().split_once('/').map_or("", |(group, _)| group);
    match (group, object["kind"].as_str().unwrap_or_default()) {
        ("", "Service") => service(object),
        ("", "Pod") => pod(object, age),
        ("", "PersistentVolumeClaim") => match text(object, "/status/phase") {
            "Bound" => Ready,
            phase => Progressing(format!("the claim is {}", if phase.is_empty() { "not seen yet" } else { phase })),
        },
        ("apps" | "extensions", "Deployment") => deployment(object),
        ("apps", "StatefulSet") => stateful_set(object),
        ("apps" | "extensions", "DaemonSet") => daemon_set(object),
        ("apps" | "extensions", "ReplicaSet") => replica_set(object),
        ("batch", "Job") => job(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => custom_resource_definition(object),
        _ => by_ready_condition(object),
    }
}

/// The state of a hook: Jobs and Pods must end well, everything else is ready by being there.
pub fn completion(object: &Json) -> Readiness {
    match (object["apiVersion"].as_str(), object["kind"].as_str()) {
        (Some("batch/v1"), Some("Job")) => match job(object) {
            Ready if condition(object, "Complete").is_none_or(|complete| complete["status"] != "True") => {
                Progressing(format!(
                    "running: {} active, {} succeeded, {} failed",
                    number(object, "/status/active"),
                    number(object, "/status/succeeded"),
                    number(object, "/status/failed")
                ))
            }
            state => state,
        },
        (Some("v1"), Some("Pod")) => match text(object, "/status/phase") {
            "Succeeded" => Ready,
            "Failed" => Failed("the pod ended with an error".into()),
            "" => Progressing("not started".into()),
            phase => Progressing(format!("pod is {phase}")),
        },
        _ => Ready,
    }
}

fn text<'a>(object: &'a Json, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

fn number_or(object: &Json, pointer: &str, default: i64) -> i64 {
    object.pointer(pointer).and_then(Json::as_i64).unwrap_or(default)
}

fn number(object: &Json, pointer: &str) -> i64 {
    number_or(object, pointer, 0)
}

fn condition<'a>(object: &'a Json, kind: &str) -> Option<&'a Json> {
    object["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind)
}

fn words(condition: &Json) -> String {
    let reason = condition["reason"].as_str().unwrap_or_default();
    match condition["message"].as_str().filter(|message| !message.is_empty()) {
        Some(message) if reason.is_empty() => message.into(),
        Some(message) => format!("{reason}: {message}"),
        None => reason.into(),
    }
}

fn generic(object: &Json) -> Option<Readiness> {
    if !text(object, "/metadata/deletionTimestamp").is_empty() {
        return Some(Progressing("being deleted".into()));
    }
    let generation = object["metadata"]["generation"].as_i64();
    let observed = object["status"]["observedGeneration"].as_i64();
    if let (Some(generation), Some(observed)) = (generation, observed)
        && generation != observed
    {
        return Some(Progressing("the latest change was not seen by its controller yet".into()));
    }
    if let Some(reconciling) = condition(object, "Reconciling").filter(|condition| condition["status"] == "True") {
        return Some(Progressing(words(reconciling)));
    }
    let stalled = condition(object, "Stalled").filter(|condition| condition["status"] == "True")?;
    Some(Failed(words(stalled)))
}

fn by_ready_condition(object: &Json) -> Readiness {
    match condition(object, "Ready") {
        Some(ready) if ready["status"] == "False" || ready["status"] == "Unknown" => {
            let words = words(ready);
            Progressing(if words.is_empty() { "not ready".into() } else { words })
        }
        _ => Ready,
    }
}

fn service(object: &Json) -> Readiness {
    if text(object, "/spec/type") == "LoadBalancer" && text(object, "/spec/clusterIP").is_empty() {
        return Progressing("no cluster address yet".into());
    }
    Ready
}

/// The first of `steps` that has fewer than wanted: (what, have, want).
fn first_short(steps: &[(&str, i64, i64)]) -> Option<Readiness> {
    let (what, have, want) = steps.iter().find(|(_, have, want)| have < want)?;
    Some(Progressing(format!("{have} of {want} pods {what}")))
}

fn surplus(have: i64, want: i64) -> Option<Readiness> {
    (have > want).then(|| Progressing(format!("{} old pods still end", have - want)))
}

fn deployment(object: &Json) -> Readiness {
    // Without a deadline the controller never says that it is done.
    let mut progressed = number_or(object, "/spec/progressDeadlineSeconds", i64::from(i32::MAX)) == i64::from(i32::MAX);
    if let Some(progressing) = condition(object, "Progressing") {
        if progressing["reason"] == "ProgressDeadlineExceeded" {
            return Failed(words(progressing));
        }
        progressed |= progressing["status"] == "True" && progressing["reason"] == "NewReplicaSetAvailable";
    }
    let available = condition(object, "Available").is_some_and(|condition| condition["status"] == "True");
    let want = number_or(object, "/spec/replicas", 1);
    let (have, updated) = (number(object, "/status/replicas"), number(object, "/status/updatedReplicas"));
    first_short(&[("created", have, want), ("updated", updated, want)])
        .or_else(|| surplus(have, want))
        .or_else(|| {
            first_short(&[
                ("available", number(object, "/status/availableReplicas"), updated),
                ("ready", number(object, "/status/readyReplicas"), want),
            ])
        })
        .or_else(|| (!progressed).then(|| Progressing("the new ReplicaSet is not available yet".into())))
        .or_else(|| (!available).then(|| Progressing("not available yet".into())))
        .unwrap_or(Ready)
}

fn stateful_set(object: &Json) -> Readiness {
    if text(object, "/spec/updateStrategy/type") == "OnDelete" {
        return Ready;
    }
    let want = number_or(object, "/spec/replicas", 1);
    let have = number(object, "/status/replicas");
    let short = first_short(&[("created", have, want), ("ready", number(object, "/status/readyReplicas"), want)]);
    if let Some(state) = short.or_else(|| surplus(have, want)) {
        return state;
    }
    let partition = number_or(object, "/spec/updateStrategy/rollingUpdate/partition", -1);
    let updated = number(object, "/status/updatedReplicas");
    if partition != -1 {
        return first_short(&[("updated", updated, want - partition)]).unwrap_or(Ready);
    }
    if let Some(state) = first_short(&[("current", number(object, "/status/currentReplicas"), want)]) {
        return state;
    }
    if text(object, "/status/currentRevision") != text(object, "/status/updateRevision") {
        return Progressing(format!("{updated} of {want} pods updated"));
    }
    Ready
}

fn daemon_set(object: &Json) -> Readiness {
    if object["metadata"]["generation"].is_null() || object["status"]["observedGeneration"].is_null() {
        return Progressing("not seen by its controller yet".into());
    }
    let want = number_or(object, "/status/desiredNumberScheduled", -1);
    if want == -1 {
        return Progressing("not counted by its controller yet".into());
    }
    first_short(&[
        ("scheduled", number(object, "/status/currentNumberScheduled"), want),
        ("updated", number(object, "/status/updatedNumberScheduled"), want),
        ("available", number(object, "/status/numberAvailable"), want),
        ("ready", number(object, "/status/numberReady"), want),
    ])
    .unwrap_or(Ready)
}

fn replica_set(object: &Json) -> Readiness {
    if let Some(failure) = condition(object, "ReplicaFailure").filter(|condition| condition["status"] == "True") {
        return Progressing(words(failure));
    }
    let want = number_or(object, "/spec/replicas", 1);
    first_short(&[
        ("labelled", number(object, "/status/fullyLabeledReplicas"), want),
        ("available", number(object, "/status/availableReplicas"), want),
        ("ready", number(object, "/status/readyReplicas"), want),
    ])
    .or_else(|| surplus(number(object, "/status/replicas"), want))
    .unwrap_or(Ready)
}

fn job(object: &Json) -> Readiness {
    if condition(object, "Complete").is_some_and(|condition| condition["status"] == "True") {
        return Ready;
    }
    if let Some(failed) = condition(object, "Failed").filter(|condition| condition["status"] == "True") {
        return Failed(words(failed));
    }
    if text(object, "/status/startTime").is_empty() { Progressing("not started".into()) } else { Ready }
}

/// How long a pod may be unscheduled before that counts as failure.
const SCHEDULE_WINDOW: i64 = 15;

fn pod(object: &Json, age: i64) -> Readiness {
    match text(object, "/status/phase") {
        // A pod that has ended is what it will be; hooks look closer.
        "Succeeded" | "Failed" => Ready,
        "Running" => {
            if condition(object, "Ready").is_some_and(|condition| condition["status"] == "True") {
                return Ready;
            }
            let containers = object["status"]["containerStatuses"].as_array().into_iter().flatten();
            let crashing: Vec<&str> = containers
                .filter(|container| container["state"]["waiting"]["reason"] == "CrashLoopBackOff")
                .filter_map(|container| container["name"].as_str())
                .collect();
            if crashing.is_empty() {
                Progressing("running, not ready".into())
            } else {
                Failed(format!("container {} crashes again and again", crashing.join(", ")))
            }
        }
        "Pending" => match condition(object, "PodScheduled").filter(|condition| condition["status"] == "False") {
            Some(unscheduled) if unscheduled["reason"] == "Unschedulable" && age > SCHEDULE_WINDOW => {
                Failed(words(unscheduled))
            }
            Some(unscheduled) => Progressing(words(unscheduled)),
            None => Progressing("pending".into()),
        },
        "" => Progressing("not seen by its node yet".into()),
        phase => Progressing(format!("phase {phase}")),
    }
}

fn custom_resource_definition(object: &Json) -> Readiness {
    if let Some(rejected) = condition(object, "NamesAccepted").filter(|condition| condition["status"] == "False") {
        return Failed(words(rejected));
    }
    match condition(object, "Established") {
        Some(established) if established["status"] == "True" => Ready,
        Some(established) if established["status"] == "False" && established["reason"] != "Installing" => {
            Failed(words(established))
        }
        _ => Progressing("not established yet".into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn progressing(words: &str) -> Readiness {
        Progressing(words.into())
    }

    fn failed(words: &str) -> Readiness {
        Failed(words.into())
    }

    /// (api version, kind, fields, expected), after the cases of kstatus' own documentation.
    #[test]
    fn every_kind_by_its_rule() {
        let deadline = json!({"replicas": 1, "progressDeadlineSeconds": 600});
        let cases = [
            ("v1", "ConfigMap", json!({}), Ready),
            ("v1", "Service", json!({"spec": {"type": "LoadBalancer"}}), progressing("no cluster address yet")),
            ("v1", "Service", json!({"spec": {"type": "ClusterIP"}}), Ready),
            (
                "v1",
                "PersistentVolumeClaim",
                json!({"status": {"phase": "Pending"}}),
                progressing("the claim is Pending"),
            ),
            ("v1", "PersistentVolumeClaim", json!({"status": {"phase": "Bound"}}), Ready),
            (
                "v1",
                "Pod",
                json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}),
                Ready,
            ),
            (
                "v1",
                "Pod",
                json!({"status": {"phase": "Running", "containerStatuses": [
                {"name": "a", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}}),
                failed("container a crashes again and again"),
            ),
            ("v1", "Pod", json!({"status": {"phase": "Pending"}}), progressing("pending")),
            (
                "v1",
                "Pod",
                json!({"status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
                "reason": "Unschedulable", "message": "0/1 nodes"}]}}),
                failed("Unschedulable: 0/1 nodes"),
            ),
            ("v1", "Pod", json!({}), progressing("not seen by its node yet")),
            ("apps/v1", "Deployment", json!({"spec": deadline}), progressing("0 of 1 pods created")),
            (
                "apps/v1",
                "Deployment",
                json!({"spec": deadline, "status": {"replicas": 2, "updatedReplicas": 1}}),
                progressing("1 old pods still end"),
            ),
            (
                "apps/v1",
                "Deployment",
                json!({"spec": deadline, "status": {"replicas": 1, "updatedReplicas": 1}}),
                progressing("0 of 1 pods available"),
            ),
            (
                "apps/v1",
                "Deployment",
                json!({"spec": deadline, "status": {"conditions": [{"type": "Progressing", "status": "False",
                "reason": "ProgressDeadlineExceeded"}]}}),
                failed("ProgressDeadlineExceeded"),
            ),
            (
                "apps/v1",
                "Deployment",
                json!({"spec": deadline, "status": {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1,
                "readyReplicas": 1, "conditions": [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
                {"type": "Available", "status": "True"}]}}),
                Ready,
            ),
            (
                "apps/v1",
                "Deployment",
                json!({"metadata": {"generation": 2}, "status": {"observedGeneration": 1}}),
                progressing("the latest change was not seen by its controller yet"),
            ),
            (
                "apps/v1",
                "StatefulSet",
                json!({"spec": {"replicas": 2}, "status": {"replicas": 2, "readyReplicas": 1}}),
                progressing("1 of 2 pods ready"),
            ),
            (
                "apps/v1",
                "StatefulSet",
                json!({"spec": {"replicas": 1}, "status": {"replicas": 2, "readyReplicas": 1}}),
                progressing("1 old pods still end"),
            ),
            (
                "apps/v1",
                "StatefulSet",
                json!({"spec": {"replicas": 1}, "status": {"replicas": 1, "readyReplicas": 1, "currentReplicas": 1,
                "currentRevision": "a", "updateRevision": "b"}}),
                progressing("0 of 1 pods updated"),
            ),
            (
                "apps/v1",
                "StatefulSet",
                json!({"spec": {"replicas": 1}, "status": {"replicas": 1, "readyReplicas": 1, "currentReplicas": 1,
                "currentRevision": "a", "updateRevision": "a"}}),
                Ready,
            ),
            ("apps/v1", "StatefulSet", json!({"spec": {"updateStrategy": {"type": "OnDelete"}}}), Ready),
            (
                "apps/v1",
                "StatefulSet",
                json!({"spec": {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
                "status": {"replicas": 3, "readyReplicas": 3}}),
                progressing("0 of 1 pods updated"),
            ),
            ("apps/v1", "DaemonSet", json!({}), progressing("not seen by its controller yet")),
            (
                "apps/v1",
                "DaemonSet",
                json!({"metadata": {"generation": 1}, "status": {"observedGeneration": 1, "desiredNumberScheduled": 0}}),
                Ready,
            ),
            ("apps/v1", "ReplicaSet", json!({"spec": {"replicas": 1}}), progressing("0 of 1 pods labelled")),
            ("batch/v1", "Job", json!({}), progressing("not started")),
            ("batch/v1", "Job", json!({"status": {"startTime": "x", "active": 1}}), Ready),
            (
                "batch/v1",
                "Job",
                json!({"status": {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}}),
                failed("BackoffLimitExceeded"),
            ),
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition", json!({}), progressing("not established yet")),
            (
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                json!({"status": {"conditions": [
                {"type": "Established", "status": "True"}]}}),
                Ready,
            ),
            ("x/v1", "Any", json!({}), Ready),
            (
                "x/v1",
                "Any",
                json!({"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "No"}]}}),
                progressing("No"),
            ),
            (
                "x/v1",
                "Any",
                json!({"status": {"conditions": [{"type": "Stalled", "status": "True", "message": "bad"}]}}),
                failed("bad"),
            ),
            ("x/v1", "Any", json!({"metadata": {"deletionTimestamp": "2026"}}), progressing("being deleted")),
        ];
        for (api_version, kind, mut object, expected) in cases {
            object["apiVersion"] = api_version.into();
            object["kind"] = kind.into();
            assert_eq!(readiness(&object, 60), expected, "{object}");
        }
    }

    #[test]
    fn hooks_must_end() {
        let job = |status: Json| json!({"apiVersion": "batch/v1", "kind": "Job", "status": status});
        assert_eq!(
            completion(&job(json!({"startTime": "x", "active": 1}))),
            progressing("running: 1 active, 0 succeeded, 0 failed")
        );
        assert_eq!(completion(&job(json!({"conditions": [{"type": "Complete", "status": "True"}]}))), Ready);
        let pod = |phase: &str| json!({"apiVersion": "v1", "kind": "Pod", "status": {"phase": phase}});
        assert_eq!(completion(&pod("Running")), progressing("pod is Running"));
        assert_eq!(completion(&pod("Succeeded")), Ready);
        assert_eq!(completion(&pod("Failed")), failed("the pod ended with an error"));
        assert_eq!(completion(&json!({"apiVersion": "v1", "kind": "ConfigMap"})), Ready);
    }
}
