//! Where alpha's database lives: found by asking, not by names.
//!
//! Candidates are the StatefulSets of the release with a container that looks like PostgreSQL (its image, or the
//! variables of the usual images); each of their servers is asked who it is. The replica that is handed over is the one
//! with the highest ordinal, since that is the one that a StatefulSet gives up first.

use serde::{Deserialize, Serialize};

use super::{Problem, claims};
use crate::{
    cluster::{Cluster, Json, ObjectRef},
    database::{Identity, Server},
};

/// One server of the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its StatefulSet.
    pub statefulset: String,
    /// Its pod.
    pub pod: String,
    /// The container in it.
    pub container: String,
    /// Who it is.
    pub identity: Identity,
}

impl Place {
    /// The server there.
    pub fn server(&self, cluster: &Cluster, namespace: &str) -> Server {
        Server::new(cluster, namespace, &self.pod, &self.container)
    }
}

/// Where the volume of a server is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// The claim.
    pub claim: String,
    /// The `PersistentVolume` that it is bound to.
    pub volume: Option<String>,
    /// Where the container mounts it.
    pub mount: String,
    /// The folder of the volume that is mounted there, if not all of it.
    pub sub_path: Option<String>,
    /// `10Gi`
    pub capacity: String,
    /// Storage class.
    pub class: Option<String>,
}

/// Where alpha's database lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// The master.
    pub master: Place,
    /// The replica that is handed over.
    pub replica: Place,
    /// Volume of the replica.
    pub volume: Volume,
    /// Replicas of the replica's StatefulSet before.
    pub replicas: u32,
    /// Secret that holds the credentials, when the containers name one.
    pub secret: Option<String>,
}

/// What the user says where it can't be found.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// StatefulSet of the replicas.
    pub statefulset: Option<String>,
    /// Container of PostgreSQL.
    pub container: Option<String>,
}

/// The container of a pod template that looks like PostgreSQL.
pub(super) fn postgres_container<'a>(pod_spec: &'a Json, given: Option<&str>) -> Option<&'a Json> {
    let containers = pod_spec.get("containers")?.as_array()?;
    if let Some(name) = given {
        return containers.iter().find(|c| c.get("name").and_then(Json::as_str) == Some(name));
    }
    let looks = |container: &&Json| {
        let image = container.get("image").and_then(Json::as_str).unwrap_or_default();
        // "registry:5000/team/postgres:16@sha256:...": the last part of the path, without tag and digest.
        let base = image.rsplit('/').next().unwrap_or_default().split([':', '@']).next().unwrap_or_default();
        let name = container.get("name").and_then(Json::as_str).unwrap_or_default();
        let known = ["postgres", "postgresql", "timescaledb", "postgis", "postgresql-repmgr"];
        let variables = |names: &[&str]| {
            let env = container.get("env").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
            env.iter().any(|e| e.get("name").and_then(Json::as_str).is_some_and(|n| names.contains(&n)))
        };
        known.contains(&base) || known.contains(&name) || variables(&["PGDATA", "POSTGRESQL_VOLUME_DIR"])
    };
    containers.iter().find(looks)
}

/// The Secret that a container takes its superuser password from.
fn secret_of(pod_spec: &Json, container: &Json) -> Option<String> {
    let env = container.get("env").and_then(Json::as_array)?;
    let named =
        |names: &[&str]| env.iter().find(|e| e.get("name").and_then(Json::as_str).is_some_and(|n| names.contains(&n)));
    let by_key = named(&["POSTGRES_PASSWORD", "POSTGRESQL_PASSWORD", "POSTGRES_POSTGRES_PASSWORD", "PGPASSWORD"])
        .and_then(|e| e.pointer("/valueFrom/secretKeyRef/name")?.as_str().map(str::to_owned));
    by_key
        .or_else(|| {
            let from = container.get("envFrom").and_then(Json::as_array)?;
            from.iter().find_map(|e| e.pointer("/secretRef/name")?.as_str().map(str::to_owned))
        })
        .or_else(|| {
            let file = named(&["POSTGRES_PASSWORD_FILE", "POSTGRESQL_PASSWORD_FILE"])?.get("value")?.as_str()?;
            let mount = mount_of(container, file)?;
            let volume = volume_named(pod_spec, mount.get("name")?.as_str()?)?;
            volume.pointer("/secret/secretName")?.as_str().map(str::to_owned)
        })
        .or_else(|| env.iter().find_map(|e| e.pointer("/valueFrom/secretKeyRef/name")?.as_str().map(str::to_owned)))
}

/// The mount of a container under which a path lies.
fn mount_of<'a>(container: &'a Json, path: &str) -> Option<&'a Json> {
    let under = |mount: &&Json| {
        let at = mount.get("mountPath").and_then(Json::as_str).unwrap_or_default().trim_end_matches('/');
        path.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let length =
        |mount: &&Json| mount.get("mountPath").and_then(Json::as_str).map_or(0, |at| at.trim_end_matches('/').len());
    container.get("volumeMounts")?.as_array()?.iter().filter(under).max_by_key(length)
}

