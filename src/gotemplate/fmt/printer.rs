//! One value by one verb, whatever its kind.

use std::rc::Rc;

use super::format::Spec;
use super::{Unprintable, number_name};
use crate::gotemplate::runes::push_rune;
use crate::gotemplate::value::{List, ListKind, Map, MapKind, Object, UintKind, Value};

/// Prints values into a buffer; [`Spec`] holds the state of the current verb.
pub(super) struct Printer<'a> {
    pub out: &'a mut Vec<u8>,
    pub spec: Spec,
    /// While the value of a bad verb is shown, methods are not called.
    erroring: bool,
    /// How deep in lists and maps the current value is.
    depth: u32,
    /// Why something was left out.
    pub failed: Option<Unprintable>,
}

/// Values nested deeper than this hold themselves, most likely; Go would not come to an end.
pub(super) const MAX_NESTING: u32 = 1000;
/// More output than this is a mistake or an attack: values that are held many times over are printed for ever.
pub(super) const MAX_TEXT: usize = 64 << 20;

impl<'a> Printer<'a> {
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, spec: Spec::default(), erroring: false, depth: 0, failed: None }
    }

    fn text(&mut self, s: &str) {
        self.out.extend_from_slice(s.as_bytes());
    }

    /// An argument of `print`, as `%v` without any flag.
    pub fn plain(&mut self, value: &Value) {
        match value {
            Value::Str(s) => self.out.extend_from_slice(s.as_bytes()),
            Value::Bool(b) => self.text(if *b { "true" } else { "false" }),
            Value::Int(i, kind) if !kind.is_stringer() => self.decimal(*i),
            // Larger ones have an exponent.
            Value::Float(f) if f.fract() == 0.0 && f.abs() < 1e6 && !(*f == 0.0 && f.is_sign_negative()) => {
                self.decimal(*f as i64);
            }
            value => self.argument(value, 'v'),
        }
    }

    fn decimal(&mut self, i: i64) {
        let mut digits = [0; 20];
        let mut start = digits.len();
        let mut rest = i.unsigned_abs();
        loop {
            start -= 1;
            digits[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if i < 0 {
            self.out.push(b'-');
        }
        self.out.extend_from_slice(&digits[start..]);
    }

    /// An argument of `printf` or `print`.
    pub fn argument(&mut self, value: &Value, verb: char) {
        match (value, verb) {
            (Value::Nil, 'T' | 'v') => self.spec.pad(self.out, b"<nil>"),
            (Value::Nil, _) => self.bad_verb(value, verb),
            (_, 'T') => self.spec.string(self.out, value.type_name().as_bytes()),
            (_, 'p') => self.pointer(value, verb),
            _ => self.value(value, verb),
        }
    }

    /// An element whose static type is `interface {}`.
    fn element(&mut self, value: &Value, verb: char) {
        match value {
            Value::Nil if self.spec.sharp_v => self.text("interface {}(nil)"),
            Value::Nil => self.text("<nil>"),
            value => self.value(value, verb),
        }
    }

    fn value(&mut self, value: &Value, verb: char) {
        if self.out.len() > MAX_TEXT {
            self.failed = Some(Unprintable::TooLong);
        }
        match value {
            _ if self.failed.is_some() => {}
            Value::Nil => self.text("<nil>"),
            Value::Bool(b) if matches!(verb, 't' | 'v') => self.spec.boolean(self.out, *b),
            Value::Bool(_) => self.bad_verb(value, verb),
            Value::Int(i, kind) => match number_name(*i, *kind) {
                Some(name) if !self.erroring && !self.spec.sharp_v && is_textual(verb) => {
                    self.string(value, name.as_bytes(), verb);
                }
                _ => self.integer(value, *i as u64, true, verb),
            },
            Value::Uint(u, _) => self.integer(value, *u, false, verb),
            Value::Float(f) => self.float(value, *f, verb),
            Value::Complex(c) => self.complex(value, **c, verb),
            Value::Str(s) => self.string(value, s.as_bytes(), verb),
            Value::Bytes(b) => self.bytes(value, b, verb),
            Value::List(_) | Value::Map(_) if self.depth == MAX_NESTING => self.failed = Some(Unprintable::TooDeep),
            Value::List(_) | Value::Map(_) => {
                self.depth += 1;
                stacker::maybe_grow(32 << 10, 1 << 20, || match value {
                    Value::List(l) => self.list(l, value, verb),
                    Value::Map(m) => self.map(m, value, verb),
                    _ => {}
                });
                self.depth -= 1;
            }
            Value::Object(o) => self.object(o.as_ref(), value, verb),
        }
    }

    /// `%!d(string=hi)`
    fn bad_verb(&mut self, value: &Value, verb: char) {
        self.text("%!");
        push_rune(self.out, verb);
        self.text("(");
        if value.is_nil() {
            self.text("<nil>");
        } else {
            self.text(value.type_name());
            self.text("=");
            let before = (self.erroring, self.depth);
            (self.erroring, self.depth) = (true, 0);
            self.value(value, 'v');
            (self.erroring, self.depth) = before;
        }
        self.text(")");
    }

    fn integer(&mut self, value: &Value, v: u64, signed: bool, verb: char) {
        match verb {
            'v' if self.spec.sharp_v && !signed => self.hex_number(v, true),
            'v' | 'd' => self.spec.integer(self.out, v, 10, signed, verb),
            'b' => self.spec.integer(self.out, v, 2, signed, verb),
            'o' | 'O' => self.spec.integer(self.out, v, 8, signed, verb),
            'x' | 'X' => self.spec.integer(self.out, v, 16, signed, verb),
            'c' => self.spec.character(self.out, v),
            'q' => self.spec.quoted_character(self.out, v),
            'U' => self.spec.unicode(self.out, v),
            _ => self.bad_verb(value, verb),
        }
    }

    fn hex_number(&mut self, v: u64, prefix: bool) {
        let spec = Spec { sharp: prefix, ..self.spec };
        spec.integer(self.out, v, 16, false, 'v');
    }

    fn float(&mut self, value: &Value, f: f64, verb: char) {
        match verb {
            'v' => self.spec.float(self.out, f, b'g', None),
            'b' | 'g' | 'G' | 'x' | 'X' => self.spec.float(self.out, f, verb as u8, None),
            'f' | 'e' | 'E' => self.spec.float(self.out, f, verb as u8, Some(6)),
            'F' => self.spec.float(self.out, f, b'f', Some(6)),
            _ => self.bad_verb(value, verb),
        }
    }

    fn complex(&mut self, value: &Value, (re, im): (f64, f64), verb: char) {
        if !matches!(verb, 'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E') {
            return self.bad_verb(value, verb);
        }
        let plus = self.spec.plus;
        self.text("(");
        self.float(value, re, verb);
        self.spec.plus = true;
        self.float(value, im, verb);
        self.text("i)");
        self.spec.plus = plus;
    }

    fn string(&mut self, value: &Value, s: &[u8], verb: char) {
        match verb {
            'v' if self.spec.sharp_v => self.spec.quoted(self.out, s),
            'v' | 's' => self.spec.string(self.out, s),
            'x' | 'X' => self.spec.hex(self.out, s, verb == 'X'),
            'q' => self.spec.quoted(self.out, s),
            _ => self.bad_verb(value, verb),
        }
    }

    fn bytes(&mut self, value: &Value, b: &[u8], verb: char) {
        match verb {
            'v' | 'd' if self.spec.sharp_v && self.depth == 0 => {
                self.text("[]byte{");
                for (i, byte) in b.iter().enumerate() {
                    if i > 0 {
                        self.text(", ");
                    }
                    self.hex_number(u64::from(*byte), true);
                }
                self.text("}");
            }
            's' | 'q' | 'x' | 'X' => self.string(value, b, verb),
            _ => {
                let (open, between, close) = if self.spec.sharp_v { ("[]uint8{", ", ", "}") } else { ("[", " ", "]") };
                self.text(open);
                for (i, byte) in b.iter().enumerate() {
                    if i > 0 {
                        self.text(between);
                    }
                    self.value(&Value::Uint(u64::from(*byte), UintKind::Uint8), verb);
                }
                self.text(close);
            }
        }
    }

    fn list(&mut self, list: &List, value: &Value, verb: char) {
        if verb == 'w' && !self.erroring {
            return self.bad_verb(value, verb);
        }
        let any = list.kind == ListKind::Any;
        let (open, between, close) = if self.spec.sharp_v {
            self.text(value.type_name());
            if list.nil {
                return self.text("(nil)");
            }
            ("{", ", ", "}")
        } else {
            ("[", " ", "]")
        };
        self.text(open);
        for (i, item) in list.items.iter().enumerate() {
            if i > 0 {
                self.text(between);
            }
            if any { self.element(item, verb) } else { self.value(item, verb) }
        }
        self.text(close);
    }

    fn map(&mut self, map: &Map, value: &Value, verb: char) {
        if verb == 'w' && !self.erroring {
            return self.bad_verb(value, verb);
        }
        let any = map.kind != MapKind::Str;
        let (open, between, close) = if self.spec.sharp_v {
            self.text(value.type_name());
            if map.nil {
                return self.text("(nil)");
            }
            ("{", ", ", "}")
        } else {
            ("map[", " ", "]")
        };
        self.text(open);
        for (i, (key, item)) in map.borrow().iter().enumerate() {
            if i > 0 {
                self.text(between);
            }
            self.string(&Value::Str(key.clone()), key.as_bytes(), verb);
            self.text(":");
            if any { self.element(item, verb) } else { self.value(item, verb) }
        }
        self.text(close);
    }

    fn object(&mut self, object: &dyn Object, value: &Value, verb: char) {
        if self.depth > 0 && object.kind_name() == "ptr" && !object.is_stringer() {
            // Only the outermost pointer is followed.
            match verb {
                'v' => self.hex_number(address(object) as u64, true),
                'b' | 'o' | 'd' | 'x' | 'X' => self.integer(value, address(object) as u64, false, verb),
                _ => self.bad_verb(value, verb),
            }
            return;
        }
        if object.is_stringer() && is_textual(verb) && !self.spec.sharp_v {
            self.string(value, object.display().as_bytes(), verb);
        } else if verb == 'w' && !self.erroring {
            self.bad_verb(value, verb);
        } else if verb == 'v' && self.spec.is_plain() && !object.is_stringer() {
            // Nothing is to be done to the parts.
            self.text(&object.display());
        } else if let Some(fields) = object.printed_fields() {
            self.fields(object, &fields, verb);
        } else if let Some(entries) = object.entries() {
            self.entries(object, &entries, verb);
        } else {
            self.text(&object.display());
        }
    }

    /// The fields of a struct, or of what a pointer to one points to, each by the verb.
    fn fields(&mut self, object: &dyn Object, fields: &[(&str, Value)], verb: char) {
        if object.kind_name() == "ptr" {
            self.text("&");
        }
        let between = if self.spec.sharp_v {
            self.text(object.type_name().trim_start_matches('*'));
            ", "
        } else {
            " "
        };
        self.text("{");
        self.depth += 1;
        for (i, (name, field)) in fields.iter().enumerate() {
            if i > 0 {
                self.text(between);
            }
            if self.spec.plus_v || self.spec.sharp_v {
                self.text(name);
                self.text(":");
            }
            self.value(field, verb);
        }
        self.depth -= 1;
        self.text("}");
    }

    /// The entries of a map, keys and values by the verb, or the elements of a slice.
    fn entries(&mut self, object: &dyn Object, entries: &[(Value, Value)], verb: char) {
        let is_map = object.kind_name() == "map";
        let (open, between, close) = if self.spec.sharp_v {
            self.text(object.type_name());
            ("{", ", ", "}")
        } else {
            (if is_map { "map[" } else { "[" }, " ", "]")
        };
        self.text(open);
        self.depth += 1;
        for (i, (key, item)) in entries.iter().enumerate() {
            if i > 0 {
                self.text(between);
            }
            if is_map {
                self.value(key, verb);
                self.text(":");
            }
            self.value(item, verb);
        }
        self.depth -= 1;
        self.text(close);
    }

    /// `%p`: the address, of kinds that have one.
    fn pointer(&mut self, value: &Value, verb: char) {
        let address = match value {
            Value::List(l) if l.nil => 0,
            Value::List(l) => Rc::as_ptr(l) as usize,
            Value::Map(m) if m.nil => 0,
            Value::Map(m) => Rc::as_ptr(m) as usize,
            Value::Bytes(b) => Rc::as_ptr(b) as usize,
            Value::Object(o) if o.kind_name() != "struct" => address(o.as_ref()),
            _ => return self.bad_verb(value, verb),
        };
        self.hex_number(address as u64, !self.spec.sharp);
    }
}

fn address(object: &dyn Object) -> usize {
    std::ptr::from_ref(object).cast::<()>() as usize
}

/// The verbs for which Go calls `Error` or `String` methods.
fn is_textual(verb: char) -> bool {
    matches!(verb, 'v' | 's' | 'x' | 'X' | 'q')
}
