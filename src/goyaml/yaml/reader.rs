//! From bytes of any of YAML's encodings to UTF-8 that the scanner can walk over.
//!
//! Go's reader decodes its input in pieces of 512 bytes. That shows in two places: a bad character is reported as soon as its
//! piece is read, even if a syntax error stands before it in the same piece; and a byte order mark counts as such when
//! it happens to start a piece. Both are kept, by remembering where pieces end, but only for inputs that have such characters.

use super::super::Error;

/// How many NULs follow the text. The longest look ahead is the eight digits of `\U`.
const PADDING: usize = 16;
/// The size of the pieces in which Go's reader takes the input.
const PIECE: usize = 512;
/// U+FEFF in UTF-8.
const BOM: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// Decoded text.
pub struct Input {
    /// UTF-8 text, followed by NULs.
    pub bytes: Vec<u8>,
    /// Length of the text without the NULs.
    pub len: usize,
    /// Where Go's pieces end, when that matters.
    pub pieces: Option<Box<Pieces>>,
}

/// The ends of Go's pieces in the decoded text.
pub struct Pieces {
    /// Offsets in ascending order.
    pub ends: Vec<usize>,
    /// Why the piece after the last one can't be read.
    pub error: Option<Error>,
}

impl Input {
    /// Decodes a document.
    pub fn new(raw: &[u8]) -> Self {
        if let Some(text) = clean(raw) {
            let mut bytes = Vec::with_capacity(text.len() + PADDING);
            bytes.extend_from_slice(text);
            return Self::padded(bytes, None);
        }
        let (bytes, pieces) = decode(raw);
        Self::padded(bytes, Some(Box::new(pieces)))
    }

    fn padded(mut bytes: Vec<u8>, pieces: Option<Box<Pieces>>) -> Self {
        let len = bytes.len();
        bytes.resize(len + PADDING, 0);
        Self { bytes, len, pieces }
    }
}

/// The text without its byte order mark, if it is UTF-8 with only characters that YAML allows and no further such mark.
pub fn clean(raw: &[u8]) -> Option<&[u8]> {
    let utf16 = raw.starts_with(&[0xFF, 0xFE]) || raw.starts_with(&[0xFE, 0xFF]);
    let text = raw.strip_prefix(&BOM).unwrap_or(raw);
    (!utf16 && is_clean(text)).then_some(text)
}

/// Whether the text is UTF-8 with only characters that YAML allows and no further byte order mark.
fn is_clean(text: &[u8]) -> bool {
    // Mostly all is printable ASCII: look at many bytes at once, in a loop that needs no branches.
    let printable = |chunk: &[u8]| {
        chunk.iter().fold(true, |ok, &b| ok & (u8::from(b.wrapping_sub(0x20) < 0x5F) + u8::from(b == b'\n') > 0))
    };
    let mut ascii = true;
    for (n, chunk) in text.chunks(CHUNK).enumerate() {
        if printable(chunk) {
            continue;
        }
        ascii &= chunk.is_ascii();
        if !chunk_is_clean(text, n * CHUNK, chunk.len()) {
            return false;
        }
    }
    ascii || std::str::from_utf8(text).is_ok()
}

/// How many bytes are looked at together.
const CHUNK: usize = 64;

/// Whether no character that begins in this part is one that YAML does not allow. What is not UTF-8 may pass.
fn chunk_is_clean(text: &[u8], start: usize, len: usize) -> bool {
    let at = |i: usize| text.get(i).copied().unwrap_or_default();
    (start..start + len).all(|i| match text[i] {
        b'\t' | b'\n' | b'\r' => true,
        0..=0x1F | 0x7F => false,
        // U+0080 to U+009F but for NEL
        0xC2 => at(i + 1) >= 0xA0 || at(i + 1) == 0x85,
        // The byte order mark, U+FFFE and U+FFFF
        0xEF => !matches!((at(i + 1), at(i + 2)), (0xBB, 0xBF) | (0xBF, 0xBE | 0xBF)),
        _ => true,
    })
}

/// The encodings that a byte order mark can announce.
#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Utf16 { low: usize },
}

