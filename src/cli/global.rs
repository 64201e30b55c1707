//! The flags every command takes, with Helm's names and environment variables.

/// Access to the cluster and the manner of talking.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Global {
    /// Namespace scope for this request
    #[arg(short = 'n', long, global = true, env = "HELM_NAMESPACE")]
    pub namespace: Option<String>,
    /// Path to the kubeconfig file
    #[arg(long, global = true)]
    pub kubeconfig: Option<String>,
    /// Name of the kubeconfig context to use
    #[arg(long, global = true, env = "HELM_KUBECONTEXT")]
    pub kube_context: Option<String>,
    /// Bearer token used for authentication
    #[arg(long, global = true, env = "HELM_KUBETOKEN", hide_env_values = true)]
    pub kube_token: Option<String>,
    /// The address and the port for the Kubernetes API server
    #[arg(long, global = true, env = "HELM_KUBEAPISERVER")]
    pub kube_apiserver: Option<String>,
    /// The certificate authority file for the Kubernetes API server connection
    #[arg(long, global = true, env = "HELM_KUBECAFILE")]
    pub kube_ca_file: Option<String>,
    /// Username to impersonate for the operation
    #[arg(long, global = true, env = "HELM_KUBEASUSER")]
    pub kube_as_user: Option<String>,
    /// Group to impersonate for the operation, this flag can be repeated
    #[arg(long, global = true)]
    pub kube_as_group: Vec<String>,
    /// Server name to use for Kubernetes API server certificate validation
    #[arg(long, global = true, env = "HELM_KUBETLS_SERVER_NAME")]
    pub kube_tls_server_name: Option<String>,
    /// If true, the Kubernetes API server's certificate will not be checked for validity
    #[arg(long, global = true)]
    pub kube_insecure_skip_tls_verify: bool,
    /// Enable verbose output
    #[arg(short = 'v', long, visible_alias = "verbose", global = true, env = "HELM_DEBUG", value_parser = clap::builder::BoolishValueParser::new())]
    pub debug: bool,
    /// Say only what is asked for and what went wrong
    #[arg(long, global = true)]
    pub quiet: bool,
    /// Colour in the output: never, auto, always
    #[arg(long, alias = "colour", global = true, default_value = "auto")]
    pub color: String,
    /// Progress and warnings as text or as one JSON object a line
    #[arg(long, global = true, default_value = "text")]
    pub log_format: String,
    /// The words of the command line after the program's name, for reports.
    #[arg(skip)]
    pub typed: Vec<String>,
}

impl Global {
    /// The manner of talking alone, without any access to a cluster.
    #[must_use]
    pub fn alone(&self) -> Self {
        Self {
            debug: self.debug,
            quiet: self.quiet,
            color: self.color.clone(),
            log_format: self.log_format.clone(),
            ..Self::default()
        }
    }
}
