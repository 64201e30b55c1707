//! Gathers the charts that a chart needs into its `charts/` directory, as `dependency update` and `dependency build` do.
//!
//! Dependencies come from directories (`file://`) or lie in `charts/` already; repositories and registries are not asked.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::notice::quote;
use super::{Chart, Dependency, Error, Lock, Notices, archive, goerr, loader, save};
use crate::gotemplate::Value;
use crate::goyaml;
use crate::sprig::check;
use crate::sprig::semver::{Constraints, Version};

/// A chart directory whose dependencies are gathered.
#[derive(Debug)]
pub struct Gatherer<'a> {
    directory: &'a Path,
    /// Whether each step is told.
    verbose: bool,
    notices: &'a Notices,
    /// What Helm prints on stdout meanwhile; to be shown also when the work fails.
    pub told: String,
}

impl<'a> Gatherer<'a> {
    /// For a chart directory. `verbose` tells more, as Helm's `--debug` does.
    pub fn new(directory: &'a Path, verbose: bool, notices: &'a Notices) -> Self {
        Self { directory, verbose, notices, told: String::new() }
    }

    /// Puts the charts that `Chart.yaml` asks for into `charts/`, deletes those that it no longer asks for, and writes the lock.
    ///
    /// # Errors
    /// Helm's texts; a dependency that only a repository has.
    pub fn update(&mut self) -> Result<(), Error> {
        let chart = self.chart()?;
        self.update_chart(&chart)
    }

    /// Puts the charts that the lock names into `charts/`; without a lock as [`update`](Self::update).
    ///
    /// # Errors
    /// Helm's texts; a lock that does not fit `Chart.yaml`; a dependency that only a repository has.
    pub fn build(&mut self) -> Result<(), Error> {
        let chart = self.chart()?;
        let Some(lock) = &chart.lock else { return self.update_chart(&chart) };
        let wanted = chart.metadata.dependencies.as_deref();
        self.check_repositories(wanted.unwrap_or_default())?;
        if digest(wanted, &lock.dependencies)? != lock.digest {
            if chart.metadata.api_version != "v1" {
                return Err(Error::new(
                    "the lock file (Chart.lock) is out of sync with the dependencies file (Chart.yaml). Please update the \
                     dependencies with 'helm dependency update'",
                ));
            }
            self.notices.info("warning: a valid Helm v3 hash was not found. Checking against Helm v2 hash...");
            if second_generation_digest(wanted)? != lock.digest {
                return Err(Error::new(
                    "the lock file (requirements.lock) is out of sync with the dependencies file (requirements.yaml). Please \
                     update the dependencies",
                ));
            }
        }
        let unknown: Vec<&str> = (lock.dependencies.iter())
            .map(|dependency| dependency.repository.as_str())
            .filter(|repository| !is_local(repository) && !repository.starts_with("oci://"))
            .collect();
        if !unknown.is_empty() {
            return Err(Error::new(format!(
                "no repository definition for {}. Please add the missing repos via 'helm repo add'",
                unknown.join(", ")
            )));
        }
        refuse_remote(&lock.dependencies)?;
        self.save_all(lock.dependencies.clone()).map(|_| ())
    }

    fn chart(&self) -> Result<Chart, Error> {
        let path = self.directory.display();
        match fs::metadata(self.directory) {
            Err(error) => {
                Err(Error::new(format!("could not find {path}: {}", goerr::path_error("stat", self.directory, &error))))
            }
            Ok(about) if !about.is_dir() => Err(Error::new("only unpacked charts can be updated")),
            Ok(_) => loader::load_directory(self.directory, self.notices),
        }
    }

    fn update_chart(&mut self, chart: &Chart) -> Result<(), Error> {
        let Some(wanted) = &chart.metadata.dependencies else { return Ok(()) };
        self.check_repositories(wanted)?;
        refuse_remote(wanted)?;
        let locked = self.resolve(wanted)?;
        let locked = self.save_all(locked)?;
        let digest = digest(Some(wanted), &locked)?;
        if chart.lock.as_ref().is_some_and(|old| old.digest == digest) {
            return Ok(());
        }
        let generated = jiff::Timestamp::now().to_string();
        self.write_lock(&Lock { generated, digest, dependencies: locked }, chart.metadata.api_version == "v1")
    }

