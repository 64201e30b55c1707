//! The flags every command takes, with Helm's names and environment variables.

use super::{Failure, Outcome, goflags};
use crate::chart::{Level, Notice};

/// Access to the cluster and the manner of talking.
#[derive(clap::Args, Debug, Clone, Default)]
#[group(skip)]
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
    #[arg(long, visible_alias = "verbose", global = true)]
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
    /// Flags that are taken and ignored.
    #[command(flatten)]
    pub without_effect: WithoutEffect,
    /// The words of the command line after the program's name, for reports.
    #[arg(skip)]
    pub typed: Vec<String>,
}

/// Flags of Helm's for repositories, registries and its client library, taken and ignored.
#[derive(clap::Args, Debug, Clone, Default)]
#[group(skip)]
pub struct WithoutEffect {
    #[arg(long, global = true, hide = true, value_parser = goflags::integer)]
    burst_limit: Option<i64>,
    #[arg(long, global = true, hide = true, value_parser = goflags::float)]
    qps: Option<f64>,
    #[arg(long, global = true, hide = true)]
    registry_config: Option<String>,
    #[arg(long, global = true, hide = true)]
    repository_cache: Option<String>,
    #[arg(long, global = true, hide = true)]
    repository_config: Option<String>,
    #[arg(long, global = true, hide = true)]
    content_cache: Option<String>,
    #[arg(short, long, global = true, hide = true, value_parser = goflags::level)]
    v: Option<i64>,
}

impl Global {
    /// Whether everything is told: by the flag, else by `HELM_DEBUG`.
    #[must_use]
    pub fn is_debug(&self) -> bool {
        let unset = || !self.typed.iter().any(|word| word.starts_with("--debug="));
        self.debug || unset() && std::env::var("HELM_DEBUG").is_ok_and(|text| goflags::boolean(&text).unwrap_or(false))
    }

    /// Refuses values that no command takes.
    ///
    /// # Errors
    /// Helm's text for a colour mode that does not exist.
    pub fn check(&self) -> Outcome {
        if matches!(self.color.as_str(), "never" | "auto" | "always") {
            return Ok(());
        }
        let error = format!("invalid color mode {:?}: must be one of: never, auto, always", self.color);
        let notice = Notice {
            level: Level::Warn,
            message: "command failed".into(),
            attributes: vec![("error", error)],
            bytes: None,
        };
        Err(Failure::Usage(notice.to_string()))
    }

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
