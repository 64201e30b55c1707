//! Helm-compatible releases and a lossless database handover, in one binary; and, without its default features, a library that
//! renders Helm charts to the byte.
//!
//! # Rendering a chart
//!
//! A chart is loaded ([`chart::loader`]), values are merged ([`chart::values`]), and [`render::release`] gives the manifests in
//! the order in which they are installed. Nothing here talks to a network; what Helm would print on stderr meanwhile is
//! collected in [`chart::Notices`].
//!
//! ```
//! use vulas_native::chart::{File, Notices, loader};
//! use vulas_native::goyaml;
//! use vulas_native::render::{self, Capabilities, Options, ReleaseInfo};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let notices = Notices::new();
//! let files = vec![
//!     File::new("Chart.yaml", "apiVersion: v2\nname: greeting\nversion: 1.0.0\n"),
//!     File::new("values.yaml", "text: hello\n"),
//!     File::new("templates/map.yaml", "kind: ConfigMap\ntext: {{ .Values.text | upper }}, {{ .Release.Name }}\n"),
//! ];
//! let mut chart = loader::from_files(files, &notices)?;
//! let values = goyaml::from_yaml(b"text: good morning")?;
//! let release = ReleaseInfo::install("demo", "default");
//! let rendered =
//!     render::release(&mut chart, &values, &release, &Capabilities::default(), &Options::default(), &notices)?;
//! let manifest = &rendered.manifests[0];
//! assert_eq!(manifest.path, "greeting/templates/map.yaml");
//! assert_eq!(manifest.content, "kind: ConfigMap\ntext: GOOD MORNING, demo\n");
//! # Ok(())
//! # }
//! ```
//!
//! # What else others may want
//!
//! | to | see |
//! |---|---|
//! | execute a Go template with functions of one's own | [`gotemplate::Set`] |
//! | compute with what templates compute with | [`gotemplate::Value`] |
//! | read and write YAML, JSON and TOML as Go does | [`goyaml`] |
//! | take sprig's functions | [`sprig::functions`] |
//! | load a chart from a directory, an archive or memory | [`chart::loader`] |
//! | merge values files and `--set` | [`chart::values::Overrides`] |
//! | examine a chart | [`render::lint`] |
//! | pack a chart | [`chart::save`] |
//!
//! Values are counted references and not for several threads at once: a chart is loaded and rendered in one thread, and its
//! manifests, plain text, go anywhere.
//!
//! # The rooms
//!
//! Each imports only rooms above it in this list:
//!
//! | room | subject |
//! |---|---|
//! | [`gotemplate`] | Go's `text/template`: values, lexer, parser, execution, `fmt` verbs |
//! | [`goyaml`] | YAML and JSON exactly as Go reads and writes them |
//! | [`sprig`] | the sprig function library |
//! | [`chart`] | what a chart is: archives, metadata, dependencies, values, schemas |
//! | [`render`] | chart + values + capabilities to manifests, hooks and notes |
//! | [`release`] | the release record, its encoding, its history |
//! | `cluster` | the one door to Kubernetes |
//! | `action` | install, upgrade, rollback, uninstall as transactions |
//! | `database` | PostgreSQL seen from outside |
//! | `handover` | the upgrade of one release to another across a schema change |
//! | `sandbox` | an API server in memory; imports no other room |
//! | `report` | how the program talks: progress, HTML and Markdown reports |
//! | `cli` | one file per command |
//!
//! The first six do no network I/O and know no async. The others are there with the feature `cluster`, which is on by default:
//! `default-features = false` leaves them out, and with them `kube` and `tokio`.
#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod chart;
pub mod gotemplate;
pub mod goyaml;
pub mod release;
pub mod render;
pub mod sprig;

#[cfg(feature = "cluster")]
pub mod action;
#[cfg(feature = "cluster")]
pub mod cli;
#[cfg(feature = "cluster")]
pub mod cluster;
#[cfg(feature = "cluster")]
pub mod database;
#[cfg(feature = "cluster")]
pub mod handover;
#[cfg(feature = "cluster")]
pub mod report;
#[cfg(feature = "cluster")]
pub mod sandbox;
