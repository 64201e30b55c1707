//! Why an operation did not end well, and in which state it left the cluster.

use crate::{chart, cluster, release, render};

/// In which state a failed operation left the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was changed.
    Nothing,
    /// What was changed was put back.
    PutBack,
    /// Something is left to do; the message says what.
    Left,
    /// Refused before anything was changed; a decision is needed.
    Refused,
}

/// Why an operation did not end well.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What was wanted, what stood in the way, what to do. The first line is Helm's, where Helm has one.
    pub message: String,
    /// The state of the cluster.
    pub outcome: Outcome,
    /// SIGINT or SIGTERM ended it.
    pub interrupted: bool,
}

impl Error {
    /// An error before anything was changed.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), outcome: Outcome::Nothing, interrupted: false }
    }

    /// Refused: somebody must decide.
    pub fn refused(message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Refused, ..Self::new(message) }
    }

    /// The same error with words before it, as Go's `fmt.Errorf("words: %w", err)`.
    #[must_use]
    pub fn within(mut self, words: &str) -> Self {
        self.message = format!("{words}: {}", self.message);
        self
    }

    /// The same error with lines after it.
    #[must_use]
    pub fn with(mut self, lines: &str) -> Self {
        self.message.push('\n');
        self.message.push_str(lines);
        self
    }
}

impl From<cluster::Error> for Error {
    fn from(error: cluster::Error) -> Self {
        Self { interrupted: matches!(error, cluster::Error::Interrupted), ..Self::new(error.to_string()) }
    }
}

impl From<release::Error> for Error {
    fn from(error: release::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<render::Error> for Error {
    fn from(error: render::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<chart::Error> for Error {
    fn from(error: chart::Error) -> Self {
        Self::new(error.message)
    }
}
