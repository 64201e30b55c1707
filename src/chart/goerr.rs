//! Errors of the operating system in Go's words.

use std::io::{self, Read};
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

/// Makes a directory and those above it that are missing, as Go's `os.MkdirAll` does.
///
/// # Errors
/// Go's text, which names the directory that could not be made.
pub fn make_directories(path: &Path) -> Result<(), String> {
    let mut missing = Vec::new();
    for path in path.ancestors().take_while(|path| !path.as_os_str().is_empty()) {
        match std::fs::metadata(path) {
            Ok(about) if about.is_dir() => break,
            Ok(_) => return Err(format!("mkdir {}: not a directory", path.display())),
            Err(_) => missing.push(path),
        }
    }
    for path in missing.into_iter().rev() {
        // Somebody else may have made it meanwhile; a link to nowhere is none.
        if let Err(error) = std::fs::create_dir(path)
            && !std::fs::symlink_metadata(path).is_ok_and(|about| about.is_dir())
        {
            return Err(path_error("mkdir", path, &error));
        }
    }
    Ok(())
}

/// More than this is read of no file and no pipe.
const MAX_SIZE: u64 = 100 << 20;

/// Reads a file of a chart: what is no regular file may have no end, or nobody at its other end.
///
/// # Errors
/// Go's text, or that it is no regular file.
pub fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    match std::fs::metadata(path) {
        Ok(about) if !about.is_file() && !about.is_dir() => Err(format!("open {}: not a regular file", path.display())),
        _ => read_source(path),
    }
}

/// Reads what somebody named on the command line, a pipe perhaps.
///
/// # Errors
/// Go's text, or that it is too large.
pub fn read_source(path: &Path) -> Result<Vec<u8>, String> {
    let file = std::fs::File::open(path).map_err(|error| path_error("open", path, &error))?;
    // Opening a directory succeeds; reading it does not.
    read_all(file).map_err(|error| path_error("read", path, &error))
}

/// Reads a stream to its end.
///
/// # Errors
/// It cannot be read, or is too large.
pub fn read_all(stream: impl Read) -> io::Result<Vec<u8>> {
    let mut data = Vec::new();
    stream.take(MAX_SIZE + 1).read_to_end(&mut data)?;
    if data.len() as u64 > MAX_SIZE {
        return Err(io::Error::other(format!("it is larger than {} MiB", MAX_SIZE >> 20)));
    }
    Ok(data)
}
