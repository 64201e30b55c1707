//! Helm's linter: what is wrong, unusual or deprecated in a chart directory.
//!
//! ```no_run
//! use vulas_native::chart::Notices;
//! use vulas_native::gotemplate::Value;
//! use vulas_native::render::lint::{Options, Severity, lint};
//!
//! let values = Value::map::<&str>([]);
//! let messages = lint("charts/database".as_ref(), &values, &Options::default(), &Notices::new()).unwrap();
//! for message in messages.iter().filter(|message| message.severity >= Severity::Warning) {
//!     println!("{message}");
//! }
//! ```

mod chartfile;
mod deprecations;
mod names;
mod templates;
mod unpacked;
mod urls;

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use unpacked::Unpacked;

use super::KubeVersion;
use super::sort::{MAX_DOCUMENT, MAX_OBJECTS};
use crate::chart::schema::Fetch;
use crate::chart::{self, Notices, archive, goerr, loader};
use crate::gotemplate::{GoStr, Map, Value};
use crate::goyaml;
use crate::goyaml::schema::{Field, Struct, Type};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A recommendation.
    Info,
    /// Against conventions.
    Warning,
    /// The chart will fail.
    Error,
}

/// A finding. Displayed as Helm prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub path: String,
    /// What is wrong.
    pub text: String,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Info => "INFO",
            Severity::Warning => "WARNING",
            Severity::Error => "ERROR",
        };
        write!(f, "[{severity}] {}: {}", self.path, self.text)
    }
}

/// How to lint.
#[derive(Clone, Default)]
pub struct Options {
    /// Namespace for the templates.
    pub namespace: String,
    /// Kubernetes version for capabilities and deprecations.
    pub kube_version: KubeVersion,
    /// Answers references of schemas to the network; without it they are errors.
    pub schemas: Option<Rc<dyn Fetch>>,
    /// Values are not checked against `values.schema.json`.
    pub skip_schema_validation: bool,
}

/// Lints a chart directory or archive.
///
/// `values` are the user's. As Helm does, what `values.yaml` has in their maps and they lack is filled in, so that charts linted
/// with the same values see it, too.
///
/// # Errors
/// It cannot be looked at, in Helm's words.
pub fn lint(path: &Path, values: &Value, options: &Options, notices: &Notices) -> Result<Vec<Message>, String> {
    let name = path.to_string_lossy();
    if name.ends_with(".tgz") || name.ends_with(".tar.gz") {
        let unpacked = Unpacked::new(path)?;
        return lint_directory(&unpacked.chart, values, options, notices);
    }
    lint_directory(path, values, options, notices)
}

fn lint_directory(path: &Path, values: &Value, options: &Options, notices: &Notices) -> Result<Vec<Message>, String> {
    let chart_yaml = PathBuf::from(archive::clean(&path.join("Chart.yaml").to_string_lossy()));
    if let Err(error) = std::fs::metadata(&chart_yaml) {
        let error = goerr::path_error("stat", &chart_yaml, &error);
        return Err(format!("unable to check Chart.yaml file in chart: {error}"));
    }
    let directory = loader::absolute(path).map_err(|e| e.to_string())?;
    let mut linter = Linter { directory, messages: Vec::new(), options, notices };
    chartfile::lint(&mut linter);
    linter.values(values);
    templates::lint(&mut linter, values);
    linter.dependencies();
    linter.crds();
    Ok(linter.messages)
}

/// A Kubernetes object as far as the rules look at it.
static OBJECT: Struct = Struct {
    package: "rules",
    name: "k8sYamlStruct",
    fields: &[
        Field { name: "apiVersion", ty: Type::Str },
        Field { name: "Kind", ty: Type::Str },
        Field { name: "Metadata", ty: Type::Struct(&OBJECT_METADATA) },
    ],
};

static OBJECT_METADATA: Struct = Struct {
    package: "rules",
    name: "k8sYamlMetadata",
    fields: &[Field { name: "Namespace", ty: Type::Str }, Field { name: "Name", ty: Type::Str }],
};

