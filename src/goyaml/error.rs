//! The one error of this room.

/// Why a document could not be read or a value not be written, in the words of the Go library that Helm uses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
}

impl Error {
    /// An error with Go's text.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }

    /// The same error behind a prefix, as Go's `fmt.Errorf("prefix: %w", err)` makes it.
    #[must_use]
    pub fn within(self, prefix: &str) -> Self {
        Self { message: format!("{prefix}: {}", self.message) }
    }

    /// Go's text.
    pub fn message(&self) -> &str {
        &self.message
    }
}
