//! Where an expression matches.

use std::borrow::Cow;
use std::ops::Range;

use regex_automata::Input;

use super::Regex;
use crate::gotemplate::{FuncError, Scope};
use crate::sprig::args::fail;
use crate::sprig::bytes::runes;
use crate::sprig::limits::check_items;

/// Shorter texts are searched by any expression in good time.
const LONG: usize = 4096;

/// A text to search. Bytes that are no UTF-8 match as U+FFFD, each for itself, but are kept in what is cut out.
pub(super) struct Text<'a> {
    original: &'a [u8],
    searched: Cow<'a, str>,
    /// For a text that is no UTF-8: where the bytes of the searched text are in the original.
    offsets: Option<Vec<usize>>,
}

impl<'a> Text<'a> {
    pub(super) fn new(original: &'a [u8]) -> Self {
        if let Ok(text) = std::str::from_utf8(original) {
            return Self { original, searched: Cow::Borrowed(text), offsets: None };
        }
        let (mut searched, mut offsets, mut at) = (String::new(), Vec::new(), 0);
        for (rune, bytes) in runes(original) {
            searched.push(rune);
            // Between the bytes of a rune nothing begins or ends.
            offsets.resize(searched.len(), at);
            at += bytes.len();
        }
        offsets.push(at);
        Self { original, searched: Cow::Owned(searched), offsets: Some(offsets) }
    }

    /// The text that expressions see, whose offsets all ranges count in.
    pub(super) fn searched(&self) -> &str {
        &self.searched
    }

    /// The original bytes of a range.
    pub(super) fn slice(&self, range: Range<usize>) -> &'a [u8] {
        match &self.offsets {
            None => &self.original[range],
            Some(offsets) => &self.original[offsets[range.start]..offsets[range.end]],
        }
    }
}

impl Regex {
    /// Refuses what would take too long, since nothing can stop a search: an expression of many states on a long text.
    ///
    /// # Errors
    /// It would.
    pub(super) fn check(&self, text: &str) -> Result<(), FuncError> {
        /// The size of a state, about.
        const STATE: usize = 64;
        const MAX_STEPS: usize = 20_000_000_000;
        if text.len() < LONG || text.len().saturating_mul(self.engine.memory_usage() / STATE) <= MAX_STEPS {
            return Ok(());
        }
        fail(format!("the expression is too large for a text of {} bytes", text.len()))
    }

    /// Whether the expression matches anywhere.
    pub(in crate::sprig) fn is_match(&self, text: &str) -> bool {
        self.engine.is_match(text)
    }

    /// The leftmost match.
    pub(super) fn find(&self, text: &str) -> Option<Range<usize>> {
        self.engine.find(text).map(|found| found.range())
    }

    /// At most `limit` matches that do not overlap, all if it is negative. An empty match right after another one does not
    /// count.
    ///
    /// # Errors
    /// There are too many, or it takes too long.
    pub(super) fn find_all(
        &self,
        scope: &mut dyn Scope,
        text: &str,
        limit: i64,
    ) -> Result<Vec<Range<usize>>, FuncError> {
        self.check(text)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        let (mut at, mut previous_end) = (0, None);
        while found.len() < limit && at <= text.len() {
            scope.work(steps(text.len() - at))?;
            let Some(range) = self.engine.search(&Input::new(text).span(at..text.len())).map(|found| found.range())
            else {
                break;
            };
            let accept = range.end != at || previous_end != Some(range.start);
            at = if range.end == at { at + width_at(text, at).max(1) } else { range.end };
            previous_end = Some(range.end);
            if accept {
                found.push(range);
                check_items(found.len())?;
            }
        }
        Ok(found)
    }
}

/// How much work one search may be: whether something matches may be known at the end of the text only, for each match anew.
pub(super) fn steps(remaining: usize) -> usize {
    remaining / 8 + 8
}

/// The width of the character at a position, 0 at the end.
pub(super) fn width_at(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(0, char::len_utf8)
}
