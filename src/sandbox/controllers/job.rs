//! Jobs: pods that run to their end. `CronJobs` are stored and not started.

use std::time::Duration;

use serde_json::json;

use super::super::delete::DeleteOptions;
use super::super::json::{Access, Json, is_terminating, name};
use super::super::state::{State, now};
use super::{events, pods};

const MANAGER: &str = "kube-controller-manager";
const FINALIZER: &str = "batch.kubernetes.io/job-tracking";

/// Looks at a Job. Returns when to look again.
pub fn sync(state: &mut State, space: &str, job_name: &str) -> Option<Duration> {
    let Some(job) = state.get("batch/jobs", space, job_name) else {
        release_orphans(state, space, job_name);
        return None;
    };
    let all = super::owned(state, "/pods", &job);
    if is_terminating(&job) {
        for pod in &all {
            state.remove_finalizer("/pods", pod, FINALIZER);
        }
        return None;
    }
    if let Some(end) = ended(&job) {
        for pod in &all {
            state.remove_finalizer("/pods", pod, FINALIZER);
        }
        return expire(state, &job, end);
    }
    let count = |phase: &str| all.iter().filter(|pod| pod.text("/status/phase") == phase).count() as i64;
    let (succeeded, failed) = (count("Succeeded"), count("Failed"));
    let active = all.iter().filter(|pod| pods::is_active(pod)).count() as i64;
    let completions = job.int("/spec/completions").unwrap_or(1);
    let limit = job.int("/spec/backoffLimit").unwrap_or(6);
    let restarts: i64 = all
        .iter()
        .flat_map(|pod| pod.items("/status/containerStatuses"))
        .filter_map(|status| status.int("/restartCount"))
        .sum();
    let failed_for_good =
        failed > limit || (job.text("/spec/template/spec/restartPolicy") == "OnFailure" && restarts > limit);
    let mut wait = None;
    let late = job.int("/spec/activeDeadlineSeconds").and_then(|seconds| {
        let start: jiff::Timestamp = job.text("/status/startTime").parse().ok()?;
        let left = start.as_second() + seconds - jiff::Timestamp::now().as_second();
        wait = Some(Duration::from_secs(left.max(1) as u64));
        (left <= 0).then_some(())
    });
    let suspended = job["spec"]["suspend"] == true;
    let mut status = job.at("/status").clone();
    if !status.is_object() {
        status = json!({});
    }
    if status.get("startTime").is_none() && !suspended {
        status["startTime"] = now().into();
    }
    let mut running = active;
    if succeeded >= completions {
        status["completionTime"] = now().into();
        let text = "Reached expected number of succeeded pods";
        super::condition(&mut status, "SuccessCriteriaMet", "True", "CompletionsReached", text, false);
        super::condition(&mut status, "Complete", "True", "CompletionsReached", text, false);
        events::record(state, &job, "Normal", "Completed", "Job completed", "job-controller");
    } else if failed_for_good || late.is_some() {
        let (reason, text) = if late.is_some() {
            ("DeadlineExceeded", "Job was active longer than specified deadline")
        } else {
            ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
        };
        for pod in all.iter().filter(|pod| pods::is_active(pod)) {
            pods::delete(state, &job, pod, "job-controller");
        }
        running = 0;
        super::condition(&mut status, "FailureTarget", "True", reason, text, false);
        super::condition(&mut status, "Failed", "True", reason, text, false);
        events::record(state, &job, "Warning", reason, text, "job-controller");
    } else if !suspended {
        let parallel = job.int("/spec/parallelism").unwrap_or(1);
        let wanted = parallel.min(completions - succeeded);
        for _ in active..wanted {
            let mut pod = pods::from_template(&job["spec"]["template"], &job, &super::owner("Job", "batch/v1", &job));
            pod.put("/metadata/generateName", format!("{}-", name(&job)));
            pod.list_mut("/metadata/finalizers").push(FINALIZER.into());
            if pods::create(state, &job, pod, "job-controller").is_err() {
                wait = Some(Duration::from_millis(500));
                break;
            }
            running += 1;
        }
    }
    for (field, value) in [("active", running), ("succeeded", succeeded), ("failed", failed)] {
        if value == 0 {
            status.remove(&format!("/{field}"));
        } else {
            status[field] = value.into();
        }
    }
    status["ready"] = all.iter().filter(|pod| pods::is_ready(pod)).count().into();
    status["terminating"] = all.iter().filter(|pod| is_terminating(pod)).count().into();
    status["uncountedTerminatedPods"] = json!({});
    let time = now();
    for condition in status.get_mut("conditions").and_then(Json::as_array_mut).into_iter().flatten() {
        condition.default_to("/lastProbeTime", time.clone());
    }
    let live = state.get("batch/jobs", space, job_name)?;
    let mut object = (*live).clone();
    object.put("/status", status);
    state.write_as(MANAGER, "batch/jobs", object, "status");
    wait
}

/// A Job that is gone counts no pods any more: its finalizer must not keep them.
fn release_orphans(state: &mut State, space: &str, job_name: &str) {
    let mut pods = state.store.list("/pods", Some(space));
    pods.retain(|pod| super::controller_of(pod).is_some_and(|r| r["kind"] == "Job" && r["name"] == job_name));
    for pod in &pods {
        state.remove_finalizer("/pods", pod, FINALIZER);
    }
}

/// When the Job ended, if it has.
fn ended(job: &Json) -> Option<&str> {
    let done = |c: &&Json| matches!(c["type"].as_str(), Some("Complete" | "Failed")) && c["status"] == "True";
    job.items("/status/conditions").iter().find(done).and_then(|c| c["lastTransitionTime"].as_str())
}

fn expire(state: &mut State, job: &Json, end: &str) -> Option<Duration> {
    let seconds = job.int("/spec/ttlSecondsAfterFinished")?;
    let end: jiff::Timestamp = end.parse().ok()?;
    let left = end.as_second() + seconds - jiff::Timestamp::now().as_second();
    if left > 0 {
        return Some(Duration::from_secs(left as u64));
    }
    state.delete_as("batch/jobs", job, &DeleteOptions { propagation: "Foreground".into(), ..DeleteOptions::default() });
    None
}
