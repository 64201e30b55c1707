//! The row of steps: each recorded before and after, and taken back in reverse when one fails.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::{
    Error, Former, Journal, LEASE, Progress, Show, Stage, State, UpgradeOptions, detach, fence, fork, install, journal,
    preflight, promote, protect, source, takeover, verify, written,
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
    /// Takes the Lease, so that nobody else is at work on this namespace's handover, and begins with what `choose` makes of
    /// the journal as it stands then. `choose` is asked before, too: what it refuses needs no Lease, nor a wait for it.
    ///
    /// # Errors
    /// What `choose` says; [`Error::Unfit`] when somebody else is at work.
    pub async fn hold(
        cluster: &Cluster,
        show: &'a dyn Show,
        namespace: &str,
        holder: &str,
        stop: tokio_util::sync::CancellationToken,
        choose: impl Fn(Option<Journal>) -> Result<Journal, Error>,
    ) -> Result<Self, Error> {
        choose(Journal::load(cluster, namespace).await?)?;
        let lease = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(Error::Interrupted),
            lease = take_lease(cluster, show, namespace, holder) => lease?,
        };
        let chosen = match Journal::load(cluster, namespace).await {
            Ok(found) => choose(found),
            Err(error) => Err(error),
        };
        match chosen {
            Ok(mut journal) => {
                holder.clone_into(&mut journal.holder);
                let timeout = Duration::from_secs(journal.timeout);
                Ok(Self { cluster: lease.fence(cluster), show, journal, timeout, stop, lease: Some(lease) })
            }
            Err(error) => {
                // If that fails it expires by itself.
                let _ = lease.release().await;
                Err(error)
            }
        }
    }

    /// A run whose caller holds the Lease, by which `cluster` is fenced.
    pub fn under(cluster: &Cluster, show: &'a dyn Show, journal: Journal, timeout: Duration) -> Self {
        Self { cluster: cluster.clone(), show, journal, timeout, stop: CancellationToken::new(), lease: None }
    }

    /// Writes the journal.
    pub async fn save(&mut self) -> Result<(), Error> {
        if self.lease.as_ref().is_some_and(LeaseGuard::is_lost) {
            let what = format!(
                "lease/{LEASE} in namespace {} was lost: somebody else is at work, or the server was away for too long",
                self.journal.namespace
            );
            return Err(Error::Lost { what, advice: "look at the status, then resume or retreat".into() });
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
                // Somebody else may be at work on it: what is half done is his.
                if matches!(cause, Error::Lost { .. }) {
                    return Err(cause);
                }
                // What stopped the steps must not stop their undoing.
                self.stop = CancellationToken::new();
                let left = self.backward().await.err().map(Box::new);
                return Err(Error::Step { stage, cause: Box::new(cause), left });
            }
        }
        Ok(())
    }

    /// Takes the steps back, in reverse. Each is recorded, so that this too can be stopped, between two and within one, and gone
    /// on with.
    ///
    /// # Errors
    /// [`Error::Undo`] or [`Error::Lost`]: something is left to do.
    pub async fn backward(&mut self) -> Result<(), Error> {
        self.take_back().await.map_err(|cause| cause.midway("take the steps back"))
    }

    async fn take_back(&mut self) -> Result<(), Error> {
        if self.journal.taken
            && let Err(cause) = takeover::must_be_possible(self).await
        {
            // The state stays: going on is still possible, and may be what saves the rows. Which step failed is of use; if
            // it can't be written, what stands in the way is more so.
            let _ = self.save().await;
            return Err(cause);
        }
        self.journal.state = State::Retreating;
        self.save().await?;
        for stage in undoing() {
            if matches!(self.journal.progress(stage), Progress::Pending | Progress::Undone) {
                continue;
            }
            let quiet = matches!(stage, Stage::Preflight | Stage::Verify | Stage::Record)
                || (stage == Stage::Fork && !fence::is_up(&self.journal));
            let started = Instant::now();
            if !quiet {
                self.show.undo(stage);
            }
            let undone = stoppable(self.stop.clone(), stage, undo(self, stage)).await;
            let detail = undone.map_err(|cause| cause.midway(stage.undoing()))?;
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

/// The order in which steps are taken back: in reverse, but the fence first. It keeps alpha from its work, and what is cloned
/// from a master with a fence has one, too.
fn undoing() -> impl Iterator<Item = Stage> {
    let others = Stage::ALL.into_iter().rev().filter(|stage| *stage != Stage::Fork);
    std::iter::once(Stage::Fork).chain(others)
}

/// How long an uninstall, which hears the signals itself, may take to end in order.
const ORDERLY: Duration = Duration::from_secs(10);

/// Undoes a step until it is done, or the user or the system wants an end.
async fn stoppable(
    stop: CancellationToken,
    stage: Stage,
    undo: impl Future<Output = Result<String, Error>>,
) -> Result<String, Error> {
    if stop.is_cancelled() {
        return Err(Error::Interrupted);
    }
    let stopped = async {
        stop.cancelled().await;
        if stage == Stage::Install {
            tokio::time::sleep(ORDERLY).await;
        }
    };
    tokio::select! {
        undone = undo => undone,
        () = stopped => Err(Error::Interrupted),
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
        Stage::Fork => fence::lift(run).await,
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
    // Somebody may have begun between the first look and the Lease.
    let begin = |open: Option<Journal>| match open.filter(|journal| !journal.state.is_closed()) {
        Some(open) => Err(open_handover(&open, &options.alpha, &options.beta)),
        None => Ok(found.journal.clone()),
    };
    let mut run = Run::hold(cluster, show, &options.namespace, &options.holder, options.stop.clone(), begin).await?;
    run.timeout = options.timeout;
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
    let interrupted = |journal| must_be_interrupted(namespace, journal);
    let mut run = Run::hold(cluster, show, namespace, holder, stop, interrupted).await?;
    let result = run.forward().await;
    run.release().await;
    result.map(|()| run.journal)
}

fn must_be_interrupted(namespace: &str, journal: Option<Journal>) -> Result<Journal, Error> {
    let Some(journal) = journal else {
        return Err(Error::unfit(
            format!("there is no handover in namespace {namespace}"),
            "begin one: vulas-native upgrade --current-release A --future-release B",
        ));
    };
    let commands = super::Commands::of(&journal);
    match journal.state {
        // Before anything is changed: a step that fails takes all back.
        State::Upgrading => source::must_be_same(&journal).map(|()| journal),
        State::Retreating => Err(Error::Decision {
            what: format!("{} → {} is being taken back; it can't go forward any more", journal.alpha, journal.beta),
            choices: vec![format!("finish taking it back: {}", commands.retreat())],
        }),
        _ => Err(Error::unfit(
            format!("{} → {} was not interrupted", journal.alpha, journal.beta),
            format!("see {}", commands.status()),
        )),
    }
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
