//! Charts out of directories, archives and memory.
//!
//! | from | |
//! |---|---|
//! | a directory or an archive, whichever a path is | [`load`] |
//! | a directory | [`load_chart_directory`] |
//! | an archive in memory | [`load_archive`] |
//! | a directory or an archive that is only rendered | [`load_to_render`] |
//! | files in memory | [`from_files`] |

use std::collections::BTreeMap;
use std::fs::FileType;
use std::path::{Path, PathBuf};

use super::ignore::Rules;
use super::model::{Chart, File, Lock, Metadata};
use super::names::Names;
use super::notice::Level;
use super::reading::{Reader, Unread, can_wait};
use super::{Error, Notices, archive, goerr, links, metadata, sniff, values};
use crate::gotemplate::Value;

/// No chart has so many files and folders.
const MAX_ENTRIES: usize = 100_000;
/// Links can lead to the same folders again and again.
const MAX_LINKS: usize = 10_000;
/// How deep charts may be within charts.
const MAX_DEPTH: usize = 100;
/// How many charts may be within a chart, at all depths.
const MAX_CHARTS: usize = 10_000;

/// Refuses more charts within a chart than [`MAX_CHARTS`].
pub(super) fn check_count(charts: usize) -> Result<(), Error> {
    if charts > MAX_CHARTS {
        return Err(Error::new(format!("there are more than {MAX_CHARTS} subcharts")));
    }
    Ok(())
}

/// How many dependencies a chart may list.
const MAX_LISTED: usize = 1000;
/// How large the files of all archives may be that are within each other, unpacked.
const MAX_UNPACKED: usize = 512 << 20;

/// Loads a directory or an archive, as the commands do that render.
///
/// ```no_run
/// use vulas_native::chart::{Notices, loader};
///
/// # fn main() -> Result<(), vulas_native::chart::Error> {
/// let notices = Notices::new();
/// let chart = loader::load("charts/database".as_ref(), &notices)?;
/// for notice in notices.take() {
///     eprintln!("{notice}");
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Helm's texts.
pub fn load(path: &Path, notices: &Notices) -> Result<Chart, Error> {
    load_either(path, false, notices)
}

/// [`load`] of a chart that is only rendered, and soon: of a directory, files that are neither templates nor say what the chart
/// is are left on disk until a template asks for them ([`Chart::unread`]).
///
/// # Errors
/// Those of [`load`].
pub fn load_to_render(path: &Path, notices: &Notices) -> Result<Chart, Error> {
    load_either(path, true, notices)
}

fn load_either(path: &Path, lazy: bool, notices: &Notices) -> Result<Chart, Error> {
    let about = std::fs::metadata(path).map_err(|e| Error::new(goerr::path_error("stat", path, &e)))?;
    if about.is_dir() {
        let detected = check_directory(path)?;
        return walk(path, lazy, detected, notices);
    }
    check_archive_file(path, &about)?;
    let data = read_archive(path)?;
    let files = archive::unpack(&data).map_err(|e| not_a_chart(path, &e, "unable to load chart archive"))?;
    from_unpacked(files, notices)
}

/// Loads a chart directory, looking at the generation of the chart first.
///
/// # Errors
/// Helm's texts.
pub fn load_chart_directory(path: &Path, notices: &Notices) -> Result<Chart, Error> {
    let detected = check_directory(path)?;
    walk(path, false, detected, notices)
}

fn check_directory(path: &Path) -> Result<Option<Detected>, Error> {
    let name = absolute(path)?.join("Chart.yaml");
    let data = goerr::read_file(&name)
        .map_err(|e| Error::new(format!("unable to detect chart at {}: {e}", name.display())))?;
    check_generation(data)
}

/// Loads a directory or an archive without telling generations of charts apart, as `show`, `lint` and `dependency list` do.
///
/// # Errors
/// Helm's texts.
pub fn load_plainly(path: &Path, notices: &Notices) -> Result<Chart, Error> {
    let about = std::fs::metadata(path).map_err(|e| Error::new(goerr::path_error("stat", path, &e)))?;
    if about.is_dir() { load_directory(path, notices) } else { load_file(path, notices) }
}

