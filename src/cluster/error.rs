//! What can go wrong between us and the API server.

use std::time::Duration;

use super::FieldConflict;

/// One cause in a Status object: which field, why, in the server's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// `FieldManagerConflict`, `FieldValueInvalid`, ...
    pub reason: String,
    /// `.spec.replicas`
    pub field: String,
    /// The server's words.
    pub message: String,
}

/// What can go wrong between us and the API server.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No configuration, or a broken one.
    #[error("{0}")]
    Config(String),
    /// The server cannot be reached.
    #[error("the API server at {server} does not answer: {cause}")]
    Unreachable {
        /// Its address.
        server: String,
        /// The system's words.
        cause: String,
    },
    /// The server refused a request.
    #[error("{message}")]
    Api {
        /// The HTTP status.
        code: u16,
        /// The reason of the Status object (`NotFound`, `Conflict`, `Forbidden`, `Invalid`, ...).
        reason: String,
        /// The server's own words.
        message: String,
        /// The fields it names.
        causes: Vec<Cause>,
    },
    /// The server does not serve this kind.
    #[error("no matches for kind \"{kind}\" in version \"{api_version}\"")]
    NoKind {
        /// `apps/v1`
        api_version: String,
        /// `Deployment`
        kind: String,
    },
    /// Waited long enough.
    #[error("timed out after {} s waiting for {what}: {state}", after.as_secs())]
    Timeout {
        /// What was waited for.
        what: String,
        /// Its last state.
        state: String,
        /// How long.
        after: Duration,
    },
    /// What was waited for has failed for good.
    #[error("{what} failed: {state}")]
    Failed {
        /// What was waited for.
        what: String,
        /// Why it failed, with the pods' events and logs where there are any.
        state: String,
    },
    /// Somebody else holds the Lease.
    #[error("{name} is held by {holder}, heard of {} s ago", heard.as_secs())]
    Held {
        /// The Lease.
        name: String,
        /// Who holds it.
        holder: String,
        /// Time since its last renewal.
        heard: Duration,
    },
    /// A Lease is not ours any more: nothing may be written on its strength.
    #[error("{name} was lost: somebody else is at work, or this run was not heard of for too long")]
    Lost {
        /// The Lease.
        name: String,
    },
    /// The operation was stopped from outside (SIGINT, SIGTERM).
    #[error("interrupted by SIGINT or SIGTERM")]
    Interrupted,
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl Error {
    /// The HTTP status, when the server answered with an error.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Api { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// The object, or its namespace, does not exist.
    pub fn is_not_found(&self) -> bool {
        self.code() == Some(404)
    }

    /// The object exists already.
    pub fn is_already_exists(&self) -> bool {
        matches!(self, Self::Api { code: 409, reason, .. } if reason == "AlreadyExists")
    }

    /// The object was changed by somebody else in between, or its fields are owned by somebody else.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Api { code: 409, reason, .. } if reason != "AlreadyExists")
    }

    /// The user may not do this.
    pub fn is_forbidden(&self) -> bool {
        self.code() == Some(403)
    }

    /// The fields that a server-side apply could not have, with their owners.
    pub fn conflicts(&self) -> Vec<FieldConflict> {
        match self {
            Self::Api { causes, .. } => super::conflict::parse(causes),
            _ => Vec::new(),
        }
    }
}
