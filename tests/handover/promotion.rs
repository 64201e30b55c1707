//! A volume that may have been promoted never goes back to alpha as its own.

use std::time::Duration;

use vulas_native::{
    cluster::{DeleteOptions, Json, ObjectRef, Propagation, Silent},
    handover::{self, RetreatOptions, State},
};

use super::{Journal, Sandbox, Stage};

/// An upgrade that is killed when it has written its Job `wanted` times; the name of the Job.
fn killed_in_promotion(sandbox: &Sandbox, wanted: usize) -> String {
    let stage = &sandbox.stage;
    stage.sql("alpha-database-master-0", "CREATE TABLE visit (id bigint, note text);");
    assert!(sandbox.killed_at(wanted, |write| write.path.contains("/jobs") && !write.dry_run));
    journal(stage).job.unwrap()
}

fn journal(stage: &Stage) -> Journal {
    stage.runtime.block_on(Journal::load(&stage.cluster, &stage.core)).unwrap().unwrap()
}

fn claim(stage: &Stage) -> Json {
    let claim = stage.get(&stage.namespaced("v1", "PersistentVolumeClaim", "data-alpha-database-slave-1"));
    claim.unwrap()["metadata"]["uid"].clone()
}

fn pods(stage: &Stage, job: &str) -> Vec<String> {
    let selector = format!("job-name={job}");
    let pods = stage.runtime.block_on(stage.cluster.list("v1", "Pod", Some(&stage.core), Some(&selector))).unwrap();
    pods.iter().map(|pod| pod["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

/// Waits until the Job has promoted the volume though nobody follows it any more.
fn promoted(stage: &Stage, job: &str) {
    let job = stage.namespaced("batch/v1", "Job", job);
    stage.until("the Job to end", Duration::from_secs(20), || {
        stage.get(&job).is_some_and(|job| job["status"]["succeeded"] == 1)
    });
}

fn delete(stage: &Stage, object: &ObjectRef) {
    let options = DeleteOptions { propagation: Propagation::Background, ..DeleteOptions::default() };
    stage.runtime.block_on(stage.cluster.delete(object, &options)).unwrap();
}

/// Retreats; says whether the volume was kept for alpha.
fn kept_by_retreat(sandbox: &Sandbox) -> bool {
    let stage = &sandbox.stage;
    let before = claim(stage);
    let options = RetreatOptions { timeout: Some(Duration::from_secs(30)), ..sandbox.retreat_options() };
    let taken_back = handover::retreat(&stage.cluster, &Silent, &options);
    let journal = stage.runtime.block_on(taken_back).unwrap();
    assert_eq!(journal.state, State::Retreated);
    // It was not tried first whether alpha can live on it.
    assert!(!journal.warnings.iter().any(|words| words.contains("is cloned anew")), "{:?}", journal.warnings);
    stage.replica_follows("visit");
    claim(stage) == before
}

#[test]
fn a_job_whose_pods_are_gone_proves_nothing() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    let job = killed_in_promotion(&sandbox, 2);
    promoted(stage, &job);
    for pod in pods(stage, &job) {
        delete(stage, &stage.namespaced("v1", "Pod", &pod));
    }
    stage.until("the pods to be gone", Duration::from_secs(20), || pods(stage, &job).is_empty());
    assert!(!kept_by_retreat(&sandbox));
}

#[test]
fn a_job_that_is_gone_proves_nothing() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    let job = killed_in_promotion(&sandbox, 2);
    promoted(stage, &job);
    delete(stage, &stage.namespaced("batch/v1", "Job", &job));
    stage.until("the pods to be gone", Duration::from_secs(20), || pods(stage, &job).is_empty());
    assert!(!kept_by_retreat(&sandbox));
}

#[test]
fn a_job_that_was_never_let_run_took_nothing() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    let job = killed_in_promotion(&sandbox, 1);
    assert!(!journal(stage).taken);
    std::thread::sleep(Duration::from_millis(500));
    assert!(pods(stage, &job).is_empty(), "a pod runs before the journal says that the volume may be taken");
    assert!(kept_by_retreat(&sandbox));
    assert!(stage.get(&stage.namespaced("batch/v1", "Job", &job)).is_none());
}
