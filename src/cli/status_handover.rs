//! `status --core-namespace`: where a handover stands.

use serde_json::json;

use super::{Failure, Global, Outcome, handover, output};
use crate::database::human_bytes;
use crate::handover::{Divergence, State, Status, status};

/// Prints where the handover of a namespace stands, as text, `json` or `yaml`.
pub fn run(global: &Global, core_namespace: &str, format: output::Format) -> Outcome {
    let talk = handover::Talk::new(global)?;
    let found = talk.block_on(|cluster, _| async move { status(&cluster, core_namespace).await });
    let Some(found) = found.map_err(|error| handover::failure(&error))? else {
        return Err(Failure::Failed(format!(
            "error: there is no handover in namespace {core_namespace}\n  begin one: vulas-native upgrade --core-namespace {core_namespace} --current-release A --future-release B"
        )));
    };
    match format {
        output::Format::Json => outln!("{}", document(&found)),
        output::Format::Yaml => {
            let text = serde_yaml::to_string(&document(&found)).map_err(|e| Failure::Failed(format!("error: {e}")))?;
            output::print(text.as_bytes())?;
        }
        output::Format::Table => print(&found),
    }
    Ok(())
}

fn document(found: &Status) -> serde_json::Value {
    let journal = &found.journal;
    let next: Vec<_> =
        found.next().into_iter().map(|next| json!({"what": next.what, "command": next.command})).collect();
    json!({
        "from": journal.alpha,
        "to": journal.beta,
        "namespace": journal.namespace,
        "state": journal.state,
        "interruptedIn": found.interrupted,
        "headline": found.headline(),
        "steps": journal.steps,
        "fork": journal.fork.as_ref().map(|fork| json!({"lsn": fork.lsn, "time": fork.time})),
        "promotion": journal.promotion,
        "volume": journal.layout.volume,
        "route": journal.route,
        "current": {"database": found.alpha, "writtenSinceFork": found.divergence.as_ref().map(Divergence::bytes)},
        "future": found.written.as_ref().map(|written| json!({
            "since": written.since, "written": written.tables, "writtenInWords": written.words,
        })),
        "now": found.now,
        "warnings": journal.warnings,
        "next": next,
    })
}

fn print(found: &Status) {
    let journal = &found.journal;
    outln!("{}", found.headline());
    let line = |label: &str, text: &str| outln!("  {label:<9} {text}");
    line("done", &found.done());
    if !found.now.is_empty() {
        line("now", &found.now.join("; "));
    }
    if journal.state != State::Finished {
        line(&journal.alpha, &found.alpha);
    }
    if let Some(divergence) = &found.divergence {
        let bytes = human_bytes(divergence.bytes());
        line(
            "since",
            &format!(
                "the fork at {} ({}, {} ago) {} has written {bytes}; {}",
                divergence.shared,
                divergence.fork_time,
                divergence.ago(),
                journal.alpha,
                divergence.rows()
            ),
        );
    }
    if let Some(written) = &found.written {
        let since = written.since.as_ref().map(|since| format!("since {since}: ")).unwrap_or_default();
        line(&journal.beta, &format!("{since}{}", written.words));
    }
    for warning in &journal.warnings {
        line("warning", warning);
    }
    for line in handover::next_lines(&found.next()) {
        outln!("{line}");
    }
}
