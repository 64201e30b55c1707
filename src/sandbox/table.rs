//! Objects as tables, the way `kubectl get` prints them.

use std::sync::Arc;

use serde_json::json;

use super::handlers::metadata_only;
use super::http::Call;
use super::json::{Access, Json, name};
use super::route::Target;

/// A table of one object.
pub fn one(target: &Target, object: &Arc<Json>, call: &Call) -> Json {
    let metadata = json!({"resourceVersion": object.text("/metadata/resourceVersion")});
    rows(target, std::slice::from_ref(object), call.query.get("includeObject").unwrap_or_default(), &metadata)
}

/// A table of a list.
pub fn list(target: &Target, objects: &[Arc<Json>], call: &Call, metadata: &Json) -> Json {
    rows(target, objects, call.query.get("includeObject").unwrap_or_default(), metadata)
}

/// A table. `include` says what is sent beside the cells: `None`, `Metadata` (default) or `Object`.
pub fn rows(target: &Target, objects: &[Arc<Json>], include: &str, metadata: &Json) -> Json {
    let columns = columns(target);
    let definitions: Vec<Json> = columns
        .iter()
        .map(|column| {
            json!({"name": column.name, "type": column.kind, "format": if column.name == "Name" { "name" } else { "" },
                "description": "", "priority": column.priority})
        })
        .collect();
    let rows: Vec<Json> = objects
        .iter()
        .map(|object| {
            let cells: Vec<Json> = columns.iter().map(|column| (column.cell)(object)).collect();
            match include {
                "None" => json!({"cells": cells, "object": null}),
                "Object" => json!({"cells": cells, "object": **object}),
                _ => json!({"cells": cells, "object": metadata_only(object)}),
            }
        })
        .collect();
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": definitions,
        "rows": rows})
}

type Cell = Box<dyn Fn(&Json) -> Json>;

struct Column {
    name: String,
    kind: &'static str,
    priority: u8,
    cell: Cell,
}

fn column(name: &str, cell: impl Fn(&Json) -> Json + 'static) -> Column {
    Column { name: name.into(), kind: "string", priority: 0, cell: Box::new(cell) }
}

fn wide(name: &str, cell: impl Fn(&Json) -> Json + 'static) -> Column {
    Column { priority: 1, ..column(name, cell) }
}

/// The text at a pointer.
fn at(title: &str, pointer: &'static str) -> Column {
    column(title, move |object| match object.at(pointer) {
        Json::Null => "".into(),
        other => other.clone(),
    })
}

/// The number at a pointer, 0 when there is none.
fn count(title: &str, pointer: &'static str) -> Column {
    column(title, move |object| object.int(pointer).unwrap_or(0).into())
}

/// The text at a pointer, `<none>` when there is none.
fn or_none(title: &str, pointer: &'static str) -> Column {
    column(title, move |object| match object.text(pointer) {
        "" => "<none>".into(),
        text => text.into(),
    })
}

fn length(title: &str, pointer: &'static str) -> Column {
    column(title, move |object| object.at(pointer).as_object().map_or(0, serde_json::Map::len).into())
}

