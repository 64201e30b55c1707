//! `status`: of a release, or of the handover in a namespace.

use super::{Failure, Global, Outcome, describe, get, goflags, output, session, status_handover};

/// Display the status of the named release, or of the handover in a core namespace
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Name of the release
    release: Option<String>,
    /// Namespace whose handover is shown, instead of a release
    #[arg(long, alias = "coreNamespace", value_name = "NAMESPACE")]
    core_namespace: Option<String>,
    /// The revision; left out: the last
    #[arg(long, default_value_t = 0, value_parser = goflags::integer)]
    revision: i64,
    /// How to print it
    #[arg(short = 'o', long, default_value = "table")]
    output: output::Format,
}

/// Runs the command.
pub fn run(global: &Global, args: &Args) -> Outcome {
    if let Some(namespace) = &args.core_namespace {
        return status_handover::run(global, namespace, args.output);
    }
    let Some(name) = &args.release else {
        return Err(Failure::Usage("Error: \"status\" needs a release, or --core-namespace for a handover".into()));
    };
    session::run(global, async |cluster, reporter| {
        let release = get::release(&cluster, &reporter, name, args.revision).await?;
        let text = if args.output == output::Format::Table {
            let resources = super::resources::table(&cluster, &release).await?;
            describe::text(&release, describe::Shown { resources: &resources, ..Default::default() })?
        } else {
            let resources = super::resources::live(&cluster, &release).await?;
            match args.output {
                output::Format::Yaml => output::yaml(&describe::plain(&release, false, Some(&resources)))?,
                _ => output::json(&describe::in_order(&release, false, Some(&resources)))?,
            }
        };
        output::print(text.as_bytes())
    })
}
