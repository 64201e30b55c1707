//! Constraints: comparisons joined by blanks or commas (and), groups of them by `||` (or).

use std::cmp::Ordering;

use super::scan::scan;
use super::{Version, compare_pre};
use crate::gotemplate::strconv;

/// A parsed constraint such as `>=1.2 <2 || ~3.4`.
#[derive(Clone, Debug)]
pub struct Constraints {
    groups: Vec<Group>,
}

/// Why a text is no constraint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConstraintError {
    /// It has another form.
    #[error("improper constraint: {0}")]
    Improper(String),
    /// A version in it is none.
    #[error("constraint parser error")]
    Version,
    /// It is longer than any constraint is.
    #[error("constraint string is too long (max {MAX_LENGTH} bytes)")]
    TooLong,
    /// It has too many alternatives.
    #[error("too many constraint groups (max {MAX_GROUPS})")]
    TooManyGroups,
}

const MAX_LENGTH: usize = 512;
const MAX_GROUPS: usize = 32;

/// Comparisons that all have to hold.
#[derive(Clone, Debug)]
struct Group {
    comparisons: Vec<Comparison>,
    /// Whether one of them names a pre-release: only then pre-releases can fit.
    names_pre: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    TildeOrEqual,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Tilde,
    Caret,
}

#[derive(Clone, Debug)]
struct Comparison {
    operator: Operator,
    version: Version,
    /// Some part is missing or a wildcard: the first, or the second or third below.
    dirty: bool,
    minor_dirty: bool,
    patch_dirty: bool,
}

impl Constraints {
    /// Reads a constraint.
    ///
    /// # Errors
    /// The text is none; see [`ConstraintError`].
    pub fn parse(text: &str) -> Result<Self, ConstraintError> {
        if text.len() > MAX_LENGTH {
            return Err(ConstraintError::TooLong);
        }
        let text = rewrite_ranges(text);
        let alternatives: Vec<&str> = text.split("||").collect();
        if alternatives.len() > MAX_GROUPS {
            return Err(ConstraintError::TooManyGroups);
        }
        Ok(Self { groups: alternatives.into_iter().map(parse_group).collect::<Result<_, _>>()? })
    }

    /// Whether a version fits. A pre-release fits only a group that itself names one.
    pub fn check(&self, version: &Version) -> bool {
        self.groups.iter().any(|group| {
            (version.pre.is_empty() || group.names_pre)
                && group.comparisons.iter().all(|comparison| comparison.check(version))
        })
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0C | b'\r' | b' ')
}

fn blanks(text: &str) -> usize {
    text.bytes().take_while(|&byte| is_blank(byte)).count()
}

/// A number of a constraint's version; the pipe is among its characters by an oversight of the original's that decides what
/// `1 - 2||3` means.
fn is_wild_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'x' | b'X' | b'*' | b'|')
}

/// Writes `1.2 - 1.4` as `>= 1.2, <= 1.4`.
fn rewrite_ranges(text: &str) -> String {
    let mut rewritten = text.to_owned();
    let mut at = 0;
    while at < text.len() {
        match text.get(at..).and_then(range) {
            Some((whole, low, high)) => {
                rewritten = rewritten.replacen(whole, &format!(">= {low}, <= {high} "), 1);
                at += whole.len();
            }
            None => at += 1,
        }
    }
    rewritten
}

/// A range at the start of a text: all of it with the blanks around, its first and its second version.
fn range(text: &str) -> Option<(&str, &str, &str)> {
    let start = blanks(text);
    let low = &text[start..start + scan(&text[start..], is_wild_digit)?.length];
    let mut at = start + low.len();
    let skip = |at: &mut usize| {
        let length = blanks(&text[*at..]);
        *at += length;
        length > 0
    };
    if !skip(&mut at) || !text[at..].starts_with('-') {
        return None;
    }
    at += 1;
    if !skip(&mut at) {
        return None;
    }
    let high = &text[at..at + scan(&text[at..], is_wild_digit)?.length];
    at += high.len();
    skip(&mut at);
    Some((&text[..at], low, high))
}

fn parse_group(text: &str) -> Result<Group, ConstraintError> {
    let improper = || ConstraintError::Improper(strconv::quote(text.as_bytes()));
    let mut comparisons = Vec::new();
    let mut rest = &text[blanks(text)..];
    loop {
        let (operator, length) = operator(rest);
        rest = &rest[length..];
        rest = &rest[blanks(rest)..];
        let parts = scan(rest, is_wild_digit).ok_or_else(improper)?;
        // The form of the whole is judged before its versions are.
        comparisons.push((operator, &rest[..parts.length]));
        rest = &rest[parts.length..];
        let space = blanks(rest);
        rest = &rest[space..];
        if rest.is_empty() {
            break;
        }
        if let Some(after) = rest.strip_prefix(',') {
            rest = &after[blanks(after)..];
        } else if space == 0 {
            return Err(improper());
        }
    }
    let comparisons = comparisons.into_iter().map(parse_comparison).collect::<Result<Vec<_>, _>>()?;
    let names_pre = comparisons.iter().any(|comparison| !comparison.version.pre.is_empty());
    Ok(Group { comparisons, names_pre })
}

