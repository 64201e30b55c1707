//! Alpha is retired: beta stays alone.

use std::time::{Duration, Instant};

use super::{Commands, Error, Journal, Show, State, releases, run::Run};
use crate::cluster::Cluster;

/// What is asked of `finish`.
#[derive(Clone)]
pub struct FinishOptions {
    /// Namespace of the core releases.
    pub namespace: String,
    /// Retire alpha though no `route` to beta was recorded (the traffic was moved by other means).
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
/// [`Error::Decision`] when the traffic still goes to alpha.
pub async fn finish(
    cluster: &Cluster,
    show: &dyn Show,
    options: &FinishOptions,
) -> Result<(Journal, Vec<String>), Error> {
    let routed = |journal| must_be_routed(options, journal);
    let mut run = Run::hold(cluster, show, &options.namespace, &options.holder, options.stop.clone(), routed).await?;
    run.timeout = options.timeout.unwrap_or(run.timeout);
    let result = retire(&mut run).await;
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

async fn retire(run: &mut Run<'_>) -> Result<Vec<String>, Error> {
    run.journal.state = State::Finishing;
    run.save().await?;
    let what = format!("uninstall {}", run.journal.alpha);
    uninstall(run).await.map_err(|cause| cause.midway(&what))
}

async fn uninstall(run: &mut Run<'_>) -> Result<Vec<String>, Error> {
    let (namespace, alpha) = (run.journal.namespace.clone(), run.journal.alpha.clone());
    let stems = match releases::last(&run.cluster, &namespace, &alpha).await? {
        Some(release) => releases::claim_stems(&releases::manifest_objects(&release)?),
        None => Vec::new(),
    };
    run.show.task(1, "retire");
    let started = Instant::now();
    releases::uninstall(&run.cluster, run.show, &namespace, &alpha, run.timeout).await?;
    let live = run.cluster.list("v1", "PersistentVolumeClaim", Some(&namespace), None).await?;
    let names = live.iter().filter_map(|c| c.pointer("/metadata/name")?.as_str().map(str::to_owned));
    let handed = run.journal.layout.volume.claim.clone();
    let left: Vec<String> =
        names.filter(|name| *name != handed && stems.iter().any(|stem| releases::is_claim_of(name, stem))).collect();
    run.show.task_done(&format!("{alpha} uninstalled"), started.elapsed());
    run.journal.state = State::Finished;
    run.save().await?;
    Ok(left)
}
