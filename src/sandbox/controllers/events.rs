//! Events: what happened to objects, as `kubectl describe` shows it.

use serde_json::json;

use super::super::json::{Access, Json, name, namespace, uid};
use super::super::state::{State, now};

/// Records an event about an object; the same again is counted.
pub fn record(state: &mut State, object: &Json, kind: &str, reason: &str, message: &str, component: &str) {
    let space = if namespace(object).is_empty() { "default" } else { namespace(object) };
    let same = state.store.list("/events", Some(space)).into_iter().find(|event| {
        event.text("/involvedObject/uid") == uid(object)
            && event.text("/reason") == reason
            && event.text("/message") == message
    });
    if let Some(event) = same {
        let mut event = (*event).clone();
        event.put("/count", event.int("/count").unwrap_or(1) + 1);
        event.put("/lastTimestamp", now());
        state.write_as(component, "/events", event, "");
        return;
    }
    let number = state.numbers_for(&format!("event/{space}/{}", name(object))).number();
    let event_name = format!("{}.{number:016x}", name(object));
    let (component, time) = (component.to_string(), now());
    let event = json!({
        "metadata": {"name": event_name, "namespace": space},
        "involvedObject": {
            "kind": object["kind"], "apiVersion": object["apiVersion"], "name": name(object),
            "namespace": namespace(object), "uid": uid(object), "resourceVersion": object.at("/metadata/resourceVersion"),
        },
        "reason": reason, "message": message, "type": kind, "count": 1, "firstTimestamp": time, "lastTimestamp": time,
        "source": {"component": component}, "reportingComponent": component,
    });
    if let Err(error) = state.create_as(&component, "/events", event) {
        // A namespace that goes takes no events.
        tracing::debug!(%error, reason, "an event was not recorded");
    }
}