/// Loads an archive as [`load_plainly`] does; a directory is refused.
///
/// # Errors
/// Helm's texts.
pub fn load_file(path: &Path, notices: &Notices) -> Result<Chart, Error> {
    let about = std::fs::metadata(path).map_err(|e| Error::new(goerr::path_error("stat", path, &e)))?;
    if about.is_dir() {
        return Err(Error::new("cannot load a directory"));
    }
    check_archive_file(path, &about)?;
    let data = read_archive(path)?;
    let files = archive::unpack(&data).map_err(|e| not_a_chart(path, &e, &e.message))?;
    from_files(files, notices)
}

/// Loads an archive that is in memory.
///
/// ```
/// use vulas_native::chart::{File, Notices, loader, save};
///
/// # fn main() -> Result<(), vulas_native::chart::Error> {
/// let notices = Notices::new();
/// let files = vec![File::new("Chart.yaml", "apiVersion: v2\nname: small\nversion: 1.0.0\n")];
/// let archive = save::pack(&loader::from_files(files, &notices)?, 0)?;
/// assert_eq!(loader::load_archive(&archive, &notices)?.name(), "small");
/// assert_eq!(loader::load_archive(b"none", &notices).unwrap_err().message, "unexpected EOF");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Helm's texts.
pub fn load_archive(data: &[u8], notices: &Notices) -> Result<Chart, Error> {
    from_unpacked(archive::unpack(data)?, notices)
}

fn from_unpacked(files: Vec<File>, notices: &Notices) -> Result<Chart, Error> {
    let detected = match files.iter().find(|f| f.name == "Chart.yaml") {
        Some(file) => check_generation(file.data.as_bytes().to_vec())?,
        None => return Err(Error::new("unable to detect chart version, no Chart.yaml found")),
    };
    Tree::new(notices, detected).chart(files, Vec::new())
}

fn not_a_chart(path: &Path, error: &Error, otherwise: &str) -> Error {
    if error.message == archive::NOT_GZIP {
        return Error::new(format!(
            "file '{}' does not appear to be a valid chart file (details: {error})",
            path.display()
        ));
    }
    Error::new(otherwise)
}

/// A `Chart.yaml` that was read to see of which generation the chart is.
struct Detected {
    data: Vec<u8>,
    metadata: Metadata,
}

/// What was read, if all of it could be: what is wrong with the rest is said when its turn comes.
fn check_generation(data: Vec<u8>) -> Result<Option<Detected>, Error> {
    let mut metadata = Metadata::default();
    let detected = metadata.read(&data).is_ok().then_some(metadata);
    let version = match &detected {
        Some(metadata) if !names_infinity(&data) => Ok(metadata.api_version.clone()),
        _ => metadata::api_version(&data),
    };
    match version.map_err(|e| Error::new(format!("cannot load Chart.yaml: {e}")))?.as_str() {
        // Charts of the third generation are loaded, but nothing can be done with them yet.
        "" | "v1" | "v2" | "v3" => Ok(detected.map(|metadata| Detected { data, metadata })),
        _ => Err(Error::new("unsupported chart version")),
    }
}

/// Whether a text may hold a float that JSON cannot say (`.inf`, `.nan`): as the text of a field it passes, to those who do not
/// know the field it does not.
fn names_infinity(text: &[u8]) -> bool {
    memchr::memchr_iter(b'.', text).any(|dot| {
        let word = &text[dot + 1..text.len().min(dot + 4)];
        let is_last = text.get(dot + 4).is_none_or(|byte| !byte.is_ascii_alphanumeric());
        is_last && (word.eq_ignore_ascii_case(b"inf") || word.eq_ignore_ascii_case(b"nan"))
    })
}

/// Refuses what cannot be read twice or has no end, with what Helm says once it has read the beginning.
fn check_archive_file(path: &Path, about: &std::fs::Metadata) -> Result<(), Error> {
    use std::os::unix::fs::FileTypeExt;
    let kind = about.file_type();
    if kind.is_fifo() {
        return Err(Error::new("unable to load chart archive"));
    }
    if kind.is_char_device() || kind.is_block_device() {
        let name = path.display();
        return Err(Error::new(format!(
            "file '{name}' does not appear to be a gzipped archive; got 'application/octet-stream'"
        )));
    }
    Ok(())
}

