//! How the program talks: progress on a terminal or in a log, and a report to keep.
//!
//! [`Reporter`] writes to stderr while things happen; [`Document`] is what is
//! written down at the end, as HTML and Markdown. Neither is ever given a secret.

mod document;
mod handover;
mod line;
mod reporter;
mod style;

pub use document::{Document, Fact, NextCommand, ObjectLine, ReportError};
pub use handover::{HandoverReporter, handover_document, write_handover};
pub use reporter::{Reporter, Step, StepRecord, StepState};
pub use style::{ColorWish, Style};
