//! `rollback`

use crate::{
    cluster::{Cluster, Observer},
    release::{History, HookExecution, Info, Release, Status, Time},
    render,
};

use super::{
    Common, DryRun, Error, Releases,
    install::{give_back, unreachable},
    lock::Lock,
    recover::lock_and_recover,
    transaction::{Request, Transaction, Verb},
};

/// Makes a new revision with the manifest, values and hooks of an older one; `revision` 0 means the one before the last. Returns
/// the deployed revision; with a dry run, the revision that would be.
///
/// # Errors
/// Helm's texts where Helm has one; [`Error::outcome`] tells in which state the cluster is.
pub async fn rollback(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    revision: i64,
    common: &Common,
    observer: &dyn Observer,
) -> Result<Release, Error> {
    render::check_release_name(name)
        .map_err(|_| Error::new(format!("prepareRollback: Release name is invalid: {name}")))?;
    if revision < 0 {
        return Err(Error::new("invalid release revision"));
    }
    cluster.version().await.map_err(|error| unreachable(error.into()))?;
    let releases = Releases::of(cluster, namespace);
    let (lock, history) = if common.dry_run == DryRun::None {
        let (lock, history) = lock_for_rollback(cluster, &releases, namespace, name, observer).await?;
        (Some(lock), history)
    } else {
        (None, releases.history(name, observer).await?)
    };
    let prepared = async {
        let (former, target) = target(&history, revision, cluster)?;
        let request = Request {
            cluster,
            releases: &releases,
            observer,
            common,
            verb: Verb::Rollback,
            history: &history,
            former: Some(former),
            target,
            definitions: Vec::new(),
            create_namespace: false,
            take_ownership: true,
            // Helm migrates on every rollback: any revision in between may have been applied by the client.
            migrate: true,
            lock: None,
        };
        Box::pin(Transaction::prepare(request, common.dry_run != DryRun::Client)).await
    };
    match prepared.await {
        Ok(mut transaction) if common.dry_run == DryRun::None => {
            transaction.request.lock = lock;
            Box::pin(transaction.execute()).await
        }
        Ok(transaction) => {
            observer.info(&format!("dry run: {}", transaction.plan.summary()));
            Ok(transaction.request.target)
        }
        Err(error) => {
            give_back(lock).await;
            Err(error)
        }
    }
}

/// As [`lock_and_recover`]; but a pending revision of Helm's is no hindrance: a rollback is the way out of it, in Helm as well.
async fn lock_for_rollback(
    cluster: &Cluster,
    releases: &Releases,
    namespace: &str,
    name: &str,
    observer: &dyn Observer,
) -> Result<(Lock, History), Error> {
    let history = releases.history(name, observer).await?;
    if history.last().is_some_and(|last| last.info.status.is_pending() && !last.ours) {
        return Ok((Lock::take(cluster, namespace, name, observer).await?, history));
    }
    lock_and_recover(cluster, releases, namespace, name, observer).await
}

/// The revision that the cluster holds, and the one to make.
fn target(history: &History, revision: i64, cluster: &Cluster) -> Result<(Release, Release), Error> {
    let last = history.last().ok_or_else(|| Error::new("release: not found"))?;
    let wanted = if revision == 0 { last.version - 1 } else { revision };
    let Some(older) = history.get(wanted) else {
        let known: Vec<String> = history.revisions().iter().map(|release| release.version.to_string()).collect();
        return Err(Error::new(format!("release has no {wanted} version\nIt has {}.", known.join(", "))));
    };
    let mut hooks = older.hooks.clone();
    for hook in &mut hooks {
        hook.last_run = HookExecution::default();
    }
    let target = Release {
        name: last.name.clone(),
        namespace: last.namespace.clone(),
        version: last.version + 1,
        info: Info {
            first_deployed: last.info.first_deployed.clone(),
            last_deployed: Time::at(cluster.now()),
            status: Status::PendingRollback,
            description: format!("Rollback to {wanted}"),
            notes: older.info.notes.clone(),
            ..Info::default()
        },
        chart: older.chart.clone(),
        config: older.config.clone(),
        manifest: older.manifest.clone(),
        hooks,
        apply_method: "ssa".into(),
        labels: older.labels.clone(),
        ..Release::default()
    };
    // A failed revision was put back, so that the deployed one is what the cluster holds; where it was left (Helm), its objects
    // are to go as well.
    let former = if last.info.status == Status::Failed && last.ours { history.current().unwrap_or(last) } else { last };
    Ok((former.clone(), target))
}
