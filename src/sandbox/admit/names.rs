//! The rules for names, labels and annotations, with the server's words for breaking them.

use super::super::json::{Access, Json};
use super::super::registry::Kind;
use super::super::status::Cause;

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
    and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and \
    must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must \
    start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation \
    is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const KEY: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
    alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
    '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

fn label_form(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    matches!((bytes.first(), bytes.last()), (Some(first), Some(last)) if inner(*first) && inner(*last))
        && bytes.iter().all(|b| inner(*b) || *b == b'-')
}

fn word_form(text: &str) -> bool {
    let bytes = text.as_bytes();
    matches!((bytes.first(), bytes.last()), (Some(a), Some(b)) if a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Whether `text` is a subdomain of RFC 1123.
pub fn dns_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(label_form)
}

fn too_long(limit: usize) -> String {
    format!("must be no more than {limit} characters")
}

/// What is wrong with the object's name.
pub fn name(kind: &Kind, object: &Json) -> Vec<Cause> {
    let name = object.at("/metadata/name");
    let text = name.as_str().unwrap_or_default();
    let field = "metadata.name";
    if text.is_empty() {
        return vec![Cause::required(field, "name or generateName is required")];
    }
    let mut causes = Vec::new();
    let mut check = |form: bool, limit: usize, words: &str| {
        if text.len() > limit {
            causes.push(Cause::invalid(field, name, too_long(limit)));
        }
        if !form {
            causes.push(Cause::invalid(field, name, words));
        }
    };
    match kind.key.as_ref() {
        "/services" => {
            // Since 1.36 a Service may start with a digit.
            check(label_form(text), 63, LABEL);
        }
        "/namespaces" => check(label_form(text), 63, LABEL),
        "rbac.authorization.k8s.io/roles"
        | "rbac.authorization.k8s.io/clusterroles"
        | "rbac.authorization.k8s.io/rolebindings"
        | "rbac.authorization.k8s.io/clusterrolebindings" => {
            if text == "." || text == ".." || text.contains(['/', '%']) {
                causes.push(Cause::invalid(field, name, "may not contain '/' or '%'"));
            }
        }
        _ => check(text.split('.').all(label_form), 253, SUBDOMAIN),
    }
    causes
}

/// What is wrong with a label-like name in a spec.
pub fn label(field: &str, value: &Json) -> Option<Cause> {
    let text = value.as_str().unwrap_or_default();
    if text.len() > 63 {
        return Some(Cause::invalid(field, value, too_long(63)));
    }
    (!label_form(text)).then(|| Cause::invalid(field, value, LABEL))
}

/// What is wrong with a name of an object in a spec.
pub fn subdomain(field: &str, value: &Json) -> Option<Cause> {
    (!dns_subdomain(value.as_str().unwrap_or_default())).then(|| Cause::invalid(field, value, SUBDOMAIN))
}

fn key(field: &str, key: &str) -> Option<Cause> {
    let value = Json::from(key);
    let (prefix, word) = key.split_once('/').map_or(("", key), |(prefix, word)| (prefix, word));
    if key.contains('/') && !dns_subdomain(prefix) {
        return Some(Cause::invalid(field, &value, format!("prefix part {SUBDOMAIN}")));
    }
    if word.len() > 63 {
        return Some(Cause::invalid(field, &value, format!("name part {}", too_long(63))));
    }
    if word.contains('/') {
        let rule = KEY.strip_prefix("name part ").unwrap_or(KEY);
        let what = format!(
            "a valid label key {rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        );
        return Some(Cause::invalid(field, &value, what));
    }
    (!word_form(word)).then(|| Cause::invalid(field, &value, KEY))
}

/// What is wrong with labels at `field`.
pub fn labels(field: &str, labels: &Json) -> Vec<Cause> {
    let mut causes = Vec::new();
    for (name, value) in labels.as_object().into_iter().flatten() {
        causes.extend(key(field, name));
        let text = value.as_str().unwrap_or_default();
        if text.len() > 63 {
            causes.push(Cause::invalid(field, value, too_long(63)));
        } else if !text.is_empty() && !word_form(text) {
            causes.push(Cause::invalid(field, value, VALUE));
        }
    }
    causes
}

/// What is wrong with an object's metadata.
pub fn metadata(kind: &Kind, object: &Json) -> Vec<Cause> {
    let mut causes = name(kind, object);
    causes.extend(labels("metadata.labels", object.at("/metadata/labels")));
    let mut size = 0;
    for (name, value) in object.at("/metadata/annotations").as_object().into_iter().flatten() {
        causes.extend(key("metadata.annotations", &name.to_lowercase()));
        size += name.len() + value.as_str().map_or(0, str::len);
    }
    if size > 256 * 1024 {
        causes.push(Cause::too_long("metadata.annotations", "may not be more than 262144 bytes"));
    }
    causes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert!(dns_subdomain("a.b-c.9"));
        for bad in ["", "A", "a..b", "-a", "a-", "a_b"] {
            assert!(!dns_subdomain(bad), "{bad}");
        }
        assert!(key("f", "example.com/Name_1").is_none());
        assert!(key("f", "/x").is_some());
    }
}
