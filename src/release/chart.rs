//! Chart and values in the form that records hold: what Go's `encoding/json` makes of Helm's chart.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, json};

use super::Json;
use crate::{
    chart::{Chart, Dependency, File, Lock, Maintainer, Metadata},
    gotemplate::Value,
};

/// Go's zero time.
const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

/// The chart as a record holds it: without its subcharts.
pub fn to_record(chart: &Chart) -> Json {
    json!({
        "metadata": metadata(&chart.metadata),
        "lock": chart.lock.as_ref().map(lock),
        "templates": files(&chart.templates),
        "values": to_json(&chart.values),
        "schema": chart.schema.as_ref().map(|schema| STANDARD.encode(schema.as_bytes())),
        "schemamodtime": ZERO_TIME,
        "files": files(&chart.files),
    })
}

/// A value as Go's JSON encoder writes it. Whole floats become integers, since Go writes `3` for both.
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Nil | Value::Complex(_) => Json::Null,
        Value::Bool(yes) => (*yes).into(),
        Value::Int(number, _) => (*number).into(),
        Value::Uint(number, _) => (*number).into(),
        Value::Float(number) => float(*number),
        Value::Str(text) => text.to_str().into(),
        Value::Bytes(bytes) => STANDARD.encode(bytes.as_slice()).into(),
        Value::List(list) if list.nil => Json::Null,
        Value::List(list) => list.items.iter().map(to_json).collect(),
        Value::Map(map) if map.nil => Json::Null,
        Value::Map(map) => map
            .borrow()
            .iter()
            .map(|(key, value)| (key.to_str().into_owned(), to_json(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Object(object) => to_json(&object.to_plain()),
    }
}

fn float(number: f64) -> Json {
    // Beyond 2^53 a float is whole anyway, and its digits are those of the nearest integer.
    if number.fract() == 0.0 && number.abs() < 9.0e18 { Json::from(number as i64) } else { number.into() }
}

/// Values as Go decodes them from a record: every number is a `float64`.
pub fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(yes) => Value::Bool(*yes),
        Json::Number(number) => Value::Float(number.as_f64().unwrap_or_default()),
        Json::String(text) => Value::str(text.as_str()),
        Json::Array(items) => Value::list(items.iter().map(from_json).collect()),
        Json::Object(entries) => Value::map(entries.iter().map(|(key, value)| (key.as_str(), from_json(value)))),
    }
}

/// The values of a record: a map, empty when there are none.
pub fn values_of(json: &Json) -> Value {
    if json.is_object() { from_json(json) } else { Value::map::<&str>([]) }
}

/// The chart of a record. It has no subcharts: their values cannot be rebuilt from it, in Helm neither.
pub fn from_record(record: &Json) -> Chart {
    let files = |json: &Json| {
        let list = json.as_array().into_iter().flatten();
        list.map(|file| File {
            name: text(&file["name"]),
            data: STANDARD.decode(text(&file["data"])).unwrap_or_default().into(),
        })
        .collect()
    };
    Chart {
        metadata: metadata_from(&record["metadata"]),
        lock: record["lock"].is_object().then(|| Lock {
            generated: text(&record["lock"]["generated"]),
            digest: text(&record["lock"]["digest"]),
            dependencies: record["lock"]["dependencies"]
                .as_array()
                .into_iter()
                .flatten()
                .map(dependency_from)
                .collect(),
        }),
        templates: files(&record["templates"]),
        values: values_of(&record["values"]),
        raw_values: Vec::new(),
        schema: record["schema"].as_str().and_then(|schema| STANDARD.decode(schema).ok()).map(Into::into),
        files: files(&record["files"]),
        unread: Vec::new(),
        dependencies: Vec::new(),
    }
}

fn metadata_from(fields: &Json) -> Metadata {
    let annotations = fields["annotations"].as_object();
    let mut metadata = Metadata::default();
    metadata.name = text(&fields["name"]);
    metadata.home = text(&fields["home"]);
    metadata.sources = texts(&fields["sources"]);
    metadata.version = text(&fields["version"]);
    metadata.description = text(&fields["description"]);
    metadata.keywords = texts(&fields["keywords"]);
    metadata.maintainers = maintainers(&fields["maintainers"]);
    metadata.icon = text(&fields["icon"]);
    metadata.api_version = text(&fields["apiVersion"]);
    metadata.condition = text(&fields["condition"]);
    metadata.tags = text(&fields["tags"]);
    metadata.app_version = text(&fields["appVersion"]);
    metadata.deprecated = fields["deprecated"] == true;
    metadata.annotations = annotations.map(|map| map.iter().map(|(key, value)| (key.clone(), text(value))).collect());
    metadata.kube_version = text(&fields["kubeVersion"]);
    metadata.dependencies = fields["dependencies"].as_array().map(|list| list.iter().map(dependency_from).collect());
    metadata.kind = text(&fields["type"]);
    metadata
}

