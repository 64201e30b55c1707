//! The status of pods.

use serde_json::json;

use super::super::json::{Access, Json, name, namespace};
use super::super::state::{State, now};
use super::Run;

fn condition(old: &Json, kind: &str, status: bool, reason: &str, message: &str, generation: i64) -> Json {
    let word = if status { "True" } else { "False" };
    let known = old.items("/status/conditions").iter().find(|c| c["type"] == kind && c["status"] == word);
    let since = known.map_or_else(|| now().into(), |c| c["lastTransitionTime"].clone());
    let mut made = json!({"type": kind, "status": word, "lastProbeTime": null, "lastTransitionTime": since,
        "observedGeneration": generation});
    if !reason.is_empty() {
        made["reason"] = reason.into();
    }
    if !message.is_empty() {
        made["message"] = message.into();
    }
    made
}

/// The scheduler found no place.
pub fn unschedulable(state: &mut State, pod: &Json, why: &str) {
    let mut object = pod.clone();
    let generation = pod.int("/metadata/generation").unwrap_or(1);
    object.put("/status/conditions", json!([condition(pod, "PodScheduled", false, "Unschedulable", why, generation)]));
    state.write_as("kube-scheduler", "/pods", object, "status");
}

/// The pod's status as its containers are.
pub fn write(state: &mut State, pod: &Json, run: &Run) {
    let Some(live) = state.get("/pods", namespace(pod), name(pod)) else { return };
    let mut object = (*live).clone();
    fill(&mut object, &live, run, None);
    state.write_as("kubelet", "/pods", object, "status");
}

/// The pod has run to its end.
pub fn ended(state: &mut State, pod: &Json, run: &Run, code: i32) {
    let Some(live) = state.get("/pods", namespace(pod), name(pod)) else { return };
    let mut object = (*live).clone();
    fill(&mut object, &live, run, Some(if code == 0 { "Succeeded" } else { "Failed" }));
    state.write_as("kubelet", "/pods", object, "status");
}

fn fill(object: &mut Json, live: &Json, run: &Run, end: Option<&str>) {
    let initialized = run.init.iter().all(|c| c["state"]["terminated"]["exitCode"] == 0);
    let started =
        run.main.iter().any(|c| c["state"].get("running").is_some() || c["state"].get("terminated").is_some());
    let restarted = run.main.iter().any(|c| c["restartCount"].as_i64().unwrap_or(0) > 0);
    let ready = end.is_none() && !run.main.is_empty() && run.main.iter().all(|c| c["ready"] == true);
    let phase = match end {
        Some(end) => end,
        None if initialized && (started || restarted) => "Running",
        None => "Pending",
    };
    let unready = |list: &[Json], pointer: &str, key: &str, value: bool| -> String {
        let names: Vec<&str> = live
            .items(pointer)
            .iter()
            .zip(list)
            .filter(|(_, status)| (status[key] == true) != value)
            .map(|(container, _)| name_of(container))
            .collect();
        format!("[{}]", names.join(" "))
    };
    let generation = live.int("/metadata/generation").unwrap_or(1);
    let not_ready =
        format!("containers with unready status: {}", unready(&run.main, "/spec/containers", "ready", true));
    let not_initialized =
        format!("containers with incomplete status: {}", unready(&run.init, "/spec/initContainers", "ready", true));
    let (reason, message) = match (ready, end) {
        (true, _) => ("", ""),
        (_, Some("Succeeded")) => ("PodCompleted", ""),
        (_, Some(_)) => ("PodFailed", ""),
        _ => ("ContainersNotReady", not_ready.as_str()),
    };
    let conditions = vec![
        condition(live, "PodReadyToStartContainers", !run.address.is_empty() && end.is_none(), "", "", generation),
        if initialized {
            let reason = if end == Some("Succeeded") { "PodCompleted" } else { "" };
            condition(live, "Initialized", true, reason, "", generation)
        } else {
            condition(live, "Initialized", false, "ContainersNotInitialized", &not_initialized, generation)
        },
        condition(live, "Ready", ready, reason, message, generation),
        condition(live, "ContainersReady", ready, reason, message, generation),
        condition(live, "PodScheduled", true, "", "", generation),
    ];
    object.put("/status/conditions", conditions);
    object.put("/status/phase", phase);
    object.put("/status/observedGeneration", generation);
    object.default_to("/status/hostIP", "192.0.2.1");
    object.default_to("/status/hostIPs", json!([{"ip": "192.0.2.1"}]));
    if !run.started.is_empty() {
        object.default_to("/status/startTime", run.started.clone());
    }
    if !run.address.is_empty() {
        object.put("/status/podIP", run.address.clone());
        object.put("/status/podIPs", json!([{"ip": run.address}]));
    }
    let statuses = |pointer: &str, list: &[Json]| -> Vec<Json> {
        live.items(pointer)
            .iter()
            .zip(list)
            .map(|(container, status)| {
                let mut status = status.clone();
                status["name"] = container["name"].clone();
                status["image"] = container["image"].clone();
                let started = status["state"].get("waiting").is_none();
                status["imageID"] = if started { container["image"].clone() } else { "".into() };
                if started {
                    status["containerID"] =
                        format!("sandbox://{}/{}", live.text("/metadata/uid"), name_of(container)).into();
                }
                status
            })
            .collect()
    };
    if !run.init.is_empty() {
        object.put("/status/initContainerStatuses", statuses("/spec/initContainers", &run.init));
    }
    object.put("/status/containerStatuses", statuses("/spec/containers", &run.main));
}

fn name_of(container: &Json) -> &str {
    container["name"].as_str().unwrap_or_default()
}
