//! The life of the Job that promotes, and what can be proven of it. A volume goes back to alpha as its own only when it is
//! certain that nothing was promoted on it; a second master behind alpha's own Service would be the price of a guess.
//!
//! The Job is made suspended: before the journal says that the volume may be taken, no pod of it runs.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use serde_json::json;

use super::{Error, MANAGER, Show, detach::has_run, run::Run};
use crate::cluster::{
    DeleteOptions, Error as ClusterError, Json, LogOptions, ObjectRef, Observer, Patch, Propagation, Step, Waiting,
    wait_until,
};

/// The line that the script ends with when it failed before it changed anything.
pub const UNTOUCHED: &str = "promote: stopped; the volume is as it was";
/// The line that it says before it changes something.
pub const TAKING: &str = "promote: taking the volume";

/// The Job by its name.
pub fn reference(namespace: &str, name: &str) -> ObjectRef {
    ObjectRef::new("batch/v1", "Job", namespace, name)
}

/// Whether a Job is there and has neither failed nor is going.
pub async fn is_alive(run: &Run<'_>, job: &str) -> Result<bool, Error> {
    let Some(live) = run.cluster.get(&reference(&run.journal.namespace, job)).await? else { return Ok(false) };
    let conditions = live.pointer("/status/conditions").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let failed = conditions.iter().any(|c| {
        c.get("type").and_then(Json::as_str) == Some("Failed") && c.get("status").and_then(Json::as_str) == Some("True")
    });
    Ok(!failed && live.pointer("/metadata/deletionTimestamp").is_none())
}

/// Lets a suspended Job run. From here on the volume counts as taken, until the contrary is proven.
pub async fn release(run: &mut Run<'_>, job: &str) -> Result<(), Error> {
    if !run.journal.taken {
        run.journal.taken = true;
        run.save().await?;
    }
    let runs = Patch::Merge(json!({"spec": {"suspend": false}}));
    run.cluster.patch(&reference(&run.journal.namespace, job), &runs, None, MANAGER).await?;
    Ok(())
}

/// Removes a Job and its pods. The volume is alpha's again only if all of them prove that they left it as it was.
pub async fn settle(run: &mut Run<'_>, job: &str) -> Result<(), Error> {
    let proof = if run.journal.taken { proof(run, job).await } else { None };
    let options = DeleteOptions { propagation: Propagation::Background, ..DeleteOptions::default() };
    run.cluster.delete(&reference(&run.journal.namespace, job), &options).await?;
    let began = wait_gone(run, job, proof.as_deref().unwrap_or_default()).await?;
    if run.journal.taken {
        run.journal.taken = proof.is_none() || began;
        run.journal.touched |= run.journal.taken;
        run.save().await?;
    }
    Ok(())
}

/// Removes a Job that has ended well.
pub async fn remove(run: &Run<'_>, job: &str) -> Result<(), Error> {
    let options = DeleteOptions { propagation: Propagation::Background, ..DeleteOptions::default() };
    run.cluster.delete(&reference(&run.journal.namespace, job), &options).await?;
    wait_gone(run, job, &[]).await.map(|_| ())
}

async fn pods(run: &Run<'_>, job: &str) -> Result<Vec<Json>, ClusterError> {
    run.cluster.list("v1", "Pod", Some(&run.journal.namespace), Some(&format!("job-name={job}"))).await
}

/// The logs of a Job's pods, as far as they can be had.
pub async fn logs(run: &Run<'_>, job: &str) -> Vec<String> {
    let mut logs = Vec::new();
    for pod in pods(run, job).await.unwrap_or_default() {
        logs.extend(run.cluster.logs(&run.journal.namespace, name_of(&pod), &LogOptions::default()).await.ok());
    }
    logs
}

/// Waits until a Job's pods are gone; says whether one of `waiting` has begun after all.
async fn wait_gone(run: &Run<'_>, job: &str, waiting: &[String]) -> Result<bool, Error> {
    let began = AtomicBool::new(false);
    let look = || async {
        let pods = pods(run, job).await?;
        for pod in &pods {
            if waiting.iter().any(|name| name == name_of(pod)) && has_run(pod) {
                began.store(true, Ordering::Relaxed);
            }
        }
        let names: Vec<&str> = pods.iter().map(name_of).collect();
        Ok(if names.is_empty() { Step::Done(()) } else { Step::Pending(format!("pod/{}", names.join(", pod/"))) })
    };
    wait_until(&format!("the pods of job/{job} to end"), run.timeout, run.show, look).await?;
    Ok(began.load(Ordering::Relaxed))
}

