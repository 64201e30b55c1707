//! What beta has written since it came up, which would be lost by giving it up.

use std::time::Duration;

use super::{
    Commands, Error, Journal, State, claims, containers, divergence,
    moment::{Moment, Since, settled},
    run::Run,
};
use crate::{
    cluster::{Cluster, ObjectRef, Observer},
    database::{Server, TableChanges},
};

/// Why it can't be told what beta has written, in journals of before.
const UNRECORDED: &str = "an older version of this program has not recorded how it was";
/// How long a glance may take.
const GLANCE: Duration = Duration::from_secs(10);

/// The server on the volume that was handed over; `None` unless exactly one pod mounts it.
async fn server(cluster: &Cluster, journal: &Journal) -> Result<Option<Server>, Error> {
    let known = &journal.layout.replica;
    let users = claims::users(cluster, &journal.namespace, &journal.layout.volume.claim).await?;
    let [pod] = users.as_slice() else { return Ok(None) };
    let live = cluster.get(&ObjectRef::new("v1", "Pod", &journal.namespace, pod)).await?;
    let container = live.as_ref().and_then(|pod| {
        let found = containers::postgres_like(pod.get("spec")?, pod.pointer("/metadata/labels"), &known.container)?;
        found.get("name")?.as_str()
    });
    let server = Server::new(cluster, &journal.namespace, pod, container.unwrap_or(&known.container));
    Ok(Some(server.with_login(known.heir_login())))
}

/// The moment that beta is at now.
///
/// # Errors
/// When it can't be asked.
pub async fn moment(cluster: &Cluster, journal: &Journal) -> Result<Moment, Error> {
    match server(cluster, journal).await? {
        Some(server) => Ok(Moment::of(&server).await?),
        None => Err(Error::unfit(
            format!("no server of {} runs on its volume", journal.beta),
            "see what its pods say, and wait until it is ready",
        )),
    }
}

/// Step 8: beta is up. What is written to it from now on is not given up unasked.
pub async fn came_up(run: &mut Run<'_>) -> Result<String, Error> {
    run.journal.beta_up = Some(moment(&run.cluster, &run.journal).await?);
    run.journal.state = State::Up;
    Ok(format!("{} is up beside {}", run.journal.beta, run.journal.alpha))
}

/// From when on beta's writes are counted: since it came up, or, in journals of before, since the traffic went to it.
fn baseline(journal: &Journal) -> Option<Moment> {
    let routed = journal.route.as_ref().filter(|route| !route.changes.is_empty());
    let routed = routed.map(|r| Moment { time: r.time.clone(), changes: r.changes.clone(), transactions: None });
    journal.beta_up.clone().or(routed)
}

/// What beta has written since then, in words; `None` where that is nothing. With it the moment that it was at.
pub async fn ask(cluster: &Cluster, observer: &dyn Observer, journal: &Journal) -> (Option<String>, Option<Moment>) {
    let unknown = |why: &dyn std::fmt::Display| (Some(format!("rows changed: not known, since {why}")), None);
    let Some(then) = baseline(journal) else {
        return unknown(&UNRECORDED);
    };
    let server = match server(cluster, journal).await {
        Ok(Some(server)) => server,
        Ok(None) => return unknown(&"no server runs on its volume"),
        Err(error) => return unknown(&format!("it can't be asked: {error}")),
    };
    match settled(&server, journal.layout.replica.identity.major, &then, observer).await {
        Ok((Since::Nothing, now)) => (None, Some(now)),
        Ok((Since::Rows(tables), now)) => (Some(divergence::rows(Some(&tables))), Some(now)),
        Ok((Since::Unknown, now)) => (Some(divergence::rows(None)), Some(now)),
        Ok((Since::Unseen, now)) => (Some(divergence::UNSEEN.into()), Some(now)),
        Err(error) => unknown(&format!("it can't be asked: {error}")),
    }
}

/// What beta has written, at a glance.
#[derive(Clone, Debug)]
pub struct Glance {
    /// From when on, RFC 3339 in UTC; `None` where that was not recorded.
    pub since: Option<String>,
    /// Rows by table, as far as its statistics show them; `None` when it can't be told.
    pub tables: Option<Vec<TableChanges>>,
    /// The same in words, or why it can't be told.
    pub words: String,
}

