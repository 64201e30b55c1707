//! `show`

use super::source::ChartSource;
use super::{Failure, Global, Outcome, notices, output};
use crate::chart::{self, Chart, Error, Location, Notices, jsonpath, loader};
use crate::goyaml;

/// Show information of a chart
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// Show all information of the chart
    All(ChartArg),
    /// Show the chart's definition
    Chart(ChartArg),
    /// Show the chart's values
    Values(ValuesArg),
    /// Show the chart's README
    Readme(ChartArg),
    /// Show the chart's CRDs
    Crds(ChartArg),
}

#[derive(clap::Args, Debug)]
struct ChartArg {
    /// A directory, a .tgz, or core, admin, monitoring
    chart: String,
    #[command(flatten)]
    source: ChartSource,
}

#[derive(clap::Args, Debug)]
struct ValuesArg {
    #[command(flatten)]
    chart: ChartArg,
    /// Supply a JSONPath expression to filter the output
    #[arg(long, value_name = "TEMPLATE", default_value = "")]
    jsonpath: String,
}

/// Runs the command.
pub fn run(global: &Global, args: &Args) -> Outcome {
    let collected = Notices::new().with_debug(global.debug);
    let (wanted, path) = match &args.what {
        What::Values(arg) => (&arg.chart, arg.jsonpath.as_str()),
        What::All(arg) | What::Chart(arg) | What::Readme(arg) | What::Crds(arg) => (arg, ""),
    };
    let result = load(wanted, &collected).and_then(|chart| describe(&args.what, &chart, path));
    notices::print(global, &collected);
    match result {
        Ok(text) => output::print(&text),
        Err(error) => Err(Failure::Failed(format!("Error: {error}"))),
    }
}

fn load(wanted: &ChartArg, notices: &Notices) -> Result<Chart, Error> {
    wanted.source.note_version("original chart version", notices);
    match wanted.source.locate(&wanted.chart)? {
        Location::Path(path) => loader::load_plainly(&path, notices),
        Location::Embedded(name) => chart::load(name, notices),
    }
}

fn describe(what: &What, chart: &Chart, path: &str) -> Result<Vec<u8>, Error> {
    let all = matches!(what, What::All(_));
    let mut text = Vec::new();
    if all || matches!(what, What::Chart(_)) {
        let yaml = goyaml::to_yaml(&chart.metadata.to_value(true)).map_err(|e| Error::new(e.to_string()))?;
        push(&mut text, &yaml);
    }
    if (all || matches!(what, What::Values(_))) && !chart.raw_values.is_empty() {
        if all {
            text.extend(b"---\n");
        }
        if path.is_empty() {
            chart.raw_values.iter().for_each(|file| push(&mut text, file.data.as_bytes()));
        } else {
            let found = jsonpath::apply(path, &chart.values)
                .map_err(|e| Error::new(format!("error parsing jsonpath {path}: {e}")))?;
            text.extend(found.as_bytes());
        }
    }
    if all || matches!(what, What::Readme(_)) {
        let is_readme = |name: &str| ["readme.md", "readme.txt", "readme"].iter().any(|r| name.eq_ignore_ascii_case(r));
        if let Some(file) = chart.files.iter().find(|f| is_readme(&f.name)) {
            if all {
                text.extend(b"---\n");
            }
            push(&mut text, file.data.as_bytes());
        }
    }
    if all || matches!(what, What::Crds(_)) {
        for (_, file) in chart.crds() {
            if !file.data.as_bytes().starts_with(b"---") {
                text.extend(b"---\n");
            }
            push(&mut text, file.data.as_bytes());
        }
    }
    Ok(text)
}

fn push(text: &mut Vec<u8>, content: &[u8]) {
    text.extend(content);
    text.push(b'\n');
}
