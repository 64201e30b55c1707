//! The functions of a template set, resolved when templates are compiled.

use super::Table;
use super::builtins::Builtin;
use super::func::Func;

/// What a name calls.
#[derive(Clone, Copy, Debug)]
pub(super) enum Callable {
    Builtin(Builtin),
    Host(Func),
}

/// All functions by number and by name.
#[derive(Debug)]
pub(super) struct Functions {
    entries: Vec<(&'static str, Callable)>,
    by_name: Table<&'static [u8], u32>,
}

impl Functions {
    /// Go's own functions and the host's; of those of the same name the last one wins.
    pub fn new(host: impl IntoIterator<Item = (&'static str, Func)>) -> Self {
        let builtins = Builtin::ALL.iter().map(|b| (b.name(), Callable::Builtin(*b)));
        let host = host.into_iter().map(|(name, func)| (name, Callable::Host(func)));
        // Sprig's and Helm's come without a count.
        let count = builtins.len() + host.size_hint().0.max(256);
        let by_name = Table::with_capacity_and_hasher(count, foldhash::fast::RandomState::default());
        let mut functions = Self { entries: Vec::with_capacity(count), by_name };
        for (name, callable) in builtins.chain(host) {
            functions.by_name.insert(name.as_bytes(), functions.entries.len() as u32);
            functions.entries.push((name, callable));
        }
        functions
    }

    pub fn find(&self, name: &[u8]) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    pub fn name(&self, index: u32) -> &'static str {
        self.entries[index as usize].0
    }

    pub fn callable(&self, index: u32) -> Callable {
        self.entries[index as usize].1
    }
}
