//! Rendered files to objects and hooks: splitting into documents, telling hooks, ordering by kind.

use std::cmp::Ordering;

use super::engine::Files;
use super::manifest::{Hook, HookEvent, Manifest};
use crate::chart::Notices;
use crate::gotemplate::{Map, Value, errtext};
use crate::goyaml;
use crate::goyaml::schema::{Field, Struct, Type};

/// The order in which kinds are installed; kinds that are not here come last, by name.
pub const INSTALL_ORDER: [&str; 38] = [
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// The order in which kinds are deleted: the other way round, but Services go right after the Ingresses.
pub const UNINSTALL_ORDER: [&str; 38] = [
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "APIService",
    "Ingress",
    "IngressClass",
    "Service",
    "CronJob",
    "Job",
    "StatefulSet",
    "HorizontalPodAutoscaler",
    "Deployment",
    "ReplicaSet",
    "ReplicationController",
    "Pod",
    "DaemonSet",
    "RoleBindingList",
    "RoleBinding",
    "RoleList",
    "Role",
    "ClusterRoleBindingList",
    "ClusterRoleBinding",
    "ClusterRoleList",
    "ClusterRole",
    "CustomResourceDefinition",
    "PersistentVolumeClaim",
    "PersistentVolume",
    "StorageClass",
    "ConfigMap",
    "SecretList",
    "Secret",
    "ServiceAccount",
    "PodDisruptionBudget",
    "PodSecurityPolicy",
    "LimitRange",
    "ResourceQuota",
    "NetworkPolicy",
    "Namespace",
    "PriorityClass",
];

/// Compares two kinds by an order; kinds that are not in it come last, by name. Sorting must be stable.
pub fn compare_kinds(order: &[&str], a: &str, b: &str) -> Ordering {
    let rank = |kind: &str| order.iter().position(|known| *known == kind).unwrap_or(order.len());
    let (x, y) = (rank(a), rank(b));
    if x == order.len() && y == order.len() { a.cmp(b) } else { x.cmp(&y) }
}

/// The documents of a rendered file: split at `---` at the start of a line, white space before each removed, none left empty.
pub fn split(text: &str) -> Vec<&str> {
    let text = text.trim_start();
    let mut documents = Vec::new();
    let mut start = 0;
    let mut at = 0;
    loop {
        let line_start = at;
        if text[line_start..].starts_with("---") {
            documents.push(&text[start..line_start]);
            let rest = text[line_start + 3..].trim_start_matches([' ', '\t']);
            start = text.len() - rest.len();
            at = start;
        }
        match memchr::memchr(b'\n', &text.as_bytes()[at..]) {
            Some(end) => at += end + 1,
            None => break,
        }
    }
    documents.push(&text[start..]);
    documents.into_iter().map(str::trim_start).filter(|d| !d.is_empty()).collect()
}

/// More objects are not sorted: no cluster would take them.
pub(super) const MAX_OBJECTS: usize = 100_000;

/// Longer documents are not read: that takes many times the memory.
pub(super) const MAX_DOCUMENT: usize = 32 << 20;

static METADATA: Struct = Struct {
    package: "",
    name: r#"struct { Name string "json:\"name\""; Annotations map[string]string "json:\"annotations\"" }"#,
    fields: &[Field { name: "name", ty: Type::Str }, Field { name: "annotations", ty: Type::Map(&Type::Str) }],
};

static HEAD: Struct = Struct {
    package: "util",
    name: "SimpleHead",
    fields: &[
        Field { name: "apiVersion", ty: Type::Str },
        Field { name: "kind", ty: Type::Str },
        Field { name: "metadata", ty: Type::Pointer(&Type::Struct(&METADATA)) },
    ],
};

/// What is known of an object without decoding all of it.
#[derive(Default)]
struct Head {
    api_version: String,
    kind: String,
    name: String,
    annotations: Vec<(String, String)>,
}

impl Head {
    fn read(document: &[u8]) -> Result<Self, goyaml::Error> {
        let mut head = Self::default();
        let Value::Map(map) = goyaml::from_yaml_struct(document, &HEAD, false)? else { return Ok(head) };
        head.api_version = text(&map, "apiVersion");
        head.kind = text(&map, "kind");
        if let Some(Value::Map(metadata)) = map.get("metadata") {
            head.name = text(&metadata, "name");
            if let Some(Value::Map(annotations)) = metadata.get("annotations") {
                let shown = |v: &Value| v.as_str().map(|s| s.to_str().into_owned()).unwrap_or_default();
                head.annotations =
                    annotations.borrow().iter().map(|(k, v)| (k.to_str().into_owned(), shown(v))).collect();
            }
        }
        Ok(head)
    }

    fn annotation(&self, name: &str) -> Option<&str> {
        self.annotations.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A comma-separated annotation, in lower case.
    fn words(&self, name: &str) -> Vec<String> {
        let value = self.annotation(name);
        value.into_iter().flat_map(|v| v.split(',')).map(|word| word.trim().to_lowercase()).collect()
    }
}

fn text(map: &Map, key: &str) -> String {
    map.get(key).and_then(|v| v.as_str().map(|s| s.to_str().into_owned())).unwrap_or_default()
}

/// Objects and hooks of rendered files, sorted by kind. On error what was found so far is returned with it, unsorted.
pub fn sort(files: &Files, notices: &Notices) -> (Vec<Manifest>, Vec<Hook>, Option<String>) {
    let (mut manifests, mut hooks) = (Vec::new(), Vec::new());
    for (path, content) in files {
        let base = path.rsplit('/').next().unwrap_or(path);
        let text = errtext::text(content.as_bytes());
        if base.starts_with('_') || text.trim().is_empty() {
            continue;
        }
        for document in split(&text) {
            if manifests.len() + hooks.len() == MAX_OBJECTS {
                return (manifests, hooks, Some(format!("there are more than {MAX_OBJECTS} objects")));
            }
            if document.len() > MAX_DOCUMENT {
                let text = format!("a document of {} bytes is too long (at most {MAX_DOCUMENT})", document.len());
                return (manifests, hooks, Some(format!("YAML parse error on {path}: {text}")));
            }
            // The reader knows the bytes: they may be UTF-16, or wrong.
            let head = match Head::read(&errtext::bytes(document)) {
                Ok(head) => head,
                Err(error) => return (manifests, hooks, Some(format!("YAML parse error on {path}: {error}"))),
            };
            let Some(events) = head.annotation("helm.sh/hook") else {
                manifests.push(Manifest {
                    path: path.clone(),
                    content: document.to_string(),
                    api_version: head.api_version,
                    kind: head.kind,
                    name: head.name,
                });
                continue;
            };
            let parsed: Option<Vec<HookEvent>> =
                head.words("helm.sh/hook").iter().map(|word| HookEvent::parse(word)).collect();
            let Some(parsed) = parsed else {
                notices.add(
                    crate::chart::Level::Info,
                    "skipping unknown hooks",
                    vec![("hookTypes", events.to_string())],
                );
                continue;
            };
            hooks.push(Hook {
                path: path.clone(),
                manifest: document.to_string(),
                events: parsed,
                weight: head.annotation("helm.sh/hook-weight").and_then(|w| w.parse().ok()).unwrap_or(0),
                delete_policies: head.words("helm.sh/hook-delete-policy"),
                output_log_policies: head.words("helm.sh/hook-output-log-policy"),
                name: head.name,
                kind: head.kind,
            });
        }
    }
    hooks.sort_by(|a, b| compare_kinds(&INSTALL_ORDER, &a.kind, &b.kind));
    manifests.sort_by(|a, b| compare_kinds(&INSTALL_ORDER, &a.kind, &b.kind));
    (manifests, hooks, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_split_as_in_helm() {
        assert_eq!(split("\n---\na: 1\n\n---  \nb: 2\n"), ["a: 1\n\n", "b: 2\n"]);
        assert_eq!(split("---apiVersion: v1\n"), ["apiVersion: v1\n"]);
        assert_eq!(split("a: |\n  ---\n"), ["a: |\n  ---\n"]);
        assert_eq!(split("--- # c\na: 1"), ["# c\na: 1"]);
        assert_eq!(split("------\na"), ["---\na"]);
        assert_eq!(split(" \n"), Vec::<&str>::new());
    }

    #[test]
    fn kinds_are_ordered_as_in_helm() {
        let mut kinds = ["Zebra", "Service", "Ant", "Namespace", "Service"];
        kinds.sort_by(|a, b| compare_kinds(&INSTALL_ORDER, a, b));
        assert_eq!(kinds, ["Namespace", "Service", "Service", "Ant", "Zebra"]);
    }
}
