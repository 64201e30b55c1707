//! Step 4: the StatefulSet gives up its highest replica; and its undoing, which brings the replica back.
//!
//! Alpha's own release record gets a revision with the lowered number, so that its next upgrade or rollback does not
//! bring the pod back onto a volume that is no longer its own.

use std::time::{Duration, Instant};

use super::{
    Error, claims, fork,
    hold::{give_back, hold, statefulset},
    layout, protect, record,
    run::Run,
    takeover,
};
use crate::cluster::{Error as ClusterError, Json, ObjectRef, Step, wait_until};

fn pod(run: &Run<'_>) -> ObjectRef {
    ObjectRef::new("v1", "Pod", &run.journal.namespace, &run.journal.layout.replica.pod)
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
        hold(run, &object, Some(lowered)).await?;
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
    // Whoever else is on the volume must go, before it is deleted and before alpha's own server is started on it.
    let claim = layout.volume.claim.clone();
    claims::must_be_free(&run.cluster, &run.journal.namespace, &claim, &[&layout.replica.pod]).await?;
    if run.journal.taken {
        // The volume has a life of its own: PostgreSQL could never follow alpha from it again, and would say it is ready.
        let back = claims::users(&run.cluster, &run.journal.namespace, &layout.volume.claim).await?;
        if !back.is_empty() {
            // Somebody brought the pod back already; it must go, or the claim stays for ever.
            hold(run, &object, Some(layout.replicas - 1)).await?;
            wait_gone(run).await?;
        }
        // Asked once more: between the first time and now beta was removed, which takes minutes.
        takeover::must_be_possible(run).await?;
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
        hold(run, &object, Some(layout.replicas)).await?;
    }
    // A clone of a big database takes its time: ten times the limit of other waits, and at least an hour.
    let limit = if cloned { (run.timeout * 10).max(Duration::from_secs(3600)) } else { run.timeout };
    let streams = wait_streaming(run, limit).await;
    let ran = run.cluster.get(&pod(run)).await?.as_ref().is_some_and(has_run);
    match streams {
        // The master may not have the WAL any more that it needs: as a replica it is of no use, and can be replaced.
        Err(Error::Cluster(ClusterError::Timeout { .. })) if !cloned && ran => {
            // It may be the master that is gone, and then this volume is what is left.
            takeover::must_be_possible(run).await?;
            let pod = layout.replica.pod.clone();
            run.warn(format!("pod/{pod} does not stream from its master again on its own volume; it is cloned anew"));
            run.journal.taken = true;
            run.save().await?;
            return Box::pin(undo(run)).await;
        }
        result => result?,
    }
    let position = master.position().await?;
    fork::wait_replayed(run, &layout.replica.server(&run.cluster, &run.journal.namespace), position.lsn).await?;
    give_back(run, &object, layout.replicas).await?;
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

/// Waits until the replica is there and streams. Readiness alone says nothing about replication.
async fn wait_streaming(run: &Run<'_>, limit: Duration) -> Result<(), Error> {
    let layout = &run.journal.layout;
    let namespace = &run.journal.namespace;
    let (cluster, object) = (run.cluster.clone(), pod(run));
    let server = layout.replica.server(&run.cluster, namespace);
    let (master, slot) = (layout.master.server(&run.cluster, namespace), run.journal.slot.clone());
    let mut seen: Option<Instant> = None;
    let look = || {
        let (cluster, object, server) = (cluster.clone(), object.clone(), server.clone());
        let (master, slot) = (master.clone(), slot.clone());
        let tries = seen.is_some_and(|at| at.elapsed() > SLOT_PATIENCE);
        seen.get_or_insert_with(Instant::now);
        async move {
            let Some(live) = cluster.get(&object).await? else { return Ok(Step::Pending("not there yet".into())) };
            if let Some(slot) = slot.filter(|_| tries && has_run(&live))
                && matches!(master.has_slot(&slot).await, Ok(false))
            {
                // Made late, since some replicas make it themselves and fail when it is there. If this fails, it is tried again.
                let _ = master.make_slot(&slot).await;
            }
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
    wait_until(&format!("{} to stream", pod(run)), limit, run.show, look).await?;
    Ok(())
}

/// How long a replica that came back may take to make its slot by itself.
const SLOT_PATIENCE: Duration = Duration::from_secs(3);

/// Whether a container of a pod runs, or has run.
pub(super) fn has_run(pod: &Json) -> bool {
    ["initContainerStatuses", "containerStatuses"].iter().any(|key| {
        let statuses = pod.pointer(&format!("/status/{key}")).and_then(Json::as_array);
        let ran = |s: &Json| {
            ["/state/running", "/state/terminated", "/lastState/terminated"].iter().any(|p| s.pointer(p).is_some())
        };
        statuses.is_some_and(|statuses| statuses.iter().any(ran))
    })
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
