//! The formatter of basic items: integers, floats, strings, with flags, width and precision.

use crate::gotemplate::runes::{RUNE_ERROR, is_print, push_rune, rune_count, runes};
use crate::gotemplate::strconv;

/// The flags, width and precision of one verb.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "printf has that many flags")]
pub(super) struct Spec {
    pub width: Option<usize>,
    pub precision: Option<usize>,
    pub minus: bool,
    pub plus: bool,
    pub sharp: bool,
    pub space: bool,
    pub zero: bool,
    /// `%+v`
    pub plus_v: bool,
    /// `%#v`
    pub sharp_v: bool,
}

const LOWER: &[u8; 17] = b"0123456789abcdefx";
const UPPER: &[u8; 17] = b"0123456789ABCDEFX";

impl Spec {
    /// Whether there are no flags, no width and no precision.
    pub fn is_plain(&self) -> bool {
        let flags = [self.minus, self.plus, self.sharp, self.space, self.zero, self.plus_v, self.sharp_v];
        self.width.is_none() && self.precision.is_none() && !flags.contains(&true)
    }

    fn padding(&self, out: &mut Vec<u8>, count: usize) {
        // Zeros are put on the left only.
        let fill = if self.zero && !self.minus { b'0' } else { b' ' };
        out.resize(out.len() + count, fill);
    }

    /// Appends `s` padded to the width, counted in runes.
    pub fn pad(&self, out: &mut Vec<u8>, s: &[u8]) {
        let Some(width) = self.width.filter(|&w| w > 0) else {
            out.extend_from_slice(s);
            return;
        };
        let missing = width.saturating_sub(rune_count(s));
        if self.minus {
            out.extend_from_slice(s);
            self.padding(out, missing);
        } else {
            self.padding(out, missing);
            out.extend_from_slice(s);
        }
    }

    fn without_zero(&self) -> Self {
        Self { zero: false, ..*self }
    }

    pub fn boolean(&self, out: &mut Vec<u8>, b: bool) {
        self.pad(out, if b { b"true" } else { b"false" });
    }

    /// An integer in base 2, 8, 10 or 16, as verb `verb`.
    pub fn integer(&self, out: &mut Vec<u8>, value: u64, base: u64, signed: bool, verb: char) {
        let negative = signed && (value as i64) < 0;
        let mut value = if negative { value.wrapping_neg() } else { value };
        let digits = if verb == 'X' { UPPER } else { LOWER };
        let mut precision = 0;
        if let Some(wanted) = self.precision {
            precision = wanted;
            if precision == 0 && value == 0 {
                self.without_zero().padding(out, self.width.unwrap_or(0));
                return;
            }
        } else if let Some(width) = self.width.filter(|_| self.zero && !self.minus) {
            precision = if negative || self.plus || self.space { width.saturating_sub(1) } else { width };
        }

        // Written backwards: digits, zeros, prefix, sign.
        let mut text = Vec::with_capacity(24);
        loop {
            text.push(digits[(value % base) as usize]);
            value /= base;
            if value == 0 {
                break;
            }
        }
        if text.len() < precision {
            text.resize(precision, b'0');
        }
        if self.sharp {
            match base {
                2 => text.extend_from_slice(b"b0"),
                8 if text.last() != Some(&b'0') => text.push(b'0'),
                16 => text.extend_from_slice(&[digits[16], b'0']),
                _ => {}
            }
        }
        if verb == 'O' {
            text.extend_from_slice(b"o0");
        }
        if negative {
            text.push(b'-');
        } else if self.plus {
            text.push(b'+');
        } else if self.space {
            text.push(b' ');
        }
        text.reverse();
        self.without_zero().pad(out, &text);
    }

    /// `%U`: `U+0078`, with `#` also the character.
    pub fn unicode(&self, out: &mut Vec<u8>, value: u64) {
        let digits = self.precision.unwrap_or(4).max(4);
        let mut text = format!("U+{value:0>digits$X}").into_bytes();
        if self.sharp
            && let Some(c) = u32::try_from(value).ok().and_then(char::from_u32).filter(|&c| is_print(c))
        {
            text.extend_from_slice(b" '");
            push_rune(&mut text, c);
            text.push(b'\'');
        }
        self.without_zero().pad(out, &text);
    }

    pub fn character(&self, out: &mut Vec<u8>, value: u64) {
        let mut text = Vec::with_capacity(4);
        push_rune(&mut text, rune_of(value));
        self.pad(out, &text);
    }

