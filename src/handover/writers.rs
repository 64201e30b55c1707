//! The Deployments of a release that write to its database, which the fence `scale` stops.

use super::{Error, Problem, releases};
use crate::cluster::{Cluster, Error as ClusterError, Json, ObjectRef};

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

/// The pods of a Deployment that are still there. The number in its status does not count those that are ending, which write until
/// they have.
///
/// # Errors
/// When the server refuses.
pub async fn pods(cluster: &Cluster, deployment: &ObjectRef) -> Result<Vec<String>, ClusterError> {
    let Some(live) = cluster.get(deployment).await? else { return Ok(Vec::new()) };
    let labels = live.pointer("/spec/selector/matchLabels").and_then(Json::as_object).cloned().unwrap_or_default();
    let labels: Vec<String> =
        labels.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect();
    let pods = match labels.as_slice() {
        // No labels would be all pods.
        [] => Vec::new(),
        labels => cluster.list("v1", "Pod", deployment.namespace.as_deref(), Some(&labels.join(","))).await?,
    };
    let ended =
        |pod: &Json| matches!(pod.pointer("/status/phase").and_then(Json::as_str), Some("Succeeded" | "Failed"));
    let name = |pod: &Json| Some(format!("pod/{}", pod.pointer("/metadata/name")?.as_str()?));
    let mut left: Vec<String> = pods.iter().filter(|pod| !ended(pod)).filter_map(name).collect();
    // Before the first pod is told to end, it is the status that counts.
    if left.is_empty() && live.pointer("/status/replicas").and_then(Json::as_u64).unwrap_or_default() > 0 {
        left.push(deployment.to_string());
    }
    Ok(left)
}

/// Why a release without writers can't be fenced by scaling.
pub fn none(release: &str) -> Problem {
    Problem::new(
        format!("release {release} has no Deployment labelled {LABEL}=true"),
        "label those that write to the database, or use --fence=read-only",
    )
}
