//! What the steps of a handover and their undoing do in the cluster, as the API server's authorizer is asked about it: who gets in
//! must be able to get back.

use super::{Error, Fence, Problem, UpgradeOptions, releases};
use crate::{
    cluster::{Access, Cluster, Error as ClusterError, Json, ObjectRef},
    release::Release,
};

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

/// What moving the traffic, there and back, does to the records of the admin release. Without a Lease it goes as well.
const TRAFFIC: (&[&str], &str, &str) = (&["get", "list", "create", "update", "delete"], "", "secrets");

const ADVICE: &str = "ask the administrator of the cluster for a role that allows it";

async fn denied(cluster: &Cluster, wanted: &[Access], advice: &str) -> Result<Vec<Problem>, Error> {
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
    denied(cluster, &wanted, ADVICE).await
}

/// What taking beta back does to its objects. That they can be made, the server's dry run has shown.
///
/// # Errors
/// As [`look`].
pub async fn of_objects(cluster: &Cluster, namespace: &str, objects: &[Json]) -> Result<Vec<Problem>, Error> {
    let wanted = on_objects(cluster, namespace, objects, |_| &["get", "delete"]).await?;
    denied(cluster, &wanted, ADVICE).await
}

/// What a route to beta, and back, does in the namespace of the admin release and to its objects: all are applied anew, and
/// those that are named by the release that is served are made and deleted.
///
/// # Errors
/// As [`look`].
pub async fn of_traffic(
    cluster: &Cluster,
    namespace: &str,
    alpha: &str,
    admin: Option<&Release>,
) -> Result<Vec<Problem>, Error> {
    let (verbs, group, resource) = TRAFFIC;
    let mut wanted: Vec<Access> =
        verbs.iter().map(|verb| Access::new(verb, group, resource, Some(namespace))).collect();
    if let Some(admin) = admin {
        let verbs: fn(bool) -> &'static [&'static str] =
            |moves| if moves { &["get", "patch", "create", "delete"] } else { &["get", "patch"] };
        let objects = releases::manifest_objects(admin)?;
        let moves = |object: &ObjectRef| verbs(object.name.split(['-', '.']).any(|part| part == alpha));
        let on_objects = on_objects(cluster, namespace, &objects, moves).await?;
        wanted.extend(on_objects.into_iter().filter(|access| !wanted.contains(access)).collect::<Vec<_>>());
    }
    let advice = format!("{ADVICE}; or leave out --admin-namespace, and let somebody else move the traffic");
    denied(cluster, &wanted, &advice).await
}

/// Verbs on the kinds of objects, each once.
async fn on_objects(
    cluster: &Cluster,
    namespace: &str,
    objects: &[Json],
    verbs: impl Fn(&ObjectRef) -> &'static [&'static str],
) -> Result<Vec<Access>, Error> {
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
        for verb in verbs(&reference) {
            let access = Access::new(verb, reference.group(), &kind.plural, place);
            if !wanted.contains(&access) {
                wanted.push(access);
            }
        }
    }
    Ok(wanted)
}
