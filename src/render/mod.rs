//! Chart, values and capabilities in; manifests, hooks and notes out.
//!
//! [`release`] does what `helm install`, `upgrade` and `template` do before they talk to a cluster: it processes the chart's
//! dependencies, merges and checks the values, executes the templates and sorts the result.

pub mod capabilities;
pub mod manifest;

use std::rc::Rc;

use crate::chart::{Chart, Notices};
use crate::gotemplate::Value;

pub use capabilities::{Capabilities, KubeVersion};
pub use manifest::{Hook, HookEvent, Manifest};

/// What `.Release` holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseInfo {
    /// Name of the release.
    pub name: String,
    /// Namespace it is installed into.
    pub namespace: String,
    /// Revision, from 1 on.
    pub revision: i64,
    /// `.Release.IsUpgrade`; `.Release.IsInstall` is its opposite.
    pub is_upgrade: bool,
}

/// Answers the `lookup` function from a cluster. Called synchronously while templates run.
pub trait Lookup {
    /// An object by name, or with an empty name the list of all objects of a kind; `namespace` may be empty.
    /// `None` if there is none.
    ///
    /// # Errors
    /// The text that the template's error shall show.
    fn lookup(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<serde_json::Value>, String>;
}

/// How to render.
#[derive(Clone, Default)]
pub struct Options {
    /// Answers `lookup`; without it every lookup finds an empty map.
    pub lookup: Option<Rc<dyn Lookup>>,
    /// `required` and `fail` do not fail (`lint`).
    pub lint: bool,
    /// A missing key is an error.
    pub strict: bool,
    /// `getHostByName` asks the name servers.
    pub enable_dns: bool,
    /// Notes of subcharts are added to those of the chart.
    pub sub_notes: bool,
    /// Values are not checked against `values.schema.json`.
    pub skip_schema_validation: bool,
}

/// A custom resource definition of the `crds/` folder, which is installed but not rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crd {
    /// Path from the root chart's name on.
    pub path: String,
    /// The file.
    pub content: String,
}

/// A rendered chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The objects in the order in which they are installed.
    pub manifests: Vec<Manifest>,
    /// The hooks in the order of their kinds and paths. Executing them sorts by weight and name on top.
    pub hooks: Vec<Hook>,
    /// `NOTES.txt`, rendered; empty if there is none.
    pub notes: String,
    /// The `crds/` folders of all charts.
    pub crds: Vec<Crd>,
}

impl Rendered {
    /// The manifest as the release record holds it: each document after `---` and its `# Source:` line.
    pub fn manifest(&self) -> String {
        manifest::text(&self.manifests, false)
    }

    /// The same, with the content of Secrets suppressed (`--hide-secret`).
    pub fn manifest_without_secrets(&self) -> String {
        manifest::text(&self.manifests, true)
    }
}

/// Why a chart does not render. The text is Helm's, without the leading `Error: `.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Refused before any template ran: values, schema, dependencies.
    #[error("{0}")]
    Chart(#[from] crate::chart::Error),
    /// A template did not parse or run, or the Kubernetes version does not fit.
    #[error("{0}")]
    Template(String),
    /// A template's output is not YAML.
    #[error("{message}")]
    Yaml {
        /// The text.
        message: String,
        /// All rendered files, for `--debug`.
        files: String,
    },
}

/// Renders a chart for a release.
///
/// `config` are the values that the user supplied (a map). The chart's dependencies are processed in place, as Helm does: the
/// chart afterwards is what the release record stores.
///
/// # Errors
/// See [`Error`].
pub fn release(
    chart: &mut Chart,
    config: &Value,
    release: &ReleaseInfo,
    capabilities: &Capabilities,
    options: &Options,
    notices: &Notices,
) -> Result<Rendered, Error> {
    let _ = (chart, config, release, capabilities, options, notices);
    Err(Error::Template("the renderer is not built yet".into()))
}