/// What proves that a Job left the volume as it was: the names of its pods that have not begun, which may still do so;
/// `None` when there is no proof. A Job or a pod that is gone proves nothing: it may have ended well before.
async fn proof(run: &Run<'_>, job: &str) -> Option<Vec<String>> {
    if run.journal.promotion.is_some() || run.journal.touched {
        return None;
    }
    if says_untouched(run.journal.job_log.iter().map(String::as_str)) {
        return Some(Vec::new());
    }
    let namespace = &run.journal.namespace;
    let live = run.cluster.get(&reference(namespace, job)).await.ok()??;
    let pods = pods(run, job).await.ok()?;
    if pods.is_empty() || are_missing(&live, &pods) {
        return None;
    }
    let mut waiting = Vec::new();
    for pod in &pods {
        let name = name_of(pod);
        if is_waiting(pod) {
            waiting.push(name.to_owned());
            continue;
        }
        let log = run.cluster.logs(namespace, name, &LogOptions::default()).await.ok()?;
        if !says_untouched(log.lines()) {
            return None;
        }
    }
    Some(waiting)
}

/// Whether a Job has counted more pods that ended than are there.
fn are_missing(job: &Json, pods: &[Json]) -> bool {
    let counted = |key: &str| job.pointer(&format!("/status/{key}")).and_then(Json::as_u64).unwrap_or_default();
    let ended =
        |pod: &&Json| matches!(pod.pointer("/status/phase").and_then(Json::as_str), Some("Succeeded" | "Failed"));
    counted("failed") + counted("succeeded") > pods.iter().filter(ended).count() as u64
}

/// Whether a pod says of itself that no container of it has begun: it has no node yet, or all its containers wait.
fn is_waiting(pod: &Json) -> bool {
    let text = |pointer: &str| pod.pointer(pointer).and_then(Json::as_str).unwrap_or_default();
    let statuses = pod.pointer("/status/containerStatuses").and_then(Json::as_array).map(Vec::as_slice);
    let all_wait = statuses
        .is_some_and(|list| !list.is_empty() && list.iter().all(|status| status.pointer("/state/waiting").is_some()));
    text("/status/phase") == "Pending" && !has_run(pod) && (text("/spec/nodeName").is_empty() || all_wait)
}

fn says_untouched<'a>(lines: impl Iterator<Item = &'a str>) -> bool {
    let mut untouched = false;
    for line in lines {
        if line.starts_with(TAKING) {
            return false;
        }
        untouched |= line.starts_with(UNTOUCHED);
    }
    untouched
}

fn name_of(pod: &Json) -> &str {
    pod.pointer("/metadata/name").and_then(Json::as_str).unwrap_or_default()
}

/// Passes on what is observed, and keeps the lines of the log: when a Job fails, its pods may be gone before they are asked.
pub struct Heard<'a> {
    show: &'a dyn Show,
    lines: Mutex<Vec<String>>,
}

impl<'a> Heard<'a> {
    /// Nothing heard yet.
    pub fn new(show: &'a dyn Show) -> Self {
        Self { show, lines: Mutex::default() }
    }

    /// What was heard.
    pub fn lines(self) -> Vec<String> {
        self.lines.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Heard<'_> {
    fn waiting(&self, done: usize, total: usize, waiting: &[Waiting]) {
        self.show.waiting(done, total, waiting);
    }
    fn info(&self, message: &str) {
        self.show.info(message);
    }
    fn warning(&self, message: &str) {
        self.show.warning(message);
    }
    fn log_line(&self, source: &str, line: &str) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned());
        self.show.log_line(source, line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(phase: &str, node: &str, statuses: Json) -> Json {
        json!({"metadata": {"name": "p"}, "spec": {"nodeName": node}, "status": {"phase": phase, "containerStatuses": statuses}})
    }

    #[test]
    fn only_a_pod_that_says_so_has_not_begun() {
        let waits = json!([{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]);
        assert!(is_waiting(&pod("Pending", "", json!(null))));
        assert!(is_waiting(&pod("Pending", "node", waits.clone())));
        // Nothing was heard of it from its node.
        assert!(!is_waiting(&pod("Pending", "node", json!(null))));
        assert!(!is_waiting(&pod("Pending", "node", json!([]))));
        assert!(!is_waiting(&pod("Unknown", "node", waits.clone())));
        assert!(!is_waiting(&pod("Failed", "node", json!(null))));
        let again = json!([{"state": {"waiting": {}}, "lastState": {"terminated": {"exitCode": 1}}}]);
        assert!(!is_waiting(&pod("Pending", "node", again)));
        assert!(!is_waiting(&pod("Pending", "node", json!([{"state": {"running": {}}}]))));
    }

    #[test]
    fn a_log_proves_only_what_it_says() {
        assert!(says_untouched(["promote: error: no", UNTOUCHED].into_iter()));
        assert!(!says_untouched(["promote: error: no"].into_iter()));
        assert!(!says_untouched([TAKING, UNTOUCHED].into_iter()));
        assert!(!says_untouched([].into_iter()));
    }

    #[test]
    fn pods_that_ended_and_are_gone_are_missed() {
        let job = json!({"status": {"failed": 1}});
        assert!(are_missing(&job, &[pod("Pending", "", json!(null))]));
        assert!(!are_missing(&job, &[pod("Failed", "node", json!(null))]));
        assert!(!are_missing(&json!({}), &[pod("Pending", "", json!(null))]));
    }
}
