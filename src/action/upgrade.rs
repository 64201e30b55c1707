//! `upgrade`, in place.

use std::{collections::BTreeMap, rc::Rc};

use crate::{
    chart::{Chart, Notices, coalesce},
    cluster::{Cluster, Observer},
    gotemplate::Value,
    release::{ApplyMethod, History, Info, Release, Status, Time, chart as record},
    render::{self, Lookup, ReleaseInfo},
};

use super::{
    DryRun, Error, Releases, Reuse, UpgradeOptions,
    install::{check_labels, give_back, unreachable},
    recover::lock_and_recover,
    rendering::{FromCluster, capabilities, hooks, render},
    transaction::{Request, Transaction, Verb},
};

/// Upgrades a release to a chart and values, and returns the deployed revision; with a dry run, the revision that would be.
///
/// `values` are the user's new ones (a map); [`UpgradeOptions::reuse`] says which former ones are added. What Helm warns
/// of while it renders goes to the observer. Needs a runtime with several threads when a template calls `lookup`.
///
/// # Errors
/// Helm's texts where Helm has one; [`Error::outcome`] tells in which state the cluster is.
pub async fn upgrade(
    cluster: &Cluster,
    mut chart: Chart,
    values: Value,
    options: &UpgradeOptions,
    observer: &dyn Observer,
) -> Result<Release, Error> {
    let UpgradeOptions { name, namespace, common, .. } = options;
    render::check_release_name(name).map_err(|_| Error::new(format!("release name is invalid: {name}")))?;
    check_labels(options.labels.keys())?;
    let releases = Releases::of(cluster, namespace);
    // What the cluster can do is read while we wait for the Lease.
    let capable = async { capabilities(cluster, &[]).await.map_err(unreachable) };
    let (lock, history, capabilities) = if common.dry_run == DryRun::None {
        let (locked, capabilities) =
            futures::join!(lock_and_recover(cluster, &releases, namespace, name, observer), capable);
        match (locked, capabilities) {
            (Ok((lock, history)), Ok(capabilities)) => (Some(lock), history, capabilities),
            (Ok((lock, _)), Err(error)) => {
                lock.release().await;
                return Err(error);
            }
            // The connection's error says more than the Lease's.
            (Err(_), Err(error)) | (Err(error), Ok(_)) => return Err(error),
        }
    } else {
        let capabilities = capable.await?;
        (None, releases.history(name, observer).await?, capabilities)
    };
    let prepared = async {
        let current = current(&history, name)?.clone();
        let config = reused(&mut chart, &values, &current, options.reuse)?;
        let version = history.last().map_or(1, |last| last.version + 1);
        let info = ReleaseInfo {
            name: name.clone(),
            namespace: current.namespace.clone(),
            revision: version,
            is_install: false,
            is_upgrade: true,
        };
        let lookup: Option<Rc<dyn Lookup>> =
            if common.dry_run == DryRun::Client { None } else { Some(Rc::new(FromCluster(cluster.clone()))) };
        let rendered = render(&mut chart, &config, &info, &capabilities, &options.rendering, lookup, observer)?;
        let target = Release {
            name: name.clone(),
            namespace: current.namespace.clone(),
            version,
            info: Info {
                first_deployed: current.info.first_deployed.clone(),
                last_deployed: Time::at(cluster.now()),
                status: Status::PendingUpgrade,
                description: "Preparing upgrade".into(),
                notes: rendered.notes.clone(),
                ..Info::default()
            },
            chart: record::to_record(&chart),
            config: record::to_json(&config),
            manifest: rendered.manifest(),
            hooks: hooks(&rendered),
            apply_method: "ssa".into(),
            labels: merged_labels(&history, &options.labels),
            ..Release::default()
        };
        let request = Request {
            cluster,
            releases: &releases,
            observer,
            common,
            verb: Verb::Upgrade,
            history: &history,
            migrate: current.method() == ApplyMethod::ClientSide,
            former: Some(current),
            target,
            definitions: Vec::new(),
            create_namespace: false,
            take_ownership: options.take_ownership,
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
            let mut release = transaction.request.target;
            release.info.description = common.description.clone().unwrap_or_else(|| "Dry run complete".into());
            Ok(release)
        }
        Err(error) => {
            give_back(lock).await;
            Err(error)
        }
    }
}

/// The revision that the cluster holds.
fn current<'a>(history: &'a History, name: &str) -> Result<&'a Release, Error> {
    history.current().ok_or_else(|| {
        let line = format!("{name:?} has no deployed releases");
        match history.last() {
            Some(last) => Error::new(format!("{line}\nIts last revision {} is {}.", last.version, last.info.status)),
            None => Error::new(line),
        }
    })
}

/// The values of the new revision (Helm, `Upgrade.reuseValues`).
fn reused(chart: &mut Chart, new: &Value, current: &Release, reuse: Reuse) -> Result<Value, Error> {
    let former = record::values_of(&current.config);
    let no_notices = Notices::default();
    let is_empty = |values: &Value| values.as_map().is_none_or(|map| map.is_empty());
    // The new values over the former ones, as one map.
    let merged = || {
        let config = coalesce::copy(new);
        if let (Some(over), Some(under)) = (config.as_map(), former.as_map()) {
            coalesce::tables(over, under, &no_notices);
        }
        config
    };
    match reuse {
        Reuse::Reuse => {
            let old_chart = record::from_record(&current.chart);
            let old = coalesce::values(&old_chart, &former, &no_notices)
                .map_err(|error| Error::from(error).within("failed to rebuild old values"))?;
            chart.values = Value::Map(old);
            Ok(merged())
        }
        Reuse::ResetThenReuse => Ok(merged()),
        Reuse::IfNoneGiven if is_empty(new) => Ok(former),
        Reuse::Reset | Reuse::IfNoneGiven => Ok(new.clone()),
    }
}

/// The labels of the last revision with the new ones over them; the value `null` removes one.
fn merged_labels(history: &History, new: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut labels = history.last().map(|last| last.labels.clone()).unwrap_or_default();
    labels.extend(new.clone());
    labels.retain(|_, value| value != "null");
    labels
}
