//! The kinds that are served: those of Kubernetes, and those that `CustomResourceDefinitions` add.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::json::{Access, Json, name};
use super::schema::{ANY, Schema, TypeId, recorded};

/// Names a resource: `apps/deployments`, `/pods`.
pub type Key = Arc<str>;

/// One version of a kind.
#[derive(Clone, Debug)]
pub struct Version {
    /// `v1`
    pub name: String,
    /// The structure of its objects.
    pub ty: TypeId,
    /// Whether requests can use it.
    pub served: bool,
    /// Columns of tables (`additionalPrinterColumns`).
    pub columns: Vec<Json>,
}

/// A subresource.
#[derive(Clone, Debug)]
pub struct Subresource {
    /// Kind of its objects: group, version, kind.
    pub kind: Json,
    /// What can be done with it.
    pub verbs: Vec<String>,
}

/// A kind of objects.
#[derive(Clone, Debug)]
#[expect(clippy::struct_field_names, reason = "Kubernetes calls the field so")]
pub struct Kind {
    /// Names its store.
    pub key: Key,
    /// `apps`, empty for the core group.
    pub group: String,
    /// `Deployment`
    pub kind: String,
    /// `deployments`
    pub plural: String,
    /// `deployment`
    pub singular: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// `deploy`
    pub short: Vec<String>,
    /// `all`
    pub categories: Vec<String>,
    /// `get`, `list`, ...
    pub verbs: Vec<String>,
    /// By name.
    pub subresources: BTreeMap<String, Subresource>,
    /// The preferred one first.
    pub versions: Vec<Version>,
    /// The version objects are stored with.
    pub storage: usize,
    /// For custom kinds: the definition's `subresources.scale`.
    pub scale_paths: Option<Json>,
    /// Whether a `CustomResourceDefinition` made it.
    pub custom: bool,
}

impl Kind {
    /// `deployments.apps`, `pods`
    pub fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// `Deployment.apps`, `Pod`
    pub fn qualified_kind(&self) -> String {
        if self.group.is_empty() { self.kind.clone() } else { format!("{}.{}", self.kind, self.group) }
    }

    /// `apps/v1`
    pub fn api_version(&self, version: &str) -> String {
        if self.group.is_empty() { version.into() } else { format!("{}/{version}", self.group) }
    }

    /// The version that objects are stored with.
    pub fn stored(&self) -> &Version {
        &self.versions[self.storage]
    }

    /// A served version by name.
    pub fn version(&self, name: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.served && version.name == name)
    }

    /// Whether there is a `status` subresource.
    pub fn has_status(&self) -> bool {
        self.subresources.contains_key("status")
    }
}

/// All kinds.
#[derive(Clone, Debug)]
pub struct Registry {
    kinds: BTreeMap<Key, Arc<Kind>>,
}

impl Registry {
    /// The kinds of the recorded Kubernetes.
    pub fn new() -> Self {
        let schema = &recorded().schema;
        let kinds = recorded().kinds.iter().map(|kind| {
            let text = |key: &str| kind[key].as_str().unwrap_or_default().to_string();
            let (group, plural) = (text("group"), text("plural"));
            let key: Key = format!("{group}/{plural}").into();
            let subresources = kind["subresources"].as_object().into_iter().flatten().map(|(name, sub)| {
                (name.clone(), Subresource { kind: sub["kind"].clone(), verbs: texts(&sub["verbs"]) })
            });
            let ty = kind["type"].as_str().and_then(|name| schema.named(name)).unwrap_or(ANY);
            let kind = Kind {
                key: key.clone(),
                kind: text("kind"),
                singular: text("singular"),
                namespaced: kind["namespaced"] == true,
                short: texts(&kind["short"]),
                categories: texts(&kind["categories"]),
                verbs: texts(&kind["verbs"]),
                subresources: subresources.collect(),
                versions: vec![Version { name: text("version"), ty, served: true, columns: Vec::new() }],
                storage: 0,
                scale_paths: None,
                custom: false,
                group,
                plural,
            };
            (key, Arc::new(kind))
        });
        Self { kinds: kinds.collect() }
    }

    /// All kinds, in order of group and name.
    pub fn kinds(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.kinds.values()
    }

    /// The kind with this store.
    pub fn by_key(&self, key: &str) -> Option<&Arc<Kind>> {
        self.kinds.get(key)
    }

    /// The kind at `/apis/GROUP/VERSION/PLURAL`.
    pub fn by_resource(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Kind>> {
        let kind = self.kinds.get(format!("{group}/{plural}").as_str())?;
        kind.version(version).map(|_| kind)
    }

    /// The kind of objects with this `apiVersion` and `kind`; the version need not be served.
    pub fn by_kind(&self, api_version: &str, kind: &str) -> Option<&Arc<Kind>> {
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        self.kinds.values().find(|known| known.group == group && known.kind == kind)
    }

    /// Adds or replaces the kind of a `CustomResourceDefinition`.
    pub fn define(&mut self, schema: &mut Schema, definition: &Json) {
        let spec = &definition["spec"];
        let names = if spec["names"].is_object() { &spec["names"] } else { return };
        let kind = names.text("/kind").to_string();
        let mut subresources = BTreeMap::new();
        let mut scale_paths = None;
        let group = spec.text("/group").to_string();
        let mut versions: Vec<Version> = Vec::new();
        let mut storage = 0;
        for version in spec.items("/versions") {
            let structure = version.at("/schema/openAPIV3Schema");
            let version_name = version.text("/name").to_string();
            if version["storage"] == true {
                storage = versions.len();
            }
            if version["subresources"]["status"].is_object() {
                let kind = json!({"group": group, "version": version_name, "kind": kind});
                let verbs = ["get", "patch", "update"].map(String::from).to_vec();
                subresources.insert("status".to_string(), Subresource { kind, verbs });
            }
            if version["subresources"]["scale"].is_object() {
                let kind = json!({"group": "autoscaling", "version": "v1", "kind": "Scale"});
                let verbs = ["get", "patch", "update"].map(String::from).to_vec();
                subresources.insert("scale".to_string(), Subresource { kind, verbs });
                scale_paths = Some(version["subresources"]["scale"].clone());
            }
            versions.push(Version {
                name: version_name,
                ty: schema.add_custom(&kind, structure),
                served: version["served"] != false,
                columns: version.items("/additionalPrinterColumns").to_vec(),
            });
        }
        if versions.is_empty() {
            return;
        }
        let plural = names.text("/plural").to_string();
        let key: Key = format!("{group}/{plural}").into();
        let lower = kind.to_lowercase();
        let kind = Kind {
            key: key.clone(),
            singular: names["singular"].as_str().map_or(lower, String::from),
            kind,
            namespaced: spec["scope"] == "Namespaced",
            short: texts(&names["shortNames"]),
            categories: texts(&names["categories"]),
            verbs: ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]
                .map(String::from)
                .to_vec(),
            subresources,
            versions,
            storage,
            scale_paths,
            custom: true,
            group,
            plural,
        };
        self.kinds.insert(key, Arc::new(kind));
    }

    /// Takes a custom kind away.
    pub fn undefine(&mut self, definition: &Json) {
        // The name of a definition is PLURAL.GROUP.
        if let Some((plural, group)) = name(definition).split_once('.') {
            self.kinds.remove(format!("{group}/{plural}").as_str());
        }
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

fn texts(list: &Json) -> Vec<String> {
    list.items("").iter().filter_map(|item| item.as_str().map(String::from)).collect()
}
