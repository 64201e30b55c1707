//! Events of objects.

use super::{Cluster, Error, ObjectRef};

/// An event, as `kubectl get events` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `Warning` instead of `Normal`.
    pub warning: bool,
    /// `FailedScheduling`
    pub reason: String,
    /// In the words of its source.
    pub message: String,
    /// How often it was seen.
    pub count: u64,
    /// When last, RFC 3339.
    pub last_seen: String,
}

impl Cluster {
    /// The events of an object, oldest first.
    ///
    /// # Errors
    /// When the server does not answer or refuses.
    pub async fn events(&self, object: &ObjectRef) -> Result<Vec<Event>, Error> {
        let _ = object;
        Err(Error::Other("not built yet".into()))
    }
}
