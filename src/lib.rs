//! Helm-compatible releases and a lossless database handover, in one binary.
//!
//! The rooms, each importing only rooms above it in this list:
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
//! The first six do no network I/O and know no async: with `default-features = false` they are a library that renders charts.
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
