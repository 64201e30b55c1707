//! Where alpha's database lives: found by asking, not by names.
//!
//! Candidates are the StatefulSets of the release with a container that looks like PostgreSQL (`containers`); each of
//! their servers is asked who it is, and those with one system identifier are one database. Master and replicas may be
//! pods of one StatefulSet or of several. The replica that is handed over is the one with the highest ordinal, since that
//! is the one that a StatefulSet gives up first.

use serde::{Deserialize, Serialize};

use super::{
    Problem, claims,
    containers::{self, Sign, text},
    credentials,
};
use crate::{
    cluster::{Cluster, Json, ObjectRef},
    database::{Identity, Login, Places, Server},
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
    /// As whom it is asked, where that was given.
    #[serde(default)]
    pub login: Login,
}

impl Place {
    /// The server there.
    pub fn server(&self, cluster: &Cluster, namespace: &str) -> Server {
        Server::new(cluster, namespace, &self.pod, &self.container).with_login(self.login.clone())
    }

    /// As whom a server on a copy of this one's volume is asked: roles live on the volume.
    pub fn heir_login(&self) -> Login {
        Login { role: self.login.role.clone().or_else(|| Some(self.identity.user.clone())), ..self.login.clone() }
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
    /// The nodes that it is bound to, by name.
    #[serde(default)]
    pub nodes: Vec<String>,
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
    /// How many other replicas the master has.
    #[serde(default)]
    pub others: u32,
    /// Secret that holds the credentials, when the containers name one.
    pub secret: Option<String>,
    /// What the replica's files told.
    #[serde(default)]
    pub places: Places,
}

/// What the user says where it can't be found.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// StatefulSet of the replicas.
    pub statefulset: Option<String>,
    /// Container of PostgreSQL.
    pub container: Option<String>,
    /// As whom the servers are asked.
    pub login: Login,
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
    warnings: &mut Vec<String>,
) -> Option<Layout> {
    let candidates = candidates(cluster, namespace, statefulsets, given, problems).await?;
    if candidates.is_empty() {
        problems.push(Problem::new(
            format!(
                "release {release} has no StatefulSet with a PostgreSQL container (it has: {})",
                listed(statefulsets)
            ),
            "name it by --slave-statefulset and --database-container",
        ));
        return None;
    }
    let (found, silent) = ask(cluster, namespace, &candidates, &given.login, problems).await;
    let found = one_database(release, found, given, &silent, problems)?;
    for silent in &silent {
        if found.iter().any(|f| f.place.statefulset == silent.statefulset) {
            problems.push(silent.problem());
        } else {
            warnings.push(format!("{}; it was left out", silent.words));
        }
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
            problems.push(Problem::new(
                format!("release {release} has {} writable masters: {}", several.len(), pods_of(several)),
                "one of them is a replica that lost its way: delete its claim and pod so that it is cloned anew",
            ));
            return None;
        }
    };
    let replica = choose(release, &found, given, &silent, problems)?;
    let server = replica.place.server(cluster, namespace);
    let places = server.places(&replica.place.identity.data_directory).await.unwrap_or_default();
    let pod_spec = replica.pod.get("spec")?;
    let container = containers::postgres(pod_spec, None, Some(&replica.place.container)).ok()??.container;
    let volume = volume_of(replica, container, &places, problems)?;
    let others = found.iter().filter(|f| f.place.identity.in_recovery).count().saturating_sub(1);
    Some(Layout {
        master: master.place.clone(),
        replica: replica.place.clone(),
        volume,
        replicas: replicas(&replica.statefulset),
        others: others as u32,
        secret: credentials::secret_of(pod_spec, container),
        places,
    })
}

/// A StatefulSet whose pods may run PostgreSQL.
struct Candidate {
    name: String,
    live: Json,
    container: String,
    sign: Sign,
}

