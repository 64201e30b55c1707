//! The backend, which brings the schema of its database up to date when it starts.

use std::time::Duration;

use super::super::json::{Access, Json, has_labels, namespace};
use super::super::state::State;
use super::super::workload::Outcome;
use super::environment::Environment;
use super::master_behind;

/// Tables that the first migration makes, with the rows that come with them.
const TABLES: &[(&str, u64)] =
    &[("public.app", 12), ("public.bug", 240), ("public.space", 2), ("public.vuln_cache", 0)];

/// Waits until a host and port answer (`HOST`, `PORT`).
pub fn wait(state: &mut State, pod: &Json, environment: &Environment) -> Option<Outcome> {
    let host = environment.get("HOST");
    if host.is_empty() {
        return None;
    }
    let service = state.get("/services", namespace(pod), host.split('.').next().unwrap_or_default());
    let answers = match &service {
        Some(service) => {
            let selector = service.at("/spec/selector");
            let pods = state.store.list("/pods", Some(namespace(pod)));
            pods.iter().any(|other| {
                has_labels(other, selector)
                    && other.items("/status/conditions").iter().any(|c| c["type"] == "Ready" && c["status"] == "True")
            })
        }
        // Names outside the cluster are taken to answer.
        None => host.contains('.'),
    };
    Some(if answers { Outcome::done(Vec::new()) } else { Outcome::Waits(Duration::from_millis(50)) })
}

/// Starts the backend: schema changes first.
pub fn start(state: &mut State, pod: &Json, environment: &Environment) -> Outcome {
    let wanted = environment.get("SCHEMA_VERSION").to_string();
    let host = environment.get("DB_HOST").to_string();
    let database = environment.get("DB_NAME").to_string();
    let Some((_, volume)) = master_behind(state, namespace(pod), &host) else {
        return Outcome::Waits(Duration::from_millis(100));
    };
    let Some(server) = state.volumes.get_mut(&volume).and_then(|volume| volume.server.as_mut()) else {
        return Outcome::Waits(Duration::from_millis(100));
    };
    let fenced = server.settings.get("default_transaction_read_only").is_some_and(|value| value == "on");
    let Some(known) = server.databases.get_mut(&database) else {
        return Outcome::failed(format!("FATAL: database \"{database}\" does not exist"));
    };
    let mut lines = Vec::new();
    let mut written = 0;
    match known.schema_version.clone() {
        Some(version) if version == wanted => lines.push(format!("Schema \"public\" is up to date ({version})")),
        Some(version) if version > wanted => {
            return Outcome::failed(format!(
                "Detected applied migration not resolved locally: {version}; this backend knows schemas up to {wanted}"
            ));
        }
        _ if fenced => return Outcome::failed("ERROR: cannot execute CREATE TABLE in a read-only transaction"),
        older => {
            let from = older.clone().unwrap_or_else(|| "<< Empty Schema >>".into());
            lines.push(format!("Current version of schema \"public\": {from}"));
            lines.push(format!("Migrating schema \"public\" to version \"{wanted}\""));
            if older.is_none() {
                for (table, rows) in TABLES {
                    let table = known.tables.entry((*table).into()).or_default();
                    table.rows += rows;
                    table.changes[0] += rows;
                    written += 8192 + rows * 120;
                }
            }
            let history = known.tables.entry("public.schema_version".into()).or_default();
            history.columns = ["installed_rank", "version", "success"].map(String::from).to_vec();
            history.rows += 1;
            history.changes[0] += 1;
            known.schema_version = Some(wanted);
            written += 16_384;
        }
    }
    if written > 0 {
        server.transactions += 1;
        server.advance(written);
    }
    lines.push("Started backend".into());
    Outcome::Runs { lines }
}
