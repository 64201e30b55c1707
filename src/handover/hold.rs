//! Fields of alpha's objects that the handover holds for its time, by server-side apply under its own name: who finds them
//! changed sees who holds them, and when they are given back nothing of that name is left.

use serde_json::{Map, json};

use super::{Error, Former, MANAGER, layout, record, run::Run};
use crate::cluster::{ApplyOptions, ObjectRef};

/// The StatefulSet that gives up a replica.
pub fn statefulset(run: &Run<'_>) -> ObjectRef {
    ObjectRef::new("apps/v1", "StatefulSet", &run.journal.namespace, &run.journal.layout.replica.statefulset)
}

/// Holds the number of replicas, or lets go of it; and the retention of claims for as long as it is recorded as changed.
pub async fn hold(run: &Run<'_>, object: &ObjectRef, replicas: Option<u32>) -> Result<(), Error> {
    let mut spec = Map::new();
    if let Some(replicas) = replicas {
        spec.insert("replicas".into(), json!(replicas));
    }
    let retains = run.journal.former.iter().any(|former| matches!(former, Former::ClaimRetention { .. }));
    if retains && *object == statefulset(run) {
        let kept = json!({"whenScaled": "Retain", "whenDeleted": "Retain"});
        spec.insert("persistentVolumeClaimRetentionPolicy".into(), kept);
    }
    let mut wanted = json!({
        "apiVersion": object.api_version, "kind": object.kind,
        "metadata": {"name": object.name, "namespace": run.journal.namespace},
    });
    if !spec.is_empty() {
        wanted["spec"] = json!(spec);
    }
    // An apply creates what is not there; here that would be an object without a template, which is refused.
    run.cluster.apply(&wanted, &ApplyOptions { force: true, ..ApplyOptions::new(MANAGER) }).await?;
    Ok(())
}

/// Lets go of the number of replicas: the release's own manager applies its object again and owns the field alone. A field
/// without an owner would fall back to the API's default of one replica, so it is only let go of when the other has it.
pub async fn give_back(run: &Run<'_>, object: &ObjectRef, replicas: u32) -> Result<(), Error> {
    if !record::reapply(run, object).await? {
        return Ok(());
    }
    let held = run.cluster.get(object).await?;
    if held.as_ref().map(layout::replicas) == Some(replicas) {
        hold(run, object, None).await?;
    }
    let left = run.cluster.get(object).await?;
    if left.as_ref().map(layout::replicas) != Some(replicas) {
        // The record says otherwise, or says nothing: the number stays with us.
        hold(run, object, Some(replicas)).await?;
    }
    Ok(())
}
