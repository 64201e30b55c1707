//! The traffic goes to another core release.

use std::time::{Duration, Instant};

use super::{
    Divergence, Error, Journal, Route, Show, State, divergence, fence, journal, ready::must_be_ready, releases,
    run::take_lease, source, traffic::served_by, written,
};
use crate::{cluster::Cluster, release::Release};

/// The value of the embedded admin chart that names the served release.
pub const RELEASE_VALUE: &str = "global.managedRelease";

/// The embedded admin chart.
pub const ADMIN_CHART: &str = "admin";

/// What is asked of `route`.
#[derive(Clone, Debug)]
pub struct RouteOptions {
    /// Namespace of the core releases.
    pub namespace: String,
    /// The release that the traffic shall go to.
    pub release: String,
    /// Namespace of the admin release.
    pub admin_namespace: String,
    /// The admin release.
    pub admin_release: String,
    /// The value of the admin chart that names the served release (`global.managedRelease`).
    pub release_value: String,
    /// Chart of the admin release, where its record does not hold all of it (`admin`).
    pub admin_chart: String,
    /// Leave what the release that is left has written, and the other does not have.
    pub accept_loss: bool,
    /// Route to a release that is not ready.
    pub force: bool,
    /// Limit of each wait.
    pub timeout: Duration,
    /// Who we are, for the Lease.
    pub holder: String,
}

/// The traffic, moved.
#[derive(Clone, Debug)]
pub struct Routed {
    /// The release that was served before, when known.
    pub before: Option<String>,
    /// The release that is served now.
    pub after: String,
    /// How long the switch took: from the first write to the last object's answer.
    pub took: Duration,
    /// Revision of the admin release.
    pub revision: u32,
    /// What was left behind in alpha.
    pub lost: Option<Divergence>,
    /// What was left behind in beta, in words.
    pub left: Option<String>,
    /// The journal of the handover that this belongs to.
    pub journal: Option<Journal>,
    /// Nothing was to be done.
    pub unchanged: bool,
}

/// Moves the traffic.
///
/// # Errors
/// [`Error::Unfit`] when a release is unknown or not ready; [`Error::Diverged`] when rows would be lost.
pub async fn route(cluster: &Cluster, show: &dyn Show, options: &RouteOptions) -> Result<Routed, Error> {
    // What is not there needs no Lease, nor a wait for it. What is there may be another when we have it.
    releases_of(cluster, options).await?;
    let lease = take_lease(cluster, show, &options.namespace, &options.holder).await?;
    let result = match releases_of(cluster, options).await {
        Ok((core, admin)) => switch(&lease.fence(cluster), show, options, &core, &admin).await,
        Err(error) => Err(error),
    };
    // If that fails it expires by itself.
    let _ = lease.release().await;
    result
}

/// The release that shall get the traffic, and the admin release.
async fn releases_of(cluster: &Cluster, options: &RouteOptions) -> Result<(Release, Release), Error> {
    let core = releases::current(cluster, &options.namespace, &options.release).await?;
    let Some(core) = core else {
        let known = releases::names(cluster, &options.namespace).await.unwrap_or_default().join(", ");
        return Err(Error::unfit(
            format!("release {} is not deployed in namespace {}", options.release, options.namespace),
            format!("name a deployed core release (there are: {known})"),
        ));
    };
    let Some(admin) = releases::current(cluster, &options.admin_namespace, &options.admin_release).await? else {
        let known = releases::names(cluster, &options.admin_namespace).await.unwrap_or_default().join(", ");
        return Err(Error::unfit(
            format!("release {} is not deployed in namespace {}", options.admin_release, options.admin_namespace),
            format!("name the deployed admin release (there are: {known})"),
        ));
    };
    Ok((core, admin))
}

