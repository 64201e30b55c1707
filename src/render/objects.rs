//! The Go objects that templates see besides maps: `.Capabilities`, `.Files`.

use std::any::Any;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;

use super::capabilities::{Capabilities, HELM_VERSION};
use super::glob;
use crate::chart::{self, Chart, Unread};
use crate::gotemplate::value::StructField;
use crate::gotemplate::{FuncError, GoStr, MapKind, Object, Scope, Signature, Type, Value};
use crate::{goyaml, sprig};

const ONE_STRING: Signature = Signature { params: &[Type::Str], variadic: None };
const GO_VERSION: &str = "go1.26.8";
const CLIENT_VERSION: &str = "v1.36";

/// `.Capabilities`
pub fn capabilities(capabilities: &Capabilities) -> Value {
    Value::Object(Rc::new(Caps {
        kube: Rc::new(Struct {
            go_type: "common.KubeVersion",
            fields: vec![
                ("Version", "Version", capabilities.kube_version.version.clone()),
                ("normalizedVersion", "", capabilities.kube_version.normalized.clone()),
                ("Major", "Major", capabilities.kube_version.major.clone()),
                ("Minor", "Minor", capabilities.kube_version.minor.clone()),
            ],
            copy: false,
        }),
        versions: Rc::new(VersionSet(capabilities.api_versions.clone())),
        helm: Rc::new(Struct {
            go_type: "version.BuildInfo",
            fields: vec![
                ("Version", "version", HELM_VERSION.into()),
                ("GitCommit", "git_commit", String::new()),
                ("GitTreeState", "git_tree_state", String::new()),
                ("GoVersion", "go_version", GO_VERSION.into()),
                ("KubeClientVersion", "kube_client_version", CLIENT_VERSION.into()),
            ],
            copy: false,
        }),
    }))
}

/// `*common.Capabilities`
#[derive(Debug)]
struct Caps {
    kube: Rc<Struct>,
    versions: Rc<VersionSet>,
    helm: Rc<Struct>,
}

