//! The template functions of sprig 3.3.0, behaving as its `TxtFuncMap`: results, error texts and panics.
//!
//! One file per chapter of its manual. `env` and `expandenv` are left out, as in Helm. What random and time functions draw on
//! comes from a [`Host`] when the embedding application passes one, else from the system.

mod args;
mod bytes;
mod cast;
mod conversion;
mod crypto;
mod date;
mod decimal;
mod defaults;
mod dicts;
mod encoding;
mod equality;
mod host;
mod json;
mod limits;
mod lists;
mod math;
mod merge;
mod misc;
mod nesting;
mod paths;
mod print;
mod random;
mod reflection;
mod regex;
pub mod semver;
mod strings;
mod time;
mod unicode;
mod url;
mod words;
mod wrapping;

/// Go's own judgement of texts that others check, too: JSON schemas name both kinds as formats.
pub mod check {
    /// Whether a text is a regular expression of Go's.
    ///
    /// # Errors
    /// Go's text: "error parsing regexp: CAUSE: `PLACE`".
    pub fn expression(text: &str) -> Result<(), String> {
        super::regex::compile(text.as_bytes()).map(drop)
    }

    /// Whether a regular expression of Go's matches somewhere in a text.
    ///
    /// # Errors
    /// As [`expression`].
    pub fn matches(expression: &str, text: &str) -> Result<bool, String> {
        Ok(super::regex::compile(expression.as_bytes())?.is_match(text))
    }

    /// Whether a text is a URL to Go, and if so, whether it is absolute.
    ///
    /// # Errors
    /// Go's text: `parse "URL": CAUSE`.
    pub fn url(text: &str) -> Result<bool, String> {
        super::url::is_absolute(text.as_bytes())
    }
}

pub use host::{Clock, Entropy, Host, Rng};
pub use time::{Place, Time};

use crate::gotemplate::FuncMap;

/// All functions, chapter by chapter.
static CHAPTERS: [args::Chapter; 15] = [
    conversion::FUNCTIONS,
    crypto::FUNCTIONS,
    date::FUNCTIONS,
    defaults::FUNCTIONS,
    dicts::FUNCTIONS,
    encoding::FUNCTIONS,
    json::FUNCTIONS,
    lists::FUNCTIONS,
    math::FUNCTIONS,
    misc::FUNCTIONS,
    paths::FUNCTIONS,
    random::FUNCTIONS,
    reflection::FUNCTIONS,
    regex::FUNCTIONS,
    strings::FUNCTIONS,
];

/// Adds every function of sprig (209 names) to a map; those of the same name are replaced.
pub fn insert_into(functions: &mut FuncMap) {
    functions.reserve(CHAPTERS.iter().map(|chapter| chapter.len()).sum());
    for chapter in CHAPTERS {
        functions.extend(chapter.iter().copied());
    }
}

/// Every function of sprig by name.
///
/// ```
/// use vulas_native::gotemplate::{Set, Value};
/// use vulas_native::sprig::{self, Host};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut set = Set::new("site", &sprig::functions());
/// set.parse("page", "{{ .name | title | quote }} {{ now | date \"2006-01-02\" }}")?;
/// // A fixed clock and a seed make what is random the same each time.
/// let page = set.execute("page", Value::map([("name", "ada".into())]), &mut Host::fixed(0, 1))?;
/// assert_eq!(page, b"\"Ada\" 1970-01-01");
/// # Ok(())
/// # }
/// ```
pub fn functions() -> FuncMap {
    let mut functions = FuncMap::new();
    insert_into(&mut functions);
    functions
}
