//! The keywords of arrays.

use std::collections::BTreeMap;

use boon::ErrorKind;
use serde_json::Value as Json;

use super::meeting::{Meeting, Token};
use super::unseen::Unseen;
use super::{Draft, Failure, Judge, Keywords, count, equals};

/// Arrays up to this length are compared item by item.
const FEW: usize = 20;

impl<'s> Judge<'s> {
    pub(super) fn array<'v>(
        &self,
        meeting: &Meeting<'_, 's, 'v>,
        keywords: &'s Keywords,
        items: &'v [Json],
        unseen: &mut Unseen<'v>,
        failures: &mut Vec<Failure>,
    ) {
        let got = items.len();
        if let Some(want) = count(keywords, "minItems").filter(|want| got < *want) {
            failures.push(meeting.finding(|| ErrorKind::MinItems { got, want }));
        }
        if let Some(want) = count(keywords, "maxItems").filter(|want| got > *want) {
            failures.push(meeting.finding(|| ErrorKind::MaxItems { got, want }));
        }
        if keywords.get("uniqueItems") == Some(&Json::Bool(true))
            && let Some(got) = duplicates(items)
        {
            failures.push(meeting.finding(|| ErrorKind::UniqueItems { got }));
        }
        let one_each = keywords.get(if self.draft == Draft::From2020 { "prefixItems" } else { "items" });
        let one_each = one_each.and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
        for (i, (schema, item)) in one_each.iter().zip(items).enumerate() {
            failures.extend(self.part(meeting, schema, item, Token::Index(i)).err());
        }
        let rest = &items[one_each.len().min(got)..];
        let listed = self.draft < Draft::From2020 && keywords.get("items").is_some_and(Json::is_array);
        let others = keywords.get(if listed { "additionalItems" } else { "items" });
        match others {
            Some(Json::Bool(false)) if listed && !rest.is_empty() => {
                failures.push(meeting.finding(|| ErrorKind::AdditionalItems { got: rest.len() }));
            }
            Some(schema) => {
                // Helm's library counts from the first of these.
                for (i, item) in rest.iter().enumerate() {
                    failures.extend(self.part(meeting, schema, item, Token::Index(i)).err());
                }
            }
            None => {}
        }
        if let Some(schema) = keywords.get("contains").filter(|_| self.draft >= Draft::Six) {
            self.contains(meeting, keywords, schema, items, unseen, failures);
        }
    }

    fn contains<'v>(
        &self,
        meeting: &Meeting<'_, 's, 'v>,
        keywords: &'s Keywords,
        schema: &'s Json,
        items: &'v [Json],
        unseen: &mut Unseen<'v>,
        failures: &mut Vec<Failure>,
    ) {
        let (mut causes, mut got) = (Vec::new(), Vec::new());
        for (i, item) in items.iter().enumerate() {
            match self.part(meeting, schema, item, Token::Index(i)) {
                Err(failure) => causes.push(failure),
                Ok(()) => {
                    got.push(i);
                    if self.draft == Draft::From2020 {
                        unseen.items.remove(&i);
                    }
                }
            }
        }
        let bound = |keyword| count(keywords, keyword).filter(|_| self.draft >= Draft::From2019);
        match bound("minContains") {
            Some(want) if got.len() < want => {
                let got = got.clone();
                failures.push(meeting.caused(causes, || ErrorKind::MinContains { got, want }));
            }
            None if got.is_empty() => failures.push(meeting.caused(causes, || ErrorKind::Contains)),
            _ => {}
        }
        if let Some(want) = bound("maxContains").filter(|want| got.len() > *want) {
            failures.push(meeting.finding(|| ErrorKind::MaxContains { got, want }));
        }
    }
}

/// The first item that equals one before it, and that one.
fn duplicates(items: &[Json]) -> Option<[usize; 2]> {
    if items.len() <= FEW {
        let mut pairs = (1..items.len()).flat_map(|i| (0..i).map(move |j| [j, i]));
        return pairs.find(|[j, i]| equals(&items[*i], &items[*j]));
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    items.iter().enumerate().find_map(|(i, item)| match seen.entry(normal(item)) {
        std::collections::btree_map::Entry::Occupied(first) => Some([*first.get(), i]),
        std::collections::btree_map::Entry::Vacant(entry) => {
            entry.insert(i);
            None
        }
    })
}

/// The same text for equal values.
fn normal(value: &Json) -> String {
    fn with_normal_numbers(value: &Json) -> Json {
        match value {
            Json::Number(number) => number.as_f64().filter(|_| !number.is_u64()).map_or(value.clone(), |float| {
                let whole = float.fract() == 0.0 && float.abs() < 1.8e19;
                if whole && float >= 0.0 {
                    (float as u64).into()
                } else if whole && float > -9.2e18 {
                    number.as_i64().unwrap_or(float as i64).into()
                } else {
                    float.into()
                }
            }),
            Json::Array(items) => items.iter().map(with_normal_numbers).collect(),
            Json::Object(entries) => {
                Json::Object(entries.iter().map(|(k, v)| (k.clone(), with_normal_numbers(v))).collect())
            }
            other => other.clone(),
        }
    }
    with_normal_numbers(value).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_as_unique_as_short_ones() {
        let mut items: Vec<Json> = (0..30).map(Json::from).collect();
        assert_eq!(duplicates(&items), None);
        items.push(7.0.into());
        assert_eq!(duplicates(&items), Some([7, 30]));
    }
}
