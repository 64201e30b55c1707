//! Server-side apply conflicts, field by field.

use super::Cause;

/// A field that somebody else owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldConflict {
    /// `.spec.replicas`
    pub field: String,
    /// The other manager's name, e.g. `kubectl-edit`.
    pub owner: String,
    /// The subresource it wrote through (`scale`), or empty.
    pub subresource: String,
}

impl std::fmt::Display for FieldConflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is owned by {:?}", self.field, self.owner)?;
        if !self.subresource.is_empty() {
            write!(f, " (through {})", self.subresource)?;
        }
        Ok(())
    }
}

/// Reads the causes of a conflict. The server words them `conflict with "MANAGER" with subresource "SUB" using VERSION at
/// TIME`, all but the first part optional (apimachinery, `managedfields/internal/conflict.go`).
pub(super) fn parse(causes: &[Cause]) -> Vec<FieldConflict> {
    let conflicts = causes.iter().filter(|cause| cause.reason == "FieldManagerConflict");
    conflicts
        .map(|cause| FieldConflict {
            field: cause.field.clone(),
            owner: quoted_after(&cause.message, "conflict with ").unwrap_or_else(|| cause.message.clone()),
            subresource: quoted_after(&cause.message, "with subresource ").unwrap_or_default(),
        })
        .collect()
}

fn quoted_after(text: &str, words: &str) -> Option<String> {
    let rest = text.split_once(words)?.1.strip_prefix('"')?;
    rest.split_once('"').map(|(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(message: &str) -> Cause {
        Cause { reason: "FieldManagerConflict".into(), field: ".spec.replicas".into(), message: message.into() }
    }

    #[test]
    fn the_owner_is_read_from_the_servers_words() {
        let conflicts = parse(&[
            cause("conflict with \"kubectl-edit\" using apps/v1"),
            cause("conflict with \"vpa\" with subresource \"scale\" using apps/v1 at 2026-01-02T03:04:05Z"),
            Cause { reason: "FieldValueInvalid".into(), field: ".spec".into(), message: "no".into() },
        ]);
        let shown: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [".spec.replicas is owned by \"kubectl-edit\"", ".spec.replicas is owned by \"vpa\" (through scale)"]
        );
    }
}
