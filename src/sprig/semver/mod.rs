//! Semantic versions and constraints as Masterminds/semver 3.5.0 understands them: `v1.2` is 1.2.0, `1.x || >=3 <4`, `~1.2`.

mod constraint;
mod object;
mod scan;

use std::cmp::Ordering;
use std::fmt;

pub use constraint::{ConstraintError, Constraints};
pub use object::VersionObject;

use scan::scan;

/// A version. Missing parts are zero; a leading `v` is allowed and kept in [`Version::original`].
#[derive(Clone, Debug)]
pub struct Version {
    /// The first number.
    pub major: u64,
    /// The second number.
    pub minor: u64,
    /// The third number.
    pub patch: u64,
    /// What follows `-`, without it; empty for a release.
    pub pre: String,
    /// What follows `+`, without it; plays no part in comparing.
    pub metadata: String,
    original: String,
}

/// Why a text is no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// It has another form.
    #[error("invalid semantic version")]
    Invalid,
    /// It is longer than any version is.
    #[error("version string is too long (max {MAX_VERSION_LENGTH} bytes)")]
    TooLong,
    /// A number of the pre-release part has leading zeros.
    #[error("version segment starts with 0")]
    LeadingZero,
    /// The pre-release part has other characters than letters, digits and hyphens, or an empty segment.
    #[error("invalid prerelease string")]
    Prerelease,
    /// The metadata part has other characters than letters, digits and hyphens, or an empty segment.
    #[error("invalid metadata string")]
    Metadata,
    /// A number does not fit into 64 bits.
    #[error("error parsing version segment: strconv.ParseUint: parsing {0:?}: value out of range")]
    TooBig(String),
}

const MAX_VERSION_LENGTH: usize = 256;

impl Version {
    /// Reads a version.
    ///
    /// # Errors
    /// The text is none; see [`VersionError`].
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        if text.len() > MAX_VERSION_LENGTH {
            return Err(VersionError::TooLong);
        }
        let parts = scan(text, |byte| byte.is_ascii_digit()).filter(|parts| parts.length == text.len());
        let parts = parts.ok_or(VersionError::Invalid)?;
        let version = Self {
            major: number(parts.major)?,
            minor: number(parts.minor)?,
            patch: number(parts.patch)?,
            pre: parts.pre.get(1..).unwrap_or_default().to_owned(),
            metadata: parts.metadata.get(1..).unwrap_or_default().to_owned(),
            original: text.to_owned(),
        };
        if !version.pre.is_empty() {
            validate_pre(&version.pre)?;
        }
        Ok(version)
    }

    /// Reads a version as the standard has it, to the letter: three numbers without leading zeros, no `v`.
    pub fn parse_strict(text: &str) -> Option<Self> {
        let core = text.split(['-', '+']).next().unwrap_or(text);
        let is_number =
            |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) && (n.len() == 1 || !n.starts_with('0'));
        let strict = core.split('.').count() == 3 && core.split('.').all(is_number);
        Self::parse(text).ok().filter(|_| strict)
    }

    /// 0.0.0
    fn zero() -> Self {
        Self { major: 0, minor: 0, patch: 0, pre: String::new(), metadata: String::new(), original: String::new() }
    }

    /// The text that the version was read from.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// The next patch release; of a pre-release, its release.
    #[must_use]
    pub fn inc_patch(&self) -> Self {
        let patch = if self.pre.is_empty() { self.patch.wrapping_add(1) } else { self.patch };
        self.next(self.major, self.minor, patch)
    }

    /// The next minor release.
    #[must_use]
    pub fn inc_minor(&self) -> Self {
        self.next(self.major, self.minor.wrapping_add(1), 0)
    }

    /// The next major release.
    #[must_use]
    pub fn inc_major(&self) -> Self {
        self.next(self.major.wrapping_add(1), 0, 0)
    }

    fn next(&self, major: u64, minor: u64, patch: u64) -> Self {
        Self { major, minor, patch, ..Self::zero() }.with_original_of(self)
    }

    /// The same version with another pre-release part; empty removes it.
    ///
    /// # Errors
    /// The part has a form that no version has.
    pub fn with_pre(&self, pre: &str) -> Result<Self, VersionError> {
        if !pre.is_empty() {
            validate_pre(pre)?;
        }
        Ok(Self { pre: pre.to_owned(), ..self.clone() }.with_original_of(self))
    }

    /// The same version with other metadata; empty removes them.
    ///
    /// # Errors
    /// The metadata have a form that no version has.
    pub fn with_metadata(&self, metadata: &str) -> Result<Self, VersionError> {
        if !metadata.is_empty() && !metadata.split('.').all(is_segment) {
            return Err(VersionError::Metadata);
        }
        Ok(Self { metadata: metadata.to_owned(), ..self.clone() }.with_original_of(self))
    }

    fn with_original_of(mut self, other: &Self) -> Self {
        let prefix = if other.original.starts_with('v') { "v" } else { "" };
        self.original = format!("{prefix}{self}");
        self
    }
}

