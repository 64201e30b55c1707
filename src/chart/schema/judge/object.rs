//! The keywords of objects.

use std::borrow::Cow;

use boon::ErrorKind;
use serde_json::Value as Json;

use super::meeting::{Meeting, Token};
use super::unseen::Unseen;
use super::{Draft, Failure, Judge, Keywords, count, unwrapped};
use crate::sprig::check;

impl<'s> Judge<'s> {
    pub(super) fn object<'v>(
        &self,
        meeting: &Meeting<'_, 's, 'v>,
        keywords: &'s Keywords,
        entries: &'v Keywords,
        unseen: &mut Unseen<'v>,
        failures: &mut Vec<Failure>,
    ) {
        let (got, missing) = (entries.len(), |names| missing(entries, names));
        if let Some(want) = count(keywords, "minProperties").filter(|want| got < *want) {
            failures.push(meeting.finding(|| ErrorKind::MinProperties { got, want }));
        }
        if let Some(want) = count(keywords, "maxProperties").filter(|want| got > *want) {
            failures.push(meeting.finding(|| ErrorKind::MaxProperties { got, want }));
        }
        if let Some(want) = keywords.get("required").and_then(missing) {
            failures.push(meeting.finding(|| ErrorKind::Required { want }));
        }
        let conditional = |keyword| {
            let map: Option<&'s Keywords> = keywords.get(keyword).and_then(Json::as_object);
            map.into_iter().flatten().filter(|(name, _)| entries.contains_key(*name))
        };
        for (prop, rule) in conditional("dependencies") {
            if rule.is_array() {
                let missing = missing(rule);
                failures.extend(missing.map(|m| meeting.finding(|| ErrorKind::Dependency { prop, missing: m })));
            } else {
                failures.extend(self.beside(meeting, rule, false, unseen).err());
            }
        }
        self.properties(meeting, keywords, entries, unseen, failures);
        if let Some(schema) = keywords.get("propertyNames").filter(|_| self.draft >= Draft::Six) {
            for name in entries.keys() {
                if let Err(failure) = self.whole(schema, &Json::String(name.clone()), meeting.quiet) {
                    let kind = || ErrorKind::PropertyName { prop: name.clone() };
                    let mut named = meeting.caused(unwrapped(failure), kind);
                    // Counted from the name, not from the object.
                    named.place.clear();
                    failures.push(named);
                }
            }
        }
        if self.draft >= Draft::From2019 {
            for (_, schema) in conditional("dependentSchemas") {
                failures.extend(self.beside(meeting, schema, false, unseen).err());
            }
            for (prop, names) in conditional("dependentRequired") {
                let missing = missing(names);
                failures.extend(missing.map(|m| meeting.finding(|| ErrorKind::DependentRequired { prop, missing: m })));
            }
        }
    }

    fn properties<'v>(
        &self,
        meeting: &Meeting<'_, 's, 'v>,
        keywords: &'s Keywords,
        entries: &'v Keywords,
        unseen: &mut Unseen<'v>,
        failures: &mut Vec<Failure>,
    ) {
        let properties = keywords.get("properties").and_then(Json::as_object);
        let patterns = keywords.get("patternProperties").and_then(Json::as_object);
        let others = keywords.get("additionalProperties");
        let mut refused = Vec::new();
        for (name, value) in entries {
            if meeting.quiet && !failures.is_empty() {
                return;
            }
            let mut schemas: Vec<&'s Json> = properties.and_then(|p| p.get(name)).into_iter().collect();
            let matching = patterns.into_iter().flatten().filter(|(p, _)| check::matches(p, name).unwrap_or(false));
            schemas.extend(matching.map(|(_, schema)| schema));
            match others {
                Some(Json::Bool(allowed)) if schemas.is_empty() => {
                    if !allowed {
                        refused.push(Cow::Borrowed(name.as_str()));
                    }
                    unseen.properties.remove(name.as_str());
                }
                Some(schema) if schemas.is_empty() => schemas.push(schema),
                _ => {}
            }
            for schema in schemas {
                failures.extend(self.part(meeting, schema, value, Token::Name(name)).err());
                unseen.properties.remove(name.as_str());
            }
        }
        if !refused.is_empty() {
            failures.push(meeting.finding(|| ErrorKind::AdditionalProperties { got: refused }));
        }
    }
}

/// Which of the names an object lacks.
fn missing<'s>(entries: &Keywords, names: &'s Json) -> Option<Vec<&'s str>> {
    let names = names.as_array()?.iter().filter_map(Json::as_str);
    let missing: Vec<_> = names.filter(|name| !entries.contains_key(*name)).collect();
    (!missing.is_empty()).then_some(missing)
}