fn text(json: &Json) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

fn texts(json: &Json) -> Vec<String> {
    json.as_array().into_iter().flatten().map(text).collect()
}

fn maintainers(json: &Json) -> Vec<Maintainer> {
    let list = json.as_array().into_iter().flatten();
    list.map(|one| Maintainer { name: text(&one["name"]), email: text(&one["email"]), url: text(&one["url"]) })
        .collect()
}

fn dependency_from(json: &Json) -> Dependency {
    Dependency {
        name: text(&json["name"]),
        version: text(&json["version"]),
        repository: text(&json["repository"]),
        condition: text(&json["condition"]),
        tags: texts(&json["tags"]),
        enabled: json["enabled"] == true,
        import_values: json["import-values"].as_array().into_iter().flatten().map(from_json).collect(),
        alias: text(&json["alias"]),
    }
}

fn files(files: &[File]) -> Json {
    files.iter().map(|file| json!({"name": file.name, "data": STANDARD.encode(file.data.as_bytes())})).collect()
}

/// An object that leaves out what is empty, as `omitempty` does.
#[derive(Default)]
struct Fields(Map<String, Json>);

impl Fields {
    fn text(mut self, key: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.0.insert(key.into(), value.into());
        }
        self
    }

    fn list(mut self, key: &str, items: Vec<Json>) -> Self {
        if !items.is_empty() {
            self.0.insert(key.into(), items.into());
        }
        self
    }

    fn flag(mut self, key: &str, value: bool) -> Self {
        if value {
            self.0.insert(key.into(), true.into());
        }
        self
    }

    fn always(mut self, key: &str, value: &str) -> Self {
        self.0.insert(key.into(), value.into());
        self
    }

    fn done(self) -> Json {
        self.0.into()
    }
}

fn strings(texts: &[String]) -> Vec<Json> {
    texts.iter().map(|text| text.as_str().into()).collect()
}

fn metadata(metadata: &Metadata) -> Json {
    let maintainer = |one: &Maintainer| {
        Fields::default().text("name", &one.name).text("email", &one.email).text("url", &one.url).done()
    };
    let mut fields = Fields::default()
        .text("name", &metadata.name)
        .text("home", &metadata.home)
        .list("sources", strings(&metadata.sources))
        .text("version", &metadata.version)
        .text("description", &metadata.description)
        .list("keywords", strings(&metadata.keywords))
        .list("maintainers", metadata.maintainers.iter().map(maintainer).collect())
        .text("icon", &metadata.icon)
        .text("apiVersion", &metadata.api_version)
        .text("condition", &metadata.condition)
        .text("tags", &metadata.tags)
        .text("appVersion", &metadata.app_version)
        .flag("deprecated", metadata.deprecated)
        .text("kubeVersion", &metadata.kube_version)
        .list("dependencies", metadata.dependencies.iter().flatten().map(dependency).collect())
        .text("type", &metadata.kind);
    if let Some(annotations) = metadata.annotations.as_ref().filter(|annotations| !annotations.is_empty()) {
        fields.0.insert("annotations".into(), json!(annotations));
    }
    fields.done()
}

fn dependency(dependency: &Dependency) -> Json {
    Fields::default()
        .always("name", &dependency.name)
        .text("version", &dependency.version)
        .always("repository", &dependency.repository)
        .text("condition", &dependency.condition)
        .list("tags", strings(&dependency.tags))
        .flag("enabled", dependency.enabled)
        .list("import-values", dependency.import_values.iter().map(to_json).collect())
        .text("alias", &dependency.alias)
        .done()
}

fn lock(lock: &Lock) -> Json {
    let generated = if lock.generated.is_empty() { ZERO_TIME } else { &lock.generated };
    json!({
        "generated": generated, "digest": lock.digest,
        "dependencies": lock.dependencies.iter().map(dependency).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        let values =
            Value::map([("a", Value::Float(3.0)), ("b", Value::Float(0.5)), ("c", Value::int64(7)), ("d", Value::Nil)]);
        assert_eq!(to_json(&values).to_string(), r#"{"a":3,"b":0.5,"c":7,"d":null}"#);
    }

    #[test]
    fn a_chart_comes_back_from_its_record() {
        let record = json!({
            "metadata": {"name": "c", "version": "1.0.0", "apiVersion": "v2", "keywords": ["k"], "maintainers": [{"name": "m"}],
                         "annotations": {"a": "b"}, "dependencies": [{"name": "d", "repository": "", "enabled": true, "tags": ["t"]}]},
            "lock": null, "templates": [{"name": "templates/a.yaml", "data": "YTogMQ=="}], "values": {"x": {"y": [1, "z"]}},
            "schema": null, "schemamodtime": ZERO_TIME, "files": [],
        });
        assert_eq!(to_record(&from_record(&record)), record);
    }
}