/// A number, with or without the dot before it; nothing is zero.
fn number(text: &str) -> Result<u64, VersionError> {
    let digits = text.strip_prefix('.').unwrap_or(text);
    if digits.is_empty() {
        return Ok(0);
    }
    digits.parse().map_err(|_| VersionError::TooBig(digits.to_owned()))
}

fn is_segment(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn validate_pre(pre: &str) -> Result<(), VersionError> {
    for segment in pre.split('.') {
        if !is_segment(segment) {
            return Err(VersionError::Prerelease);
        }
        if segment.len() > 1 && segment.starts_with('0') && segment.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(VersionError::LeadingZero);
        }
    }
    Ok(())
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.pre.is_empty() {
            write!(f, "-{}", self.pre)?;
        }
        if !self.metadata.is_empty() {
            write!(f, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

/// Versions compare by precedence: metadata and spelling do not count.
impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.major, self.minor, self.patch).cmp(&(other.major, other.minor, other.patch)).then_with(|| {
            match (self.pre.is_empty(), other.pre.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => compare_pre(&self.pre, &other.pre),
            }
        })
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

/// Compares two pre-release parts segment by segment; either may be empty.
fn compare_pre(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let (a, b) = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (a, b) => (a.unwrap_or_default(), b.unwrap_or_default()),
        };
        let order = compare_segment(a, b);
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Fewer segments come first, numbers before words.
fn compare_segment(a: &str, b: &str) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    if a.is_empty() || b.is_empty() {
        return a.len().cmp(&b.len());
    }
    let number = |segment: &str| {
        segment.bytes().all(|byte| byte.is_ascii_digit()).then(|| segment.parse::<u64>().ok()).flatten()
    };
    match (number(a), number(b)) {
        (None, None) => a.cmp(b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        // Equal numbers in different spelling cannot stand here but in a metadata-like segment; the original says "less".
        (Some(a), Some(b)) => {
            if a > b {
                Ordering::Greater
            } else {
                Ordering::Less
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pads_and_orders() {
        assert_eq!(Version::parse("v1.2").unwrap().to_string(), "1.2.0");
        assert_eq!(Version::parse("1.2.3-rc.1+b.5").unwrap().to_string(), "1.2.3-rc.1+b.5");
        let ascending =
            ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0", "1.0.1"];
        for pair in ascending.windows(2) {
            assert!(Version::parse(pair[0]).unwrap() < Version::parse(pair[1]).unwrap(), "{pair:?}");
        }
        assert_eq!(Version::parse("1.0.0+a").unwrap(), Version::parse("v1+b").unwrap());
    }

    #[test]
    fn strict_versions_have_three_numbers_and_no_letter_before_them() {
        for text in ["1.2.3", "0.0.0", "1.2.3-a.b+c-d", "1.2.3+01"] {
            assert!(Version::parse_strict(text).is_some(), "{text}");
        }
        for text in ["v1.2.3", "1.2", "1.02.3", "1.2.3-01", "1.2.3-", "", "1..3", "1.2.3.4", "1.2-a.3"] {
            assert!(Version::parse_strict(text).is_none(), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_version() {
        for (text, expected) in [
            ("", "invalid semantic version"),
            ("1.2.3.4", "invalid semantic version"),
            ("1.2.3-", "invalid semantic version"),
            ("1.2.3-01", "version segment starts with 0"),
            ("1.2.x", "invalid semantic version"),
            (
                "99999999999999999999.1",
                "error parsing version segment: strconv.ParseUint: parsing \"99999999999999999999\": value out of range",
            ),
        ] {
            assert_eq!(Version::parse(text).unwrap_err().to_string(), expected, "{text}");
        }
    }
}