async fn switch(
    cluster: &Cluster,
    show: &dyn Show,
    options: &RouteOptions,
    core: &crate::release::Release,
    admin: &crate::release::Release,
) -> Result<Routed, Error> {
    let before = served_by(admin, &options.release_value);
    let unchanged = before.as_deref() == Some(options.release.as_str());
    let journal = Journal::load(cluster, &options.namespace).await?.filter(|journal| !journal.state.is_closed());
    let mut journal = journal.filter(|j| j.alpha == options.release || j.beta == options.release);
    let asked = match &journal {
        Some(journal) => may_go(cluster, show, options, journal, unchanged).await?,
        None => None,
    };
    let mut lost = asked.clone().filter(Divergence::loses);
    if !options.force {
        let advice = "wait until it is, or add --force to send the traffic there all the same";
        must_be_ready(cluster, &options.namespace, core, advice).await?;
    }
    let to_beta = journal.as_ref().is_some_and(|journal| journal.beta == options.release);
    let former = journal.as_ref().and_then(|journal| journal.route.clone());
    // Recorded before the traffic moves: whatever ends this run, the next one knows where beta is served from.
    if let (Some(journal), true) = (&mut journal, to_beta && !unchanged) {
        let mut route = intended(journal, options, before.as_deref());
        // Where it is not recorded how beta came up: whatever is written while the traffic moves was written since.
        if journal.beta_up.is_none() {
            route.changes = written::moment(cluster, journal).await.map(|now| now.changes).unwrap_or_default();
        }
        journal.route = Some(route);
        holder_of(journal, options);
        journal.save(cluster).await?;
    }
    if let Some(found) = journal {
        let traffic = (options.release.as_str(), before.as_deref());
        journal = Some(fence::lift_for_route(cluster, show, found, traffic, options.timeout).await?);
    }
    let started = Instant::now();
    let revision = if unchanged {
        admin.version as u32
    } else {
        show.task(1, "route");
        let request = releases::SetValue {
            namespace: &options.admin_namespace,
            name: &options.admin_release,
            chart: &options.admin_chart,
            path: &options.release_value,
            value: &options.release,
            timeout: options.timeout,
        };
        let switched = releases::set_value(cluster, show, &request).await;
        let put_back = switched.as_ref().is_err_and(|error| !matches!(error, Error::Left(_)));
        if let (true, Some(journal), true) = (put_back, &mut journal, to_beta) {
            journal.route = former;
            // What went wrong before is what is told.
            let _ = journal.save(cluster).await;
        }
        switched?
    };
    let took = started.elapsed();
    if !unchanged {
        show.task_done(
            &format!("{}: {} → {}", options.admin_release, before.as_deref().unwrap_or("?"), options.release),
            took,
        );
    }
    if let Some(journal) = &mut journal {
        holder_of(journal, options);
        if to_beta {
            journal.state = State::Routed;
            let mut route = match journal.route.take() {
                Some(route) => route,
                // It was moved by other means.
                None => intended(journal, options, before.as_deref()),
            };
            if !unchanged {
                route.time = journal::now();
                route.millis = took.as_millis() as u64;
            }
            route.lost_bytes = lost.as_ref().map_or(route.lost_bytes, Divergence::bytes);
            journal.route = Some(route);
        } else if journal.state == State::Routed {
            journal.state = State::Up;
            journal.route = None;
        }
        if let Err(error) = journal.save(cluster).await {
            return Err(Error::Left(format!(
                "the traffic goes to {} now, but the handover's journal could not be written: {error}; when that is mended, give the same command again",
                options.release
            )));
        }
        if to_beta
            && !unchanged
            && let Some((more, words)) = written_meanwhile(cluster, show, journal, asked.as_ref()).await
        {
            show.warning(&words);
            journal.warnings.push(words);
            if let (Some(route), Some(more)) = (&mut journal.route, &more) {
                route.lost_bytes = more.bytes();
            }
            lost = more.or(lost);
            // It was told; that it is not in the journal does not undo the switch.
            if let Err(error) = journal.save(cluster).await {
                show.warning(&format!("that could not be recorded: {error}"));
            }
        }
        show.recorded(journal);
    }
    let left = match &journal {
        Some(journal) if !to_beta && !unchanged && journal.state == State::Up => {
            written::ask(cluster, show, journal).await.0
        }
        _ => None,
    };
    Ok(Routed { before, after: options.release.clone(), took, revision, lost, left, journal, unchanged })
}

