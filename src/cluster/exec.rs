//! Commands in containers.

use super::{Cluster, Error};

/// What a command in a container answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecOutput {
    /// Exit code of the command.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Cluster {
    /// Runs a command in a running container, with `stdin` as its input. A command that fails is no error: look at
    /// [`ExecOutput::code`].
    ///
    /// # Errors
    /// When the command could not be started, or the connection broke before it ended.
    pub async fn exec(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        command: &[&str],
        stdin: Option<&[u8]>,
    ) -> Result<ExecOutput, Error> {
        let _ = (namespace, pod, container, command, stdin);
        Err(Error::Other("not built yet".into()))
    }
}
