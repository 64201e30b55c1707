//! A connection: requests, their retries, and the gate that every write passes.

use std::sync::Arc;

use super::{ConnectOptions, Error};

/// A write that is about to be sent.
#[derive(Clone, Debug)]
pub struct Write {
    /// `create`, `replace`, `apply`, `patch`, `delete`, `exec`
    pub verb: &'static str,
    /// The request's path, without the query.
    pub path: String,
    /// The server only checks it.
    pub dry_run: bool,
}

/// Sees every write before it is sent and after it was answered. Tests count and fault writes with it.
pub trait WriteHook: Send + Sync {
    /// Called before the write is sent; an error keeps it from being sent.
    fn before(&self, write: &Write) -> Result<(), Error>;
    /// Called after the server answered; an error takes the place of the answer, as if the connection had died.
    fn after(&self, _write: &Write) -> Result<(), Error> {
        Ok(())
    }
}

/// What the server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerVersion {
    /// `v1.36.3`
    pub git_version: String,
    /// `1`
    pub major: String,
    /// `36`
    pub minor: String,
}

/// A connection to one cluster. Cloning is cheap.
#[derive(Clone)]
pub struct Cluster {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) client: kube::Client,
    server: String,
    namespace: String,
    hook: Option<Arc<dyn WriteHook>>,
}

impl Cluster {
    /// Connects as `options`, KUBECONFIG or the in-cluster configuration say. Does not talk to the server yet, except to
    /// its credential plugin.
    ///
    /// # Errors
    /// [`Error::Config`] names the file and what is missing.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, Error> {
        let _ = options;
        Err(Error::Other("not built yet".into()))
    }

    /// The same connection with every write passing `hook`.
    pub fn with_hook(&self, hook: Arc<dyn WriteHook>) -> Self {
        Self {
            inner: Arc::new(Inner {
                client: self.inner.client.clone(),
                server: self.inner.server.clone(),
                namespace: self.inner.namespace.clone(),
                hook: Some(hook),
            }),
        }
    }

    /// The namespace of the flag, the context or the service account; else `default`.
    pub fn namespace(&self) -> &str {
        &self.inner.namespace
    }

    /// The server's address.
    pub fn server(&self) -> &str {
        &self.inner.server
    }

    /// The server's version. Also the cheapest way to see whether it answers and knows us.
    ///
    /// # Errors
    /// [`Error::Unreachable`], or the server's refusal.
    pub async fn version(&self) -> Result<ServerVersion, Error> {
        Err(Error::Other("not built yet".into()))
    }
}
