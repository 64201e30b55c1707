//! `install`

use super::naming::Naming;
use super::{Failure, Global, Outcome, describe, flags, output, session, source, values};
use crate::{
    action::{self, InstallOptions},
    chart::{Notices, loader},
};

/// Install a chart
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Name of the release, and the chart: a directory, a .tgz, or an embedded chart (core, admin, monitoring)
    #[arg(required = true, num_args = 1.., value_name = "[NAME] CHART")]
    what: Vec<String>,
    #[command(flatten)]
    naming: Naming,
    /// Use the name of a release that was uninstalled or failed, again
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    chart: flags::ChartArgs,
    #[command(flatten)]
    operation: flags::OperationArgs,
    #[command(flatten)]
    values: values::ValuesArgs,
    /// How to print the release
    #[arg(short = 'o', long, default_value = "table")]
    output: output::Format,
}

/// Runs the command.
pub fn run(global: &Global, args: &Args) -> Outcome {
    let (name, chart) = args
        .naming
        .name_and_chart(&args.what, None)
        .map_err(|error| Failure::Usage(format!("Error: INSTALLATION FAILED: {error}")))?;
    let common = args.operation.common(args.chart.description.as_deref())?;
    args.chart.check(&common, "INSTALLATION FAILED")?;
    session::run(global, async |cluster, reporter| {
        let options = InstallOptions {
            name,
            namespace: cluster.namespace().to_owned(),
            create_namespace: args.chart.create_namespace,
            skip_crds: args.chart.skip_crds,
            take_ownership: args.chart.take_ownership,
            replace: args.replace,
            labels: args.chart.labels(),
            rendering: args.chart.rendering(args.values.skip_schema_validation),
            common,
        };
        let printed = Printed { output: args.output, chart: &args.chart, debug: global.debug };
        install(&cluster, &reporter, chart, &args.values, &options, printed, "INSTALLATION FAILED").await
    })
}

/// How the result is printed.
#[derive(Clone, Copy)]
pub struct Printed<'a> {
    /// Table, JSON or YAML.
    pub output: output::Format,
    /// The flags that say what to hide.
    pub chart: &'a flags::ChartArgs,
    /// `--debug`
    pub debug: bool,
}

impl Printed<'_> {
    /// Prints a release on standard output.
    ///
    /// # Errors
    /// When it cannot be written in the format.
    pub fn print(&self, release: &crate::release::Release) -> Outcome {
        let text = match self.output {
            output::Format::Table => describe::text(
                release,
                describe::Shown {
                    debug: self.debug,
                    hide_notes: self.chart.hide_notes,
                    hide_secrets: self.chart.hide_secret,
                    ..Default::default()
                },
            )?,
            output::Format::Json => output::json(&describe::in_order(release, true, None))?,
            output::Format::Yaml => output::yaml(&describe::plain(release, true, None))?,
        };
        // It is installed, whoever hears of it.
        let _ = output::print(text.as_bytes());
        Ok(())
    }
}

/// Loads, merges, installs and prints.
///
/// # Errors
/// With Helm's `words` before them.
pub async fn install(
    cluster: &crate::cluster::Cluster,
    reporter: &crate::report::Reporter,
    chart: &str,
    values: &values::ValuesArgs,
    options: &InstallOptions,
    printed: Printed<'_>,
    words: &str,
) -> Outcome {
    let failed = |error: crate::chart::Error| session::failure(words, &error.into());
    let notices = Notices::new();
    let user = values.merge().map_err(failed)?;
    let location = printed.chart.source.locate(chart).map_err(failed)?;
    let update = printed.chart.dependency_update.then_some(printed.debug);
    let chart = source::load_installable(&location, loader::load, update, &notices).map_err(failed)?;
    for notice in notices.take() {
        output::complain(&notice.to_string());
    }
    let release = action::install(cluster, chart, user, options, reporter)
        .await
        .map_err(|error| session::failure(words, &error))?;
    printed.print(&release)
}
