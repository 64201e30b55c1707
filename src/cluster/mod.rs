//! The one door to Kubernetes: client, discovery, server-side apply, readiness, logs, exec, events, Lease.
//!
//! Objects are JSON ([`Json`]), since charts hold kinds that no Rust type is known for. Every write of the program goes
//! through [`Cluster`]'s writing methods, so that there is one place to count, log and fault them.

use std::time::Duration;

/// A Kubernetes object, or a part of one.
pub type Json = serde_json::Value;

/// Names an object: `kind/name` in a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectRef {
    /// `apps/v1`
    pub api_version: String,
    /// `StatefulSet`
    pub kind: String,
    /// `None` for what is cluster-wide.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

impl ObjectRef {
    /// A namespaced object.
    pub fn new(api_version: &str, kind: &str, namespace: &str, name: &str) -> Self {
        Self {
            api_version: api_version.into(),
            kind: kind.into(),
            namespace: Some(namespace.into()),
            name: name.into(),
        }
    }

    /// A cluster-wide object.
    pub fn cluster_wide(api_version: &str, kind: &str, name: &str) -> Self {
        Self { api_version: api_version.into(), kind: kind.into(), namespace: None, name: name.into() }
    }
}

impl std::fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind.to_lowercase(), self.name)
    }
}

/// How to reach the API server; empty fields fall back to KUBECONFIG and to the in-cluster configuration.
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    /// Path of the kubeconfig file.
    pub kubeconfig: Option<String>,
    /// Context in it.
    pub context: Option<String>,
    /// Namespace, instead of the context's.
    pub namespace: Option<String>,
    /// Bearer token.
    pub token: Option<String>,
    /// Server address.
    pub server: Option<String>,
    /// CA file.
    pub ca_file: Option<String>,
    /// User to impersonate.
    pub as_user: Option<String>,
    /// Groups to impersonate.
    pub as_groups: Vec<String>,
    /// Server name in the TLS handshake.
    pub tls_server_name: Option<String>,
    /// Do not check the server's certificate.
    pub insecure: bool,
}

/// What can go wrong between us and the API server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No configuration, or a broken one.
    #[error("{0}")]
    Config(String),
    /// The server cannot be reached.
    #[error("the API server at {server} does not answer: {cause}")]
    Unreachable {
        /// Its address.
        server: String,
        /// The system's words.
        cause: String,
    },
    /// The server refused a request.
    #[error("{message}")]
    Api {
        /// The HTTP status.
        code: u16,
        /// The reason of the Status object (`NotFound`, `Conflict`, `Forbidden`, `Invalid`, ...).
        reason: String,
        /// The server's own words.
        message: String,
    },
    /// The server does not serve this kind.
    #[error("no matches for kind \"{kind}\" in version \"{api_version}\"")]
    NoKind {
        /// `apps/v1`
        api_version: String,
        /// `Deployment`
        kind: String,
    },
    /// Waited long enough.
    #[error("timed out after {} s waiting for {what}: {state}", after.as_secs())]
    Timeout {
        /// What was waited for.
        what: String,
        /// Its last state.
        state: String,
        /// How long.
        after: Duration,
    },
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// Options of [`Cluster::apply`].
#[derive(Clone, Debug)]
pub struct ApplyOptions {
    /// The field manager: `helm` for objects of releases, `vulas-native` for the handover's own writes.
    pub manager: String,
    /// Take fields that others own.
    pub force: bool,
    /// Let the server check all, persist nothing.
    pub dry_run: bool,
}

/// A patch.
#[derive(Clone, Debug)]
pub enum Patch {
    /// JSON merge patch (RFC 7386).
    Merge(Json),
    /// JSON patch (RFC 6902).
    Json(Json),
    /// Strategic merge patch.
    Strategic(Json),
}

/// What a command in a container answered.
#[derive(Clone, Debug)]
pub struct ExecOutput {
    /// Exit code of the command.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// A connection to one cluster. Cloning is cheap.
///
/// The methods (see the files of this room):
/// `connect(&ConnectOptions)`, `namespace()`, `server()`, `version()`, `api_versions()`,
/// `get(&ObjectRef) -> Option<Json>`, `list(api_version, kind, namespace, label_selector) -> Vec<Json>`,
/// `create(&Json, dry_run)`, `replace(&Json)`, `apply(&Json, &ApplyOptions)`, `patch(&ObjectRef, Patch, subresource, manager)`,
/// `delete(&ObjectRef, propagation, grace) -> bool`, `logs(ns, pod, container)`, `exec(ns, pod, container, command, stdin)`,
/// `events(&ObjectRef)`, `denied(&[Access]) -> Vec<Access>`, and the waits and the Lease.
#[derive(Clone)]
pub struct Cluster {}
