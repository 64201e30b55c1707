//! What the steps of a handover and their undoing do in the cluster, as the API server's authorizer is asked about it: who gets in
//! must be able to get back.

use super::{Error, Fence, Problem, UpgradeOptions};
use crate::cluster::{Access, Cluster, Error as ClusterError, Json, ObjectRef};

/// Verbs, group and resource. Volumes are not among them: they are cluster-wide, and who may not touch them is told so by the step
/// that would.
const WANTED: [(&[&str], &str, &str); 8] = [
    (&["get", "patch"], "apps", "statefulsets"),
    (&["get", "list"], "", "pods"),
    // Commands in containers are WebSockets, which are asked for by GET; newer servers ask for create as well.
    (&["get", "create"], "", "pods/exec"),
    (&["get"], "", "pods/log"),
    (&["get", "list", "patch", "delete"], "", "persistentvolumeclaims"),
    (&["get", "create", "patch", "delete"], "batch", "jobs"),
    // Records of releases are superseded and deleted, and so is the journal written.
    (&["get", "list", "create", "update", "patch", "delete"], "", "secrets"),
    // Renewed and given back by updates: without them it is lost after seconds, and nobody could take it to go back.
    (&["get", "create", "update"], "coordination.k8s.io", "leases"),
];

/// What the fence needs that scales writers down, and up again.
const WRITERS: (&[&str], &str, &str) = (&["get", "patch"], "apps", "deployments");

async fn denied(cluster: &Cluster, wanted: &[Access]) -> Result<Vec<Problem>, Error> {
    let advice = "ask the administrator of the cluster for a role that allows it";
    let denied = cluster.denied(wanted).await?;
    Ok(denied.iter().map(|access| Problem::new(format!("no permission to {access}"), advice)).collect())
}

/// What every handover does.
///
/// # Errors
/// When the server does not answer the question.
pub async fn look(cluster: &Cluster, options: &UpgradeOptions) -> Result<Vec<Problem>, Error> {
    let writers = (options.fence == Fence::Scale).then_some(WRITERS);
    let all = WANTED.into_iter().chain(writers);
    let namespace = Some(options.namespace.as_str());
    let wanted: Vec<Access> = all
        .flat_map(|(verbs, group, resource)| {
            verbs.iter().map(move |verb| Access::new(verb, group, resource, namespace))
        })
        .collect();
    denied(cluster, &wanted).await
}

/// What taking beta back does to its objects. That they can be made, the server's dry run has shown.
///
/// # Errors
/// As [`look`].
pub async fn of_objects(cluster: &Cluster, namespace: &str, objects: &[Json]) -> Result<Vec<Problem>, Error> {
    let mut wanted: Vec<Access> = Vec::new();
    for object in objects {
        let reference = ObjectRef::of(object);
        let kind = match cluster.kind(&reference.api_version, &reference.kind).await {
            Ok(kind) => kind,
            // Defined by the release itself; whoever may define kinds may do what he likes with their objects, or finds out.
            Err(ClusterError::NoKind { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        let place = kind.namespaced.then(|| reference.namespace.as_deref().unwrap_or(namespace));
        for verb in ["get", "delete"] {
            let access = Access::new(verb, reference.group(), &kind.plural, place);
            if !wanted.contains(&access) {
                wanted.push(access);
            }
        }
    }
    denied(cluster, &wanted).await
}