/// Decodes as Go's reader does, up to the first character that can't be.
fn decode(raw: &[u8]) -> (Vec<u8>, Pieces) {
    let (encoding, mut pos) = match raw {
        [0xFF, 0xFE, ..] => (Encoding::Utf16 { low: 0 }, 2),
        [0xFE, 0xFF, ..] => (Encoding::Utf16 { low: 1 }, 2),
        [0xEF, 0xBB, 0xBF, ..] => (Encoding::Utf8, 3),
        _ => (Encoding::Utf8, 0),
    };
    let mut out = Vec::with_capacity(raw.len() + PADDING);
    let mut ends = Vec::new();
    let mut piece_end = PIECE.min(raw.len());
    loop {
        let at_end = piece_end == raw.len();
        if pos == piece_end {
            ends.push(out.len());
            if at_end {
                return (out, Pieces { ends, error: None });
            }
            piece_end = (pos + PIECE).min(raw.len());
            continue;
        }
        let step = match encoding {
            Encoding::Utf8 => next_utf8(&raw[pos..piece_end]),
            Encoding::Utf16 { low } => next_utf16(&raw[pos..piece_end], low),
        };
        match step {
            Step::Char(code, width) if allowed(code) => {
                super::chars::push_char(&mut out, code);
                pos += width;
            }
            Step::Char(..) => {
                let error = Some(Error::new("yaml: control characters are not allowed"));
                return (out, Pieces { ends, error });
            }
            Step::Incomplete(problem) => {
                ends.push(out.len());
                if at_end {
                    let error = Some(Error::new(format!("yaml: {problem}")));
                    return (out, Pieces { ends, error });
                }
                piece_end = (pos + PIECE).min(raw.len());
            }
            Step::Bad(problem) => {
                let error = Some(Error::new(format!("yaml: {problem}")));
                return (out, Pieces { ends, error });
            }
        }
    }
}

enum Step {
    /// A code point and the bytes it took.
    Char(u32, usize),
    /// The character goes on in the next piece, or this is wrong when there is none.
    Incomplete(&'static str),
    /// Not a character.
    Bad(&'static str),
}

fn next_utf8(s: &[u8]) -> Step {
    let first = s[0];
    let width = super::chars::width(first);
    if width == 0 {
        return Step::Bad("invalid leading UTF-8 octet");
    }
    if width > s.len() {
        return Step::Incomplete("incomplete UTF-8 octet sequence");
    }
    let mut code = match width {
        1 => u32::from(first),
        2 => u32::from(first & 0x1F),
        3 => u32::from(first & 0x0F),
        _ => u32::from(first & 0x07),
    };
    for &byte in &s[1..width] {
        if byte & 0xC0 != 0x80 {
            return Step::Bad("invalid trailing UTF-8 octet");
        }
        code = (code << 6) | u32::from(byte & 0x3F);
    }
    let shortest = [0, 0x80, 0x800, 0x1_0000][width - 1];
    if code < shortest {
        return Step::Bad("invalid length of a UTF-8 sequence");
    }
    if (0xD800..=0xDFFF).contains(&code) || code > 0x10_FFFF {
        return Step::Bad("invalid Unicode character");
    }
    Step::Char(code, width)
}

fn next_utf16(s: &[u8], low: usize) -> Step {
    let unit = |at: usize| u32::from(s[at + low]) | (u32::from(s[at + 1 - low]) << 8);
    if s.len() < 2 {
        return Step::Incomplete("incomplete UTF-16 character");
    }
    let code = unit(0);
    match code & 0xFC00 {
        0xDC00 => Step::Bad("unexpected low surrogate area"),
        0xD800 if s.len() < 4 => Step::Incomplete("incomplete UTF-16 surrogate pair"),
        0xD800 => {
            let second = unit(2);
            if second & 0xFC00 != 0xDC00 {
                return Step::Bad("expected low surrogate area");
            }
            Step::Char(0x1_0000 + ((code & 0x3FF) << 10) + (second & 0x3FF), 4)
        }
        _ => Step::Char(code, 2),
    }
}

/// The characters that may stand in a YAML stream.
fn allowed(code: u32) -> bool {
    matches!(code,
        0x09 | 0x0A | 0x0D | 0x20..=0x7E | 0x85 | 0xA0..=0xD7FF | 0xE000..=0xFFFD | 0x1_0000..=0x10_FFFF)
}
