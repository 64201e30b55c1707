//! Chart archives: gzipped tar files, read with Helm's limits and refusals.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use super::notice::quote;
use super::{Error, File};

/// The most that a chart may hold once unpacked.
pub const MAX_CHART_SIZE: u64 = 100 * 1024 * 1024;
/// The most that one file may hold.
pub const MAX_FILE_SIZE: u64 = 5 * 1024 * 1024;
/// Headers and padding come on top of the files; a stream beyond this is hostile.
const MAX_STREAM: u64 = 4 * MAX_CHART_SIZE;

/// Go's text for a stream that is not gzip.
pub const NOT_GZIP: &str = "gzip: invalid header";

/// Unpacks an archive into memory, with the paths below its top directory.
///
/// # Errors
/// Helm's texts for files outside the top directory, for what is too big, and for a broken archive.
pub fn unpack(data: &[u8]) -> Result<Vec<File>, Error> {
    if data.is_empty() {
        return Err(Error::new("EOF"));
    }
    if !data.starts_with(b"\x1F\x8B\x08") {
        return Err(Error::new(NOT_GZIP));
    }
    let mut archive = tar::Archive::new(MultiGzDecoder::new(data).take(MAX_STREAM));
    let mut files = Vec::new();
    let mut remaining = MAX_CHART_SIZE;
    for entry in archive.entries().map_err(|e| broken(&e))? {
        let mut entry = entry.map_err(|e| broken(&e))?;
        let full = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = entry.header().entry_type();
        let mode = entry.header().mode().unwrap_or(0);
        if kind.is_dir() || (kind.is_file() && full.ends_with('/')) || mode & 0o170_000 == 0o040_000 {
            continue;
        }
        if kind.is_pax_global_extensions() || kind.is_pax_local_extensions() {
            continue;
        }
        let name = inner_path(&full)?;
        let size = entry.header().size().map_err(|e| broken(&e))?.max(entry.size());
        if size > remaining {
            return Err(too_large());
        }
        if size > MAX_FILE_SIZE {
            return Err(Error::new(format!(
                "decompressed chart file {} is larger than the maximum file size {MAX_FILE_SIZE}",
                quote(&full)
            )));
        }
        let mut content = Vec::with_capacity(size as usize);
        // Links and devices have a size in their header but no content.
        if kind.is_file() || kind.is_contiguous() {
            entry.read_to_end(&mut content).map_err(|e| broken(&e))?;
        }
        remaining = remaining.saturating_sub(content.len() as u64);
        if remaining == 0 {
            return Err(too_large());
        }
        if content.starts_with(b"\xEF\xBB\xBF") {
            content.drain(..3);
        }
        files.push(File { name, data: content.into() });
    }
    if files.is_empty() {
        return Err(Error::new("no files in chart archive"));
    }
    Ok(files)
}

/// The path below the archive's top directory, with `/` and without `.` and `..`.
fn inner_path(full: &str) -> Result<String, Error> {
    let delimiter = if full.contains('\\') { '\\' } else { '/' };
    let (top, inner) = full.split_once(delimiter).unwrap_or((full, ""));
    let inner = inner.replace(delimiter, "/");
    if inner.starts_with('/') {
        return Err(Error::new("chart illegally contains absolute paths"));
    }
    let inner = clean(&inner);
    if inner == "." {
        return Err(Error::new(format!(
            "chart illegally contains content outside the base directory: {}",
            quote(full)
        )));
    }
    if inner.starts_with("..") {
        return Err(Error::new("chart illegally references parent directory"));
    }
    let bytes = inner.as_bytes();
    if bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && &bytes[1..3] == b":/" {
        return Err(Error::new("chart contains illegally named files"));
    }
    if top == "Chart.yaml" {
        return Err(Error::new("chart yaml not in base directory"));
    }
    Ok(inner)
}

/// Go's `path.Clean`: no doubled slashes, no `.`, and `..` resolved.
pub fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    match (rooted, parts.join("/")) {
        (true, joined) => format!("/{joined}"),
        (false, joined) if joined.is_empty() => ".".into(),
        (false, joined) => joined,
    }
}

fn too_large() -> Error {
    Error::new(format!("decompressed chart is larger than the maximum size {MAX_CHART_SIZE}"))
}

fn broken(error: &io::Error) -> Error {
    let text = error.to_string();
    Error::new(if error.kind() == io::ErrorKind::UnexpectedEof {
        "unexpected EOF"
    } else if text.contains("deflate") || text.contains("corrupt") {
        "flate: corrupt input before offset 0"
    } else if text.contains("gzip") {
        NOT_GZIP
    } else {
        "archive/tar: invalid tar header"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_paths_are_refused_with_helms_words() {
        for (path, expected) in [
            ("c/../../x", "chart illegally references parent directory"),
            ("/..//x", "chart illegally references parent directory"),
            ("c//x", "chart illegally contains absolute paths"),
            ("c", "chart illegally contains content outside the base directory: \"c\""),
            ("c/./c://foo", "chart contains illegally named files"),
            ("\\\\foo", "chart illegally contains absolute paths"),
            ("Chart.yaml/x", "chart yaml not in base directory"),
        ] {
            assert_eq!(inner_path(path).unwrap_err().message, expected, "{path}");
        }
        assert_eq!(inner_path("c\\templates\\a.yaml").unwrap(), "templates/a.yaml");
    }

    #[test]
    fn paths_are_cleaned_as_in_go() {
        for (path, expected) in
            [("", "."), ("a//b/./c", "a/b/c"), ("a/../../b", "../b"), ("/../a", "/a"), ("a/..", ".")]
        {
            assert_eq!(clean(path), expected);
        }
    }
}