/// The StatefulSets with a container that looks like PostgreSQL. `None` when that can't be told.
async fn candidates(
    cluster: &Cluster,
    namespace: &str,
    statefulsets: &[String],
    given: &Given,
    problems: &mut Vec<Problem>,
) -> Option<Vec<Candidate>> {
    if let Some(name) = given.statefulset.as_ref().filter(|name| !statefulsets.contains(name)) {
        problems.push(Problem::new(
            format!("the release has no statefulset/{name} (it has: {})", listed(statefulsets)),
            "name one of its own by --slave-statefulset",
        ));
        return None;
    }
    let mut candidates = Vec::new();
    let mut unclear = false;
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
        let labels = live.pointer("/spec/template/metadata/labels");
        let is_given = given.statefulset.as_ref() == Some(name);
        let all = containers::names(template);
        let (container, sign) = match containers::postgres(template, labels, given.container.as_deref()) {
            Ok(Some(looks)) => (text(looks.container, "/name")?.to_owned(), looks.sign),
            Ok(None) if is_given && given.container.is_none() && all.len() == 1 => (all[0].to_owned(), Sign::Given),
            Ok(None) if is_given => {
                problems.push(Problem::new(
                    format!("which container of {object} runs PostgreSQL can't be told (it has: {})", all.join(", ")),
                    "name it by --database-container",
                ));
                unclear = true;
                continue;
            }
            Ok(None) => continue,
            Err(several) => {
                problems.push(Problem::new(
                    format!("several containers of {object} look like PostgreSQL: {}", several.join(", ")),
                    "name the one by --database-container",
                ));
                unclear = true;
                continue;
            }
        };
        candidates.push(Candidate { name: name.clone(), live, container, sign });
    }
    (!unclear).then_some(candidates)
}

/// A pod that could not be asked.
struct Silent {
    statefulset: String,
    ordinal: u32,
    words: String,
    advice: Option<String>,
}

impl Silent {
    fn problem(&self) -> Problem {
        let look = "a database that does not answer can't be handed over: look at the pod, then try again";
        Problem::new(self.words.clone(), self.advice.clone().unwrap_or_else(|| look.into()))
    }
}

/// Asks every pod of the candidates who it is.
async fn ask(
    cluster: &Cluster,
    namespace: &str,
    candidates: &[Candidate],
    login: &Login,
    problems: &mut Vec<Problem>,
) -> (Vec<Found>, Vec<Silent>) {
    let (mut found, mut silent, mut unlikely) = (Vec::new(), Vec::new(), Vec::new());
    for Candidate { name, live, container, sign } in candidates {
        for ordinal in first_ordinal(live)..first_ordinal(live) + replicas(live) {
            let pod_name = format!("{name}-{ordinal}");
            let mut say = |words: String, advice: Option<String>, sure: bool| {
                let one = Silent { statefulset: name.clone(), ordinal, words, advice };
                if sure { silent.push(one) } else { unlikely.push(one) }
            };
            let pod = match cluster.get(&ObjectRef::new("v1", "Pod", namespace, &pod_name)).await {
                Ok(Some(pod)) => pod,
                Ok(None) => {
                    say(format!("pod/{pod_name} does not exist"), None, *sign >= Sign::Image);
                    continue;
                }
                Err(error) => {
                    say(error.to_string(), None, true);
                    continue;
                }
            };
            let server = Server::new(cluster, namespace, &pod_name, container).with_login(login.clone());
            match server.identity().await {
                Ok(identity) if !identity.superuser => say(
                    format!("pod/{pod_name} is asked as role {}, which is no superuser", identity.user),
                    Some("name a superuser by --database-user".into()),
                    true,
                ),
                Ok(identity) => {
                    let (container, login) = (container.clone(), login.clone());
                    let place = Place { statefulset: name.clone(), pod: pod_name, container, identity, login };
                    found.push(Found { place, statefulset: live.clone(), pod });
                }
                Err(error) => {
                    let state = text(&pod, "/status/phase").unwrap_or("Unknown");
                    problems.extend(unbound(cluster, namespace, &pod).await);
                    let words = format!("pod/{pod_name} ({state}) can't be asked: {error}");
                    // Who only has a port or a variable like PostgreSQL's, and no psql, is something else.
                    say(words, error.advice(), *sign >= Sign::Image || !error.has_no_psql());
                }
            }
        }
    }
    if found.is_empty() {
        silent.extend(unlikely);
    }
    (found, silent)
}

fn pods_of(found: &[&Found]) -> String {
    found.iter().map(|f| f.place.pod.as_str()).collect::<Vec<_>>().join(", ")
}

