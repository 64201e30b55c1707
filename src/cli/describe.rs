//! A release as Helm prints it (`status`, `get all`, and the end of `install` and `upgrade`).

use std::{collections::BTreeMap, fmt::Write as _};

use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::Value as Json;

use super::{Failure, output};
use crate::{
    gotemplate::Value,
    release::{Hook, Release, chart as record, manifest},
};

/// What to print of a release.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Shown<'a> {
    /// Values, hooks and manifest as well.
    pub debug: bool,
    /// Name and version of the chart as well.
    pub metadata: bool,
    /// No notes.
    pub hide_notes: bool,
    /// The content of Secrets is left out of the manifest.
    pub hide_secrets: bool,
    /// The table of live objects, if there is one.
    pub resources: &'a str,
}

/// The text of a release.
///
/// # Errors
/// When values cannot be written as YAML.
pub fn text(release: &Release, shown: Shown<'_>) -> Result<String, Failure> {
    let mut out = String::new();
    let info = &release.info;
    // Writing to a string cannot fail.
    let _ = writeln!(out, "NAME: {}", release.name);
    if !info.last_deployed.is_zero() {
        let _ = writeln!(out, "LAST DEPLOYED: {}", info.last_deployed.ansic());
    }
    let _ = writeln!(out, "NAMESPACE: {}\nSTATUS: {}\nREVISION: {}", release.namespace, info.status, release.version);
    if shown.metadata {
        let _ = writeln!(
            out,
            "CHART: {}\nVERSION: {}\nAPP_VERSION: {}",
            release.chart_text("name"),
            release.chart_text("version"),
            release.chart_text("appVersion")
        );
    }
    let _ = writeln!(out, "DESCRIPTION: {}", info.description);
    if !shown.resources.is_empty() {
        let _ = writeln!(out, "RESOURCES:\n{}", shown.resources);
    }
    tests(&mut out, &release.hooks);
    if shown.debug {
        let _ = writeln!(out, "USER-SUPPLIED VALUES:\n{}", output::yaml(&config(release))?);
        let _ = writeln!(out, "COMPUTED VALUES:\n{}", output::yaml(&computed(release)?)?);
    }
    if shown.debug || info.description.eq_ignore_ascii_case("Dry run complete") {
        let _ = writeln!(out, "HOOKS:");
        for hook in &release.hooks {
            let _ = writeln!(out, "---\n# Source: {}\n{}", hook.path, hook.manifest);
        }
        let manifest = if shown.hide_secrets { without_secrets(&release.manifest) } else { release.manifest.clone() };
        let _ = writeln!(out, "MANIFEST:\n{manifest}");
    }
    if !shown.hide_notes && !info.notes.is_empty() {
        let _ = writeln!(out, "NOTES:\n{}", info.notes.trim());
    }
    Ok(out)
}

fn tests(out: &mut String, hooks: &[Hook]) {
    let mut tests = hooks.iter().filter(|hook| hook.events.iter().any(|event| event == "test")).peekable();
    if tests.peek().is_none() {
        out.push_str("TEST SUITE: None\n");
    }
    for hook in tests.filter(|hook| !hook.last_run.started_at.is_zero()) {
        let _ = writeln!(
            out,
            "TEST SUITE:     {}\nLast Started:   {}\nLast Completed: {}\nPhase:          {}",
            hook.name,
            hook.last_run.started_at.ansic(),
            hook.last_run.completed_at.ansic(),
            hook.last_run.phase.as_str()
        );
    }
}

/// The user's values; nil when there are none, as Go's decoder leaves them.
pub fn config(release: &Release) -> Value {
    record::from_json(&release.config)
}

/// The values that templates saw, as far as a record tells them.
///
/// # Errors
/// When they cannot be merged.
pub fn computed(release: &Release) -> Result<Value, Failure> {
    let chart = record::from_record(&release.chart);
    let notices = crate::chart::Notices::default();
    crate::chart::coalesce::values(&chart, &record::values_of(&release.config), &notices)
        .map(Value::Map)
        .map_err(|error| Failure::Failed(format!("Error: {error}")))
}