/// Refuses what would leave rows behind unsaid. Returns what alpha answered, where it had to be asked.
async fn may_go(
    cluster: &Cluster,
    show: &dyn Show,
    options: &RouteOptions,
    journal: &Journal,
    unchanged: bool,
) -> Result<Option<Divergence>, Error> {
    if journal.beta != options.release {
        if !unchanged {
            written::must_not_be_left(cluster, show, journal, options.accept_loss).await?;
        }
        return Ok(None);
    }
    if !matches!(journal.state, State::Up | State::Routed) {
        return Err(Error::Decision {
            what: format!("{} is not ready for traffic: its handover is not complete", journal.beta),
            choices: vec![format!("see where it stands: {}", super::Commands::of(journal).status())],
        });
    }
    // Wherever the traffic goes now but to beta, alpha may have been written to.
    if unchanged && journal.state == State::Routed {
        return Ok(None);
    }
    if options.accept_loss {
        return match divergence::ask(cluster, journal).await {
            // A master that is gone can't be asked what would be lost, and then there is nothing to wait for.
            Err(Error::Database(error)) => {
                show.warning(&format!("{} can't be asked what it has written since the fork: {error}", journal.alpha));
                Ok(None)
            }
            asked => asked,
        };
    }
    match divergence::ask_settled(cluster, show, journal).await {
        Ok(Some(loss)) if loss.loses() => Err(Error::Diverged(Box::new(loss))),
        Err(Error::Database(error)) => Err(cannot_tell(journal, &error)),
        asked => asked,
    }
}

/// What alpha has written may be lost, and nobody can say what that is.
fn cannot_tell(journal: &Journal, error: &crate::database::Error) -> Error {
    let (alpha, beta, route) = (&journal.alpha, &journal.beta, super::Commands::of(journal).route());
    Error::Decision {
        what: format!("what {alpha} has written since the fork can't be told, and {beta} does not have it: {error}"),
        choices: vec![
            format!("when {} is healthy again: {route}", journal.layout.master.pod),
            format!("or go over without what it may be: {route} --accept-loss"),
        ],
    }
}

/// What alpha was written to, where that is more than it was when it was asked before the traffic moved, and in words.
async fn written_meanwhile(
    cluster: &Cluster,
    show: &dyn Show,
    journal: &Journal,
    asked: Option<&Divergence>,
) -> Option<(Option<Divergence>, String)> {
    let (before, alpha) = (asked?, &journal.alpha);
    let after = match divergence::ask(cluster, journal).await {
        Ok(after) if after.as_ref()?.transactions.is_some() && after.as_ref()?.transactions == before.transactions => {
            return None;
        }
        Ok(_) => divergence::ask_settled(cluster, show, journal).await,
        error => error,
    };
    match after {
        Ok(after) => {
            let more = after.filter(Divergence::loses).filter(|after| after.tables != before.tables)?;
            let words = format!(
                "{alpha} was written to until the traffic had moved; since the fork ({}): {}",
                more.fork_time,
                more.rows()
            );
            Some((Some(more), words))
        }
        Err(error) => {
            Some((None, format!("{alpha} can't be asked what was written to it while the traffic moved: {error}")))
        }
    }
}

/// The record of a switch to beta that is about to be made, or was made already.
fn intended(journal: &Journal, options: &RouteOptions, before: Option<&str>) -> Route {
    // What served beta before the switch that is recorded is what it goes back to, never beta itself.
    let before = before.filter(|name| *name != journal.beta).unwrap_or(&journal.alpha);
    Route {
        release: options.admin_release.clone(),
        namespace: options.admin_namespace.clone(),
        before: before.to_owned(),
        time: journal::now(),
        millis: 0,
        release_value: options.release_value.clone(),
        admin_chart: source::lasting(&options.admin_chart),
        lost_bytes: 0,
        changes: Vec::new(),
    }
}

fn holder_of(journal: &mut Journal, options: &RouteOptions) {
    options.holder.clone_into(&mut journal.holder);
    journal.admin_namespace = Some(options.admin_namespace.clone());
}
