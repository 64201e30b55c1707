//! Where an expression matches.

use std::borrow::Cow;
use std::ops::Range;

use regex_automata::Input;
use regex_automata::util::captures::Captures;

use super::runes::Slots;
use super::{Engine, Regex};
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

/// A search for one match after the other, with their groups.
pub(super) struct Search<'r> {
    regex: &'r Regex,
    captures: Option<Captures>,
    slots: Slots,
}

impl Search<'_> {
    /// The leftmost match from a position on.
    ///
    /// # Errors
    /// It takes too long.
    pub(super) fn next(
        &mut self,
        scope: &mut dyn Scope,
        text: &str,
        at: usize,
    ) -> Result<Option<Range<usize>>, FuncError> {
        if let (Engine::Bytes(engine), Some(captures)) = (&self.regex.engine, &mut self.captures) {
            engine.search_captures(&Input::new(text).span(at..text.len()), captures);
        } else if let Engine::Runes(program) = &self.regex.engine {
            let slots = self.regex.names.len() * 2;
            self.slots = program.search(text, at, slots, &mut |steps| scope.work(steps))?.unwrap_or_default();
        }
        Ok(self.group(0))
    }

    /// Where a group of the last match is.
    pub(super) fn group(&self, index: usize) -> Option<Range<usize>> {
        match &self.captures {
            Some(captures) => captures.get_group(index).map(|span| span.range()),
            None => range(&self.slots, index),
        }
    }
}

fn range(slots: &[Option<usize>], index: usize) -> Option<Range<usize>> {
    Some((*slots.get(index * 2)?)?..(*slots.get(index * 2 + 1)?)?)
}

impl Regex {
    /// A search with groups.
    pub(super) fn search(&self) -> Search<'_> {
        let captures = if let Engine::Bytes(engine) = &self.engine { Some(engine.create_captures()) } else { None };
        Search { regex: self, captures, slots: Slots::new() }
    }

    /// Refuses what would take too long, since nothing can stop a search with automata: many states on a long text.
    ///
    /// # Errors
    /// It would.
    pub(super) fn check(&self, text: &str) -> Result<(), FuncError> {
        /// The size of a state, about.
        const STATE: usize = 64;
        const MAX_STEPS: usize = 20_000_000_000;
        let states = if let Engine::Bytes(engine) = &self.engine { engine.memory_usage() / STATE } else { 0 };
        if text.len() < LONG || text.len().saturating_mul(states) <= MAX_STEPS {
            return Ok(());
        }
        fail(format!("the expression is too large for a text of {} bytes", text.len()))
    }

    /// Whether the expression matches anywhere.
    ///
    /// # Errors
    /// It takes too long.
    pub(super) fn is_match(&self, scope: &mut dyn Scope, text: &str) -> Result<bool, FuncError> {
        self.check(text)?;
        match &self.engine {
            Engine::Bytes(engine) => Ok(engine.is_match(text)),
            Engine::Runes(program) => Ok(program.search(text, 0, 0, &mut |steps| scope.work(steps))?.is_some()),
        }
    }

    /// Whether the expression matches anywhere, where no template is executed.
    ///
    /// # Errors
    /// It takes too many steps.
    pub(in crate::sprig) fn is_match_alone(&self, text: &str) -> Result<bool, FuncError> {
        const MAX_STEPS: usize = 1 << 30;
        let Engine::Runes(program) = &self.engine else { return Ok(self.is_match_of_bytes(text)) };
        let mut left = MAX_STEPS;
        let mut tick = |steps| {
            left = left.saturating_sub(steps);
            if left > 0 { Ok(()) } else { fail("the expression takes too long") }
        };
        Ok(program.search(text, 0, 0, &mut tick)?.is_some())
    }

    fn is_match_of_bytes(&self, text: &str) -> bool {
        if let Engine::Bytes(engine) = &self.engine { engine.is_match(text) } else { false }
    }

    /// The leftmost match.
    ///
    /// # Errors
    /// It takes too long.
    pub(super) fn find(&self, scope: &mut dyn Scope, text: &str) -> Result<Option<Range<usize>>, FuncError> {
        self.check(text)?;
        self.find_at(scope, text, 0)
    }

    fn find_at(&self, scope: &mut dyn Scope, text: &str, at: usize) -> Result<Option<Range<usize>>, FuncError> {
        match &self.engine {
            Engine::Bytes(engine) => {
                Ok(engine.search(&Input::new(text).span(at..text.len())).map(|found| found.range()))
            }
            Engine::Runes(program) => {
                let found = program.search(text, at, 2, &mut |steps| scope.work(steps))?;
                Ok(found.and_then(|slots| range(&slots, 0)))
            }
        }
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
            let Some(range) = self.find_at(scope, text, at)? else { break };
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