/// A manifest with the content of Secrets left out.
fn without_secrets(text: &str) -> String {
    let mut out = String::new();
    for document in manifest::documents(text) {
        let objects = manifest::objects(&document.text).unwrap_or_default();
        if objects.iter().any(|object| object["kind"] == "Secret" && object["apiVersion"] == "v1") {
            let _ =
                writeln!(out, "---\n# Source: {}\n# HIDDEN: The Secret output has been suppressed", document.source);
        } else {
            let _ = write!(out, "---\n{}", document.text);
        }
    }
    out
}

/// A release for `-o json`, its chart's fields in the order of Helm's struct.
#[derive(Serialize)]
pub struct InOrder<'a> {
    name: &'a str,
    info: WithResources<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chart: Option<Fields<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<&'a Json>,
    #[serde(skip_serializing_if = "str::is_empty")]
    manifest: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    hooks: &'a [Hook],
    version: i64,
    namespace: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    apply_method: &'a str,
}

/// The live objects of a release by version and kind.
pub type Resources = BTreeMap<String, Vec<Json>>;

#[derive(Serialize)]
struct WithResources<'a> {
    #[serde(flatten)]
    info: &'a crate::release::Info,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<&'a Resources>,
}

/// A release for `-o json`.
pub fn in_order<'a>(release: &'a Release, with_chart: bool, resources: Option<&'a Resources>) -> InOrder<'a> {
    InOrder {
        name: &release.name,
        info: WithResources { info: &release.info, resources: resources.filter(|map| !map.is_empty()) },
        chart: (with_chart && release.chart.is_object()).then_some(Fields(&release.chart, &CHART)),
        config: release.config.as_object().filter(|map| !map.is_empty()).map(|_| &release.config),
        manifest: &release.manifest,
        hooks: &release.hooks,
        version: release.version,
        namespace: &release.namespace,
        apply_method: &release.apply_method,
    }
}

/// Fields of a Go struct, and of the structs in it.
struct Order {
    fields: &'static [&'static str],
    inner: &'static [(&'static str, Order)],
}

const FILE: Order = Order { fields: &["name", "data", "modtime"], inner: &[] };
const DEPENDENCY: Order = Order {
    fields: &["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"],
    inner: &[],
};
const CHART: Order = Order {
    fields: &["metadata", "lock", "templates", "values", "schema", "schemamodtime", "files", "modtime"],
    inner: &[
        (
            "metadata",
            Order {
                fields: &[
                    "name",
                    "home",
                    "sources",
                    "version",
                    "description",
                    "keywords",
                    "maintainers",
                    "icon",
                    "apiVersion",
                    "condition",
                    "tags",
                    "appVersion",
                    "deprecated",
                    "annotations",
                    "kubeVersion",
                    "dependencies",
                    "type",
                ],
                inner: &[
                    ("dependencies", DEPENDENCY),
                    ("maintainers", Order { fields: &["name", "email", "url"], inner: &[] }),
                ],
            },
        ),
        ("lock", Order { fields: &["generated", "digest", "dependencies"], inner: &[("dependencies", DEPENDENCY)] }),
        ("templates", FILE),
        ("files", FILE),
    ],
};

/// A JSON object whose fields are written in a given order; lists of such objects as well.
struct Fields<'a>(&'a Json, &'static Order);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Json::Array(items) => serializer.collect_seq(items.iter().map(|item| Fields(item, self.1))),
            Json::Object(entries) => {
                let mut map = serializer.serialize_map(None)?;
                for field in self.1.fields {
                    let Some(value) = entries.get(*field) else { continue };
                    match self.1.inner.iter().find(|(name, _)| name == field) {
                        Some((_, order)) => map.serialize_entry(field, &Fields(value, order))?,
                        None => map.serialize_entry(field, value)?,
                    }
                }
                map.end()
            }
            other => other.serialize(serializer),
        }
    }
}

/// A release for `-o yaml`.
pub fn plain(release: &Release, with_chart: bool, resources: Option<&Resources>) -> Value {
    let json = serde_json::to_value(in_order(release, with_chart, resources)).unwrap_or_default();
    let value = output::plain(&json);
    // The user's values come from JSON, where Go knows floats alone.
    if let (Some(map), true) = (value.as_map(), json["config"].is_object()) {
        map.insert("config", config(release));
    }
    value
}
