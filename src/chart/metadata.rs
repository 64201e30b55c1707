//! `Chart.yaml`, `requirements.yaml` and their locks: reading, checking and writing back.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use super::model::{Dependency, Lock, Maintainer, Metadata};
use super::notice::quote;
use super::{Error, archive};
use crate::gotemplate::{Map, MapKind, Value, runes};
use crate::goyaml;
use crate::goyaml::schema::{Field, Struct, Type};
use crate::sprig::{check, semver};

static MAINTAINER: Struct = Struct {
    package: "v2",
    name: "Maintainer",
    fields: &[
        Field { name: "name", ty: Type::Str },
        Field { name: "email", ty: Type::Str },
        Field { name: "url", ty: Type::Str },
    ],
};

static DEPENDENCY: Struct = Struct {
    package: "v2",
    name: "Dependency",
    fields: &[
        Field { name: "name", ty: Type::Str },
        Field { name: "version", ty: Type::Str },
        Field { name: "repository", ty: Type::Str },
        Field { name: "condition", ty: Type::Str },
        Field { name: "tags", ty: Type::List(&Type::Str) },
        Field { name: "enabled", ty: Type::Bool },
        Field { name: "import-values", ty: Type::List(&Type::Any) },
        Field { name: "alias", ty: Type::Str },
    ],
};

static METADATA: Struct = Struct {
    package: "v2",
    name: "Metadata",
    fields: &[
        Field { name: "name", ty: Type::Str },
        Field { name: "home", ty: Type::Str },
        Field { name: "sources", ty: Type::List(&Type::Str) },
        Field { name: "version", ty: Type::Str },
        Field { name: "description", ty: Type::Str },
        Field { name: "keywords", ty: Type::List(&Type::Str) },
        Field { name: "maintainers", ty: Type::List(&Type::Pointer(&Type::Struct(&MAINTAINER))) },
        Field { name: "icon", ty: Type::Str },
        Field { name: "apiVersion", ty: Type::Str },
        Field { name: "condition", ty: Type::Str },
        Field { name: "tags", ty: Type::Str },
        Field { name: "appVersion", ty: Type::Str },
        Field { name: "deprecated", ty: Type::Bool },
        Field { name: "annotations", ty: Type::Map(&Type::Str) },
        Field { name: "kubeVersion", ty: Type::Str },
        Field { name: "dependencies", ty: Type::List(&Type::Pointer(&Type::Struct(&DEPENDENCY))) },
        Field { name: "type", ty: Type::Str },
    ],
};

static LOCK: Struct = Struct {
    package: "v2",
    name: "Lock",
    fields: &[
        Field { name: "generated", ty: Type::Time(check::timestamp) },
        Field { name: "digest", ty: Type::Str },
        Field { name: "dependencies", ty: Type::List(&Type::Pointer(&Type::Struct(&DEPENDENCY))) },
    ],
};

/// Only what is needed to tell the generation of a chart.
static CHART_BASE: Struct =
    Struct { package: "loader", name: "chartBase", fields: &[Field { name: "apiVersion", ty: Type::Str }] };

/// The `apiVersion` of a `Chart.yaml`, before anything else is looked at.
///
/// # Errors
/// Go's text.
pub fn api_version(data: &[u8]) -> Result<String, String> {
    let map = structure(data, &CHART_BASE, false)?;
    Ok(text(&map, "apiVersion").unwrap_or_default())
}

impl Metadata {
    /// Reads `Chart.yaml` or `requirements.yaml` on top of what is there: fields that the file does not name keep their value.
    ///
    /// # Errors
    /// Go's text.
    pub fn read(&mut self, data: &[u8]) -> Result<(), String> {
        let read = structure(data, &METADATA, false)?;
        self.take(&read);
        Ok(())
    }

    /// As [`Metadata::read`], refusing unknown fields and duplicate keys.
    ///
    /// # Errors
    /// Go's text.
    pub fn read_strictly(data: &[u8]) -> Result<(), String> {
        structure(data, &METADATA, true).map(drop)
    }

