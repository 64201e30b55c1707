//! The fence that keeps alpha from writing, and its lifting: before alpha gets the traffic back, and before its replica is
//! cloned. A clone copies the master's settings, and would be read-only for whoever is promoted from it one day.
//!
//! A setting that was written is no fence yet: the server has to read it, what was begun before goes on, and a setting of a
//! role's own comes before it. So the server is asked, as its clients come, until it is in force; sessions from before are
//! ended, and waited for: one that is about to commit still does. Who may and wants to can still lift it for himself (`SET
//! transaction_read_only`); what he writes is asked about at the route.

use std::time::{Duration, Instant};

use super::{
    Error, Fence, Journal, Problem, Show, Stage, State,
    hold::{give_back, hold},
    run::Run,
};
use crate::{
    cluster::{Cluster, Error as ClusterError, ObjectRef, Step, WaitOptions, wait_until},
    database::{Clients, Server},
};

/// How long a server may take to read its files again.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether alpha is kept from writing.
pub fn is_up(journal: &Journal) -> bool {
    journal.fenced || !journal.scaled.is_empty()
}

/// Why clients would write in spite of a fence, as far as it can be told beforehand.
///
/// # Errors
/// When the master can't be asked.
pub async fn look(master: &Server) -> Result<Vec<Problem>, Error> {
    let clients = master.clients().await?;
    let target = master.target();
    let mut problems = by_passes(master, &clients);
    // From 17 on a server can be told to take its settings from elsewhere only.
    if master.facts().await?.setting("allow_alter_system") == "off" {
        problems.push(Problem::new(
            format!("{target} takes no ALTER SYSTEM (allow_alter_system is off), by which a fence is raised"),
            "set it on for as long as the handover lasts, or use --fence=scale",
        ));
    }
    if clients.read_only {
        problems.push(Problem::new(
            format!(
                "clients of {target} may only read already (default_transaction_read_only is on: {})",
                clients.source
            ),
            "a fence that is lifted would not be the one that was there: reset it, or use --fence=none",
        ));
    } else if clients.source == "command line" {
        problems.push(Problem::new(
            format!("{target} has default_transaction_read_only on its command line, which no fence can change"),
            "leave it out there, or use --fence=scale",
        ));
    }
    Ok(problems)
}

/// What passes a fence that is in force.
fn by_passes(master: &Server, clients: &Clients) -> Vec<Problem> {
    let target = master.target();
    let mut problems = Vec::new();
    if !clients.exempt.is_empty() {
        problems.push(Problem::new(
            format!("{target} lets some write in spite of a fence, by a default_transaction_read_only of their own: {}", clients.exempt),
            "reset it (ALTER ROLE ... [IN DATABASE ...] RESET default_transaction_read_only, ALTER DATABASE likewise), or use --fence=scale",
        ));
    }
    if !clients.prepared.is_empty() {
        problems.push(Problem::new(
            format!(
                "{target} has prepared transactions, which can be committed in spite of a fence: {}",
                clients.prepared
            ),
            "COMMIT PREPARED or ROLLBACK PREPARED them first",
        ));
    }
    problems
}

/// Keeps alpha's clients from writing: when it returns, nobody writes who does not lift the fence for himself. Says what was done.
///
/// # Errors
/// [`Error::Unfit`] with what keeps it from being in force.
pub async fn raise(run: &mut Run<'_>) -> Result<String, Error> {
    run.journal.fenced = true;
    run.save().await?;
    let master = run.journal.layout.master.server(&run.cluster, &run.journal.namespace);
    master.fence().await?;
    let since = in_force(run, &master, true).await?.now;
    let ended = end_sessions(run, &master, since).await?;
    // Asked last: what was prepared until a moment ago is seen, and nothing can be prepared any more.
    if let Some(problem) = by_passes(&master, &master.clients().await?).into_iter().next() {
        return Err(Error::unfit(problem.what, problem.advice));
    }
    let sessions = if ended == 1 { "session" } else { "sessions" };
    Ok(format!("clients of {} may only read ({ended} {sessions} ended)", run.journal.alpha))
}

