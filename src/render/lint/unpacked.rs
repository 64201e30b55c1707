//! A chart archive, unpacked to be linted as a directory.

use std::fmt;
use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::chart::{self, archive, goerr, notice};
use crate::sprig::Rng;

/// How many names are tried for the temporary directory.
const ATTEMPTS: u32 = 100;

/// A chart archive in a temporary directory, which goes with this.
pub struct Unpacked {
    directory: PathBuf,
    /// The chart in it.
    pub chart: PathBuf,
}

impl Unpacked {
    /// Unpacks an archive.
    ///
    /// # Errors
    /// Helm's texts.
    pub fn new(path: &Path) -> Result<Self, String> {
        let extract = |e: &dyn fmt::Display| format!("unable to extract tarball: {e}");
        let data = goerr::read_file(path).map_err(|e| match e {
            // Helm opens first and reads later.
            e if e.starts_with("read ") => extract(&e),
            e => format!("unable to open tarball: {e}"),
        })?;
        let files = archive::unpack(&data).map_err(|e| extract(&e))?;
        let mut metadata = chart::Metadata::default();
        for file in files.iter().filter(|f| f.name == "Chart.yaml") {
            metadata.read(file.data.as_bytes()).map_err(|e| extract(&format!("cannot load Chart.yaml: {e}")))?;
        }
        match metadata.name.as_str() {
            "" => return Err(extract(&"chart name not specified")),
            name @ ("." | "..") => {
                return Err(extract(&format!("chart name {} is not allowed", notice::quote(name))));
            }
            "/" => return Err(extract(&"chart name \"/\" resolves to the extraction root")),
            name if name.contains('/') => {
                let name = notice::quote(name);
                return Err(extract(&format!("chart name {name} must not contain path separators")));
            }
            _ => {}
        }
        let directory = temporary().map_err(|e| format!("unable to create temp dir to extract tarball: {e}"))?;
        let unpacked = Self { chart: directory.join(&metadata.name), directory };
        for file in files {
            let target = unpacked.chart.join(&file.name);
            if let Some(parent) = target.parent() {
                std::fs::create_dir_all(parent).map_err(|e| extract(&goerr::path_error("mkdir", parent, &e)))?;
            }
            std::fs::write(&target, file.data.as_bytes())
                .map_err(|e| extract(&goerr::path_error("open", &target, &e)))?;
        }
        Ok(unpacked)
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        // A leftover in the temporary directory harms nobody.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Makes a directory that nobody had before and nobody else may look into. Its name is in findings, so it is like Helm's.
fn temporary() -> Result<PathBuf, String> {
    let mut rng = Rng::default();
    let mut attempt = 0;
    loop {
        let path = std::env::temp_dir().join(format!("helm-lint{}", rng.below(1 << 32)?));
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(goerr::path_error("mkdir", &path, &error)),
        }
    }
}
