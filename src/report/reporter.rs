//! Progress while things happen.
//!
//! On a terminal the running step is redrawn in place; in a log there is one line per change, with the time of day in UTC;
//! with `--log-format json` each is an object. What is waited for is always named.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::line::{self, Mark};
use super::style::Style;
use crate::cluster::{Observer, Waiting};
use crate::gotemplate::errtext;

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// It did what it should.
    Done,
    /// It failed.
    Failed,
    /// It was taken back.
    Undone,
}

/// What is remembered of a step, for the report.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StepRecord {
    /// Its place in the sequence, from 1.
    pub number: usize,
    /// A word.
    pub name: String,
    /// What happened, in a line.
    pub text: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// How it ended.
    pub state: StepState,
}

#[derive(Default)]
struct Talk {
    /// The running step's line on a terminal.
    bar: Option<ProgressBar>,
    /// Number, name and start of the running step.
    running: Option<(usize, String, Instant)>,
    /// The last thing said of a wait, so that a log does not repeat it.
    last_wait: String,
    records: Vec<StepRecord>,
}

/// Writes progress to standard error. Clones talk through the same mouth.
#[derive(Clone)]
pub struct Reporter {
    style: Style,
    talk: Arc<Mutex<Talk>>,
}

impl Reporter {
    /// A reporter of this style.
    pub fn new(style: Style) -> Self {
        Self { style, talk: Arc::default() }
    }

    /// The manner it talks in.
    pub fn style(&self) -> Style {
        self.style
    }

    /// A fact under a label, as the head of an operation shows them: `volume  pvc/data-…`.
    pub fn fact(&self, label: &str, text: &str) {
        self.say("fact", &format!("{label:<7} {text}"), &[("label", label), ("text", text)]);
    }

    /// A line of talk.
    pub fn line(&self, text: &str) {
        self.say("info", text, &[("text", text)]);
    }

    /// Something odd that is not an error. Shown even when quiet.
    pub fn warn(&self, text: &str) {
        let line = format!("{} warning: {text}", Mark::Warning.show(self.style));
        self.print("warning", &line, &[("text", text)]);
    }

