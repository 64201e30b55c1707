//! `.Capabilities`: the Kubernetes version, the API versions and the version of Helm.

/// The Helm version whose behaviour is reproduced, as `.Capabilities.HelmVersion.Version` shows it.
pub const HELM_VERSION: &str = "v4.2.4";

/// `.Capabilities.KubeVersion`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeVersion {
    /// The full version with `v`, for example `v1.33.4-gke.1245000`.
    pub version: String,
    /// The version without suffix, which constraints are checked against.
    pub normalized: String,
    /// Major number.
    pub major: String,
    /// Minor number.
    pub minor: String,
}

impl KubeVersion {
    /// Parses a version as `--kube-version` takes it and as an API server reports it (`gitVersion`).
    ///
    /// # Errors
    /// Kubernetes' text for what is not a version.
    pub fn parse(version: &str) -> Result<Self, String> {
        let invalid = || format!("could not parse {} as version", crate::chart::notice::quote(version));
        let trimmed = version.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
        let trimmed = trimmed.strip_prefix('v').unwrap_or(trimmed);
        let mut parts: Vec<u64> = Vec::new();
        let mut rest = trimmed;
        loop {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            if digits == 0 {
                return Err(invalid());
            }
            let part = &rest[..digits];
            if part.len() > 1 && part.starts_with('0') {
                return Err(format!("illegal zero-prefixed version component {} in {}", quote(part), quote(version)));
            }
            parts.push(part.parse().map_err(|_| invalid())?);
            rest = &rest[digits..];
            match rest.strip_prefix('.') {
                Some(next) if next.starts_with(|c: char| c.is_ascii_digit()) => rest = next,
                _ => break,
            }
        }
        if parts.len() < 2 {
            return Err(invalid());
        }
        let dotted: Vec<String> = parts.iter().map(ToString::to_string).collect();
        Ok(Self {
            version: if version.starts_with('v') { version.to_string() } else { format!("v{version}") },
            normalized: format!("v{}", dotted.join(".")),
            major: dotted[0].clone(),
            minor: dotted[1].clone(),
        })
    }
}

use crate::chart::notice::quote;

impl Default for KubeVersion {
    fn default() -> Self {
        Self { version: "v1.36.0".into(), normalized: "v1.36.0".into(), major: "1".into(), minor: "36".into() }
    }
}

/// `.Capabilities`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Version of Kubernetes.
    pub kube_version: KubeVersion,
    /// `group/version` and, from a cluster, `group/version/Kind`.
    pub api_versions: Vec<String>,
}

impl Default for Capabilities {
    /// What Helm assumes without a cluster.
    fn default() -> Self {
        Self { kube_version: KubeVersion::default(), api_versions: Vec::new() }
    }
}
