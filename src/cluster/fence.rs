//! Writes that count only while a Lease is ours: a run that was not heard of for too long must not write over what the one that
//! took over has written.

use std::sync::Arc;

use super::{Cluster, Error, ObjectRef, Write, WriteHook, lease::Held};

/// The gate of a run's writes.
struct Fence {
    held: Held,
    name: String,
    /// What writes passed already.
    inner: Option<Arc<dyn WriteHook>>,
}

impl WriteHook for Fence {
    fn before(&self, write: &Write) -> Result<(), Error> {
        if self.held.is_lost() {
            return Err(Error::Lost { name: self.name.clone() });
        }
        self.inner.as_ref().map_or(Ok(()), |inner| inner.before(write))
    }

    fn after(&self, write: &Write) -> Result<(), Error> {
        self.inner.as_ref().map_or(Ok(()), |inner| inner.after(write))
    }
}

/// The same connection with every write passing the Lease.
pub(super) fn fence(cluster: &Cluster, lease: &ObjectRef, held: Held) -> Cluster {
    cluster.with_hook(Arc::new(Fence { held, name: lease.to_string(), inner: cluster.hook() }))
}
