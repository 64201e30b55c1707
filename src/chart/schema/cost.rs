//! How much work a schema and a value may be for the full validator, which nothing can stop once it has begun: references can
//! lead to the same place again and again, twice as often with each step.

use std::collections::HashMap;

use serde_json::Value as Json;

/// More steps are too many. Large schemas and values need a hundredth of it.
pub const MAX_STEPS: u64 = 10_000_000;
/// More places where a schema meets a value are too many to count.
const MAX_PLACES: usize = 2_000_000;
/// How deep schemas may lead into each other and into values.
const MAX_DEPTH: usize = 500;

/// Refuses a schema that would take too long, or too much memory for what it finds.
///
/// # Errors
/// It would.
pub fn check(schema: &Json, instance: &Json) -> Result<(), String> {
    let mut named = HashMap::new();
    name(schema, &mut named);
    let mut counter = Counter { root: schema, named, counted: HashMap::new() };
    match counter.steps(schema, instance, 0) {
        Some(steps) if steps <= MAX_STEPS => Ok(()),
        _ => Err(too_much()),
    }
}

/// What is said of such a schema.
pub fn too_much() -> String {
    "the schema is too much work to check: it leads to the same places too often".into()
}

/// The schemas that have names of their own, by the last part of these.
fn name<'s>(schema: &'s Json, named: &mut HashMap<&'s str, Vec<&'s Json>>) {
    match schema {
        Json::Object(keywords) => {
            for keyword in ["$id", "id", "$anchor", "$dynamicAnchor"] {
                if let Some(Json::String(own)) = keywords.get(keyword) {
                    named.entry(last_part(own)).or_default().push(schema);
                }
            }
            keywords.values().for_each(|value| name(value, named));
        }
        Json::Array(items) => items.iter().for_each(|value| name(value, named)),
        _ => {}
    }
}

/// What follows the last `/` or `#` of a name: it may be told in full or in part.
fn last_part(reference: &str) -> &str {
    let reference = reference.trim_end_matches('#');
    reference.rsplit(['/', '#', ':']).next().unwrap_or(reference)
}

struct Counter<'s> {
    root: &'s Json,
    named: HashMap<&'s str, Vec<&'s Json>>,
    /// The steps of a schema for a value, by their addresses.
    counted: HashMap<(usize, usize), u64>,
}

impl<'s> Counter<'s> {
    /// At most how many steps it is to check a value; `None` for too many.
    fn steps(&mut self, schema: &'s Json, value: &Json, depth: usize) -> Option<u64> {
        let Json::Object(keywords) = schema else { return Some(1) };
        if depth > MAX_DEPTH || self.counted.len() > MAX_PLACES {
            return None;
        }
        let place = (std::ptr::from_ref(schema).addr(), std::ptr::from_ref(value).addr());
        if let Some(steps) = self.counted.get(&place) {
            return Some(*steps);
        }
        // What leads back to itself without going deeper is refused by the validator.
        self.counted.insert(place, 1);
        let mut steps = 1;
        for (keyword, rule) in keywords {
            steps += 1 + self.keyword(keyword, rule, value, depth + 1)?;
            if steps > MAX_STEPS {
                return None;
            }
        }
        self.counted.insert(place, steps);
        Some(steps)
    }

