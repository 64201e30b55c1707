//! Step 2: what could take the volume away is made safe, and the old settings are recorded.
//!
//! Three things delete a claim or a volume behind one's back: the StatefulSet's `persistentVolumeClaimRetentionPolicy`
//! (`whenScaled: Delete` takes the claim at the very scaling down that the next step does), owners of the claim, and
//! the reclaim policy of the volume.

use serde_json::json;

use super::{
    Error, Former, MANAGER, claims,
    hold::{hold, statefulset},
    record,
    run::Run,
};
use crate::cluster::{Json, ObjectRef, Patch};

/// Policies under which nothing is lost.
const KEPT: &str = "Retain";

/// Makes claim and volume safe.
pub async fn apply(run: &mut Run<'_>) -> Result<String, Error> {
    let namespace = run.journal.namespace.clone();
    let mut done = Vec::new();
    done.extend(keep_on_scaling(run).await?);
    done.extend(disown(run, &namespace).await?);
    done.extend(retain(run, &namespace).await?);
    Ok(if done.is_empty() { "nothing can take the volume away".into() } else { done.join(", ") })
}

async fn keep_on_scaling(run: &mut Run<'_>) -> Result<Option<String>, Error> {
    let object = statefulset(run);
    let Some(live) = run.cluster.get(&object).await? else { return Ok(None) };
    let Some(policy) = live.pointer("/spec/persistentVolumeClaimRetentionPolicy").cloned() else { return Ok(None) };
    let takes = |when: &str| policy.get(when).and_then(Json::as_str) == Some("Delete");
    if !takes("whenScaled") && !takes("whenDeleted") {
        return Ok(None);
    }
    run.remember(Former::ClaimRetention { policy }).await?;
    hold(run, &object, None).await?;
    Ok(Some(format!("{object} claim retention Delete → Retain")))
}

async fn disown(run: &mut Run<'_>, namespace: &str) -> Result<Option<String>, Error> {
    let object = claims::claim(namespace, &run.journal.layout.volume.claim);
    let Some(live) = run.cluster.get(&object).await? else { return Ok(None) };
    let Some(references) =
        live.pointer("/metadata/ownerReferences").filter(|r| r.as_array().is_some_and(|r| !r.is_empty()))
    else {
        return Ok(None);
    };
    let claim = live.pointer("/metadata/uid").and_then(Json::as_str).map(str::to_owned);
    run.remember(Former::Owners { references: references.clone(), claim }).await?;
    let none = json!({"metadata": {"ownerReferences": null}});
    run.cluster.patch(&object, &Patch::Merge(none), None, MANAGER).await?;
    Ok(Some(format!("{object} has no owner any more")))
}

