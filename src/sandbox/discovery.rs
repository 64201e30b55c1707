//! Discovery: which groups, versions and kinds are served.

use serde_json::json;

use super::json::Json;
use super::registry::{Kind, Registry};
use super::schema::recorded;

const PLAIN: &str = "application/json";
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The document at `path` and its content type.
pub fn document(registry: &Registry, path: &str, accept: &str) -> Option<(Json, &'static str)> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let aggregated = accept.contains("as=APIGroupDiscoveryList") && accept.contains("v=v2");
    Some(match parts.as_slice() {
        ["version"] => (recorded().version.clone(), PLAIN),
        ["api"] if aggregated => (group_list(registry, true), AGGREGATED),
        ["apis"] if aggregated => (group_list(registry, false), AGGREGATED),
        ["api"] => (
            json!({"kind": "APIVersions", "versions": ["v1"],
                "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}]}),
            PLAIN,
        ),
        ["apis"] => {
            let groups: Vec<Json> =
                groups(registry).iter().filter(|g| !g.is_empty()).map(|g| group(registry, g)).collect();
            (json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}), PLAIN)
        }
        ["apis", name] => {
            groups(registry).iter().find(|known| known == name)?;
            let mut body = group(registry, name);
            body["kind"] = "APIGroup".into();
            body["apiVersion"] = "v1".into();
            (body, PLAIN)
        }
        ["api", version] => (resources(registry, "", version)?, PLAIN),
        ["apis", group, version] => (resources(registry, group, version)?, PLAIN),
        _ => return None,
    })
}

fn groups(registry: &Registry) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for kind in registry.kinds() {
        if !names.contains(&kind.group) {
            names.push(kind.group.clone());
        }
    }
    names
}

/// Versions of a group: stable ones first, then the newest.
fn versions(registry: &Registry, group: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for kind in registry.kinds().filter(|kind| kind.group == group) {
        for version in kind.versions.iter().filter(|version| version.served) {
            if !names.contains(&version.name) {
                names.push(version.name.clone());
            }
        }
    }
    names.sort_by_key(|name| std::cmp::Reverse(rank(name)));
    names
}

/// The order of versions: `v2` > `v1` > `v1beta2` > `v1beta1` > `v1alpha1` > anything else.
fn rank(version: &str) -> (u8, u32, u32) {
    let Some(rest) = version.strip_prefix('v') else { return (0, 0, 0) };
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let Ok(major) = rest[..digits].parse() else { return (0, 0, 0) };
    let (stage, minor) = match &rest[digits..] {
        "" => (3, ""),
        text if text.starts_with("beta") => (2, &text[4..]),
        text if text.starts_with("alpha") => (1, &text[5..]),
        _ => return (0, 0, 0),
    };
    (stage, major, minor.parse().unwrap_or(0))
}

fn group(registry: &Registry, name: &str) -> Json {
    let versions: Vec<Json> = versions(registry, name)
        .iter()
        .map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version}))
        .collect();
    json!({"name": name, "preferredVersion": versions.first(), "versions": versions})
}

fn resources(registry: &Registry, group: &str, version: &str) -> Option<Json> {
    let mut list = Vec::new();
    let mut found = false;
    for kind in registry.kinds().filter(|kind| kind.group == group && kind.version(version).is_some()) {
        found = true;
        let mut entry = json!({
            "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced, "kind": kind.kind,
            "verbs": kind.verbs,
        });
        if !kind.short.is_empty() {
            entry["shortNames"] = json!(kind.short);
        }
        if !kind.categories.is_empty() {
            entry["categories"] = json!(kind.categories);
        }
        list.push(entry);
        for (name, sub) in &kind.subresources {
            let mut entry = json!({
                "name": format!("{}/{name}", kind.plural), "singularName": "", "namespaced": kind.namespaced,
                "kind": sub.kind["kind"], "verbs": sub.verbs,
            });
            if sub.kind["group"] != group || sub.kind["version"] != version {
                entry["group"] = sub.kind["group"].clone();
                entry["version"] = sub.kind["version"].clone();
            }
            list.push(entry);
        }
    }
    let group_version = if group.is_empty() { version.to_string() } else { format!("{group}/{version}") };
    found.then(
        || json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": list}),
    )
}

fn group_list(registry: &Registry, core: bool) -> Json {
    let items: Vec<Json> = groups(registry)
        .iter()
        .filter(|name| name.is_empty() == core)
        .map(|name| {
            let versions: Vec<Json> = versions(registry, name)
                .iter()
                .map(|version| {
                    let kinds = registry.kinds().filter(|kind| kind.group == *name && kind.version(version).is_some());
                    let resources: Vec<Json> = kinds.map(|kind| aggregated(kind, version)).collect();
                    json!({"version": version, "resources": resources, "freshness": "Current"})
                })
                .collect();
            let metadata = if name.is_empty() { json!({}) } else { json!({"name": name}) };
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}

fn aggregated(kind: &Kind, version: &str) -> Json {
    let scope = if kind.namespaced { "Namespaced" } else { "Cluster" };
    let mut entry = json!({
        "resource": kind.plural, "responseKind": {"group": kind.group, "version": version, "kind": kind.kind},
        "scope": scope, "singularResource": kind.singular, "verbs": kind.verbs,
    });
    if !kind.short.is_empty() {
        entry["shortNames"] = json!(kind.short);
    }
    if !kind.categories.is_empty() {
        entry["categories"] = json!(kind.categories);
    }
    if !kind.subresources.is_empty() {
        entry["subresources"] = kind
            .subresources
            .iter()
            .map(|(name, sub)| json!({"subresource": name, "responseKind": sub.kind, "verbs": sub.verbs}))
            .collect();
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_kubernetes_does() {
        let mut names = ["v1alpha1", "v1beta2", "foo", "v2", "v1", "v1beta10"];
        names.sort_by_key(|name| std::cmp::Reverse(rank(name)));
        assert_eq!(names, ["v2", "v1", "v1beta10", "v1beta2", "v1alpha1", "foo"]);
    }
}
