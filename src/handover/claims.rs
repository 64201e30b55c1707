//! Who uses a claim, and its end.

use std::time::Duration;

use super::Error;
use crate::cluster::{Cluster, DeleteOptions, Json, ObjectRef, Observer};

/// A claim's name as an object.
pub fn claim(namespace: &str, name: &str) -> ObjectRef {
    ObjectRef::new("v1", "PersistentVolumeClaim", namespace, name)
}

/// Whether the containers of a pod have all ended for good: it then no longer uses its volumes.
fn has_ended(pod: &Json) -> bool {
    matches!(pod.pointer("/status/phase").and_then(Json::as_str), Some("Succeeded" | "Failed"))
}

/// The claims that a pod mounts.
pub fn of_pod(pod: &Json) -> impl Iterator<Item = &str> {
    let volumes = pod.pointer("/spec/volumes").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    volumes.iter().filter_map(|v| v.pointer("/persistentVolumeClaim/claimName").and_then(Json::as_str))
}

/// The pods that mount a claim and have not ended.
///
/// # Errors
/// When the server refuses.
pub async fn users(cluster: &Cluster, namespace: &str, name: &str) -> Result<Vec<String>, Error> {
    let pods = cluster.list("v1", "Pod", Some(namespace), None).await?;
    let using = pods.iter().filter(|pod| !has_ended(pod) && of_pod(pod).any(|claim| claim == name));
    Ok(using.filter_map(|pod| pod.pointer("/metadata/name").and_then(Json::as_str)).map(str::to_owned).collect())
}

/// Refuses to go on while anybody but `allowed` mounts the claim: two servers on one volume destroy it.
///
/// # Errors
/// Names the pods.
pub async fn must_be_free(cluster: &Cluster, namespace: &str, name: &str, allowed: &[&str]) -> Result<(), Error> {
    let others: Vec<String> =
        users(cluster, namespace, name).await?.into_iter().filter(|pod| !allowed.contains(&pod.as_str())).collect();
    if others.is_empty() {
        return Ok(());
    }
    Err(Error::unfit(
        format!("persistentvolumeclaim/{name} is mounted by pod/{}", others.join(", pod/")),
        "two PostgreSQL servers on one volume corrupt it: see who brought the pod back (an autoscaler, a GitOps controller, a helm upgrade) and scale it down",
    ))
}

/// Deletes claims and waits until they are gone.
///
/// # Errors
/// When the server refuses, or pods still use them after `timeout`.
pub async fn delete(
    cluster: &Cluster,
    namespace: &str,
    names: &[String],
    timeout: Duration,
    observer: &dyn Observer,
) -> Result<Vec<String>, Error> {
    let mut gone = Vec::new();
    let mut objects = Vec::new();
    for name in names {
        let object = claim(namespace, name);
        if cluster.delete(&object, &DeleteOptions::default()).await? {
            gone.push(name.clone());
            objects.push(object);
        }
    }
    cluster.wait_deleted(&objects, timeout, observer).await?;
    Ok(gone)
}
