//! An API server in memory, with the controllers, the node and the PostgreSQL servers of a small cluster.
//!
//! For the demo, for rehearsals and for tests; it imports no other room. What it answers is what a real API server of
//! Kubernetes 1.36 answers, as far as it is modelled; what is not, it refuses with an error that begins with
//! "sandbox does not model".
//!
//! ```no_run
//! # async fn start() -> std::io::Result<()> {
//! use vulas_native::sandbox::{Config, Server};
//! let server = Server::start(Config::default()).await?;
//! std::fs::write("kubeconfig", server.kubeconfig())?;
//! server.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! | part | subject |
//! |---|---|
//! | `schema`, `registry`, `discovery`, `openapi` | the kinds that there are, and their fields |
//! | `store`, `state` | the objects and their versions |
//! | `write`, `delete`, `patch`, `fields`, `admit` | what a request does to an object |
//! | `server`, `http`, `handlers`, `watch`, `table` | requests and answers |
//! | `controllers`, `kubelet` | what happens by itself |
//! | `exec`, `postgres` | what runs in the containers |
//! | `faults` | what is made to go wrong |
//!
//! # What is not modelled
//! Stored, with a warning, and nothing comes of them: admission webhooks and policies, quotas, limit ranges, autoscalers,
//! the schedule of CronJobs, aggregated API servers, ReplicationControllers. Refused: attach, port-forward, proxy, tokens of
//! service accounts, exec over SPDY, `openapi/v2`, bodies in CBOR. Left out: roles are not evaluated (see [`Deny`]), probes are
//! not run, the token's volume is not mounted into pods, pods need no room on nodes, versions of custom resources are not
//! converted, `continue` lists show the present and not the past, a field that stands twice in a body is not told.

mod admit;
mod config;
mod controllers;
mod delete;
mod discovery;
mod exec;
mod faults;
mod fields;
mod handlers;
mod http;
mod json;
mod kubelet;
mod openapi;
mod patch;
mod postgres;
mod protobuf;
mod registry;
mod review;
mod route;
mod scale;
mod schema;
mod selector;
mod server;
mod state;
mod status;
mod store;
mod table;
mod watch;
mod workload;
mod write;

pub use config::{Config, Deny, Pace};
pub use faults::{Action, Fault, Faults, Matcher, Request, When};
pub use server::Server;
