//! Commands in containers.

use std::time::Duration;

use k8s_openapi::{api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::Status};
use kube::{Api, api::AttachParams};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

use super::{Cluster, Error, client::Write, client::from_kube};

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
    /// Runs a command in a running container, with `stdin` as its input, for `limit` at most: a connection that somebody in between
    /// has forgotten would keep us for ever. A command that fails is no error: look at [`ExecOutput::code`].
    ///
    /// # Errors
    /// When the command could not be started, or the connection broke before it ended, or the time was up.
    pub async fn exec(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        command: &[&str],
        stdin: Option<&[u8]>,
        limit: Duration,
    ) -> Result<ExecOutput, Error> {
        let write =
            Write { verb: "exec", path: format!("/api/v1/namespaces/{namespace}/pods/{pod}/exec"), dry_run: false };
        self.enter_gate(&write)?;
        let output = tokio::time::timeout(limit, self.run_command(namespace, pod, container, command, stdin)).await;
        self.leave_gate(&write)?;
        output.unwrap_or_else(|_| {
            let what = format!("a command in pod/{pod}, container {container}");
            Err(Error::Timeout { what, state: "no answer".into(), after: limit })
        })
    }

    async fn run_command(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        command: &[&str],
        stdin: Option<&[u8]>,
    ) -> Result<ExecOutput, Error> {
        let broken = |what: &str| Error::Other(format!("exec in pod/{pod}, container {container}: {what}"));
        let pods: Api<Pod> = Api::namespaced(self.inner.client.clone(), namespace);
        let mut params = AttachParams::default().container(container).stdout(true).stderr(true).stdin(stdin.is_some());
        params.max_stdin_buf_size = Some(64 * 1024);
        params.max_stdout_buf_size = Some(64 * 1024);
        let mut process =
            pods.exec(pod, command.iter().copied(), &params).await.map_err(|error| from_kube(self.server(), &error))?;
        let input = process.stdin();
        let (Some(stdout), Some(stderr), Some(status)) = (process.stdout(), process.stderr(), process.take_status())
        else {
            return Err(broken("the server gave no streams"));
        };
        let feed = async {
            if let (Some(mut input), Some(bytes)) = (input, stdin) {
                // A command that ends before it has read everything is no error of ours: its exit code tells.
                let _ = input.write_all(bytes).await;
                let _ = input.shutdown().await;
            }
        };
        let ((), stdout, stderr, status) = tokio::join!(feed, read_all(stdout), read_all(stderr), status);
        let status = status.ok_or_else(|| broken("the connection broke before the command ended"))?;
        let code = exit_code(&status).map_err(|message| broken(&message))?;
        Ok(ExecOutput { code, stdout: stdout?, stderr: stderr? })
    }
}

async fn read_all(mut stream: impl AsyncRead + Unpin) -> Result<String, Error> {
    let mut bytes = Vec::new();
    stream
        .read_to_end(&mut bytes)
        .await
        .map_err(|error| Error::Other(format!("the output of the command broke off: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The exit code in the status that ends an exec stream (Kubernetes, `remotecommand`: cause `ExitCode`).
fn exit_code(status: &Status) -> Result<i32, String> {
    if status.status.as_deref() == Some("Success") {
        return Ok(0);
    }
    let causes = status.details.iter().flat_map(|details| details.causes.iter().flatten());
    causes
        .filter(|cause| cause.reason.as_deref() == Some("ExitCode"))
        .find_map(|cause| cause.message.as_deref()?.parse().ok())
        .ok_or_else(|| status.message.clone().unwrap_or_else(|| "no exit code".into()))
}
