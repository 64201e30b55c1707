//! A handover, shown while it runs and written down at the end.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::{Document, Fact, NextCommand, ObjectLine, ReportError, Reporter, Step, StepRecord, StepState};
use crate::cluster::{Observer, Waiting};
use crate::handover::{Commands, Journal, Progress, Show, Stage, State};

/// Shows a handover through a [`Reporter`].
pub struct HandoverReporter {
    reporter: Reporter,
    running: Mutex<Option<Step>>,
    journal: Mutex<Option<Journal>>,
}

impl HandoverReporter {
    /// Shows through this reporter.
    pub fn new(reporter: Reporter) -> Self {
        Self { reporter, running: Mutex::default(), journal: Mutex::default() }
    }

    /// The reporter.
    pub fn reporter(&self) -> &Reporter {
        &self.reporter
    }

    /// The journal as it was last written.
    pub fn journal(&self) -> Option<Journal> {
        lock(&self.journal).clone()
    }

    fn begin(&self, number: usize, name: &str) {
        let step = self.reporter.step(number, name);
        *lock(&self.running) = Some(step);
    }

    fn end(&self, end: impl FnOnce(Step)) {
        let step = lock(&self.running).take();
        if let Some(step) = step {
            end(step);
        }
    }
}

/// A panic elsewhere must not silence the rest.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Observer for HandoverReporter {
    fn waiting(&self, done: usize, total: usize, waiting: &[Waiting]) {
        self.reporter.waiting(done, total, waiting);
    }

    fn info(&self, message: &str) {
        self.reporter.info(message);
    }

    fn warning(&self, message: &str) {
        self.reporter.warning(message);
    }

    fn log_line(&self, source: &str, line: &str) {
        self.reporter.log_line(source, line);
    }
}

impl Show for HandoverReporter {
    fn plan(&self, lines: &[(String, String)]) {
        for (label, text) in lines {
            self.reporter.fact(label, text);
        }
    }

    fn step(&self, stage: Stage) {
        self.begin(stage.number(), stage.name());
    }

    fn step_done(&self, _: Stage, detail: &str, _: Duration) {
        self.end(|step| step.done(detail));
    }

    fn step_failed(&self, _: Stage, cause: &str, _: Duration) {
        self.end(|step| step.failed(cause));
    }

    fn undo(&self, stage: Stage) {
        self.begin(stage.number(), stage.name());
    }

    fn undone(&self, _: Stage, detail: &str, _: Duration) {
        self.end(|step| step.undone(detail));
    }

    fn task(&self, number: usize, name: &str) {
        self.begin(number, name);
    }

    fn task_done(&self, detail: &str, _: Duration) {
        self.end(|step| step.done(detail));
    }

    fn recorded(&self, journal: &Journal) {
        *lock(&self.journal) = Some(journal.clone());
    }
}

/// Where the handover stands, in a sentence.
fn outcome(journal: &Journal) -> String {
    let (alpha, beta) = (&journal.alpha, &journal.beta);
    match journal.state {
        State::Up => {
            let since = journal
                .fork
                .as_ref()
                .map(|fork| format!(", on {alpha}'s data as of {}", fork.time))
                .unwrap_or_default();
            format!("{beta} is up{since}. {alpha} serves on.")
        }
        State::Routed => format!("The traffic goes to {beta}. {alpha} stands by."),
        State::Retreated => format!("{beta} was given up. {alpha} is as it was."),
        State::Finished => format!("{alpha} is retired. {beta} stays."),
        State::Upgrading => format!("The upgrade of {alpha} to {beta} is not complete."),
        State::Retreating => format!("{beta} is being given up; that is not complete."),
        State::Finishing => format!("{alpha} is being retired; that is not complete."),
    }
}

fn facts(journal: &Journal) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut fact = |label: &str, value: String| facts.push(Fact { label: label.into(), value });
    let layout = &journal.layout;
    fact("current release", format!("{}, {} revision {}", journal.alpha, journal.alpha_title, journal.alpha_revision));
    fact("future release", format!("{}, {}, {} objects", journal.beta, journal.future.title, journal.future.objects));
    fact("namespace", journal.namespace.clone());
    fact("PostgreSQL", format!("{}, master {}", layout.master.identity.version, layout.master.pod));
    let class = layout.volume.class.as_ref().map(|class| format!(", {class}")).unwrap_or_default();
    fact(
        "volume",
        format!(
            "persistentvolumeclaim/{} ({}{class}), of pod {}",
            layout.volume.claim, layout.volume.capacity, layout.replica.pod
        ),
    );
    fact("fence", journal.fence.clone());
    if let Some(fork) = &journal.fork {
        fact("fork point", format!("{} at {}, timeline {}", fork.lsn, fork.time, layout.master.identity.timeline));
        let rows: u64 = fork.counts.iter().filter_map(|c| c.rows).sum();
        fact("rows at the fork", format!("{rows} in {} tables", fork.counts.len()));
    }
    if let Some(promotion) = &journal.promotion {
        fact("new timeline", format!("{} from {}", promotion.timeline, promotion.switched));
    }
    if let Some((rows, tables)) = journal.beta_rows {
        fact("rows in the future release", format!("{rows} in {tables} tables"));
    }
    let old = journal.fork.as_ref().and_then(|fork| fork.schema.clone());
    match (old, journal.beta_schema.clone()) {
        (Some(old), Some(new)) => fact("schema", format!("{old} → {new}")),
        (None, Some(only)) | (Some(only), None) => fact("schema", only),
        (None, None) => {}
    }
    // Before the traffic has moved, the record says only where it shall go.
    if let Some(route) = journal.route.as_ref().filter(|_| journal.state != State::Up) {
        fact(
            "route",
            format!("{} → {} at {}, in {:.2} s", route.before, journal.beta, route.time, route.millis as f64 / 1000.0),
        );
    }
    facts
}

