//! Step 4: the StatefulSet gives up its highest replica; and its undoing, which brings the replica back.
//!
//! Alpha's own release record gets a revision with the lowered number, so that its next upgrade or rollback does not
//! bring the pod back onto a volume that is no longer its own.

use std::time::Duration;

use serde_json::json;

use super::{Error, MANAGER, claims, fork, layout, protect, record, run::Run};
use crate::cluster::{ApplyOptions, Json, ObjectRef, Step, wait_until};

fn statefulset(run: &Run<'_>) -> ObjectRef {
    ObjectRef::new("apps/v1", "StatefulSet", &run.journal.namespace, &run.journal.layout.replica.statefulset)
}

fn pod(run: &Run<'_>) -> ObjectRef {
    ObjectRef::new("v1", "Pod", &run.journal.namespace, &run.journal.layout.replica.pod)
}

/// Takes the number of replicas by server-side apply under our own name: who finds it lowered sees who holds it.
async fn set_replicas(run: &Run<'_>, replicas: u32) -> Result<(), Error> {
    let object = statefulset(run);
    let wanted = json!({
        "apiVersion": object.api_version, "kind": object.kind,
        "metadata": {"name": object.name, "namespace": run.journal.namespace},
        "spec": {"replicas": replicas},
    });
    // An apply creates what is not there; here that would be a StatefulSet without a template, which is refused.
    run.cluster.apply(&wanted, &ApplyOptions { force: true, ..ApplyOptions::new(MANAGER) }).await?;
    Ok(())
}

/// Lets go of the number of replicas: the release's own manager applies its object again and owns the field alone. A field
/// without an owner would fall back to the API's default of one replica, so it is only let go of when the other has it.
async fn give_replicas_back(run: &Run<'_>) -> Result<(), Error> {
    let object = statefulset(run);
    if !record::reapply(run, &object).await? {
        return Ok(());
    }
    let held = run.cluster.get(&object).await?;
    if held.as_ref().map(layout::replicas) == Some(run.journal.layout.replicas) {
        let nothing = json!({
            "apiVersion": object.api_version, "kind": object.kind,
            "metadata": {"name": object.name, "namespace": run.journal.namespace},
        });
        run.cluster.apply(&nothing, &ApplyOptions { force: true, ..ApplyOptions::new(MANAGER) }).await?;
    }
    let left = run.cluster.get(&object).await?;
    if left.as_ref().map(layout::replicas) != Some(run.journal.layout.replicas) {
        // The record says otherwise, or says nothing: the number stays with us.
        set_replicas(run, run.journal.layout.replicas).await?;
    }
    Ok(())
}

/// Scales down by one and waits until the pod is really gone.
pub async fn apply(run: &mut Run<'_>) -> Result<String, Error> {
    let layout = run.journal.layout.clone();
    let object = statefulset(run);
    let Some(live) = run.cluster.get(&object).await? else {
        return Err(Error::unfit(
            format!("{object} is gone"),
            "somebody removed it since preflight: look at the release",
        ));
    };
    let now = layout::replicas(&live);
    let lowered = layout.replicas - 1;
    if now != layout.replicas && now != lowered {
        return Err(Error::unfit(
            format!("{object} has {now} replicas now, not {} as at preflight", layout.replicas),
            "somebody scales it: stop that, then begin again",
        ));
    }
    if now != lowered {
        set_replicas(run, lowered).await?;
    }
    wait_gone(run).await?;
    claims::must_be_free(&run.cluster, &run.journal.namespace, &layout.volume.claim, &[]).await?;
    let recorded = record::lower(run, lowered).await?;
    let mut detail = format!("{object} {} → {lowered}, pod gone", layout.replicas);
    if let Some(revision) = recorded {
        detail.push_str(&format!(", {} revision {revision}", run.journal.alpha));
    }
    Ok(detail)
}

async fn wait_gone(run: &Run<'_>) -> Result<(), Error> {
    let server = run.journal.layout.replica.server(&run.cluster, &run.journal.namespace);
    let (cluster, object) = (run.cluster.clone(), pod(run));
    let mut looks = 0_u32;
    let look = || {
        looks += 1;
        // An image whose stop signal is a smart shutdown waits for every client, and clients come back: end them now and then.
        let hurry = looks.is_multiple_of(8);
        let (cluster, object, server) = (cluster.clone(), object.clone(), server.clone());
        async move {
            let Some(live) = cluster.get(&object).await? else { return Ok(Step::Done(())) };
            if live.pointer("/metadata/deletionTimestamp").is_none() {
                return Ok(Step::Pending("not told to end yet".into()));
            }
            if hurry {
                // It may be too late to be asked; then it needs no hurry.
                let _ = server.end_sessions().await;
            }
            Ok(Step::Pending("shutting down".into()))
        }
    };
    wait_until(&format!("{object} to end", object = pod(run)), run.timeout, run.show, look).await?;
    Ok(())
}

