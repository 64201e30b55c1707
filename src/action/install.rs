//! `install`

use std::rc::Rc;

use crate::{
    chart::Chart,
    cluster::{Cluster, Json, ObjectRef, Observer, in_parallel},
    gotemplate::Value,
    release::{History, Info, Release, Status, Time, chart as record, stored},
    render::{Lookup, ReleaseInfo, check_release_name},
};

use super::{
    DryRun, Error, InstallOptions, Releases,
    lock::Lock,
    recover::lock_and_recover,
    rendering::{FromCluster, capabilities, definitions, hooks, render},
    transaction::{Request, Transaction, Verb},
};

/// Installs a chart and returns the deployed revision; with a dry run, the revision that would be.
///
/// `values` are the user's (a map). What Helm warns of while it renders goes to the observer. Needs a runtime with several threads when a
/// template calls `lookup`.
///
/// # Errors
/// Helm's texts where Helm has one; [`Error::outcome`] tells in which state the cluster is.
pub async fn install(
    cluster: &Cluster,
    chart: Chart,
    values: Value,
    options: &InstallOptions,
    observer: &dyn Observer,
) -> Result<Release, Error> {
    let InstallOptions { name, namespace, common, .. } = options;
    check_release_name(name)
        .map_err(|problem| Error::new(format!("release name check failed: release name {name:?}: {problem}")))?;
    check_labels(options.labels.keys())?;
    let releases = Releases::of(cluster, namespace);
    let missing = namespace_is_missing(cluster, namespace).await?;
    if missing && !options.create_namespace {
        return Err(Error::new(format!(
            "create: failed to create: namespaces {namespace:?} not found\nNothing has been changed. --create-namespace makes it."
        )));
    }
    // In a namespace that does not exist nobody else can be at work, and there is no place for a Lease yet.
    let (lock, history) = if missing || common.dry_run != DryRun::None {
        (None, if missing { History::default() } else { releases.history(name, observer).await? })
    } else {
        let (lock, history) = lock_and_recover(cluster, &releases, namespace, name, observer).await?;
        (Some(lock), history)
    };
    let prepared = prepare(cluster, chart, &values, options, observer, &releases, &history, missing).await;
    match prepared {
        Ok(mut transaction) if common.dry_run == DryRun::None => {
            transaction.request.lock = lock;
            Box::pin(transaction.execute()).await
        }
        Ok(transaction) => {
            observer.info(&format!("dry run: {}", transaction.plan.summary()));
            let mut release = transaction.request.target;
            release.info.description = "Dry run complete".into();
            Ok(release)
        }
        Err(error) => {
            give_back(lock).await;
            Err(error)
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "one step of the story above, with all that it knows so far")]
async fn prepare<'a>(
    cluster: &'a Cluster,
    mut chart: Chart,
    values: &Value,
    options: &'a InstallOptions,
    observer: &'a dyn Observer,
    releases: &'a Releases,
    history: &'a History,
    create_namespace: bool,
) -> Result<Transaction<'a>, Error> {
    let InstallOptions { name, namespace, common, .. } = options;
    let version = next_version(history, options)?;
    let all_definitions = if options.skip_crds { Vec::new() } else { definitions(&chart)? };
    let capabilities = capabilities(cluster, &all_definitions).await?;
    let info = ReleaseInfo {
        name: name.clone(),
        namespace: namespace.clone(),
        revision: version,
        is_install: true,
        is_upgrade: false,
    };
    let lookup: Option<Rc<dyn Lookup>> =
        if common.dry_run == DryRun::Client { None } else { Some(Rc::new(FromCluster(cluster.clone()))) };
    let rendered = render(&mut chart, values, &info, &capabilities, &options.rendering, lookup, observer)?;
    let now = Time::at(cluster.now());
    let target = Release {
        name: name.clone(),
        namespace: namespace.clone(),
        version,
        info: Info {
            first_deployed: now.clone(),
            last_deployed: now,
            status: Status::PendingInstall,
            description: "Initial install underway".into(),
            notes: rendered.notes.clone(),
            ..Info::default()
        },
        chart: record::to_record(&chart),
        config: record::to_json(values),
        manifest: rendered.manifest(),
        hooks: hooks(&rendered),
        apply_method: "ssa".into(),
        labels: options.labels.clone(),
        ..Release::default()
    };
    let request = Request {
        cluster,
        releases,
        observer,
        common,
        verb: Verb::Install,
        history,
        former: None,
        target,
        definitions: new_definitions(cluster, all_definitions).await?,
        create_namespace,
        take_ownership: options.take_ownership,
        migrate: false,
        lock: None,
    };
    Box::pin(Transaction::prepare(request, common.dry_run != DryRun::Client)).await
}

pub(super) async fn give_back(lock: Option<Lock>) {
    if let Some(lock) = lock {
        lock.release().await;
    }
}

async fn namespace_is_missing(cluster: &Cluster, namespace: &str) -> Result<bool, Error> {
    match cluster.get(&ObjectRef::cluster_wide("v1", "Namespace", namespace)).await {
        Ok(found) => Ok(found.is_none()),
        // Who may not read namespaces finds out when he writes.
        Err(error) if error.is_forbidden() => Ok(false),
        Err(error) => Err(unreachable(error.into())),
    }
}

/// Helm's words before a connection error.
pub(super) fn unreachable(error: Error) -> Error {
    error.within("kubernetes cluster unreachable")
}

fn next_version(history: &History, options: &InstallOptions) -> Result<i64, Error> {
    let Some(last) = history.last() else { return Ok(1) };
    let reusable = matches!(last.info.status, Status::Uninstalled | Status::Failed);
    if options.replace && reusable {
        return Ok(last.version + 1);
    }
    if options.common.dry_run != DryRun::None {
        return Ok(1);
    }
    let name = &options.name;
    Err(Error::new(format!(
        "release name check failed: cannot reuse a name that is still in use\n{name} is {} (revision {}). Nothing has been changed. \
         Change it: vulas-native upgrade {name} CHART; remove it: vulas-native uninstall {name} -n {}",
        last.info.status, last.version, last.namespace
    )))
}

/// Definitions that are there already stay as they are, as in Helm.
async fn new_definitions(cluster: &Cluster, definitions: Vec<Json>) -> Result<Vec<Json>, Error> {
    let looked = in_parallel(definitions, |definition| async move {
        let found = cluster.get(&ObjectRef::of(&definition)).await?;
        Ok::<_, Error>(found.is_none().then_some(definition))
    });
    looked.await.into_iter().filter_map(Result::transpose).collect()
}

/// Whether a release may have this name.
pub fn is_name(name: &str) -> bool {
    check_release_name(name).is_ok()
}

/// Refuses labels of users whose names Helm keeps for itself.
///
/// # Errors
/// Helm's text.
pub fn check_labels<'a>(mut names: impl Iterator<Item = &'a String>) -> Result<(), Error> {
    if names.any(|name| stored::SYSTEM_LABELS.contains(&name.as_str())) {
        return Err(Error::new(format!(
            "user supplied labels contains system reserved label name. System labels: [{}]",
            stored::SYSTEM_LABELS.join(" ")
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["a", "a-b", "a.b", "alpha-1"] {
            assert_eq!(check_release_name(good), Ok(()), "{good}");
        }
        for bad in ["", "A", "a_b", "-a", "a-", "a..b", &"a".repeat(54)] {
            assert!(check_release_name(bad).is_err(), "{bad}");
        }
    }
}
