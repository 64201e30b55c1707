//! Recursion over values that may be nested without end: a map can be set into itself.

/// More levels than any values have.
pub(super) const MAX_DEPTH: usize = 10_000;

/// Stack that must be left, and by how much it grows.
const RED_ZONE: usize = 64 << 10;
const STACK: usize = 1 << 20;

/// Runs one level of a recursion with enough stack.
pub(super) fn level<T>(body: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(RED_ZONE, STACK, body)
}
