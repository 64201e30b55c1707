//! What no keyword has looked at yet.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::Draft;

/// The properties and items that no keyword has looked at yet, where a schema asks for that.
#[derive(Default)]
pub(super) struct Unseen<'v> {
    pub(super) properties: BTreeSet<&'v str>,
    pub(super) items: BTreeSet<usize>,
}

impl<'v> Unseen<'v> {
    pub(super) fn of(draft: Draft, schema: &Json, value: &'v Json, asked: bool) -> Self {
        let mut unseen = Self::default();
        if draft < Draft::From2019 {
            return unseen;
        }
        let has = |keyword: &str| schema.get(keyword).is_some();
        match value {
            Json::Object(entries) if !has("additionalProperties") && (asked || has("unevaluatedProperties")) => {
                unseen.properties = entries.keys().map(String::as_str).collect();
            }
            Json::Array(items) if asked || has("unevaluatedItems") => {
                let first = schema.get(if draft == Draft::From2020 { "prefixItems" } else { "items" });
                let all = match (draft, schema.get("items")) {
                    (Draft::From2020, rest) => rest.is_some(),
                    (_, Some(Json::Array(_))) => has("additionalItems"),
                    (_, each) => each.is_some(),
                };
                if !all {
                    unseen.items = (first.and_then(Json::as_array).map_or(0, Vec::len)..items.len()).collect();
                }
            }
            _ => {}
        }
        unseen
    }

    pub(super) fn is_empty(&self) -> bool {
        self.properties.is_empty() && self.items.is_empty()
    }

    /// Leaves what another schema has not looked at either.
    pub(super) fn keep(&mut self, other: &Self) {
        self.properties.retain(|name| other.properties.contains(name));
        self.items.retain(|item| other.items.contains(item));
    }
}