fn read_archive(path: &Path) -> Result<Vec<u8>, Error> {
    let data = goerr::read_file(path).map_err(Error::new)?;
    // Helm looks at a buffer of 512 bytes, zeros where a short file ends.
    let mut head = [0; 512];
    let length = data.len().min(head.len());
    head[..length].copy_from_slice(&data[..length]);
    let kind = sniff::content_type(&head);
    if kind == "application/x-gzip" || data.starts_with(b"\x1F\x8B\x08") {
        return Ok(data);
    }
    let name = path.display();
    if path.extension().is_some_and(|ext| ext == "yml" || ext == "yaml") {
        return Err(Error::new(format!("file '{name}' seems to be a YAML file, but expected a gzipped archive")));
    }
    Err(Error::new(format!("file '{name}' does not appear to be a gzipped archive; got '{kind}'")))
}

/// Go's `filepath.Abs`.
///
/// # Errors
/// The current directory is unknown.
pub fn absolute(path: &Path) -> Result<PathBuf, Error> {
    let full = if path.is_absolute() {
        path.to_path_buf()
    } else {
        std::env::current_dir().map_err(|e| Error::new(goerr::reason(&e)))?.join(path)
    };
    Ok(PathBuf::from(archive::clean(&full.to_string_lossy())))
}

/// Loads a chart directory.
///
/// # Errors
/// Helm's texts.
pub fn load_directory(path: &Path, notices: &Notices) -> Result<Chart, Error> {
    walk(path, false, None, notices)
}

fn walk(path: &Path, lazy: bool, detected: Option<Detected>, notices: &Notices) -> Result<Chart, Error> {
    let top = absolute(path)?;
    let rules = match std::fs::metadata(top.join(".helmignore")) {
        Ok(_) => Rules::parse(&goerr::read_file(&top.join(".helmignore")).map_err(Error::new)?)?,
        Err(_) => Rules::parse(b"")?,
    };
    let (files, unread, reader) = (Vec::new(), Vec::new(), Reader::new());
    let mut walk = Walk { rules, notices, files, lazy, unread, reader, seen: 0, links: 0 };
    walk.directory(&top, "")?;
    Tree::new(notices, detected).chart(walk.files, walk.unread)
}

struct Walk<'a> {
    rules: Rules,
    notices: &'a Notices,
    files: Vec<File>,
    /// Files that can wait are left on disk.
    lazy: bool,
    unread: Vec<Unread>,
    reader: Reader,
    /// How many files and folders were met, and how many of them by links.
    seen: usize,
    links: usize,
}

impl Walk<'_> {
    /// A directory, and the path of it from the chart on.
    fn directory(&mut self, path: &Path, relative: &str) -> Result<(), Error> {
        let entries = std::fs::read_dir(path).map_err(|e| Error::new(goerr::path_error("open", path, &e)))?;
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|e| Error::new(goerr::path_error("readdirent", path, &e)))?;
            // What the directory says of its entries need not be asked for each of them.
            found.push((entry.file_name(), entry.file_type()));
        }
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut taken = Names::default();
        for (name, _) in &found {
            taken.add(name.as_encoded_bytes())?;
        }
        for (name, kind) in found {
            let full = path.join(&name);
            let kind = kind.map_err(|e| Error::new(goerr::path_error("lstat", &full, &e)))?;
            let name = name.to_string_lossy();
            let relative = if relative.is_empty() { name.into_owned() } else { [relative, &*name].join("/") };
            self.visit(&full, relative, kind)?;
        }
        Ok(())
    }

    fn visit(&mut self, path: &Path, relative: String, mut kind: FileType) -> Result<(), Error> {
        self.seen += 1;
        if self.seen > MAX_ENTRIES {
            return Err(Error::new(format!("the chart has more than {MAX_ENTRIES} files and folders")));
        }
        if kind.is_symlink() {
            self.links += 1;
            if self.links > MAX_LINKS {
                return Err(Error::new(format!("the chart has more than {MAX_LINKS} links")));
            }
            let resolved = links::evaluate(path)
                .map_err(|e| Error::new(format!("error evaluating symlink {}: {e}", path.display())))?;
            self.notices.add(
                Level::Info,
                "found symbolic link in path. Contents of linked file included and used",
                vec![("path", path.display().to_string()), ("resolved", resolved.display().to_string())],
            );
            kind = std::fs::symlink_metadata(&resolved)
                .map_err(|e| Error::new(goerr::path_error("lstat", &resolved, &e)))?
                .file_type();
        }
        if self.rules.ignores(&relative, kind.is_dir())? {
            return Ok(());
        }
        if kind.is_dir() {
            return self.directory(path, &relative);
        }
        if !kind.is_file() {
            return Err(Error::new(format!(
                "cannot load irregular file {} as it has file mode type bits set",
                path.display()
            )));
        }
        if self.lazy && can_wait(&relative) {
            self.unread.push(Unread::new(path, relative)?);
            return Ok(());
        }
        let data = self.reader.read(path, &relative)?;
        self.files.push(File { name: relative, data });
        Ok(())
    }
}