fn columns(target: &Target) -> Vec<Column> {
    let mut columns = vec![column("Name", |object| name(object).into())];
    let special = match target.kind.key.as_ref() {
        "/pods" => pods(),
        "apps/deployments" => vec![
            column("Ready", |o| {
                let ready = o.int("/status/readyReplicas").unwrap_or(0);
                format!("{ready}/{}", o.int("/spec/replicas").unwrap_or(0)).into()
            }),
            count("Up-to-date", "/status/updatedReplicas"),
            count("Available", "/status/availableReplicas"),
        ],
        "apps/statefulsets" => vec![column("Ready", |o| {
            let ready = o.int("/status/readyReplicas").unwrap_or(0);
            format!("{ready}/{}", o.int("/spec/replicas").unwrap_or(0)).into()
        })],
        "apps/replicasets" => vec![
            count("Desired", "/spec/replicas"),
            count("Current", "/status/replicas"),
            count("Ready", "/status/readyReplicas"),
        ],
        "apps/daemonsets" => vec![
            count("Desired", "/status/desiredNumberScheduled"),
            count("Current", "/status/currentNumberScheduled"),
            count("Ready", "/status/numberReady"),
            count("Up-to-date", "/status/updatedNumberScheduled"),
            count("Available", "/status/numberAvailable"),
            column("Node Selector", |_| "<none>".into()),
        ],
        "batch/jobs" => vec![
            column("Status", |o| {
                let ended = o.items("/status/conditions").iter().find(|c| c["status"] == "True");
                ended.map_or("Running", |c| c["type"].as_str().unwrap_or_default()).into()
            }),
            column("Completions", |o| {
                let done = o.int("/status/succeeded").unwrap_or(0);
                format!("{done}/{}", o.int("/spec/completions").unwrap_or(1)).into()
            }),
        ],
        "batch/cronjobs" => {
            vec![
                at("Schedule", "/spec/schedule"),
                at("Suspend", "/spec/suspend"),
                or_none("Last Schedule", "/status/lastScheduleTime"),
            ]
        }
        "/services" => vec![
            at("Type", "/spec/type"),
            or_none("Cluster-IP", "/spec/clusterIP"),
            column("External-IP", |_| "<none>".into()),
            column("Port(s)", |o| {
                let ports: Vec<String> = o.items("/spec/ports").iter().map(port).collect();
                if ports.is_empty() { "<none>".into() } else { ports.join(",").into() }
            }),
        ],
        "/configmaps" => vec![length("Data", "/data")],
        "/secrets" => vec![at("Type", "/type"), length("Data", "/data")],
        "/namespaces" => vec![at("Status", "/status/phase")],
        "/nodes" => vec![column("Status", |_| "Ready".into()), column("Roles", |_| "<none>".into())],
        "/persistentvolumeclaims" => vec![
            column("Status", |o| {
                let phase = o.text("/status/phase");
                if o.at("/metadata/deletionTimestamp").is_null() { phase } else { "Terminating" }.into()
            }),
            at("Volume", "/spec/volumeName"),
            at("Capacity", "/status/capacity/storage"),
            column("Access Modes", modes),
            at("StorageClass", "/spec/storageClassName"),
            column("VolumeAttributesClass", |_| "<unset>".into()),
        ],
        "/persistentvolumes" => vec![
            at("Capacity", "/spec/capacity/storage"),
            column("Access Modes", modes),
            at("Reclaim Policy", "/spec/persistentVolumeReclaimPolicy"),
            at("Status", "/status/phase"),
            column("Claim", |o| match o.text("/spec/claimRef/name") {
                "" => "".into(),
                claim => format!("{}/{claim}", o.text("/spec/claimRef/namespace")).into(),
            }),
            at("StorageClass", "/spec/storageClassName"),
            column("VolumeAttributesClass", |_| "<unset>".into()),
            at("Reason", "/status/reason"),
        ],
        "networking.k8s.io/ingresses" => vec![
            or_none("Class", "/spec/ingressClassName"),
            column("Hosts", |o| {
                let hosts: Vec<&str> =
                    o.items("/spec/rules").iter().map(|r| r.text("/host")).filter(|h| !h.is_empty()).collect();
                if hosts.is_empty() { "*".into() } else { hosts.join(",").into() }
            }),
            column("Address", |o| o.text("/status/loadBalancer/ingress/0/ip").into()),
            column("Ports", |o| if o.items("/spec/tls").is_empty() { "80" } else { "80, 443" }.into()),
        ],
        "storage.k8s.io/storageclasses" => vec![
            at("Provisioner", "/provisioner"),
            at("ReclaimPolicy", "/reclaimPolicy"),
            at("VolumeBindingMode", "/volumeBindingMode"),
        ],
        "policy/poddisruptionbudgets" => vec![
            column("Min Available", |o| shown(o.at("/spec/minAvailable"))),
            column("Max Unavailable", |o| shown(o.at("/spec/maxUnavailable"))),
            count("Allowed Disruptions", "/status/disruptionsAllowed"),
        ],
        "/events" => {
            return vec![
                column("Last Seen", |o| age(o.text("/lastTimestamp"))),
                at("Type", "/type"),
                at("Reason", "/reason"),
                column("Object", |o| {
                    let kind = o.text("/involvedObject/kind").to_lowercase();
                    format!("{kind}/{}", o.text("/involvedObject/name")).into()
                }),
                at("Message", "/message"),
            ];
        }
        "coordination.k8s.io/leases" => vec![at("Holder", "/spec/holderIdentity")],
        "rbac.authorization.k8s.io/roles"
        | "rbac.authorization.k8s.io/clusterroles"
        | "apiextensions.k8s.io/customresourcedefinitions" => {
            return vec![columns.remove(0), at("Created At", "/metadata/creationTimestamp")];
        }
        "rbac.authorization.k8s.io/rolebindings" | "rbac.authorization.k8s.io/clusterrolebindings" => {
            vec![column("Role", |o| format!("{}/{}", o.text("/roleRef/kind"), o.text("/roleRef/name")).into())]
        }
        _ => custom(target),
    };
    let aged = special.iter().any(|column| column.name == "Age");
    columns.extend(special);
    if !aged {
        columns.push(column("Age", |object| age(object.text("/metadata/creationTimestamp"))));
    }
    if matches!(
        target.kind.key.as_ref(),
        "apps/deployments" | "apps/statefulsets" | "apps/replicasets" | "apps/daemonsets" | "batch/jobs"
    ) {
        let list = |o: &Json, field: &str| -> Json {
            let texts: Vec<&str> = o
                .items("/spec/template/spec/containers")
                .iter()
                .map(|c| c[field].as_str().unwrap_or_default())
                .collect();
            texts.join(",").into()
        };
        columns.push(wide("Containers", move |o| list(o, "name")));
        columns.push(wide("Images", move |o| list(o, "image")));
    }
    columns
}

