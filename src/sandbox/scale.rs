//! The `scale` subresource.

use std::sync::Arc;

use serde_json::json;

use super::json::{Access, Json, name, namespace};
use super::registry::Kind;
use super::selector::Labels;
use super::state::State;
use super::status::{ApiError, ApiResult, Cause};
use super::write::Call;

fn pointer(path: &str) -> String {
    path.replace('.', "/")
}

fn paths(kind: &Kind) -> (String, String, String) {
    let custom = |key: &str| kind.scale_paths.as_ref().map(|paths| pointer(paths[key].as_str().unwrap_or_default()));
    (
        custom("specReplicasPath").unwrap_or_else(|| "/spec/replicas".into()),
        custom("statusReplicasPath").unwrap_or_else(|| "/status/replicas".into()),
        custom("labelSelectorPath").unwrap_or_default(),
    )
}

/// The `Scale` of an object.
pub fn of(kind: &Kind, object: &Json) -> Json {
    let (spec, status, selector) = paths(kind);
    let text =
        if selector.is_empty() { selector_text(object.at("/spec/selector")) } else { object.text(&selector).into() };
    let mut body = json!({"replicas": object.int(&status).unwrap_or(0)});
    if !text.is_empty() {
        body["selector"] = text.into();
    }
    let wanted = object.int(&spec).unwrap_or(0);
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": name(object), "namespace": namespace(object), "uid": object.at("/metadata/uid"),
            "resourceVersion": object.at("/metadata/resourceVersion"),
            "creationTimestamp": object.at("/metadata/creationTimestamp"),
        },
        "spec": if wanted == 0 { json!({}) } else { json!({"replicas": wanted}) },
        "status": body,
    })
}

/// A workload's selector as text.
fn selector_text(selector: &Json) -> String {
    let mut terms: Vec<String> = selector["matchLabels"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    for expression in selector.items("/matchExpressions") {
        let values: Vec<&str> = expression.items("/values").iter().filter_map(Json::as_str).collect();
        let key = expression.text("/key");
        terms.push(match expression.text("/operator") {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "DoesNotExist" => format!("!{key}"),
            _ => key.into(),
        });
    }
    debug_assert!(Labels::parse(&terms.join(",")).is_ok());
    terms.join(",")
}

/// Sets the wanted replicas from a `Scale`.
///
/// # Errors
/// `Conflict`, `Invalid`, as any write.
pub fn set(
    state: &mut State,
    kind: &Arc<Kind>,
    live: &Arc<Json>,
    scale: &Json,
    call: &mut Call,
) -> ApiResult<Arc<Json>> {
    let replicas = scale.int("/spec/replicas").unwrap_or(0);
    if replicas < 0 {
        let scale_kind =
            Kind { group: "autoscaling".into(), kind: "Scale".into(), plural: "scales".into(), ..(**kind).clone() };
        let text = "must be greater than or equal to 0";
        let cause = Cause::invalid("spec.replicas", scale.at("/spec/replicas"), text);
        return Err(ApiError::invalid(&scale_kind, name(live), &[cause]));
    }
    let given = scale.text("/metadata/resourceVersion");
    if !given.is_empty() && given != live.text("/metadata/resourceVersion") {
        return Err(ApiError::modified(kind, name(live)));
    }
    let mut object = (**live).clone();
    object.put(&paths(kind).0, replicas);
    state.replace(kind, namespace(live), name(live), object, call)
}
