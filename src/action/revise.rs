//! A revision that is written and not applied: the record is to say what the cluster holds already.

use crate::{
    cluster::{Cluster, Observer},
    release::{Release, Status, Time},
};

use super::{Error, Releases, recover::lock_and_recover, releases::in_progress};

/// Writes a record, made from the revision whose number it has, as the next revision of its release, marked as deployed, under the
/// release's Lease. Returns the new revision.
///
/// # Errors
/// When an operation on the release is under way, or has changed it since the record was read; a killed one is put back first.
pub async fn revise(cluster: &Cluster, mut release: Release, why: &str, observer: &dyn Observer) -> Result<i64, Error> {
    let records = Releases::of(cluster, &release.namespace);
    let (lock, history) = lock_and_recover(cluster, &records, &release.namespace, &release.name, observer).await?;
    let written = async {
        let deployed = history.deployed().map(|deployed| deployed.version);
        if history.get(release.version).is_none() || deployed.is_some_and(|deployed| deployed != release.version) {
            return Err(in_progress(&format!("{} was changed in this moment; try again", release.name)));
        }
        release.version = history.last().map_or(release.version, |last| last.version) + 1;
        release.info.last_deployed = Time::at(cluster.now());
        release.set_status(Status::Deployed, why);
        records.create(&release).await?;
        for former in history.all_deployed() {
            let mut former = former.clone();
            former.info.status = Status::Superseded;
            records.update(&former).await?;
        }
        Ok(release.version)
    };
    let written = written.await;
    lock.release().await;
    written
}
