//! Format strings: flags, argument indexes, width, precision, verb.

use super::format::Spec;
use super::printer::Printer;
use crate::gotemplate::runes::{decode_rune, push_rune};
use crate::gotemplate::value::Value;

/// Widths and precisions beyond this are not taken for numbers.
const LIMIT: i64 = 1_000_000;

/// Where the reading of a format string stands.
struct Reader<'a> {
    format: &'a [u8],
    args: &'a [Value],
    at: usize,
    /// The next argument.
    arg: usize,
    /// An explicit index was used somewhere, so that surplus arguments are not reported.
    reordered: bool,
    /// The indexes of the current verb are valid.
    good_index: bool,
}

/// Appends `fmt.Sprintf(format, args...)`.
pub(super) fn append_format(printer: &mut Printer<'_>, format: &[u8], args: &[Value]) {
    let mut reader = Reader { format, args, at: 0, arg: 0, reordered: false, good_index: true };
    while reader.at < format.len() {
        let rest = &format[reader.at..];
        let plain = memchr::memchr(b'%', rest).unwrap_or(rest.len());
        printer.out.extend_from_slice(&rest[..plain]);
        reader.at += plain;
        if reader.at < format.len() {
            reader.at += 1;
            reader.verb(printer);
        }
    }
    if !reader.reordered && reader.arg < args.len() {
        surplus(printer, &args[reader.arg..]);
    }
}

/// `%!(EXTRA type=value, ...)`
fn surplus(printer: &mut Printer<'_>, args: &[Value]) {
    printer.spec = Spec::default();
    printer.out.extend_from_slice(b"%!(EXTRA ");
    for (i, arg) in args.iter().enumerate() {
        if i > 0 {
            printer.out.extend_from_slice(b", ");
        }
        if !arg.is_nil() {
            printer.out.extend_from_slice(arg.type_name().as_bytes());
            printer.out.push(b'=');
        }
        printer.argument(arg, 'v');
    }
    printer.out.push(b')');
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    /// One verb, its percent sign read already.
    fn verb(&mut self, printer: &mut Printer<'_>) {
        self.good_index = true;
        let mut spec = self.flags();
        let mut after_index = self.index();

        if self.peek() == Some(b'*') {
            self.at += 1;
            let width = self.number_argument();
            if width.is_none() {
                printer.out.extend_from_slice(b"%!(BADWIDTH)");
            }
            spec.width = width.map(|w| w.unsigned_abs() as usize);
            if width.is_some_and(|w| w < 0) {
                spec.minus = true;
                spec.zero = false;
            }
            after_index = false;
        } else {
            spec.width = self.number();
            if after_index && spec.width.is_some() {
                self.good_index = false;
            }
        }

        if self.peek() == Some(b'.') && self.at + 1 < self.format.len() {
            self.at += 1;
            if after_index {
                self.good_index = false;
            }
            after_index = self.index();
            if self.peek() == Some(b'*') {
                self.at += 1;
                spec.precision = self.number_argument().and_then(|p| usize::try_from(p).ok());
                if spec.precision.is_none() {
                    printer.out.extend_from_slice(b"%!(BADPREC)");
                }
                after_index = false;
            } else {
                spec.precision = Some(self.number().unwrap_or(0));
            }
        }
        if !after_index {
            self.index();
        }

        let (verb, size) = decode_rune(&self.format[self.at.min(self.format.len())..]);
        if size == 0 {
            printer.out.extend_from_slice(b"%!(NOVERB)");
            return;
        }
        self.at += size;
        self.print(printer, spec, verb);
    }

    fn print(&mut self, printer: &mut Printer<'_>, mut spec: Spec, verb: char) {
        if verb == '%' {
            printer.out.push(b'%');
            return;
        }
        let problem = if !self.good_index {
            "(BADINDEX)"
        } else if let Some(arg) = self.args.get(self.arg) {
            if matches!(verb, 'v' | 'w') {
                (spec.sharp_v, spec.sharp) = (spec.sharp, false);
                (spec.plus_v, spec.plus) = (spec.plus, false);
            }
            printer.spec = spec;
            printer.argument(arg, verb);
            self.arg += 1;
            return;
        } else {
            "(MISSING)"
        };
        printer.out.extend_from_slice(b"%!");
        push_rune(printer.out, verb);
        printer.out.extend_from_slice(problem.as_bytes());
    }

    fn flags(&mut self) -> Spec {
        let mut spec = Spec::default();
        while let Some(c) = self.peek() {
            match c {
                b'#' => spec.sharp = true,
                b'0' => spec.zero = true,
                b'+' => spec.plus = true,
                b'-' => spec.minus = true,
                b' ' => spec.space = true,
                _ => break,
            }
            self.at += 1;
        }
        spec
    }

    /// An unsigned number; one that is too large takes the rest of the format with it.
    fn number(&mut self) -> Option<usize> {
        let (value, end) = parse_number(self.format, self.at, self.format.len());
        self.at = end;
        value
    }

    /// The next argument as a width or precision; it is used up even if it is no such number.
    fn number_argument(&mut self) -> Option<i64> {
        let arg = self.args.get(self.arg)?;
        self.arg += 1;
        let value = match arg {
            Value::Int(i, _) => *i,
            Value::Uint(u, _) => i64::try_from(*u).ok()?,
            _ => return None,
        };
        (-LIMIT..=LIMIT).contains(&value).then_some(value)
    }

    /// An explicit argument index `[n]`, if one stands here; whether there was a well-formed one.
    fn index(&mut self) -> bool {
        if self.peek() != Some(b'[') {
            return false;
        }
        self.reordered = true;
        let rest = &self.format[self.at..];
        let close = if rest.len() < 3 { None } else { rest.iter().position(|&b| b == b']') };
        let Some(close) = close else {
            self.good_index = false;
            self.at += 1;
            return false;
        };
        let (value, end) = parse_number(rest, 1, close);
        self.at += close + 1;
        let value = value.filter(|_| end == close);
        if let Some(index) = value.and_then(|n| n.checked_sub(1)).filter(|&n| n < self.args.len()) {
            self.arg = index;
            return true;
        }
        self.good_index = false;
        value.is_some()
    }
}

/// The decimal number at `start..end`, and where it ends.
fn parse_number(s: &[u8], start: usize, end: usize) -> (Option<usize>, usize) {
    if start >= end {
        return (None, end);
    }
    let mut value = None;
    let mut at = start;
    while at < end && s[at].is_ascii_digit() {
        let before = value.unwrap_or(0);
        if before > LIMIT as usize {
            return (None, end);
        }
        value = Some(before * 10 + usize::from(s[at] - b'0'));
        at += 1;
    }
    (value, at)
}
