//! Who would bring a replica back that its StatefulSet has given up.

use super::{
    Problem,
    containers::{items, text},
};
use crate::cluster::{Cluster, Json, ObjectRef};

/// Looks for them: controllers of the StatefulSet, autoscalers, and tools that keep a cluster as a repository says.
pub(super) async fn look(cluster: &Cluster, namespace: &str, name: &str) -> (Vec<Problem>, Vec<String>) {
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    let object = ObjectRef::new("apps/v1", "StatefulSet", namespace, name);
    if let Ok(Some(live)) = cluster.get(&object).await {
        problems.extend(controller(&live, name));
        warnings.extend(tool(&live, name));
    }
    for (version, kind) in [("autoscaling/v2", "HorizontalPodAutoscaler"), ("keda.sh/v1alpha1", "ScaledObject")] {
        // What is not served, or not allowed to be seen, is none.
        let Ok(scalers) = cluster.list(version, kind, Some(namespace), None).await else { continue };
        let ours = |target: Option<&Json>| {
            target.is_some_and(|t| text(t, "/name") == Some(name) && matches!(text(t, "/kind"), Some("StatefulSet")))
        };
        for scaler in scalers.iter().filter(|scaler| ours(scaler.pointer("/spec/scaleTargetRef"))) {
            let own = text(scaler, "/metadata/name").unwrap_or_default();
            problems.push(Problem::new(
                format!("{}/{own} scales statefulset/{name}: it would bring the replica back", kind.to_lowercase()),
                "remove it for the time of the handover",
            ));
        }
    }
    (problems, warnings)
}

/// An operator that owns the StatefulSet.
fn controller(statefulset: &Json, name: &str) -> Option<Problem> {
    let owner = items(statefulset, "/metadata/ownerReferences").iter().find(|o| o["controller"] == true)?;
    let (kind, own) = (text(owner, "/kind")?, text(owner, "/name")?);
    Some(Problem::new(
        format!(
            "statefulset/{name} is run by {}/{own}: that operator would bring the replica back",
            kind.to_lowercase()
        ),
        "a database that an operator runs is handed over by its own means; or take the StatefulSet out of its hands first",
    ))
}

/// A tool that sets the StatefulSet back to what a repository says.
fn tool(statefulset: &Json, name: &str) -> Option<String> {
    let has = |prefix: &str| {
        ["/metadata/labels", "/metadata/annotations"].iter().any(|place| {
            let map = statefulset.pointer(place).and_then(Json::as_object);
            map.is_some_and(|map| map.keys().any(|key| key.starts_with(prefix)))
        })
    };
    let tools = [
        ("argocd.argoproj.io/", "Argo CD"),
        ("kustomize.toolkit.fluxcd.io/", "Flux"),
        ("helm.toolkit.fluxcd.io/", "Flux"),
        ("fleet.cattle.io/", "Fleet"),
    ];
    let (_, tool) = tools.into_iter().find(|(prefix, _)| has(prefix))?;
    Some(format!(
        "{tool} keeps statefulset/{name} as its repository says and may bring the replica back: lower the replicas there, or pause it until the handover is over"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn operators_and_tools_are_known_by_their_marks() {
        let plain = json!({"metadata": {"labels": {"app": "x"}}});
        assert!(controller(&plain, "db").is_none() && tool(&plain, "db").is_none());
        let owned = json!({"metadata": {"ownerReferences": [{"kind": "Cluster", "name": "pg", "controller": true}]}});
        assert!(controller(&owned, "db").unwrap().what.contains("cluster/pg"));
        let argo = json!({"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": "x"}}});
        assert!(tool(&argo, "db").unwrap().contains("Argo CD"));
    }
}