    pub fn quoted_character(&self, out: &mut Vec<u8>, value: u64) {
        let mut text = Vec::with_capacity(12);
        if self.plus {
            strconv::append_quote_rune_to_ascii(&mut text, rune_of(value));
        } else {
            strconv::append_quote_rune(&mut text, rune_of(value));
        }
        self.pad(out, &text);
    }

    /// The string cut to the precision, counted in runes.
    fn truncate<'a>(&self, s: &'a [u8]) -> &'a [u8] {
        match self.precision.and_then(|n| runes(s).nth(n)) {
            Some((end, _)) => &s[..end],
            None => s,
        }
    }

    pub fn string(&self, out: &mut Vec<u8>, s: &[u8]) {
        self.pad(out, self.truncate(s));
    }

    pub fn quoted(&self, out: &mut Vec<u8>, s: &[u8]) {
        let s = self.truncate(s);
        let mut text = Vec::with_capacity(s.len() + 2);
        if self.sharp && strconv::can_backquote(s) {
            text.push(b'`');
            text.extend_from_slice(s);
            text.push(b'`');
        } else if self.plus {
            strconv::append_quote_to_ascii(&mut text, s);
        } else {
            strconv::append_quote(&mut text, s);
        }
        self.pad(out, &text);
    }

    /// The bytes in hexadecimal, `%x` and `%X` of strings.
    pub fn hex(&self, out: &mut Vec<u8>, s: &[u8], upper: bool) {
        let digits = if upper { UPPER } else { LOWER };
        let s = &s[..s.len().min(self.precision.unwrap_or(usize::MAX))];
        let mut text = Vec::with_capacity(s.len() * 2 + 2);
        for (i, b) in s.iter().enumerate() {
            if self.space && i > 0 {
                text.push(b' ');
            }
            if self.sharp && (self.space || i == 0) {
                text.extend_from_slice(&[b'0', digits[16]]);
            }
            text.extend_from_slice(&[digits[usize::from(b >> 4)], digits[usize::from(b & 15)]]);
        }
        self.pad(out, &text);
    }

    /// A float by `strconv` format `format`; `precision` is the default of the verb.
    pub fn float(&self, out: &mut Vec<u8>, f: f64, format: u8, precision: Option<usize>) {
        let precision = self.precision.or(precision);
        let mut num = Vec::with_capacity(32);
        num.push(b'+');
        strconv::append_float(&mut num, f, format, precision);
        if matches!(num[1], b'-' | b'+') {
            num.remove(0);
        }
        if self.space && num[0] == b'+' && !self.plus {
            num[0] = b' ';
        }
        if matches!(num[1], b'I' | b'N') {
            let text = if num[1] == b'N' && !self.space && !self.plus { &num[1..] } else { &num[..] };
            self.without_zero().pad(out, text);
            return;
        }
        if self.sharp && format != b'b' {
            keep_point(&mut num, format, precision);
        }
        if self.plus || num[0] != b'+' {
            if let Some(width) = self.width.filter(|&w| self.zero && !self.minus && w > num.len()) {
                // The sign stands before the zeros.
                out.push(num[0]);
                self.padding(out, width - num.len());
                out.extend_from_slice(&num[1..]);
                return;
            }
            self.pad(out, &num);
            return;
        }
        self.pad(out, &num[1..]);
    }
}

fn rune_of(value: u64) -> char {
    u32::try_from(value).ok().and_then(char::from_u32).unwrap_or(RUNE_ERROR)
}

/// The `#` flag of floats: a decimal point always, and the zeros that `%g` would drop.
fn keep_point(num: &mut Vec<u8>, format: u8, precision: Option<usize>) {
    let mut wanted = match format {
        b'g' | b'G' | b'x' => precision.map_or(6, |p| p as i64),
        _ => 0,
    };
    let mut tail = Vec::new();
    let (mut has_point, mut significant) = (false, false);
    let mut i = 1;
    while i < num.len() {
        match num[i] {
            b'.' => has_point = true,
            b'p' | b'P' => tail = num.split_off(i),
            b'e' | b'E' if !matches!(format, b'x' | b'X') => tail = num.split_off(i),
            c => {
                significant |= c != b'0';
                if significant {
                    wanted -= 1;
                }
            }
        }
        i += 1;
    }
    if !has_point {
        // A leading zero counts once.
        if num.len() == 2 && num[1] == b'0' {
            wanted -= 1;
        }
        num.push(b'.');
    }
    num.resize(num.len() + wanted.max(0) as usize, b'0');
    num.extend_from_slice(&tail);
}
