//! Whether the replica's volume can be handed over.

use serde_json::Value as Json;

use super::Checks;
use crate::cluster::{Cluster, ObjectRef};
use crate::handover::{Error, Layout, UpgradeOptions, claims, containers};

fn access(claim: &Json, mode: &str) -> bool {
    containers::items(claim, "/spec/accessModes").iter().any(|m| m == mode)
}

/// The nodes that a volume is bound to by name; empty when it is to none.
fn nodes_of(volume: &Json) -> Vec<String> {
    let terms = containers::items(volume, "/spec/nodeAffinity/required/nodeSelectorTerms").iter();
    let expressions = terms.flat_map(|term| containers::items(term, "/matchExpressions"));
    let hosts = expressions.filter(|e| e["key"] == "kubernetes.io/hostname" && e["operator"] == "In");
    hosts.flat_map(|e| containers::items(e, "/values")).filter_map(|v| v.as_str().map(str::to_owned)).collect()
}

/// The claim must be bound and belong to the replica alone.
pub(super) async fn look(
    cluster: &Cluster,
    options: &UpgradeOptions,
    layout: &mut Layout,
    checks: &mut Checks,
) -> Result<(), Error> {
    checks.count += 2;
    let name = layout.volume.claim.clone();
    let object = claims::claim(&options.namespace, &name);
    let Some(live) = cluster.get(&object).await? else {
        checks
            .problem(format!("{object} does not exist"), "the replica's volume must be a claim in the same namespace");
        return Ok(());
    };
    let phase = live.pointer("/status/phase").and_then(Json::as_str).unwrap_or("Unknown");
    if phase != "Bound" {
        checks.problem(
            format!("{object} is not Bound but {phase}"),
            format!("see why: kubectl -n {} describe pvc {name}", options.namespace),
        );
    }
    if live.pointer("/metadata/deletionTimestamp").is_some() {
        checks.problem(format!("{object} is being deleted"), "it goes when its pod goes: use another replica's");
    }
    let text = |pointer: &str| live.pointer(pointer).and_then(Json::as_str).map(str::to_owned);
    if access(&live, "ReadOnlyMany")
        && !["ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod"].iter().any(|m| access(&live, m))
    {
        checks.problem(
            format!("{object} can only be read (ReadOnlyMany)"),
            "a database needs a volume that it can write to",
        );
    }
    layout.volume.volume = text("/spec/volumeName");
    if let Some(name) = &layout.volume.volume {
        // Who may not see volumes is not told.
        let volume = cluster.get(&ObjectRef::cluster_wide("v1", "PersistentVolume", name)).await.ok().flatten();
        layout.volume.nodes = volume.as_ref().map(nodes_of).unwrap_or_default();
    }
    layout.volume.class = text("/spec/storageClassName");
    layout.volume.capacity =
        text("/status/capacity/storage").or_else(|| text("/spec/resources/requests/storage")).unwrap_or_default();
    let others: Vec<String> = claims::users(cluster, &options.namespace, &name)
        .await?
        .into_iter()
        .filter(|pod| *pod != layout.replica.pod)
        .collect();
    if !others.is_empty() {
        checks.problem(
            format!("{object} is mounted by other pods as well: {}", others.join(", ")),
            "a volume that is handed over must have one user: end those pods",
        );
    }
    Ok(())
}
