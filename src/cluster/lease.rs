//! Leases: keep two operators apart, and tell a dead one from a slow one.

use std::time::Duration;

use super::{Cluster, Error};

/// What a Lease says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseState {
    /// Who holds it; empty after an orderly release.
    pub holder: String,
    /// Time since the last renewal.
    pub heard: Duration,
    /// Longer ago than the Lease's duration: the holder is dead.
    pub expired: bool,
}

/// A Lease that is ours and renewed in the background until it is released or dropped. A holder that dies stops renewing,
/// and the Lease expires.
pub struct LeaseGuard {
    /// The dead holder that it was taken over from.
    taken_from: Option<String>,
}

impl LeaseGuard {
    /// The holder whose expired Lease was taken over: its run was killed.
    pub fn taken_from(&self) -> Option<&str> {
        self.taken_from.as_deref()
    }

    /// Somebody else took the Lease, or it could not be renewed in time: stop writing.
    pub fn is_lost(&self) -> bool {
        false
    }

    /// Gives the Lease back.
    ///
    /// # Errors
    /// When the server does not answer; the Lease then expires by itself.
    pub async fn release(self) -> Result<(), Error> {
        Ok(())
    }
}

impl Cluster {
    /// Takes the Lease `name`, creating it when there is none, for `duration` at a time.
    ///
    /// # Errors
    /// [`Error::Held`] when somebody else holds it and is alive.
    pub async fn acquire_lease(
        &self,
        namespace: &str,
        name: &str,
        holder: &str,
        duration: Duration,
    ) -> Result<LeaseGuard, Error> {
        let _ = (namespace, name, holder, duration);
        Err(Error::Other("not built yet".into()))
    }

    /// Looks at a Lease; `None` when there is none.
    ///
    /// # Errors
    /// When the server does not answer or refuses.
    pub async fn lease(&self, namespace: &str, name: &str) -> Result<Option<LeaseState>, Error> {
        let _ = (namespace, name);
        Err(Error::Other("not built yet".into()))
    }
}
