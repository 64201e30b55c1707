//! Beta is given up: the traffic first, then beta, then alpha's replica comes back.

use std::time::{Duration, Instant};

use super::{Commands, Error, Journal, Moment, Route, Show, State, releases, route, run::Run, written};
use crate::cluster::Cluster;

/// What is asked of `retreat`.
#[derive(Clone)]
pub struct RetreatOptions {
    /// Namespace of the core releases.
    pub namespace: String,
    /// Namespace of the admin release; its traffic is moved back when it goes to beta.
    pub admin_namespace: Option<String>,
    /// The admin release; found when not given.
    pub admin_release: Option<String>,
    /// The value of the admin chart that names the served release (that of the route when not given).
    pub release_value: Option<String>,
    /// Chart of the admin release, where its record does not hold all of it (that of the route when not given).
    pub admin_chart: Option<String>,
    /// Leave what beta has written since it came up.
    pub accept_loss: bool,
    /// Instead of the handover's own limit of each wait.
    pub timeout: Option<Duration>,
    /// Who we are, for the Lease.
    pub holder: String,
    /// Ends the run between two steps.
    pub stop: tokio_util::sync::CancellationToken,
}

/// Takes a handover back, from whatever state it is in. Can be interrupted and repeated.
///
/// # Errors
/// [`Error::Unfit`] when there is nothing to take back, [`Error::Undo`] when a step could not be undone: the journal then
/// stays open and `retreat` can be repeated.
pub async fn retreat(cluster: &Cluster, show: &dyn Show, options: &RetreatOptions) -> Result<Journal, Error> {
    let Some(journal) = Journal::load(cluster, &options.namespace).await? else {
        return Err(Error::unfit(
            format!("there is no handover in namespace {}", options.namespace),
            "a beta that was started otherwise is removed by: vulas-native uninstall NAME",
        ));
    };
    if journal.state.is_closed() || journal.state == State::Finishing {
        let end = if journal.state == State::Retreated {
            "was taken back already"
        } else {
            "was finished: its current release is retired"
        };
        return Err(Error::unfit(
            format!("{} → {} {end}", journal.alpha, journal.beta),
            format!("see {}", Commands::of(&journal).status()),
        ));
    }
    let seen = if options.accept_loss { None } else { written::must_not_be_lost(cluster, show, &journal).await? };
    let timeout = options.timeout.unwrap_or(Duration::from_secs(journal.timeout));
    let mut run = Run::hold(cluster, show, journal, &options.holder, timeout, options.stop.clone()).await?;
    let result = take_back(&mut run, options, seen.as_ref()).await;
    run.release().await;
    result.map(|()| run.journal)
}

async fn take_back(run: &mut Run<'_>, options: &RetreatOptions, seen: Option<&Moment>) -> Result<(), Error> {
    let failed = |cause: Error| Error::Undo { what: "move the traffic back".into(), cause: Box::new(cause) };
    let moved = route_back(run, options).await.map_err(failed)?;
    written::must_still_not_be_lost(run, seen, moved).await?;
    run.journal.loss_accepted |= options.accept_loss;
    run.backward().await
}

/// Moves the traffic of every admin release that serves beta back to alpha. Says whether there was any.
async fn route_back(run: &mut Run<'_>, options: &RetreatOptions) -> Result<bool, Error> {
    let mut moved = false;
    let recorded = run.journal.route.clone();
    let namespace = options
        .admin_namespace
        .clone()
        .or_else(|| recorded.as_ref().map(|route| route.namespace.clone()))
        .or_else(|| run.journal.admin_namespace.clone());
    let Some(namespace) = namespace else { return Ok(moved) };
    let names = match options.admin_release.clone().or_else(|| recorded.as_ref().map(|route| route.release.clone())) {
        Some(name) => vec![name],
        None => releases::names(&run.cluster, &namespace).await?,
    };
    // A route that was made by another value would not be seen by ours, and lead to nowhere when beta is gone.
    let of_route = |which: fn(&Route) -> &String, default: &str| {
        recorded.as_ref().map_or_else(|| default.to_owned(), |route| which(route).clone())
    };
    let value = options.release_value.clone().unwrap_or_else(|| of_route(|r| &r.release_value, route::RELEASE_VALUE));
    let chart = options.admin_chart.clone().unwrap_or_else(|| of_route(|r| &r.admin_chart, route::ADMIN_CHART));
    for name in names {
        let Some(admin) = releases::current(&run.cluster, &namespace, &name).await? else { continue };
        if route::served_by(&admin, &value).as_deref() != Some(run.journal.beta.as_str()) {
            continue;
        }
        // A record that leads back to beta leads nowhere when beta is gone.
        let before = recorded.as_ref().map(|route| route.before.clone()).filter(|before| *before != run.journal.beta);
        let before = before.unwrap_or_else(|| run.journal.alpha.clone());
        run.show.task(9, "traffic");
        let started = Instant::now();
        let request = releases::SetValue {
            namespace: &namespace,
            name: &name,
            chart: &chart,
            path: &value,
            value: &before,
            timeout: run.timeout,
        };
        releases::set_value(&run.cluster, run.show, &request).await?;
        let detail = format!("{name}: {} → {before}", run.journal.beta);
        run.show.task_done(&detail, started.elapsed());
        moved = true;
    }
    run.journal.route = None;
    if run.journal.state == State::Routed {
        run.journal.state = State::Up;
    }
    run.save().await?;
    Ok(moved)
}