/// Makes a chart of files, which may come in any order; those of subcharts are below `charts/`.
///
/// ```
/// use vulas_native::chart::{File, Notices, loader};
///
/// # fn main() -> Result<(), vulas_native::chart::Error> {
/// let files = vec![
///     File::new("Chart.yaml", "apiVersion: v2\nname: parent\nversion: 1.0.0\n"),
///     File::new("charts/child/Chart.yaml", "apiVersion: v2\nname: child\nversion: 1.0.0\n"),
///     File::new("templates/a.yaml", "kind: A\n"),
/// ];
/// let chart = loader::from_files(files, &Notices::new())?;
/// assert_eq!(chart.dependencies[0].name(), "child");
/// assert_eq!(chart.templates.len(), 1);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Helm's texts.
pub fn from_files(files: Vec<File>, notices: &Notices) -> Result<Chart, Error> {
    Tree::new(notices, None).chart(files, Vec::new())
}

/// A chart with all charts within it, while it is loaded.
struct Tree<'a> {
    notices: &'a Notices,
    detected: Option<Detected>,
    depth: usize,
    charts: usize,
    unpacked: usize,
}

impl<'a> Tree<'a> {
    fn new(notices: &'a Notices, detected: Option<Detected>) -> Self {
        Self { notices, detected, depth: 0, charts: 0, unpacked: 0 }
    }

    fn chart(&mut self, files: Vec<File>, unread: Vec<Unread>) -> Result<Chart, Error> {
        let mut parts = Parts { metadata: self.metadata(&files)?, ..Parts::default() };
        for file in files {
            self.take(file, &mut parts)?;
        }
        for file in unread {
            parts.wait(file);
        }
        let Parts { metadata, mut chart, subcharts } = parts;
        let Some(metadata) = metadata else { return Err(Error::new("Chart.yaml file is missing")) };
        chart.metadata = metadata;
        chart.metadata.validate()?;
        let listed = chart.metadata.dependencies.as_ref().map_or(0, Vec::len);
        if listed > MAX_LISTED {
            return Err(Error::new(format!("{listed} dependencies are too many (at most {MAX_LISTED})")));
        }
        for (name, (files, unread)) in subcharts {
            if name.starts_with(['_', '.']) {
                continue;
            }
            let loaded = self.subchart(&name, files, unread, chart.name())?;
            chart.dependencies.push(loaded);
        }
        Ok(chart)
    }

    /// What `Chart.yaml` says. If there are several (in an archive), each is read into what those before say.
    fn metadata(&mut self, files: &[File]) -> Result<Option<Metadata>, Error> {
        let mut metadata: Option<Metadata> = None;
        for file in files.iter().filter(|f| f.name == "Chart.yaml") {
            let detected =
                self.detected.take().filter(|known| metadata.is_none() && known.data == file.data.as_bytes());
            let read = match detected {
                Some(detected) => metadata.insert(detected.metadata),
                None => {
                    let read = metadata.get_or_insert_default();
                    read.read(file.data.as_bytes()).map_err(|e| Error::new(format!("cannot load Chart.yaml: {e}")))?;
                    read
                }
            };
            if read.api_version.is_empty() {
                read.api_version = "v1".into();
            }
        }
        Ok(metadata)
    }

