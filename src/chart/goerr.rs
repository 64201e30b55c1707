//! Errors of the operating system in Go's words.

use std::io;
use std::path::Path;

/// The reason alone, as Go's `syscall.Errno` prints it.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    // Rust appends " (os error N)" and starts with a capital letter.
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// A failed operation on a path, as Go's `fs.PathError` prints it: `open /x: no such file or directory`.
pub fn path_error(operation: &str, path: &Path, error: &io::Error) -> String {
    format!("{operation} {}: {}", path.display(), reason(error))
}

/// Reads a file.
///
/// # Errors
/// Go's text.
pub fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    match std::fs::read(path) {
        Ok(data) => Ok(data),
        // Opening a directory succeeds; reading it does not.
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => Err(path_error("read", path, &error)),
        Err(error) => Err(path_error("open", path, &error)),
    }
}
