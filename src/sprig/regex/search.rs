//! Where an expression matches.

use std::ops::Range;

use regex_automata::Input;

use super::Regex;

impl Regex {
    /// Whether the expression matches anywhere.
    pub(super) fn is_match(&self, text: &str) -> bool {
        self.engine.is_match(text)
    }

    /// The leftmost match.
    pub(super) fn find(&self, text: &str) -> Option<Range<usize>> {
        self.engine.find(text).map(|found| found.range())
    }

    /// At most `limit` matches that do not overlap, all if it is negative. An empty match right after another one does not
    /// count.
    pub(super) fn find_all(&self, text: &str, limit: i64) -> Vec<Range<usize>> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        let (mut at, mut previous_end) = (0, None);
        while found.len() < limit && at <= text.len() {
            let Some(range) = self.engine.search(&Input::new(text).span(at..text.len())).map(|found| found.range())
            else {
                break;
            };
            let accept = range.end != at || previous_end != Some(range.start);
            at = if range.end == at { at + width_at(text, at).max(1) } else { range.end };
            previous_end = Some(range.end);
            if accept {
                found.push(range);
            }
        }
        found
    }
}

/// The width of the character at a position, 0 at the end.
pub(super) fn width_at(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(0, char::len_utf8)
}
