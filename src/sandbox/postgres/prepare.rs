//! How a server's pod starts: the checks of our charts' init container, and the stock image's entrypoint.

use std::time::Duration;

use super::super::json::{Access, Json, name, namespace, uid};
use super::super::state::State;
use super::super::workload::Outcome;
use super::environment::Environment;
use super::login::Known;
use super::volume::Server;
use super::{master_behind, volume_of};

/// The image's major version: from the tag, or what the chart says.
pub fn major(container: &Json, environment: &Environment) -> u32 {
    let image = container.text("/image");
    let tag = image.rsplit('/').next().unwrap_or(image).split_once(':').map_or("", |(_, tag)| tag);
    let digits: String = tag.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().or_else(|_| environment.get("PG_MAJOR_EXPECTED").parse()).unwrap_or(16)
}

fn identifier(state: &mut State, volume: &str) -> u64 {
    7_200_000_000_000_000_000 + state.numbers_for(&format!("database/{volume}")).number() % 400_000_000_000_000_000
}

/// The init container `prepare` of our charts: makes the volume ready, or says why not.
pub fn prepare(state: &mut State, pod: &Json, container: &Json, environment: &Environment) -> Outcome {
    let role = environment.get("ROLE").to_string();
    let release = environment.get("RELEASE").to_string();
    let claim = environment.get("CLAIM").to_string();
    let refuse = |why: String| Outcome::failed(format!("{role}: refused to start PostgreSQL: {why}"));
    let Some(volume) = volume_of(state, pod, container) else { return Outcome::Waits(Duration::from_millis(50)) };
    let data = environment.get("PGDATA").to_string();
    let owner = state.volumes.open(&volume).owner.clone();
    match owner.as_deref() {
        Some(owner) if owner == release => {}
        Some(owner) => {
            return refuse(format!(
                "the volume belongs to release {owner}, this is release {release}. A volume that was handed over can't be taken \
                 back: delete the claim and the pod, and the volume is made anew"
            ));
        }
        None if !claim.is_empty() => {
            if state.volumes.open(&volume).server.is_none() {
                return refuse(format!(
                    "claim {claim} holds no database in {data}. A release on an existing claim never makes a new one"
                ));
            }
            return refuse(format!(
                "claim {claim} names no owner ({}/vulas-native-owner is missing): it has not been handed over to release {release}",
                environment.get("MOUNT")
            ));
        }
        None => {}
    }
    if let Some(why) = used(state, &volume, pod) {
        return refuse(why);
    }
    state.volumes.open(&volume).owner = Some(release);
    let made = if role == "master" {
        prepare_master(state, &volume, container, environment, &data, &claim)
    } else {
        prepare_slave(state, pod, &volume, container, environment)
    };
    match made {
        Ok(mut lines) => {
            lines.push(format!("{role}: ready to start PostgreSQL {} on {data}", major(container, environment)));
            Outcome::done(lines)
        }
        Err(Some(why)) => refuse(why),
        Err(None) => Outcome::Waits(Duration::from_millis(100)),
    }
}

fn used(state: &mut State, volume: &str, pod: &Json) -> Option<String> {
    let user = state.volumes.open(volume).used_by.clone()?;
    (user != uid(pod)).then(|| {
        "another PostgreSQL runs on this volume. Two of them would destroy it; end the other first".to_string()
    })
}

fn check_version(server: &Server, major: u32) -> Result<(), Option<String>> {
    if server.major == major {
        return Ok(());
    }
    Err(Some(format!("the volume holds a database of PostgreSQL {}, the image is {major}", server.major)))
}

fn prepare_master(
    state: &mut State,
    volume: &str,
    container: &Json,
    environment: &Environment,
    data: &str,
    claim: &str,
) -> Result<Vec<String>, Option<String>> {
    let major = major(container, environment);
    if let Some(server) = &state.volumes.open(volume).server {
        check_version(server, major)?;
        if server.standby {
            return Err(Some(format!(
                "the volume holds a standby that has not been promoted ({data} has standby.signal or recovery.conf)"
            )));
        }
        if server.in_recovery {
            return Err(Some(
                "the volume holds a standby that has not been promoted (pg_control says: shut down in recovery)".into(),
            ));
        }
        return Ok(Vec::new());
    }
    if !claim.is_empty() {
        return Err(Some(format!(
            "claim {claim} holds no database in {data}. A release on an existing claim never makes a new one"
        )));
    }
    let identifier = identifier(state, volume);
    let database = environment.first(&["DB_NAME", "POSTGRES_DB"]).to_string();
    state.volumes.open(volume).server = Some(Server::new(major, identifier, &database));
    Ok(vec![format!("master: initialising {data}")])
}

