//! `dependency`

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::source::Access;
use super::{Failure, Global, Outcome, notices, output};
use crate::chart::gather::Gatherer;
use crate::chart::notice::quote;
use crate::chart::pathmatch::Pattern;
use crate::chart::{Chart, Dependency, Error, Notices, archive, loader};
use crate::sprig::semver;

/// Manage a chart's dependencies
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// Rebuild the charts/ directory based on the Chart.lock file
    Build(GatherArgs),
    /// Update charts/ based on the contents of Chart.yaml
    #[command(visible_alias = "up")]
    Update(GatherArgs),
    /// List the dependencies for the given chart
    #[command(visible_alias = "ls")]
    List(ListArgs),
}

#[derive(clap::Args, Debug)]
struct ListArgs {
    /// A chart directory or archive
    #[arg(default_value = ".")]
    chart: String,
    /// Maximum column width for output table
    #[arg(long, default_value_t = 80)]
    max_col_width: usize,
}

/// Dependencies come from directories (`file://`); what says how to reach repositories is taken without effect.
#[derive(clap::Args, Debug)]
struct GatherArgs {
    /// A chart directory
    #[arg(default_value = ".")]
    chart: String,
    #[arg(long, hide = true)]
    skip_refresh: bool,
    #[arg(long, hide = true)]
    verify: bool,
    #[command(flatten)]
    access: Access,
}

/// Runs the command.
pub fn run(global: &Global, args: &Args) -> Outcome {
    let collected = Notices::new().with_debug(global.debug);
    let what = &args.what;
    let (text, result) = match what {
        What::List(args) => match list(args, &collected) {
            Ok(text) => (text, Ok(())),
            Err(error) => (String::new(), Err(error)),
        },
        What::Build(args) | What::Update(args) => {
            let path = PathBuf::from(archive::clean(&args.chart));
            let mut gatherer = Gatherer::new(&path, global.debug, &collected);
            let result = if matches!(what, What::Build(_)) { gatherer.build() } else { gatherer.update() };
            (gatherer.told, result)
        }
    };
    notices::print(global, &collected);
    output::print(text.as_bytes())?;
    result.map_err(|error| Failure::Failed(format!("Error: {error}")))
}

fn list(args: &ListArgs, notices: &Notices) -> Result<String, Error> {
    let path = PathBuf::from(archive::clean(&args.chart));
    let chart = loader::load_plainly(&path, notices)?;
    let folder = path.join("charts");
    let Some(wanted) = &chart.metadata.dependencies else {
        return Ok(format!("WARNING: no dependencies at {}\n", folder.display()));
    };
    let mut rows = vec![["NAME", "VERSION", "REPOSITORY", "STATUS"].map(String::from)];
    for dependency in wanted {
        let status = status(&folder, dependency, &chart, notices);
        rows.push([
            dependency.name.clone(),
            dependency.version.clone(),
            dependency.repository.clone(),
            status.to_string(),
        ]);
    }
    let mut text = table(&rows, args.max_col_width);
    text.push('\n');
    for file in entries(&folder) {
        let is_archive = file.extension().is_some_and(|ext| ext == "tgz");
        if !file.is_dir() && !is_archive {
            continue;
        }
        // Writing to a string cannot fail.
        let shown = quote(&file.to_string_lossy());
        let _ = match loader::load_plainly(&file, notices) {
            Err(_) => writeln!(text, "WARNING: {shown} is not a chart."),
            Ok(sub) if wanted.iter().all(|d| d.name != sub.name()) => {
                writeln!(text, "WARNING: {shown} is not in Chart.yaml.")
            }
            Ok(_) => Ok(()),
        };
    }
    Ok(text)
}

/// The visible files of a folder by name, as Go's `filepath.Glob("folder/*")`.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    names.sort();
    names
}

fn status(folder: &Path, wanted: &Dependency, parent: &Chart, notices: &Notices) -> &'static str {
    let Some(pattern) = Pattern::new(&format!("{}-*.tgz", wanted.name)) else { return "bad pattern" };
    let base = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut archives: Vec<PathBuf> = entries(folder).into_iter().filter(|path| pattern.matches(&base(path))).collect();
    if archives.len() > 1 {
        // Names such as a-b-1.0.0 match the pattern of a, too.
        archives.retain(|path| {
            let name = base(path);
            let version = name.strip_suffix(".tgz").and_then(|n| n.strip_prefix(&format!("{}-", wanted.name)));
            version.is_some_and(|v| semver::Version::parse(v).is_ok() && v.split('.').count() >= 3)
        });
        if archives.len() > 1 {
            return "too many matches";
        }
    }
    if let Some(path) = archives.first() {
        return match loader::load_plainly(path, notices) {
            Err(_) => "corrupt",
            Ok(sub) if sub.name() != wanted.name => "misnamed",
            Ok(sub) => version_status(&sub, wanted, "ok"),
        };
    }
    match parent.dependencies.iter().rfind(|sub| sub.name() == wanted.name) {
        None => "missing",
        Some(sub) => version_status(sub, wanted, "unpacked"),
    }
}

fn version_status(sub: &Chart, wanted: &Dependency, fits: &'static str) -> &'static str {
    if sub.metadata.version == wanted.version {
        return fits;
    }
    let constraints = semver::Constraints::parse(&wanted.version);
    match (constraints, semver::Version::parse(&sub.metadata.version)) {
        (Ok(constraints), Ok(version)) if constraints.check(&version) => fits,
        (Ok(_), Ok(_)) => "wrong version",
        _ => "invalid version",
    }
}

/// Columns as wide as their widest cell, with a tab between them; no wider than `most`, unless that is 0.
fn table(rows: &[[String; 4]], most: usize) -> String {
    let width = |text: &str| text.chars().count();
    let most = if most == 0 { usize::MAX } else { most };
    let widths: Vec<usize> =
        (0..4).map(|column| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0).min(most)).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| fit(cell, *width)).collect();
        text.push_str(&cells.join("\t"));
        text.push('\n');
    }
    text
}

/// Cut, with dots after at least one character, or filled up with blanks.
fn fit(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return format!("{text:<width$}");
    }
    let kept: String = text.chars().take(width.saturating_sub(3).max(1)).collect();
    kept + "..."
}
