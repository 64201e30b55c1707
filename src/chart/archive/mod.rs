//! Chart archives: gzipped tar files, read with Helm's limits and refusals.

mod gunzip;
mod tar;

use self::gunzip::Gunzip;
use super::names::Names;
use super::{Error, File};
use crate::gotemplate::strconv;
use crate::sprig::clean_path;

pub use self::gunzip::NOT_GZIP;

/// The most that a chart may hold once unpacked.
pub const MAX_CHART_SIZE: u64 = 100 * 1024 * 1024;
/// The most that one file may hold.
pub const MAX_FILE_SIZE: u64 = 5 * 1024 * 1024;
/// Headers and padding come on top of the files; a stream beyond this is hostile.
const MAX_STREAM: u64 = 4 * MAX_CHART_SIZE;

/// Unpacks an archive into memory, with the paths below its top directory.
///
/// # Errors
/// Helm's texts for files outside the top directory, for what is too big, and for a broken archive.
pub fn unpack(data: &[u8]) -> Result<Vec<File>, Error> {
    let mut archive = tar::Reader::new(Gunzip::new(data, MAX_STREAM)?);
    let mut files = Vec::new();
    let mut names = Names::default();
    let mut remaining = MAX_CHART_SIZE;
    loop {
        // An error in the middle of what may not be read is no better than its end.
        let next = archive.next();
        if archive.is_exhausted() {
            return Err(too_large());
        }
        let Some(header) = next? else { break };
        if header.is_directory() || header.is_extension() {
            continue;
        }
        let name = inner_path(&header.name)?;
        names.add(&header.name)?;
        let size = u64::try_from(header.size).unwrap_or_default();
        if size > remaining {
            return Err(too_large());
        }
        if size > MAX_FILE_SIZE {
            return Err(Error::new(format!(
                "decompressed chart file {} is larger than the maximum file size {MAX_FILE_SIZE}",
                strconv::quote(&header.name)
            )));
        }
        let mut content = archive.content(remaining)?;
        remaining -= content.len() as u64;
        // Links and devices may have a size, but they have no content.
        if (content.len() as u64) < size || remaining == 0 {
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
fn inner_path(full: &[u8]) -> Result<String, Error> {
    let (full, bytes) = (&*String::from_utf8_lossy(full), full);
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
            strconv::quote(bytes)
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

/// Go's `path.Clean`.
pub fn clean(path: &str) -> String {
    String::from_utf8(clean_path(path.as_bytes()))
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn too_large() -> Error {
    Error::new(format!("decompressed chart is larger than the maximum size {MAX_CHART_SIZE}"))
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
            assert_eq!(inner_path(path.as_bytes()).unwrap_err().message, expected, "{path}");
        }
        assert_eq!(inner_path(b"c\\templates\\a.yaml").unwrap(), "templates/a.yaml");
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