fn volume_named<'a>(pod_spec: &'a Json, name: &str) -> Option<&'a Json> {
    pod_spec.get("volumes")?.as_array()?.iter().find(|v| v.get("name").and_then(Json::as_str) == Some(name))
}

fn text<'a>(object: &'a Json, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Json::as_str)
}

/// Whether a pod reports the condition Ready and is not about to go.
pub(super) fn is_ready(pod: &Json) -> bool {
    let conditions = pod.pointer("/status/conditions").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    pod.pointer("/metadata/deletionTimestamp").is_none()
        && conditions.iter().any(|c| text(c, "/type") == Some("Ready") && text(c, "/status") == Some("True"))
}

/// Claims of a pod that are not bound: the likely reason why its server does not answer.
async fn unbound(cluster: &Cluster, namespace: &str, pod: &Json) -> Vec<Problem> {
    let mut problems = Vec::new();
    for name in claims::of_pod(pod) {
        let object = claims::claim(namespace, name);
        let Ok(live) = cluster.get(&object).await else { continue };
        let phase = live.as_ref().map_or("missing", |claim| text(claim, "/status/phase").unwrap_or("Unknown"));
        if phase != "Bound" {
            let advice = format!("see why: kubectl -n {namespace} describe pvc {name}");
            problems.push(Problem::new(format!("{object} is not Bound but {phase}"), advice));
        }
    }
    problems
}

/// A server that answered, with what Kubernetes says of it.
struct Found {
    place: Place,
    statefulset: Json,
    pod: Json,
}

/// The number of replicas that a StatefulSet wants (the API's default is one).
pub(super) fn replicas(statefulset: &Json) -> u32 {
    statefulset.pointer("/spec/replicas").and_then(Json::as_u64).map_or(1, |n| n as u32)
}

fn first_ordinal(statefulset: &Json) -> u32 {
    statefulset.pointer("/spec/ordinals/start").and_then(Json::as_u64).map_or(0, |n| n as u32)
}

