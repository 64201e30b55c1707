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
    /// What to do when the server let nobody in; `None` for all else.
    pub fn advice(&self) -> Option<String> {
        let Self::Refused { code, message, .. } = self else { return None };
        if matches!(code, 126 | 127) {
            return Some("there is no psql in that container: name PostgreSQL's own by --database-container".into());
        }
        let says = |words: &str| message.contains(words);
        let other = "name a superuser by --database-user, and the Secret with its password by --database-password-secret SECRET/KEY";
        let why = if says("permission denied") || says("must be superuser") || says("pg_read_all_settings") {
            "the role is no superuser"
        } else if says("Peer authentication failed") || says("Ident authentication failed") {
            "pg_hba.conf lets in only a role that is named like the user of the operating system (peer)"
        } else if says("password authentication failed") {
            "pg_hba.conf asks for a password (scram or md5), and the role has another one than the container's environment"
        } else if says("no password supplied") {
            "pg_hba.conf asks for a password (scram or md5), and the container's environment has none"
        } else if says("no pg_hba.conf entry") || says("pg_hba.conf rejects") {
            "pg_hba.conf lets in no such role, neither by the socket nor from the pod itself"
        } else if says("role \"") && says("does not exist") {
            "the container's environment names a role that the database does not have"
        } else {
            return None;
        };
        Some(format!("{why}: {other}"))
    }

    /// There is no `psql` in the container: what runs there is likely not PostgreSQL.
    pub fn has_no_psql(&self) -> bool {
        matches!(self, Self::Refused { code: 126 | 127, .. } | Self::Unreachable { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_let_in_is_told_why_and_by_which_flag() {
        let advice = |code: i32, message: &str| {
            Error::Refused { target: "pod/db-0 container db".into(), code, message: message.into() }.advice()
        };
        for (message, words) in [
            ("FATAL:  Peer authentication failed for user \"app\"", "(peer)"),
            ("FATAL:  password authentication failed for user \"app\"", "another one"),
            ("fe_sendauth: no password supplied", "has none"),
            ("FATAL:  role \"app\" does not exist", "does not have"),
            ("FATAL:  no pg_hba.conf entry for host \"[local]\", user \"app\"", "no such role"),
            ("ERROR:  permission denied for function pg_control_system", "no superuser"),
        ] {
            let said = advice(2, message).unwrap();
            assert!(said.contains(words) && said.contains("--database-user"), "{message}: {said}");
        }
        assert!(advice(127, "sh: psql: not found").unwrap().contains("--database-container"));
        assert!(advice(2, "FATAL:  the database system is starting up").is_none());
    }
}
