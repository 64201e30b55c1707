//! `.Capabilities`: the Kubernetes version, the API versions and the version of Helm.

use std::borrow::Cow;

use crate::chart::notice::quote;
use crate::gotemplate::strconv;

/// The Helm version whose behaviour is reproduced, as `.Capabilities.HelmVersion.Version` shows it.
pub const HELM_VERSION: &str = "v4.2.4";

/// The API versions that Helm assumes without a cluster: those its Kubernetes client is built with.
const DEFAULT_API_VERSIONS: [&str; 55] = [
    "v1",
    "admissionregistration.k8s.io/v1",
    "admissionregistration.k8s.io/v1alpha1",
    "admissionregistration.k8s.io/v1beta1",
    "internal.apiserver.k8s.io/v1alpha1",
    "apps/v1",
    "apps/v1beta1",
    "apps/v1beta2",
    "authentication.k8s.io/v1",
    "authentication.k8s.io/v1alpha1",
    "authentication.k8s.io/v1beta1",
    "authorization.k8s.io/v1",
    "authorization.k8s.io/v1beta1",
    "autoscaling/v1",
    "autoscaling/v2",
    "batch/v1",
    "batch/v1beta1",
    "certificates.k8s.io/v1",
    "certificates.k8s.io/v1beta1",
    "certificates.k8s.io/v1alpha1",
    "coordination.k8s.io/v1alpha2",
    "coordination.k8s.io/v1beta1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1",
    "events.k8s.io/v1beta1",
    "extensions/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1beta2",
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "networking.k8s.io/v1",
    "networking.k8s.io/v1beta1",
    "node.k8s.io/v1",
    "node.k8s.io/v1alpha1",
    "node.k8s.io/v1beta1",
    "policy/v1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1",
    "rbac.authorization.k8s.io/v1beta1",
    "rbac.authorization.k8s.io/v1alpha1",
    "resource.k8s.io/v1",
    "resource.k8s.io/v1beta2",
    "resource.k8s.io/v1beta1",
    "resource.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1alpha2",
    "scheduling.k8s.io/v1beta1",
    "scheduling.k8s.io/v1",
    "storage.k8s.io/v1beta1",
    "storage.k8s.io/v1",
    "storage.k8s.io/v1alpha1",
    "storagemigration.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1",
];

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
        let trimmed = version.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']);
        let mut rest = trimmed.strip_prefix('v').unwrap_or(trimmed);
        let mut components: Vec<&str> = Vec::new();
        loop {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            if digits == 0 {
                return Err(format!("could not parse {} as version", quote(version)));
            }
            components.push(&rest[..digits]);
            rest = &rest[digits..];
            match rest.strip_prefix('.') {
                Some(next) if next.starts_with(|c: char| c.is_ascii_digit()) => rest = next,
                _ => break,
            }
        }
        // The rest of the text must be on the line.
        if rest.contains('\n') {
            return Err(format!("could not parse {} as version", quote(version)));
        }
        if components.len() < 2 {
            return Err(format!("illegal version string {}", quote(version)));
        }
        let illegal = |what: &str, component: &str| {
            format!("illegal {what} version component {} in {}", quote(component), quote(version))
        };
        if components[0].len() > 1 && components[0].starts_with('0') {
            return Err(illegal("zero-prefixed", components[0]));
        }
        let number = |component: &&str| {
            strconv::parse_uint(component.as_bytes(), 10, 64).map(|number| number.to_string()).map_err(|e| {
                let number = quote(component);
                format!("{}: strconv.ParseUint: parsing {number}: {e}", illegal("non-numeric", component))
            })
        };
        let dotted: Vec<String> = components.iter().map(number).collect::<Result<_, _>>()?;
        Ok(Self {
            version: if version.starts_with('v') { version.to_string() } else { format!("v{version}") },
            normalized: format!("v{}", dotted.join(".")),
            major: dotted[0].clone(),
            minor: dotted[1].clone(),
        })
    }
}

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
    pub api_versions: Vec<Cow<'static, str>>,
}

impl Default for Capabilities {
    /// What Helm assumes without a cluster.
    fn default() -> Self {
        Self { kube_version: KubeVersion::default(), api_versions: DEFAULT_API_VERSIONS.map(Cow::Borrowed).to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use super::KubeVersion;

    #[test]
    fn versions_are_read_as_kubernetes_reads_them() {
        let read = |text| KubeVersion::parse(text).map(|v| [v.version, v.normalized, v.major, v.minor].join(" "));
        assert_eq!(read("1.30.1-gke.5").unwrap(), "v1.30.1-gke.5 v1.30.1 1 30");
        assert_eq!(read("v1.022").unwrap(), "v1.022 v1.22 1 22");
        assert_eq!(read("1").unwrap_err(), r#"illegal version string "1""#);
        assert_eq!(read("x").unwrap_err(), r#"could not parse "x" as version"#);
        assert_eq!(read("01.2").unwrap_err(), r#"illegal zero-prefixed version component "01" in "01.2""#);
    }
}
