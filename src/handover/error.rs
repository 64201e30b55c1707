//! Why a handover did not go on, and what is left of it.

use super::{Divergence, Stage};
use crate::{cluster, database};

/// One reason not to begin: what stands in the way, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What stands in the way, with the object's name and the server's own words.
    pub what: String,
    /// What to do.
    pub advice: String,
}

impl Problem {
    /// A problem with its remedy.
    pub fn new(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { what: what.into(), advice: advice.into() }
    }
}

/// Why a handover did not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Kubernetes said no.
    #[error("{0}")]
    Cluster(#[from] cluster::Error),
    /// PostgreSQL said no.
    #[error("{0}")]
    Database(#[from] database::Error),
    /// An operation on a release failed.
    #[error("{0}")]
    Release(String),
    /// An operation on a release failed, and could not be put back.
    #[error("{0}")]
    Left(String),
    /// The journal can't be read or written.
    #[error("secret/vulas-native-handover in namespace {namespace}: {cause}")]
    Journal {
        /// Its namespace.
        namespace: String,
        /// Why.
        cause: String,
    },
    /// What was asked for does not fit what is there. Nothing was changed.
    #[error("{what}")]
    Unfit {
        /// What stands in the way.
        what: String,
        /// What to do.
        advice: String,
    },
    /// Preflight found reasons not to begin. Nothing was changed.
    #[error("{}", .0.iter().map(|p| p.what.as_str()).collect::<Vec<_>>().join("; "))]
    Problems(Vec<Problem>),
    /// Alpha has written since the fork.
    #[error("{} has written since {} was forked from it, and {} does not have it", .0.alpha, .0.beta, .0.beta)]
    Diverged(Box<Divergence>),
    /// Another handover is open, or the one that is asked for is at another point: a decision is needed.
    #[error("{what}")]
    Decision {
        /// What stands in the way.
        what: String,
        /// The commands to choose from.
        choices: Vec<String>,
    },
    /// A step failed.
    #[error("step {} of 8 ({stage}) failed: {cause}", stage.number())]
    Step {
        /// Which.
        stage: Stage,
        /// Why.
        cause: Box<Error>,
        /// What undoing it could not put back, with the reason; empty when everything was put back.
        left: Option<Box<Error>>,
    },
    /// Undoing a step failed: the journal stays open.
    #[error("could not {what}: {cause}")]
    Undo {
        /// What was tried.
        what: String,
        /// Why not.
        cause: Box<Error>,
    },
    /// The Lease was lost on the way: what is half done is for whoever looks next.
    #[error("{what}")]
    Lost {
        /// Which.
        what: String,
        /// What to do.
        advice: String,
    },
    /// A verification found something else than was due.
    #[error("{0}")]
    Verify(String),
    /// Stopped by the user or the system.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// Something that does not fit, with its remedy.
    pub fn unfit(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Unfit { what: what.into(), advice: advice.into() }
    }

    /// The same, of an operation that has changed something before it failed: something is left to do. `what` was tried.
    pub(super) fn midway(self, what: &str) -> Self {
        match self {
            Self::Undo { .. } | Self::Left(_) | Self::Lost { .. } => self,
            cause => Self::Undo { what: what.into(), cause: Box::new(cause) },
        }
    }

    /// The lines below the first: reasons, remedies, what was left.
    pub fn details(&self) -> Vec<String> {
        match self {
            Self::Unfit { advice, .. } | Self::Lost { advice, .. } => vec![advice.clone()],
            Self::Problems(problems) => problems.iter().map(|p| format!("{}\n    {}", p.what, p.advice)).collect(),
            Self::Diverged(divergence) => divergence.lines(),
            Self::Decision { choices, .. } => choices.clone(),
            Self::Step { cause, left, .. } => {
                let mut lines = cause.details();
                if let Some(left) = left {
                    lines.push(format!("putting back failed: {left}"));
                    lines.extend(left.details());
                }
                lines
            }
            Self::Undo { cause, .. } => cause.details(),
            _ => Vec::new(),
        }
    }

    /// The words that end a report of this error: what became of the changes.
    pub fn aftermath(&self) -> &'static str {
        match self {
            Self::Step { left: None, .. } => "Everything was put back: the current release is as it was.",
            Self::Step { .. } | Self::Undo { .. } | Self::Left(_) | Self::Lost { .. } => "Something is left to do.",
            Self::Problems(_) | Self::Diverged(_) | Self::Decision { .. } | Self::Unfit { .. } => {
                "Nothing has been changed."
            }
            _ => "",
        }
    }

    /// The documented exit code of this error.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Step { left: Some(_), .. } | Self::Undo { .. } | Self::Left(_) | Self::Lost { .. } => 3,
            Self::Diverged(_) | Self::Decision { .. } => 4,
            _ => 1,
        }
    }
}
