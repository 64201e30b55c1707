//! The live objects of a release as the server's own tables, as `kubectl get` shows them.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::{Failure, describe::Resources};
use crate::{
    cluster::{Cluster, ObjectRef, in_parallel},
    release::{Release, manifest},
};

/// The objects of a release and the pods that belong to them, kind by kind in the order of the manifest, as tables.
///
/// # Errors
/// When the manifest is no YAML.
pub async fn table(cluster: &Cluster, release: &Release) -> Result<String, Failure> {
    let (references, pods) = parts(release)?;
    let answers =
        in_parallel(&references, |reference| async move { (title(reference), cluster.table(reference, None).await) });
    let mut sections = Sections::default();
    for (title, table) in answers.await {
        // What does not exist any more is left out.
        if let Ok(table) = table {
            sections.add(&title, &table);
        }
    }
    for (namespace, selector) in pods {
        if let Ok(table) = cluster.table(&ObjectRef::new("v1", "Pod", &namespace, ""), Some(&selector)).await {
            sections.add(RELATED, &table);
        }
    }
    Ok(sections.text())
}

/// The same as the objects themselves.
///
/// # Errors
/// When the manifest is no YAML.
pub async fn live(cluster: &Cluster, release: &Release) -> Result<Resources, Failure> {
    let (references, pods) = parts(release)?;
    let answers = in_parallel(&references, |reference| async move { (title(reference), cluster.get(reference).await) });
    let mut resources = Resources::new();
    for (title, object) in answers.await {
        if let Ok(Some(object)) = object {
            resources.entry(title).or_default().push(object);
        }
    }
    for (namespace, selector) in pods {
        if let Ok(found) = cluster.list("v1", "Pod", Some(&namespace), Some(&selector)).await {
            // Helm shows them as the list that it asked for.
            let list =
                json!({"apiVersion": "v1", "items": found, "kind": "PodList", "metadata": {"resourceVersion": ""}});
            resources.entry(RELATED.into()).or_default().push(list);
        }
    }
    Ok(resources)
}

/// Helm's title of the pods that belong to workloads of the release.
const RELATED: &str = "v1/Pod(related)";

fn title(reference: &ObjectRef) -> String {
    format!("{}/{}", version(&reference.api_version), reference.kind)
}

/// Namespace and label selector.
type PodsOf = (String, String);

/// The objects of a release, and namespace and selector of the pods of its workloads.
fn parts(release: &Release) -> Result<(Vec<ObjectRef>, BTreeSet<PodsOf>), Failure> {
    let objects = manifest::objects(&release.manifest).map_err(|error| Failure::Failed(format!("Error: {error}")))?;
    let namespace_of = |reference: &ObjectRef| reference.namespace.clone().unwrap_or_else(|| release.namespace.clone());
    let references = objects.iter().map(ObjectRef::of);
    let references =
        references.map(|reference| ObjectRef { namespace: Some(namespace_of(&reference)), ..reference }).collect();
    let pods =
        objects.iter().filter_map(|object| Some((namespace_of(&ObjectRef::of(object)), selector(object)?))).collect();
    Ok((references, pods))
}

fn version(api_version: &str) -> &str {
    api_version.rsplit('/').next().unwrap_or(api_version)
}

/// The label selector of a workload's pods.
fn selector(object: &Json) -> Option<String> {
    let labels = match object["kind"].as_str()? {
        "ReplicaSet" | "Deployment" | "StatefulSet" | "DaemonSet" | "Job" => &object["spec"]["selector"]["matchLabels"],
        "ReplicationController" => &object["spec"]["selector"],
        _ => return None,
    };
    let pairs: Vec<String> =
        labels.as_object()?.iter().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect();
    Some(pairs.join(","))
}

#[derive(Default)]
struct Sections(Vec<(String, String, Vec<String>)>);

impl Sections {
    /// Adds the rows of a server's table; its header only when it differs from the one before.
    fn add(&mut self, title: &str, table: &Json) {
        let columns: Vec<&Json> = table["columnDefinitions"].as_array().into_iter().flatten().collect();
        // Columns of a higher priority are for wide output.
        let shown: Vec<usize> =
            (0..columns.len()).filter(|place| columns[*place]["priority"].as_i64().unwrap_or(0) == 0).collect();
        let header: Vec<String> =
            shown.iter().map(|place| columns[*place]["name"].as_str().unwrap_or_default().to_uppercase()).collect();
        let rows = table["rows"].as_array().into_iter().flatten();
        let rows: Vec<Vec<String>> =
            rows.map(|row| shown.iter().map(|place| cell(&row["cells"][place])).collect()).collect();
        if rows.is_empty() {
            return;
        }
        if self.0.iter().all(|(known, _, _)| known != title) {
            self.0.push((title.to_owned(), String::new(), Vec::new()));
        }
        let Some((_, text, last)) = self.0.iter_mut().find(|(known, _, _)| known == title) else { return };
        let mut lines = Vec::new();
        if *last != header {
            lines.push(header.clone());
            *last = header;
        }
        lines.extend(rows);
        text.push_str(&aligned(&lines));
    }

    fn text(self) -> String {
        let sections: Vec<String> = self.0.iter().map(|(title, text, _)| format!("==> {title}\n{text}\n")).collect();
        sections.concat()
    }
}

fn cell(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => "<none>".into(),
        other => other.to_string(),
    }
}

/// Columns at least six wide with three blanks between them, as kubectl prints them.
fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(|column| (width(column) + 3).max(6)).collect();
    let mut text = String::new();
    for line in lines {
        for (place, cell) in line.iter().enumerate() {
            let last = place + 1 == line.len();
            text.push_str(cell);
            if !last {
                text.push_str(&" ".repeat(widths[place] - cell.chars().count()));
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_one_kind_share_their_header() {
        let table = |name: &str| {
            json!({"columnDefinitions": [{"name": "Name", "priority": 0}, {"name": "Data", "priority": 0}, {"name": "Wide", "priority": 1}],
                   "rows": [{"cells": [name, 2, "x"]}]})
        };
        let mut sections = Sections::default();
        sections.add("v1/ConfigMap", &table("first"));
        sections.add("v1/ConfigMap", &table("b"));
        assert_eq!(sections.text(), "==> v1/ConfigMap\nNAME    DATA\nfirst   2\nb     2\n\n");
    }
}
