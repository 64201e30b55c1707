//! The node: pods are bound to it, their containers start, become ready, crash, and stop.

pub use mounts::claims;

mod mounts;
mod status;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::json;

use super::controllers::events;
use super::json::{Access, Json, is_terminating, name, namespace, uid};
use super::state::{State, now};
use super::workload::{self, Outcome};

/// What runs on the node, and what it has written.
#[derive(Debug, Default)]
pub struct Runtime {
    pods: HashMap<String, Run>,
    /// Lines by pod uid and container; the second list is of the run before.
    logs: HashMap<(String, String), (Vec<String>, Vec<String>)>,
}

impl Runtime {
    /// What a container has written, in this run or the one before.
    pub fn log(&self, uid: &str, container: &str, previous: bool) -> Option<&[String]> {
        let (current, before) = self.logs.get(&(uid.to_string(), container.to_string()))?;
        Some(if previous { before } else { current })
    }

    fn fresh_log(&mut self, uid: &str, container: &str, lines: Vec<String>) {
        let entry = self.logs.entry((uid.to_string(), container.to_string())).or_default();
        entry.1 = std::mem::replace(&mut entry.0, lines);
    }

    /// Whether the pod's containers run.
    pub fn is_running(&self, uid: &str) -> bool {
        self.pods.get(uid).is_some_and(|run| matches!(run.step, Step::Settle | Step::Running))
    }
}

/// Where a pod stands.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// It waits for a node and its volumes.
    Bind,
    /// Its sandbox and volumes are made.
    Mount,
    /// The init container with this index starts.
    Init(usize),
    /// It runs, and will end like this.
    InitRuns(usize, i32),
    /// The containers start.
    Start,
    /// They run, and become ready soon.
    Settle,
    /// They run and are ready.
    Running,
    /// They run and will end like this.
    Ends(i32),
    /// A container has failed and waits to be started again; the step to go on with.
    Backoff(Box<Step>),
    /// They are told to stop.
    Stopping,
    /// All is over.
    Ended,
}

#[derive(Debug)]
struct Run {
    step: Step,
    due: Instant,
    /// State of each init container and container: `state`, `lastState`, `ready`, `restartCount`, `started`.
    init: Vec<Json>,
    main: Vec<Json>,
    failures: u32,
    address: String,
    started: String,
}

impl Run {
    fn new(pod: &Json) -> Self {
        let waiting = |reason: &str| json!({"ready": false, "restartCount": 0, "started": false, "state": {"waiting": {"reason": reason}}, "lastState": {}});
        let has_init = !pod.items("/spec/initContainers").is_empty();
        let reason = if has_init { "PodInitializing" } else { "ContainerCreating" };
        Self {
            step: Step::Bind,
            due: Instant::now(),
            init: pod.items("/spec/initContainers").iter().map(|_| waiting("PodInitializing")).collect(),
            main: pod.items("/spec/containers").iter().map(|_| waiting(reason)).collect(),
            failures: 0,
            address: String::new(),
            started: String::new(),
        }
    }

    fn after(&mut self, step: Step, wait: Duration) -> Duration {
        self.step = step;
        self.due = Instant::now() + wait;
        wait
    }
}

/// Brings a pod one step further. Returns when to look again; `None`: when something has changed.
pub fn sync(state: &mut State, space: &str, pod_name: &str) -> Option<Duration> {
    let pod = state.get("/pods", space, pod_name)?;
    let id = uid(&pod).to_string();
    let mut run = state.runtime.pods.remove(&id).unwrap_or_else(|| Run::new(&pod));
    let wait = step(state, &pod, &mut run);
    if state.get("/pods", space, pod_name).is_some_and(|pod| uid(&pod) == id) {
        state.runtime.pods.insert(id, run);
    } else {
        state.runtime.logs.retain(|(pod, _), _| *pod != id);
    }
    wait
}

fn pause(state: &mut State, range: impl Fn(&super::config::Pace) -> std::ops::Range<u64>) -> Duration {
    let range = range(&state.config.pace);
    Duration::from_millis(state.random.within(range))
}

fn step(state: &mut State, pod: &Json, run: &mut Run) -> Option<Duration> {
    if is_terminating(pod) && !matches!(run.step, Step::Stopping) {
        if run.step == Step::Ended {
            end(state, pod, run);
            return None;
        }
        events::record(state, pod, "Normal", "Killing", &killing(pod), "kubelet");
        let wait = match pod.int("/metadata/deletionGracePeriodSeconds") {
            Some(0) => Duration::ZERO,
            _ => pause(state, |pace| pace.stop.clone()),
        };
        return Some(run.after(Step::Stopping, wait));
    }
    let early = run.due.saturating_duration_since(Instant::now());
    if !early.is_zero() && !matches!(run.step, Step::Bind) {
        return Some(early);
    }
    match run.step.clone() {
        Step::Bind => bind(state, pod, run),
        Step::Mount => Some(mount(state, pod, run)),
        Step::Init(index) => Some(init(state, pod, run, index)),
        Step::InitRuns(index, code) => init_ends(state, pod, run, index, code),
        Step::Start => Some(start(state, pod, run)),
        Step::Settle => settle(state, pod, run),
        Step::Ends(code) => ends(state, pod, run, code),
        Step::Backoff(next) => {
            run.step = *next;
            run.due = Instant::now();
            Some(Duration::ZERO)
        }
        Step::Stopping => {
            workload::stopped(state, pod);
            end(state, pod, run);
            None
        }
        Step::Running | Step::Ended => None,
    }
}

