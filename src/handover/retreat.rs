//! Beta is given up: the traffic first, then beta, then alpha's replica comes back.

use std::time::{Duration, Instant};

use super::{
    Commands, Error, Journal, Show, State, fence, finish, releases,
    run::Run,
    takeover,
    traffic::{self, Served},
    written,
};
use crate::cluster::Cluster;

/// What is asked of `retreat`.
#[derive(Clone)]
pub struct RetreatOptions {
    /// Namespace of the core releases.
    pub namespace: String,
    /// Namespace of the admin release; its traffic is moved back when it goes to beta.
    pub admin_namespace: Option<String>,
    /// The admin release; found when not given. Empty: there is none any more.
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
    /// Ends the run between two steps and in waits; what is done stays done, and the next `retreat` goes on.
    pub stop: tokio_util::sync::CancellationToken,
}

/// Takes a handover back, from whatever state it is in. Can be interrupted and repeated.
///
/// # Errors
/// [`Error::Unfit`] when there is nothing to take back, [`Error::Undo`] when a step could not be undone: the journal then
/// stays open and `retreat` can be repeated.
pub async fn retreat(cluster: &Cluster, show: &dyn Show, options: &RetreatOptions) -> Result<Journal, Error> {
    let open = |journal| must_be_open(&options.namespace, journal);
    let mut run = Run::hold(cluster, show, &options.namespace, &options.holder, options.stop.clone(), open).await?;
    run.timeout = options.timeout.unwrap_or(run.timeout);
    let result = take_back(&mut run, options).await;
    run.release().await;
    result.map(|()| run.journal)
}

fn must_be_open(namespace: &str, journal: Option<Journal>) -> Result<Journal, Error> {
    let Some(journal) = journal else {
        return Err(Error::unfit(
            format!("there is no handover in namespace {namespace}"),
            "a beta that was started otherwise is removed by: vulas-native uninstall NAME",
        ));
    };
    // Whether a finish that is under way could begin is asked when we have the Lease.
    match too_late(&journal).filter(|_| journal.state != State::Finishing) {
        Some(error) => Err(error),
        None => Ok(journal),
    }
}

/// Why a handover can't be taken back any more.
fn too_late(journal: &Journal) -> Option<Error> {
    let (alpha, commands) = (&journal.alpha, Commands::of(journal));
    let (end, advice) = match journal.state {
        State::Retreated => ("was taken back already".to_owned(), format!("see {}", commands.status())),
        State::Finished => (format!("was finished: {alpha} is retired"), format!("see {}", commands.status())),
        State::Finishing => (
            format!("is being finished: {alpha} is being retired, and not all of it is there any more"),
            format!("go on with that: {}", commands.finish()),
        ),
        _ => return None,
    };
    Some(Error::unfit(format!("{} → {} {end}", journal.alpha, journal.beta), advice))
}

async fn take_back(run: &mut Run<'_>, options: &RetreatOptions) -> Result<(), Error> {
    finish::reopen(&run.cluster, &mut run.journal).await?;
    if let Some(error) = too_late(&run.journal) {
        return Err(error);
    }
    let asked = !options.accept_loss;
    let seen = if asked { written::must_not_be_lost(&run.cluster, run.show, &run.journal).await? } else { None };
    if run.journal.taken {
        takeover::must_be_possible(run).await?;
    }
    let served = traffic::to_beta(&run.cluster, &run.journal, options).await?;
    let moved = !served.is_empty();
    fence::lift_for_traffic(run).await?;
    route_back(run, served).await.map_err(|cause| cause.midway("move the traffic back"))?;
    written::must_still_not_be_lost(run, seen.as_ref(), moved).await?;
    run.journal.loss_accepted |= options.accept_loss;
    run.backward().await
}

/// Moves the traffic of the admin releases that serve beta back.
async fn route_back(run: &mut Run<'_>, served: Vec<Served>) -> Result<(), Error> {
    for Served { namespace, name, value, chart, back_to } in served {
        run.show.task(9, "traffic");
        let started = Instant::now();
        let request = releases::SetValue {
            namespace: &namespace,
            name: &name,
            chart: &chart,
            path: &value,
            value: &back_to,
            timeout: run.timeout,
        };
        releases::set_value(&run.cluster, run.show, &request).await?;
        let detail = format!("{name}: {} → {back_to}", run.journal.beta);
        run.show.task_done(&detail, started.elapsed());
    }
    run.journal.route = None;
    if run.journal.state == State::Routed {
        run.journal.state = State::Up;
    }
    run.save().await
}