    /// Refuses names of repositories that nobody defined and directories that are not there.
    fn check_repositories(&mut self, wanted: &[Dependency]) -> Result<(), Error> {
        let mut unknown = Vec::new();
        for Dependency { repository, .. } in wanted {
            if repository.starts_with("file://") {
                self.local_path(repository)?;
                if self.verbose {
                    self.tell(format_args!("Repository from local path: {repository}"));
                }
            } else if !repository.is_empty() && check::request_url(repository).is_none() {
                unknown.push(repository.as_str());
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let mut message =
            format!("no repository definition for {}. Please add them via 'helm repo add'", unknown.join(", "));
        if unknown.iter().any(|name| !name.contains("//") && !name.starts_with('@') && !name.starts_with("alias:")) {
            message.push_str(
                "\nNote that repositories must be URLs or aliases. For example, to refer to the \"example\"\n\
                 repository, use \"https://charts.example.com/\" or \"@example\" instead of\n\
                 \"example\". Don't forget to add the repo, too ('helm repo add').",
            );
        }
        Err(Error::new(message))
    }

    /// The exact version of each dependency.
    fn resolve(&self, wanted: &[Dependency]) -> Result<Vec<Dependency>, Error> {
        let mut locked = Vec::new();
        let mut missing = Vec::new();
        for Dependency { name, version, repository, .. } in wanted {
            let constraints =
                Constraints::parse(version).map_err(|e| invalid_constraint(&quote(name), &e.to_string()))?;
            let exact = if repository.is_empty() {
                self.local_path(&format!("charts/{name}"))?;
                version.clone()
            } else {
                let chart = loader::load_directory(&self.local_path(repository)?, self.notices)?;
                let found = chart.metadata.version;
                if !Version::parse(&found).is_ok_and(|found| constraints.check(&found)) {
                    let [name, repository, version] = [name, repository, version].map(|text| quote(text));
                    missing.push(format!("{name} (repository {repository}, version {version})"));
                    continue;
                }
                found
            };
            locked.push(Dependency {
                name: name.clone(),
                version: exact,
                repository: repository.clone(),
                ..Dependency::default()
            });
        }
        if missing.is_empty() {
            return Ok(locked);
        }
        Err(Error::new(format!(
            "can't get a valid version for {} subchart(s): {}. Make sure a matching chart version exists in the repo, or change \
             the version constraint in Chart.yaml",
            missing.len(),
            missing.join(", ")
        )))
    }

    /// Packs the dependencies into `charts/`, all or none; their versions as packed.
    fn save_all(&mut self, mut dependencies: Vec<Dependency>) -> Result<Vec<Dependency>, Error> {
        let charts = self.joined("charts");
        match fs::metadata(&charts) {
            Ok(about) if !about.is_dir() => {
                return Err(Error::new(format!("{} is not a directory", quote(&charts.to_string_lossy()))));
            }
            Ok(_) => {}
            Err(_) => make_directory(&charts)?,
        }
        let scratch = Scratch(self.joined(&format!("tmpcharts-{}", std::process::id())));
        make_directory(&scratch.0)?;
        self.tell(format_args!("Saving {} charts", dependencies.len()));
        for dependency in &mut dependencies {
            let saved = if dependency.repository.is_empty() {
                self.tell(format_args!(
                    "Dependency {} did not declare a repository. Assuming it exists in the charts directory",
                    dependency.name
                ));
                self.check_unpacked(dependency, &charts)?
            } else {
                if self.verbose {
                    self.tell(format_args!("Archiving {} from repo {}", dependency.name, dependency.repository));
                }
                self.pack(dependency, &scratch.0)
            };
            if let Err(error) = saved {
                self.tell(format_args!("Save error occurred:  {error}"));
                return Err(error);
            }
        }
        self.replace(&dependencies, &scratch.0, &charts)?;
        Ok(dependencies)
    }

    /// Whether a chart that lies in `charts/` has the right version. The outer error comes before any other work is told of.
    fn check_unpacked(&self, dependency: &Dependency, charts: &Path) -> Result<Result<(), Error>, Error> {
        let Dependency { name, version, .. } = dependency;
        let path = cleaned(&charts.join(name));
        let chart = loader::load_directory(&path, self.notices)
            .map_err(|e| Error::new(format!("unable to load chart '{}': {e}", path.display())))?;
        let constraints = Constraints::parse(version).map_err(|e| invalid_constraint(name, &e.to_string()))?;
        let found = Version::parse(&chart.metadata.version)
            .map_err(|e| Error::new(format!("invalid version {version} for dependency {name}: {e}")))?;
        if constraints.check(&found) {
            return Ok(Ok(()));
        }
        let found = chart.metadata.version;
        Ok(Err(Error::new(format!("dependency {name} at version {found} does not satisfy the constraint {version}"))))
    }

    fn pack(&self, dependency: &mut Dependency, directory: &Path) -> Result<(), Error> {
        let chart = loader::load_directory(&self.local_path(&dependency.repository)?, self.notices)?;
        let constraints = Constraints::parse(&dependency.version)
            .map_err(|e| invalid_constraint(&dependency.name, &e.to_string()))?;
        let version = Version::parse(&chart.metadata.version).map_err(|e| Error::new(e.to_string()))?;
        if !constraints.check(&version) {
            return Err(Error::new(format!("can't get a valid version for dependency {}", dependency.name)));
        }
        save::save(&chart, directory)?;
        dependency.version = chart.metadata.version;
        Ok(())
    }

    /// Moves the packed charts to their place and deletes the archives that they replace.
    fn replace(&mut self, dependencies: &[Dependency], from: &Path, to: &Path) -> Result<(), Error> {
        let (packed, before) = (file_names(from)?, file_names(to)?);
        for name in &packed {
            let (source, target) = (from.join(name), to.join(name));
            if let Err(error) = fs::rename(&source, &target) {
                let reason = goerr::reason(&error);
                let text = format!("Unable to move {} to charts dir {reason} (Skipping)", source.display());
                self.told.push_str(&text);
            }
        }
        self.tell(format_args!("Deleting outdated charts"));
        for name in before.difference(&packed) {
            let path = to.join(name);
            let shown = path.display();
            match loader::load_file(&path, self.notices) {
                Err(error) => {
                    self.tell(format_args!("Could not verify {shown} for deletion: {error} (Skipping)"));
                }
                Ok(chart) if dependencies.iter().any(|d| d.repository.is_empty() && d.name == chart.name()) => {}
                Ok(_) => {
                    if let Err(error) = fs::remove_file(&path) {
                        let error = goerr::path_error("remove", &path, &error);
                        self.told.push_str(&format!("Could not delete {shown}: {error} (Skipping)"));
                    }
                }
            }
        }
        Ok(())
    }

    fn write_lock(&self, lock: &Lock, first_generation: bool) -> Result<(), Error> {
        let name = if first_generation { "requirements.lock" } else { "Chart.lock" };
        let path = self.joined(name);
        if let Ok(target) = fs::read_link(&path) {
            return Err(Error::new(format!("the {name} file is a symlink to {}", quote(&target.to_string_lossy()))));
        }
        let text = goyaml::to_yaml(&lock.to_value()).map_err(|e| Error::new(e.to_string()))?;
        fs::write(&path, text).map_err(|e| Error::new(goerr::path_error("open", &path, &e)))
    }

    fn local_path(&self, repository: &str) -> Result<PathBuf, Error> {
        let path = repository.strip_prefix("file://").unwrap_or(repository);
        let path = if path.starts_with('/') { cleaned(Path::new(path)) } else { self.joined(path) };
        match fs::metadata(&path) {
            Ok(_) => Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(Error::new(format!("directory {} not found", path.display())))
            }
            Err(error) => Err(Error::new(goerr::path_error("stat", &path, &error))),
        }
    }

    fn joined(&self, name: &str) -> PathBuf {
        cleaned(&self.directory.join(name))
    }

    fn tell(&mut self, line: std::fmt::Arguments<'_>) {
        self.told.push_str(&line.to_string());
        self.told.push('\n');
    }
}

/// A directory that goes when the work ends, however it ends.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn is_local(repository: &str) -> bool {
    repository.is_empty() || repository.starts_with("file://")
}