    fn take(&mut self, map: &Map) {
        for (field, key) in [
            (&mut self.name, "name"),
            (&mut self.home, "home"),
            (&mut self.version, "version"),
            (&mut self.description, "description"),
            (&mut self.icon, "icon"),
            (&mut self.api_version, "apiVersion"),
            (&mut self.condition, "condition"),
            (&mut self.tags, "tags"),
            (&mut self.app_version, "appVersion"),
            (&mut self.kube_version, "kubeVersion"),
            (&mut self.kind, "type"),
        ] {
            if let Some(value) = text(map, key) {
                *field = value;
            }
        }
        for (field, key) in [(&mut self.sources, "sources"), (&mut self.keywords, "keywords")] {
            if let Some(value) = map.get(key) {
                *field = texts(&value);
            }
        }
        if let Some(Value::Bool(deprecated)) = map.get("deprecated") {
            self.deprecated = deprecated;
        }
        match map.get("annotations") {
            Some(Value::Map(read)) => {
                let annotations = self.annotations.get_or_insert_default();
                for (key, value) in read.borrow().iter() {
                    annotations.insert(key.to_str().into_owned(), plain_text(value));
                }
            }
            Some(_) => self.annotations = None,
            None => {}
        }
        if let Some(read) = map.get("maintainers") {
            self.maintainers = structs(&read, maintainer, &mut self.null_maintainer);
        }
        match map.get("dependencies") {
            Some(read @ Value::List(_)) => {
                self.dependencies = Some(structs(&read, dependency, &mut self.null_dependency));
            }
            Some(_) => self.dependencies = None,
            None => {}
        }
    }

    /// Normalises the texts and checks them.
    ///
    /// # Errors
    /// The first thing that is wrong, in Helm's words.
    pub fn validate(&mut self) -> Result<(), Error> {
        for field in [
            &mut self.name,
            &mut self.description,
            &mut self.home,
            &mut self.icon,
            &mut self.condition,
            &mut self.tags,
            &mut self.app_version,
            &mut self.kube_version,
        ] {
            sanitize(field);
        }
        self.sources.iter_mut().chain(&mut self.keywords).for_each(sanitize);
        if self.api_version.is_empty() {
            return invalid("chart.metadata.apiVersion is required");
        }
        if self.name.is_empty() {
            return invalid("chart.metadata.name is required");
        }
        if self.name == "." || self.name == ".." {
            return invalid(format!("chart.metadata.name {} is not allowed", quote(&self.name)));
        }
        if self.name != base(&self.name) {
            return invalid(format!("chart.metadata.name {} is invalid", quote(&self.name)));
        }
        if self.version.is_empty() {
            return invalid("chart.metadata.version is required");
        }
        if semver::Version::parse(&self.version).is_err() {
            return invalid(format!("chart.metadata.version {} is invalid", quote(&self.version)));
        }
        if !matches!(self.kind.as_str(), "" | "application" | "library") {
            return invalid("chart.metadata.type must be application or library");
        }
        if self.null_maintainer.is_some() {
            return invalid("maintainers must not contain empty or null nodes");
        }
        for m in &mut self.maintainers {
            [&mut m.name, &mut m.email, &mut m.url].into_iter().for_each(sanitize);
        }
        self.validate_dependencies()
    }

    fn validate_dependencies(&mut self) -> Result<(), Error> {
        let mut seen: HashSet<String> = HashSet::new();
        for d in self.dependencies.iter_mut().flatten() {
            for field in [&mut d.name, &mut d.version, &mut d.repository, &mut d.condition] {
                sanitize(field);
            }
            d.tags.iter_mut().for_each(sanitize);
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if !d.alias.chars().all(plain) {
                return invalid(format!("dependency {} has disallowed characters in the alias", quote(&d.name)));
            }
            let key = if d.alias.is_empty() { &d.name } else { &d.alias };
            if !seen.insert(key.clone()) {
                return invalid(format!("more than one dependency with name or alias {}", quote(key)));
            }
        }
        if self.null_dependency.is_some() {
            return invalid("dependencies must not contain empty or null nodes");
        }
        Ok(())
    }

