//! What was made safe is as before when all is taken back, wherever a run was killed.

use vulas_native::{
    cluster::{ObjectRef, Patch, Silent},
    handover,
};

use super::Sandbox;

#[test]
fn a_volume_gets_its_policy_back_wherever_the_run_was_killed() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    let claim = stage.get(&stage.namespaced("v1", "PersistentVolumeClaim", "data-alpha-database-slave-1")).unwrap();
    let volume = ObjectRef::cluster_wide("v1", "PersistentVolume", claim["spec"]["volumeName"].as_str().unwrap());
    let policy = || stage.get(&volume).unwrap()["spec"]["persistentVolumeReclaimPolicy"].clone();
    assert_eq!(policy(), "Delete");
    assert!(sandbox.killed_at(1, |write| write.verb == "patch" && write.path.contains("/persistentvolumes/")));
    assert_eq!(policy(), "Retain");
    let options = sandbox.retreat_options();
    stage.runtime.block_on(handover::retreat(&stage.cluster, &Silent, &options)).unwrap();
    assert_eq!(policy(), "Delete");
}

#[test]
fn a_fresh_claim_does_not_get_the_owners_of_the_old_one() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    stage.sql("alpha-database-master-0", "CREATE TABLE visit (id bigint, note text);");
    let claim = stage.namespaced("v1", "PersistentVolumeClaim", "data-alpha-database-slave-1");
    let owners = || stage.get(&claim).unwrap()["metadata"]["ownerReferences"].clone();
    stage.runtime.block_on(async {
        let keeper = serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "keeper", "namespace": stage.core}});
        let keeper = stage.cluster.create(&keeper, "test", false).await.unwrap();
        let owner = serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "keeper", "uid": keeper["metadata"]["uid"]});
        let owned = Patch::Merge(serde_json::json!({"metadata": {"ownerReferences": [owner]}}));
        stage.cluster.patch(&claim, &owned, None, "test").await.unwrap();
    });
    // The claim that was never given away is its owner's again.
    stage.interrupted("3 fork").ended(1);
    assert_eq!(owners()[0]["name"], "keeper");
    stage.upgrade(&[]).ended(0);
    assert!(owners().is_null());
    stage.retreat(&[]).ended(0);
    assert!(owners().is_null(), "{}", owners());
    stage.replica_follows("visit");
}
