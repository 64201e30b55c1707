//! Splitting of a text into YAML documents.

use super::Error;

/// Splits a text at lines that begin with `---`, as the reader of Kubernetes does. Line ends become line feeds, and each
/// document ends with one; text before the first separator and between separators counts only if there is any.
///
/// # Errors
/// `invalid Yaml document separator: ...` if more than blanks and a comment follows the dashes.
pub fn documents(text: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    match documents_before_error(text) {
        (documents, None) => Ok(documents),
        (_, Some(error)) => Err(error),
    }
}

/// As [`documents`], for those who read document by document: what comes before the error, and the error.
pub fn documents_before_error(text: &[u8]) -> (Vec<Vec<u8>>, Option<Error>) {
    if !text.starts_with(b"---")
        && memchr::memchr(b'\r', text).is_none()
        && memchr::memmem::find(text, b"\n---").is_none()
    {
        // One document, as nearly always.
        let mut document = Vec::with_capacity(text.len() + 1);
        document.extend_from_slice(text);
        if !text.ends_with(b"\n") {
            document.push(b'\n');
        }
        return (if text.is_empty() { Vec::new() } else { vec![document] }, None);
    }
    let mut documents = Vec::new();
    let mut current = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = match memchr::memchr(b'\n', rest) {
            Some(end) => (rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]), &rest[end + 1..]),
            None => (rest, &rest[rest.len()..]),
        };
        rest = after;
        if let Some(tail) = line.strip_prefix(b"---") {
            let tail = String::from_utf8_lossy(tail);
            let tail = tail.trim();
            if !tail.is_empty() && !tail.starts_with('#') {
                let error = Error::new(format!("invalid Yaml document separator: {tail}"));
                return (documents, Some(error));
            }
            if !current.is_empty() {
                documents.push(std::mem::take(&mut current));
                continue;
            }
        }
        current.extend_from_slice(line);
        current.push(b'\n');
    }
    if !current.is_empty() {
        documents.push(current);
    }
    (documents, None)
}
