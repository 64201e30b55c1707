//! What every command that talks to a cluster needs: the runtime, the connection, and a mouth.

use std::future::Future;

use super::{Failure, Global, Outcome};
use crate::{
    action,
    cluster::{Cluster, ConnectOptions},
    report::{ColorWish, Reporter, Style},
};

/// Runs a command's work with a connection and a reporter on standard error.
pub fn run<F, W>(global: &Global, work: W) -> Outcome
where
    F: Future<Output = Outcome>,
    W: FnOnce(Cluster, Reporter) -> F,
{
    check_driver()?;
    log(global);
    // One thread for the connection beside the command's own: with more, they only wake each other.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("Error: cannot start: {error}")))?;
    let reporter = reporter(global);
    let options = connect_options(global);
    let outcome = runtime.block_on(async {
        let cluster = Cluster::connect(&options)
            .await
            .map_err(|error| Failure::Failed(format!("Error: kubernetes cluster unreachable: {error}")))?;
        work(cluster, reporter).await
    });
    // Whatever still runs in the background must not keep the process.
    runtime.shutdown_background();
    outcome
}

/// Shows what is written to the cluster, and what is tried again, on standard error; bodies are never logged.
fn log(global: &Global) {
    if !global.debug {
        return;
    }
    let lines = tracing_subscriber::fmt()
        .with_env_filter(concat!(env!("CARGO_CRATE_NAME"), "=debug"))
        .with_target(false)
        .with_writer(std::io::stderr);
    // The demo sets it up once for all its commands.
    let _ = if global.log_format == "json" { lines.json().try_init() } else { lines.with_ansi(false).try_init() };
}

/// The reporter that the global flags ask for.
pub fn reporter(global: &Global) -> Reporter {
    let wish = match global.color.as_str() {
        "always" => ColorWish::Always,
        "never" => ColorWish::Never,
        _ => ColorWish::Auto,
    };
    Reporter::new(Style::detect(global.quiet, global.log_format == "json", wish))
}

/// The connection that the global flags ask for.
pub fn connect_options(global: &Global) -> ConnectOptions {
    ConnectOptions {
        kubeconfig: global.kubeconfig.clone(),
        context: global.kube_context.clone(),
        namespace: global.namespace.clone(),
        token: global.kube_token.clone(),
        server: global.kube_apiserver.clone(),
        ca_file: global.kube_ca_file.clone(),
        as_user: global.kube_as_user.clone(),
        as_groups: global.kube_as_group.clone(),
        tls_server_name: global.kube_tls_server_name.clone(),
        insecure: global.kube_insecure_skip_tls_verify,
    }
}

/// Records are kept in Secrets; Helm's other stores would hold releases that we cannot see.
fn check_driver() -> Outcome {
    match std::env::var("HELM_DRIVER").unwrap_or_default().as_str() {
        "" | "secret" | "secrets" => Ok(()),
        other => Err(Failure::Usage(format!(
            "Error: HELM_DRIVER={other} is not supported: releases are kept in Secrets\nUnset HELM_DRIVER, or set it to secret."
        ))),
    }
}

/// An operation's error with Helm's words before it (`UPGRADE FAILED`), as the failure with the right exit code.
pub fn failure(words: &str, error: &action::Error) -> Failure {
    let message = if words.is_empty() { format!("Error: {error}") } else { format!("Error: {words}: {error}") };
    match error.outcome {
        action::Outcome::Nothing | action::Outcome::PutBack => Failure::Failed(message),
        action::Outcome::Left => Failure::Left(message),
        action::Outcome::Refused => Failure::Refused(message),
    }
}
