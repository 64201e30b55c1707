//! The Deployments of a release that write to its database, which the fence `scale` stops.

use super::{Error, Problem, releases};
use crate::cluster::{Cluster, Json, ObjectRef};

/// Label of Deployments that write to the database, in charts that say so.
const LABEL: &str = "vulas-native/database-writer";

/// Those that are labelled as writers, as they are.
///
/// # Errors
/// When the server refuses.
pub async fn find(cluster: &Cluster, namespace: &str, release: &str) -> Result<Vec<(ObjectRef, Json)>, Error> {
    let objects = releases::objects(cluster, namespace, release).await?;
    let mut writers = Vec::new();
    for object in objects.into_iter().filter(|object| object.kind == "Deployment") {
        let Some(live) = cluster.get(&object).await? else { continue };
        if live.pointer("/metadata/labels").and_then(|labels| labels.get(LABEL)?.as_str()) == Some("true") {
            writers.push((object, live));
        }
    }
    Ok(writers)
}

/// Why a release without writers can't be fenced by scaling.
pub fn none(release: &str) -> Problem {
    Problem::new(
        format!("release {release} has no Deployment labelled {LABEL}=true"),
        "label those that write to the database, or use --fence=read-only",
    )
}
