//! Reading ASN.1 into Go structs as Go's `encoding/asn1` does, with its errors.

use super::Fallible;

/// The type of a Go struct's field.
#[derive(Clone, Copy)]
pub(super) enum Type {
    /// `int`
    Int,
    /// `*big.Int`
    BigInt,
    /// `[]byte`
    Bytes,
    /// `asn1.ObjectIdentifier`
    Identifier,
    /// `asn1.BitString`
    Bits,
    /// `asn1.RawValue`
    Raw,
    /// A struct.
    Struct(&'static Struct),
    /// A slice of structs.
    SequenceOf(&'static Struct),
}

/// A Go struct.
pub(super) struct Struct {
    pub name: &'static str,
    pub fields: &'static [Field],
}

/// A field of a Go struct.
#[derive(Clone, Copy)]
pub(super) struct Field {
    ty: Type,
    optional: bool,
    /// The number of the explicit tag around the value.
    tag: Option<i64>,
}

impl Field {
    /// A field that has to be there.
    pub const fn required(ty: Type) -> Self {
        Self { ty, optional: false, tag: None }
    }

    /// A field that is skipped if something else comes.
    pub const fn optional(ty: Type) -> Self {
        Self { ty, optional: true, tag: None }
    }

    /// An optional field within an explicit tag.
    pub const fn tagged(ty: Type, tag: i64) -> Self {
        Self { ty, optional: true, tag: Some(tag) }
    }
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Parsed<'a> {
    /// An optional field that is not there.
    #[default]
    Absent,
    Int(i64),
    /// The content of an `INTEGER`.
    BigInt(&'a [u8]),
    Bytes(&'a [u8]),
    /// The content of an `OBJECT IDENTIFIER`.
    Identifier(&'a [u8]),
    Bits,
    /// Tag, length and content.
    Raw(&'a [u8]),
    Struct(Vec<Parsed<'a>>),
    List(Vec<Parsed<'a>>),
}

const UNIVERSAL: u8 = 0;
const CONTEXT: u8 = 2;

fn structural<T>(problem: impl AsRef<str>) -> Fallible<T> {
    Err(format!("asn1: structure error: {}", problem.as_ref()))
}

fn syntax<T>(problem: &str) -> Fallible<T> {
    Err(format!("asn1: syntax error: {problem}"))
}

/// Reads a value (`asn1.Unmarshal`): it and the bytes after it.
///
/// # Errors
/// Go's text.
pub(super) fn read(bytes: &[u8], ty: Type) -> Fallible<(Parsed<'_>, &[u8])> {
    let (parsed, end) = field(bytes, 0, &Field::required(ty))?;
    Ok((parsed, &bytes[end..]))
}

/// An object identifier as Go prints it.
pub(super) fn identifier_text(content: &[u8]) -> String {
    let mut parts = Vec::new();
    let mut rest = 0;
    while rest < content.len() {
        let Ok((value, next)) = base128(content, rest) else { break };
        rest = next;
        if parts.is_empty() {
            let first = (value / 40).min(2);
            parts.push(first.to_string());
            parts.push((value - first * 40).to_string());
        } else {
            parts.push(value.to_string());
        }
    }
    parts.join(".")
}

/// The head of an element.
struct Head {
    class: u8,
    tag: i64,
    length: usize,
    compound: bool,
}

/// A number of seven bits per byte, and where it ends.
fn base128(bytes: &[u8], start: usize) -> Fallible<(i64, usize)> {
    let mut value = 0_i64;
    for (shifted, &byte) in bytes[start..].iter().enumerate() {
        if shifted == 5 {
            return structural("base 128 integer too large");
        }
        if shifted == 0 && byte == 0x80 {
            return syntax("integer is not minimally encoded");
        }
        value = value << 7 | i64::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            if value > i64::from(i32::MAX) {
                return structural("base 128 integer too large");
            }
            return Ok((value, start + shifted + 1));
        }
    }
    syntax("truncated base 128 integer")
}

fn head(bytes: &[u8], start: usize) -> Fallible<(Head, usize)> {
    let Some(&first) = bytes.get(start) else { return Err("asn1: internal error in parseTagAndLength".into()) };
    let mut offset = start + 1;
    let mut tag = i64::from(first & 0x1F);
    if tag == 0x1F {
        (tag, offset) = base128(bytes, offset)?;
        if tag < 0x1F {
            return syntax("non-minimal tag");
        }
    }
    let Some(&byte) = bytes.get(offset) else { return syntax("truncated tag or length") };
    offset += 1;
    let mut length = usize::from(byte & 0x7F);
    if byte & 0x80 != 0 {
        let count = length;
        if count == 0 {
            return syntax("indefinite length found (not DER)");
        }
        length = 0;
        for _ in 0..count {
            let Some(&byte) = bytes.get(offset) else { return syntax("truncated tag or length") };
            offset += 1;
            if length >= 1 << 23 {
                return structural("length too large");
            }
            length = length << 8 | usize::from(byte);
            if length == 0 {
                return structural("superfluous leading zeros in length");
            }
        }
        if length < 0x80 {
            return structural("non-minimal length");
        }
    }
    Ok((Head { class: first >> 6, tag, length, compound: first & 0x20 != 0 }, offset))
}

impl Type {
    /// The universal tag, whether it is of parts, and the name of the Go type.
    fn universal(self) -> (i64, bool, &'static str) {
        match self {
            Self::Int => (2, false, "int"),
            Self::BigInt => (2, false, ""),
            Self::Bytes => (4, false, ""),
            Self::Identifier => (6, false, "ObjectIdentifier"),
            Self::Bits => (3, false, "BitString"),
            Self::Raw => (-1, false, "RawValue"),
            Self::Struct(ty) => (16, true, ty.name),
            Self::SequenceOf(_) => (16, true, ""),
        }
    }
}

fn field<'a>(bytes: &'a [u8], start: usize, field: &Field) -> Fallible<(Parsed<'a>, usize)> {
    if start == bytes.len() {
        return if field.optional { Ok((Parsed::Absent, start)) } else { syntax("sequence truncated") };
    }
    let (mut found, mut offset) = head(bytes, start)?;
    if let Some(tag) = field.tag {
        if offset == bytes.len() {
            return structural("explicit tag has no child");
        }
        if found.class != CONTEXT || found.tag != tag || !(found.length == 0 || found.compound) {
            return Ok((Parsed::Absent, start));
        }
        if found.length == 0 {
            return structural("zero length explicit tag was not an asn1.Flag");
        }
        (found, offset) = head(bytes, offset)?;
    }
    let (tag, compound, name) = field.ty.universal();
    let any = matches!(field.ty, Type::Raw);
    if !any && (found.class != UNIVERSAL || found.tag != tag || found.compound != compound) {
        if field.optional {
            return Ok((Parsed::Absent, start));
        }
        let Head { class, tag: other, length, compound } = found;
        return structural(format!(
            "tags don't match ({tag} vs {{class:{class} tag:{other} length:{length} isCompound:{compound}}}) \
             {{optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 \
             timeType:0 set:false omitEmpty:false}} {name} @{offset}"
        ));
    }
    let Some(content) = bytes.get(offset..offset + found.length) else { return syntax("data truncated") };
    let end = offset + found.length;
    let parsed = match field.ty {
        Type::Int => Parsed::Int(int(content)?),
        Type::BigInt => {
            check_integer(content)?;
            Parsed::BigInt(content)
        }
        Type::Bytes => Parsed::Bytes(content),
        Type::Identifier => {
            check_identifier(content)?;
            Parsed::Identifier(content)
        }
        Type::Bits => {
            check_bits(content)?;
            Parsed::Bits
        }
        Type::Raw => Parsed::Raw(&bytes[start..end]),
        Type::Struct(ty) => Parsed::Struct(fields(content, ty)?),
        Type::SequenceOf(ty) => Parsed::List(sequence(content, ty)?),
    };
    Ok((parsed, end))
}

fn fields<'a>(content: &'a [u8], ty: &Struct) -> Fallible<Vec<Parsed<'a>>> {
    let mut offset = 0;
    let mut read = Vec::with_capacity(ty.fields.len());
    for of in ty.fields {
        let (parsed, end) = field(content, offset, of)?;
        read.push(parsed);
        offset = end;
    }
    // There may be more: later versions add fields at the end.
    Ok(read)
}

/// The elements of a sequence, all of which are looked at before the first is read.
fn sequence<'a>(content: &'a [u8], ty: &'static Struct) -> Fallible<Vec<Parsed<'a>>> {
    let mut offset = 0;
    while offset < content.len() {
        let (found, start) = head(content, offset)?;
        if found.class != UNIVERSAL || !found.compound || found.tag != 16 {
            return structural("sequence tag mismatch");
        }
        if start + found.length > content.len() {
            return syntax("truncated sequence");
        }
        offset = start + found.length;
    }
    let (mut offset, mut read) = (0, Vec::new());
    while offset < content.len() {
        let (parsed, end) = field(content, offset, &Field::required(Type::Struct(ty)))?;
        read.push(parsed);
        offset = end;
    }
    Ok(read)
}

fn check_integer(content: &[u8]) -> Fallible<()> {
    match content {
        [] => structural("empty integer"),
        [0, next, ..] if next & 0x80 == 0 => structural("integer not minimally-encoded"),
        [0xFF, next, ..] if next & 0x80 != 0 => structural("integer not minimally-encoded"),
        _ => Ok(()),
    }
}

fn int(content: &[u8]) -> Fallible<i64> {
    check_integer(content)?;
    if content.len() > 8 {
        return structural("integer too large");
    }
    let sign = if content[0] & 0x80 != 0 { -1 } else { 0 };
    Ok(content.iter().fold(sign, |value, &byte| value << 8 | i64::from(byte)))
}

fn check_identifier(content: &[u8]) -> Fallible<()> {
    if content.is_empty() {
        return syntax("zero length OBJECT IDENTIFIER");
    }
    let mut offset = 0;
    while offset < content.len() {
        (_, offset) = base128(content, offset)?;
    }
    Ok(())
}

fn check_bits(content: &[u8]) -> Fallible<()> {
    let (&[padding, ..], &[.., last]) = (content, content) else { return syntax("zero length BIT STRING") };
    if padding > 7 || content.len() == 1 && padding > 0 || last & ((1 << padding) - 1) != 0 {
        return syntax("invalid padding bits in BIT STRING");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    static PAIR: Struct = Struct {
        name: "pair",
        fields: &[Field::required(Type::Int), Field::tagged(Type::Identifier, 0), Field::optional(Type::Bytes)],
    };

    #[test]
    fn optional_fields_are_skipped() {
        let whole = |bytes| read(bytes, Type::Struct(&PAIR)).map(|(parsed, rest)| (parsed, rest.len()));
        assert_eq!(
            whole(&[0x30, 7, 2, 1, 0xFF, 4, 2, 1, 2, 9]),
            Ok((Parsed::Struct(vec![Parsed::Int(-1), Parsed::Absent, Parsed::Bytes(&[1, 2])]), 1))
        );
        assert_eq!(
            whole(&[0x30, 8, 2, 1, 5, 0xA0, 3, 6, 1, 0x2A]),
            Ok((Parsed::Struct(vec![Parsed::Int(5), Parsed::Identifier(&[0x2A]), Parsed::Absent]), 0))
        );
        assert_eq!(identifier_text(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D]), "1.2.840.113549");
    }
}
