//! `sandbox`

use std::net::SocketAddr;
use std::path::PathBuf;

use super::{Failure, Global, Outcome, output};
use crate::sandbox::{Config, Deny, Pace, Server};

/// Run an API server in memory and write a kubeconfig for it
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Where to write the kubeconfig
    #[arg(long, default_value = "sandbox.kubeconfig")]
    write_kubeconfig: PathBuf,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Namespaces to make at the start; can be repeated
    #[arg(long = "create-namespace", value_name = "NAMESPACE")]
    create_namespaces: Vec<String>,
    /// Names and ids are the same for the same seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Nodes of the modelled cluster
    #[arg(long, default_value_t = 1)]
    nodes: u32,
    /// Let pods start, become ready and stop almost without waiting
    #[arg(long)]
    fast: bool,
    /// Images that cannot be pulled, as patterns with `*`; can be repeated
    #[arg(long = "missing-image", value_name = "PATTERN")]
    missing_images: Vec<String>,
    /// What the user may not do, as VERB:GROUP/RESOURCE (`create:apps/deployments`, `get:/secrets`); can be repeated
    #[arg(long = "deny", value_name = "RULE")]
    deny: Vec<String>,
}

fn deny(rule: &str) -> Result<Deny, Failure> {
    let parts = rule.split_once(':').and_then(|(verb, rest)| Some((verb, rest.split_once('/')?)));
    match parts {
        Some((verb, (group, resource))) => Ok(Deny::new(verb, group, resource)),
        None => Err(Failure::Usage(format!(
            "error: --deny {rule}: a rule is VERB:GROUP/RESOURCE, for example create:apps/deployments or get:/secrets"
        ))),
    }
}

/// Runs the command.
pub fn run(global: &Global, args: &Args) -> Outcome {
    let mut config = Config {
        listen: args.listen,
        seed: args.seed,
        nodes: args.nodes,
        namespaces: args.create_namespaces.clone(),
        deny: args.deny.iter().map(|rule| deny(rule)).collect::<Result<_, _>>()?,
        pace: if args.fast { Pace::fast() } else { Pace::default() },
        ..Config::default()
    };
    config.missing_images.extend(args.missing_images.iter().cloned());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("error: the sandbox cannot run: {error}")))?;
    runtime.block_on(serve(global, args, config))
}

async fn serve(global: &Global, args: &Args, config: Config) -> Outcome {
    let listen = config.listen;
    let server = Server::start(config).await.map_err(|error| {
        Failure::Failed(format!(
            "error: the sandbox cannot listen on {listen}: {error}\nChoose another address with --listen."
        ))
    })?;
    let path = &args.write_kubeconfig;
    let namespace = global.namespace.as_deref().unwrap_or("default");
    std::fs::write(path, server.kubeconfig_for(namespace)).map_err(|error| {
        Failure::Failed(format!("error: the kubeconfig {} cannot be written: {error}", path.display()))
    })?;
    outln!("{}", path.display());
    if !global.quiet {
        output::complain(&format!(
            "The sandbox serves at http://{}, until it is interrupted (Ctrl-C). In another terminal:\n  \
             export KUBECONFIG={}",
            server.address(),
            path.display()
        ));
    }
    let ended = tokio::signal::ctrl_c().await;
    server.stop().await;
    ended.map_err(|error| Failure::Failed(format!("error: signals cannot be received: {error}")))
}
