//! The row of steps: each recorded before and after, and taken back in reverse when one fails.

use std::time::{Duration, Instant};

use super::{
    Error, Former, Journal, LEASE, Progress, Show, Stage, State, UpgradeOptions, detach, fork, install, journal,
    preflight, promote, protect, verify, written,
};
use crate::cluster::{Cluster, Error as ClusterError, LeaseGuard, Observer, Waiting};

/// How long a holder that is not heard of is believed to live.
const LEASE_DURATION: Duration = Duration::from_secs(15);

/// A handover under way.
pub struct Run<'a> {
    /// Where.
    pub cluster: Cluster,
    /// Who is told.
    pub show: &'a dyn Show,
    /// What has been done.
    pub journal: Journal,
    /// Limit of each wait.
    pub timeout: Duration,
    /// Ends the run.
    pub stop: tokio_util::sync::CancellationToken,
    /// Keeps others away.
    lease: Option<LeaseGuard>,
}

impl<'a> Run<'a> {
    /// Takes the Lease; nobody else may be at work on this namespace's handover.
    pub async fn hold(
        cluster: &Cluster,
        show: &'a dyn Show,
        journal: Journal,
        holder: &str,
        timeout: Duration,
        stop: tokio_util::sync::CancellationToken,
    ) -> Result<Self, Error> {
        let lease = take_lease(cluster, show, &journal.namespace, holder).await?;
        let mut journal = journal;
        holder.clone_into(&mut journal.holder);
        Ok(Self { cluster: cluster.clone(), show, journal, timeout, stop, lease: Some(lease) })
    }

    /// Writes the journal.
    pub async fn save(&mut self) -> Result<(), Error> {
        if self.lease.as_ref().is_some_and(LeaseGuard::is_lost) {
            let what = format!(
                "lease/{LEASE} in namespace {} was lost: somebody else is at work, or the server was away for too long",
                self.journal.namespace
            );
            return Err(Error::unfit(what, "look at the status, then resume or retreat"));
        }
        self.journal.save(&self.cluster).await?;
        self.show.recorded(&self.journal);
        Ok(())
    }

    /// Records a setting as it was, before it is changed.
    pub async fn remember(&mut self, former: Former) -> Result<(), Error> {
        if !self.journal.former.contains(&former) {
            self.journal.former.push(former);
            self.save().await?;
        }
        Ok(())
    }

    /// Forgets settings that were restored.
    pub async fn forget(&mut self, which: impl Fn(&Former) -> bool) -> Result<(), Error> {
        self.journal.former.retain(|former| !which(former));
        self.save().await
    }

    /// Says something that the user should know, and keeps it for the report.
    pub fn warn(&mut self, words: String) {
        self.show.warning(&words);
        if !self.journal.warnings.contains(&words) {
            self.journal.warnings.push(words);
        }
    }

    /// Gives the Lease back.
    pub async fn release(&mut self) {
        if let Some(lease) = self.lease.take() {
            // If that fails it expires by itself.
            let _ = lease.release().await;
        }
    }

    /// Does one step, recorded before and after.
    async fn step(&mut self, stage: Stage) -> Result<(), Error> {
        self.show.step(stage);
        let started = Instant::now();
        let record = self.journal.step_mut(stage);
        record.progress = Progress::Started;
        record.started = Some(journal::now());
        let result = match self.save().await {
            Ok(()) => {
                let stop = self.stop.clone();
                tokio::select! {
                    biased;
                    // An installation hears the signals itself, and puts back what it has begun.
                    () = stop.cancelled(), if stage != Stage::Install => Err(Error::Interrupted),
                    result = act(self, stage) => result,
                }
            }
            Err(error) => Err(error),
        };
        let took = started.elapsed();
        match result {
            Ok(detail) => {
                self.finish_step(stage, Progress::Done, &detail, took);
                self.save().await?;
                self.show.step_done(stage, &detail, took);
                Ok(())
            }
            Err(error) => {
                self.finish_step(stage, Progress::Failed, &error.to_string(), took);
                self.show.step_failed(stage, &error.to_string(), took);
                Err(error)
            }
        }
    }

