//! What a chart is: archives, metadata, dependencies, values, schemas.
//!
//! [`load`] reads a chart from a directory, an archive or by the name of an embedded one; [`dependencies::process`] enables, renames
//! and prunes its subcharts as the values ask; [`coalesce::values`] merges the values of all charts of the tree.

pub mod archive;
pub mod coalesce;
pub mod dependencies;
pub mod embedded;
pub mod gather;
pub(crate) mod goerr;
mod ignore;
pub mod jsonpath;
mod links;
pub mod loader;
pub(crate) mod metadata;
mod model;
mod names;
pub(crate) mod notice;
pub(crate) mod pathmatch;
mod reading;
pub mod save;
pub mod schema;
mod sniff;
pub mod strvals;
pub mod values;

use std::path::{Path, PathBuf};

pub use model::{Chart, Dependency, File, Lock, Maintainer, Metadata};
pub use notice::{Level, Notice, Notices};
pub use reading::Unread;

/// Why a chart cannot be loaded or used; the text is Helm's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Helm's text, without the leading `Error: `.
    pub message: String,
}

impl Error {
    /// An error with Helm's text.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }

    /// The same error with a prefix, as Go's `fmt.Errorf("prefix: %w", err)`.
    #[must_use]
    pub fn within(self, prefix: impl std::fmt::Display) -> Self {
        Self { message: format!("{prefix}: {}", self.message) }
    }
}

/// Loads a chart: a directory, a `.tgz` file, or the name of an embedded chart (`core`, `admin`, `monitoring`). A file or a chart
/// directory of that name goes before the embedded one.
///
/// # Errors
/// Helm's texts.
pub fn load(reference: &str, notices: &Notices) -> Result<Chart, Error> {
    match locate(reference)? {
        Location::Path(path) => loader::load(&path, notices),
        Location::Embedded(name) => embedded::load(name, notices).unwrap_or_else(|| Err(not_found(name))),
    }
}

/// Where a chart is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A directory or an archive, by its absolute path.
    Path(PathBuf),
    /// In the program, by name.
    Embedded(&'static str),
}

/// Finds the chart that a command line names.
///
/// # Errors
/// Helm's texts for what is not there. Repositories and registries are not asked.
pub fn locate(reference: &str) -> Result<Location, Error> {
    let reference = reference.trim();
    let path = Path::new(reference);
    let embedded = embedded::names().find(|name| *name == reference);
    if let Ok(about) = std::fs::metadata(path)
        && (embedded.is_none() || about.is_file() || path.join("Chart.yaml").exists())
    {
        return Ok(Location::Path(loader::absolute(path)?));
    }
    if let Some(name) = embedded {
        return Ok(Location::Embedded(name));
    }
    Err(not_found(reference))
}

fn not_found(reference: &str) -> Error {
    if reference.starts_with(['/', '.']) {
        return Error::new(format!("path {} not found", notice::quote(reference)));
    }
    let (scheme, rest) = reference.split_once("://").unwrap_or(("", reference));
    let (host, path) = if scheme.is_empty() { ("", Some(rest)) } else { split_host(rest) };
    match (scheme, path) {
        ("http" | "https" | "oci", _) => Error::new(format!(
            "{reference} is not fetched: charts come from directories, archives or the program itself; download it first"
        )),
        (scheme, Some(path)) if !scheme.is_empty() && !host.is_empty() && !path.is_empty() => {
            Error::new(format!("scheme {} not supported", notice::quote(scheme)))
        }
        (_, Some(path)) if path.contains('/') => {
            Error::new(format!("repo {} not found", path.split('/').next().unwrap_or_default()))
        }
        _ => Error::new(format!("non-absolute URLs should be in form of repo_name/path_to_chart, got: {reference}")),
    }
}

/// The host and, with its leading slash, the path of what comes after `scheme://`.
fn split_host(rest: &str) -> (&str, Option<&str>) {
    rest.find('/').map_or((rest, None), |slash| (&rest[..slash], Some(&rest[slash..])))
}
