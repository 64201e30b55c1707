//! One operation on a release at a time, by a Lease. Helm knows nothing of it; from Helm, the pending record keeps us apart.

use std::time::Duration;

use crate::cluster::{Cluster, Error as ClusterError, LeaseGuard, Observer, Waiting, holder};

use super::{Error, releases::in_progress};

/// A run that is not heard of for this long is dead.
const LASTS: Duration = Duration::from_secs(15);

/// The Lease of a release; absent where the user may not have one.
pub(super) struct Lock(Option<LeaseGuard>);

impl Lock {
    /// Takes the Lease. When another run holds it, waits until that one renews it (then it is alive, and we refuse) or until it
    /// expires (then it is dead, and we take over).
    pub(super) async fn take(
        cluster: &Cluster,
        namespace: &str,
        release: &str,
        observer: &dyn Observer,
    ) -> Result<Self, Error> {
        let name = format!("vulas-native.{release}");
        let holder = holder();
        let mut before: Option<(String, Duration)> = None;
        loop {
            match cluster.acquire_lease(namespace, &name, &holder, LASTS).await {
                Ok(guard) => return Ok(Self(Some(guard))),
                Err(ClusterError::Held { holder, heard, .. }) => {
                    let alive = before.is_some_and(|(known, last)| known != holder || heard < last);
                    if alive {
                        return Err(in_progress(&format!("{holder} works on {release}; wait until it is done")));
                    }
                    let state =
                        format!("held by {holder}; taken over when that is not heard of for {} s", LASTS.as_secs());
                    observer.waiting(0, 1, &[Waiting { what: format!("lease/{name}"), state, since: heard }]);
                    before = Some((holder, heard));
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Err(error) if error.is_forbidden() => {
                    observer.warning(&format!("no Lease keeps others from {release}: {error}"));
                    return Ok(Self(None));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Somebody else took over, since we were not heard of for too long.
    pub(super) fn is_lost(&self) -> bool {
        self.0.as_ref().is_some_and(LeaseGuard::is_lost)
    }

    /// Gives the Lease back. When that fails it expires.
    pub(super) async fn release(self) {
        if let Some(guard) = self.0
            && let Err(error) = guard.release().await
        {
            tracing::debug!(%error, "the lease was not given back");
        }
    }
}