struct Object {
    api_version: String,
    kind: String,
    name: String,
}

/// The objects of a stream, null ones left out, and the error that ended it.
fn objects(stream: &[u8]) -> (Vec<Object>, Option<String>) {
    let stream = as_utf8_json(stream);
    let stream = stream.as_ref();
    let (documents, bad_separator) = goyaml::documents_before_error(stream);
    let mut found = Vec::new();
    for document in documents {
        if document.len() > MAX_DOCUMENT || found.len() == MAX_OBJECTS {
            return (found, Some(format!("more than {MAX_OBJECTS} objects, or one of more than {MAX_DOCUMENT} bytes")));
        }
        // A document of nothing leaves the pointer nil.
        if matches!(goyaml::from_yaml(&document), Ok(Value::Nil)) {
            continue;
        }
        let text = |map: &Value, key: &str| {
            let found = map.as_map().and_then(|m| m.get(key));
            found.and_then(|v| v.as_str().map(|s| s.to_str().into_owned())).unwrap_or_default()
        };
        match goyaml::from_yaml_struct(&document, &OBJECT, false) {
            Ok(map) => {
                let metadata = map.as_map().and_then(|m| m.get("Metadata")).unwrap_or_default();
                found.push(Object {
                    api_version: text(&map, "apiVersion"),
                    kind: text(&map, "Kind"),
                    name: text(&metadata, "Name"),
                });
            }
            // What looks like JSON and is neither is told off as JSON.
            Err(error) => return (found, Some(json_fault(stream).unwrap_or_else(|| error.to_string()))),
        }
    }
    (found, bad_separator.map(|e| e.to_string()))
}

/// A JSON object with U+FFFD for each byte that is not UTF-8: Helm reads it as JSON first, where Go lets such bytes pass.
fn as_utf8_json(stream: &[u8]) -> Cow<'_, [u8]> {
    let is_all = |(_, end): (Value, usize)| stream[end..].trim_ascii().is_empty();
    if std::str::from_utf8(stream).is_err()
        && stream.trim_ascii_start().starts_with(b"{")
        && goyaml::from_json_prefix(stream).is_ok_and(is_all)
    {
        return Cow::Owned(GoStr::from(stream).to_str().into_owned().into_bytes());
    }
    Cow::Borrowed(stream)
}

/// Go's error for a stream that begins like a JSON object but is none.
fn json_fault(stream: &[u8]) -> Option<String> {
    if !stream.trim_ascii_start().starts_with(b"{") {
        return None;
    }
    let fault = goyaml::from_json_prefix(stream).err()?;
    let mut objects = serde_json::Deserializer::from_slice(stream).into_iter::<serde::de::IgnoredAny>();
    let place = objects.next()?.err()?;
    let lines_before = stream.split_inclusive(|b| *b == b'\n').take(place.line().saturating_sub(1));
    let offset = lines_before.map(<[u8]>::len).sum::<usize>() + place.column();
    Some(format!("json: offset {offset}: {fault}"))
}

struct Linter<'a> {
    directory: PathBuf,
    messages: Vec<Message>,
    options: &'a Options,
    notices: &'a Notices,
}

