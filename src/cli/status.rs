//! `status` of a release

use super::{Global, Outcome, describe, get, output, session};

/// Display the status of the named release
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Name of the release
    release: String,
    /// The revision; left out: the last
    #[arg(long, default_value_t = 0)]
    revision: i64,
    /// How to print it
    #[arg(short = 'o', long, default_value = "table")]
    output: output::Format,
}

/// Runs the command.
pub fn run(global: &Global, args: &Args) -> Outcome {
    session::run(global, async |cluster, reporter| {
        let release = get::release(&cluster, &reporter, &args.release, args.revision).await?;
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
        print!("{text}");
        Ok(())
    })
}
