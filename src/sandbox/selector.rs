//! Label and field selectors.

use super::json::{Access, Json};
use super::status::{ApiError, ApiResult};

#[derive(Clone, Debug)]
enum Operator {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
    Greater(i64),
    Less(i64),
}

/// A label selector: `app=x,tier!=db,env in (a, b),!canary`.
#[derive(Clone, Debug, Default)]
pub struct Labels(Vec<(String, Operator)>);

impl Labels {
    /// Reads a selector.
    ///
    /// # Errors
    /// `BadRequest` when it cannot be read.
    pub fn parse(text: &str) -> ApiResult<Self> {
        let mut requirements = Vec::new();
        for part in split(text) {
            let part = part.trim();
            if part.is_empty() {
                continue;
            }
            requirements.push(requirement(part).ok_or_else(|| {
                let found = part.split_whitespace().nth(1).unwrap_or(part);
                ApiError::bad_request(format!(
                    "unable to parse requirement: found '{found}', expected: in, notin, =, ==, !=, gt, lt"
                ))
            })?);
        }
        Ok(Self(requirements))
    }

    /// The selector of a workload's `spec.selector` (`matchLabels`, `matchExpressions`).
    pub fn of_workload(selector: &Json) -> Self {
        let mut requirements = Vec::new();
        for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
            requirements.push((key.clone(), Operator::In(vec![value.as_str().unwrap_or_default().into()])));
        }
        for expression in selector.items("/matchExpressions") {
            let values = expression.items("/values").iter().filter_map(|v| v.as_str().map(String::from)).collect();
            let operator = match expression.text("/operator") {
                "In" => Operator::In(values),
                "NotIn" => Operator::NotIn(values),
                "DoesNotExist" => Operator::Absent,
                _ => Operator::Exists,
            };
            requirements.push((expression.text("/key").into(), operator));
        }
        Self(requirements)
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the object's labels fit.
    pub fn matches(&self, object: &Json) -> bool {
        let labels = object.at("/metadata/labels");
        self.0.iter().all(|(key, operator)| {
            let value = labels.get(key).and_then(Json::as_str);
            let number = value.and_then(|v| v.parse::<i64>().ok());
            match operator {
                Operator::In(values) => value.is_some_and(|v| values.iter().any(|w| w == v)),
                Operator::NotIn(values) => !value.is_some_and(|v| values.iter().any(|w| w == v)),
                Operator::Exists => value.is_some(),
                Operator::Absent => value.is_none(),
                Operator::Greater(than) => number.is_some_and(|n| n > *than),
                Operator::Less(than) => number.is_some_and(|n| n < *than),
            }
        })
    }
}

/// Splits at commas that are not in parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn requirement(part: &str) -> Option<(String, Operator)> {
    if let Some(key) = part.strip_prefix('!') {
        return Some((key.trim().into(), Operator::Absent));
    }
    if let Some((head, values)) = part.split_once('(') {
        let values = values.strip_suffix(')')?.split(',').map(|v| v.trim().to_string()).collect();
        let mut words = head.split_whitespace();
        let key = words.next()?.to_string();
        return match words.next()? {
            "in" => Some((key, Operator::In(values))),
            "notin" => Some((key, Operator::NotIn(values))),
            _ => None,
        };
    }
    for (sign, negative) in [("!=", true), ("==", false), ("=", false)] {
        if let Some((key, value)) = part.split_once(sign) {
            let values = vec![value.trim().to_string()];
            let operator = if negative { Operator::NotIn(values) } else { Operator::In(values) };
            return Some((key.trim().into(), operator));
        }
    }
    if let Some((key, value)) = part.split_once('>') {
        return Some((key.trim().into(), Operator::Greater(value.trim().parse().ok()?)));
    }
    if let Some((key, value)) = part.split_once('<') {
        return Some((key.trim().into(), Operator::Less(value.trim().parse().ok()?)));
    }
    (!part.contains(char::is_whitespace)).then(|| (part.into(), Operator::Exists))
}

/// A field selector: `metadata.name=x,status.phase!=Running`. Any field that holds text, a number or a boolean can be asked.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<(String, bool, String)>);

impl Fields {
    /// Reads a selector.
    ///
    /// # Errors
    /// `BadRequest` when it cannot be read.
    pub fn parse(text: &str) -> ApiResult<Self> {
        let mut terms = Vec::new();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let term = [("!=", false), ("==", true), ("=", true)]
                .into_iter()
                .find_map(|(sign, equal)| part.split_once(sign).map(|(path, value)| (path, equal, value)));
            let Some((path, equal, value)) = term else {
                return Err(ApiError::bad_request(format!("invalid selector: '{part}'; can't understand '{part}'")));
            };
            terms.push((format!("/{}", path.trim().replace('.', "/")), equal, value.trim().into()));
        }
        Ok(Self(terms))
    }

    /// Whether the object's fields fit.
    pub fn matches(&self, object: &Json) -> bool {
        self.0.iter().all(|(pointer, equal, wanted)| {
            let value = match object.at(pointer) {
                Json::Null => String::new(),
                Json::String(text) => text.clone(),
                other => other.to_string(),
            };
            (value == *wanted) == *equal
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn labels() {
        let object = json!({"metadata": {"labels": {"app": "x", "n": "3"}}});
        for (selector, expected) in [
            ("", true),
            ("app=x", true),
            ("app==x,n", true),
            ("app!=x", false),
            ("!app", false),
            ("app in (a, x)", true),
            ("app notin (a,x),n", false),
            ("other notin (a)", true),
            ("n>2", true),
            ("n<3", false),
        ] {
            assert_eq!(Labels::parse(selector).unwrap().matches(&object), expected, "{selector}");
        }
        assert!(Labels::parse("a b").is_err());
    }

    #[test]
    fn fields() {
        let object = json!({"metadata": {"name": "a"}, "spec": {"unschedulable": true}});
        for (selector, expected) in [
            ("metadata.name=a", true),
            ("metadata.name!=a", false),
            ("spec.unschedulable=true", true),
            ("spec.x=", true),
        ] {
            assert_eq!(Fields::parse(selector).unwrap().matches(&object), expected, "{selector}");
        }
    }
}
