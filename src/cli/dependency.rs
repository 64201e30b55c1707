//! `dependency`

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::source::Access;
use super::table::table;
use super::{Failure, Global, Outcome, goflags, notices, output};
use crate::chart::gather::Gatherer;
use crate::chart::notice::quote;
use crate::chart::{Chart, Dependency, Error, Notices, archive, loader, pathmatch};
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
    #[arg(long, default_value_t = 80, value_parser = goflags::unsigned)]
    max_col_width: u64,
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
    let path = archive::clean(&args.chart);
    let chart = loader::load_plainly(Path::new(&path), notices)?;
    let folder = archive::clean(&format!("{path}/charts"));
    let Some(wanted) = &chart.metadata.dependencies else {
        return Ok(format!("WARNING: no dependencies at {folder}\n"));
    };
    let mut rows = vec![["NAME", "VERSION", "REPOSITORY", "STATUS"].map(String::from).to_vec()];
    for dependency in wanted {
        let Dependency { name, version, repository, .. } = dependency;
        let status = status(&folder, dependency, &chart, notices);
        rows.push(vec![name.clone(), version.clone(), repository.clone(), status.to_owned()]);
    }
    let mut text = table(&rows, args.max_col_width.try_into().unwrap_or(usize::MAX));
    text.push('\n');
    let Some(files) = pathmatch::glob(&format!("{folder}/*")) else {
        return Ok(text + pathmatch::BAD_PATTERN + "\n");
    };
    for name in files {
        let file = Path::new(&name);
        let is_archive = file.extension().is_some_and(|ext| ext == "tgz");
        if !file.is_dir() && !is_archive {
            continue;
        }
        // Writing to a string cannot fail.
        let shown = quote(&name);
        let _ = match loader::load_plainly(file, notices) {
            Err(_) => writeln!(text, "WARNING: {shown} is not a chart."),
            Ok(sub) if wanted.iter().all(|d| d.name != sub.name()) => {
                writeln!(text, "WARNING: {shown} is not in Chart.yaml.")
            }
            Ok(_) => Ok(()),
        };
    }
    Ok(text)
}

fn status(folder: &str, wanted: &Dependency, parent: &Chart, notices: &Notices) -> &'static str {
    let pattern = archive::clean(&format!("{folder}/{}-*.tgz", wanted.name));
    let Some(mut archives) = pathmatch::glob(&pattern) else { return "bad pattern" };
    if archives.len() > 1 {
        // Names such as a-b-1.0.0 match the pattern of a, too.
        let prefix = format!("{}-", wanted.name);
        archives.retain(|path| {
            let name = path.rsplit('/').next().unwrap_or(path);
            let name = name.strip_suffix(".tgz").unwrap_or(name);
            semver::Version::parse_strict(name.strip_prefix(&prefix).unwrap_or(name)).is_some()
        });
        if archives.len() > 1 {
            return "too many matches";
        }
    }
    if let Some(path) = archives.first().map(Path::new).filter(|path| path.exists()) {
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
