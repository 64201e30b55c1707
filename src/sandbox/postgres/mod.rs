//! The PostgreSQL servers of the modelled cluster, and what works with them.
//!
//! A server's data lies on the volume of its claim and outlives the pod: system identifier, timeline, position, role,
//! tables. Pods of images whose name holds `postgres` carry one, when they mount a claim (or an `emptyDir`) and are not run to
//! an end. What of PostgreSQL is modelled is what a handover of a volume depends on.

mod backend;
mod environment;
mod login;
mod prepare;
mod promote;
mod psql;
mod sql;
mod statements;
mod volume;

use std::time::Duration;

use super::exec::Output;
use super::json::{Access, Json, name, namespace, uid};
use super::state::State;
use super::workload::Outcome;
use environment::Environment;

pub use volume::Volumes;

/// How long a standby is behind its master.
const LAG: Duration = Duration::from_millis(20);

fn is_postgres(container: &Json) -> bool {
    let image = container.text("/image");
    let name = image.rsplit('/').next().unwrap_or(image);
    let name = name.split([':', '@']).next().unwrap_or_default();
    name.contains("postgres") && !name.contains("exporter")
}

/// The container of a pod in which a server runs.
fn server_container(pod: &Json) -> Option<&Json> {
    if matches!(pod.text("/spec/restartPolicy"), "Never" | "OnFailure") {
        return None;
    }
    pod.items("/spec/containers").iter().find(|container| is_postgres(container))
}

/// Where a container has its data: what its variables say, or the image's own folder.
fn data_directory(container: &Json, environment: &Environment) -> String {
    match environment.first(&["PGDATA", "VN_DATA", "POSTGRESQL_DATA_DIR"]) {
        "" if container.text("/image").contains("bitnami") => "/bitnami/postgresql/data".into(),
        "" => "/var/lib/postgresql/data".into(),
        folder => folder.into(),
    }
}

/// Names what lies where the container has its data: the volume of the claim, or what is the pod's own and ends with it.
fn volume_of(state: &State, pod: &Json, container: &Json) -> Option<String> {
    let data = data_directory(container, &Environment::of(state, pod, container));
    // The mount that holds the data comes first; where none does, any will do.
    let mut mounts: Vec<&Json> = container.items("/volumeMounts").iter().collect();
    mounts.sort_by_key(|mount| {
        let at = mount.text("/mountPath").trim_end_matches('/');
        let holds = data.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        std::cmp::Reverse(if holds { at.len() } else { 0 })
    });
    let claim_of = |mount: &Json| {
        let volume = pod.items("/spec/volumes").iter().find(|volume| volume["name"] == mount["name"])?;
        Some(volume.text("/persistentVolumeClaim/claimName")).filter(|claim| !claim.is_empty())
    };
    match mounts.into_iter().find_map(claim_of) {
        Some(claim) => {
            let claim = state.get("/persistentvolumeclaims", namespace(pod), claim)?;
            Some(claim.text("/spec/volumeName").to_string()).filter(|volume| !volume.is_empty())
        }
        None => Some(format!("pod/{}", uid(pod))),
    }
}

/// The pod that serves as master behind a host name: a Service's ready endpoint or a pod's own name.
fn master_behind(state: &State, space: &str, host: &str) -> Option<(String, String)> {
    let mut parts = host.split('.');
    let first = parts.next().unwrap_or_default();
    let running = |pod: &Json| -> Option<(String, String)> {
        let container = server_container(pod)?;
        let volume = volume_of(state, pod, container)?;
        let server = state.volumes.get(&volume)?.server.as_ref()?;
        let running = state.volumes.get(&volume)?.used_by.as_deref() == Some(uid(pod));
        (running && !server.standby).then(|| (name(pod).to_string(), volume))
    };
    if let Some(pod) = state.get("/pods", space, first) {
        return running(&pod);
    }
    // `service.namespace` may name another namespace than the pod's.
    let space = parts.next().filter(|part| state.get("/namespaces", "", part).is_some()).unwrap_or(space);
    let service = state.get("/services", space, first)?;
    let selector = service.at("/spec/selector");
    let pods = state.store.list("/pods", Some(space));
    pods.iter().filter(|pod| super::json::has_labels(pod, selector)).find_map(|pod| running(pod))
}

