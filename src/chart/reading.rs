//! Reading files of a chart directory, at once or when a template asks for them.

use std::fs;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use super::notice::quote;
use super::{Error, archive, goerr};
use crate::gotemplate::GoStr;

/// Most files are shorter than this.
const BUFFER: usize = 16 << 10;

/// Reads files, each at once.
pub(super) struct Reader {
    /// Of [`BUFFER`] bytes.
    buffer: Vec<u8>,
}

impl Reader {
    pub fn new() -> Self {
        Self { buffer: vec![0; BUFFER] }
    }

    /// The content of a file, without a byte order mark; `name` is its path in the chart.
    ///
    /// # Errors
    /// Helm's texts.
    pub fn read(&mut self, path: &Path, name: &str) -> Result<GoStr, Error> {
        let data = self.limited(path).map_err(|e| unreadable(path, name, &e))?.ok_or_else(|| too_large(path))?;
        Ok(data.as_bytes().strip_prefix(b"\xEF\xBB\xBF").map(GoStr::from).unwrap_or(data))
    }

    /// A file, unless it is larger than a chart's files may be.
    fn limited(&mut self, path: &Path) -> io::Result<Option<GoStr>> {
        let Some(mut file) = open(path)? else { return Ok(None) };
        // Short files are not asked for their size.
        let begin = file.read(&mut self.buffer)?;
        if begin < BUFFER && file.read(&mut self.buffer[begin..])? == 0 {
            return Ok(Some(GoStr::from(&self.buffer[..begin])));
        }
        let about = file.metadata()?;
        if is_too_large(&about) {
            return Ok(None);
        }
        file.rewind()?;
        // Most files are as long as the system says.
        if let Ok(data) = GoStr::filled(about.len() as usize, |bytes| file.read_exact(bytes))
            && file.read(&mut [0])? == 0
        {
            return Ok(Some(data));
        }
        file.rewind()?;
        let mut data = Vec::new();
        file.take(archive::MAX_FILE_SIZE + 1).read_to_end(&mut data)?;
        Ok(Some(data.into()))
    }
}

/// A file that is left on disk until a template asks for it.
#[derive(Clone, Debug)]
pub struct Unread {
    /// Path inside the chart, with `/`.
    pub name: String,
    path: PathBuf,
}

impl Unread {
    /// Makes sure that a file can be read, without doing so.
    ///
    /// # Errors
    /// Those of reading it.
    pub(super) fn new(path: &Path, name: String) -> Result<Self, Error> {
        let about = open(path).and_then(|file| file.map(|file| file.metadata()).transpose());
        match about.map_err(|e| unreadable(path, &name, &e))? {
            Some(about) if !is_too_large(&about) => Ok(Self { name, path: path.to_path_buf() }),
            _ => Err(too_large(path)),
        }
    }

    /// The content, without a byte order mark.
    ///
    /// # Errors
    /// Helm's texts: the file is gone, or was changed so that it can't be read.
    pub fn read(&self) -> Result<GoStr, Error> {
        Reader::new().read(&self.path, &self.name)
    }
}

/// What says what a chart is, besides its templates.
const READ: [&str; 6] =
    ["Chart.yaml", "Chart.lock", "values.yaml", "values.schema.json", "requirements.yaml", "requirements.lock"];

/// Whether templates can do without a file until they ask for it: all that is neither a template nor says what the chart is.
pub(super) fn can_wait(name: &str) -> bool {
    let mut name = name;
    while let Some(inner) = name.strip_prefix("charts/") {
        match inner.split_once('/') {
            Some((chart, rest)) if !chart.contains('.') => name = rest,
            // An archive, or what looks like one.
            _ => return false,
        }
    }
    !READ.contains(&name) && !name.starts_with("templates/")
}

/// Opens a file; nothing if it can't be opened and is too large, which is complained of first.
fn open(path: &Path) -> io::Result<Option<fs::File>> {
    match fs::File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) => {
            if is_too_large(&fs::metadata(path)?) {
                Ok(None)
            } else {
                Err(error)
            }
        }
    }
}

fn is_too_large(about: &fs::Metadata) -> bool {
    about.len() > archive::MAX_FILE_SIZE
}

fn too_large(path: &Path) -> Error {
    let base = path.file_name().unwrap_or_default().to_string_lossy();
    let largest = archive::MAX_FILE_SIZE;
    Error::new(format!("chart file {} is larger than the maximum file size {largest}", quote(&base)))
}

fn unreadable(path: &Path, name: &str, error: &io::Error) -> Error {
    Error::new(format!("error reading {name}: {}", goerr::path_error("open", path, error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_chart_consists_of_is_read_at_once() {
        for name in ["Chart.yaml", "values.yaml", "templates/a.yaml", "charts/a/values.yaml", "charts/a/templates/b"] {
            assert!(!can_wait(name), "{name}");
        }
        for name in ["charts/a-1.0.0.tgz", "charts/a.tgz/README.md", "charts/README.md", "charts/a/charts/b.tgz"] {
            assert!(!can_wait(name), "{name}");
        }
        for name in
            ["README.md", "crds/a.yaml", "charts/a/README.md", "charts/a/charts/b/files/x", "values/values.yaml"]
        {
            assert!(can_wait(name), "{name}");
        }
    }

    #[test]
    fn files_of_all_lengths_are_read_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for length in [0, 1, BUFFER - 1, BUFFER, BUFFER + 1, 3 * BUFFER] {
            let content: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            fs::write(&path, [b"\xEF\xBB\xBF", content.as_slice()].concat()).unwrap();
            assert_eq!(Unread::new(&path, "file".into()).unwrap().read().unwrap().as_bytes(), content, "{length}");
        }
        let unread = Unread::new(&path, "x/file".into()).unwrap();
        fs::remove_file(&path).unwrap();
        let error = format!("error reading x/file: open {}: no such file or directory", path.display());
        assert_eq!(unread.read().unwrap_err().message, error);
        assert_eq!(Unread::new(&path, "x/file".into()).unwrap_err().message, error);
    }
}