    /// Begins a step; only one runs at a time.
    pub fn step(&self, number: usize, name: &str) -> Step {
        let mut talk = self.lock();
        talk.running = Some((number, name.into(), Instant::now()));
        talk.last_wait.clear();
        if self.style.terminal && !self.style.quiet {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let template = "  {spinner} {prefix} {wide_msg} {elapsed}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                let ticks = if self.style.unicode { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ " } else { "|/-\\ " };
                bar.set_style(style.tick_chars(ticks));
            }
            bar.set_prefix(format!("{number} {name:<11}"));
            bar.enable_steady_tick(Duration::from_millis(120));
            talk.bar = Some(bar);
        }
        Step { reporter: self.clone() }
    }

    /// The steps that have ended so far.
    pub fn records(&self) -> Vec<StepRecord> {
        self.lock().records.clone()
    }

    fn end(&self, state: StepState, text: &str) {
        let mut talk = self.lock();
        if let Some(bar) = talk.bar.take() {
            bar.finish_and_clear();
        }
        let Some((number, name, start)) = talk.running.take() else { return };
        let took = start.elapsed();
        let record = StepRecord { number, name, text: text.into(), seconds: took.as_secs_f64(), state };
        let mark = match state {
            StepState::Done => Mark::Done,
            StepState::Failed => Mark::Failed,
            StepState::Undone => Mark::Undone,
        };
        let line = line::step(&mark.show(self.style), number, &record.name, text, took, self.width());
        talk.records.push(record.clone());
        drop(talk);
        if self.style.quiet && state == StepState::Done {
            return;
        }
        let state = format!("{state:?}").to_lowercase();
        let number = number.to_string();
        let seconds = format!("{:.3}", took.as_secs_f64());
        let fields =
            [("step", &*number), ("name", &record.name), ("state", &state), ("text", text), ("seconds", &seconds)];
        self.print("step", &line, &fields);
    }

    fn say(&self, event: &str, line: &str, fields: &[(&str, &str)]) {
        if !self.style.quiet {
            self.print(event, line, fields);
        }
    }

    /// The one place where talk leaves the program. A closed stderr is nothing to fail for.
    fn print(&self, event: &str, line: &str, fields: &[(&str, &str)]) {
        use std::io::Write;
        let text = if self.style.json {
            let mut object = serde_json::Map::new();
            object.insert("time".into(), Timestamp::now().to_string().into());
            object.insert("event".into(), event.into());
            object.extend(fields.iter().map(|(k, v)| ((*k).into(), errtext::lossy(v).into())));
            serde_json::Value::Object(object).to_string()
        } else if self.style.terminal {
            line.to_owned()
        } else {
            format!("{} {line}", Timestamp::now().strftime("%H:%M:%SZ"))
        };
        let talk = self.lock();
        let write = || {
            let _ = std::io::stderr().lock().write_all(&[&errtext::bytes(&text), &b"\n"[..]].concat());
        };
        match &talk.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn width(&self) -> usize {
        let columns =
            if self.style.terminal { terminal_size::terminal_size().map(|(w, _)| usize::from(w.0)) } else { None };
        columns.unwrap_or(110).clamp(60, 110)
    }

    /// A panic while talking elsewhere must not silence the rest.
    fn lock(&self) -> MutexGuard<'_, Talk> {
        self.talk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Reporter {
    fn waiting(&self, done: usize, total: usize, waiting: &[Waiting]) {
        let Some(first) = waiting.first() else { return };
        let more = if waiting.len() > 1 { format!(" and {} more", waiting.len() - 1) } else { String::new() };
        let count = if total > 1 { format!("{done} of {total} ready, ") } else { String::new() };
        let state = format!("{count}waiting for {}{more}: {}", first.what, first.state);
        let mut talk = self.lock();
        if let Some(bar) = &talk.bar {
            bar.set_message(format!("{state}, {}", line::duration(first.since)));
            return;
        }
        if talk.last_wait == state {
            return;
        }
        talk.last_wait.clone_from(&state);
        drop(talk);
        let text = format!("{state}, for {}", line::duration(first.since));
        self.say("waiting", &format!("    {text}"), &[("text", &text)]);
    }

    fn info(&self, message: &str) {
        if let Some(bar) = &self.lock().bar {
            bar.set_message(message.to_owned());
            return;
        }
        self.say("info", &format!("    {message}"), &[("text", message)]);
    }

    fn warning(&self, message: &str) {
        self.warn(message);
    }

    fn log_line(&self, source: &str, line: &str) {
        self.say("log", &format!("    {source} | {line}"), &[("source", source), ("text", line)]);
    }
}

/// A running step. End it with one of its methods; dropped without, it counts as failed.
#[must_use]
pub struct Step {
    reporter: Reporter,
}

impl Step {
    /// What happens right now.
    pub fn note(&self, text: &str) {
        self.reporter.info(text);
    }

    /// Ends it well; `text` says what was found or changed.
    pub fn done(self, text: &str) {
        self.reporter.end(StepState::Done, text);
    }

    /// Ends it with what went wrong.
    pub fn failed(self, text: &str) {
        self.reporter.end(StepState::Failed, text);
    }

    /// Ends it as taken back; `text` says what was restored.
    pub fn undone(self, text: &str) {
        self.reporter.end(StepState::Undone, text);
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        // After `done` and the like there is no running step, and this does nothing.
        self.reporter.end(StepState::Failed, "interrupted");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent() -> Reporter {
        Reporter::new(Style { quiet: true, ..Style::default() })
    }

    #[test]
    fn steps_are_remembered_with_how_they_ended() {
        let reporter = silent();
        reporter.step(1, "preflight").done("12 checks");
        reporter.step(2, "protect").undone("reclaim policy restored");
        drop(reporter.step(3, "fork"));
        let ends: Vec<_> = reporter.records().iter().map(|r| (r.number, r.state, r.text.clone())).collect();
        assert_eq!(
            ends,
            [
                (1, StepState::Done, "12 checks".to_owned()),
                (2, StepState::Undone, "reclaim policy restored".to_owned()),
                (3, StepState::Failed, "interrupted".to_owned()),
            ]
        );
    }
}
