//! The namespace of a command that does not talk to a cluster.

use std::path::Path;

use super::{Global, kubeconfig};

/// Where a pod finds what it may say to its cluster.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The flag or variable, else the namespace of the kubeconfig's context, else that of the pod that this is, else `default`.
pub fn offline(global: &Global) -> String {
    if let Some(namespace) = global.namespace.as_ref().filter(|namespace| !namespace.is_empty()) {
        return namespace.clone();
    }
    let found = match kubeconfig::namespace(global) {
        Ok(None) => of_pod(Path::new(ACCOUNT)),
        Ok(namespace) => namespace,
        Err(kubeconfig::Unusable) => None,
    };
    found.unwrap_or_else(|| "default".into())
}

fn of_pod(account: &Path) -> Option<String> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    variable("KUBERNETES_SERVICE_HOST")?;
    variable("KUBERNETES_SERVICE_PORT")?;
    let token = std::fs::metadata(account.join("token")).ok()?;
    if token.is_dir() {
        return None;
    }
    let told = || std::fs::read_to_string(account.join("namespace")).ok().map(|text| text.trim().to_owned());
    variable("POD_NAMESPACE").or_else(told).filter(|namespace| !namespace.is_empty())
}