/// The servers of the one database that is meant: those with the same system identifier.
fn one_database(
    release: &str,
    found: Vec<Found>,
    given: &Given,
    silent: &[Silent],
    problems: &mut Vec<Problem>,
) -> Option<Vec<Found>> {
    let mut systems: Vec<Vec<Found>> = Vec::new();
    for one in found {
        let id = &one.place.identity.system_identifier;
        let same =
            |all: &&mut Vec<Found>| all.first().is_some_and(|first| first.place.identity.system_identifier == *id);
        match systems.iter_mut().find(same) {
            Some(all) => all.push(one),
            None => systems.push(vec![one]),
        }
    }
    if systems.is_empty() {
        problems.extend(silent.iter().map(Silent::problem));
        return None;
    }
    // A pod beside its like that holds another database was made anew by mistake.
    let mut strays = false;
    for one in systems.iter().flatten() {
        let id = &one.place.identity.system_identifier;
        let first = systems.iter().flatten().find(|other| other.place.statefulset == one.place.statefulset);
        if let Some(first) = first.filter(|first| first.place.identity.system_identifier != *id) {
            problems.push(Problem::new(
                format!(
                    "pod/{} holds another database than pod/{} (system identifiers {id} and {})",
                    one.place.pod, first.place.pod, first.place.identity.system_identifier
                ),
                "delete its claim and pod so that it is cloned anew",
            ));
            strays = true;
        }
    }
    if strays {
        return None;
    }
    if systems.len() > 1 {
        let meant = |all: &Vec<Found>| {
            given.statefulset.as_ref().is_none_or(|name| all.iter().any(|f| f.place.statefulset == *name))
        };
        systems.retain(meant);
    }
    if systems.len() > 1 {
        let role = |all: &[Found], standby: bool| all.iter().any(|f| f.place.identity.in_recovery == standby);
        // A standby whose master is not among them belongs to nobody here.
        for lost in systems.iter().filter(|all| !role(all, false)) {
            let pods: Vec<&Found> = lost.iter().collect();
            problems.push(Problem::new(
                format!(
                    "{} follows a master that is not in release {release}: no master has its system identifier {}",
                    pods_of(&pods),
                    lost[0].place.identity.system_identifier
                ),
                "delete its claim and pod so that it is cloned anew, or name the database that is meant by --slave-statefulset",
            ));
        }
        let with_replicas = systems.iter().filter(|all| role(all, true) && role(all, false)).count();
        if with_replicas == 1 {
            systems.retain(|all| role(all, true) && role(all, false));
        }
    }
    if systems.len() > 1 {
        let each = systems.iter().map(|all| {
            let pods: Vec<&Found> = all.iter().collect();
            format!("{} (statefulset/{})", pods_of(&pods), all[0].place.statefulset)
        });
        problems.push(Problem::new(
            format!("release {release} has {} databases: {}", systems.len(), each.collect::<Vec<_>>().join("; ")),
            "name the StatefulSet of the replicas that are meant by --slave-statefulset",
        ));
        return None;
    }
    systems.pop()
}

