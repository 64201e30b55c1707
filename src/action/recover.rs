//! What a killed run left: a pending revision whose objects are partly there. It is put back before anything else.
//!
//! What the run had changed gets the former manifest's fields, what it had made is deleted. Whatever it had adopted is somebody's
//! and stays, though its content of before is not known any more.

use std::collections::HashSet;

use crate::{
    cluster::{Cluster, Observer, in_parallel},
    release::{History, Release, Status},
};

use super::{
    Error, Releases,
    live::live_objects,
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
    // What the dead run began with, by the rule that it followed itself; an install begins with nothing.
    let others = history.revisions().iter().filter(|release| release.version != last.version);
    let others = History::new(others.cloned().collect());
    let former = others.current().filter(|_| last.info.status != Status::PendingInstall);
    put_back(cluster, releases, last, former, observer).await?;
    releases.history(name, observer).await
}

async fn put_back(
    cluster: &Cluster,
    releases: &Releases,
    pending: &Release,
    former: Option<&Release>,
    observer: &dyn Observer,
) -> Result<(), Error> {
    let owner = Owner { name: &pending.name, namespace: &pending.namespace };
    let none = Promised::new();
    let before = match former {
        Some(former) => items(cluster, &former.manifest, owner, &none, false).await?,
        None => Vec::new(),
    };
    let target = items(cluster, &pending.manifest, owner, &none, false).await?;
    let known: HashSet<&Key> = before.iter().map(|item| &item.key).collect();
    let mut problems = restore(cluster, &before, &target, observer).await?;

    let extra = target
        .iter()
        .filter(|item| !known.contains(&item.key) && !holds_data(&item.reference) && !is_kept(&item.object))
        .filter(|item| item.reference.kind != "CustomResourceDefinition" && !item.reference.name.is_empty());
    // Without a revision to compare with, nobody knows whose the objects of anything but an install are.
    let is_known = former.is_some() || pending.info.status == Status::PendingInstall;
    let made: HashSet<&str> = pending.creates.iter().map(String::as_str).filter(|_| is_known).collect();
    let (made, adopted): (Vec<&Item>, Vec<&Item>) = extra.partition(|item| made.contains(item.key.text().as_str()));
    for item in adopted {
        observer.info(&format!("{} was not made by revision {} and is kept", item.reference, pending.version));
    }
    let deleted = in_parallel(made, |item| async move {
        let deleted = delete_ours(cluster, &item.reference, None, owner, observer).await;
        (item, deleted)
    });
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
    if pending.info.status == Status::PendingInstall {
        return Ok(releases.delete(&pending.name, pending.version).await?);
    }
    let mut failed = pending.clone();
    failed.set_status(Status::Failed, "interrupted: the run was killed and was put back");
    failed.creates.clear();
    releases.update(&failed).await
}

/// Gives the objects of both manifests the former one's fields; what is not there was not there before. Returns the problems.
async fn restore(
    cluster: &Cluster,
    before: &[Item],
    target: &[Item],
    observer: &dyn Observer,
) -> Result<Vec<String>, Error> {
    let wanted: HashSet<&Key> = target.iter().map(|item| &item.key).collect();
    let touched: Vec<Item> = before.iter().filter(|item| wanted.contains(&item.key)).cloned().collect();
    let live = live_objects(cluster, &touched, &touched.iter().map(|item| &item.key).collect()).await?;
    let there = touched.iter().zip(live).filter_map(|(item, live)| live.map(|_| item));
    let restored = in_parallel(there.collect::<Vec<_>>(), |item| async move {
        (item, apply_former(cluster, &item.object, observer).await)
    });
    let problems = restored.await.into_iter();
    Ok(problems.filter_map(|(item, result)| Some(format!("{}: {}", item.reference, result.err()?))).collect())
}
