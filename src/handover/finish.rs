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
    let Some(journal) = Journal::load(cluster, &options.namespace).await? else {
        return Err(Error::unfit(
            format!("there is no handover in namespace {}", options.namespace),
            "there is nothing to finish",
        ));
    };
    match journal.state {
        State::Routed | State::Finishing => {}
        State::Up if options.force => {}
        State::Up => {
            let commands = Commands::of(&journal);
            return Err(Error::Decision {
                what: format!("the traffic still goes to {}, as far as this handover knows", journal.alpha),
                choices: vec![
                    format!("move it first: {}", commands.route()),
                    format!("or, if it was moved by other means: {} --force", commands.finish()),
                ],
            });
        }
        _ => {
            return Err(Error::unfit(
                format!("{} → {} is not at a point where it could be finished", journal.alpha, journal.beta),
                format!("see {}", Commands::of(&journal).status()),
            ));
        }
    }
    let timeout = options.timeout.unwrap_or(Duration::from_secs(journal.timeout));
    let mut run = Run::hold(cluster, show, journal, &options.holder, timeout, options.stop.clone()).await?;
    let result = retire(&mut run).await;
    run.release().await;
    result.map(|claims| (run.journal, claims))
}

async fn retire(run: &mut Run<'_>) -> Result<Vec<String>, Error> {
    run.journal.state = State::Finishing;
    run.save().await?;
    let (namespace, alpha) = (run.journal.namespace.clone(), run.journal.alpha.clone());
    let stems = match releases::last(&run.cluster, &namespace, &alpha).await? {
        Some(release) => releases::claim_stems(&releases::manifest_objects(&release)?),
        None => Vec::new(),
    };
    run.show.task(1, "retire");
    let started = Instant::now();
    let undo = |cause: Error| Error::Undo { what: format!("uninstall {alpha}"), cause: Box::new(cause) };
    releases::uninstall(&run.cluster, run.show, &namespace, &alpha, run.timeout).await.map_err(undo)?;
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
