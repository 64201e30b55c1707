//! `test`

use crate::{
    cluster::{Cluster, Observer},
    release::{Release, Status},
};

use super::{
    Error, Releases, TestOptions,
    hooks::{Hooks, due},
    install::{check_name, unreachable},
};

/// Runs the tests of a release (its hooks of the event `test`) and returns the revision with their outcome, whether they passed, and
/// the first error.
///
/// # Errors
/// When there is no such release, or it is no deployed one.
pub async fn test(
    cluster: &Cluster,
    options: &TestOptions,
    observer: &dyn Observer,
) -> Result<(Release, Result<(), Error>), Error> {
    let TestOptions { name, namespace, .. } = options;
    cluster.version().await.map_err(|error| unreachable(error.into()))?;
    check_name(name).map_err(|_| Error::new(format!("releaseTest: Release name is invalid: {name}")))?;
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
    let outcome = hooks.run_these(&mut release, "test", &order).await;
    releases.update(&release).await?;
    Ok((release, outcome))
}
