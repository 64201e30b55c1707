//! The Go objects that templates see besides maps: `.Capabilities`, `.Files`.

use std::any::Any;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::capabilities::{Capabilities, HELM_VERSION};
use super::glob::Glob;
use crate::chart::File;
use crate::gotemplate::value::StructField;
use crate::gotemplate::{FuncError, GoStr, MapKind, Object, Signature, Type, Value};
use crate::goyaml;

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

    fn printed_fields(&self) -> Option<Vec<Value>> {
        let (kube, versions, helm) = (self.kube.clone(), self.versions.clone(), self.helm.clone());
        Some(vec![Value::Object(kube), Value::Object(versions), Value::Object(helm)])
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
struct VersionSet(Vec<String>);

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

    fn call(&self, name: &str, args: &[Value]) -> Option<Result<Value, FuncError>> {
        let wanted = args.first().and_then(Value::as_str);
        (name == "Has").then(|| Ok(Value::Bool(wanted.is_some_and(|w| self.0.iter().any(|v| w == v.as_str())))))
    }

    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        let number = |i: usize| Value::int(i64::try_from(i).unwrap_or_default());
        Some(self.0.iter().enumerate().map(|(i, v)| (number(i), Value::str(v.as_str()))).collect())
    }

    fn display(&self) -> String {
        format!("[{}]", self.0.join(" "))
    }

    fn truth(&self) -> bool {
        !self.0.is_empty()
    }

    fn to_plain(&self) -> Value {
        Value::strings(self.0.iter().map(String::as_str))
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
                "String" => return Some(Ok(Value::str(self.fields[1].2.as_str()))),
                _ => {}
            }
        }
        self.get(name).map(Ok)
    }

    fn printed_fields(&self) -> Option<Vec<Value>> {
        Some(self.fields.iter().map(|(_, _, value)| Value::str(value.as_str())).collect())
    }

    fn display(&self) -> String {
        let values: Vec<&str> = self.fields.iter().map(|(_, _, value)| value.as_str()).collect();
        format!("{{{}}}", values.join(" "))
    }

    fn printed(&self) -> String {
        if self.has_methods() { self.fields[1].2.clone() } else { self.display() }
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
pub fn files(files: &[File]) -> Value {
    let by_name = files.iter().map(|f| (f.name.clone(), f.data.clone())).collect();
    Value::Object(Rc::new(Files(by_name)))
}

/// `engine.files`
#[derive(Debug)]
struct Files(BTreeMap<String, GoStr>);

impl Files {
    fn get(&self, name: &Value) -> Option<&GoStr> {
        self.0.get(&*name.as_str()?.to_str())
    }

    /// Content by the last element of the path, as a YAML map.
    fn as_map(&self, content: impl Fn(&GoStr) -> Value) -> Result<Value, FuncError> {
        let entries = self.0.iter().map(|(name, data)| (name.rsplit('/').next().unwrap_or(name), content(data)));
        let text = goyaml::to_yaml(&Value::map_of(MapKind::Str, entries)).map_err(|e| FuncError::new(e.to_string()))?;
        Ok(Value::str(text.strip_suffix(b"\n").unwrap_or(&text)))
    }

    fn glob(&self, pattern: &str) -> Result<Self, FuncError> {
        /// What takes more steps is no pattern for files.
        const MAX_STEPS: usize = 1_000_000_000;
        let names: usize = self.0.keys().map(String::len).sum();
        if names.saturating_mul(pattern.len()) > MAX_STEPS {
            return Err(FuncError::new(format!("a pattern of {} bytes is too long", pattern.len())));
        }
        let glob = Glob::new(pattern).unwrap_or_else(Glob::everything);
        let found = self.0.iter().filter(|(name, _)| glob.matches(name));
        Ok(Self(found.map(|(name, data)| (name.clone(), data.clone())).collect()))
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
            _ => self.0.get(name).map(|data| Ok(Value::Bytes(Rc::new(data.as_bytes().to_vec())))),
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

    fn call(&self, name: &str, args: &[Value]) -> Option<Result<Value, FuncError>> {
        let arg = args.first()?;
        Some(Ok(match name {
            "Get" => self.get(arg).map_or_else(|| Value::str(""), |data| Value::Str(data.clone())),
            "GetBytes" => Value::Bytes(Rc::new(self.get(arg).map(|data| data.as_bytes().to_vec()).unwrap_or_default())),
            "Glob" => match self.glob(&arg.as_str()?.to_str()) {
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
                Value::strings(bytes.split(|b| *b == b'\n'))
            }
            _ => return None,
        }))
    }

    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        let bytes = |data: &GoStr| Value::Bytes(Rc::new(data.as_bytes().to_vec()));
        Some(self.0.iter().map(|(name, data)| (Value::str(name.as_str()), bytes(data))).collect())
    }

    fn display(&self) -> String {
        let shown = |data: &GoStr| data.as_bytes().iter().map(u8::to_string).collect::<Vec<_>>().join(" ");
        let entries: Vec<String> = self.0.iter().map(|(name, data)| format!("{name}:[{}]", shown(data))).collect();
        format!("map[{}]", entries.join(" "))
    }

    fn truth(&self) -> bool {
        !self.0.is_empty()
    }

    fn to_plain(&self) -> Value {
        Value::map(self.0.iter().map(|(name, data)| (name.as_str(), Value::Bytes(Rc::new(data.as_bytes().to_vec())))))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