fn custom(target: &Target) -> Vec<Column> {
    let version = target.kind.version(&target.version).unwrap_or(target.kind.stored());
    version
        .columns
        .iter()
        .map(|definition| {
            let pointer = definition.text("/jsonPath").replace('.', "/");
            let date = definition["type"] == "date";
            Column {
                name: definition.text("/name").into(),
                kind: "string",
                priority: u8::try_from(definition.int("/priority").unwrap_or(0)).unwrap_or(1),
                cell: Box::new(move |o| if date { age(o.text(&pointer)) } else { o.at(&pointer).clone() }),
            }
        })
        .collect()
}

fn shown(value: &Json) -> Json {
    match value {
        Json::Null => "N/A".into(),
        Json::String(text) => text.clone().into(),
        other => other.to_string().into(),
    }
}

fn modes(object: &Json) -> Json {
    let short = |mode: &Json| match mode.as_str().unwrap_or_default() {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        _ => "",
    };
    object.items("/spec/accessModes").iter().map(short).collect::<Vec<_>>().join(",").into()
}

fn port(port: &Json) -> String {
    let protocol = port.text("/protocol");
    match port.int("/nodePort") {
        Some(node) => format!("{}:{node}/{protocol}", port.int("/port").unwrap_or(0)),
        None => format!("{}/{protocol}", port.int("/port").unwrap_or(0)),
    }
}

fn pods() -> Vec<Column> {
    vec![
        column("Ready", |o| {
            let statuses = o.items("/status/containerStatuses");
            let ready = statuses.iter().filter(|status| status["ready"] == true).count();
            format!("{ready}/{}", o.items("/spec/containers").len()).into()
        }),
        column("Status", pod_status),
        column("Restarts", |o| {
            let all = o.items("/status/containerStatuses").iter().chain(o.items("/status/initContainerStatuses"));
            all.filter_map(|status| status.int("/restartCount")).sum::<i64>().to_string().into()
        }),
        column("Age", |o| age(o.text("/metadata/creationTimestamp"))),
        wide("IP", |o| match o.text("/status/podIP") {
            "" => "<none>".into(),
            ip => ip.into(),
        }),
        wide("Node", |o| match o.text("/spec/nodeName") {
            "" => "<none>".into(),
            node => node.into(),
        }),
        wide("Nominated Node", |_| "<none>".into()),
        wide("Readiness Gates", |_| "<none>".into()),
    ]
}

fn pod_status(pod: &Json) -> Json {
    if !pod.at("/metadata/deletionTimestamp").is_null() {
        return "Terminating".into();
    }
    let total = pod.items("/spec/initContainers").len();
    for (index, status) in pod.items("/status/initContainerStatuses").iter().enumerate() {
        if status.at("/state/terminated/exitCode") == 0 {
            continue;
        }
        let reason = match (status.text("/state/waiting/reason"), status.text("/state/terminated/reason")) {
            ("" | "PodInitializing", "") => format!("Init:{index}/{total}"),
            ("", reason) | (reason, _) => format!("Init:{reason}"),
        };
        return reason.into();
    }
    for status in pod.items("/status/containerStatuses") {
        for pointer in ["/state/waiting/reason", "/state/terminated/reason"] {
            let reason = status.text(pointer);
            if !reason.is_empty() {
                return reason.into();
            }
        }
    }
    pod.text("/status/phase").into()
}

/// How long ago a time was, in kubectl's short form.
fn age(time: &str) -> Json {
    let Ok(then) = time.parse::<jiff::Timestamp>() else { return "<unknown>".into() };
    let seconds = jiff::Timestamp::now().as_second() - then.as_second();
    let text = match seconds {
        ..120 => format!("{}s", seconds.max(0)),
        120..600 if seconds % 60 == 0 => format!("{}m", seconds / 60),
        120..600 => format!("{}m{}s", seconds / 60, seconds % 60),
        600..10_800 => format!("{}m", seconds / 60),
        10_800..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    };
    text.into()
}