fn steps(journal: &Journal) -> Vec<StepRecord> {
    let known = Stage::ALL.into_iter().filter_map(|stage| journal.step(stage));
    known
        .filter_map(|step| {
            let state = match step.progress {
                Progress::Done => StepState::Done,
                Progress::Undone => StepState::Undone,
                Progress::Failed | Progress::Started => StepState::Failed,
                Progress::Pending => return None,
            };
            Some(StepRecord {
                number: step.stage.number(),
                name: step.stage.name().into(),
                text: step.detail.clone(),
                seconds: step.millis.unwrap_or_default() as f64 / 1000.0,
                state,
            })
        })
        .collect()
}

fn objects(journal: &Journal) -> Vec<ObjectLine> {
    let layout = &journal.layout;
    let replica = &layout.replica;
    let mut objects = Vec::new();
    let mut object = |object: String, namespace: &str, action: &str| {
        objects.push(ObjectLine { object, namespace: namespace.into(), action: action.into() });
    };
    let (alpha, beta, namespace) = (&journal.alpha, &journal.beta, journal.namespace.as_str());
    let lowered = format!("{} → {} replicas", layout.replicas, layout.replicas.saturating_sub(1));
    let handed = format!("handed over from {alpha} to {beta}");
    match journal.state {
        State::Retreated => {
            object(format!("statefulset/{}", replica.statefulset), namespace, "as before");
            object(format!("release {beta}"), namespace, "deleted");
        }
        _ => {
            object(format!("statefulset/{}", replica.statefulset), namespace, &lowered);
            object(format!("persistentvolumeclaim/{}", layout.volume.claim), namespace, &handed);
            if let Some(volume) = &layout.volume.volume {
                object(
                    format!("persistentvolume/{volume}"),
                    "",
                    if journal.former.is_empty() { "unchanged" } else { "made safe" },
                );
            }
            if let Some(revision) = journal.lowered_revision {
                object(
                    format!("release {alpha}"),
                    namespace,
                    &format!("revision {revision}, holds the lowered number of replicas"),
                );
            }
            object(format!("release {beta}"), namespace, &format!("created, {} objects", journal.future.objects));
        }
    }
    objects
}

/// The report of a handover as its journal tells it. Values, which may hold secrets, are left out.
pub fn handover_document(journal: &Journal, command: &str, started: Timestamp) -> Document {
    let verb = match journal.state {
        State::Retreated | State::Retreating => "Retreat",
        _ => "Upgrade",
    };
    let mut notes = journal.warnings.clone();
    if journal.fence == "none" && matches!(journal.state, State::Up | State::Routed) {
        notes.push(format!(
            "What {} writes after the fork is not in {}; route names it before it leaves it.",
            journal.alpha, journal.beta
        ));
    }
    notes.extend(journal.job_log.iter().cloned());
    let next = Commands::of(journal).next();
    Document {
        title: format!("{verb} of {} to {}", journal.alpha, journal.beta),
        command: command.into(),
        outcome: outcome(journal),
        success: matches!(journal.state, State::Up | State::Routed | State::Finished | State::Retreated),
        started,
        finished: Timestamp::now(),
        facts: facts(journal),
        steps: steps(journal),
        objects: objects(journal),
        next: next.into_iter().map(|next| NextCommand { what: next.what.into(), command: next.command }).collect(),
        notes,
    }
}

/// Writes the report of a handover; returns the path of the page.
///
/// # Errors
/// [`ReportError`]
pub fn write_handover(
    journal: &Journal,
    command: &str,
    started: Timestamp,
    folder: &Path,
) -> Result<PathBuf, ReportError> {
    let verb = match journal.state {
        State::Retreated | State::Retreating => "retreat",
        State::Finished => "finish",
        State::Routed => "route",
        _ => "upgrade",
    };
    let stem = format!("vulas-native-{verb}-{}-{}", journal.alpha, journal.beta);
    handover_document(journal, command, started).write(folder, &stem).map(|(page, _)| page)
}
