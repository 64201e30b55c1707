//! Alpha is retired: beta stays alone.

use std::time::{Duration, Instant};

use super::{Commands, Error, Journal, Show, State, legacy, releases, run::Run};
use crate::{cluster::Cluster, release::Release};

/// What is asked of `finish`.
#[derive(Clone)]
pub struct FinishOptions {
    /// Namespace of the core releases.
    pub namespace: String,
    /// Retire alpha though the admin release does not serve beta as recorded (the traffic was moved by other means).
    pub force: bool,
    /// Instead of the handover's own limit of each wait.
    pub timeout: Option<Duration>,
    /// Who we are, for the Lease.
    pub holder: String,
    /// Ends the run before it has begun to uninstall; the uninstall hears signals itself.
    pub stop: tokio_util::sync::CancellationToken,
}

/// Uninstalls alpha. Its claims are kept: they hold what it wrote after the fork. Returns the journal and their names.
///
/// # Errors
/// [`Error::Decision`] when the traffic still goes to alpha; [`Error::Unfit`] when beta is not ready to stay alone.
pub async fn finish(
    cluster: &Cluster,
    show: &dyn Show,
    options: &FinishOptions,
) -> Result<(Journal, Vec<String>), Error> {
    let routed = |journal| must_be_routed(options, journal);
    let mut run = Run::hold(cluster, show, &options.namespace, &options.holder, options.stop.clone(), routed).await?;
    run.timeout = options.timeout.unwrap_or(run.timeout);
    let result = retire(&mut run, options.force).await;
    run.release().await;
    result.map(|claims| (run.journal, claims))
}

fn must_be_routed(options: &FinishOptions, journal: Option<Journal>) -> Result<Journal, Error> {
    let Some(journal) = journal else {
        return Err(Error::unfit(
            format!("there is no handover in namespace {}", options.namespace),
            "there is nothing to finish",
        ));
    };
    let commands = Commands::of(&journal);
    match journal.state {
        State::Routed | State::Finishing => Ok(journal),
        State::Up if options.force => Ok(journal),
        State::Up => Err(Error::Decision {
            what: format!("the traffic still goes to {}, as far as this handover knows", journal.alpha),
            choices: vec![
                format!("move it first: {}", commands.route()),
                format!("or, if it was moved by other means: {} --force", commands.finish()),
            ],
        }),
        _ => Err(Error::unfit(
            format!("{} → {} is not at a point where it could be finished", journal.alpha, journal.beta),
            format!("see {}", commands.status()),
        )),
    }
}

/// Where a handover stands that is not being finished any more: a finish that could not begin, or was killed before it did,
/// has changed nothing.
pub(super) async fn reopen(cluster: &Cluster, journal: &mut Journal) -> Result<(), Error> {
    if journal.state == State::Finishing && is_whole(cluster, journal).await? {
        journal.state = if journal.route.is_some() { State::Routed } else { State::Up };
    }
    Ok(())
}

/// Whether the uninstall of alpha has not begun.
async fn is_whole(cluster: &Cluster, journal: &Journal) -> Result<bool, Error> {
    let status = releases::status(cluster, &journal.namespace, &journal.alpha).await?;
    Ok(status.as_deref() == Some("deployed"))
}

async fn retire(run: &mut Run<'_>, force: bool) -> Result<Vec<String>, Error> {
    let beta = legacy::must_stand_alone(&run.cluster, &run.journal, force).await?;
    let (namespace, alpha) = (run.journal.namespace.clone(), run.journal.alpha.clone());
    // When its record is gone, an earlier run was killed after it had noted what stays.
    if let Some(release) = releases::last(&run.cluster, &namespace, &alpha).await? {
        note_what_stays(run, &release, &beta).await?;
    }
    run.journal.state = State::Finishing;
    run.save().await?;
    run.show.task(1, "retire");
    let started = Instant::now();
    let keep = legacy::kept(&run.journal);
    let gone = releases::uninstall_but(&run.cluster, run.show, &namespace, &alpha, run.timeout, keep).await;
    if let Err(cause) = gone {
        return Err(not_retired(run, cause).await);
    }
    legacy::give_to_beta(run).await;
    run.show.task_done(&format!("{alpha} uninstalled"), started.elapsed());
    run.journal.state = State::Finished;
    run.save().await.map_err(|cause| cause.midway(&format!("retire {alpha}")))?;
    Ok(run.journal.alpha_claims.clone())
}

/// Notes what of alpha's outlives it: its claims, and what beta refers to.
async fn note_what_stays(run: &mut Run<'_>, alpha: &Release, beta: &Release) -> Result<(), Error> {
    let objects = releases::manifest_objects(alpha)?;
    let needed = legacy::needed(&objects, &releases::manifest_objects(beta)?);
    for (kind, name, who) in &needed {
        run.show.info(&format!("{}/{name} of {} stays: {who} refers to it", kind.to_lowercase(), alpha.name));
    }
    run.journal.alpha_kept = needed.into_iter().map(|(kind, name, _)| (kind, name)).collect();
    let stems = releases::claim_stems(&objects);
    let live = run.cluster.list("v1", "PersistentVolumeClaim", Some(&run.journal.namespace), None).await?;
    let names = live.iter().filter_map(|c| c.pointer("/metadata/name")?.as_str().map(str::to_owned));
    let handed = run.journal.layout.volume.claim.clone();
    run.journal.alpha_claims =
        names.filter(|name| *name != handed && stems.iter().any(|stem| releases::is_claim_of(name, stem))).collect();
    Ok(())
}

/// An uninstall that failed: where it has changed nothing, all stands as it did, and the way back is open.
async fn not_retired(run: &mut Run<'_>, cause: Error) -> Error {
    let alpha = run.journal.alpha.clone();
    let undo = |cause: Error| cause.midway(&format!("uninstall {alpha}"));
    if !is_whole(&run.cluster, &run.journal).await.unwrap_or_default() {
        return undo(cause);
    }
    run.journal.state = if run.journal.route.is_some() { State::Routed } else { State::Up };
    if run.save().await.is_err() {
        return undo(cause);
    }
    let advice = format!("when that is mended, retire it again: {}", Commands::of(&run.journal).finish());
    Error::unfit(format!("could not uninstall {alpha}: {cause}"), advice)
}