    /// Records a step that was done, or failed.
    pub fn finish_step(&mut self, stage: Stage, progress: Progress, detail: &str, took: Duration) {
        let record = self.journal.step_mut(stage);
        record.progress = progress;
        record.millis = Some(took.as_millis() as u64);
        detail.clone_into(&mut record.detail);
    }

    /// Goes through the steps that are not done. A failure takes back what was done.
    pub async fn forward(&mut self) -> Result<(), Error> {
        while let Some(stage) = self.journal.next() {
            if let Err(cause) = self.step(stage).await {
                let left = self.backward().await.err().map(Box::new);
                return Err(Error::Step { stage, cause: Box::new(cause), left });
            }
        }
        Ok(())
    }

    /// Takes the steps back, in reverse. Each is recorded, so that this too can be interrupted and gone on with.
    pub async fn backward(&mut self) -> Result<(), Error> {
        self.journal.state = State::Retreating;
        self.save().await?;
        for stage in Stage::ALL.into_iter().rev() {
            if matches!(self.journal.progress(stage), Progress::Pending | Progress::Undone) {
                continue;
            }
            let quiet = matches!(stage, Stage::Preflight | Stage::Verify | Stage::Record);
            let started = Instant::now();
            if !quiet {
                self.show.undo(stage);
            }
            let undone = undo(self, stage).await;
            let detail =
                undone.map_err(|cause| Error::Undo { what: stage.undoing().into(), cause: Box::new(cause) })?;
            if !quiet {
                self.show.undone(stage, &detail, started.elapsed());
            }
            self.journal.step_mut(stage).progress = Progress::Undone;
            self.save().await?;
        }
        self.journal.state = State::Retreated;
        self.save().await
    }
}

async fn act(run: &mut Run<'_>, stage: Stage) -> Result<String, Error> {
    match stage {
        Stage::Preflight => Ok("checked".into()),
        Stage::Protect => protect::apply(run).await,
        Stage::Fork => fork::apply(run).await,
        Stage::Detach => detach::apply(run).await,
        Stage::Promote => promote::apply(run).await,
        Stage::Install => install::apply(run).await,
        Stage::Verify => verify::apply(run).await,
        Stage::Record => written::came_up(run).await,
    }
}

async fn undo(run: &mut Run<'_>, stage: Stage) -> Result<String, Error> {
    match stage {
        Stage::Protect => protect::undo(run).await,
        Stage::Fork => fork::undo(run).await,
        Stage::Detach => detach::undo(run).await,
        Stage::Promote => promote::undo(run).await,
        Stage::Install => install::undo(run).await,
        Stage::Preflight | Stage::Verify | Stage::Record => Ok(String::new()),
    }
}