    fn keyword(&mut self, keyword: &str, rule: &'s Json, value: &Json, depth: usize) -> Option<u64> {
        match (keyword, rule) {
            ("allOf" | "anyOf" | "oneOf" | "extends", Json::Array(schemas)) => {
                self.sum(schemas.iter().map(|schema| (schema, value)), depth)
            }
            ("not" | "if" | "then" | "else", schema) => self.steps(schema, value, depth),
            ("dependentSchemas" | "dependencies", Json::Object(schemas)) => {
                self.sum(schemas.values().map(|schema| (schema, value)), depth)
            }
            ("$ref" | "$dynamicRef" | "$recursiveRef", Json::String(reference)) => {
                let targets = self.targets(reference);
                self.sum(targets.into_iter().map(|schema| (schema, value)), depth)
            }
            ("properties", Json::Object(schemas)) => {
                let Json::Object(entries) = value else { return Some(0) };
                let known = entries.iter().filter_map(|(key, value)| Some((schemas.get(key)?, value)));
                Some(self.sum(known, depth)? + schemas.len() as u64)
            }
            ("patternProperties", Json::Object(schemas)) => {
                let Json::Object(entries) = value else { return Some(0) };
                let all = schemas.values().flat_map(|schema| entries.values().map(move |value| (schema, value)));
                self.sum(all, depth)
            }
            ("additionalProperties" | "unevaluatedProperties" | "propertyNames", schema) => {
                let Json::Object(entries) = value else { return Some(0) };
                self.sum(entries.values().map(|value| (schema, value)), depth)
            }
            ("items" | "prefixItems", Json::Array(schemas)) => {
                let Json::Array(items) = value else { return Some(0) };
                self.sum(schemas.iter().zip(items), depth)
            }
            ("items" | "additionalItems" | "unevaluatedItems" | "contains", schema) => {
                let Json::Array(items) = value else { return Some(0) };
                self.sum(items.iter().map(|item| (schema, item)), depth)
            }
            ("enum" | "required", Json::Array(items)) => Some(items.len() as u64),
            _ => Some(0),
        }
    }

    fn sum<'v>(&mut self, pairs: impl Iterator<Item = (&'s Json, &'v Json)>, depth: usize) -> Option<u64> {
        let mut sum = 0;
        for (schema, value) in pairs {
            sum += self.steps(schema, value, depth)?;
            if sum > MAX_STEPS {
                return None;
            }
        }
        Some(sum)
    }

    /// Where a reference may lead, within this document.
    fn targets(&self, reference: &str) -> Vec<&'s Json> {
        let (base, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let roots = match self.named.get(last_part(base)) {
            Some(named) if !base.is_empty() => named.clone(),
            _ => vec![self.root],
        };
        if fragment.is_empty() {
            return roots;
        }
        if !fragment.starts_with('/') {
            return self.named.get(fragment).cloned().unwrap_or_default();
        }
        let pointer = percent_encoding(fragment);
        // The nearest name around the reference is the root that is meant, so all may be.
        let roots = if base.is_empty() { self.named.values().flatten().copied().chain(roots).collect() } else { roots };
        roots.into_iter().filter_map(|root| root.pointer(&pointer)).collect()
    }
}

/// A fragment without its escapes.
fn percent_encoding(fragment: &str) -> String {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = (*first == b'%').then(|| after.get(..2)).flatten();
        let byte = escaped.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::check;

    /// A chain of schemas each of which asks the next one twice.
    fn doubling(by: impl Fn(usize) -> serde_json::Value, levels: usize) -> serde_json::Value {
        let mut definitions: serde_json::Map<_, _> = (0..levels)
            .map(|level| {
                (level.to_string(), json!({"$anchor": format!("a{level}"), "allOf": [by(level + 1), by(level + 1)]}))
            })
            .collect();
        definitions.insert(levels.to_string(), json!({"$anchor": format!("a{levels}"), "type": "object"}));
        json!({"$ref": "#/$defs/0", "$defs": definitions})
    }

    #[test]
    fn schemas_that_double_with_each_step_are_refused() {
        let pointer = |level: usize| json!({"$ref": format!("#/$defs/{level}")});
        let anchor = |level: usize| json!({"$ref": format!("#a{level}")});
        let escaped = |level: usize| json!({"$ref": format!("#/%24defs/{level}")});
        for levels in [10, 60] {
            let is_fine = levels == 10;
            assert_eq!(check(&doubling(pointer, levels), &json!({})).is_ok(), is_fine);
            assert_eq!(check(&doubling(anchor, levels), &json!({})).is_ok(), is_fine);
            assert_eq!(check(&doubling(escaped, levels), &json!({})).is_ok(), is_fine);
        }
        let recursive = json!({"anyOf": [
            {"properties": {"a": {"$ref": "#"}}}, {"additionalProperties": {"$ref": "#"}}
        ]});
        let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!({"a": inner}));
        assert!(check(&recursive, &nested(12)).is_ok());
        assert!(check(&recursive, &nested(40)).is_err());
        assert!(check(&json!({"$ref": "#"}), &json!({})).is_ok());
    }
}
