//! Where the cluster is: kubeconfig files, the in-cluster configuration and the command line's overrides.

use kube::config::{InClusterError, KubeConfigOptions, Kubeconfig, KubeconfigError};

use super::Error;

/// How to reach the API server; empty fields fall back to KUBECONFIG and to the in-cluster configuration.
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    /// Path of the kubeconfig file.
    pub kubeconfig: Option<String>,
    /// Context in it.
    pub context: Option<String>,
    /// Namespace, instead of the context's.
    pub namespace: Option<String>,
    /// Bearer token.
    pub token: Option<String>,
    /// Server address.
    pub server: Option<String>,
    /// CA file.
    pub ca_file: Option<String>,
    /// User to impersonate.
    pub as_user: Option<String>,
    /// Groups to impersonate.
    pub as_groups: Vec<String>,
    /// Server name in the TLS handshake.
    pub tls_server_name: Option<String>,
    /// Do not check the server's certificate.
    pub insecure: bool,
}

/// Reads the configuration and applies the overrides to it, as client-go's `ConfigFlags` do.
pub(super) async fn load(options: &ConnectOptions) -> Result<kube::Config, Error> {
    let mut config = base(options).await?;
    if let Some(server) = filled(options.server.as_ref()) {
        config.cluster_url = parse_server(server)?;
    }
    if let Some(namespace) = filled(options.namespace.as_ref()) {
        config.default_namespace = namespace.into();
    }
    if let Some(token) = filled(options.token.as_ref()) {
        config.auth_info = kube::config::AuthInfo { token: Some(token.to_owned().into()), ..Default::default() };
    }
    if let Some(user) = filled(options.as_user.as_ref()) {
        config.auth_info.impersonate = Some(user.into());
    }
    if !options.as_groups.is_empty() {
        config.auth_info.impersonate_groups = Some(options.as_groups.clone());
    }
    if let Some(name) = filled(options.tls_server_name.as_ref()) {
        config.tls_server_name = Some(name.into());
    }
    if options.insecure {
        config.accept_invalid_certs = true;
    }
    config.connect_timeout = Some(std::time::Duration::from_secs(10));
    // Retries are ours: they must know what is idempotent.
    config.default_retry = false;
    Ok(config)
}

fn filled(option: Option<&String>) -> Option<&str> {
    option.map(String::as_str).filter(|text| !text.is_empty())
}

fn parse_server(server: &str) -> Result<http::Uri, Error> {
    let address = if server.contains("://") { server.to_owned() } else { format!("https://{server}") };
    address
        .parse()
        .map_err(|error| Error::Config(format!("the API server's address {server:?} is not an address: {error}")))
}

async fn base(options: &ConnectOptions) -> Result<kube::Config, Error> {
    let Some((mut kubeconfig, source)) = read_files(options)? else { return without_files(options) };
    let selection =
        KubeConfigOptions { context: filled(options.context.as_ref()).map(str::to_owned), ..Default::default() };
    if let Some(ca_file) = filled(options.ca_file.as_ref()) {
        override_ca(&mut kubeconfig, ca_file);
    }
    if kubeconfig.current_context.as_deref().is_none_or(str::is_empty) && selection.context.is_none() {
        if filled(options.server.as_ref()).is_some() {
            return without_files(options);
        }
        return Err(Error::Config(format!(
            "{source} names no current context: choose one with --kube-context (it has: {})",
            contexts(&kubeconfig)
        )));
    }
    let names = contexts(&kubeconfig);
    kube::Config::from_custom_kubeconfig(kubeconfig, &selection).await.map_err(|error| {
        Error::Config(match error {
            KubeconfigError::LoadContext(name) => format!("{source} has no context {name:?} (it has: {names})"),
            KubeconfigError::LoadClusterOfContext(name) => {
                format!("{source} has no cluster {name:?}, which its context names")
            }
            error => format!("{source}: {}", super::client::chain(&error)),
        })
    })
}

fn contexts(kubeconfig: &Kubeconfig) -> String {
    let names: Vec<&str> = kubeconfig.contexts.iter().map(|context| context.name.as_str()).collect();
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

fn override_ca(kubeconfig: &mut Kubeconfig, ca_file: &str) {
    for cluster in kubeconfig.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        cluster.certificate_authority = Some(ca_file.into());
        cluster.certificate_authority_data = None;
    }
}

