//! Rules for templates and what they render to.

use super::objects::{Object, objects};
use super::{Linter, Severity, deprecations, names};
use crate::chart::notice::quote;
use crate::chart::{self, Chart, goerr, loader};
use crate::gotemplate::{GoStr, Value, errtext};
use crate::goyaml;
use crate::goyaml::schema::{Field, Struct, Type};
use crate::render::{self, Capabilities, ReleaseInfo, engine};

const FOLDER: &str = "templates/";

pub fn lint(linter: &mut Linter<'_>, values: &Value) {
    let folder = linter.directory.join("templates");
    match std::fs::metadata(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return linter.add(Severity::Warning, FOLDER, "directory does not exist");
        }
        Err(error) => return linter.add(Severity::Error, FOLDER, goerr::path_error("stat", &folder, &error)),
        Ok(about) if !about.is_dir() => return linter.add(Severity::Error, FOLDER, "not a directory"),
        Ok(_) => {}
    }
    let mut chart = match loader::load_plainly(&linter.directory, linter.notices) {
        Ok(chart) => chart,
        Err(error) => return linter.add(Severity::Error, FOLDER, error.message),
    };
    match render(linter, &mut chart, values) {
        // Values that cannot be merged are somebody else's finding.
        Ok(None) => {}
        Ok(Some(files)) => {
            for template in &chart.templates {
                let path = chart::archive::clean(&format!("{}/{}", chart.name(), template.name));
                let content = files.get(&path).map(GoStr::as_bytes).unwrap_or_default();
                if !lint_file(linter, &template.name, content) {
                    return;
                }
            }
        }
        Err(text) => linter.add(Severity::Error, FOLDER, text),
    }
}

fn render(linter: &Linter<'_>, chart: &mut Chart, values: &Value) -> Result<Option<engine::Files>, String> {
    let notices = linter.notices;
    if chart::dependencies::process(chart, values, notices).is_err() {
        return Ok(None);
    }
    let Ok(merged) = chart::coalesce::values(chart, values, notices) else { return Ok(None) };
    // Helm merges what is merged already once more.
    let merged = chart::coalesce::values(chart, &Value::Map(merged), notices).map_err(|e| e.to_string())?;
    if !linter.options.skip_schema_validation {
        chart::schema::validate(chart, &merged, linter.options.schemas.as_ref(), notices).map_err(|e| e.to_string())?;
    }
    let release = ReleaseInfo {
        name: "test-release".into(),
        namespace: linter.options.namespace.clone(),
        revision: 0,
        is_upgrade: false,
        is_install: false,
    };
    let capabilities = Capabilities { kube_version: linter.options.kube_version.clone(), ..Capabilities::default() };
    let options = render::Options { lint: true, ..render::Options::default() };
    engine::execute(chart, merged, &release, &capabilities, &options, notices).map(Some).map_err(|e| e.to_string())
}

/// Whether the linter goes on with the next file.
fn lint_file(linter: &mut Linter<'_>, name: &str, content: &[u8]) -> bool {
    let base = name.rsplit('/').next().unwrap_or(name);
    let extension = base.rfind('.').map_or("", |dot| &base[dot..]);
    if ![".yaml", ".yml", ".tpl", ".txt"].contains(&extension) {
        let text = format!("file extension '{extension}' not valid. Valid extensions are .yaml, .yml, .tpl, or .txt");
        linter.add(Severity::Error, name, text);
    }
    let text = errtext::text(content);
    if ![".yaml", ".yml"].contains(&extension.to_lowercase().as_str()) || text.trim().is_empty() {
        return true;
    }
    linter.check(Severity::Warning, name, first_line(content));
    let (found, error) = objects(content);
    for object in found {
        lint_object(linter, name, &object, content);
    }
    match error {
        Some(error) => {
            linter.add(Severity::Error, name, format!("unable to parse YAML: {error}"));
            false
        }
        None => true,
    }
}

/// The first line with something in it begins at the margin, and Go's scanner of lines can hold those up to it.
fn first_line(content: &[u8]) -> Result<(), String> {
    const LONGEST: usize = 64 << 10;
    for line in content.split(|byte| *byte == b'\n') {
        if line.len() >= LONGEST {
            return Err("bufio.Scanner: token too long".into());
        }
        let line = errtext::text(line);
        if line.trim().is_empty() {
            continue;
        }
        if line.starts_with([' ', '\t']) {
            let line = quote(line.strip_suffix('\r').unwrap_or(&line));
            return Err(format!("document starts with an illegal indent: {line}, which may cause parsing problems"));
        }
        break;
    }
    Ok(())
}

fn lint_object(linter: &mut Linter<'_>, file: &str, object: &Object, content: &[u8]) {
    linter.check(Severity::Warning, file, names::check(&object.kind, &object.name));
    let version = &linter.options.kube_version;
    let kubernetes = (version.major.parse().unwrap_or(1), version.minor.parse().unwrap_or(0));
    if let Some(warning) = deprecations::warning(&object.api_version, &object.kind, kubernetes) {
        linter.add(Severity::Warning, file, warning);
    }
    let selects = ["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"].contains(&object.kind.as_str());
    let has = |word: &str| memchr::memmem::find(content, word.as_bytes()).is_some();
    if selects && !has("matchLabels") && !has("matchExpressions") {
        let text = format!(
            "a {} must contain matchLabels or matchExpressions, and {} does not",
            object.kind,
            quote(&object.name)
        );
        linter.add(Severity::Error, file, text);
    }
    if object.kind == "List" {
        linter.check(Severity::Error, file, list_annotations(content));
    }
}

static LIST: Struct =
    Struct { package: "", name: "struct", fields: &[Field { name: "Items", ty: Type::List(&Type::Struct(&ITEM)) }] };
static ITEM: Struct =
    Struct { package: "", name: "struct", fields: &[Field { name: "Metadata", ty: Type::Struct(&ITEM_METADATA) }] };
static ITEM_METADATA: Struct =
    Struct { package: "", name: "struct", fields: &[Field { name: "Annotations", ty: Type::Map(&Type::Str) }] };

/// Nobody looks at the resource policy of an object inside a List.
fn list_annotations(content: &[u8]) -> Result<(), String> {
    let read = goyaml::from_yaml_struct(content, &LIST, false).map_err(|e| format!("unable to parse YAML: {e}"))?;
    let items = read.as_map().and_then(|map| map.get("Items")).unwrap_or_default();
    let keeps = |item: &Value| {
        let annotations = item.as_map()?.get("Metadata")?.as_map()?.get("Annotations")?;
        annotations.as_map()?.get("helm.sh/resource-policy")
    };
    if items.as_list().unwrap_or_default().iter().any(|item| keeps(item).is_some()) {
        return Err("annotation 'helm.sh/resource-policy' within List objects are ignored".into());
    }
    Ok(())
}