/// The operator at the start of a text and its length; without one it is `=`.
fn operator(text: &str) -> (Operator, usize) {
    const OPERATORS: [(&str, Operator); 11] = [
        ("!=", Operator::NotEqual),
        (">=", Operator::GreaterOrEqual),
        ("=>", Operator::GreaterOrEqual),
        ("<=", Operator::LessOrEqual),
        ("=<", Operator::LessOrEqual),
        ("~>", Operator::Tilde),
        ("=", Operator::TildeOrEqual),
        (">", Operator::Greater),
        ("<", Operator::Less),
        ("~", Operator::Tilde),
        ("^", Operator::Caret),
    ];
    let found = OPERATORS.iter().find(|(sign, _)| text.starts_with(sign));
    found.map_or((Operator::TildeOrEqual, 0), |(sign, operator)| (*operator, sign.len()))
}

fn parse_comparison((operator, text): (Operator, &str)) -> Result<Comparison, ConstraintError> {
    let parts = scan(text, is_wild_digit).ok_or(ConstraintError::Version)?;
    let is_wild = |part: &str| matches!(part, "" | "x" | "X" | "*" | ".x" | ".X" | ".*");
    let (minor_dirty, patch_dirty, text) = if is_wild(parts.major) {
        return Ok(Comparison {
            operator,
            version: parse_version(&format!("0.0.0{}", parts.pre))?,
            dirty: true,
            minor_dirty: false,
            patch_dirty: false,
        });
    } else if is_wild(parts.minor) {
        (true, false, format!("{}.0.0{}", parts.major, parts.pre))
    } else if is_wild(parts.patch) {
        (false, true, format!("{}{}.0{}", parts.major, parts.minor, parts.pre))
    } else {
        (false, false, text.to_owned())
    };
    let version = parse_version(&text)?;
    Ok(Comparison { operator, version, dirty: minor_dirty || patch_dirty, minor_dirty, patch_dirty })
}

fn parse_version(text: &str) -> Result<Version, ConstraintError> {
    Version::parse(text).map_err(|_| ConstraintError::Version)
}

impl Comparison {
    fn check(&self, v: &Version) -> bool {
        let own = &self.version;
        match self.operator {
            Operator::TildeOrEqual if !self.dirty => v == own,
            Operator::TildeOrEqual | Operator::Tilde => self.check_tilde(v),
            Operator::NotEqual => self.check_not_equal(v),
            Operator::Less => v < own,
            Operator::GreaterOrEqual => v >= own,
            Operator::Caret => self.check_caret(v),
            Operator::Greater => match v.major.cmp(&own.major) {
                order if self.dirty && order != Ordering::Equal => order == Ordering::Greater,
                _ if self.minor_dirty => false,
                _ if self.patch_dirty => v.minor > own.minor,
                _ => v > own,
            },
            Operator::LessOrEqual if !self.dirty => v <= own,
            Operator::LessOrEqual => {
                v.major < own.major || v.major == own.major && (v.minor <= own.minor || self.minor_dirty)
            }
        }
    }

    fn check_not_equal(&self, v: &Version) -> bool {
        let own = &self.version;
        if self.dirty {
            if own.major != v.major || own.minor != v.minor && !self.minor_dirty {
                return true;
            }
            if self.minor_dirty {
                return false;
            }
            if own.patch != v.patch && !self.patch_dirty {
                return true;
            }
            if self.patch_dirty {
                return (!v.pre.is_empty() || !own.pre.is_empty()) && compare_pre(&v.pre, &own.pre) != Ordering::Equal;
            }
        }
        v != own
    }

    /// The same major version and, if one was given, the same minor version.
    fn check_tilde(&self, v: &Version) -> bool {
        let own = &self.version;
        if v < own {
            return false;
        }
        if (own.major, own.minor, own.patch) == (0, 0, 0) && !self.minor_dirty && !self.patch_dirty {
            return true;
        }
        v.major == own.major && (v.minor == own.minor || self.minor_dirty)
    }

    /// Everything up to the next change of the first number that is not zero.
    fn check_caret(&self, v: &Version) -> bool {
        let own = &self.version;
        if v < own {
            return false;
        }
        if own.major > 0 || self.minor_dirty {
            return v.major == own.major;
        }
        if v.major > 0 {
            return false;
        }
        if own.minor > 0 || self.patch_dirty {
            return v.minor == own.minor;
        }
        v.minor == 0 && v.patch == own.patch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the documentation of the original.
    #[test]
    fn checks_as_documented() {
        for (constraint, version, expected) in [
            (">=1.2.3", "1.2.3", true),
            (">1.2", "1.2.9", false),
            ("<=1.2", "1.2.9", true),
            ("1.2 - 1.4.5", "1.4.5", true),
            ("1.2 - 1.4.5", "1.4.6", false),
            ("~1.2.3", "1.3.0", false),
            ("~1", "1.9.0", true),
            ("^0.2.3", "0.2.9", true),
            ("^0.2.3", "0.3.0", false),
            ("^0.0.3", "0.0.4", false),
            ("1.x || >=3 <4", "3.5", true),
            ("1.x || >=3, <4", "2.0", false),
            ("*", "1.2.3-rc1", false),
            (">=1.0-0", "1.2.3-rc1", true),
            ("!=1.2.x", "1.2.9", false),
            ("=1.2", "1.2.9", true),
        ] {
            let parsed = Constraints::parse(constraint).unwrap();
            assert_eq!(parsed.check(&Version::parse(version).unwrap()), expected, "{constraint} {version}");
        }
    }

    #[test]
    fn refuses_what_is_no_constraint() {
        for text in ["", " ", ">=", "1.2.3.4", ">1.0<2.0", "1,", "hello", "1 - 2||3 - 4"] {
            assert!(matches!(Constraints::parse(text), Err(ConstraintError::Improper(_))), "{text}");
        }
        assert_eq!(Constraints::parse("1x").unwrap_err(), ConstraintError::Version);
    }
}
