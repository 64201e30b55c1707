//! How a server is started.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

/// What the user of the kubeconfig may not do.
#[derive(Clone, Debug, Default)]
pub struct Deny {
    /// `get`, `create`, ...; empty or `*` is any.
    pub verb: String,
    /// The API group; `*` is any.
    pub group: String,
    /// `secrets`, `pods/exec`; `*` is any.
    pub resource: String,
    /// The namespace; `None` is any.
    pub namespace: Option<String>,
}

impl Deny {
    /// Nobody may do this to that, in any namespace.
    pub fn new(verb: &str, group: &str, resource: &str) -> Self {
        Self { verb: verb.into(), group: group.into(), resource: resource.into(), namespace: None }
    }

    /// Whether the rule forbids this.
    pub fn covers(&self, verb: &str, group: &str, resource: &str, namespace: &str) -> bool {
        let fits = |rule: &str, value: &str| rule == "*" || rule == value;
        (self.verb.is_empty() || fits(&self.verb, verb))
            && fits(&self.group, group)
            && fits(&self.resource, resource)
            && self.namespace.as_deref().is_none_or(|wanted| wanted == namespace)
    }
}

/// How long things take in the modelled cluster, in milliseconds.
#[derive(Clone, Debug)]
pub struct Pace {
    /// From a pod's binding to its containers' start.
    pub start: Range<u64>,
    /// How long an init container or a Job's container runs.
    pub run: Range<u64>,
    /// From a container's start to its readiness.
    pub ready: Range<u64>,
    /// From a pod's deletion to its end.
    pub stop: Range<u64>,
    /// The first wait after a crash; it doubles up to sixteen times.
    pub crash: u64,
    /// From a row's commit until the statistics of its server count it.
    pub statistics: u64,
    /// When this is not 0: a master has a session that is about to commit a row, and does so long after it was told to end.
    pub commit: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { start: 20..80, run: 40..120, ready: 50..250, stop: 40..150, crash: 1000, statistics: 500, commit: 0 }
    }
}

impl Pace {
    /// Almost without waiting, for tests.
    pub fn fast() -> Self {
        Self { start: 0..2, run: 1..3, ready: 0..3, stop: 0..3, crash: 20, statistics: 0, commit: 0 }
    }
}

/// The settings of a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Names and ids are the same for the same seed and the same requests.
    pub seed: u64,
    /// The bearer token of the kubeconfig. Requests with another one are refused; those with none are not, since Go
    /// clients send none over plain HTTP.
    pub token: String,
    /// Who the token says the user is.
    pub user: String,
    /// What the user may not do.
    pub deny: Vec<Deny>,
    /// How long things take.
    pub pace: Pace,
    /// How many nodes there are.
    pub nodes: u32,
    /// Namespaces to start with, beside those of every cluster.
    pub namespaces: Vec<String>,
    /// Images that cannot be pulled, as patterns with `*`.
    pub missing_images: Vec<String>,
    /// How long a watch lasts when the client sets no time.
    pub watch_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            seed: 1,
            token: "sandbox".into(),
            user: "sandbox-admin".into(),
            deny: Vec::new(),
            pace: Pace::default(),
            nodes: 1,
            namespaces: Vec::new(),
            missing_images: vec!["*:does-not-exist*".into()],
            watch_timeout: Duration::from_secs(1800),
        }
    }
}

/// Whether `text` fits a pattern in which `*` stands for anything.
pub fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("*postgres*", "docker.io/library/postgres:16", true),
            ("a*c", "abc", true),
            ("a*c", "abd", false),
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("*", "", true),
            ("*:x*", "img:y", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }
}
