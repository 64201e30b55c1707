//! PostgreSQL as seen from outside: versions, positions, sessions, row counts.
//!
//! A server is asked through a command in its own container ([`Server`]), so that no port has to be reachable and no
//! password leaves the pod. Every statement that is ever sent stands in [`statements`], with the columns of its answer.
//!
//! Versions 10 and up; the names of the functions are those that PostgreSQL has had since 10 (`pg_current_wal_flush_lsn`,
//! not `pg_current_xlog_flush_location`).

mod answers;
mod error;
mod lsn;
mod server;
pub mod statements;

pub use answers::{
    Changes, Clients, Facts, Identity, Places, Position, Receiver, Slot, Standby, TableChanges, TableCount,
    diff_changes,
};
pub use error::Error;
pub use lsn::{Lsn, human_bytes};
pub use server::{Login, Server, Target};
