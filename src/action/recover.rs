//! What a killed run left: a pending revision whose objects are partly there. It is put back before anything else.

use std::collections::HashSet;

use crate::{
    cluster::{Cluster, Observer, in_parallel},
    release::{History, Release, Status},
};

use super::{
    Error, Releases,
    lock::Lock,
    objects::{Item, Key, Owner, Promised, holds_data, is_kept, items},
    putback::{apply_former, delete_ours},
    releases::in_progress,
};

/// Takes the Lease and reads the history. A pending revision then belongs to a dead run: if it was ours it is put back; if it was
/// Helm's nobody knows whether it is dead, and we refuse.
pub(super) async fn lock_and_recover(
    cluster: &Cluster,
    releases: &Releases,
    namespace: &str,
    name: &str,
    observer: &dyn Observer,
) -> Result<(Lock, History), Error> {
    let lock = Lock::take(cluster, namespace, name, observer).await?;
    match recovered_history(cluster, releases, name, observer).await {
        Ok(history) => Ok((lock, history)),
        Err(error) => {
            lock.release().await;
            Err(error)
        }
    }
}

async fn recovered_history(
    cluster: &Cluster,
    releases: &Releases,
    name: &str,
    observer: &dyn Observer,
) -> Result<History, Error> {
    let history = releases.history(name, observer).await?;
    let Some(last) = history.last().filter(|last| last.info.status.is_pending()) else { return Ok(history) };
    if !last.ours {
        return Err(in_progress(&format!(
            "revision {} of {name} is {} since {}, written by Helm. If no Helm is at work on it any more: vulas-native rollback {name}{} -n {}",
            last.version,
            last.info.status,
            last.info.last_deployed.as_str(),
            history.deployed().map_or(String::new(), |deployed| format!(" {}", deployed.version)),
            last.namespace
        )));
    }
    observer.warning(&format!(
        "revision {} of {name} is {}: its run was killed; what it left is put back",
        last.version, last.info.status
    ));
    put_back(cluster, releases, last, history.deployed(), observer).await?;
    releases.history(name, observer).await
}

async fn put_back(
    cluster: &Cluster,
    releases: &Releases,
    pending: &Release,
    deployed: Option<&Release>,
    observer: &dyn Observer,
) -> Result<(), Error> {
    let owner = Owner { name: &pending.name, namespace: &pending.namespace };
    let none = Promised::new();
    let former = match deployed {
        Some(deployed) => items(cluster, &deployed.manifest, owner, &none, false).await?,
        None => Vec::new(),
    };
    let target = items(cluster, &pending.manifest, owner, &none, false).await?;
    let known: HashSet<&Key> = former.iter().map(|item| &item.key).collect();
    let restored =
        in_parallel(&former, |item| async move { (item, apply_former(cluster, &item.object, observer).await) });
    let extra: Vec<&Item> = target
        .iter()
        .filter(|item| !known.contains(&item.key) && !holds_data(&item.reference) && !is_kept(&item.object))
        .filter(|item| item.reference.kind != "CustomResourceDefinition" && !item.reference.name.is_empty())
        .collect();
    let mut problems = Vec::new();
    for (item, result) in restored.await {
        problems.extend(result.err().map(|error| format!("{}: {error}", item.reference)));
    }
    let deleted =
        in_parallel(
            extra,
            |item| async move { (item, delete_ours(cluster, &item.reference, None, owner, observer).await) },
        );
    for (item, result) in deleted.await {
        problems.extend(result.err().map(|error| format!("{}: {error}", item.reference)));
    }
    if !problems.is_empty() {
        return Err(Error::new(format!(
            "revision {} of {} was left by a killed run and cannot be put back:\n  {}",
            pending.version,
            pending.name,
            problems.join("\n  ")
        )));
    }
    if pending.info.status == Status::PendingInstall && deployed.is_none() {
        return Ok(releases.delete(&pending.name, pending.version).await?);
    }
    let mut failed = pending.clone();
    failed.set_status(Status::Failed, "interrupted: the run was killed and was put back");
    releases.update(&failed).await
}
