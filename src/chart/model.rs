//! A chart in memory: metadata, templates, files, values and subcharts.

use std::collections::BTreeMap;

use super::reading::Unread;
use super::{Error, Notices};
use crate::gotemplate::{GoStr, Value};

/// A file of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path inside the chart, with `/`.
    pub name: String,
    /// Content, without a leading byte order mark.
    pub data: GoStr,
}

impl File {
    /// A file with its path inside the chart.
    pub fn new(name: impl Into<String>, data: impl Into<GoStr>) -> Self {
        Self { name: name.into(), data: data.into() }
    }
}

/// Somebody who cares for a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maintainer {
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// Web address.
    pub url: String,
}

/// A chart that another one needs.
#[derive(Clone, Debug, Default)]
pub struct Dependency {
    /// Name of the needed chart; once dependencies are processed, its alias if it has one.
    pub name: String,
    /// Range of versions that will do.
    pub version: String,
    /// Address of its repository.
    pub repository: String,
    /// Comma-separated paths of values, the first that is a boolean decides.
    pub condition: String,
    /// Names under `tags` in the values that decide together.
    pub tags: Vec<String>,
    /// Whether it is enabled; set while dependencies are processed.
    pub enabled: bool,
    /// What to copy from its values: strings or maps of `child` and `parent`.
    pub import_values: Vec<Value>,
    /// Name under which it appears in the parent.
    pub alias: String,
}

/// `Chart.lock`.
#[derive(Clone, Debug, Default)]
pub struct Lock {
    /// When it was written, as RFC 3339 text.
    pub generated: String,
    /// Hash of the dependencies that were locked.
    pub digest: String,
    /// The exact versions.
    pub dependencies: Vec<Dependency>,
}

/// `Chart.yaml`.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    /// Name of the chart.
    pub name: String,
    /// Home page.
    pub home: String,
    /// Addresses of source code.
    pub sources: Vec<String>,
    /// Semantic version of the chart.
    pub version: String,
    /// One sentence.
    pub description: String,
    /// Words to search for.
    pub keywords: Vec<String>,
    /// Maintainers.
    pub maintainers: Vec<Maintainer>,
    /// Address of an image.
    pub icon: String,
    /// `v1` or `v2`.
    pub api_version: String,
    /// Condition on the chart itself (unused by Helm).
    pub condition: String,
    /// Tags of the chart itself (unused by Helm).
    pub tags: String,
    /// Version of what the chart installs, any text.
    pub app_version: String,
    /// Whether it should no longer be used.
    pub deprecated: bool,
    /// Free annotations; `None` if the file has none.
    pub annotations: Option<BTreeMap<String, String>>,
    /// Range of Kubernetes versions that will do.
    pub kube_version: String,
    /// Charts that this one needs; `None` if the file does not speak of any.
    pub dependencies: Option<Vec<Dependency>>,
    /// `application`, `library` or nothing.
    pub kind: String,
    /// The place of the first maintainer that was null, which validation refuses.
    pub(super) null_maintainer: Option<usize>,
    /// The place of the first dependency that was null, which validation refuses.
    pub(super) null_dependency: Option<usize>,
}

/// A chart with its subcharts.
#[derive(Clone, Debug)]
pub struct Chart {
    /// `Chart.yaml`.
    pub metadata: Metadata,
    /// `Chart.lock`, if there is one.
    pub lock: Option<Lock>,
    /// Everything below `templates/`.
    pub templates: Vec<File>,
    /// The parsed `values.yaml`, always a map; after [`dependencies::process`](super::dependencies::process) with imported values.
    pub values: Value,
    /// `values.yaml` as it was read.
    pub raw_values: Vec<File>,
    /// `values.schema.json`.
    pub schema: Option<GoStr>,
    /// All other files.
    pub files: Vec<File>,
    /// Of these, the ones that were left on disk; none but in a chart that was
    /// [loaded to be rendered](super::loader::load_to_render).
    pub unread: Vec<Unread>,
    /// The subcharts.
    pub dependencies: Vec<Chart>,
}

impl Chart {
    /// The name in `Chart.yaml`, or the alias once dependencies are processed.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Whether it only lends named templates to other charts.
    pub fn is_library(&self) -> bool {
        self.metadata.kind.eq_ignore_ascii_case("library")
    }

    /// Refuses library charts and charts whose dependencies are missing; notes that a chart is deprecated.
    ///
    /// # Errors
    /// Helm's texts.
    pub fn check_installable(&self, notices: &Notices) -> Result<(), Error> {
        self.check_installable_kind(notices)?;
        let checked = if self.is_third_generation() && self.has_unlisted_dependencies() {
            // Helm's check of such charts stumbles over the subcharts that are not listed.
            Err(Error::new("unsupported chart dependency type"))
        } else {
            self.check_dependencies()
        };
        checked.map_err(|e| {
            e.within(
                "an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' to \
                 fetch missing dependencies",
            )
        })?;
        if self.is_third_generation() { Err(Error::new("invalid chart apiVersion")) } else { Ok(()) }
    }

    /// Refuses library charts; notes that a chart is deprecated.
    ///
    /// # Errors
    /// Helm's text.
    pub fn check_installable_kind(&self, notices: &Notices) -> Result<(), Error> {
        if !matches!(self.metadata.kind.as_str(), "" | "application") {
            return Err(Error::new(format!("{} charts are not installable", self.metadata.kind)));
        }
        if self.metadata.deprecated {
            notices.warn("this chart is deprecated", Vec::new());
        }
        Ok(())
    }

    fn is_third_generation(&self) -> bool {
        self.metadata.api_version == "v3"
    }

    fn has_unlisted_dependencies(&self) -> bool {
        self.dependencies.len() > self.metadata.dependencies.as_ref().map_or(0, Vec::len)
    }

    /// Checks that each chart that `Chart.yaml` asks for is among the subcharts.
    ///
    /// # Errors
    /// Helm's text naming those that are not.
    pub fn check_dependencies(&self) -> Result<(), Error> {
        let missing: Vec<&str> = (self.metadata.dependencies.iter().flatten())
            .map(|wanted| wanted.name.as_str())
            .filter(|wanted| self.dependencies.iter().all(|have| have.name() != *wanted))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::new(format!("found in Chart.yaml, but missing in charts/ directory: {}", missing.join(", "))))
    }

    /// The files of `crds/` of this chart and its subcharts, with their paths from the root chart's name on.
    pub fn crds(&self) -> Vec<(String, &File)> {
        let mut found = Vec::new();
        self.collect_crds(self.name(), &mut found);
        found
    }

    fn collect_crds<'a>(&'a self, path: &str, found: &mut Vec<(String, &'a File)>) {
        for file in self.files.iter().filter(|f| f.name.starts_with("crds/") && is_manifest(&f.name)) {
            found.push((format!("{path}/{}", file.name), file));
        }
        for chart in &self.dependencies {
            chart.collect_crds(&format!("{path}/charts/{}", chart.name()), found);
        }
    }
}

fn is_manifest(name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or(name);
    base.rsplit_once('.')
        .is_some_and(|(_, ext)| ["yaml", "yml", "json"].iter().any(|known| ext.eq_ignore_ascii_case(known)))
}