    /// Puts a file where it belongs. Of those that charts of the first generation had beside `Chart.yaml`, the third knows nothing.
    fn take(&self, file: File, parts: &mut Parts) -> Result<(), Error> {
        let third = parts.metadata.as_ref().is_some_and(|m| m.api_version == "v3");
        let chart = &mut parts.chart;
        match file.name.as_str() {
            "Chart.yaml" => {}
            "Chart.lock" => chart.lock = lock(&file)?,
            "values.yaml" => {
                let values = values::load(file.data.as_bytes()).map_err(|e| e.within("cannot load values.yaml"))?;
                chart.values = Value::Map(values);
                chart.raw_values.push(file);
            }
            "values.schema.json" => chart.schema = Some(file.data),
            "requirements.yaml" if !third => {
                let read = parts.metadata.get_or_insert_default();
                if read.api_version != "v1" {
                    self.notices.info(
                        "Warning: Dependencies are handled in Chart.yaml since apiVersion \"v2\". We recommend migrating \
                         dependencies to Chart.yaml.",
                    );
                }
                read.read(file.data.as_bytes())
                    .map_err(|e| Error::new(format!("cannot load requirements.yaml: {e}")))?;
                if read.api_version == "v1" {
                    chart.files.push(file);
                }
            }
            "requirements.lock" if !third => {
                chart.lock = lock(&file)?;
                if parts.metadata.get_or_insert_default().api_version == "v1" {
                    chart.files.push(file);
                } else {
                    self.notices.info(
                        "Warning: Dependency locking is handled in Chart.lock since apiVersion \"v2\". We recommend \
                         migrating to Chart.lock.",
                    );
                }
            }
            name if name.starts_with("templates/") => chart.templates.push(file),
            name if name.starts_with("charts/") && !has_extension(name, ".prov") => {
                let name = name["charts/".len()..].to_owned();
                let top = name.split('/').next().unwrap_or_default().to_owned();
                parts.subcharts.entry(top).or_default().0.push(File { name, ..file });
            }
            _ => chart.files.push(file),
        }
        Ok(())
    }

    fn subchart(
        &mut self,
        name: &str,
        mut files: Vec<File>,
        unread: Vec<Unread>,
        parent: &str,
    ) -> Result<Chart, Error> {
        self.charts += 1;
        check_count(self.charts)?;
        if self.depth == MAX_DEPTH {
            return Err(Error::new(format!("subcharts are nested more than {MAX_DEPTH} levels deep")));
        }
        self.depth += 1;
        let loaded = if has_extension(name, ".tgz") {
            let first = files.swap_remove(0);
            if first.name != name {
                return Err(Error::new(format!(
                    "error unpacking subchart tar in {parent}: expected {name}, got {}",
                    first.name
                )));
            }
            archive::unpack(first.data.as_bytes()).and_then(|files| {
                self.unpacked += files.iter().map(|file| file.data.len()).sum::<usize>();
                if self.unpacked > MAX_UNPACKED {
                    return Err(Error::new(format!("the subcharts are larger than {} MiB", MAX_UNPACKED >> 20)));
                }
                self.chart(files, Vec::new())
            })
        } else {
            let inner = (files.into_iter())
                .filter_map(|f| f.name.split_once('/').map(|(_, rest)| rest.to_string()).map(|name| File { name, ..f }))
                .collect();
            self.chart(inner, unread)
        };
        self.depth -= 1;
        loaded.map_err(|e| e.within(format_args!("error unpacking subchart {name} in {parent}")))
    }
}

/// A chart whose files are put together.
struct Parts {
    metadata: Option<Metadata>,
    chart: Chart,
    /// What is below `charts/`, by the first name there. Helm takes them in Go's random order of maps.
    subcharts: BTreeMap<String, (Vec<File>, Vec<Unread>)>,
}

impl Default for Parts {
    fn default() -> Self {
        let chart = Chart {
            metadata: Metadata::default(),
            lock: None,
            templates: Vec::new(),
            values: Value::map::<&str>([]),
            raw_values: Vec::new(),
            schema: None,
            files: Vec::new(),
            unread: Vec::new(),
            dependencies: Vec::new(),
        };
        Self { metadata: None, chart, subcharts: BTreeMap::new() }
    }
}

impl Parts {
    /// Puts a file where it belongs that is left on disk.
    fn wait(&mut self, mut file: Unread) {
        match file.name.strip_prefix("charts/").and_then(|inner| inner.split_once('/')) {
            Some((top, name)) => {
                let (top, name) = (top.to_string(), name.to_string());
                file.name = name;
                self.subcharts.entry(top).or_default().1.push(file);
            }
            None => self.chart.unread.push(file),
        }
    }
}

fn lock(file: &File) -> Result<Option<Lock>, Error> {
    Lock::read(file.data.as_bytes()).map_err(|e| Error::new(format!("cannot load {}: {e}", file.name)))
}

/// Go's `filepath.Ext` compared.
fn has_extension(name: &str, extension: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or(name);
    base.rfind('.').is_some_and(|dot| &base[dot..] == extension)
}
