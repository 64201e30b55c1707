//! Records in the cluster.

use crate::{
    cluster::{Cluster, DeleteOptions, Error as ClusterError, ObjectRef, Observer, in_parallel},
    release::{self, History, Release, parts, stored},
};

use super::{Error, MANAGER};

/// The releases of a namespace, or of all.
#[derive(Clone)]
pub struct Releases {
    cluster: Cluster,
    namespace: Option<String>,
}

impl Releases {
    /// The releases of a namespace.
    pub fn of(cluster: &Cluster, namespace: &str) -> Self {
        Self { cluster: cluster.clone(), namespace: Some(namespace.into()) }
    }

    /// The releases of all namespaces.
    pub fn everywhere(cluster: &Cluster) -> Self {
        Self { cluster: cluster.clone(), namespace: None }
    }

    /// The revisions of a release; empty when there is no such release.
    ///
    /// # Errors
    /// When the cluster does not answer, or a record was damaged.
    pub async fn history(&self, name: &str, observer: &dyn Observer) -> Result<History, Error> {
        Ok(History::new(self.list(&stored::selector(name), observer).await?))
    }

    /// All revisions of all releases that `selector` (in the API's syntax) selects.
    ///
    /// # Errors
    /// As [`Releases::history`].
    pub async fn all(&self, selector: Option<&str>, observer: &dyn Observer) -> Result<Vec<Release>, Error> {
        let selector = selector.map_or_else(|| stored::ALL.to_owned(), |more| format!("{},{more}", stored::ALL));
        self.list(&selector, observer).await
    }

    async fn list(&self, selector: &str, observer: &dyn Observer) -> Result<Vec<Release>, Error> {
        let secrets = self.cluster.list("v1", "Secret", self.namespace.as_deref(), Some(selector)).await?;
        let mut releases = Vec::with_capacity(secrets.len());
        for secret in secrets.iter().filter(|secret| secret["type"] == stored::TYPE) {
            match stored::from_secret(secret) {
                Ok(mut release) => {
                    self.add_parts(&mut release, stored::part_count(secret), observer).await?;
                    releases.push(release);
                }
                Err(error @ release::Error::Damaged { .. }) => return Err(error.into()),
                // Helm passes over what it cannot read, and so must we: the rest of the history is still good.
                Err(error) => observer.warning(&error.to_string()),
            }
        }
        Ok(releases)
    }

    /// Adds to a large record what stands in Secrets of its own: the chart's templates and files.
    async fn add_parts(&self, release: &mut Release, count: usize, observer: &dyn Observer) -> Result<(), Error> {
        if count == 0 {
            return Ok(());
        }
        let keys: Vec<ObjectRef> = (1..=count)
            .map(|number| ObjectRef::new("v1", "Secret", &release.namespace, &parts::key(release, number)))
            .collect();
        let secrets = in_parallel(&keys, |key| self.cluster.get(key)).await;
        let mut pieces = Vec::new();
        for (secret, key) in secrets.into_iter().zip(&keys) {
            match secret? {
                Some(secret) => pieces.push(parts::from_secret(&secret)?),
                // Nothing but rendering from the record needs it.
                None => {
                    observer.warning(&format!(
                        "{key} is missing: the record of revision {} has no templates",
                        release.version
                    ));
                    return Ok(());
                }
            }
        }
        parts::join(release, &pieces)
            .map_err(|cause| Error::new(format!("the parts of {} cannot be read: {cause}", release.name)))
    }

    /// Writes a new revision.
    ///
    /// # Errors
    /// `another operation ... is in progress` when somebody else has just written the same revision; a record that is too large.
    pub async fn create(&self, release: &Release) -> Result<(), Error> {
        let stored = stored::to_secret(release, stored::Writing::Create, self.cluster.now())?;
        let main = match self.cluster.create(&stored.main, MANAGER, false).await {
            Err(error) if error.is_already_exists() => {
                return Err(in_progress(&format!(
                    "revision {} of {} was written by somebody else in this moment",
                    release.version, release.name
                )));
            }
            answer => answer?,
        };
        let uid = main["metadata"]["uid"].as_str().unwrap_or_default();
        for (piece, number) in stored.pieces.iter().zip(1..) {
            self.cluster.create(&parts::to_secret(release, number, piece, uid), MANAGER, false).await?;
        }
        Ok(())
    }

    /// Writes a revision over its older state.
    ///
    /// # Errors
    /// When it does not exist, or is too large.
    pub async fn update(&self, release: &Release) -> Result<(), Error> {
        // The chart of a revision never changes, so its parts stay as they are.
        let stored = stored::to_secret(release, stored::Writing::Update, self.cluster.now())?;
        self.cluster.replace(&stored.main, MANAGER).await?;
        Ok(())
    }

    /// Deletes the record of a revision, if there is one.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub async fn delete(&self, name: &str, version: i64) -> Result<(), ClusterError> {
        let namespace = self.namespace.as_deref().unwrap_or(self.cluster.namespace());
        let secret = ObjectRef::new("v1", "Secret", namespace, &stored::key(name, version));
        self.cluster.delete(&secret, &DeleteOptions::default()).await.map(|_| ())
    }
}

/// Helm's words for a release that somebody else works on.
pub(super) fn in_progress(who: &str) -> Error {
    Error::refused(format!("another operation (install/upgrade/rollback) is in progress\n{who}"))
}