/// Brings the replica back: on its own volume when that was never promoted, else as a clone of the master.
pub async fn undo(run: &mut Run<'_>) -> Result<String, Error> {
    let layout = run.journal.layout.clone();
    let object = statefulset(run);
    let Some(live) = run.cluster.get(&object).await? else {
        return Ok(format!("{object} is gone; there is nothing to bring back"));
    };
    let master = layout.master.server(&run.cluster, &run.journal.namespace);
    let mut cloned = false;
    if run.journal.taken {
        // The volume has a life of its own: PostgreSQL could never follow alpha from it again, and would say it is ready.
        claims::must_be_free(&run.cluster, &run.journal.namespace, &layout.volume.claim, &[&layout.replica.pod])
            .await?;
        let back = claims::users(&run.cluster, &run.journal.namespace, &layout.volume.claim).await?;
        if !back.is_empty() {
            // Somebody brought the pod back already; it must go, or the claim stays for ever.
            set_replicas(run, layout.replicas - 1).await?;
            wait_gone(run).await?;
        }
        protect::restore_reclaim(run).await?;
        let claim = [layout.volume.claim.clone()];
        claims::delete(&run.cluster, &run.journal.namespace, &claim, run.timeout, run.show).await?;
        kept_volume(run).await;
        cloned = true;
        run.journal.taken = false;
        run.save().await?;
    }
    record::raise(run).await?;
    // A clone waits for a checkpoint, which is spread over minutes unless it is asked for.
    master.checkpoint().await?;
    if layout::replicas(&live) != layout.replicas || cloned {
        set_replicas(run, layout.replicas).await?;
    }
    wait_streaming(run).await?;
    give_replicas_back(run).await?;
    let how = if cloned { "cloned anew" } else { "on its own volume" };
    Ok(format!("{object} {} → {}, {} {how} and streaming", layout.replicas - 1, layout.replicas, layout.replica.pod))
}

/// Names the volume that its reclaim policy keeps, with what beta wrote. Who may not see volumes is not told.
async fn kept_volume(run: &mut Run<'_>) {
    let Some(name) = run.journal.layout.volume.volume.clone() else { return };
    let volume = ObjectRef::cluster_wide("v1", "PersistentVolume", &name);
    let live = run.cluster.get(&volume).await.ok().flatten();
    let policy = live.as_ref().and_then(|v| v.pointer("/spec/persistentVolumeReclaimPolicy")?.as_str());
    if policy == Some("Retain") {
        let beta = run.journal.beta.clone();
        run.warn(format!(
            "{volume} keeps what {beta} wrote, since its reclaim policy is Retain; when nobody needs that: kubectl delete pv {name}"
        ));
    }
}

/// Waits until the replica is there, streams, and has replayed what the master has written up to now. Readiness alone says
/// nothing about replication.
async fn wait_streaming(run: &Run<'_>) -> Result<(), Error> {
    let layout = &run.journal.layout;
    let namespace = &run.journal.namespace;
    let (cluster, object) = (run.cluster.clone(), pod(run));
    let server = layout.replica.server(&run.cluster, namespace);
    let look = || {
        let (cluster, object, server) = (cluster.clone(), object.clone(), server.clone());
        async move {
            let Some(live) = cluster.get(&object).await? else { return Ok(Step::Pending("not there yet".into())) };
            if !layout::is_ready(&live) {
                return Ok(Step::Pending(state_of(&live)));
            }
            match server.receiver().await {
                Ok(receiver) if receiver.is_streaming() => Ok(Step::Done(())),
                Ok(_) => Ok(Step::Pending("ready, but not streaming".into())),
                Err(error) => Ok(Step::Pending(error.to_string())),
            }
        }
    };
    // A clone of a big database takes its time: ten times the limit of other waits, and at least an hour.
    let limit = (run.timeout * 10).max(Duration::from_secs(3600));
    wait_until(&format!("{} to stream", pod(run)), limit, run.show, look).await?;
    let position = layout.master.server(&run.cluster, namespace).position().await?;
    fork::wait_replayed(run, &server, position.lsn).await
}

/// The state of a pod in a few words: the reason why a container waits, or its phase.
fn state_of(pod: &Json) -> String {
    let statuses =
        |key: &str| pod.pointer(&format!("/status/{key}")).and_then(Json::as_array).cloned().unwrap_or_default();
    let all = statuses("initContainerStatuses").into_iter().chain(statuses("containerStatuses"));
    for status in all {
        let name = status.get("name").and_then(Json::as_str).unwrap_or_default();
        if let Some(waiting) = status.pointer("/state/waiting/reason").and_then(Json::as_str) {
            if waiting != "PodInitializing" {
                return format!("container {name}: {waiting}");
            }
        } else if status.pointer("/state/running").is_some()
            && status.get("ready").and_then(Json::as_bool) == Some(false)
        {
            return format!("container {name} runs");
        }
    }
    pod.pointer("/status/phase").and_then(Json::as_str).unwrap_or("Unknown").to_owned()
}