/// Takes the namespace's Lease. While somebody else holds it, waits until he renews it (then he is alive, and we refuse) or
/// until it expires (then he is dead, and we take over).
pub async fn take_lease(
    cluster: &Cluster,
    show: &dyn Observer,
    namespace: &str,
    holder: &str,
) -> Result<LeaseGuard, Error> {
    let mut before: Option<(String, Duration)> = None;
    loop {
        match cluster.acquire_lease(namespace, LEASE, holder, LEASE_DURATION).await {
            Ok(lease) => return Ok(lease),
            Err(ClusterError::Held { holder, heard, .. }) => {
                let alive = before.is_some_and(|(known, last)| known != holder || heard < last);
                if alive {
                    return Err(Error::unfit(
                        format!("{holder} is at work on the handover in namespace {namespace}"),
                        "wait until it is done; see vulas-native status --core-namespace",
                    ));
                }
                let state = format!(
                    "held by {holder}; taken over when that is not heard of for {} s",
                    LEASE_DURATION.as_secs()
                );
                show.waiting(0, 1, &[Waiting { what: format!("lease/{LEASE}"), state, since: heard }]);
                before = Some((holder, heard));
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Upgrades `alpha` to `beta` beside it.
///
/// # Errors
/// [`Error::Problems`] with every reason not to begin; [`Error::Decision`] when another handover is open;
/// [`Error::Step`] when a step failed, and what became of the changes.
pub async fn upgrade(cluster: &Cluster, show: &dyn Show, options: &UpgradeOptions) -> Result<Journal, Error> {
    if let Some(open) = Journal::load(cluster, &options.namespace).await?.filter(|journal| !journal.state.is_closed()) {
        return Err(open_handover(&open, &options.alpha, &options.beta));
    }
    show.step(Stage::Preflight);
    let started = Instant::now();
    let found = match preflight::check(cluster, show, options).await {
        Ok(found) => found,
        Err(error) => {
            show.step_failed(Stage::Preflight, "nothing has been changed", started.elapsed());
            return Err(error);
        }
    };
    let mut run =
        Run::hold(cluster, show, found.journal, &options.holder, options.timeout, options.stop.clone()).await?;
    // Somebody may have begun between the first look and the Lease.
    if let Some(open) = Journal::load(cluster, &options.namespace).await?.filter(|journal| !journal.state.is_closed()) {
        run.release().await;
        return Err(open_handover(&open, &options.alpha, &options.beta));
    }
    let took = started.elapsed();
    run.finish_step(Stage::Preflight, Progress::Done, &found.summary, took);
    run.journal.step_mut(Stage::Preflight).started = Some(run.journal.began.clone());
    if let Err(error) = run.save().await {
        run.release().await;
        return Err(error);
    }
    show.step_done(Stage::Preflight, &found.summary, took);
    let result = run.forward().await;
    run.release().await;
    result.map(|()| run.journal)
}

/// Goes on with an upgrade that was interrupted.
///
/// # Errors
/// As [`upgrade`]; [`Error::Unfit`] when there is nothing to go on with.
pub async fn resume(
    cluster: &Cluster,
    show: &dyn Show,
    namespace: &str,
    holder: &str,
    stop: tokio_util::sync::CancellationToken,
) -> Result<Journal, Error> {
    let Some(journal) = Journal::load(cluster, namespace).await? else {
        return Err(Error::unfit(
            format!("there is no handover in namespace {namespace}"),
            "begin one: vulas-native upgrade --current-release A --future-release B",
        ));
    };
    match journal.state {
        State::Upgrading => {}
        State::Retreating => {
            let commands = super::Commands::of(&journal);
            return Err(Error::Decision {
                what: format!("{} → {} is being taken back; it can't go forward any more", journal.alpha, journal.beta),
                choices: vec![format!("finish taking it back: {}", commands.retreat())],
            });
        }
        _ => {
            return Err(Error::unfit(
                format!("{} → {} was not interrupted", journal.alpha, journal.beta),
                format!("see {}", super::Commands::of(&journal).status()),
            ));
        }
    }
    let timeout = Duration::from_secs(journal.timeout);
    let mut run = Run::hold(cluster, show, journal, holder, timeout, stop).await?;
    let result = run.forward().await;
    run.release().await;
    result.map(|()| run.journal)
}

fn open_handover(open: &Journal, alpha: &str, beta: &str) -> Error {
    let commands = super::Commands::of(open);
    let what = if open.alpha == alpha && open.beta == beta {
        format!("{alpha} → {beta} was begun at {} by {} already", open.began, open.holder)
    } else {
        format!(
            "another handover is open in namespace {}: {} → {}, begun at {}",
            open.namespace, open.alpha, open.beta, open.began
        )
    };
    let mut choices = vec![format!("see where it stands: {}", commands.status())];
    if open.state == State::Upgrading {
        choices.push(format!("go on with it: {}", commands.resume()));
    }
    choices.push(match open.state {
        State::Finishing => format!("go on with its end: {}", commands.finish()),
        _ => format!("take it back: {}", commands.retreat()),
    });
    Error::Decision { what, choices }
}
