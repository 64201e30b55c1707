//! Where the cluster is: kubeconfig files, the in-cluster configuration and the command line's overrides.

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
