//! The template functions of sprig 3.3.0, behaving as its `TxtFuncMap`: results, error texts and panics.
//!
//! One file per chapter of its manual. `env` and `expandenv` are left out, as in Helm. What random and time functions draw on
//! comes from a [`Host`] when the embedding application passes one, else from the system.

mod address;
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

/// Times in Go's layouts.
pub mod layout {
    use super::time::{Zone, parse};

    /// A time that is written as RFC 3339 has it, in a layout of Go's (`time.Format`).
    ///
    /// # Errors
    /// Go's text for what is no such time.
    pub fn format(layout: &str, time: &str) -> Result<String, String> {
        let time = parse(b"2006-01-02T15:04:05Z07:00", time.as_bytes(), &Zone::Utc)?;
        Ok(String::from_utf8_lossy(&time.format(layout.as_bytes())).into_owned())
    }
}

/// Go's own judgement of texts that others check, too: JSON schemas name both kinds as formats.
pub mod check {
    use crate::gotemplate::{FuncError, Scope};

    /// Whether a text is a regular expression of Go's.
    ///
    /// # Errors
    /// Go's text: "error parsing regexp: CAUSE: `PLACE`".
    pub fn expression(text: &str) -> Result<(), String> {
        super::regex::compile(text.as_bytes()).map(drop)
    }

    /// A regular expression of Go's as the crate `regex` writes the same.
    ///
    /// # Errors
    /// As [`expression`].
    pub fn canonical(expression: &str) -> Result<String, String> {
        super::regex::canonical(expression.as_bytes())
    }

    /// Whether a text is an IP address to Go, an IPv6 address perhaps with a zone.
    ///
    /// # Errors
    /// Go's text: `ParseAddr("TEXT"): CAUSE`.
    pub fn address(text: &str) -> Result<(), String> {
        super::address::check(text)
    }

    /// Whether a regular expression of Go's matches somewhere in a text.
    ///
    /// # Errors
    /// As [`expression`], or it takes too long.
    pub fn matches(expression: &str, text: &str) -> Result<bool, String> {
        super::regex::compile(expression.as_bytes())?.is_match_alone(text).map_err(|error| error.message)
    }

    /// Refuses a text that would take too much memory once it is read as values, and accounts for another one.
    ///
    /// # Errors
    /// It would; the templates take too much memory or too long.
    pub fn readable(scope: &mut dyn Scope, text: &[u8]) -> Result<(), FuncError> {
        super::limits::account_for_reading(scope, text.len())
    }

    /// Accounts for new texts in a list, unless there are too many: their number and their bytes together.
    ///
    /// # Errors
    /// There are; the templates take too much memory or too long.
    pub fn texts(scope: &mut dyn Scope, count: usize, bytes: usize) -> Result<(), FuncError> {
        super::limits::check_items(count)?;
        super::limits::account_for_texts(scope, count, bytes)
    }

    /// What is in a URL.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Url {
        /// It has a scheme.
        pub absolute: bool,
        /// The scheme in lower case.
        pub scheme: String,
        /// Host and port, an IPv6 address in brackets.
        pub host: String,
        /// The host without port and brackets.
        pub host_name: String,
        /// The path, unescaped.
        pub path: String,
    }

    /// Reads a URL as Go does.
    ///
    /// # Errors
    /// Go's text: `parse "URL": CAUSE`.
    pub fn url(text: &str) -> Result<Url, String> {
        super::url::checked(text.as_bytes())
    }

    /// Whether a text that Go's `url.ParseRequestURI` accepts has a scheme; `None` for one that it does not accept.
    pub fn request_url(text: &str) -> Option<bool> {
        super::url::request(text.as_bytes())
    }

    /// A URL with the pointer in its fragment changed, and written as Go does: each part escaped by `url.PathEscape`.
    pub fn with_pointer(url: &str, change: impl FnOnce(&str) -> String) -> String {
        super::url::with_pointer(url, change)
    }

    /// Reads a duration such as `1h30m` as Go's `time.ParseDuration` does: nanoseconds, which may be negative.
    ///
    /// # Errors
    /// Go's text: `time: CAUSE`.
    pub fn duration(text: &str) -> Result<i64, String> {
        super::time::parse_duration(text.as_bytes())
    }

    /// Reads a time in the form of RFC 3339 as Go does, and writes it down so.
    ///
    /// # Errors
    /// Go's text: `parsing time "TEXT" as "2006-01-02T15:04:05Z07:00": CAUSE`.
    pub fn timestamp(text: &[u8]) -> Result<String, String> {
        let time = super::time::parse(b"2006-01-02T15:04:05Z07:00", text, &super::time::Zone::Utc)?;
        Ok(String::from_utf8_lossy(&time.format(b"2006-01-02T15:04:05.999999999Z07:00")).into_owned())
    }

    /// Whether a text is a date such as `2006-01-02` to Go.
    ///
    /// # Errors
    /// Go's text: `parsing time "TEXT" as "2006-01-02": CAUSE`.
    pub fn date(text: &[u8]) -> Result<(), String> {
        super::time::parse(b"2006-01-02", text, &super::time::Zone::Utc).map(drop)
    }
}

pub(crate) use paths::clean as clean_path;

pub use host::{Clock, Entropy, Host, Rng};
pub use time::{Place, Time};

use crate::gotemplate::Func;

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

/// Every function of sprig (209 names) by name.
///
/// ```
/// use vulas_native::gotemplate::{Set, Value};
/// use vulas_native::sprig::{self, Host};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut set = Set::new("site", sprig::functions());
/// set.parse("page", "{{ .name | title | quote }} {{ now | date \"2006-01-02\" }}")?;
/// // A fixed clock and a seed make what is random the same each time.
/// let page = set.execute("page", Value::map([("name", "ada".into())]), &mut Host::fixed(0, 1))?;
/// assert_eq!(page, b"\"Ada\" 1970-01-01");
/// # Ok(())
/// # }
/// ```
pub fn functions() -> impl Iterator<Item = (&'static str, Func)> {
    CHAPTERS.iter().flat_map(|chapter| chapter.iter().copied())
}