    /// Whether the file lists charts that it needs, null ones included.
    pub fn lists_dependencies(&self) -> bool {
        self.null_dependency.is_some() || self.dependencies.as_ref().is_some_and(|d| !d.is_empty())
    }

    /// How many maintainers stand before the first one that is null, which is refused.
    pub fn null_maintainer(&self) -> Option<usize> {
        self.null_maintainer
    }

    /// The metadata as a JSON encoder sees it: empty fields left out. With `v1` the dependencies are left out on request, since
    /// they are in `requirements.yaml`.
    pub fn to_value(&self, with_dependencies: bool) -> Value {
        let mut entries: Vec<(&str, Value)> = Vec::new();
        for (key, field) in [
            ("name", &self.name),
            ("home", &self.home),
            ("version", &self.version),
            ("description", &self.description),
            ("icon", &self.icon),
            ("apiVersion", &self.api_version),
            ("condition", &self.condition),
            ("tags", &self.tags),
            ("appVersion", &self.app_version),
            ("kubeVersion", &self.kube_version),
            ("type", &self.kind),
        ] {
            push_text(&mut entries, key, field);
        }
        for (key, field) in [("sources", &self.sources), ("keywords", &self.keywords)] {
            if !field.is_empty() {
                entries.push((key, Value::strings(field.iter().map(String::as_str))));
            }
        }
        if !self.maintainers.is_empty() {
            let list = self.maintainers.iter().map(|m| {
                let mut entries = Vec::new();
                push_text(&mut entries, "name", &m.name);
                push_text(&mut entries, "email", &m.email);
                push_text(&mut entries, "url", &m.url);
                Value::map(entries)
            });
            entries.push(("maintainers", Value::list(list.collect())));
        }
        if self.deprecated {
            entries.push(("deprecated", Value::Bool(true)));
        }
        if let Some(annotations) = self.annotations.as_ref().filter(|a| !a.is_empty()) {
            let pairs = annotations.iter().map(|(k, v)| (k.as_str(), Value::str(v.as_str())));
            entries.push(("annotations", Value::map(pairs)));
        }
        if let Some(dependencies) = self.dependencies.as_ref().filter(|d| with_dependencies && !d.is_empty()) {
            entries.push(("dependencies", Value::list(dependencies.iter().map(Dependency::to_value).collect())));
        }
        Value::map(entries)
    }
}

impl Dependency {
    /// As a JSON encoder sees it.
    pub fn to_value(&self) -> Value {
        let mut entries: Vec<(&str, Value)> =
            vec![("name", Value::str(self.name.as_str())), ("repository", Value::str(self.repository.as_str()))];
        for (key, field) in [("version", &self.version), ("condition", &self.condition), ("alias", &self.alias)] {
            push_text(&mut entries, key, field);
        }
        if !self.tags.is_empty() {
            entries.push(("tags", Value::strings(self.tags.iter().map(String::as_str))));
        }
        if self.enabled {
            entries.push(("enabled", Value::Bool(true)));
        }
        if !self.import_values.is_empty() {
            entries.push(("import-values", Value::list(self.import_values.clone())));
        }
        Value::map(entries)
    }
}

impl Lock {
    /// Reads `Chart.lock`; a file of nothing is none.
    ///
    /// # Errors
    /// Go's text.
    pub fn read(data: &[u8]) -> Result<Option<Self>, String> {
        let map = structure(data, &LOCK, false)?;
        if map.is_empty() && matches!(goyaml::from_yaml(data), Ok(Value::Nil)) {
            return Ok(None);
        }
        let dependencies = map.get("dependencies").unwrap_or_default();
        Ok(Some(Self {
            generated: map.get("generated").map(|v| plain_text(&v)).unwrap_or_default(),
            digest: text(&map, "digest").unwrap_or_default(),
            dependencies: structs(&dependencies, dependency, &mut None),
        }))
    }

