//! How deep a value is nested while it is written, and whether it contains itself.

use std::collections::HashSet;
use std::rc::Rc;

use super::Error;
use crate::gotemplate::Map;

/// From this depth on maps are remembered, as in Go's JSON encoder.
const WATCHED: usize = 1000;
/// How deep values may be nested. Go runs until its memory is full.
const MAX_DEPTH: usize = 100_000;
/// How much stack one level of nesting may take, and how much is added when there is less.
const RED_ZONE: usize = 64 * 1024;
const STACK: usize = 2 * 1024 * 1024;

/// The longest text that is written. Values that are held many times over would be written for ever.
pub const MAX_TEXT: usize = 64 << 20;

/// Refuses to write on when there is too much already.
pub fn check_length(written: usize) -> Result<(), Error> {
    if written <= MAX_TEXT {
        return Ok(());
    }
    Err(Error::new(format!("the text is too long (at most {MAX_TEXT} bytes)")))
}

/// The collections around what is being written.
#[derive(Default)]
pub struct Nesting {
    depth: usize,
    maps: HashSet<*const Map>,
}

impl Nesting {
    /// How many collections are open.
    pub fn depth(&self) -> usize {
        self.depth
    }
}

/// A writer that keeps track of its depth.
pub trait Nested {
    /// Where it does.
    fn nesting(&mut self) -> &mut Nesting;

    /// Writes what is inside a collection, on as much stack as it takes.
    fn nested(&mut self, write: impl FnOnce(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        self.nesting().depth += 1;
        if self.nesting().depth > MAX_DEPTH {
            return Err(Error::new(format!("exceeded max depth of {MAX_DEPTH}")));
        }
        let result = stacker::maybe_grow(RED_ZONE, STACK, || write(self));
        self.nesting().depth -= 1;
        result
    }

    /// Writes what is inside a map; `cycle` is the error if that is the map itself.
    fn inside_map(
        &mut self,
        map: &Rc<Map>,
        cycle: &str,
        write: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let watched = self.nesting().depth >= WATCHED;
        let identity = Rc::as_ptr(map);
        if watched && !self.nesting().maps.insert(identity) {
            return Err(Error::new(cycle));
        }
        let result = self.nested(write);
        if watched {
            self.nesting().maps.remove(&identity);
        }
        result
    }
}
