//! The flags that name a chart and its values, shared by all commands that render.

use crate::chart::{self, Chart, Notices};
use crate::gotemplate::Value;

/// Values given on the command line. Later kinds win over earlier ones, whatever their order on the line: files, JSON, `--set`,
/// `--set-string`, `--set-file`, `--set-literal`.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct ValuesArgs {
    /// Specify values in a YAML file (can specify multiple)
    #[arg(short = 'f', long = "values", value_name = "FILE")]
    pub values: Vec<String>,
    /// Set values on the command line (can specify multiple or separate values with commas: key1=val1,key2=val2)
    #[arg(long, value_name = "KEY=VALUE", allow_hyphen_values = true)]
    pub set: Vec<String>,
    /// Set STRING values on the command line
    #[arg(long, value_name = "KEY=VALUE", allow_hyphen_values = true)]
    pub set_string: Vec<String>,
    /// Set values from respective files specified via the command line
    #[arg(long, value_name = "KEY=PATH", allow_hyphen_values = true)]
    pub set_file: Vec<String>,
    /// Set JSON values on the command line (key=json, or a JSON object)
    #[arg(long, value_name = "KEY=JSON", allow_hyphen_values = true)]
    pub set_json: Vec<String>,
    /// Set a literal STRING value on the command line
    #[arg(long, value_name = "KEY=VALUE", allow_hyphen_values = true)]
    pub set_literal: Vec<String>,
    /// If set, disables JSON schema validation
    #[arg(long)]
    pub skip_schema_validation: bool,
}

impl ValuesArgs {
    /// The user-supplied values: a map, empty if nothing was given.
    ///
    /// # Errors
    /// Helm's text for a file that cannot be read or parsed and for a malformed `--set`.
    pub fn merge(&self) -> Result<Value, chart::Error> {
        chart::values::Overrides {
            files: &self.values,
            json: &self.set_json,
            set: &self.set,
            string: &self.set_string,
            file: &self.set_file,
            literal: &self.set_literal,
        }
        .merge()
    }
}

/// Loads the chart that a command line names: a directory, a `.tgz`, or an embedded chart; checks that it can be installed and
/// that the charts it needs are there.
///
/// # Errors
/// Helm's texts.
pub fn load_installable(reference: &str, notices: &Notices) -> Result<Chart, chart::Error> {
    let chart = chart::load(reference, notices)?;
    chart.check_installable(notices)?;
    Ok(chart)
}
