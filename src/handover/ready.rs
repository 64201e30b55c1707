//! Whether a release can serve.

use super::{Error, releases};
use crate::{
    cluster::{Cluster, ObjectRef, readiness},
    release::Release,
};

/// A release whose workloads are not ready can't serve.
///
/// # Errors
/// [`Error::Unfit`] names them, with this advice.
pub async fn must_be_ready(cluster: &Cluster, namespace: &str, core: &Release, advice: &str) -> Result<(), Error> {
    let mut problems = Vec::new();
    for object in releases::manifest_objects(core)? {
        let kind = object["kind"].as_str().unwrap_or_default();
        if !matches!(kind, "Deployment" | "StatefulSet") {
            continue;
        }
        let name = object.pointer("/metadata/name").and_then(|n| n.as_str()).unwrap_or_default();
        let reference = ObjectRef::new("apps/v1", kind, namespace, name);
        let state = match cluster.get(&reference).await? {
            Some(live) => readiness::readiness(&live, 0),
            None => readiness::Readiness::Failed("does not exist".into()),
        };
        if let readiness::Readiness::Progressing(why) | readiness::Readiness::Failed(why) = state {
            problems.push(format!("{reference}: {why}"));
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::unfit(format!("release {} is not ready: {}", core.name, problems.join("; ")), advice))
}
