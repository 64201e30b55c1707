//! What can go wrong between us and a PostgreSQL server.

use crate::cluster;

/// Why a server could not be asked, or what it answered instead.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The command did not reach the container.
    #[error("{target}: {cause}")]
    Unreachable {
        /// `pod/alpha-database-master-0 container postgres`
        target: String,
        /// Why.
        cause: cluster::Error,
    },
    /// `psql` ended with an error.
    #[error("{target}: psql exited with {code}: {message}")]
    Refused {
        /// `pod/alpha-database-master-0 container postgres`
        target: String,
        /// Exit code of `psql`: 1 of its own, 2 no connection, 3 an SQL error.
        code: i32,
        /// The server's words.
        message: String,
    },
    /// The answer has another shape than the statement gives.
    #[error("{target}: cannot read the answer to \"{statement}\": {found:?}")]
    Answer {
        /// `pod/alpha-database-master-0 container postgres`
        target: String,
        /// The beginning of the statement.
        statement: String,
        /// What came instead.
        found: String,
    },
    /// Not a WAL position.
    #[error("\"{0}\" is not a WAL position (they look like 0/5B1F4F0)")]
    Lsn(String),
}

impl Error {
    /// The server is not (yet, any more) there to be asked: starting, shutting down, or its container is gone.
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            // psql: 2 is "the connection to the server went bad", 126 and 127 mean that it could not be started.
            Self::Refused { code, .. } => *code == 2 || *code >= 126,
            _ => false,
        }
    }
}