/// The replica that is handed over: the highest of its StatefulSet, since that one is given up first.
fn choose<'a>(
    release: &str,
    found: &'a [Found],
    given: &Given,
    silent: &[Silent],
    problems: &mut Vec<Problem>,
) -> Option<&'a Found> {
    let wanted = |f: &&Found| given.statefulset.as_ref().is_none_or(|name| *name == f.place.statefulset);
    let standbys: Vec<&Found> = found.iter().filter(|f| f.place.identity.in_recovery).filter(wanted).collect();
    if standbys.is_empty() {
        if silent.is_empty() {
            problems.push(Problem::new(
                format!("release {release} has no replica: nothing to start the new release on"),
                "raise the number of slaves to 2 (database.postgres.slave.replicas in the embedded chart) and wait until they stream",
            ));
        }
        return None;
    }
    let highest = |f: &Found| first_ordinal(&f.statefulset) + replicas(&f.statefulset).saturating_sub(1);
    let is_highest = |f: &&Found| f.place.pod == format!("{}-{}", f.place.statefulset, highest(f));
    let last: Vec<&Found> = standbys.iter().copied().filter(is_highest).collect();
    let like = |f: &Found| standbys.iter().filter(|s| s.place.statefulset == f.place.statefulset).count();
    let most = last.iter().map(|f| like(f)).max().unwrap_or_default();
    let best: Vec<&Found> = last.into_iter().filter(|f| like(f) == most).collect();
    match best.as_slice() {
        [one] => Some(one),
        [] => {
            // A silent one has been named already.
            let first = standbys[0];
            let statefulset = &first.place.statefulset;
            if !silent.iter().any(|s| s.statefulset == *statefulset && s.ordinal == highest(first)) {
                problems.push(Problem::new(
                    format!(
                        "pod/{statefulset}-{} is the master, and it is the one that statefulset/{statefulset} gives up first",
                        highest(first)
                    ),
                    format!("make another pod the master (a switchover), so that the highest one is a replica: {}", pods_of(&standbys)),
                ));
            }
            None
        }
        several => {
            problems.push(Problem::new(
                format!("replicas of several StatefulSets can be handed over: {}", pods_of(several)),
                "name the StatefulSet by --slave-statefulset",
            ));
            None
        }
    }
}