fn killing(pod: &Json) -> String {
    let container = pod.at("/spec/containers/0").text("/name");
    format!("Stopping container {container}")
}

/// The pod's last moment: its status is final, and the object goes when no finalizer holds it.
fn end(state: &mut State, pod: &Json, run: &mut Run) {
    run.step = Step::Ended;
    let Some(live) = state.get("/pods", namespace(pod), name(pod)) else { return };
    let mut object = (*live).clone();
    object.put("/metadata/deletionGracePeriodSeconds", 0);
    let kind = state.kind("/pods");
    state.finish(&kind, object);
}

fn bind(state: &mut State, pod: &Json, run: &mut Run) -> Option<Duration> {
    if pod.text("/spec/nodeName").is_empty() {
        if let Err(why) = mounts::schedulable(state, pod) {
            status::unschedulable(state, pod, &why);
            events::record(state, pod, "Warning", "FailedScheduling", &why, "default-scheduler");
            return None;
        }
        let nodes = u64::from(state.config.nodes.max(1));
        let number = state.numbers_for(&format!("node/{}/{}", namespace(pod), name(pod))).within(1..nodes + 1);
        let node = format!("sandbox-{number}");
        let mut bound = pod.clone();
        bound.put("/spec/nodeName", node.clone());
        // A binding is no update: it has no field manager and makes no new generation.
        let kind = state.kind("/pods");
        state.store.put(&kind.key, bound);
        let text = format!("Successfully assigned {}/{} to {node}", namespace(pod), name(pod));
        events::record(state, pod, "Normal", "Scheduled", &text, "default-scheduler");
    }
    let wait = pause(state, |pace| pace.start.clone());
    run.started = now();
    run.after(Step::Mount, wait);
    status::write(state, pod, run);
    Some(wait)
}

fn mount(state: &mut State, pod: &Json, run: &mut Run) -> Duration {
    if let Err(why) = mounts::volumes(state, pod) {
        events::record(state, pod, "Warning", "FailedMount", &why, "kubelet");
        return run.after(Step::Mount, Duration::from_millis(200));
    }
    if let Some(image) = mounts::missing_image(state, pod) {
        let text = format!(
            "Failed to pull image \"{image}\": rpc error: code = NotFound desc = failed to pull and unpack \
            image \"{image}\": failed to resolve reference \"{image}\": {image}: not found"
        );
        events::record(state, pod, "Warning", "Failed", &text, "kubelet");
        for container in &mut run.main {
            container["state"] = json!({"waiting": {"reason": "ImagePullBackOff",
                "message": format!("Back-off pulling image \"{image}\"")}});
        }
        status::write(state, pod, run);
        return run.after(Step::Mount, Duration::from_millis(500));
    }
    if let Err(why) = mounts::environment(state, pod) {
        events::record(state, pod, "Warning", "Failed", &format!("Error: {why}"), "kubelet");
        for container in &mut run.main {
            container["state"] = json!({"waiting": {"reason": "CreateContainerConfigError", "message": why}});
        }
        status::write(state, pod, run);
        return run.after(Step::Mount, Duration::from_millis(200));
    }
    if run.address.is_empty() {
        let number = state.next("pod address") + 1;
        run.address = format!("10.244.{}.{}", (number >> 8) & 0xff, number & 0xff);
    }
    let next = if run.init.is_empty() { Step::Start } else { Step::Init(0) };
    run.after(next, Duration::ZERO)
}

fn running() -> Json {
    json!({"running": {"startedAt": now()}})
}

fn terminated(code: i32, container: &Json) -> Json {
    let started = container["state"]["running"]["startedAt"].clone();
    let started = if started.is_null() { now().into() } else { started };
    json!({"terminated": {"exitCode": code, "reason": if code == 0 { "Completed" } else { "Error" },
        "startedAt": started, "finishedAt": now()}})
}