/// Waits until new sessions of clients may only read, or may write.
async fn in_force(run: &Run<'_>, master: &Server, read_only: bool) -> Result<Clients, Error> {
    let wanted = if read_only { "keep its clients from writing" } else { "let its clients write" };
    let look = || async move {
        match master.clients().await {
            Ok(clients) if clients.read_only == read_only => Ok(Step::Done(clients)),
            Ok(clients) => Ok(Step::Pending(format!("set by: {}", clients.source))),
            Err(error) => Ok(Step::Pending(error.to_string())),
        }
    };
    let what = format!("{} to {wanted}", master.target());
    wait_until(&what, run.timeout.min(PATIENCE), run.show, look).await.map_err(|error| match error {
        ClusterError::Timeout { state, after, .. } => Error::unfit(
            format!(
                "{} does not {wanted}: default_transaction_read_only is still {} for new sessions {} s after it was set ({state})",
                master.target(),
                if read_only { "off" } else { "on" },
                after.as_secs()
            ),
            "see SELECT * FROM pg_file_settings and pg_db_role_setting there: what sets it must be reset, and read by pg_reload_conf()",
        ),
        error => error.into(),
    })
}

/// Ends the sessions of clients that began before, and waits until they are gone. Returns how many there were.
async fn end_sessions(run: &Run<'_>, master: &Server, since: f64) -> Result<u64, Error> {
    let ended = master.end_sessions_before(since).await?;
    let look = || async move {
        match master.end_sessions_before(since).await {
            Ok(0) => Ok(Step::Done(())),
            Ok(left) => Ok(Step::Pending(format!("{left} are still there"))),
            Err(error) => Ok(Step::Pending(error.to_string())),
        }
    };
    if ended > 0 {
        wait_until(&format!("sessions of {} to end", master.target()), run.timeout, run.show, look).await?;
    }
    Ok(ended)
}

/// Lets alpha write again; says what was done.
pub async fn lift(run: &mut Run<'_>) -> Result<String, Error> {
    lifted(run).await.map(|(detail, _)| detail)
}

async fn lifted(run: &mut Run<'_>) -> Result<(String, Vec<ObjectRef>), Error> {
    let (mut done, mut started) = (Vec::new(), Vec::new());
    if run.journal.fenced {
        let master = run.journal.layout.master.server(&run.cluster, &run.journal.namespace);
        master.unfence().await?;
        in_force(run, &master, false).await?;
        // Whoever keeps a session would not notice.
        master.end_sessions().await?;
        run.journal.fenced = false;
        run.save().await?;
        done.push(format!("clients of {} may write again", run.journal.alpha));
    }
    for scaled in run.journal.scaled.clone() {
        let object = ObjectRef::new(&scaled.api_version, &scaled.kind, &run.journal.namespace, &scaled.name);
        if run.cluster.get(&object).await?.is_none() {
            continue;
        }
        hold(run, &object, Some(scaled.replicas)).await?;
        give_back(run, &object, scaled.replicas).await?;
        done.push(format!("{object} 0 → {}", scaled.replicas));
        started.push(object);
    }
    if !run.journal.scaled.is_empty() {
        run.journal.scaled.clear();
        run.save().await?;
    }
    Ok((if done.is_empty() { "no fence".into() } else { done.join(", ") }, started))
}

/// Lifts the fence, if there is one, so that alpha can serve; waits for what was scaled to zero.
///
/// # Errors
/// [`Error::Undo`]
pub async fn lift_for_traffic(run: &mut Run<'_>) -> Result<(), Error> {
    if !is_up(&run.journal) {
        return Ok(());
    }
    let begun = Instant::now();
    run.show.undo(Stage::Fork);
    let (detail, started) = lifted(run).await.map_err(|cause| cause.midway(Stage::Fork.undoing()))?;
    let options = WaitOptions { timeout: run.timeout, jobs: false };
    if let Err(error) = run.cluster.wait_ready(&started, &options, run.show).await {
        run.warn(format!("not all of {} is ready: {error}", run.journal.alpha));
    }
    run.show.undone(Stage::Fork, &detail, begun.elapsed());
    Ok(())
}

/// Lifts the fence when `release`, which is about to get the traffic, is alpha and beta has it. `served` has it as far as
/// the admin release tells.
///
/// # Errors
/// [`Error::Undo`]
pub async fn lift_for_route(
    cluster: &Cluster,
    show: &dyn Show,
    journal: Journal,
    (release, served): (&str, Option<&str>),
    timeout: Duration,
) -> Result<Journal, Error> {
    // What never left alpha needs no way back, and beta is still to get all that alpha has.
    if journal.alpha != release || (served == Some(release) && journal.state != State::Routed) {
        return Ok(journal);
    }
    let mut run = Run::under(cluster, show, journal, timeout);
    if is_up(&run.journal) {
        // What alpha writes from now on is not in beta, and is to be asked for before the next route.
        run.journal.fence = Fence::None.as_str().into();
        lift_for_traffic(&mut run).await?;
    }
    Ok(run.journal)
}
