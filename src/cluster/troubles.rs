//! Events and log excerpts of pods that do not become ready: why a wait takes long, in the cluster's own words.

use super::{Cluster, Json, LogOptions, ObjectRef};

/// Log lines shown per container in trouble.
const LOG_LINES: u32 = 8;
/// Pods looked at per object: the others fail for the same reason.
const PODS: usize = 2;

impl Cluster {
    /// What keeps an object from being ready: states of its pods' containers, warning events, the end of their logs.
    /// Empty when there is nothing to say, or it cannot be read.
    pub(super) async fn troubles(&self, object: &ObjectRef) -> String {
        let mut told = Told::default();
        told.add_all(self.warnings_of(object).await);
        for pod in self.pods_of(object).await.iter().filter(|pod| !is_fine(pod)).take(PODS) {
            let name = ObjectRef::of(pod);
            for state in container_states(pod) {
                told.add(format!("{name}: "), &state);
            }
            if name != *object {
                told.add_all(self.warnings_of(&name).await);
            }
            for line in self.log_ends(pod).await {
                told.0.push(line);
            }
        }
        let lines: Vec<String> = told.0.iter().map(|line| format!("\n  {line}")).collect();
        lines.concat()
    }

    /// One short clause about the first pod in trouble (`pod/x: ImagePullBackOff`), for a line of progress.
    pub(super) async fn brief_trouble(&self, object: &ObjectRef) -> Option<String> {
        let pods = self.pods_of(object).await;
        let pod = pods.iter().find(|pod| !is_fine(pod))?;
        let state = container_states(pod).into_iter().next()?;
        Some(format!("{}: {state}", ObjectRef::of(pod)))
    }

    /// The pods of a workload, or the pod itself; empty when they cannot be read.
    pub async fn pods_of(&self, object: &ObjectRef) -> Vec<Json> {
        let namespace = object.namespace.as_deref().unwrap_or(self.namespace());
        if object.kind == "Pod" {
            return self.get(object).await.ok().flatten().into_iter().collect();
        }
        if !matches!(object.kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job") {
            return Vec::new();
        }
        let Ok(Some(live)) = self.get(object).await else { return Vec::new() };
        let Some(labels) = live["spec"]["selector"]["matchLabels"].as_object() else { return Vec::new() };
        let selector: Vec<String> =
            labels.iter().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect();
        self.list("v1", "Pod", Some(namespace), Some(&selector.join(","))).await.unwrap_or_default()
    }

    /// Warning events: whose, and what they say.
    async fn warnings_of(&self, object: &ObjectRef) -> Vec<(String, String)> {
        let events = self.events(object).await.unwrap_or_default();
        let warnings = events.iter().filter(|event| event.warning).rev().take(3);
        warnings
            .map(|event| {
                let times = if event.count > 1 { format!(" ({} times)", event.count) } else { String::new() };
                (format!("{object}: {}: ", event.reason), format!("{}{times}", event.message))
            })
            .collect()
    }

    async fn log_ends(&self, pod: &Json) -> Vec<String> {
        let name = ObjectRef::of(pod);
        let namespace = name.namespace.as_deref().unwrap_or_default();
        let mut lines = Vec::new();
        for container in statuses(pod).filter(|status| status["ready"] != true || is_terminated_badly(status)) {
            let container_name = container["name"].as_str().unwrap_or_default();
            let options = LogOptions {
                container: Some(container_name.into()),
                tail: Some(LOG_LINES),
                previous: container["state"]["waiting"].is_object() && container["lastState"]["terminated"].is_object(),
            };
            // A container that never started has no log.
            let Ok(log) = self.logs(namespace, &name.name, &options).await else { continue };
            lines.extend(log.lines().map(|line| format!("{name} [{container_name}] {line}")));
        }
        lines
    }
}

/// Lines that do not say the same twice: a pod's condition and its event often do.
#[derive(Default)]
struct Told(Vec<String>);

impl Told {
    fn add(&mut self, head: String, words: &str) {
        let said = words.split_once(": ").map_or(words, |(_, rest)| rest);
        if !self.0.iter().any(|line| line.contains(said)) {
            self.0.push(head + words);
        }
    }

    fn add_all(&mut self, lines: Vec<(String, String)>) {
        for (head, words) in lines {
            self.add(head, &words);
        }
    }
}

fn statuses(pod: &Json) -> impl Iterator<Item = &Json> {
    ["initContainerStatuses", "containerStatuses"]
        .into_iter()
        .flat_map(|key| pod["status"][key].as_array().into_iter().flatten())
}

fn is_terminated_badly(status: &Json) -> bool {
    status["state"]["terminated"]["exitCode"].as_i64().is_some_and(|code| code != 0)
}

fn phase(pod: &Json) -> &str {
    pod["status"]["phase"].as_str().unwrap_or("not seen by its node yet")
}

fn is_fine(pod: &Json) -> bool {
    let ready = pod["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|c| c["type"] == "Ready" && c["status"] == "True");
    ready || phase(pod) == "Succeeded"
}

/// `container db waits: CrashLoopBackOff: back-off 10s`, `container db ended with exit code 1`
fn container_states(pod: &Json) -> Vec<String> {
    let words = |state: &Json| {
        let reason = state["reason"].as_str().unwrap_or_default();
        match state["message"].as_str().map(str::trim).filter(|message| !message.is_empty()) {
            Some(message) => format!("{reason}: {}", message.lines().next().unwrap_or_default()),
            None => reason.to_owned(),
        }
    };
    let describe = |status: &Json| {
        let name = status["name"].as_str().unwrap_or_default();
        let (state, last) = (&status["state"], &status["lastState"]["terminated"]);
        if state["waiting"].is_object() {
            let exit = last["exitCode"].as_i64().map_or(String::new(), |code| format!(", last exit code {code}"));
            return Some(format!("container {name} waits: {}{exit}", words(&state["waiting"])));
        }
        if is_terminated_badly(status) {
            let code = state["terminated"]["exitCode"].as_i64().unwrap_or_default();
            return Some(format!("container {name} ended with exit code {code} ({})", words(&state["terminated"])));
        }
        (state["running"].is_object() && status["ready"] == false)
            .then(|| format!("container {name} runs but is not ready"))
    };
    let mut states: Vec<String> = statuses(pod).filter_map(describe).collect();
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    states.extend(conditions.filter(|c| c["type"] == "PodScheduled" && c["status"] == "False").map(words));
    states
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn container_states_in_words() {
        let pod = json!({"status": {
        "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}],
        "initContainerStatuses": [{"name": "init", "state": {"terminated": {"exitCode": 0}}}],
        "containerStatuses": [
            {"name": "a", "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
             "lastState": {"terminated": {"exitCode": 2}}},
            {"name": "b", "state": {"terminated": {"exitCode": 1, "reason": "Error"}}},
            {"name": "c", "state": {"running": {}}, "ready": false},
            {"name": "d", "state": {"running": {}}, "ready": true},
        ]}});
        assert_eq!(
            container_states(&pod),
            [
                "container a waits: CrashLoopBackOff: back-off, last exit code 2",
                "container b ended with exit code 1 (Error)",
                "container c runs but is not ready",
                "Unschedulable: 0/1 nodes",
            ]
        );
        assert!(!is_fine(&pod));
    }
}
