//! Rendered objects and hooks, and the text Helm stores of them.

use std::fmt::Write;

use crate::gotemplate::errtext;

/// An object of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The template it comes from, from the root chart's name on.
    pub path: String,
    /// YAML text of the object; what is not UTF-8 (UTF-16 with a byte order mark) as [`errtext`] says.
    pub content: String,
    /// `apiVersion`
    pub api_version: String,
    /// `kind`
    pub kind: String,
    /// `metadata.name`
    pub name: String,
}

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookEvent {
    /// `pre-install`
    PreInstall,
    /// `post-install`
    PostInstall,
    /// `pre-delete`
    PreDelete,
    /// `post-delete`
    PostDelete,
    /// `pre-upgrade`
    PreUpgrade,
    /// `post-upgrade`
    PostUpgrade,
    /// `pre-rollback`
    PreRollback,
    /// `post-rollback`
    PostRollback,
    /// `test` (also written `test-success`)
    Test,
}

impl HookEvent {
    /// The event of an annotation's word, which is compared in lower case.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "pre-install" => Self::PreInstall,
            "post-install" => Self::PostInstall,
            "pre-delete" => Self::PreDelete,
            "post-delete" => Self::PostDelete,
            "pre-upgrade" => Self::PreUpgrade,
            "post-upgrade" => Self::PostUpgrade,
            "pre-rollback" => Self::PreRollback,
            "post-rollback" => Self::PostRollback,
            "test" | "test-success" => Self::Test,
            _ => return None,
        })
    }

    /// The word, as the release record holds it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreInstall => "pre-install",
            Self::PostInstall => "post-install",
            Self::PreDelete => "pre-delete",
            Self::PostDelete => "post-delete",
            Self::PreUpgrade => "pre-upgrade",
            Self::PostUpgrade => "post-upgrade",
            Self::PreRollback => "pre-rollback",
            Self::PostRollback => "post-rollback",
            Self::Test => "test",
        }
    }
}

/// A hook of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// `metadata.name`
    pub name: String,
    /// `kind`
    pub kind: String,
    /// The template it comes from.
    pub path: String,
    /// YAML text of the object; what is not UTF-8 as [`errtext`] says.
    pub manifest: String,
    /// When it runs.
    pub events: Vec<HookEvent>,
    /// Lower weights run first.
    pub weight: i64,
    /// `helm.sh/hook-delete-policy`, in lower case; empty means `before-hook-creation`.
    pub delete_policies: Vec<String>,
    /// `helm.sh/hook-output-log-policy`, in lower case.
    pub output_log_policies: Vec<String>,
}

/// Documents as Helm stores them, with U+FFFD for what is not UTF-8; optionally with Secrets suppressed.
pub fn text(manifests: &[Manifest], hide_secrets: bool) -> String {
    let mut out = String::with_capacity(manifests.iter().map(|m| m.content.len() + m.path.len() + 16).sum());
    for m in manifests {
        // Writing to a string cannot fail.
        let _ = if hide_secrets && m.kind == "Secret" && m.api_version == "v1" {
            writeln!(out, "---\n# Source: {}\n# HIDDEN: The Secret output has been suppressed", m.path)
        } else {
            writeln!(out, "---\n# Source: {}\n{}", m.path, errtext::lossy(&m.content))
        };
    }
    out
}