fn refuse_remote(dependencies: &[Dependency]) -> Result<(), Error> {
    match dependencies.iter().find(|dependency| !is_local(&dependency.repository)) {
        None => Ok(()),
        Some(Dependency { name, version, repository, .. }) => Err(Error::new(format!(
            "{name} {version} is not fetched from {repository}: dependencies come from directories; put its archive into charts/"
        ))),
    }
}

fn invalid_constraint(name: &str, reason: &str) -> Error {
    Error::new(format!("dependency {name} has an invalid version/constraint format: {reason}"))
}

fn cleaned(path: &Path) -> PathBuf {
    PathBuf::from(archive::clean(&path.to_string_lossy()))
}

fn make_directory(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(|e| Error::new(goerr::path_error("mkdir", path, &e)))
}

/// The names of the files in a directory, in order.
fn file_names(directory: &Path) -> Result<BTreeSet<std::ffi::OsString>, Error> {
    let entries = fs::read_dir(directory).map_err(|e| Error::new(goerr::path_error("open", directory, &e)))?;
    let files = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir()));
    Ok(files.map(|entry| entry.file_name()).collect())
}

/// The hash that a lock carries of what was asked for and what was locked.
fn digest(wanted: Option<&[Dependency]>, locked: &[Dependency]) -> Result<String, Error> {
    Ok(sha256(&format!("[{},{}]", json_list(wanted)?, json_list(Some(locked))?)))
}

/// The hash of locks that Helm 2 wrote.
fn second_generation_digest(wanted: Option<&[Dependency]>) -> Result<String, Error> {
    Ok(sha256(&format!("{{\"dependencies\":{}}}", json_list(wanted)?)))
}

fn sha256(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().fold(String::from("sha256:"), |text, byte| text + &format!("{byte:02x}"))
}

fn json_list(dependencies: Option<&[Dependency]>) -> Result<String, Error> {
    let Some(dependencies) = dependencies else { return Ok("null".into()) };
    let list: Vec<String> = dependencies.iter().map(json).collect::<Result<_, _>>()?;
    Ok(format!("[{}]", list.join(",")))
}

/// A dependency with its fields in the order in which Helm declares them.
fn json(dependency: &Dependency) -> Result<String, Error> {
    let fields = dependency.to_value();
    let mut entries = Vec::new();
    for name in ["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"] {
        if let Some(value) = fields.as_map().and_then(|map| map.get(name)) {
            entries.push(format!("\"{name}\":{}", json_value(&value)?));
        }
    }
    Ok(format!("{{{}}}", entries.join(",")))
}

fn json_value(value: &Value) -> Result<String, Error> {
    let text = goyaml::to_json(value, true).map_err(|e| Error::new(e.to_string()))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
