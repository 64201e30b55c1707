//! Beta's volume is the newest copy of the database when alpha's master is gone: nothing may be taken from beta then.

use std::{sync::Arc, time::Duration};

use vulas_native::{
    cluster::{Cluster, Json, ObjectRef, Patch, Silent},
    handover::{self, RetreatOptions, State},
};

use super::{Journal, Sandbox, Stage, meanwhile::Meanwhile};

const CLAIM: &str = "data-alpha-database-slave-1";
const ALPHA: &str = "alpha-database-master-0";
const BETA: &str = "beta-database-master-0";

async fn scale_master(cluster: &Cluster, namespace: &str, replicas: u32) {
    let master = ObjectRef::new("apps/v1", "StatefulSet", namespace, "alpha-database-master");
    let wanted = Patch::Merge(serde_json::json!({"spec": {"replicas": replicas}}));
    cluster.patch(&master, &wanted, None, "test").await.unwrap();
    let pod = ObjectRef::new("v1", "Pod", namespace, ALPHA);
    while cluster.get(&pod).await.unwrap().is_some() != (replicas > 0) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn master_goes(stage: &Stage) {
    stage.runtime.block_on(scale_master(&stage.cluster, &stage.core, 0));
}

fn master_comes_back(stage: &Stage) {
    stage.runtime.block_on(scale_master(&stage.cluster, &stage.core, 1));
    stage.until("alpha's master to answer", Duration::from_secs(20), || stage.try_sql(ALPHA, "SELECT 1;").is_ok());
}

/// The claim by its uid, and the reclaim policy of its volume.
fn volume(stage: &Stage) -> (Json, Json) {
    let claim = stage.get(&stage.namespaced("v1", "PersistentVolumeClaim", CLAIM)).expect("the claim is gone");
    assert!(claim["metadata"].get("deletionTimestamp").is_none(), "the claim is being deleted");
    let volume = ObjectRef::cluster_wide("v1", "PersistentVolume", claim["spec"]["volumeName"].as_str().unwrap());
    let policy = stage.get(&volume).unwrap()["spec"]["persistentVolumeReclaimPolicy"].clone();
    (claim["metadata"]["uid"].clone(), policy)
}

fn state(stage: &Stage) -> State {
    stage.runtime.block_on(Journal::load(&stage.cluster, &stage.core)).unwrap().unwrap().state
}

fn with_rows() -> Sandbox {
    let sandbox = Sandbox::small();
    sandbox.stage.sql(ALPHA, "CREATE TABLE visit (id bigint, note text);");
    sandbox.stage.sql(ALPHA, "INSERT INTO visit SELECT g, 'row' FROM generate_series(1, 1000) g;");
    sandbox
}

#[test]
fn a_retreat_begins_only_when_alpha_can_take_over() {
    let sandbox = with_rows();
    let stage = &sandbox.stage;
    stage.upgrade(&[]).ended(0);
    let before = volume(stage);
    master_goes(stage);
    stage
        .retreat(&["--timeout", "2s"])
        .ended(4)
        .said("alpha can't take over")
        .said("persistentvolumeclaim/data-alpha-database-slave-1")
        .said("may be the newest copy of the database")
        .said("or go over to beta, as it is: vulas-native route")
        .said("Nothing has been changed.");
    assert_eq!(volume(stage), before);
    assert_eq!(state(stage), State::Up);
    assert_eq!(stage.count(BETA, "visit"), 1000);
    master_comes_back(stage);
    stage.retreat(&[]).ended(0).said("alpha is as it was");
    stage.replica_follows("visit");
}

#[test]
fn a_failed_upgrade_deletes_nothing_while_alphas_master_is_gone() {
    let sandbox = with_rows();
    let stage = &sandbox.stage;
    // The image can be named, but not pulled: beta never becomes ready.
    let missing = ["--set", "restbackend.enabled=true,restbackend.image.tag=does-not-exist", "--timeout", "20s"];
    let ran = stage.upgrade_while(&missing, "6 install", |_| master_goes(stage));
    ran.ended(3).said("step 6 of 8 (install) failed").said("alpha can't take over").said("may be the newest copy");
    let (_, policy) = volume(stage);
    assert_eq!(policy, "Retain");
    master_comes_back(stage);
    stage.retreat(&[]).ended(0);
    stage.replica_follows("visit");
}

#[test]
fn the_volume_is_kept_when_alphas_master_goes_at_the_last_moment() {
    let sandbox = with_rows();
    let stage = &sandbox.stage;
    stage.upgrade(&[]).ended(0);
    let before = volume(stage);
    let aside = tokio::runtime::Runtime::new().unwrap();
    // Beta is being removed, claims and all, when the master goes.
    let own_claim = |write: &vulas_native::cluster::Write| {
        write.verb == "delete" && write.path.ends_with("/data-beta-database-slave-0")
    };
    let (kubeconfig, namespace) = (stage.kubeconfig.display().to_string(), stage.core.clone());
    let goes = move || {
        aside.block_on(async {
            let options =
                vulas_native::cluster::ConnectOptions { kubeconfig: Some(kubeconfig.clone()), ..Default::default() };
            scale_master(&Cluster::connect(&options).await.unwrap(), &namespace, 0).await;
        });
    };
    let hook = Arc::new(Meanwhile::new(own_claim, goes));
    let cluster = stage.cluster.with_hook(hook.clone());
    let options = RetreatOptions { timeout: Some(Duration::from_secs(30)), ..sandbox.retreat_options() };
    let error = stage.runtime.block_on(handover::retreat(&cluster, &Silent, &options)).unwrap_err();
    assert!(hook.done.load(std::sync::atomic::Ordering::SeqCst), "beta's claim was not deleted: {error}");
    assert_eq!(error.exit_code(), 3, "{error}");
    assert!(error.to_string().contains("alpha can't take over"), "{error}");
    assert_eq!(volume(stage), before);
    master_comes_back(stage);
    stage.retreat(&[]).ended(0);
    stage.replica_follows("visit");
}

#[test]
fn the_traffic_can_leave_an_alpha_whose_master_is_gone() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    stage.upgrade(&[]).ended(0);
    master_goes(stage);
    // What would be lost can't be told, and so it is not left without a word.
    stage
        .route("beta", &[])
        .ended(4)
        .said("what alpha has written since the fork can't be told")
        .said("when alpha-database-master-0 is healthy again: vulas-native route")
        .said("or go over without what it may be: vulas-native route")
        .said("Nothing has been changed.");
    assert!(stage.served().iter().all(|service| service.starts_with("alpha-")), "{:?}", stage.served());
    stage.route("beta", &["--accept-loss"]).ended(0).said("can't be asked what it has written since the fork");
    assert!(stage.served().iter().all(|service| service.starts_with("beta-")), "{:?}", stage.served());
    assert_eq!(state(stage), State::Routed);
}
