//! What runs in containers. PostgreSQL and what works with it is modelled; all else just runs.

use std::time::Duration;

use super::json::{Access, Json};
use super::postgres;
use super::state::State;

/// What a container does once it is started.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It goes on running.
    Runs {
        /// What it has written.
        lines: Vec<String>,
    },
    /// It ends by itself.
    Ends {
        /// Its exit code.
        code: i32,
        /// What it has written.
        lines: Vec<String>,
    },
    /// It cannot be started yet; ask again.
    Waits(Duration),
}

impl Outcome {
    /// Ends well.
    pub fn done(lines: Vec<String>) -> Self {
        Self::Ends { code: 0, lines }
    }

    /// Ends with an error.
    pub fn failed(line: impl Into<String>) -> Self {
        Self::Ends { code: 1, lines: vec![line.into()] }
    }
}

/// An init container.
pub fn init(state: &mut State, pod: &Json, container: &Json) -> Outcome {
    postgres::init(state, pod, container).unwrap_or_else(|| Outcome::done(Vec::new()))
}

/// A container.
pub fn start(state: &mut State, pod: &Json, container: &Json) -> Outcome {
    if let Some(outcome) = postgres::start(state, pod, container) {
        return outcome;
    }
    // A container of a pod that is to end, ends well.
    match pod.text("/spec/restartPolicy") {
        "Never" | "OnFailure" => Outcome::done(vec![format!("{}: done", container.text("/name"))]),
        _ => Outcome::Runs { lines: vec![format!("{}: started", container.text("/name"))] },
    }
}

/// How long a pod is still not ready although its containers run; `None`: it is ready.
pub fn unready(state: &mut State, pod: &Json) -> Option<Duration> {
    postgres::unready(state, pod)
}

/// The pod's containers have ended.
pub fn stopped(state: &mut State, pod: &Json) {
    postgres::stopped(state, pod);
}
