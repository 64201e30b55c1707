//! What a request is about: its path, verb and query.

use std::sync::Arc;

use super::registry::{Kind, Registry};

/// The query of a request.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query string.
    pub fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        });
        Self(pairs.collect())
    }

    /// The first value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// All values of a key.
    pub fn all(&self, key: &str) -> Vec<String> {
        self.0.iter().filter(|(known, _)| known == key).map(|(_, value)| value.clone()).collect()
    }

    /// Whether a key is there and not false.
    pub fn flag(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| value != "false" && value != "0")
    }
}

fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let hex: Vec<u8> = bytes.by_ref().take(2).collect();
                let value = std::str::from_utf8(&hex).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
                if let Some(value) = value {
                    out.push(value);
                } else {
                    out.push(b'%');
                    out.extend(hex);
                }
            }
            byte => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Resources that a path names.
#[derive(Clone, Debug)]
pub struct Target {
    /// The kind.
    pub kind: Arc<Kind>,
    /// The version asked for.
    pub version: String,
    /// The namespace, `None` for all and for what is cluster-wide.
    pub namespace: Option<String>,
    /// The object, `None` for the collection.
    pub name: Option<String>,
    /// `status`, `scale`, `log`, ..., or empty.
    pub subresource: String,
}

impl Target {
    /// Reads `/api/v1/...` and `/apis/GROUP/VERSION/...`; `None` when no resource is served there.
    pub fn parse(registry: &Registry, path: &str) -> Option<Self> {
        let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(decode).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let find = |plural: &str| registry.by_resource(group, version, plural).cloned();
        let target = |kind, namespace: Option<&str>, name: Option<&str>, sub: &[&str]| Self {
            kind,
            version: version.to_string(),
            namespace: namespace.map(String::from),
            name: name.map(String::from),
            subresource: sub.join("/"),
        };
        match rest {
            ["namespaces", namespace, plural, rest @ ..]
                if !(group.is_empty() && matches!(*plural, "status" | "finalize")) =>
            {
                let kind = find(plural).filter(|kind| kind.namespaced)?;
                let (name, sub) = match rest {
                    [] => (None, rest),
                    [name, sub @ ..] => (Some(*name), sub),
                };
                Some(target(kind, Some(namespace), name, sub))
            }
            [plural] => Some(target(find(plural)?, None, None, &[])),
            [plural, name, sub @ ..] => {
                let kind = find(plural).filter(|kind| !kind.namespaced)?;
                Some(target(kind, None, Some(name), sub))
            }
            [] => None,
        }
        .filter(|target| {
            // Names are one segment: what follows must be a subresource that there is.
            target.subresource.is_empty()
                || target.kind.subresources.contains_key(target.subresource.split('/').next().unwrap_or_default())
        })
    }

    /// The resource as access rules name it: `pods`, `pods/log`.
    pub fn resource(&self) -> String {
        if self.subresource.is_empty() {
            self.kind.plural.clone()
        } else {
            format!("{}/{}", self.kind.plural, self.subresource)
        }
    }

    /// The namespace, empty for what is cluster-wide.
    pub fn space(&self) -> &str {
        self.namespace.as_deref().unwrap_or_default()
    }

    /// The name, empty for collections.
    pub fn object(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_resources() {
        let registry = Registry::new();
        let parse = |path: &str| {
            Target::parse(&registry, path).map(|t| (t.resource(), t.space().to_string(), t.object().to_string()))
        };
        let some = |r: &str, n: &str, o: &str| Some((r.to_string(), n.to_string(), o.to_string()));
        assert_eq!(parse("/api/v1/pods"), some("pods", "", ""));
        assert_eq!(parse("/api/v1/namespaces/a/pods/b/log"), some("pods/log", "a", "b"));
        assert_eq!(parse("/api/v1/namespaces/a"), some("namespaces", "", "a"));
        assert_eq!(parse("/api/v1/namespaces/a/finalize"), some("namespaces/finalize", "", "a"));
        assert_eq!(parse("/apis/apps/v1/namespaces/a/deployments/b/scale"), some("deployments/scale", "a", "b"));
        for bad in ["/apis/apps/v2/deployments", "/api/v1/pods/x", "/api/v1/namespaces/a/nodes", "/api/v1/nodes/x/what"]
        {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn queries_are_decoded() {
        let query = Query::parse("labelSelector=a%3Db%2Cc&dryRun=All&command=a&command=b+c");
        assert_eq!(query.get("labelSelector"), Some("a=b,c"));
        assert_eq!(query.all("command"), ["a", "b c"]);
        assert!(query.flag("dryRun") && !query.flag("watch"));
    }
}
