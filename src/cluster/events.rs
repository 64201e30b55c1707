//! Events of objects.

use super::{Cluster, Error, Json, ObjectRef};

/// An event, as `kubectl get events` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `Warning` instead of `Normal`.
    pub warning: bool,
    /// `FailedScheduling`
    pub reason: String,
    /// In the words of its source.
    pub message: String,
    /// How often it was seen.
    pub count: u64,
    /// When last, RFC 3339.
    pub last_seen: String,
}

impl Cluster {
    /// The events of an object, oldest first.
    ///
    /// # Errors
    /// When the server does not answer or refuses.
    pub async fn events(&self, object: &ObjectRef) -> Result<Vec<Event>, Error> {
        // Events of cluster-wide objects are in the namespace `default`.
        let namespace = object.namespace.as_deref().unwrap_or("default");
        let fields = format!("involvedObject.kind={},involvedObject.name={}", object.kind, object.name);
        let items = self.list_selected("v1", "Event", Some(namespace), None, Some(&fields)).await?;
        let mut events: Vec<Event> = items.iter().map(event).collect();
        events.sort_by(|a, b| a.last_seen.cmp(&b.last_seen));
        Ok(events)
    }
}

/// Reads an event of either form: the old one has counts and `lastTimestamp`, the new one a series and `eventTime`.
fn event(item: &Json) -> Event {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let times = [
        &item["series"]["lastObservedTime"],
        &item["lastTimestamp"],
        &item["eventTime"],
        &item["metadata"]["creationTimestamp"],
    ];
    Event {
        warning: item["type"] == "Warning",
        reason: text(&item["reason"]),
        message: text(&item["message"]).trim().to_owned(),
        count: item["series"]["count"].as_u64().or(item["count"].as_u64()).unwrap_or(1),
        last_seen: times.iter().find_map(|time| time.as_str()).unwrap_or_default().to_owned(),
    }
}
