//! How large a result may be that one call builds: more is a mistake in the template or an attack, not a manifest.

use super::args::fail;
use crate::gotemplate::{FuncError, Scope};

/// The longest text, in bytes.
pub(super) const MAX_TEXT: usize = 64 << 20;
/// The longest list.
pub(super) const MAX_ITEMS: usize = 10_000_000;

/// Refuses to build a text that is too long.
pub(super) fn check_text(size: usize) -> Result<(), FuncError> {
    if size <= MAX_TEXT {
        return Ok(());
    }
    fail(format!("a text of {size} bytes is too long (at most {MAX_TEXT})"))
}

/// The longest text that is read as values, which take many times the memory.
const MAX_READABLE: usize = 16 << 20;

/// Refuses to read a text that is too long.
pub(super) fn check_readable(size: usize) -> Result<(), FuncError> {
    if size <= MAX_READABLE {
        return Ok(());
    }
    fail(format!("a text of {size} bytes is too long to be read (at most {MAX_READABLE})"))
}

/// What values take that were read from a text, for each byte of it.
const READ: usize = 16;
/// What a text in a list or map takes, besides its bytes.
const ITEM: usize = 64;

/// Accounts for values that are read from a text, which is refused if it is too long.
pub(super) fn account_for_reading(scope: &mut dyn Scope, size: usize) -> Result<(), FuncError> {
    check_readable(size)?;
    scope.work(size * READ)
}

/// Accounts for new texts in a list or map: their number and their bytes together.
pub(super) fn account_for_texts(scope: &mut dyn Scope, count: usize, bytes: usize) -> Result<(), FuncError> {
    scope.work(count * ITEM + bytes)
}

/// Refuses to build a list that is too long.
pub(super) fn check_items(count: usize) -> Result<(), FuncError> {
    if count <= MAX_ITEMS {
        return Ok(());
    }
    fail(format!("a list of {count} items is too long (at most {MAX_ITEMS})"))
}

/// Counts what a walk through values meets: values that are held many times over can be walked for ever.
#[derive(Default)]
pub(super) struct Steps(u32);

/// More than any values hold.
const MAX_STEPS: u32 = 1_000_000;

impl Steps {
    /// One more; whether that is still in order.
    pub fn go_on(&mut self) -> bool {
        self.0 += 1;
        self.0 <= MAX_STEPS
    }

    /// How many there were.
    pub fn taken(&self) -> usize {
        self.0 as usize
    }
}
