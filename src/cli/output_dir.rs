//! `template --output-dir`: every document goes to a file of its own, which is told of on stdout.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::chart::{File, archive, goerr};
use crate::gotemplate::errtext;
use crate::render::{Hook, Manifest};

/// Where the documents of a release go, and what was said of them.
pub struct OutputDir {
    /// The directory as the user named it: definitions go below it.
    directory: String,
    /// That of everything else; the name of the release may come in between.
    named: String,
    /// The paths of definitions and manifests that were written.
    written: Vec<String>,
    /// A line for each document.
    pub log: String,
}

impl OutputDir {
    /// Nothing is written yet. `release` is the name of a directory in between.
    pub fn new(directory: &str, release: Option<&str>) -> Self {
        let named = match release {
            Some(release) => archive::clean(&format!("{directory}/{release}")),
            None => directory.to_owned(),
        };
        Self { directory: directory.to_owned(), named, written: Vec::new(), log: String::new() }
    }

    /// Writes definitions and manifests.
    ///
    /// # Errors
    /// Go's text.
    pub fn documents(&mut self, definitions: &[(String, &File)], manifests: &[Manifest]) -> Result<(), String> {
        for (path, file) in definitions {
            let directory = self.directory.clone();
            self.document(&directory, path, file.data.as_bytes())?;
        }
        for manifest in manifests {
            let directory = self.named.clone();
            self.document(&directory, &manifest.path, &errtext::bytes(&manifest.content))?;
        }
        Ok(())
    }

    fn document(&mut self, directory: &str, path: &str, content: &[u8]) -> Result<(), String> {
        let again = self.written.iter().any(|written| written == path);
        self.write(directory, path, content, again)?;
        self.written.push(path.to_owned());
        Ok(())
    }

    /// Writes hooks. They are added to a file of an earlier run, too: that is how Helm does it.
    ///
    /// # Errors
    /// Go's text.
    pub fn hooks<'a>(&mut self, hooks: impl Iterator<Item = &'a Hook>) -> Result<(), String> {
        let directory = self.named.clone();
        for hook in hooks {
            let exists = Path::new(&directory).join(&hook.path).exists();
            self.write(&directory, &hook.path, &errtext::bytes(&hook.manifest), exists)?;
        }
        Ok(())
    }

    fn write(&mut self, directory: &str, path: &str, content: &[u8], append: bool) -> Result<(), String> {
        let full = format!("{directory}/{path}");
        let target = PathBuf::from(&full);
        if let Some(parent) = target.parent() {
            let parent = PathBuf::from(archive::clean(&parent.to_string_lossy()));
            if let Err(error) = std::fs::metadata(&parent)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                return Err(goerr::path_error("stat", &parent, &error));
            }
            goerr::make_directories(&parent)?;
        }
        let mut options = std::fs::OpenOptions::new();
        let opened = if append { options.append(true).open(&target) } else { std::fs::File::create(&target) };
        let mut file = opened.map_err(|e| goerr::path_error("open", &target, &e))?;
        let document = [format!("---\n# Source: {path}\n").as_bytes(), content, b"\n"].concat();
        file.write_all(&document).map_err(|e| goerr::path_error("write", &target, &e))?;
        self.log.push_str(&format!("wrote {full}\n"));
        Ok(())
    }
}
