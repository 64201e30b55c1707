//! The one error of this room.

/// Why a document could not be read or a value not be written, in the words of the Go library that Helm uses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
    panic: bool,
}

impl Error {
    /// An error with Go's text.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), panic: false }
    }

    /// A panic with Go's text.
    pub fn panic(message: impl Into<String>) -> Self {
        Self { message: message.into(), panic: true }
    }

    /// Whether Go would panic instead of returning the error: functions that swallow errors do not swallow panics.
    pub fn is_panic(&self) -> bool {
        self.panic
    }

    /// The same error behind a prefix, as Go's `fmt.Errorf("prefix: %w", err)` makes it.
    #[must_use]
    pub fn within(self, prefix: &str) -> Self {
        Self { message: format!("{prefix}: {}", self.message), panic: self.panic }
    }

    /// Go's text.
    pub fn message(&self) -> &str {
        &self.message
    }
}
