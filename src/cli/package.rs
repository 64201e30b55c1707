//! `package`

use std::path::{Path, PathBuf};

use super::source::Access;
use super::{Failure, Global, Outcome, notices};
use crate::chart::gather::Gatherer;
use crate::chart::{Error, Notices, goerr, loader, save};
use crate::sprig::semver;

/// Package a chart directory into a chart archive
///
/// The archive is reproducible: the same chart gives the same bytes. The times in it are 1980-01-01 or those of SOURCE_DATE_EPOCH.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Chart directories
    #[arg(value_name = "CHART_PATH")]
    pub paths: Vec<String>,
    /// Location to write the chart
    #[arg(short = 'd', long, value_name = "DIR", default_value = ".")]
    pub destination: String,
    /// Set the version on the chart to this semver version
    #[arg(long, value_name = "VERSION")]
    pub version: Option<String>,
    /// Set the appVersion on the chart to this version
    #[arg(long, value_name = "VERSION")]
    pub app_version: Option<String>,
    /// Update dependencies from Chart.yaml to charts/ before packaging
    #[arg(short = 'u', long)]
    pub dependency_update: bool,
    #[arg(long, hide = true)]
    sign: bool,
    #[arg(long, hide = true)]
    key: Option<String>,
    #[arg(long, hide = true)]
    passphrase_file: Option<String>,
    #[command(flatten)]
    access: Access,
}

/// Runs the command.
pub fn run(global: &Global, args: &Args) -> Outcome {
    let collected = Notices::new().with_debug(global.debug);
    let mut result = Ok(());
    if args.paths.is_empty() {
        result = Err(Error::new("need at least one argument, the path to the chart"));
    }
    if args.sign {
        result = Err(Error::new("--sign is not supported: sign the archive with gpg"));
    }
    for path in &args.paths {
        if result.is_err() {
            break;
        }
        let saved = package(args, Path::new(path), &collected);
        notices::print(global, &collected);
        result = saved.map(|saved| outln!("Successfully packaged chart and saved it to: {}", saved.display()));
    }
    result.map_err(|error| Failure::Failed(format!("Error: {error}")))
}

fn package(args: &Args, path: &Path, notices: &Notices) -> Result<PathBuf, Error> {
    std::fs::metadata(path).map_err(|e| Error::new(goerr::path_error("stat", path, &e)))?;
    let path = loader::absolute(path)?;
    if args.dependency_update {
        Gatherer::new(&path, false, notices).update()?;
    }
    let mut chart = loader::load_chart_directory(&path, notices)?;
    if chart.metadata.api_version == "v3" {
        return Err(Error::new("invalid chart apiVersion"));
    }
    if let Some(version) = args.version.as_ref().filter(|v| !v.is_empty()) {
        chart.metadata.version.clone_from(version);
    }
    semver::Version::parse(&chart.metadata.version).map_err(|e| Error::new(e.to_string()))?;
    if let Some(version) = args.app_version.as_ref().filter(|v| !v.is_empty()) {
        chart.metadata.app_version.clone_from(version);
    }
    chart.check_dependencies()?;
    let destination =
        if args.destination == "." { loader::absolute(Path::new("."))? } else { PathBuf::from(&args.destination) };
    save::save(&chart, &destination).map_err(|e| e.within("failed to save"))
}