/// Brings a running standby up to its master, as far as the lag allows. Says whether it streams.
fn follow(state: &mut State, volume: &str) -> bool {
    let Some(standby) = state.volumes.get(volume) else { return false };
    let (Some(server), Some(follows)) = (&standby.server, standby.follows.clone()) else { return false };
    if !server.standby || standby.used_by.is_none() {
        return false;
    }
    let Some((_, master_volume)) = master_behind(state, &follows.0, &follows.1) else { return false };
    let Some(master) = state.volumes.get_mut(&master_volume).and_then(|volume| volume.server.as_mut()) else {
        return false;
    };
    master.commit_late();
    let master = master.clone();
    let Some(standby) = state.volumes.get_mut(volume).and_then(|volume| volume.server.as_mut()) else { return false };
    if !standby.can_follow(&master) {
        return false;
    }
    if master.written.is_none_or(|at| at.elapsed() >= LAG) {
        standby.catch_up(&master);
    }
    true
}

/// An init container; `None` when it has nothing to do with PostgreSQL.
pub fn init(state: &mut State, pod: &Json, container: &Json) -> Option<Outcome> {
    let environment = Environment::of(state, pod, container);
    if container.text("/name") == "wait-for-database" || container.text("/name").starts_with("wait-for-") {
        return backend::wait(state, pod, &environment);
    }
    if !is_postgres(container) || server_container(pod).is_none() {
        return None;
    }
    (environment.has("ROLE") && environment.has("RELEASE"))
        .then(|| prepare::prepare(state, pod, container, &environment))
}

/// A container; `None` when it has nothing to do with PostgreSQL.
pub fn start(state: &mut State, pod: &Json, container: &Json) -> Option<Outcome> {
    if pod.text("/metadata/labels/vulas-native~1step") == "promote" {
        let environment = Environment::of(state, pod, container);
        return Some(promote::run(state, pod, container, &environment));
    }
    let environment = Environment::of(state, pod, container);
    if environment.has("SCHEMA_VERSION") {
        return Some(backend::start(state, pod, &environment));
    }
    let serves = server_container(pod).is_some_and(|server| server["name"] == container["name"]);
    serves.then(|| prepare::start(state, pod, container, &environment))
}

/// How long the pod is still not ready; `None`: it is.
pub fn unready(state: &mut State, pod: &Json) -> Option<Duration> {
    let container = server_container(pod)?;
    let volume = volume_of(state, pod, container)?;
    let standby = state.volumes.get(&volume)?.server.as_ref()?.standby;
    if standby && !follow(state, &volume) {
        return Some(Duration::from_millis(100));
    }
    None
}

/// The pod's containers have ended: a server has shut down.
pub fn stopped(state: &mut State, pod: &Json) {
    let Some(container) = server_container(pod) else { return };
    let Some(volume) = volume_of(state, pod, container) else { return };
    follow(state, &volume);
    let own = volume.starts_with("pod/");
    if let Some(found) = state.volumes.get_mut(&volume)
        && found.used_by.as_deref() == Some(uid(pod))
    {
        found.used_by = None;
        if let Some(server) = &mut found.server
            && !server.standby
        {
            server.advance(0x98);
        }
    }
    if own {
        state.volumes.forget(&volume);
    }
}

/// A command in a server's container; `None` when it is not for PostgreSQL.
pub fn exec(state: &mut State, pod: &Json, container: &str, command: &[String], stdin: &str) -> Option<Output> {
    let found = pod.items("/spec/containers").iter().find(|known| known["name"] == container)?;
    if !is_postgres(found) {
        return None;
    }
    if let [_, "-c", _, "places", folder] = command.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        let libc = if found.text("/image").contains("alpine") { "musl" } else { "glibc" };
        return Some(Output::printed(format!("data={folder}\nwal={folder}/pg_wal\nlibc={libc}\n")));
    }
    let request = psql::Request::parse(command, stdin)?;
    let volume = volume_of(state, pod, found)?;
    follow(state, &volume);
    let environment = Environment::of(state, pod, found);
    Some(sql::run(state, pod, found, &volume, &environment, &request))
}
