//! The flags that give values, shared by all commands that render.

use super::goflags;
use crate::chart;
use crate::gotemplate::Value;

/// Values given on the command line. Later kinds win over earlier ones, whatever their order on the line: files, JSON, `--set`,
/// `--set-string`, `--set-file`, `--set-literal`.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct ValuesArgs {
    /// Specify values in a YAML file (can specify multiple)
    #[arg(short = 'f', long = "values", value_name = "FILE", value_parser = goflags::list)]
    pub values: Vec<goflags::List>,
    /// Set values on the command line (can specify multiple or separate values with commas: key1=val1,key2=val2)
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Set STRING values on the command line
    #[arg(long, value_name = "KEY=VALUE")]
    pub set_string: Vec<String>,
    /// Set values from respective files specified via the command line
    #[arg(long, value_name = "KEY=PATH")]
    pub set_file: Vec<String>,
    /// Set JSON values on the command line (key=json, or a JSON object)
    #[arg(long, value_name = "KEY=JSON")]
    pub set_json: Vec<String>,
    /// Set a literal STRING value on the command line
    #[arg(long, value_name = "KEY=VALUE")]
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
        let files: Vec<String> = self.values.iter().flat_map(|list| list.0.clone()).collect();
        chart::values::Overrides {
            files: &files,
            json: &self.set_json,
            set: &self.set,
            string: &self.set_string,
            file: &self.set_file,
            literal: &self.set_literal,
        }
        .merge()
    }
}
