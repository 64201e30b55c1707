//! PEM blocks (RFC 7468).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;

use crate::sprig::encoding::base64_decode;

/// A block: its label and its bytes.
pub(super) struct Block {
    pub label: Vec<u8>,
    pub bytes: Vec<u8>,
}

/// The block as text, lines of 64 characters.
pub(super) fn encode(label: &str, bytes: &[u8]) -> String {
    let encoded = STANDARD.encode(bytes);
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in encoded.as_bytes().chunks(64) {
        // Base64 is ASCII.
        out.extend(line.iter().map(|&byte| char::from(byte)));
        out.push('\n');
    }
    out.push_str("-----END ");
    out.push_str(label);
    out.push_str("-----\n");
    out
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"\n-----END ";
const DASHES: &[u8] = b"-----";

/// The first block of a text, which may have other text around it, by the rules of Go's `encoding/pem`: the last beginning
/// before an end belongs to it, headers are skipped, and a block that is not in order is passed over.
pub(super) fn decode(text: &[u8]) -> Option<Block> {
    let mut rest = text;
    loop {
        let end = memmem::find(rest, END)?;
        let after_end = end + END.len();
        match block(rest, end) {
            Found::Block(block) => return Some(block),
            Found::Bad(at) if at <= after_end => rest = &rest[after_end..],
            // Headers have swallowed the end.
            Found::Bad(_) | Found::Nothing => return None,
        }
    }
}

/// What stands before an end.
enum Found {
    Block(Block),
    /// Nothing that could be read, up to here.
    Bad(usize),
    /// Only headers up to the end of the text.
    Nothing,
}

fn block(text: &[u8], end: usize) -> Found {
    let Some(begin) = memmem::rfind(&text[..end], BEGIN) else { return Found::Bad(0) };
    if begin > 0 && text[begin - 1] != b'\n' {
        return Found::Bad(0);
    }
    let (line, mut at) = line(text, begin + BEGIN.len());
    let Some(label) = line.strip_suffix(DASHES) else { return Found::Bad(at) };
    let mut headers = false;
    loop {
        if at >= text.len() {
            return Found::Nothing;
        }
        let (line, next) = self::line(text, at);
        if !line.contains(&b':') {
            break;
        }
        headers = true;
        at = next;
    }
    // Between headers and end there is a line break; the end of a block without data may be the line after its beginning.
    if headers && at > end {
        return Found::Bad(at);
    }
    let trailer = text.get(end + END.len()..).and_then(|trailer| trailer.strip_prefix(label)?.strip_prefix(DASHES));
    if trailer.is_none_or(|trailer| !self::line(trailer, 0).0.is_empty()) {
        return Found::Bad(at);
    }
    let data: Vec<u8> =
        text.get(at..end).unwrap_or_default().iter().copied().filter(|byte| !matches!(byte, b' ' | b'\t')).collect();
    match base64_decode(&data) {
        Ok(bytes) => Found::Block(Block { label: label.to_vec(), bytes }),
        Err(_) => Found::Bad(at),
    }
}

/// The line at a place, without the white space at its end, and where the next one begins.
fn line(text: &[u8], start: usize) -> (&[u8], usize) {
    let rest = &text[start..];
    let (line, next) = match memchr::memchr(b'\n', rest) {
        Some(at) => (rest[..at].strip_suffix(b"\r").unwrap_or(&rest[..at]), start + at + 1),
        None => (rest, text.len()),
    };
    let length = line.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |last| last + 1);
    (&line[..length], next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<(String, Vec<u8>)> {
        decode(text.as_bytes()).map(|block| (String::from_utf8(block.label).unwrap(), block.bytes))
    }

    #[test]
    fn blocks_are_found_as_by_go() {
        let some = |label: &str, bytes: &[u8]| Some((label.to_owned(), bytes.to_vec()));
        for (text, found) in [
            ("x\n-----BEGIN A-----\nAA E=\n-----END A-----", some("A", &[1])),
            ("-----BEGIN A-----\r\nk: v\r\n\r\nAAE=\r\n-----END A-----  \r\nx", some("A", &[1])),
            ("-----BEGIN B-----\n-----BEGIN A-----\nAAE=\n-----END A-----\n", some("A", &[1])),
            ("-----BEGIN A-----\n-----END A-----\n", some("A", &[])),
            ("-----BEGIN A-----\nAAE\n-----END A-----\n-----BEGIN B-----\nAAE=\n-----END B-----\n", some("B", &[1])),
            ("-----BEGIN A-----\nAAE=\n-----END B-----\n", None),
            ("-----BEGIN A-----\nAAE=\n-----END A-----x\n", None),
            (" -----BEGIN A-----\nAAE=\n-----END A-----\n", None),
            ("-----BEGIN A-----\nAAE=\n -----END A-----\n", None),
            ("-----BEGIN A-----\nk: v", None),
            ("", None),
        ] {
            assert_eq!(
                shown(text),
                found.map(|(label, bytes)| (label, if bytes == [1] { vec![0, 1] } else { bytes })),
                "{text:?}"
            );
        }
    }
}