async fn retain(run: &mut Run<'_>, namespace: &str) -> Result<Option<String>, Error> {
    let claim = claims::claim(namespace, &run.journal.layout.volume.claim);
    let bound = run.cluster.get(&claim).await?.and_then(|c| c.pointer("/spec/volumeName")?.as_str().map(str::to_owned));
    let Some(name) = bound else { return Ok(None) };
    let volume = ObjectRef::cluster_wide("v1", "PersistentVolume", &name);
    let live = match run.cluster.get(&volume).await {
        Ok(live) => live,
        // Volumes are cluster-wide; who may only work in namespaces can't see them. The claim is what counts here.
        Err(error) if error.is_forbidden() => {
            run.warn(format!(
                "{volume} can't be seen, so its reclaim policy is not checked: with Delete it dies with its claim"
            ));
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    run.journal.layout.volume.volume = Some(name.clone());
    let policy = live.as_ref().and_then(|v| v.pointer("/spec/persistentVolumeReclaimPolicy")?.as_str()).unwrap_or(KEPT);
    if policy == KEPT {
        return Ok(None);
    }
    let policy = policy.to_owned();
    run.remember(Former::Reclaim { volume: name, policy: policy.clone() }).await?;
    match run.cluster.patch(&volume, &reclaim(KEPT), None, MANAGER).await {
        Ok(_) => {}
        Err(error) if error.is_forbidden() => {
            run.forget(|former| matches!(former, Former::Reclaim { .. })).await?;
            run.warn(format!("{volume} has reclaim policy {policy}, which can't be changed without permission: do not delete its claim"));
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Some(format!("{volume} reclaim policy {policy} → Retain")))
}

fn reclaim(policy: &str) -> Patch {
    Patch::Merge(json!({"spec": {"persistentVolumeReclaimPolicy": policy}}))
}

/// Gives the volume its own reclaim policy back; called before its claim is deleted, so that the volume goes with it
/// where that is its policy.
pub async fn restore_reclaim(run: &mut Run<'_>) -> Result<Option<String>, Error> {
    let former = run.journal.former.iter().find_map(|former| match former {
        Former::Reclaim { volume, policy } => Some((volume.clone(), policy.clone())),
        _ => None,
    });
    let Some((name, policy)) = former else { return Ok(None) };
    let volume = ObjectRef::cluster_wide("v1", "PersistentVolume", &name);
    match run.cluster.patch(&volume, &reclaim(&policy), None, MANAGER).await {
        Ok(_) => {}
        Err(error) if error.is_not_found() => {}
        Err(error) => return Err(error.into()),
    }
    run.forget(|former| matches!(former, Former::Reclaim { .. })).await?;
    Ok(Some(format!("{volume} reclaim policy Retain → {policy}")))
}

/// Restores what was made safe.
pub async fn undo(run: &mut Run<'_>) -> Result<String, Error> {
    let namespace = run.journal.namespace.clone();
    let mut done = Vec::new();
    done.extend(restore_reclaim(run).await?);
    for former in run.journal.former.clone() {
        match former {
            Former::ClaimRetention { policy } => {
                let object = statefulset(run);
                if run.cluster.get(&object).await?.is_none() {
                    continue;
                }
                // The release's own manager takes it again; where its record says nothing of it, it is set as it stood.
                record::reapply(run, &object).await?;
                // Let go of before it is forgotten: a run that is killed in between does it again.
                run.journal.former.retain(|former| !matches!(former, Former::ClaimRetention { .. }));
                hold(run, &object, None).await?;
                let live = run.cluster.get(&object).await?;
                if live.as_ref().and_then(|o| o.pointer("/spec/persistentVolumeClaimRetentionPolicy")) != Some(&policy)
                {
                    let patch = Patch::Merge(json!({"spec": {"persistentVolumeClaimRetentionPolicy": policy}}));
                    run.cluster.patch(&object, &patch, None, MANAGER).await?;
                }
                run.save().await?;
                done.push(format!("{object} claim retention as before"));
            }
            // The StatefulSet's controller adds itself as the owner again where its policy asks for it. A claim that was made
            // anew is another one: owners of the old one, which may be gone since, would take it along.
            Former::Owners { references, claim: Some(claim) } => {
                let object = claims::claim(&namespace, &run.journal.layout.volume.claim);
                let owned = json!({"metadata": {"uid": claim, "ownerReferences": living(run, &references).await}});
                match run.cluster.patch(&object, &Patch::Merge(owned), None, MANAGER).await {
                    Ok(_) => done.push(format!("{object} owners as before")),
                    Err(error) if error.is_not_found() || error.is_conflict() => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Former::Owners { .. } | Former::Reclaim { .. } => {}
        }
    }
    run.forget(|_| true).await?;
    Ok(if done.is_empty() { "nothing to restore".into() } else { done.join(", ") })
}

/// The owners that are still there: one that has gone meanwhile would take what it owns along.
async fn living(run: &Run<'_>, references: &Json) -> Vec<Json> {
    let mut living = Vec::new();
    for reference in references.as_array().into_iter().flatten() {
        let text = |key: &str| reference[key].as_str().unwrap_or_default();
        let owner = ObjectRef::new(text("apiVersion"), text("kind"), &run.journal.namespace, text("name"));
        if matches!(run.cluster.get(&owner).await, Ok(Some(live)) if live["metadata"]["uid"] == reference["uid"]) {
            living.push(reference.clone());
        }
    }
    living
}
