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
fn differ(a: &impl Text, b: &impl Text, i: usize, dialect: Dialect) -> Ordering {
    let (Some(x), Some(y)) = (a.at(i), b.at(i)) else { return Ordering::Equal };
    let less = |less: bool| if less { Ordering::Less } else { Ordering::Greater };
    let digit = |t: Option<char>| t.is_some_and(is_digit);
    match (is_letter(x), is_letter(y)) {
        (true, true) => return x.cmp(&y),
        (false, false) => {}
        (x_letter, y_letter) => {
            let after_digit = dialect == Dialect::V3 && i > 0 && digit(a.at(i - 1));
            return less(if after_digit { x_letter } else { y_letter });
        }
    }
    let mut numbers = [0i64; 2];
    if x == '0' || y == '0' {
        // Zeros count if a number other than zero began before them.
        let nonzero = (0..i).rev().map_while(|j| a.at(j).filter(|c| is_digit(*c))).any(|c| c != '0');
        if nonzero {
            numbers = [1, 1];
        }
    }
    let mut ends = [i, i];
    for (number, (end, text)) in numbers.iter_mut().zip(ends.iter_mut().zip([a as &dyn Text, b])) {
        while let Some(c) = text.at(*end).filter(|c| is_digit(*c)) {
            *number = number.wrapping_mul(10).wrapping_add(i64::from(u32::from(c)) - i64::from(u32::from('0')));
            *end += 1;
        }
    }
    numbers[0].cmp(&numbers[1]).then(ends[0].cmp(&ends[1])).then(x.cmp(&y))
}
