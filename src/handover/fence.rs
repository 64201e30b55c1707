//! The fence that keeps alpha from writing, and its lifting: before alpha gets the traffic back, and before its replica is
//! cloned. A clone copies the master's settings, and would be read-only for whoever is promoted from it one day.

use std::time::{Duration, Instant};

use super::{
    Error, Fence, Journal, Show, Stage, State,
    hold::{give_back, hold},
    run::Run,
};
use crate::cluster::{Cluster, ObjectRef, WaitOptions};

/// Whether alpha is kept from writing.
pub fn is_up(journal: &Journal) -> bool {
    journal.fenced || !journal.scaled.is_empty()
}

/// Lets alpha write again; says what was done.
pub async fn lift(run: &mut Run<'_>) -> Result<String, Error> {
    lifted(run).await.map(|(detail, _)| detail)
}

async fn lifted(run: &mut Run<'_>) -> Result<(String, Vec<ObjectRef>), Error> {
    let (mut done, mut started) = (Vec::new(), Vec::new());
    if run.journal.fenced {
        run.journal.layout.master.server(&run.cluster, &run.journal.namespace).unfence().await?;
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
