//! `test`

use crate::{
    cluster::{Cluster, LogOptions, ObjectRef, Observer},
    release::{Release, Status},
    render,
};

use super::{
    Error, Releases, TestOptions,
    hooks::{Hooks, due},
    install::unreachable,
};

/// How the tests of a release went.
#[derive(Debug)]
pub struct Tested {
    /// The revision, with the outcome of each test.
    pub release: Release,
    /// The first test that failed.
    pub outcome: Result<(), Error>,
    /// The tests' logs by their pods' names, when they were asked for.
    pub logs: Vec<(String, String)>,
}

/// Runs the tests of a release: its hooks of the event `test`.
///
/// # Errors
/// When there is no such release, or it was uninstalled. A test that fails is no error here, see [`Tested::outcome`].
pub async fn test(cluster: &Cluster, options: &TestOptions, observer: &dyn Observer) -> Result<Tested, Error> {
    let TestOptions { name, namespace, .. } = options;
    cluster.version().await.map_err(|error| unreachable(error.into()))?;
    render::check_release_name(name)
        .map_err(|_| Error::new(format!("releaseTest: Release name is invalid: {name}")))?;
    let releases = Releases::of(cluster, namespace);
    let history = releases.history(name, observer).await?;
    let mut release = history.last().cloned().ok_or_else(|| Error::new("release: not found"))?;
    if release.info.status == Status::Uninstalled {
        return Err(Error::new(format!("the release named {name:?} is already deleted")));
    }
    let mut order = due(&release.hooks, "test");
    order.retain(|place| {
        let hook = &release.hooks[*place].name;
        !options.except.contains(hook) && (options.only.is_empty() || options.only.contains(hook))
    });
    let hooks = Hooks { cluster, releases: &releases, timeout: options.timeout, observer };
    let mut outcome = hooks.run_these(&mut release, "test", &order).await;
    releases.update(&release).await?;
    let mut logs = Vec::new();
    if options.logs {
        for &place in &order {
            let hook = &release.hooks[place];
            let api_version = if hook.kind == "Job" { "batch/v1" } else { "v1" };
            let object = ObjectRef::new(api_version, &hook.kind, namespace, &hook.name);
            for pod in cluster.pods_of(&object).await {
                let pod = ObjectRef::of(&pod);
                match cluster.logs(namespace, &pod.name, &LogOptions::default()).await {
                    Ok(log) => logs.push((pod.name, log)),
                    Err(error) => observer.warning(&format!("unable to get pod logs for {}: {error}", pod.name)),
                }
            }
        }
    }
    if outcome.is_ok() {
        outcome = hooks.clean(&release, &order).await;
    }
    Ok(Tested { release, outcome, logs })
}