/// Finds the database of a release among its StatefulSets. Every problem is added to `problems`; `None` when the
/// layout can't be told.
pub async fn find(
    cluster: &Cluster,
    namespace: &str,
    release: &str,
    statefulsets: &[String],
    given: &Given,
    problems: &mut Vec<Problem>,
) -> Option<Layout> {
    let mut found = Vec::new();
    let mut candidates = 0;
    let mut silent = Vec::new();
    for name in statefulsets {
        let object = ObjectRef::new("apps/v1", "StatefulSet", namespace, name);
        let live = match cluster.get(&object).await {
            Ok(Some(live)) => live,
            Ok(None) => continue,
            Err(error) => {
                problems.push(Problem::new(format!("{object}: {error}"), "check the permissions and the server"));
                continue;
            }
        };
        let Some(template) = live.pointer("/spec/template/spec") else { continue };
        let Some(container) = postgres_container(template, given.container.as_deref()) else { continue };
        let Some(container) = text(container, "/name").map(str::to_owned) else { continue };
        candidates += 1;
        for ordinal in first_ordinal(&live)..first_ordinal(&live) + replicas(&live) {
            let pod_name = format!("{name}-{ordinal}");
            let pod_ref = ObjectRef::new("v1", "Pod", namespace, &pod_name);
            let pod = match cluster.get(&pod_ref).await {
                Ok(Some(pod)) => pod,
                Ok(None) => {
                    silent.push((name.clone(), ordinal, format!("pod/{pod_name} does not exist")));
                    continue;
                }
                Err(error) => {
                    silent.push((name.clone(), ordinal, error.to_string()));
                    continue;
                }
            };
            let server = Server::new(cluster, namespace, &pod_name, &container);
            match server.identity().await {
                Ok(identity) => {
                    let place =
                        Place { statefulset: name.clone(), pod: pod_name, container: container.clone(), identity };
                    found.push(Found { place, statefulset: live.clone(), pod });
                }
                Err(error) => {
                    let state = text(&pod, "/status/phase").unwrap_or("Unknown");
                    problems.extend(unbound(cluster, namespace, &pod).await);
                    silent.push((name.clone(), ordinal, format!("pod/{pod_name} ({state}) can't be asked: {error}")));
                }
            }
        }
    }
    if candidates == 0 {
        problems.push(Problem::new(
            format!(
                "release {release} has no StatefulSet with a PostgreSQL container (it has: {})",
                listed(statefulsets)
            ),
            "name it by --slave-statefulset and --database-container",
        ));
        return None;
    }
    for (_, _, words) in &silent {
        problems.push(Problem::new(
            words.clone(),
            "a database that does not answer can't be handed over: look at the pod, then try again",
        ));
    }
    let masters: Vec<&Found> = found.iter().filter(|f| !f.place.identity.in_recovery).collect();
    let master = match masters.as_slice() {
        [master] => *master,
        [] if silent.is_empty() => {
            problems.push(Problem::new(
                format!("release {release} has no master: all servers are in recovery"),
                "promote or repair it first",
            ));
            return None;
        }
        [] => return None,
        several => {
            let pods: Vec<String> = several.iter().map(|f| f.place.pod.clone()).collect();
            problems.push(Problem::new(
                format!("release {release} has {} writable masters: {}", several.len(), pods.join(", ")),
                "one of them is a replica that lost its way: delete its claim and pod so that it is cloned anew",
            ));
            return None;
        }
    };
    let wanted = |f: &&Found| given.statefulset.as_ref().is_none_or(|name| *name == f.place.statefulset);
    let standbys: Vec<&Found> = found.iter().filter(|f| f.place.identity.in_recovery).filter(wanted).collect();
    // The ordinal is compared as a number: pod-10 is above pod-9.
    let ordinal = |f: &&&Found| f.place.pod.rsplit('-').next().and_then(|n| n.parse::<u32>().ok()).unwrap_or_default();
    let Some(replica) = standbys.iter().max_by_key(ordinal) else {
        if silent.is_empty() {
            problems.push(Problem::new(
                format!("release {release} has no replica: nothing to start the new release on"),
                "raise the number of slaves to 2 (database.postgres.slave.replicas in the embedded chart) and wait until they stream",
            ));
        }
        return None;
    };
    let count = replicas(&replica.statefulset);
    let highest = first_ordinal(&replica.statefulset) + count - 1;
    if silent.iter().any(|(name, ordinal, _)| *name == replica.place.statefulset && *ordinal == highest) {
        return None;
    }
    let pod_spec = replica.pod.get("spec")?;
    let container = postgres_container(pod_spec, Some(&replica.place.container))?;
    let data = &replica.place.identity.data_directory;
    let located = mount_of(container, data).and_then(|mount| {
        let volume = volume_named(pod_spec, text(mount, "/name")?)?;
        Some((mount, text(volume, "/persistentVolumeClaim/claimName")?.to_owned()))
    });
    let Some((mount, claim)) = located else {
        problems.push(Problem::new(
            format!("pod/{}: its data directory {data} is on no PersistentVolumeClaim", replica.place.pod),
            "only a replica with a volume of its own can be handed over",
        ));
        return None;
    };
    let secret = secret_of(pod_spec, container);
    let volume = Volume {
        claim,
        volume: None,
        mount: text(mount, "/mountPath").unwrap_or_default().to_owned(),
        sub_path: text(mount, "/subPath").map(str::to_owned),
        capacity: String::new(),
        class: None,
    };
    Some(Layout { master: master.place.clone(), replica: replica.place.clone(), volume, replicas: count, secret })
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none at all".into() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_postgres_container_is_known_by_image_name_or_variables() {
        let spec = json!({"containers": [{"name": "exporter", "image": "exporter:1"}, {"name": "db", "image": "r:5000/x/postgres:16@sha256:00"}]});
        assert_eq!(postgres_container(&spec, None).unwrap()["name"], "db");
        let spec =
            json!({"containers": [{"name": "db", "image": "own:1", "env": [{"name": "PGDATA", "value": "/d"}]}]});
        assert_eq!(postgres_container(&spec, None).unwrap()["name"], "db");
        let spec = json!({"containers": [{"name": "exporter", "image": "postgres-exporter:1"}]});
        assert!(postgres_container(&spec, None).is_none());
        assert!(postgres_container(&spec, Some("exporter")).is_some());
    }

    #[test]
    fn the_innermost_mount_holds_a_path() {
        let container = json!({"volumeMounts": [
            {"name": "outer", "mountPath": "/var/lib"},
            {"name": "data", "mountPath": "/var/lib/postgresql/data/"},
            {"name": "other", "mountPath": "/var/lib/postgresql/dat"},
        ]});
        assert_eq!(mount_of(&container, "/var/lib/postgresql/data/pgdata").unwrap()["name"], "data");
        assert_eq!(mount_of(&container, "/var/lib/postgresql/data").unwrap()["name"], "data");
        assert!(mount_of(&container, "/srv").is_none());
    }

    #[test]
    fn the_secret_of_the_password_is_found() {
        let spec = json!({"volumes": [{"name": "pw", "secret": {"secretName": "by-file"}}]});
        let by_key = json!({"env": [{"name": "POSTGRES_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "by-key", "key": "k"}}}]});
        assert_eq!(secret_of(&spec, &by_key).as_deref(), Some("by-key"));
        let by_file = json!({"env": [{"name": "POSTGRES_PASSWORD_FILE", "value": "/pw/p"}], "volumeMounts": [{"name": "pw", "mountPath": "/pw"}]});
        assert_eq!(secret_of(&spec, &by_file).as_deref(), Some("by-file"));
        assert_eq!(secret_of(&spec, &json!({"env": []})), None);
    }
}
