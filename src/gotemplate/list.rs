//! Slices. As in Go, some share one array: a part of a list is a window of it, which reaches as far as the array does, and
//! who sorts a list in place is seen by all others.

use std::cell::OnceCell;
use std::ops::Deref;
use std::rc::Rc;

use super::capacity;
use super::value::{Value, release};

/// The Go type of a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// `[]interface {}`
    Any,
    /// `[]string`
    Str,
    /// `[]int`
    Int,
    /// `[]float64`
    Float,
    /// `[][]interface {}`
    ListOfAny,
    /// `[][]string`
    ListOfStr,
    /// `[]map[string]interface {}`
    MapOfAny,
}

impl ListKind {
    /// The zero value of the elements.
    fn zero(self) -> Value {
        let nil = |kind| Value::List(Rc::new(List::nil(kind)));
        match self {
            Self::Any => Value::Nil,
            Self::Str => Value::str(""),
            Self::Int => Value::int(0),
            Self::Float => Value::Float(0.0),
            Self::ListOfAny => nil(Self::Any),
            Self::ListOfStr => nil(Self::Str),
            Self::MapOfAny => Value::nil_map(),
        }
    }
}

/// A Go slice other than `[]byte`.
#[derive(Debug)]
pub struct List {
    /// The Go type.
    pub kind: ListKind,
    /// Whether it is the nil slice (prints and counts as empty; JSON writes `null`).
    pub nil: bool,
    /// The elements.
    pub items: Items,
}

/// The elements of a [`List`], to be read as a slice. A slice that is held while somebody sorts the list has the old order.
#[derive(Debug)]
pub struct Items(Storage);

#[derive(Debug)]
enum Storage {
    Own {
        array: Array,
        len: usize,
        /// How far windows can reach.
        capacity: usize,
    },
    Window {
        /// The list that owns the array.
        of: Rc<List>,
        start: usize,
        len: usize,
    },
}

/// An array in its first state, and what it became.
#[derive(Debug, Default)]
struct Array {
    items: Vec<Value>,
    later: OnceCell<Box<Array>>,
}

impl Array {
    fn now(&self) -> &Self {
        let mut now = self;
        while let Some(later) = now.later.get() {
            now = later;
        }
        now
    }

    /// Changes the array, for all who share it.
    fn change_to(&self, items: Vec<Value>) {
        // The last state has no later one.
        let _ = self.now().later.set(Box::new(Self { items, later: OnceCell::new() }));
    }

    /// How many elements all states hold.
    fn size(&self) -> usize {
        let states = std::iter::successors(Some(self), |state| state.later.get().map(|later| &**later));
        states.map(|state| state.items.len()).sum()
    }
}

impl List {
    /// A list of the given type whose array ends with it.
    pub fn new(kind: ListKind, items: Vec<Value>) -> Self {
        let len = items.len();
        Self { kind, nil: false, items: Items::with_capacity(items, len) }
    }

    /// A list whose elements were appended one by one: Go makes the array larger than it need be.
    pub fn appended(kind: ListKind, items: Vec<Value>) -> Self {
        Self::appended_within(kind, 0, items)
    }

    /// The same, with room for `capacity` elements from the beginning.
    pub fn appended_within(kind: ListKind, capacity: usize, items: Vec<Value>) -> Self {
        let capacity = capacity::appended(kind, capacity, items.len());
        Self { kind, nil: false, items: Items::with_capacity(items, capacity) }
    }

    /// A list of which all elements but the first `before` were appended at once, to a full array.
    pub fn extended(kind: ListKind, before: usize, items: Vec<Value>) -> Self {
        let capacity = capacity::grown(kind, before, items.len());
        Self { kind, nil: false, items: Items::with_capacity(items, capacity) }
    }

    /// A list with other elements in an array as large as that of this one, as a copy of it has.
    #[must_use]
    pub fn like(&self, items: Vec<Value>) -> Self {
        Self { kind: self.kind, nil: self.nil, items: Items::with_capacity(items, self.capacity()) }
    }

    /// The nil slice.
    pub fn nil(kind: ListKind) -> Self {
        Self { kind, nil: true, items: Items::with_capacity(Vec::new(), 0) }
    }

    /// How many elements a [window](Self::window) can have.
    pub fn capacity(&self) -> usize {
        match &self.items.0 {
            Storage::Own { capacity, .. } => *capacity,
            Storage::Window { of, start, .. } => of.capacity() - start,
        }
    }

    /// `list[from:to]`, which shares the array; `None` if it does not reach so far.
    pub fn window(self: &Rc<Self>, from: usize, to: usize) -> Option<Self> {
        if from > to || to > self.capacity() {
            return None;
        }
        let (of, offset) = match &self.items.0 {
            Storage::Own { .. } => (self, 0),
            Storage::Window { of, start, .. } => (of, *start),
        };
        of.reach(offset + to);
        let items = Items(Storage::Window { of: of.clone(), start: offset + from, len: to - from });
        Some(Self { kind: self.kind, nil: self.nil, items })
    }

