//! Values that the user supplies: files and `--set` in all its kinds.

use std::path::Path;
use std::rc::Rc;

use super::coalesce::level;
use super::strvals::{self, Kind};
use super::{Error, goerr};
use crate::gotemplate::{Map, MapKind, Value};
use crate::goyaml;
use crate::sprig::check;

/// What was given on the command line, by kind.
///
/// ```
/// use vulas_native::chart::values::Overrides;
/// use vulas_native::goyaml;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let set = ["image.tag=1.2,replicas=3".to_string()];
/// let string = ["image.tag=1.3".to_string()];
/// let values = Overrides { set: &set, string: &string, ..Overrides::default() }.merge()?;
/// assert_eq!(goyaml::to_yaml(&values)?, b"image:\n  tag: \"1.3\"\nreplicas: 3\n");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Overrides<'a> {
    /// `-f`: paths of YAML files, `-` for stdin.
    pub files: &'a [String],
    /// `--set-json`
    pub json: &'a [String],
    /// `--set`
    pub set: &'a [String],
    /// `--set-string`
    pub string: &'a [String],
    /// `--set-file`
    pub file: &'a [String],
    /// `--set-literal`
    pub literal: &'a [String],
}

impl Overrides<'_> {
    /// Merges them in Helm's order into one map.
    ///
    /// # Errors
    /// Helm's texts.
    pub fn merge(&self) -> Result<Value, Error> {
        let mut base = Map::empty();
        for path in self.files {
            let data = read_source(path)?;
            let values = load(&data).map_err(|e| e.within(format_args!("failed to parse {path}")))?;
            base = merge_maps(&base, &values);
        }
        for text in self.json {
            let trimmed = text.trim();
            if trimmed.starts_with('{') {
                let (parsed, error) = goyaml::from_json_map(trimmed.as_bytes());
                if error.is_some() {
                    return Err(Error::new(format!("failed parsing --set-json data JSON: {text}")));
                }
                if let Value::Map(map) = parsed {
                    base = merge_maps(&base, &map);
                }
            } else {
                strvals::parse_into(text, &Kind::Json, &base)
                    .map_err(|_| Error::new(format!("failed parsing --set-json data {text}")))?;
            }
        }
        let read = |path: &str| Ok(Value::str(read_source(path)?));
        for (texts, kind, flag) in [
            (self.set, Kind::Typed, "--set"),
            (self.string, Kind::String, "--set-string"),
            (self.file, Kind::File(&read), "--set-file"),
            (self.literal, Kind::Literal, "--set-literal"),
        ] {
            for text in texts {
                strvals::parse_into(text, &kind, &base)
                    .map_err(|e| e.within(format_args!("failed parsing {flag} data")))?;
            }
        }
        Ok(Value::Map(base))
    }
}

/// A file or, for `-`, stdin.
fn read_source(path: &str) -> Result<Vec<u8>, Error> {
    if path.trim() == "-" {
        let read = goerr::read_all(std::io::stdin());
        return read.map_err(|e| Error::new(goerr::path_error("read", Path::new("-"), &e)));
    }
    // Helm takes all of them for addresses first.
    let scheme = check::url(path).map_err(Error::new)?.scheme;
    if matches!(&*scheme, "http" | "https" | "oci") {
        return Err(Error::new(format!(
            "{path} is not read: values come from files here, not by {scheme}; download it and name the file"
        )));
    }
    goerr::read_source(Path::new(path)).map_err(Error::new)
}

/// Reads a values file, which may hold several documents; later ones win.
///
/// ```
/// let values = vulas_native::chart::values::load(b"a: 1\n---\na: 2\n").unwrap();
/// assert_eq!(values.get("a").map(|a| format!("{a:?}")), Some("Float(2.0)".to_string()));
/// ```
///
/// # Errors
/// Go's text for what is not YAML or not a map.
pub fn load(data: &[u8]) -> Result<Rc<Map>, Error> {
    let mut values: Option<Rc<Map>> = None;
    // Helm reads document by document: a bad one is met before a bad separator after it.
    let (documents, bad_separator) = goyaml::documents_before_error(data);
    for document in documents {
        let map =
            goyaml::from_yaml_map(&document).map_err(|e| Error::new(format!("cannot unmarshal yaml document: {e}")))?;
        let Value::Map(map) = map else { continue };
        values = Some(match values {
            None => map,
            Some(before) => merge_maps(&before, &map),
        });
    }
    if let Some(error) = bad_separator {
        return Err(Error::new(format!("error reading yaml document: {error}")));
    }
    Ok(values.unwrap_or_else(Map::empty))
}

/// Merges `b` over `a` into a new map: maps merge, everything else is replaced.
///
/// ```
/// use vulas_native::chart::values::{load, merge_maps};
///
/// let (file, site) = (load(b"db: {host: a, port: 1}").unwrap(), load(b"db: {host: b}").unwrap());
/// let merged = merge_maps(&file, &site);
/// let db = merged.get("db").unwrap();
/// assert_eq!(db.as_map().unwrap().get("host").unwrap().as_str().unwrap().to_str(), "b");
/// assert_eq!(db.as_map().unwrap().len(), 2);
/// ```
pub fn merge_maps(a: &Rc<Map>, b: &Rc<Map>) -> Rc<Map> {
    let mut merged = a.borrow().clone();
    for (key, value) in b.borrow().iter() {
        let value = match (value, merged.get(key)) {
            (Value::Map(over), Some(Value::Map(under))) => Value::Map(level(|| merge_maps(under, over))),
            (value, _) => value.clone(),
        };
        merged.insert(key.clone(), value);
    }
    Rc::new(Map::new(MapKind::Any, merged))
}
