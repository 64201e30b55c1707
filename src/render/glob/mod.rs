//! `.Files.Glob`: patterns as the library `gobwas/glob` reads and matches them, with `/` as separator.
//!
//! The library does not match what its patterns seem to say: it makes simpler matchers of parts of a pattern, some of which
//! take more or less (`a/**/b` matches `a/b`, `dir/{a*,bc.yaml}` only `dir/bc.yaml`) or panic. Charts get the files that Helm gives them, so the
//! steps here are the library's own: text to [tree](syntax), tree to [matchers](compile), and how each of them [matches](matcher).

mod compile;
mod matcher;
mod syntax;

use syntax::Unread;

/// Why a pattern could not be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The library panics; Go's text.
    #[error("runtime error: {0}")]
    Panic(String),
    /// It has too many parts or takes too many steps: Go would take very long, or for ever.
    #[error("the pattern is too complex")]
    TooComplex,
}

/// What one use of a pattern may take: steps of some nanoseconds each.
#[derive(Debug)]
pub struct Steps {
    left: usize,
}

/// How many steps a use may take: about a second.
const MAX_STEPS: usize = 1 << 28;

impl Default for Steps {
    fn default() -> Self {
        Self { left: MAX_STEPS }
    }
}

impl Steps {
    /// How many were taken.
    pub fn taken(&self) -> usize {
        MAX_STEPS - self.left
    }

    fn take(&mut self, steps: usize) -> Result<(), Fault> {
        self.left = self.left.checked_sub(steps).ok_or(Fault::TooComplex)?;
        Ok(())
    }
}

/// Patterns of more parts may recurse deeply.
const FEW_PARTS: usize = 100;
/// What the recursion of the longest patterns takes.
const RED_ZONE: usize = 6 << 20;
const STACK: usize = 8 << 20;

/// Those of the names that match the pattern, in their order. As in Helm a pattern that is malformed matches everything.
///
/// # Errors
/// [`Fault`]
pub fn matching<'a, N: AsRef<[u8]> + ?Sized>(
    pattern: &[u8],
    names: impl Iterator<Item = &'a N>,
    steps: &mut Steps,
) -> Result<Vec<&'a N>, Fault> {
    let (tree, parts) = match syntax::parse(pattern) {
        Ok(parsed) => parsed,
        Err(Unread::Malformed) => return Ok(names.collect()),
        Err(Unread::TooComplex) => return Err(Fault::TooComplex),
    };
    let select = || {
        let matcher = compile::compile(tree, steps)?;
        let mut found = Vec::new();
        for name in names {
            if matcher.matches(name.as_ref(), steps)? {
                found.push(name);
            }
        }
        Ok(found)
    };
    if parts > FEW_PARTS { stacker::maybe_grow(RED_ZONE, STACK, select) } else { select() }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Steps, matching};

    fn matches(pattern: &str, name: &str) -> Result<bool, Fault> {
        matching(pattern.as_bytes(), [name].into_iter(), &mut Steps::default()).map(|found| !found.is_empty())
    }

    /// What Go answers to more of them is compared in `tests/reference_glob.rs`.
    #[test]
    fn patterns_match_as_in_the_library() {
        for (pattern, name, expected) in [
            ("*", "a", true),
            ("*", "a/b", false),
            ("**", "a/b", true),
            ("a/**.yaml", "a/b/c.yaml", true),
            ("**/x.yaml", "x.yaml", false),
            ("a/**/x.yaml", "a/x.yaml", true),
            ("conf/*.{yaml,json}", "conf/a.json", true),
            ("conf/*.{yaml,json}", "conf/a.txt", false),
            ("files/{app*,base.yaml}", "files/app.conf", false),
            ("files/{app*,base.yaml}", "files/base.yaml", true),
            ("f/*{", "f/a", false),
            ("f?o", "f/o", false),
            ("[!abc]x", "bx", false),
            ("[a-c]x", "bx", true),
            ("a\\*", "a*", true),
            ("a,b", "a,b", true),
            ("", "", true),
            ("", "a", false),
            ("[a-z0-9]", "what a malformed one matches", true),
            ("[]", "a", true),
        ] {
            assert_eq!(matches(pattern, name), Ok(expected), "{pattern} {name}");
        }
    }

    #[test]
    fn what_would_take_too_long_is_an_error() {
        assert_eq!(matches(&"{".repeat(5000), "a"), Err(Fault::TooComplex));
        assert_eq!(matches(&"a*".repeat(5000), "a"), Err(Fault::TooComplex));
        assert_eq!(matches(&"*a".repeat(1900), "b"), Ok(false));
        assert_eq!(matches(&"?*".repeat(1900), "b"), Ok(false));
    }
}
