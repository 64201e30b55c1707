//! Names of files, which are texts here: bytes that are not UTF-8 become U+FFFD.

use std::collections::HashMap;

use super::Error;
use crate::gotemplate::strconv;

/// Names that were met, as far as they are not UTF-8 or could be what such a name becomes.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<String, Vec<u8>>);

impl Names {
    /// Adds a name.
    ///
    /// # Errors
    /// Another name becomes the same text: one of the two files would be lost.
    pub fn add(&mut self, name: &[u8]) -> Result<(), Error> {
        // Most are ASCII.
        if name.is_ascii() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(name);
        if !text.contains('\u{FFFD}') {
            return Ok(());
        }
        match self.0.insert(text.into_owned(), name.to_vec()) {
            Some(other) if other != name => Err(Error::new(format!(
                "the names {} and {} differ only in bytes that are not UTF-8",
                strconv::quote(&other),
                strconv::quote(name)
            ))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn names_that_would_become_one_are_refused() {
        let mut names = Names::default();
        for name in [b"a".as_slice(), b"a", b"b\xFE.yaml", b"b\xFE.yaml", b"c\xFE", "\u{E9}".as_bytes()] {
            assert!(names.add(name).is_ok());
        }
        let error = names.add(b"b\xFF.yaml").unwrap_err();
        assert_eq!(error.message, r#"the names "b\xfe.yaml" and "b\xff.yaml" differ only in bytes that are not UTF-8"#);
        assert!(names.add("c\u{FFFD}".as_bytes()).is_err());
    }
}
