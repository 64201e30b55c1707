//! `uninstall`

use crate::{
    cluster::{Cluster, Error as ClusterError, ObjectRef, Observer, in_parallel},
    release::{Release, Status, Time, order},
    render,
};

use super::{
    Error, Outcome, Releases, UninstallOptions,
    deletion::delete_object,
    hooks::Hooks,
    install::unreachable,
    lock::Lock,
    objects::{Item, Owner, Promised, belongs_to_another, holds_data, is_kept, items},
    signals::Signals,
};

/// What became of a release.
#[derive(Clone, Debug)]
pub struct Uninstalled {
    /// Its last revision.
    pub release: Release,
    /// Objects that were kept by `helm.sh/resource-policy: keep`.
    pub kept_by_policy: Vec<ObjectRef>,
    /// Claims and volumes, which are only deleted by name.
    pub kept_claims: Vec<ObjectRef>,
}

/// Deletes what a release holds, and its records. `None` when there is no such release and that is no error.
///
/// # Errors
/// Helm's texts where Helm has one. An uninstall that failed or was interrupted goes on when it is run again.
pub async fn uninstall(
    cluster: &Cluster,
    options: &UninstallOptions,
    observer: &dyn Observer,
) -> Result<Option<Uninstalled>, Error> {
    let UninstallOptions { name, namespace, .. } = options;
    cluster.version().await.map_err(|error| unreachable(error.into()))?;
    render::check_release_name(name).map_err(|_| Error::new(format!("uninstall: Release name is invalid: {name}")))?;
    let releases = Releases::of(cluster, namespace);
    if options.dry_run {
        let history = releases.history(name, observer).await?;
        return match history.last() {
            Some(last) => Ok(Some(plan(cluster, last, options).await?.report(last.clone()))),
            None if options.ignore_not_found => Ok(None),
            None => Err(Error::new("release: not found")),
        };
    }
    if releases.history(name, observer).await?.is_empty() {
        if options.ignore_not_found {
            return Ok(None);
        }
        return Err(Error::new(format!("uninstall: Release not loaded: {name}: release: not found")));
    }
    let lock = Lock::take(cluster, namespace, name, observer).await?;
    let mut signals = Signals::listen()?;
    let result = signals.guard(run(cluster, &releases, options, observer)).await;
    lock.release().await;
    result.map(Some)
}

/// What goes and what stays.
struct Deletion {
    go: Vec<Item>,
    kept_by_policy: Vec<ObjectRef>,
    kept_claims: Vec<ObjectRef>,
}

impl Deletion {
    fn report(self, release: Release) -> Uninstalled {
        Uninstalled { release, kept_by_policy: self.kept_by_policy, kept_claims: self.kept_claims }
    }
}

async fn plan(cluster: &Cluster, release: &Release, options: &UninstallOptions) -> Result<Deletion, Error> {
    let owner = Owner { name: &release.name, namespace: &release.namespace };
    let mut all = items(cluster, &release.manifest, owner, &Promised::new(), false)
        .await
        .map_err(|error| error.within("corrupted release record. You must manually delete the resources"))?;
    all.sort_by(|a, b| order::by_uninstall(&a.reference.kind, &b.reference.kind));
    let mut deletion = Deletion { go: Vec::new(), kept_by_policy: Vec::new(), kept_claims: Vec::new() };
    for item in all {
        if is_kept(&item.object) || options.keep.contains(&item.reference) {
            deletion.kept_by_policy.push(item.reference);
        } else if holds_data(&item.reference) && !options.delete_claims.contains(&item.reference.name) {
            deletion.kept_claims.push(item.reference);
        } else {
            deletion.go.push(item);
        }
    }
    Ok(deletion)
}