/// Asks beta at once: what its statistics do not show yet is not in the answer.
pub async fn glance(cluster: &Cluster, journal: &Journal) -> Glance {
    let then = baseline(journal);
    let since = then.as_ref().map(|then| then.time.clone());
    let looked = async {
        let Some(then) = then else { return Err(UNRECORDED.to_owned()) };
        let now = moment(cluster, journal).await.map_err(|error| error.to_string())?;
        Ok(then.until(&now))
    };
    let late = |_| Err(format!("its server did not answer within {} s", GLANCE.as_secs()));
    let looked = tokio::time::timeout(GLANCE, looked).await.unwrap_or_else(late);
    let (tables, words) = match looked {
        Ok(Since::Nothing) => (Some(Vec::new()), divergence::rows(Some(&[]))),
        // Its own housekeeping takes transactions as well.
        Ok(Since::Unseen) => {
            (Some(Vec::new()), "no rows changed, as far as its statistics show (up to 10 s late)".into())
        }
        Ok(Since::Rows(tables)) => {
            let words = divergence::rows(Some(&tables));
            (Some(tables), words)
        }
        Ok(Since::Unknown) => (None, divergence::rows(None)),
        Err(why) => (None, format!("rows changed: not known, since {why}")),
    };
    Glance { since, tables, words }
}

/// Refuses to give up what beta has written. Returns the moment that beta was at, where it had to be asked.
///
/// # Errors
/// [`Error::Decision`]
pub async fn must_not_be_lost(
    cluster: &Cluster,
    observer: &dyn Observer,
    journal: &Journal,
) -> Result<Option<Moment>, Error> {
    let going = journal.state == State::Retreating;
    match journal.state {
        State::Up | State::Routed => {}
        // What was agreed to, or never came up, is not asked about; nor what is gone.
        State::Retreating if !journal.loss_accepted && journal.beta_up.is_some() => {
            if server(cluster, journal).await?.is_none() {
                return Ok(None);
            }
        }
        _ => return Ok(None),
    }
    let (rows, now) = ask(cluster, observer, journal).await;
    let Some(rows) = rows else { return Ok(now) };
    let commands = Commands::of(journal);
    let since = match &journal.route {
        Some(route) if journal.state == State::Routed => {
            format!("the traffic goes to {} since {}, and ", journal.beta, route.time)
        }
        _ => String::new(),
    };
    let mut choices = vec![format!("give it up all the same: {} --accept-loss", commands.retreat())];
    if !going {
        let (what, command) = match journal.state {
            State::Routed => (format!("or keep it, and retire {}", journal.alpha), commands.finish()),
            _ => ("or keep it, and go over".into(), commands.route()),
        };
        choices.push(format!("{what}: {command}"));
    }
    Err(Error::Decision {
        what: format!("{since}what {} has written since it came up would be lost by a retreat; {rows}", journal.beta),
        choices,
    })
}

/// Asks once more, directly before beta is removed: what was written since [`must_not_be_lost`] has looked. `moved`: the
/// traffic has gone back meanwhile.
///
/// # Errors
/// [`Error::Decision`], or [`Error::Left`] where something has been changed already.
pub async fn must_still_not_be_lost(run: &Run<'_>, seen: Option<&Moment>, moved: bool) -> Result<(), Error> {
    let Some(seen) = seen else { return Ok(()) };
    let now = moment(&run.cluster, &run.journal).await;
    if now.is_ok_and(|now| now.transactions.is_some() && now.transactions == seen.transactions) {
        return Ok(());
    }
    let (Some(rows), _) = ask(&run.cluster, run.show, &run.journal).await else { return Ok(()) };
    let (alpha, beta, commands) = (&run.journal.alpha, &run.journal.beta, Commands::of(&run.journal));
    let what = format!("{beta} has been written to in the meantime, which would be lost by a retreat; {rows}");
    let give_up = format!("give it up all the same: {} --accept-loss", commands.retreat());
    let go_over = format!("or keep it, and go over: {}", commands.route());
    if moved {
        return Err(Error::Left(format!(
            "{what}\n  the traffic goes to {alpha} again, and nothing of {beta} was removed\n  {give_up}\n  {go_over}"
        )));
    }
    Err(Error::Decision { what, choices: vec![give_up, go_over] })
}

/// Refuses to leave by a route what beta has written.
///
/// # Errors
/// [`Error::Decision`]
pub async fn must_not_be_left(
    cluster: &Cluster,
    observer: &dyn Observer,
    journal: &Journal,
    accept_loss: bool,
) -> Result<(), Error> {
    if accept_loss || !matches!(journal.state, State::Up | State::Routed) {
        return Ok(());
    }
    let (Some(rows), _) = ask(cluster, observer, journal).await else { return Ok(()) };
    let (alpha, beta, commands) = (&journal.alpha, &journal.beta, Commands::of(journal));
    Err(Error::Decision {
        what: format!("{beta} has written since it came up, and {alpha} does not have it; {rows}"),
        choices: vec![
            format!("add --accept-loss to go back without it: {} --accept-loss", commands.route_back()),
            format!("or stay, and retire {alpha}: {}", commands.finish()),
        ],
    })
}
