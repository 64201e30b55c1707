//! Schemas that a schema refers to in other places.

use std::error::Error as StdError;
use std::path::Path;
use std::rc::Rc;

use boon::UrlLoader;
use serde_json::Value as Json;

use super::patterns;
use crate::chart::goerr;
use crate::sprig::check;

/// Answers references of schemas to `http:` and `https:`. Called synchronously while values are checked.
///
/// ```
/// use vulas_native::chart::schema::Fetch;
///
/// struct Kept;
///
/// impl Fetch for Kept {
///     fn fetch(&self, url: &str) -> Result<Vec<u8>, String> {
///         let kept = url == "https://example.com/values.json";
///         kept.then(|| br#"{"type": "object"}"#.to_vec()).ok_or_else(|| format!("{url} is not kept here"))
///     }
/// }
///
/// assert!(Kept.fetch("https://example.com/values.json").is_ok());
/// ```
pub trait Fetch {
    /// The document at a URL.
    ///
    /// # Errors
    /// The text that Helm says after `failing loading "URL": `.
    fn fetch(&self, url: &str) -> Result<Vec<u8>, String>;
}

/// `file:`
pub(super) struct Files;

impl UrlLoader for Files {
    fn load(&self, url: &str) -> Result<Json, Box<dyn StdError>> {
        // A host before the path is not looked at.
        let path = check::url(url)?.path;
        read(&goerr::read_file(Path::new(&path))?)
    }
}

/// `http:` and `https:`
pub(super) struct Network(pub(super) Option<Rc<dyn Fetch>>);

impl UrlLoader for Network {
    fn load(&self, url: &str) -> Result<Json, Box<dyn StdError>> {
        let Some(fetch) = &self.0 else {
            return Err("schemas are not loaded from the network; put it into the chart".into());
        };
        read(&fetch.fetch(url)?)
    }
}

/// `urn:`. A name that nobody resolves allows everything, as in Helm.
pub(super) struct Permissive;

impl UrlLoader for Permissive {
    fn load(&self, _url: &str) -> Result<Json, Box<dyn StdError>> {
        Ok(Json::Bool(true))
    }
}

fn read(document: &[u8]) -> Result<Json, Box<dyn StdError>> {
    let mut schema = super::read(document)?;
    patterns::replace(&mut schema);
    Ok(schema)
}
