//! Logs of containers.

use super::{Cluster, Error};

/// Options of [`Cluster::logs`].
#[derive(Clone, Debug, Default)]
pub struct LogOptions {
    /// The container; may be left out when the pod has one.
    pub container: Option<String>,
    /// Only the last lines.
    pub tail: Option<u32>,
    /// The log of the container that ran before the last restart.
    pub previous: bool,
}

impl Cluster {
    /// The log of a container up to now.
    ///
    /// # Errors
    /// `NotFound`, `BadRequest` when the container has not started, and the server's other refusals.
    pub async fn logs(&self, namespace: &str, pod: &str, options: &LogOptions) -> Result<String, Error> {
        let _ = (namespace, pod, options);
        Err(Error::Other("not built yet".into()))
    }

    /// Passes the lines of a container's log to `line` as they are written, until the container ends.
    ///
    /// # Errors
    /// As [`Cluster::logs`].
    pub async fn follow_logs(
        &self,
        namespace: &str,
        pod: &str,
        options: &LogOptions,
        line: impl FnMut(&str) + Send,
    ) -> Result<(), Error> {
        let _ = (namespace, pod, options, line);
        Err(Error::Other("not built yet".into()))
    }
}