async fn run(
    cluster: &Cluster,
    releases: &Releases,
    options: &UninstallOptions,
    observer: &dyn Observer,
) -> Result<Uninstalled, Error> {
    let UninstallOptions { name, .. } = options;
    let history = releases.history(name, observer).await?;
    let mut release = history
        .last()
        .cloned()
        .ok_or_else(|| Error::new(format!("uninstall: Release not loaded: {name}: release: not found")))?;
    let versions: Vec<i64> = history.revisions().iter().map(|release| release.version).collect();
    if release.info.status == Status::Uninstalled {
        if options.keep_history {
            return Err(Error::new(format!("the release named {name:?} is already deleted")));
        }
        purge(releases, name, &versions).await?;
        return Ok(Uninstalled { release, kept_by_policy: Vec::new(), kept_claims: Vec::new() });
    }
    let deletion = plan(cluster, &release, options).await?;
    release.info.deleted = Time::at(cluster.now());
    release.set_status(Status::Uninstalling, "Deletion in progress (or silently failed)");
    let hooks = Hooks { cluster, releases, timeout: options.timeout, observer };
    if !options.no_hooks {
        hooks.run(&mut release, "pre-delete").await.map_err(|error| left(error, name, &release.namespace))?;
    }
    releases.update(&release).await?;

    let owner = Owner { name: &release.name, namespace: &release.namespace };
    let deleted = delete_all(cluster, &deletion.go, owner, options, observer).await;
    let deleted = deleted.map_err(|error| left(error, name, &release.namespace))?;
    let mut problems = Vec::new();
    if options.wait
        && let Err(error) = cluster.wait_deleted(&deleted, options.timeout, observer).await
    {
        problems.push(error.to_string());
    }
    if !options.no_hooks
        && let Err(error) = hooks.run(&mut release, "post-delete").await
    {
        problems.push(error.to_string());
    }
    release.set_status(
        Status::Uninstalled,
        options.description.clone().unwrap_or_else(|| "Uninstallation complete".into()),
    );
    if options.keep_history {
        releases.update(&release).await?;
        for older in history.all_deployed().filter(|older| older.version != release.version) {
            let mut older = older.clone();
            older.info.status = Status::Superseded;
            releases.update(&older).await?;
        }
    } else {
        purge(releases, name, &versions).await?;
    }
    if problems.is_empty() {
        return Ok(deletion.report(release));
    }
    Err(Error {
        outcome: Outcome::Left,
        ..Error::new(format!("uninstallation completed with {} error(s): {}", problems.len(), problems.join("; ")))
    })
}

/// Helm's first line, then what happened and what to do.
fn left(error: Error, name: &str, namespace: &str) -> Error {
    let again = format!("Run it again to go on: vulas-native uninstall {name} -n {namespace}");
    Error { outcome: Outcome::Left, ..error.within(&format!("failed to delete release: {name}")).with(&again) }
}

async fn purge(releases: &Releases, name: &str, versions: &[i64]) -> Result<(), Error> {
    let deleted = in_parallel(versions, |version| releases.delete(name, *version));
    let deleted: Result<Vec<()>, ClusterError> = deleted.await.into_iter().collect();
    deleted.map(|_| ()).map_err(|error| Error::from(error).within("uninstall: Failed to purge the release"))
}

/// Deletes kind by kind, those of a kind at once, and returns what there was to delete.
async fn delete_all(
    cluster: &Cluster,
    go: &[Item],
    owner: Owner<'_>,
    options: &UninstallOptions,
    observer: &dyn Observer,
) -> Result<Vec<ObjectRef>, Error> {
    let mut deleted = Vec::new();
    let mut problems = Vec::new();
    for kind in go.chunk_by(|a, b| a.reference.kind == b.reference.kind) {
        let results = in_parallel(kind, |item| async move {
            (&item.reference, delete_one(cluster, &item.reference, owner, options, observer).await)
        });
        for (reference, result) in results.await {
            match result {
                Ok(true) => deleted.push(reference.clone()),
                Ok(false) => {}
                Err(error) => problems.push(format!("{reference}: {error}")),
            }
        }
    }
    if problems.is_empty() { Ok(deleted) } else { Err(Error::new(problems.join("\n"))) }
}

async fn delete_one(
    cluster: &Cluster,
    reference: &ObjectRef,
    owner: Owner<'_>,
    options: &UninstallOptions,
    observer: &dyn Observer,
) -> Result<bool, ClusterError> {
    let Some(live) = cluster.get(reference).await? else { return Ok(false) };
    if let Some(other) = belongs_to_another(&live, owner) {
        observer.warning(&format!("{reference} was kept: it belongs to {other}"));
        return Ok(false);
    }
    delete_object(cluster, reference, &live, options.propagation, observer).await
}
