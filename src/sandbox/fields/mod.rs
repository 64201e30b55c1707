//! Who owns which field: sets of field paths, typed merging, and the `managedFields` of objects.
//!
//! The rules are those of structured-merge-diff, which the API server uses for server-side apply.

pub mod managed;
mod set;
mod typed;

pub use set::{Path, Set, path_text};
pub use typed::Typed;
