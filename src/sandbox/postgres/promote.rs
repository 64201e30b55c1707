//! The Job that makes a copy of a database a master of its own: the effects of its script, and its words.

use std::time::Duration;

use super::super::json::{Access, Json};
use super::super::state::State;
use super::super::workload::Outcome;
use super::environment::Environment;
use super::volume::Lsn;
use super::volume_of;

/// What the script does on the volume that the pod mounts.
pub fn run(state: &mut State, pod: &Json, container: &Json, environment: &Environment) -> Outcome {
    let Some(volume) = volume_of(state, pod, container) else { return Outcome::Waits(Duration::from_millis(50)) };
    let mut lines = Vec::new();
    let reset = reset_by(container);
    let result = promote(state, &volume, environment, &reset, &mut lines);
    let code = match result {
        Ok(()) => 0,
        Err((why, taken)) => {
            lines.push(format!("error: {why}"));
            lines.push(
                if taken { "stopped after the volume was taken" } else { "stopped; the volume is as it was" }.into(),
            );
            1
        }
    };
    Outcome::Ends { code, lines: lines.into_iter().map(|line| format!("promote: {line}")).collect() }
}

/// The settings that the script resets: those that it names in `settings="..."`.
fn reset_by(container: &Json) -> Vec<String> {
    let script = container.items("/command").last().and_then(Json::as_str).unwrap_or_default();
    let named = script.split("settings=\"").skip(1).filter_map(|rest| rest.split('"').next());
    named.flat_map(str::split_whitespace).map(str::to_owned).collect()
}

fn promote(
    state: &mut State,
    volume: &str,
    environment: &Environment,
    reset: &[String],
    lines: &mut Vec<String>,
) -> Result<(), (String, bool)> {
    let get = |name: &str| environment.get(&format!("VN_{name}")).to_string();
    let (owner, former, data) = (get("OWNER"), get("FORMER"), get("DATA"));
    let before = |why: String| (why, false);
    let open = state.volumes.open(volume);
    let Some(server) = &mut open.server else {
        let mount = get("VOLUME");
        return Err(before(format!("there is no directory {data} on the volume (mounted at {mount})")));
    };
    if server.major.to_string() != get("MAJOR") {
        let asked = get("MAJOR");
        return Err(before(format!(
            "the volume holds PostgreSQL {}, but the server that was asked is {asked}",
            server.major
        )));
    }
    if let Some(holder) = open.owner.as_deref().filter(|holder| *holder != owner && *holder != former) {
        let mount = get("VOLUME");
        return Err(before(format!(
            "the volume belongs to release {holder} ({mount}/vulas-native-owner), neither to {former} nor to {owner}"
        )));
    }
    if open.used_by.is_some() {
        let mount = get("VOLUME");
        return Err(before(format!("PostgreSQL runs on this volume: {mount}/vulas-native-lock is locked")));
    }
    lines.push(format!("starting PostgreSQL {} on {data}, with no network", server.major));
    let timeline: u32 = get("TIMELINE").parse().unwrap_or(0);
    if server.standby {
        let fork = Lsn::parse(&get("FORK")).unwrap_or_default();
        if server.position < fork {
            return Err(before(format!(
                "the volume ends at {}, before the fork at {fork}: rows would be lost",
                server.position
            )));
        }
        lines.push(format!("replayed up to {}, past the fork at {fork}", server.position));
        lines.push(format!("taking the volume for {owner}"));
        open.owner = Some(owner);
        server.promote();
    }
    open.follows = None;
    if server.timeline <= timeline {
        return Err((
            format!(
                "the server is a master on timeline {}, as {former} is: somebody made it one without a promotion; it can't be told \
                 from its origin",
                server.timeline
            ),
            true,
        ));
    }
    server.settings.retain(|name, _| !reset.contains(name));
    let switched = server.history.last().map_or(server.position, |(_, at)| *at);
    lines.push(format!("timeline {timeline} -> {} at {switched}, stopped cleanly", server.timeline));
    lines.push(format!(
        "result timeline={} switched={switched} system_identifier={}",
        server.timeline, server.system_identifier
    ));
    Ok(())
}
