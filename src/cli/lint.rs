//! `lint`

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::values::ValuesArgs;
use super::{Failure, Global, Outcome, namespace, notices};
use crate::action::schemas;
use crate::chart::{Notices, archive};
use crate::gotemplate::errtext;
use crate::render::KubeVersion;
use crate::render::lint::{self, Severity};

/// Examine a chart for possible issues
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Chart directories or archives
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<String>,
    #[command(flatten)]
    pub values: ValuesArgs,
    /// Fail on lint warnings
    #[arg(long)]
    pub strict: bool,
    /// Lint dependent charts
    #[arg(long)]
    pub with_subcharts: bool,
    /// Kubernetes version used for capabilities and deprecation checks
    #[arg(long, value_name = "VERSION")]
    pub kube_version: Option<String>,
}

/// Runs the command.
pub fn run(global: &Global, args: &Args) -> Outcome {
    let collected = Notices::new().with_debug(global.debug);
    let result = lint(global, args, &collected);
    notices::print(global, &collected);
    result
}

fn lint(global: &Global, args: &Args, collected: &Notices) -> Outcome {
    let mut options = lint::Options {
        namespace: namespace::offline(global),
        skip_schema_validation: args.values.skip_schema_validation,
        schemas: Some(schemas::remote()),
        ..lint::Options::default()
    };
    if let Some(version) = args.kube_version.as_deref().filter(|v| !v.is_empty()) {
        options.kube_version = KubeVersion::parse(version)
            .map_err(|e| Failure::Failed(format!("Error: invalid kube version '{version}': {e}")))?;
    }
    let mut paths = args.paths.clone();
    if args.with_subcharts {
        for path in &args.paths {
            let charts = archive::clean(&Path::new(path).join("charts").to_string_lossy());
            // A link to another place is no folder to walk through.
            if Path::new(&charts).is_dir() && !Path::new(&charts).is_symlink() {
                subcharts(Path::new(&charts), &mut paths);
            }
        }
    }
    let values = args.values.merge().map_err(|e| Failure::Failed(format!("Error: {e}")))?;
    let tolerated = if args.strict { Severity::Info } else { Severity::Warning };
    let (mut failed, mut noteworthy) = (0, false);
    let mut text = String::new();
    for path in &paths {
        let result = lint::lint(Path::new(path), &values, &options, collected);
        let remarkable = result.as_ref().map_or(true, |m| m.iter().any(|m| m.severity > Severity::Info));
        noteworthy |= remarkable;
        if result.as_ref().map_or(true, |m| m.iter().any(|m| m.severity > tolerated)) {
            failed += 1;
        }
        if global.quiet && !remarkable {
            continue;
        }
        // Writing to a string cannot fail.
        let _ = writeln!(text, "==> Linting {path}");
        match result {
            Ok(messages) => {
                for message in messages.iter().filter(|m| !global.quiet || m.severity > Severity::Info) {
                    let _ = writeln!(text, "{message}");
                }
            }
            Err(error) => {
                let _ = writeln!(text, "Error {error}");
            }
        }
        text.push('\n');
    }
    let summary = format!("{} chart(s) linted, {failed} chart(s) failed", paths.len());
    if failed == 0 && (!global.quiet || noteworthy) {
        text.push_str(&summary);
        text.push('\n');
    }
    // What is noted while charts are looked at comes before what is said of them.
    notices::print(global, collected);
    let _ = std::io::Write::write_all(&mut std::io::stdout(), &errtext::bytes(&text));
    if failed > 0 { Err(Failure::Failed(format!("Error: {summary}"))) } else { Ok(()) }
}

/// Adds the charts below a directory, in the order of their paths.
fn subcharts(directory: &Path, found: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for entry in entries {
        let name = entry.to_string_lossy().into_owned();
        if entry.file_name().is_some_and(|base| base == "Chart.yaml") {
            found.push(directory.to_string_lossy().into_owned());
        } else if name.ends_with(".tgz") || name.ends_with(".tar.gz") {
            found.push(name);
        }
        if entry.is_dir() && !entry.is_symlink() {
            subcharts(&entry, found);
        }
    }
}
