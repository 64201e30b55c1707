//! The order in which Go's YAML libraries write the keys of a map: letters after everything else, digits by their value.

use std::cmp::Ordering;

use super::resolve::Dialect;
use crate::gotemplate::runes::{is_digit, is_letter};

/// Compares two keys. Keys that differ never compare equal.
pub fn compare(a: &[u8], b: &[u8], dialect: Dialect) -> Ordering {
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    if same == a.len() || same == b.len() {
        return a.len().cmp(&b.len());
    }
    if a.is_ascii() && b.is_ascii() {
        return differ(&Ascii(a), &Ascii(b), same, dialect);
    }
    let (a, b): (Vec<char>, Vec<char>) = (chars(a), chars(b));
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    if same == a.len() || same == b.len() {
        return a.len().cmp(&b.len());
    }
    differ(&Runes(&a), &Runes(&b), same, dialect)
}

fn chars(s: &[u8]) -> Vec<char> {
    crate::gotemplate::runes::runes(s).map(|(_, c)| c).collect()
}

/// Sorts, stably, by an order that may contradict itself, as [`compare`] does when numbers overflow: the sorting of the standard
/// library may panic then.
pub fn sort<T: Copy>(items: &mut [T], order: impl Fn(&T, &T) -> Ordering + Copy) {
    let (left, right) = items.split_at_mut(items.len() / 2);
    if left.is_empty() {
        return;
    }
    sort(left, order);
    sort(right, order);
    let (left, right) = (left.to_vec(), right.to_vec());
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    for item in items {
        let next = match (left.peek(), right.peek()) {
            (Some(a), Some(b)) if order(a, b) != Ordering::Greater => left.next(),
            (Some(_), None) => left.next(),
            _ => right.next(),
        };
        if let Some(next) = next {
            *item = *next;
        }
    }
}

/// A string of characters.
trait Text {
    /// The character at an index, if there is one.
    fn at(&self, i: usize) -> Option<char>;
}

struct Ascii<'a>(&'a [u8]);

impl Text for Ascii<'_> {
    fn at(&self, i: usize) -> Option<char> {
        self.0.get(i).map(|b| char::from(*b))
    }
}

struct Runes<'a>(&'a [char]);

impl Text for Runes<'_> {
    fn at(&self, i: usize) -> Option<char> {
        self.0.get(i).copied()
    }
}

/// Compares texts that first differ at character `i`.
fn differ(left: &impl Text, right: &impl Text, i: usize, dialect: Dialect) -> Ordering {
    let (Some(a), Some(b)) = (left.at(i), right.at(i)) else { return Ordering::Equal };
    let less = |less: bool| if less { Ordering::Less } else { Ordering::Greater };
    match (is_letter(a), is_letter(b)) {
        (true, true) => return a.cmp(&b),
        (false, false) => {}
        (first, second) => {
            let after_digit = dialect == Dialect::V3 && i > 0 && left.at(i - 1).is_some_and(is_digit);
            return less(if after_digit { first } else { second });
        }
    }
    // Zeros count if a number other than zero began before them.
    let mut digits_before = (0..i).rev().map_while(|j| left.at(j).filter(|c| is_digit(*c)));
    let start = i64::from((a == '0' || b == '0') && digits_before.any(|c| c != '0'));
    let (left_number, left_end) = number(left, i, start);
    let (right_number, right_end) = number(right, i, start);
    left_number.cmp(&right_number).then(left_end.cmp(&right_end)).then(a.cmp(&b))
}

/// The number that goes on at a character, and where it ends.
fn number(text: &impl Text, from: usize, start: i64) -> (i64, usize) {
    let (mut number, mut end) = (start, from);
    while let Some(c) = text.at(end).filter(|c| is_digit(*c)) {
        number = number.wrapping_mul(10).wrapping_add(i64::from(u32::from(c)) - i64::from(b'0'));
        end += 1;
    }
    (number, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_contradicts_itself_is_sorted_all_the_same() {
        let mut numbers: Vec<u32> = (0..1000).map(|n| n * 7919 % 1000).collect();
        sort(&mut numbers, |a, b| if (a ^ b) % 3 == 0 { b.cmp(a) } else { a.cmp(b) });
        numbers.sort_unstable();
        assert_eq!(numbers, (0..1000).collect::<Vec<_>>());
        let mut words = ["b", "a10", "a9", "a", "1"];
        sort(&mut words, |a, b| compare(a.as_bytes(), b.as_bytes(), Dialect::V2));
        assert_eq!(words, ["1", "a", "a9", "a10", "b"]);
    }
}
