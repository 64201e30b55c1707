//! Which kinds the server serves, and under which path.

use super::{Cluster, Error};

/// A kind as the server serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindInfo {
    /// `apps/v1`
    pub api_version: String,
    /// `Deployment`
    pub kind: String,
    /// `deployments`
    pub plural: String,
    /// Lives in a namespace.
    pub namespaced: bool,
}

impl Cluster {
    /// Group versions and `group/version/Kind`s, as charts ask for them by `.Capabilities.APIVersions.Has`.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn api_versions(&self) -> Result<Vec<String>, Error> {
        Err(Error::Other("not built yet".into()))
    }

    /// Looks a kind up; asks the server once per group version, and again when a kind was not there.
    ///
    /// # Errors
    /// [`Error::NoKind`] when the server does not serve it.
    pub async fn kind(&self, api_version: &str, kind: &str) -> Result<KindInfo, Error> {
        Err(Error::NoKind { api_version: api_version.into(), kind: kind.into() })
    }
}