/// Where the data directory of a replica is: a claim of its own, and all of the database on it.
fn volume_of(replica: &Found, container: &Json, places: &Places, problems: &mut Vec<Problem>) -> Option<Volume> {
    let pod = &replica.place.pod;
    let pod_spec = replica.pod.get("spec")?;
    let told = replica.place.identity.data_directory.as_str();
    // The directory may be reached by a link; what counts is where it really is.
    let data = if places.data.is_empty() { told } else { places.data.as_str() };
    let claim_at = |path: &str| {
        let mount = containers::mount_of(container, path)?;
        let volume = containers::volume_named(pod_spec, text(mount, "/name")?)?;
        Some((mount, text(volume, "/persistentVolumeClaim/claimName")?.to_owned()))
    };
    let Some((mount, claim)) = claim_at(data) else {
        problems.push(Problem::new(
            format!("pod/{pod}: its data directory {data} is on no PersistentVolumeClaim"),
            "only a replica with a volume of its own can be handed over",
        ));
        return None;
    };
    if !places.wal.is_empty() && claim_at(&places.wal).is_none_or(|(_, other)| other != claim) {
        problems.push(Problem::new(
            format!("pod/{pod}: its write-ahead log is at {}, not on claim {claim} where its data is", places.wal),
            "a database that lies on several volumes can't be handed over: let pg_wal lie in the data directory",
        ));
        return None;
    }
    let sub_path = match containers::sub_path(mount, container, &replica.pod) {
        Ok(path) => path,
        Err(name) => {
            problems.push(Problem::new(
                format!("pod/{pod}: the folder of claim {claim} depends on ${{{name}}}, which the pod does not tell"),
                "mount the volume by a subPath that does not depend on it",
            ));
            return None;
        }
    };
    Some(Volume {
        claim,
        volume: None,
        mount: text(mount, "/mountPath").unwrap_or_default().to_owned(),
        sub_path,
        capacity: String::new(),
        class: None,
        nodes: Vec::new(),
    })
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none at all".into() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(statefulset: &str, ordinal: u32, replicas: u32, system: &str, in_recovery: bool) -> Found {
        let identity = json!({"major": 16, "version": "16.4", "data_directory": "/pg/data", "user": "postgres",
            "in_recovery": in_recovery, "system_identifier": system, "timeline": 1, "wal_level": "replica"});
        let pod = format!("{statefulset}-{ordinal}");
        let place = json!({"statefulset": statefulset, "pod": pod, "container": "db", "identity": identity});
        let mounts =
            json!([{"name": "data", "mountPath": "/pg", "subPath": "x"}, {"name": "wal", "mountPath": "/wal"}]);
        let volumes = json!([
            {"name": "data", "persistentVolumeClaim": {"claimName": format!("data-{pod}")}},
            {"name": "wal", "persistentVolumeClaim": {"claimName": format!("wal-{pod}")}},
        ]);
        Found {
            place: serde_json::from_value(place).unwrap(),
            statefulset: json!({"spec": {"replicas": replicas}}),
            pod: json!({"metadata": {"name": pod}, "spec": {"containers": [{"name": "db", "volumeMounts": mounts}], "volumes": volumes}}),
        }
    }

    fn chosen(found: Vec<Found>, given: Option<&str>) -> Result<String, String> {
        let given = Given { statefulset: given.map(str::to_owned), ..Given::default() };
        let mut problems = Vec::new();
        let pod = one_database("r", found, &given, &[], &mut problems)
            .and_then(|found| Some(choose("r", &found, &given, &[], &mut problems)?.place.pod.clone()));
        pod.ok_or_else(|| problems.iter().map(|p| format!("{} / {}", p.what, p.advice)).collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn the_highest_replica_is_chosen_wherever_the_master_is() {
        let apart =
            || vec![one("master", 0, 1, "7", false), one("slave", 0, 2, "7", true), one("slave", 1, 2, "7", true)];
        assert_eq!(chosen(apart(), None).unwrap(), "slave-1");
        let mut together = vec![one("db", 0, 11, "7", false)];
        together.extend((1..11).map(|n| one("db", n, 11, "7", true)));
        assert_eq!(chosen(together, None).unwrap(), "db-10");
        // After a failover; the master is never given up.
        let failed_over = vec![one("db", 0, 2, "7", true), one("db", 1, 2, "7", false)];
        let why = chosen(failed_over, None).unwrap_err();
        assert!(why.contains("pod/db-1 is the master") && why.contains("switchover"), "{why}");
    }

    #[test]
    fn several_that_could_be_meant_are_named_with_the_flag() {
        let two = || {
            let first = [one("a", 0, 2, "7", false), one("a", 1, 2, "7", true)];
            first.into_iter().chain([one("b", 0, 2, "8", false), one("b", 1, 2, "8", true)]).collect::<Vec<_>>()
        };
        let why = chosen(two(), None).unwrap_err();
        assert!(
            why.contains("2 databases: a-0, a-1 (statefulset/a); b-0, b-1") && why.contains("--slave-statefulset"),
            "{why}"
        );
        assert_eq!(chosen(two(), Some("b")).unwrap(), "b-1");
        // One without replicas is not meant.
        let other = vec![one("a", 0, 2, "7", false), one("a", 1, 2, "7", true), one("b", 0, 1, "8", false)];
        assert_eq!(chosen(other, None).unwrap(), "a-1");
        let regions = vec![one("m", 0, 1, "7", false), one("east", 0, 1, "7", true), one("west", 0, 1, "7", true)];
        let why = chosen(regions, None).unwrap_err();
        assert!(why.contains("east-0, west-0") && why.contains("--slave-statefulset"), "{why}");
    }

    #[test]
    fn a_pod_with_another_database_is_named() {
        let found = vec![one("db", 0, 2, "7", false), one("db", 1, 2, "9", false)];
        let why = chosen(found, None).unwrap_err();
        assert!(why.contains("pod/db-1 holds another database than pod/db-0 (system identifiers 9 and 7)"), "{why}");
        let found = vec![one("m", 0, 1, "7", false), one("s", 0, 1, "9", true)];
        let why = chosen(found, None).unwrap_err();
        assert!(why.contains("s-0 follows a master that is not in release r"), "{why}");
    }

    #[test]
    fn all_of_a_database_must_be_on_one_claim() {
        let replica = one("db", 1, 2, "7", true);
        let container = &replica.pod["spec"]["containers"][0];
        let volume = |data: &str, wal: &str| {
            let places = Places { data: data.into(), wal: wal.into(), libc: String::new() };
            let mut problems = Vec::new();
            volume_of(&replica, container, &places, &mut problems).ok_or_else(|| problems[0].what.clone())
        };
        let found = volume("", "").unwrap();
        assert_eq!((found.claim.as_str(), found.sub_path.as_deref()), ("data-db-1", Some("x")));
        // By a link.
        assert_eq!(volume("/wal/data", "/wal/data/pg_wal").unwrap().claim, "wal-db-1");
        assert!(volume("/pg/data", "/wal/pg_wal").unwrap_err().contains("not on claim data-db-1"));
        assert!(volume("/elsewhere", "").unwrap_err().contains("on no PersistentVolumeClaim"));
    }
}