/// The flag's file, else the files of KUBECONFIG, else `~/.kube/config`, merged; with the words for error messages.
fn read_files(options: &ConnectOptions) -> Result<Option<(Kubeconfig, String)>, Error> {
    let broken =
        |path: &str, error: &KubeconfigError| Error::Config(format!("{path}: {}", super::client::chain(error)));
    if let Some(path) = filled(options.kubeconfig.as_ref()) {
        if !std::path::Path::new(path).is_file() {
            return Err(Error::Config(format!("there is no kubeconfig file {path}: check --kubeconfig")));
        }
        let kubeconfig = Kubeconfig::read_from(path).map_err(|error| broken(path, &error))?;
        return Ok(Some((kubeconfig, path.to_owned())));
    }
    if let Some(list) = std::env::var("KUBECONFIG").ok().filter(|list| !list.is_empty()) {
        let mut merged: Option<Kubeconfig> = None;
        // client-go skips files of the list that do not exist.
        for path in std::env::split_paths(&list).filter(|path| path.is_file()) {
            let name = path.display().to_string();
            let next = Kubeconfig::read_from(&path).map_err(|error| broken(&name, &error))?;
            merged = Some(match merged {
                Some(first) => first.merge(next).map_err(|error| broken(&name, &error))?,
                None => next,
            });
        }
        return merged
            .map(|kubeconfig| Some((kubeconfig, list.clone())))
            .ok_or_else(|| Error::Config(format!("none of the files that KUBECONFIG names exists: {list}")));
    }
    let Some(home) = std::env::var_os("HOME") else { return Ok(None) };
    let path = std::path::Path::new(&home).join(".kube/config");
    if !path.is_file() {
        return Ok(None);
    }
    let name = path.display().to_string();
    let kubeconfig = Kubeconfig::read_from(&path).map_err(|error| broken(&name, &error))?;
    Ok(Some((kubeconfig, name)))
}

fn without_files(options: &ConnectOptions) -> Result<kube::Config, Error> {
    match kube::Config::incluster() {
        Ok(config) => Ok(config),
        Err(error) => {
            let Some(server) = filled(options.server.as_ref()) else { return Err(no_cluster(&error)) };
            let mut config = kube::Config::new(parse_server(server)?);
            if let Some(ca_file) = filled(options.ca_file.as_ref()) {
                if !std::path::Path::new(ca_file).is_file() {
                    return Err(Error::Config(format!("there is no CA file {ca_file}")));
                }
                config.root_cert_file = Some(ca_file.into());
            }
            Ok(config)
        }
    }
}

fn no_cluster(error: &InClusterError) -> Error {
    tracing::debug!(%error, "no in-cluster configuration");
    Error::Config(
        "there is no cluster to talk to: no --kubeconfig, no KUBECONFIG, no ~/.kube/config, and this is not a pod of a cluster; \
         name a kubeconfig file with --kubeconfig"
            .into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, String) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config");
        std::fs::write(&path, text).unwrap();
        let path = path.display().to_string();
        (dir, path)
    }

    const TWO_CONTEXTS: &str = "apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: 'https://10.0.0.1:6443'}}]
users: [{name: u, user: {token: t}}]
contexts:
- {name: x, context: {cluster: c, user: u, namespace: vulas}}
- {name: y, context: {cluster: gone, user: u}}
current-context: x
";

    async fn error(options: ConnectOptions) -> String {
        load(&options).await.err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[tokio::test]
    async fn the_context_gives_server_and_namespace_and_flags_override_them() {
        let (_dir, path) = file(TWO_CONTEXTS);
        let options = ConnectOptions { kubeconfig: Some(path), ..Default::default() };
        let config = load(&options).await.unwrap();
        assert_eq!(
            (config.cluster_url.to_string().as_str(), config.default_namespace.as_str()),
            ("https://10.0.0.1:6443/", "vulas")
        );
        let overridden = ConnectOptions {
            namespace: Some("other".into()),
            server: Some("https://10.0.0.2".into()),
            as_user: Some("me".into()),
            ..options
        };
        let config = load(&overridden).await.unwrap();
        assert_eq!(
            (config.cluster_url.to_string().as_str(), config.default_namespace.as_str()),
            ("https://10.0.0.2/", "other")
        );
        assert_eq!(config.auth_info.impersonate.as_deref(), Some("me"));
    }

    #[tokio::test]
    async fn what_is_missing_is_named() {
        let (_dir, path) = file(TWO_CONTEXTS);
        let with = |context: &str| ConnectOptions {
            kubeconfig: Some(path.clone()),
            context: Some(context.into()),
            ..Default::default()
        };
        assert_eq!(error(with("z")).await, format!("{path} has no context \"z\" (it has: x, y)"));
        assert_eq!(error(with("y")).await, format!("{path} has no cluster \"gone\", which its context names"));
        let missing = ConnectOptions { kubeconfig: Some("/nowhere/config".into()), ..Default::default() };
        assert_eq!(error(missing).await, "there is no kubeconfig file /nowhere/config: check --kubeconfig");
        let (_dir, broken) = file("clusters: [");
        let broken_options = ConnectOptions { kubeconfig: Some(broken.clone()), ..Default::default() };
        assert!(error(broken_options).await.starts_with(&format!("{broken}: ")));
    }
}
