//! Deleting an object of a release. Every way in which one goes ends here: uninstalled, pruned, put back, recovered, hooks.

use std::time::Duration;

use crate::cluster::{
    Cluster, DeleteOptions, Error as ClusterError, Json, ObjectRef, Observer, Patch, Propagation, Step, wait_until,
};

/// Longest wait for a controller to let claims go.
const RELEASED: Duration = Duration::from_secs(30);

/// Deletes an object as it was read or written last; `false` when it was not there any more, or another one of the same name has
/// taken its place. Claims of a StatefulSet are kept.
///
/// # Errors
/// When the server refuses, or a StatefulSet's controller does not let its claims go: then the StatefulSet stays.
pub(super) async fn delete_object(
    cluster: &Cluster,
    reference: &ObjectRef,
    live: &Json,
    propagation: Propagation,
    observer: &dyn Observer,
) -> Result<bool, ClusterError> {
    if reference.kind == "StatefulSet" && reference.group() == "apps" {
        match keep_claims_of(cluster, reference, live, observer).await {
            Err(error) if error.is_not_found() => return Ok(false),
            kept => kept?,
        }
    }
    let uid = live["metadata"]["uid"].as_str().map(str::to_owned);
    match cluster.delete(reference, &DeleteOptions { propagation, uid, ..Default::default() }).await {
        Err(error) if error.is_conflict() => Ok(false),
        answer => answer,
    }
}

/// A StatefulSet may take its claims with it (`persistentVolumeClaimRetentionPolicy.whenDeleted: Delete`): claims are only deleted
/// by name, so that is turned off first. The controller then takes its owner references off the claims.
async fn keep_claims_of(
    cluster: &Cluster,
    reference: &ObjectRef,
    live: &Json,
    observer: &dyn Observer,
) -> Result<(), ClusterError> {
    if live["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] != "Delete" {
        return Ok(());
    }
    let uid = live["metadata"]["uid"].as_str().unwrap_or_default();
    // The uid is a condition: of another StatefulSet of that name nothing is changed.
    let keep = serde_json::json!({
        "metadata": {"uid": uid}, "spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain"}},
    });
    let patched = match cluster.patch(reference, &Patch::Merge(keep), None, "vulas-native").await {
        Err(error) if error.is_conflict() => return Ok(()),
        patched => patched?,
    };
    observer.info(&format!("{reference} would have deleted its claims; they are kept"));
    let generation = patched["metadata"]["generation"].as_u64().unwrap_or_default();
    let namespace = reference.namespace.clone().unwrap_or_default();
    let what = format!("the claims of {reference} to be released");
    wait_until(&what, RELEASED, observer, || {
        let (namespace, uid) = (namespace.clone(), uid.to_owned());
        async move {
            // A controller that has not seen the change yet may be about to own a claim that it has just made.
            let seen = cluster.get(reference).await?.is_none_or(|live| {
                live["status"]["observedGeneration"].as_u64().is_some_and(|seen| seen >= generation)
            });
            if !seen {
                return Ok(Step::Pending("its controller has not seen it yet".into()));
            }
            let claims = cluster.list("v1", "PersistentVolumeClaim", Some(&namespace), None).await?;
            let owned: Vec<&Json> =
                claims.iter().filter(|claim| owners(claim).any(|owner| owner["uid"] == uid)).collect();
            // The controller looks after claims whose pods are there; those of pods that were scaled away are left to us.
            for claim in &owned {
                disown(cluster, claim, &uid).await?;
            }
            let names: Vec<&str> = owned.iter().filter_map(|claim| claim["metadata"]["name"].as_str()).collect();
            Ok(if names.is_empty() {
                Step::Done(())
            } else {
                Step::Pending(format!("still owned: {}", names.join(", ")))
            })
        }
    })
    .await
}

fn owners(claim: &Json) -> impl Iterator<Item = &Json> {
    claim["metadata"]["ownerReferences"].as_array().into_iter().flatten()
}

/// Takes one owner off a claim, if nobody else has changed it in this moment.
async fn disown(cluster: &Cluster, claim: &Json, uid: &str) -> Result<(), ClusterError> {
    let others: Vec<&Json> = owners(claim).filter(|owner| owner["uid"] != uid).collect();
    let version = &claim["metadata"]["resourceVersion"];
    let others = if others.is_empty() { Json::Null } else { serde_json::json!(others) };
    let rest = serde_json::json!({"metadata": {"resourceVersion": version, "ownerReferences": others}});
    match cluster.patch(&ObjectRef::of(claim), &Patch::Merge(rest), None, "vulas-native").await {
        Err(error) if error.is_conflict() || error.is_not_found() => Ok(()),
        answer => answer.map(|_| ()),
    }
}