fn prepare_slave(
    state: &mut State,
    pod: &Json,
    volume: &str,
    container: &Json,
    environment: &Environment,
) -> Result<Vec<String>, Option<String>> {
    let host = environment.get("MASTER_HOST").to_string();
    let anew = format!("Delete claim data-{} and the pod, and the standby is cloned anew", name(pod));
    let master =
        master_behind(state, namespace(pod), &host).and_then(|(_, volume)| state.volumes.get(&volume)?.server.clone());
    state.volumes.open(volume).follows = Some((namespace(pod).into(), host.clone()));
    if let Some(server) = &state.volumes.open(volume).server {
        check_version(server, major(container, environment))?;
        if !server.standby {
            return Err(Some(format!("the volume holds a database that is not a standby: it was promoted. {anew}")));
        }
        if let Some(master) = &master
            && let Some(why) = server.refusal(master)
        {
            return Err(Some(format!("{why}. {anew}")));
        }
        return Ok(Vec::new());
    }
    let Some(master) = master else { return Err(None) };
    clone(state, volume, &master);
    Ok(vec![format!("slave: cloning {host}")])
}

fn clone(state: &mut State, volume: &str, master: &Server) {
    let mut copy = Server {
        standby: true,
        slots: std::collections::BTreeMap::new(),
        settings: master.settings.clone(),
        written: None,
        started: 0,
        ..master.clone()
    };
    copy.catch_up(master);
    state.volumes.open(volume).server = Some(copy);
}

/// The server's own container. Images that are not started by our charts make or clone their database here.
pub fn start(state: &mut State, pod: &Json, container: &Json, environment: &Environment) -> Outcome {
    let Some(volume) = volume_of(state, pod, container) else { return Outcome::Waits(Duration::from_millis(50)) };
    if let Some(why) = used(state, &volume, pod) {
        let role = environment.get("ROLE");
        return Outcome::failed(format!("{role}: refused to start PostgreSQL: {why}"));
    }
    let major = major(container, environment);
    let follows = environment
        .first(&["MASTER_HOST", "PRIMARY_HOST", "POSTGRES_MASTER_HOST", "POSTGRESQL_MASTER_HOST"])
        .to_string();
    // In a StatefulSet of master and replicas all are told the same host: who bears that name is the master.
    let follows = if follows.split('.').next() == Some(name(pod)) { String::new() } else { follows };
    let mut lines = Vec::new();
    if state.volumes.open(&volume).server.is_none() {
        if follows.is_empty() {
            let identifier = identifier(state, &volume);
            let database = environment.first(&["POSTGRES_DB", "POSTGRESQL_DATABASE", "DB_NAME"]).to_string();
            let mut server = Server::new(major, identifier, &database);
            Known::of(state, pod, container, environment).initialise(&mut server, container, environment);
            state.volumes.open(&volume).server = Some(server);
            lines.push("PostgreSQL init process complete; ready for start up.".into());
        } else {
            let master = master_behind(state, namespace(pod), &follows)
                .and_then(|(_, volume)| state.volumes.get(&volume)?.server.clone());
            let Some(master) = master else { return Outcome::Waits(Duration::from_millis(100)) };
            clone(state, &volume, &master);
        }
    }
    let open = state.volumes.open(&volume);
    if open.follows.is_none() && !follows.is_empty() {
        open.follows = Some((namespace(pod).into(), follows));
    }
    let Some(server) = &mut open.server else { return Outcome::failed("there is no database") };
    if server.major != major {
        return Outcome::failed(format!(
            "FATAL:  database files are incompatible with server\nDETAIL:  The data directory was initialized by PostgreSQL \
             version {}, which is not compatible with this version {major}.",
            server.major
        ));
    }
    server.started = jiff::Timestamp::now().as_second();
    server.in_recovery = server.standby;
    lines.push(format!("LOG:  starting PostgreSQL {}", server.version()));
    if server.standby {
        lines.push("LOG:  entering standby mode".into());
        lines.push(format!("LOG:  consistent recovery state reached at {}", server.position));
        lines.push("LOG:  database system is ready to accept read-only connections".into());
        lines.push(format!(
            "LOG:  started streaming WAL from primary at {} on timeline {}",
            server.position, server.timeline
        ));
    } else {
        lines.push("LOG:  database system is ready to accept connections".into());
    }
    open.used_by = Some(uid(pod).into());
    Outcome::Runs { lines }
}