impl Object for Caps {
    fn type_name(&self) -> &'static str {
        "*common.Capabilities"
    }

    fn kind_name(&self) -> &'static str {
        "ptr"
    }

    fn field(&self, name: &str) -> Option<Result<Value, FuncError>> {
        Some(Ok(Value::Object(match name {
            "KubeVersion" => self.kube.clone(),
            "APIVersions" => self.versions.clone(),
            "HelmVersion" => self.helm.clone(),
            // The copy could be changed by nobody, since templates have no assignment to fields.
            "Copy" => {
                Rc::new(Self { kube: self.kube.clone(), versions: self.versions.clone(), helm: self.helm.clone() })
            }
            _ => return None,
        })))
    }

    fn display(&self) -> String {
        format!("&{}", self.printed())
    }

    fn printed(&self) -> String {
        format!("{{{} {} {}}}", self.kube.display(), self.versions.display(), self.helm.display())
    }

    fn is_method(&self, name: &str) -> bool {
        name == "Copy"
    }

    fn deep_copied(&self) -> Option<Value> {
        let kube = Rc::new(self.kube.deep_copy());
        Some(Value::Object(Rc::new(Self { kube, versions: self.versions.clone(), helm: self.helm.clone() })))
    }

    fn printed_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        Some(vec![
            ("KubeVersion", Value::Object(self.kube.clone())),
            ("APIVersions", Value::Object(self.versions.clone())),
            ("HelmVersion", Value::Object(self.helm.clone())),
        ])
    }

    fn struct_fields(&self) -> Option<Vec<StructField>> {
        let field = |name, value| StructField { name, json: name, omit_empty: false, value };
        Some(vec![
            field("KubeVersion", Value::Object(self.kube.clone())),
            field("APIVersions", self.versions.to_plain()),
            field("HelmVersion", Value::Object(self.helm.clone())),
        ])
    }

    fn to_plain(&self) -> Value {
        Value::map(self.struct_fields().into_iter().flatten().map(|field| (field.json, field.value)))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `common.VersionSet`, a slice of strings with a method.
#[derive(Debug)]
struct VersionSet(Vec<Cow<'static, str>>);

impl Object for VersionSet {
    fn type_name(&self) -> &'static str {
        "common.VersionSet"
    }

    fn kind_name(&self) -> &'static str {
        "slice"
    }

    fn field(&self, _name: &str) -> Option<Result<Value, FuncError>> {
        None
    }

    fn method(&self, name: &str) -> Option<Signature> {
        (name == "Has").then_some(ONE_STRING)
    }

    fn call(&self, _scope: &mut dyn Scope, name: &str, args: &[Value]) -> Option<Result<Value, FuncError>> {
        let wanted = args.first().and_then(Value::as_str);
        (name == "Has").then(|| Ok(Value::Bool(wanted.is_some_and(|w| self.0.iter().any(|v| w == v.as_ref())))))
    }

    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        let number = |i: usize| Value::int(i64::try_from(i).unwrap_or_default());
        Some(self.0.iter().enumerate().map(|(i, v)| (number(i), Value::str(v.as_ref()))).collect())
    }

    fn display(&self) -> String {
        format!("[{}]", self.0.join(" "))
    }

    fn window(&self, start: usize, end: usize) -> Option<Value> {
        Some(Value::Object(Rc::new(Self(self.0.get(start..end)?.to_vec()))))
    }

    fn truth(&self) -> bool {
        !self.0.is_empty()
    }

    fn to_plain(&self) -> Value {
        Value::strings(self.0.iter().map(Cow::as_ref))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A Go struct of strings: names of the fields in Go and in JSON (empty: not in JSON), and values.
#[derive(Debug)]
struct Struct {
    go_type: &'static str,
    fields: Vec<(&'static str, &'static str, String)>,
    /// Whether it is a copy, which has no methods: they need a pointer.
    copy: bool,
}

impl Struct {
    fn is_kube_version(&self) -> bool {
        self.go_type == "common.KubeVersion"
    }

    fn has_methods(&self) -> bool {
        self.is_kube_version() && !self.copy
    }

    /// What a version says of itself: the normalized one, which a copy may lack.
    fn text(&self) -> &str {
        self.fields.iter().rev().map(|(.., value)| value.as_str()).skip(2).find(|value| !value.is_empty()).unwrap_or("")
    }

    /// Without the values of fields that are not exported.
    fn deep_copy(&self) -> Self {
        let is_exported = |name: &str| name.starts_with(|c: char| c.is_ascii_uppercase());
        let kept = |value: &String, name| if is_exported(name) { value.clone() } else { String::new() };
        let fields = self.fields.iter().map(|(name, json, value)| (*name, *json, kept(value, name))).collect();
        Self { go_type: self.go_type, fields, copy: self.copy }
    }

    fn get(&self, name: &str) -> Option<Value> {
        let exported = name.starts_with(|c: char| c.is_ascii_uppercase());
        let found = self.fields.iter().find(|(go, ..)| exported && *go == name);
        found.map(|(_, _, value)| Value::str(value.as_str()))
    }
}

impl Object for Struct {
    fn type_name(&self) -> &'static str {
        self.go_type
    }

    fn kind_name(&self) -> &'static str {
        "struct"
    }

    fn field(&self, name: &str) -> Option<Result<Value, FuncError>> {
        if self.has_methods() {
            match name {
                "GitVersion" => return self.get("Version").map(Ok),
                "String" => return Some(Ok(Value::str(self.text()))),
                _ => {}
            }
        }
        self.get(name).map(Ok)
    }

    fn printed_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        Some(self.fields.iter().map(|(name, _, value)| (*name, Value::str(value.as_str()))).collect())
    }

    fn display(&self) -> String {
        let values: Vec<&str> = self.fields.iter().map(|(_, _, value)| value.as_str()).collect();
        format!("{{{}}}", values.join(" "))
    }

    fn printed(&self) -> String {
        if self.has_methods() { self.text().to_owned() } else { self.display() }
    }

    fn deep_copied(&self) -> Option<Value> {
        Some(Value::Object(Rc::new(self.deep_copy())))
    }

    fn copied(&self) -> Option<Value> {
        let copy = || Self { go_type: self.go_type, fields: self.fields.clone(), copy: true };
        self.has_methods().then(|| Value::Object(Rc::new(copy())))
    }

    fn is_method(&self, name: &str) -> bool {
        self.has_methods() && matches!(name, "GitVersion" | "String")
    }

    fn unexported_fields(&self) -> &'static [&'static str] {
        if self.is_kube_version() { &["normalizedVersion"] } else { &[] }
    }

    fn struct_fields(&self) -> Option<Vec<StructField>> {
        let exported = self.fields.iter().filter(|(_, json, _)| !json.is_empty());
        let fields = exported.map(|(name, json, value)| StructField {
            name,
            json,
            // So it is with the build information, whose names are in lower case.
            omit_empty: json.starts_with(|c: char| c.is_ascii_lowercase()),
            value: Value::str(value.as_str()),
        });
        Some(fields.collect())
    }

    fn to_plain(&self) -> Value {
        let fields = self.struct_fields().into_iter().flatten();
        let kept = fields.filter(|field| !field.omit_empty || field.value.truth());
        Value::map(kept.map(|field| (field.json, field.value)))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `.Files`: the files of a chart that are neither templates nor metadata.
pub fn files(chart: &Chart, unreadable: &Rc<Unreadable>) -> Value {
    let read = chart.files.iter().map(|file| (file.name.clone(), Content::from(file.data.clone())));
    let unread = chart.unread.iter().map(|file| {
        let content = Content { data: OnceCell::new(), unread: Some((file.clone(), unreadable.clone())) };
        (file.name.clone(), Rc::new(content))
    });
    Value::Object(Rc::new(Files(read.map(|(name, content)| (name, Rc::new(content))).chain(unread).collect())))
}

/// The first file that could not be read while templates ran: what they made without it is not to be used.
#[derive(Debug, Default)]
pub struct Unreadable(OnceCell<chart::Error>);

impl Unreadable {
    /// Why, if there is one.
    pub fn error(&self) -> Option<chart::Error> {
        self.0.get().cloned()
    }
}

/// What is in a file.
#[derive(Debug)]
struct Content {
    data: OnceCell<GoStr>,
    unread: Option<(Unread, Rc<Unreadable>)>,
}

impl From<GoStr> for Content {
    fn from(data: GoStr) -> Self {
        Self { data: data.into(), unread: None }
    }
}

impl Content {
    /// As Go's `[]byte`.
    fn bytes(&self) -> Value {
        Value::Bytes(Rc::new(self.data().as_bytes().to_vec()))
    }

    fn data(&self) -> &GoStr {
        self.data.get_or_init(|| {
            let Some((file, unreadable)) = &self.unread else { return GoStr::from("") };
            file.read().unwrap_or_else(|error| {
                unreadable.0.get_or_init(|| error);
                GoStr::from("")
            })
        })
    }
}

/// `engine.files`
#[derive(Debug)]
struct Files(BTreeMap<String, Rc<Content>>);

impl Files {
    fn get(&self, name: &Value) -> Option<&GoStr> {
        self.0.get(&*name.as_str()?.to_str()).map(|content| content.data())
    }

    fn all(&self) -> impl Iterator<Item = (&str, &GoStr)> {
        self.0.iter().map(|(name, content)| (name.as_str(), content.data()))
    }

    /// Content by the last element of the path, as a YAML map.
    fn as_map(&self, content: impl Fn(&GoStr) -> Value) -> Result<Value, FuncError> {
        let entries = self.all().map(|(name, data)| (name.rsplit('/').next().unwrap_or(name), content(data)));
        let text = goyaml::to_yaml(&Value::map_of(MapKind::Str, entries)).map_err(|e| FuncError::new(e.to_string()))?;
        Ok(Value::str(text.strip_suffix(b"\n").unwrap_or(&text)))
    }

    fn glob(&self, scope: &mut dyn Scope, pattern: &GoStr) -> Result<Self, FuncError> {
        let mut steps = glob::Steps::default();
        let found = glob::matching(pattern.as_bytes(), self.0.keys(), &mut steps);
        scope.work(steps.taken())?;
        let found = found.map_err(|fault| FuncError::new(fault.to_string()))?;
        Ok(Self(found.into_iter().filter_map(|name| Some((name.clone(), self.0.get(name)?.clone()))).collect()))
    }
}

impl Object for Files {
    fn type_name(&self) -> &'static str {
        "engine.files"
    }

    fn kind_name(&self) -> &'static str {
        "map"
    }

    fn field(&self, name: &str) -> Option<Result<Value, FuncError>> {
        use base64::Engine;
        match name {
            "AsConfig" => Some(self.as_map(|data| Value::Str(data.clone()))),
            "AsSecrets" => {
                let encode =
                    |data: &GoStr| Value::str(base64::engine::general_purpose::STANDARD.encode(data.as_bytes()));
                Some(self.as_map(encode))
            }
            _ => self.0.get(name).map(|content| Ok(content.bytes())),
        }
    }

    fn missing_entry(&self) -> Option<Value> {
        Some(Value::Bytes(Rc::default()))
    }

    fn is_method(&self, name: &str) -> bool {
        matches!(name, "AsConfig" | "AsSecrets")
    }

    fn method(&self, name: &str) -> Option<Signature> {
        ["Get", "GetBytes", "Glob", "Lines"].contains(&name).then_some(ONE_STRING)
    }

    fn call(&self, scope: &mut dyn Scope, name: &str, args: &[Value]) -> Option<Result<Value, FuncError>> {
        let arg = args.first()?;
        Some(Ok(match name {
            "Get" => self.get(arg).map_or_else(|| Value::str(""), |data| Value::Str(data.clone())),
            "GetBytes" => Value::Bytes(Rc::new(self.get(arg).map(|data| data.as_bytes().to_vec()).unwrap_or_default())),
            "Glob" => match self.glob(scope, arg.as_str()?) {
                Ok(found) => Value::Object(Rc::new(found)),
                Err(error) => return Some(Err(error)),
            },
            "Lines" => {
                let Some(data) = self.get(arg) else { return Some(Ok(Value::strings::<&str>([]))) };
                let bytes = data.as_bytes();
                if bytes.is_empty() {
                    return Some(Err(FuncError::new("runtime error: index out of range [-1]")));
                }
                let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
                let count = memchr::memchr_iter(b'\n', bytes).count() + 1;
                if let Err(error) = sprig::check::texts(scope, count, bytes.len()) {
                    return Some(Err(error));
                }
                Value::strings(bytes.split(|byte| *byte == b'\n'))
            }
            _ => return None,
        }))
    }

    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        Some(self.0.iter().map(|(name, content)| (Value::str(name.as_str()), content.bytes())).collect())
    }

    fn length(&self) -> Option<usize> {
        Some(self.0.len())
    }

    fn keys(&self) -> Option<Vec<GoStr>> {
        Some(self.0.keys().map(|name| GoStr::from(name.as_str())).collect())
    }

    fn entry(&self, key: &GoStr) -> Option<Value> {
        self.0.get(&*key.to_str()).map(|content| content.bytes())
    }

    fn display(&self) -> String {
        let mut out = String::from("map[");
        for (at, (name, data)) in self.all().enumerate() {
            out.push_str(if at > 0 { " " } else { "" });
            out.push_str(name);
            out.push_str(":[");
            for (at, byte) in data.as_bytes().iter().enumerate() {
                out.push_str(if at > 0 { " " } else { "" });
                // Writing to a text does not fail.
                let _ = write!(out, "{byte}");
            }
            out.push(']');
        }
        out.push(']');
        out
    }

    fn truth(&self) -> bool {
        !self.0.is_empty()
    }

    fn to_plain(&self) -> Value {
        Value::map(self.all().map(|(name, data)| (name, Value::Bytes(Rc::new(data.as_bytes().to_vec())))))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::chart::{Chart, Notices, loader};
    use crate::gotemplate::Value;
    use crate::render::{self, Capabilities, Options, ReleaseInfo};

    fn rendered(chart: &mut Chart) -> Result<String, String> {
        let release = ReleaseInfo::install("r", "d");
        let (capabilities, options) = (Capabilities::default(), Options::default());
        let values = Value::map::<&str>([]);
        let rendered = render::release(chart, &values, &release, &capabilities, &options, &Notices::new());
        rendered.map(|rendered| rendered.manifest()).map_err(|error| error.to_string())
    }

    #[test]
    fn files_are_read_when_a_template_asks_for_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("charts/sub/templates")).unwrap();
        fs::create_dir_all(path("templates")).unwrap();
        fs::write(path("Chart.yaml"), "{apiVersion: v2, name: c, version: 1.0.0}").unwrap();
        fs::write(path("charts/sub/Chart.yaml"), "{apiVersion: v2, name: sub, version: 1.0.0}").unwrap();
        for (name, text) in [
            ("templates/a.yaml", "a: {{ .Files.Get \"a.txt\" }}\nb: {{ (.Files.Glob \"*.txt\").Get \"none\" }}"),
            (
                "charts/sub/templates/b.yaml",
                "{{ range $name, $data := .Files }}{{ $name }}: {{ toString $data }}{{ end }}",
            ),
            ("a.txt", "one"),
            ("b.txt", "two"),
            ("charts/sub/c.txt", "three"),
        ] {
            fs::write(path(name), text).unwrap();
        }
        let load = || loader::load_to_render(folder.path(), &Notices::new()).unwrap();
        let mut lazy = load();
        assert_eq!(lazy.unread.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["a.txt", "b.txt"]);
        assert!(lazy.files.is_empty() && lazy.dependencies[0].unread.len() == 1);
        let mut whole = loader::load(folder.path(), &Notices::new()).unwrap();
        assert!(whole.unread.is_empty() && whole.files.len() == 2);
        let manifest = rendered(&mut whole).unwrap();
        assert!(manifest.contains("a: one\nb: \n") && manifest.contains("c.txt: three\n"), "{manifest}");
        assert_eq!(rendered(&mut lazy), Ok(manifest.clone()));

        // Nobody asks for what is in this one.
        let mut lazy = load();
        fs::remove_file(path("b.txt")).unwrap();
        assert_eq!(rendered(&mut lazy), Ok(manifest));
        let mut lazy = load();
        fs::remove_file(path("charts/sub/c.txt")).unwrap();
        let gone = path("charts/sub/c.txt");
        let why = format!("error reading c.txt: open {}: no such file or directory", gone.display());
        assert_eq!(rendered(&mut lazy), Err(why));
    }
}