impl Linter<'_> {
    fn add(&mut self, severity: Severity, path: impl Into<String>, text: impl Into<String>) {
        self.messages.push(Message { severity, path: path.into(), text: text.into() });
    }

    /// Adds the error of a rule; whether there was none.
    fn check(&mut self, severity: Severity, path: &str, result: Result<(), String>) -> bool {
        match result {
            Ok(()) => true,
            Err(text) => {
                self.add(severity, path, text);
                false
            }
        }
    }

    /// `values.yaml` on its own, with the user's values over it.
    fn values(&mut self, user: &Value) {
        const FILE: &str = "values.yaml";
        let path = self.directory.join(FILE);
        if std::fs::metadata(&path).is_err() {
            self.add(Severity::Info, FILE, "file does not exist");
            return;
        }
        let result = self.values_file(&path, user);
        self.check(Severity::Error, FILE, result);
    }

    fn values_file(&self, path: &Path, user: &Value) -> Result<(), String> {
        let unreadable = |e: String| format!("unable to parse YAML: {e}");
        let data = goerr::read_file(path).map_err(unreadable)?;
        let read = goyaml::from_yaml_map(&data)
            .map_err(|e| unreadable(e.to_string().replace("map[string]interface {}", "common.Values")))?;
        let (Value::Map(user), Value::Map(read)) = (user, read) else { return Ok(()) };
        // Deeper levels are not copied: what the file adds to them is seen by the templates, and by the charts linted next.
        let merged = Rc::new(Map::new(user.kind, user.borrow().clone()));
        chart::coalesce::tables(&merged, &read, self.notices);
        let Ok(schema) = goerr::read_file(&self.directory.join("values.schema.json")) else { return Ok(()) };
        if schema.is_empty() || self.options.skip_schema_validation {
            return Ok(());
        }
        chart::schema::validate_against(&merged, &schema, self.options.schemas.as_ref(), self.notices)
    }

    /// Subcharts and the dependencies in `Chart.yaml` must agree.
    fn dependencies(&mut self) {
        let chart = match loader::load_directory(&self.directory, self.notices) {
            Ok(chart) => chart,
            Err(error) => {
                self.add(Severity::Error, "", format!("unable to load chart\n\t{error}"));
                return;
            }
        };
        let directory = self.directory.to_string_lossy().into_owned();
        let listed: Vec<_> = chart.metadata.dependencies.iter().flatten().collect();
        let unlisted: Vec<&str> = (chart.dependencies.iter())
            .map(chart::Chart::name)
            .filter(|name| listed.iter().all(|d| d.name != *name))
            .collect();
        if !unlisted.is_empty() {
            let text = format!("chart metadata is missing these dependencies: {}", unlisted.join(","));
            self.add(Severity::Error, &*directory, text);
        }
        let key = |d: &chart::Dependency| if d.alias.is_empty() { d.name.clone() } else { d.alias.clone() };
        let keys: Vec<String> = listed.iter().map(|d| key(d)).collect();
        let doubled: Vec<&str> =
            keys.iter().enumerate().filter(|(i, k)| keys[..*i].contains(k)).map(|(_, k)| k.as_str()).collect();
        if !doubled.is_empty() {
            let text = format!("multiple dependencies with name or alias: {}", doubled.join(","));
            self.add(Severity::Error, &*directory, text);
        }
        let missing: Vec<&str> = (listed.iter())
            .map(|d| d.name.as_str())
            .filter(|name| chart.dependencies.iter().all(|sub| sub.name() != *name))
            .collect();
        if !missing.is_empty() {
            let text = format!("chart directory is missing these dependencies: {}", missing.join(","));
            self.add(Severity::Warning, &*directory, text);
        }
    }

    /// What is in `crds/` must be custom resource definitions.
    fn crds(&mut self) {
        const FOLDER: &str = "crds/";
        let folder = self.directory.join("crds");
        let about = match std::fs::metadata(&folder) {
            Ok(about) => about,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => return self.add(Severity::Error, FOLDER, goerr::path_error("stat", &folder, &error)),
        };
        if !about.is_dir() {
            self.add(Severity::Error, FOLDER, "not a directory");
            return;
        }
        let chart = match loader::load_plainly(&self.directory, self.notices) {
            Ok(chart) => chart,
            Err(error) => {
                self.add(Severity::Error, FOLDER, error.message);
                return;
            }
        };
        for (_, file) in chart.crds() {
            let (found, error) = objects(file.data.as_bytes());
            for object in found {
                if !object.api_version.starts_with("apiextensions.k8s.io") {
                    self.add(Severity::Error, &*file.name, "apiVersion is not in 'apiextensions.k8s.io'");
                }
                if object.kind != "CustomResourceDefinition" {
                    self.add(Severity::Error, &*file.name, "object kind is not 'CustomResourceDefinition'");
                }
            }
            if let Some(error) = error {
                self.add(Severity::Error, &*file.name, format!("unable to parse YAML: {error}"));
                return;
            }
        }
    }
}
