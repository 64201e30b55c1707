//! The one door to Kubernetes: client, discovery, server-side apply, readiness, logs, exec, events, Lease.
//!
//! Objects are JSON ([`Json`]), since charts hold kinds that no Rust type is known for. Every write of the program goes
//! through [`Cluster`]'s writing methods, and those through one gate ([`WriteHook`]), so that there is one place to
//! count, log and fault them.
//!
//! | file | subject |
//! |---|---|
//! | `client` | connecting, requests, retries |
//! | `config` | kubeconfig, in-cluster configuration and overrides |
//! | `discovery` | which kinds the server serves, and where |
//! | `objects` | get, list, create, replace, apply, patch, delete |
//! | `conflict` | server-side apply conflicts, field by field |
//! | `readiness` | when an object is ready, by kind |
//! | `wait` | waits that say what they wait for |
//! | `troubles` | events and log excerpts of what does not become ready |
//! | `logs`, `exec`, `events`, `access` | pods seen from outside, and permissions |
//! | `lease`, `holder` | keeps two operators apart |
//! | `fence` | writes of a run that has lost its Lease are refused |

mod access;
mod client;
mod config;
mod conflict;
mod connection;
mod discovery;
mod error;
mod events;
mod exec;
mod fence;
mod holder;
mod lease;
mod logs;
mod objects;
mod parallel;
pub mod readiness;
mod troubles;
mod wait;

pub use access::Access;
pub use client::{Cluster, ServerVersion, Write, WriteHook};
pub use config::ConnectOptions;
pub use conflict::FieldConflict;
pub use discovery::KindInfo;
pub use error::{Cause, Error};
pub use events::Event;
pub use exec::ExecOutput;
pub use holder::holder;
pub use lease::{LeaseGuard, LeaseState};
pub use logs::LogOptions;
pub use objects::{ApplyOptions, DeleteOptions, Patch, Propagation};
pub use parallel::in_parallel;
pub use wait::{Observer, Silent, Step, WaitOptions, Waiting, wait_until};

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

    /// The name of an object as its own fields give it; missing fields are empty.
    pub fn of(object: &Json) -> Self {
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let metadata = &object["metadata"];
        Self {
            api_version: text(&object["apiVersion"]),
            kind: text(&object["kind"]),
            namespace: metadata["namespace"].as_str().filter(|namespace| !namespace.is_empty()).map(str::to_owned),
            name: text(&metadata["name"]),
        }
    }

    /// The API group: `apps` of `apps/v1`, empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }
}

impl std::fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind.to_lowercase(), self.name)
    }
}
