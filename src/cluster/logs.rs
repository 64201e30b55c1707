//! Logs of containers.

use futures::{AsyncBufReadExt as _, StreamExt as _};
use kube::{Api, api::LogParams};

use k8s_openapi::api::core::v1::Pod;

use super::{Cluster, Error, client::from_kube};

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

impl LogOptions {
    fn params(&self, follow: bool) -> LogParams {
        LogParams {
            container: self.container.clone(),
            follow,
            previous: self.previous,
            tail_lines: self.tail.map(i64::from),
            ..Default::default()
        }
    }
}

impl Cluster {
    /// The log of a container up to now.
    ///
    /// # Errors
    /// `NotFound`, `BadRequest` when the container has not started, and the server's other refusals.
    pub async fn logs(&self, namespace: &str, pod: &str, options: &LogOptions) -> Result<String, Error> {
        let pods: Api<Pod> = Api::namespaced(self.inner.client.clone(), namespace);
        pods.logs(pod, &options.params(false)).await.map_err(|error| from_kube(self.server(), &error))
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
        mut line: impl FnMut(&str) + Send,
    ) -> Result<(), Error> {
        let pods: Api<Pod> = Api::namespaced(self.inner.client.clone(), namespace);
        let stream =
            pods.log_stream(pod, &options.params(true)).await.map_err(|error| from_kube(self.server(), &error))?;
        let mut lines = stream.lines();
        while let Some(next) = lines.next().await {
            let next = next.map_err(|error| Error::Other(format!("the log of pod/{pod} broke off: {error}")))?;
            line(&next);
        }
        Ok(())
    }
}