    /// Makes the elements of the array up to `end` be there.
    fn reach(&self, end: usize) {
        if let Storage::Own { array, .. } = &self.items.0
            && array.now().items.len() < end
        {
            let mut items = array.now().items.clone();
            items.resize(end, self.kind.zero());
            array.change_to(items);
        }
    }

    /// Gives the elements another order, for all who share the array. Before, it asks whether the array may be copied once
    /// more: with how many elements there would be in memory.
    ///
    /// # Errors
    /// What `check` says.
    pub fn sort_in_place<E>(&self, check: impl FnOnce(usize) -> Result<(), E>) -> Result<(), E> {
        let by_bytes = |a: &Value, b: &Value| match (a, b) {
            (Value::Str(a), Value::Str(b)) => a.cmp(b),
            _ => std::cmp::Ordering::Equal,
        };
        if self.items.is_sorted_by(|a, b| by_bytes(a, b).is_le()) {
            return Ok(());
        }
        let (array, start, len) = match &self.items.0 {
            Storage::Own { array, len, .. } => (array, 0, *len),
            Storage::Window { of, start, len } => match &of.items.0 {
                Storage::Own { array, .. } => (array, *start, *len),
                Storage::Window { .. } => return Ok(()),
            },
        };
        check(array.size() + array.now().items.len())?;
        let mut items = array.now().items.clone();
        items[start..start + len].sort_by(by_bytes);
        array.change_to(items);
        Ok(())
    }
}

impl Items {
    fn with_capacity(items: Vec<Value>, capacity: usize) -> Self {
        let len = items.len();
        let array = Array { items, later: OnceCell::new() };
        Self(Storage::Own { array, len, capacity: capacity.max(len) })
    }
}

impl Deref for Items {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        let (array, start, len) = match &self.0 {
            Storage::Own { array, len, .. } => (array, 0, *len),
            Storage::Window { of, start, len } => match &of.items.0 {
                Storage::Own { array, .. } => (array, *start, *len),
                Storage::Window { .. } => return &[],
            },
        };
        &array.now().items[start..start + len]
    }
}

impl<'a> IntoIterator for &'a Items {
    type Item = &'a Value;
    type IntoIter = std::slice::Iter<'a, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Drop for List {
    fn drop(&mut self) {
        match &mut self.items.0 {
            Storage::Own { array, .. } => {
                let Array { items, mut later } = std::mem::take(array);
                release(|| drop(items));
                // One after the other, not within each other.
                while let Some(mut state) = later.take() {
                    let items = std::mem::take(&mut state.items);
                    release(|| drop(items));
                    later = std::mem::take(&mut state.later);
                }
            }
            Storage::Window { of, .. } => {
                let of = std::mem::replace(of, Rc::new(Self::nil(self.kind)));
                release(|| drop(of));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(list: &List) -> String {
        list.items.iter().map(|item| item.as_str().unwrap().to_str().into_owned()).collect::<Vec<_>>().join(" ")
    }

    fn list(items: &[&str], capacity: usize) -> Rc<List> {
        Rc::new(List::appended_within(ListKind::Str, capacity, items.iter().map(|item| (*item).into()).collect()))
    }

    #[test]
    fn sorting_is_seen_by_all_who_share_the_array() {
        let whole = list(&["d", "b", "c", "a"], 4);
        let part = Rc::new(whole.window(1, 3).unwrap());
        let inner = part.window(1, 2).unwrap();
        let before = &*whole.items;
        whole.sort_in_place(|_| Ok::<(), ()>(())).unwrap();
        assert_eq!((strings(&whole), strings(&part), strings(&inner)), ("a b c d".into(), "b c".into(), "c".into()));
        assert_eq!(before[0].as_str().unwrap().to_str(), "d");
        let other = list(&["d", "b", "c", "a"], 4);
        other.window(0, 2).unwrap().sort_in_place(|_| Ok::<(), ()>(())).unwrap();
        assert_eq!(strings(&other), "b d c a");
        assert_eq!(other.sort_in_place(Err), Err(12));
    }

    #[test]
    fn windows_reach_to_the_end_of_the_array() {
        let whole = list(&["b", "a"], 4);
        assert!(whole.window(0, 5).is_none());
        assert!(whole.window(2, 1).is_none());
        let all = Rc::new(whole.window(0, 4).unwrap());
        assert_eq!(strings(&all), "b a  ");
        all.sort_in_place(|_| Ok::<(), ()>(())).unwrap();
        assert_eq!((strings(&all), strings(&whole)), ("  a b".into(), " ".into()));
        let end = Rc::new(all.window(3, 3).unwrap());
        assert_eq!((end.capacity(), strings(&end.window(0, 1).unwrap())), (1, "b".into()));
    }

    #[test]
    fn many_states_are_dropped_one_after_the_other() {
        let items: Vec<Value> = (0..60).rev().map(|i| format!("{i:03}").into()).collect();
        let whole = Rc::new(List::new(ListKind::Str, items));
        for end in 2..60 {
            for start in (0..end - 1).rev() {
                whole.window(start, start + 2).unwrap().sort_in_place(|_| Ok::<(), ()>(())).unwrap();
            }
        }
        drop(whole);
    }
}
