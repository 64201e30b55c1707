//! What the commands of a handover share: connection, signals, progress, report, exit codes.

use std::{
    cell::RefCell,
    future::Future,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Failure, Global, session};
use crate::cluster::Cluster;
pub use crate::cluster::holder;
use crate::handover::{Commands, Error, Next};
use crate::report::{HandoverReporter, write_handover};

/// What becomes of an upgrade that is stopped.
pub const TAKES_BACK: &str = "what was done is taken back";
/// What becomes of a retreat or a finish that is stopped.
pub const LEAVES: &str = "what is done stays done, and the same command goes on with it";

/// A command of a handover, talking.
pub struct Talk {
    runtime: tokio::runtime::Runtime,
    global: Global,
    show: HandoverReporter,
    report: RefCell<Option<PathBuf>>,
}

impl Talk {
    /// Starts the runtime; nothing is asked of the cluster yet.
    pub fn new(global: &Global) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|e| Failure::Failed(format!("error: {e}")))?;
        let show = HandoverReporter::new(session::reporter(global));
        Ok(Self { runtime, global: global.clone(), show, report: RefCell::default() })
    }

    /// Is cancelled by the first SIGINT or SIGTERM, and says what becomes of what was done. The second ends the process at once.
    pub fn stop_on_signals(&self, becomes: &'static str) -> CancellationToken {
        let stop = CancellationToken::new();
        let token = stop.clone();
        let reporter = self.show.reporter().clone();
        self.runtime.spawn(async move {
            signal().await;
            reporter.warn(&format!("stopping; {becomes} (once more to stop at once, and leave it as it is)"));
            token.cancel();
            signal().await;
            // Killed on purpose: the journal tells the next run where it stood.
            std::process::exit(3);
        });
        stop
    }

    /// Connects, and runs `work` to its end.
    pub fn block_on<'a, T, F>(&'a self, work: impl FnOnce(Cluster, &'a HandoverReporter) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>> + 'a,
    {
        self.runtime.block_on(async {
            let cluster = Cluster::connect(&session::connect_options(&self.global)).await?;
            work(cluster, &self.show).await
        })
    }

    /// Writes the report of what was recorded last, if anything was.
    pub fn report(&self, started: Timestamp, folder: &str) {
        let Some(journal) = self.show.journal() else { return };
        match write_handover(&journal, &command_line(&self.global.typed), started, Path::new(folder)) {
            Ok(path) => *self.report.borrow_mut() = Some(path),
            Err(error) => self.show.reporter().warn(&error.to_string()),
        }
    }

    /// The failure in words; where something is left to do, with the commands that do it.
    pub fn failure(&self, error: &Error) -> Failure {
        match (failure(error), self.show.journal()) {
            (Failure::Left(message), Some(journal)) => {
                let lines = next_lines(&Commands::of(&journal).next());
                Failure::Left(lines.iter().fold(message, |message, line| format!("{message}\n  {line}")))
            }
            // Before the journal is written for the first time, nothing is.
            (Failure::Failed(message), None) if error.aftermath().is_empty() => {
                Failure::Failed(message + "\nNothing has been changed.")
            }
            (failure, _) => failure,
        }
    }

    /// Names the report.
    pub fn print_report_path(&self) {
        if let Some(path) = self.report.borrow().as_ref() {
            outln!("{:<20} {}", "Report:", path.display());
        }
    }
}

/// What can be done next, a line each.
pub fn next_lines(next: &[Next]) -> Vec<String> {
    let width = next.iter().map(|next| next.what.len() + 1).max().unwrap_or_default();
    next.iter().map(|next| format!("{:<width$} {}", format!("{}:", next.what), next.command)).collect()
}

async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = signal(SignalKind::terminate());
    match terminate {
        Ok(mut terminate) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

/// The command as it was typed, without what may hold secrets.
fn command_line(typed: &[String]) -> String {
    let mut shown = vec!["vulas-native".to_owned()];
    let mut hide_next = false;
    for argument in typed {
        let name = argument.split('=').next().unwrap_or_default().to_owned();
        let secret = name.starts_with("--set") || name == "--kube-token";
        if hide_next {
            hide_next = false;
            shown.push("***".into());
        } else if secret && argument.contains('=') {
            shown.push(format!("{name}=***"));
        } else {
            hide_next = secret;
            shown.push(argument.clone());
        }
    }
    shown.join(" ")
}

/// The core namespace: its own flag, or the namespace flag.
pub fn core_namespace(global: &Global, own: Option<&String>) -> Result<String, Failure> {
    own.or(global.namespace.as_ref()).cloned().ok_or_else(|| {
        Failure::Usage(
            "error: --core-namespace is missing\n  name the namespace of the core releases: --core-namespace NS".into(),
        )
    })
}

/// An error in words: what, below it why and what to do, at the end what became of the changes.
pub fn failure(error: &Error) -> Failure {
    let code = error.exit_code();
    let mut lines = match error {
        Error::Problems(problems) if problems.len() == 1 => {
            vec![format!("error: {}", problems[0].what), format!("  {}", problems[0].advice)]
        }
        Error::Problems(problems) => {
            let mut lines = vec![format!("error: {} reasons not to begin", problems.len())];
            for problem in problems {
                lines.push(format!("  - {}", problem.what));
                lines.push(format!("      {}", problem.advice));
            }
            lines
        }
        other => {
            let mut lines = vec![format!("error: {other}")];
            lines.extend(other.details().into_iter().map(|line| format!("  {line}")));
            lines
        }
    };
    let aftermath = error.aftermath();
    if !aftermath.is_empty() {
        lines.push(aftermath.into());
    }
    let message = lines.join("\n");
    match code {
        3 => Failure::Left(message),
        4 => Failure::Refused(message),
        _ => Failure::Failed(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_stand_below_one_another() {
        let next = |what, command: &str| Next { what, command: command.into() };
        let lines = next_lines(&[next("Go on", "a"), next("Take it back", "b")]);
        assert_eq!(lines, ["Go on:        a", "Take it back: b"]);
    }

    #[test]
    fn several_problems_are_shown_at_once() {
        let problems = vec![
            crate::handover::Problem::new("a is wrong", "mend a"),
            crate::handover::Problem::new("b is wrong", "mend b"),
        ];
        let Failure::Failed(message) = failure(&Error::Problems(problems)) else { panic!("wrong exit code") };
        for part in ["2 reasons", "a is wrong", "mend a", "b is wrong", "mend b", "Nothing has been changed."] {
            assert!(message.contains(part), "{part} is not in {message}");
        }
    }
}
