//! The server's life: listening, connections, the end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::config::{Config, Deny};
use super::controllers;
use super::faults::Faults;
use super::http::{self, Dropped};
use super::json::Json;
use super::state::State;

/// What connections and controllers share.
pub struct Shared {
    state: Mutex<State>,
    /// The version of the last change; waiting for it is how watches and controllers learn of changes.
    changed: watch::Sender<u64>,
    /// Becomes true when the server ends.
    ended: watch::Sender<bool>,
    /// Rules of faults, and the log.
    pub faults: Faults,
    /// The settings.
    pub config: Arc<Config>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in one request must not end all others; objects are replaced as a whole, so none is half written.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the state, and tells who waits when it has changed.
    pub fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let before = state.store.version();
        let result = work(&mut state);
        let after = state.store.version();
        drop(state);
        if after != before {
            self.changed.send_if_modified(|version| {
                let newer = after > *version;
                *version = after.max(*version);
                newer
            });
        }
        result
    }

    /// Follows the version of the last change.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Becomes true when the server ends.
    pub fn end(&self) -> watch::Receiver<bool> {
        self.ended.subscribe()
    }
}

/// A running server. Dropping it ends it.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Server {
    /// Starts a server with the objects that every cluster has.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(config: Config) -> std::io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        let config = Arc::new(config);
        let mut state = State::new(config.clone());
        controllers::bootstrap(&mut state);
        let shared = Arc::new(Shared {
            changed: watch::Sender::new(state.store.version()),
            state: Mutex::new(state),
            ended: watch::Sender::new(false),
            faults: Faults::default(),
            config,
        });
        let tasks =
            vec![tokio::spawn(accept(listener, shared.clone())), tokio::spawn(controllers::run(shared.clone()))];
        Ok(Self { address, shared, tasks })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The faults to inject, and the log of requests.
    pub fn faults(&self) -> Faults {
        self.shared.faults.clone()
    }

    /// The kubeconfig that reaches the server, as text.
    pub fn kubeconfig(&self) -> String {
        self.kubeconfig_for("default")
    }

    /// The same, with a namespace of its own.
    pub fn kubeconfig_for(&self, namespace: &str) -> String {
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "sandbox",
            "clusters": [{"name": "sandbox", "cluster": {"server": format!("http://{}", self.address)}}],
            "users": [{"name": "sandbox", "user": {"token": self.shared.config.token}}],
            "contexts": [{"name": "sandbox",
                "context": {"cluster": "sandbox", "user": "sandbox", "namespace": namespace}}],
        });
        // JSON is YAML; indented it is as readable.
        format!("{config:#}\n")
    }

    /// A look at an object as it is stored, past requests and faults: for tests.
    pub fn object(&self, resource: &str, namespace: &str, name: &str) -> Option<Json> {
        self.shared.with(|state| state.get(resource, namespace, name).map(|object| (*object).clone()))
    }

    /// What the user may not do from now on: for tests.
    pub fn deny(&self, rules: Vec<Deny>) {
        self.shared.with(|state| state.deny = rules);
    }

    /// Ends the server: open connections are closed.
    pub async fn stop(mut self) {
        self.shared.ended.send_replace(true);
        for task in self.tasks.drain(..) {
            // A task that panicked has ended as well.
            let _ = task.await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.ended.send_replace(true);
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Waits for the server's end.
pub async fn over(end: &mut watch::Receiver<bool>) {
    // An error means that the server is gone, which is its end as well.
    let _ = end.wait_for(|ended| *ended).await;
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut end = shared.end();
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else {
                    // Out of descriptors, or the peer is gone already: the next one may succeed.
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                    continue;
                };
                stream
            },
            () = over(&mut end) => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
        };
        let _ = stream.set_nodelay(true);
        let shared = shared.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let shared = shared.clone();
                async move { http::handle(shared, request).await.map_err(|Dropped| DroppedConnection) }
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
            // Clients may go at any time.
            let _ = connection.await;
            Ok::<(), Infallible>(())
        });
    }
    connections.shutdown().await;
}

#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped on purpose")]
struct DroppedConnection;
