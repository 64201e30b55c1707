//! Chart, values and capabilities in; manifests, hooks and notes out.
//!
//! [`release`] does what `helm install`, `upgrade` and `template` do before they talk to a cluster: it processes the chart's
//! dependencies, merges and checks the values, executes the templates and sorts the result.

pub mod capabilities;
mod engine;
mod errors;
mod functions;
mod glob;
mod hosts;
pub mod lint;
mod manifest;
mod objects;
pub(crate) mod sort;

use std::rc::Rc;
use std::time::Duration;

use crate::chart::schema::Fetch;
use crate::chart::{self, Chart, Notices};
use crate::gotemplate::{Value, errtext};

pub use capabilities::{Capabilities, KubeVersion};
pub use manifest::{Hook, HookEvent, Manifest};
pub use sort::{INSTALL_ORDER, UNINSTALL_ORDER};

/// What `.Release` holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseInfo {
    /// Name of the release.
    pub name: String,
    /// Namespace it is installed into.
    pub namespace: String,
    /// Revision, from 1 on.
    pub revision: i64,
    /// `.Release.IsUpgrade`
    pub is_upgrade: bool,
    /// `.Release.IsInstall`; the opposite of `is_upgrade` but for `lint`, where both are false.
    pub is_install: bool,
}

impl ReleaseInfo {
    /// The first revision of a release.
    ///
    /// ```
    /// let release = vulas_native::render::ReleaseInfo::install("demo", "default");
    /// assert!(release.is_install && release.revision == 1);
    /// ```
    pub fn install(name: impl Into<String>, namespace: impl Into<String>) -> Self {
        Self { name: name.into(), namespace: namespace.into(), revision: 1, is_upgrade: false, is_install: true }
    }

    /// A later revision of a release.
    pub fn upgrade(name: impl Into<String>, namespace: impl Into<String>, revision: i64) -> Self {
        Self { name: name.into(), namespace: namespace.into(), revision, is_upgrade: true, is_install: false }
    }
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
#[allow(clippy::struct_excessive_bools, reason = "independent switches")]
pub struct Options {
    /// Answers `lookup`; without it every lookup finds an empty map.
    pub lookup: Option<Rc<dyn Lookup>>,
    /// Answers references of schemas to the network; without it they are errors.
    pub schemas: Option<Rc<dyn Fetch>>,
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
    /// Once values are known to be right, nothing is rendered and this is the error.
    pub refusal: Option<String>,
    /// How much of the processor's time the templates may take; without it, a minute.
    pub max_time: Option<Duration>,
    /// The process ends soon: values and compiled templates are not given back to the allocator one by one, but left to the
    /// operating system.
    pub leave_memory: bool,
}

/// A rendered chart. The definitions in `crds/` folders are not rendered: see [`Chart::crds`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The objects in the order in which they are installed.
    pub manifests: Vec<Manifest>,
    /// The hooks in the order of their kinds and paths. Executing them sorts by weight and name on top.
    pub hooks: Vec<Hook>,
    /// `NOTES.txt`, rendered; empty if there is none.
    pub notes: String,
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
    Chart(#[from] chart::Error),
    /// A template did not parse or run, or the Kubernetes version does not fit.
    #[error("{0}")]
    Template(String),
    /// A template's output is not YAML.
    #[error("{message}")]
    Yaml {
        /// The text.
        message: String,
        /// All rendered files, for `--debug`; what is not UTF-8 as [`errtext`] says.
        files: String,
        /// The hooks found before.
        hooks: Vec<Hook>,
    },
}

/// Renders a chart for a release.
///
/// `config` are the values that the user supplied (a map). The chart's dependencies are processed in place, as Helm does: the
/// chart afterwards is what the release record stores.
///
/// ```
/// use vulas_native::chart::{Notices, embedded};
/// use vulas_native::gotemplate::Value;
/// use vulas_native::render::{self, Capabilities, KubeVersion, Options, ReleaseInfo};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let notices = Notices::new();
/// let mut chart = embedded::load("core", &notices).expect("it is compiled in")?;
/// let capabilities = Capabilities { kube_version: KubeVersion::parse("1.33")?, ..Capabilities::default() };
/// let values = Value::map::<&str>([]);
/// let release = ReleaseInfo::install("demo", "default");
/// let rendered = render::release(&mut chart, &values, &release, &capabilities, &Options::default(), &notices)?;
/// assert!(rendered.manifests.iter().any(|manifest| manifest.content.contains("kind: StatefulSet")));
/// # Ok(())
/// # }
/// ```
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
    chart::dependencies::process(chart, config, notices).map_err(|e| {
        const FAILED: &str = "chart dependencies processing failed";
        notices.add(chart::Level::Error, FAILED, vec![("error", e.message.clone())]);
        Error::Chart(e.within(FAILED))
    })?;
    let values = chart::coalesce::values(chart, config, notices)?;
    if !options.skip_schema_validation {
        chart::schema::validate(chart, &values, options.schemas.as_ref(), notices)?;
    }
    if let Some(refusal) = &options.refusal {
        return Err(Error::Chart(chart::Error::new(refusal)));
    }
    let wanted = &chart.metadata.kube_version;
    let offered = &capabilities.kube_version;
    if !wanted.is_empty() && !chart::dependencies::is_compatible(wanted, &offered.normalized) {
        return Err(Error::Template(format!(
            "chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {}",
            offered.version
        )));
    }
    let mut files = engine::execute(chart, values, release, capabilities, options, notices)?;
    let notes = take_notes(chart, &mut files, options.sub_notes);
    let (manifests, hooks, error) = sort::sort(&files, notices);
    if let Some(message) = error {
        return Err(Error::Yaml { message, files: all_files(&files), hooks });
    }
    Ok(Rendered { manifests, hooks, notes })
}

/// Checks the name of a release: a DNS subdomain of at most 53 characters.
///
/// # Errors
/// Helm's text.
pub fn check_release_name(name: &str) -> Result<(), String> {
    const LONGEST: usize = 53;
    if name.is_empty() {
        return Err("no name provided".into());
    }
    if name.len() > LONGEST || !name.split('.').all(lint::names::is_dns_label) {
        return Err(format!(
            "invalid release name, must match regex \
             ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than \
             {LONGEST}"
        ));
    }
    Ok(())
}

/// Takes the notes out of the rendered files.
fn take_notes(chart: &Chart, files: &mut engine::Files, with_subcharts: bool) -> String {
    let own = format!("{}/templates/NOTES.txt", chart.name());
    let mut notes = String::new();
    files.retain(|path, content| {
        if !path.ends_with("NOTES.txt") {
            return true;
        }
        if with_subcharts || *path == own {
            if !notes.is_empty() {
                notes.push('\n');
            }
            notes.push_str(&content.to_str());
        }
        false
    });
    notes
}

/// All rendered files that are not blank, unsorted.
fn all_files(files: &engine::Files) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for (path, content) in files {
        let content = errtext::text(content.as_bytes());
        if !content.trim().is_empty() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "---\n# Source: {path}\n{content}");
        }
    }
    text
}