    /// As a JSON encoder sees it.
    pub fn to_value(&self) -> Value {
        let generated = if self.generated.is_empty() { "0001-01-01T00:00:00Z" } else { &self.generated };
        Value::map([
            ("generated", Value::str(generated)),
            ("digest", Value::str(self.digest.as_str())),
            ("dependencies", Value::list(self.dependencies.iter().map(Dependency::to_value).collect())),
        ])
    }
}

fn structure(data: &[u8], target: &'static Struct, strict: bool) -> Result<Rc<Map>, String> {
    match goyaml::from_yaml_struct(data, target, strict) {
        Ok(Value::Map(map)) => Ok(map),
        Ok(_) => Ok(Map::empty()),
        Err(error) => Err(error.to_string()),
    }
}

fn maintainer(map: &Map) -> Maintainer {
    Maintainer {
        name: text(map, "name").unwrap_or_default(),
        email: text(map, "email").unwrap_or_default(),
        url: text(map, "url").unwrap_or_default(),
    }
}

fn dependency(map: &Map) -> Dependency {
    Dependency {
        name: text(map, "name").unwrap_or_default(),
        version: text(map, "version").unwrap_or_default(),
        repository: text(map, "repository").unwrap_or_default(),
        condition: text(map, "condition").unwrap_or_default(),
        tags: map.get("tags").map(|v| texts(&v)).unwrap_or_default(),
        enabled: matches!(map.get("enabled"), Some(Value::Bool(true))),
        import_values: map.get("import-values").and_then(|v| v.as_list().map(<[Value]>::to_vec)).unwrap_or_default(),
        alias: text(map, "alias").unwrap_or_default(),
    }
}

/// The structs of a list; null elements are left out and remembered.
fn structs<T>(list: &Value, read: fn(&Map) -> T, null: &mut Option<usize>) -> Vec<T> {
    let items = list.as_list().unwrap_or_default();
    *null = items.iter().position(Value::is_nil);
    items.iter().filter_map(|item| item.as_map()).map(|map| read(map)).collect()
}

fn push_text<'a>(entries: &mut Vec<(&'a str, Value)>, key: &'a str, text: &str) {
    if !text.is_empty() {
        entries.push((key, Value::str(text)));
    }
}

fn text(map: &Map, key: &str) -> Option<String> {
    map.get(key).and_then(|v| v.as_str().map(|s| s.to_str().into_owned()))
}

fn plain_text(value: &Value) -> String {
    value.as_str().map(|s| s.to_str().into_owned()).unwrap_or_default()
}

fn texts(list: &Value) -> Vec<String> {
    list.as_list().unwrap_or_default().iter().map(plain_text).collect()
}

/// Go's `filepath.Base`.
fn base(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() {
        return if path.is_empty() { "." } else { "/" };
    }
    trimmed.rsplit('/').next().unwrap_or(trimmed)
}

fn invalid<T>(message: impl std::fmt::Display) -> Result<T, Error> {
    Err(Error::new(format!("validation: {message}")))
}

/// White space becomes a blank, what cannot be printed goes.
fn sanitize(text: &mut String) {
    if !text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        *text = (text.chars())
            .filter_map(|c| if c.is_whitespace() { Some(' ') } else { runes::is_print(c).then_some(c) })
            .collect();
    }
}

/// `a/b` joined and cleaned as Go's `path.Join`.
pub fn join(a: &str, b: &str) -> String {
    archive::clean(&format!("{a}/{b}"))
}

/// Annotations as Go's `map[string]string`.
pub fn string_map(annotations: Option<&BTreeMap<String, String>>) -> Value {
    let entries = annotations.into_iter().flatten().map(|(k, v)| (k.as_str().into(), Value::str(v.as_str()))).collect();
    let mut map = Map::new(MapKind::Str, entries);
    map.nil = annotations.is_none();
    Value::Map(Rc::new(map))
}