fn init(state: &mut State, pod: &Json, run: &mut Run, index: usize) -> Duration {
    let Some(container) = pod.items("/spec/initContainers").get(index) else {
        return run.after(Step::Start, Duration::ZERO);
    };
    let outcome = workload::init(state, pod, container);
    let (code, lines) = match outcome {
        Outcome::Ends { code, lines } => (code, lines),
        Outcome::Runs { lines, .. } => (0, lines),
        Outcome::Waits(time) => return run.after(Step::Init(index), time),
    };
    state.runtime.fresh_log(uid(pod), container.text("/name"), lines);
    run.init[index]["state"] = running();
    run.init[index]["started"] = true.into();
    status::write(state, pod, run);
    let wait = pause(state, |pace| pace.run.clone());
    run.after(Step::InitRuns(index, code), wait)
}

fn init_ends(state: &mut State, pod: &Json, run: &mut Run, index: usize, code: i32) -> Option<Duration> {
    run.init[index]["state"] = terminated(code, &run.init[index]);
    run.init[index]["ready"] = (code == 0).into();
    run.init[index]["started"] = false.into();
    if code == 0 {
        status::write(state, pod, run);
        return Some(run.after(Step::Init(index + 1), Duration::ZERO));
    }
    if pod.text("/spec/restartPolicy") == "Never" {
        run.step = Step::Ended;
        status::ended(state, pod, run, code);
        return None;
    }
    let container = pod.items("/spec/initContainers")[index].text("/name").to_string();
    Some(crash(state, pod, run, &container, Step::Init(index), true, index))
}

/// A failed container waits, twice as long each time.
fn crash(
    state: &mut State,
    pod: &Json,
    run: &mut Run,
    container: &str,
    again: Step,
    init: bool,
    index: usize,
) -> Duration {
    run.failures += 1;
    let wait = Duration::from_millis(state.config.pace.crash) * 2u32.pow((run.failures - 1).min(4));
    let entry = if init { &mut run.init[index] } else { &mut run.main[index] };
    entry["lastState"] = entry["state"].clone();
    entry["restartCount"] = (entry["restartCount"].as_i64().unwrap_or(0) + 1).into();
    let text = format!(
        "back-off {}s restarting failed container={container} pod={}_{}({})",
        wait.as_secs().max(1),
        name(pod),
        namespace(pod),
        uid(pod)
    );
    entry["state"] = json!({"waiting": {"reason": "CrashLoopBackOff", "message": text}});
    entry["ready"] = false.into();
    entry["started"] = false.into();
    status::write(state, pod, run);
    let text = format!(
        "Back-off restarting failed container {container} in pod {}_{}({})",
        name(pod),
        namespace(pod),
        uid(pod)
    );
    events::record(state, pod, "Warning", "BackOff", &text, "kubelet");
    run.after(Step::Backoff(Box::new(again)), wait)
}

fn start(state: &mut State, pod: &Json, run: &mut Run) -> Duration {
    let mut end = None;
    for (index, container) in pod.items("/spec/containers").iter().enumerate() {
        let (lines, code) = match workload::start(state, pod, container) {
            Outcome::Runs { lines, .. } => (lines, None),
            Outcome::Ends { code, lines } => (lines, Some(code)),
            Outcome::Waits(time) => return run.after(Step::Start, time),
        };
        state.runtime.fresh_log(uid(pod), container.text("/name"), lines);
        run.main[index]["state"] = running();
        run.main[index]["started"] = true.into();
        let container = container.text("/name");
        events::record(state, pod, "Normal", "Started", &format!("Container started: {container}"), "kubelet");
        if let Some(code) = code {
            end = Some(end.map_or(code, |old: i32| old.max(code)));
        }
    }
    status::write(state, pod, run);
    if let Some(code) = end {
        let wait = pause(state, |pace| pace.run.clone());
        run.after(Step::Ends(code), wait)
    } else {
        let wait = pause(state, |pace| pace.ready.clone());
        run.after(Step::Settle, wait)
    }
}

fn settle(state: &mut State, pod: &Json, run: &mut Run) -> Option<Duration> {
    if let Some(wait) = workload::unready(state, pod) {
        return Some(run.after(Step::Settle, wait));
    }
    for container in &mut run.main {
        container["ready"] = true.into();
    }
    run.step = Step::Running;
    run.failures = 0;
    status::write(state, pod, run);
    None
}

fn ends(state: &mut State, pod: &Json, run: &mut Run, code: i32) -> Option<Duration> {
    for container in &mut run.main {
        let ended = terminated(code, container);
        container["state"] = ended;
        container["started"] = false.into();
    }
    let again = match pod.text("/spec/restartPolicy") {
        "Never" => false,
        "OnFailure" => code != 0,
        _ => true,
    };
    if again {
        let container = pod.at("/spec/containers/0").text("/name").to_string();
        return Some(crash(state, pod, run, &container, Step::Start, false, 0));
    }
    run.step = Step::Ended;
    workload::stopped(state, pod);
    status::ended(state, pod, run, code);
    None
}
