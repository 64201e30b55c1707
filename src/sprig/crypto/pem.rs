//! PEM blocks (RFC 7468).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A block: its label and its bytes.
pub(super) struct Block {
    pub label: String,
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

/// The first block of a text, which may have other text around it.
pub(super) fn decode(text: &[u8]) -> Option<Block> {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines();
    loop {
        let label = lines.find_map(|line| line.trim_end().strip_prefix("-----BEGIN ")?.strip_suffix("-----"))?;
        let end = format!("-----END {label}-----");
        let mut body = String::new();
        let mut rest = lines.clone();
        let mut ended = false;
        for line in rest.by_ref() {
            let line = line.trim();
            if line == end {
                ended = true;
                break;
            }
            // Headers such as `Proc-Type: 4,ENCRYPTED` come before the data.
            if !line.contains(':') {
                body.push_str(line);
            }
        }
        if ended && let Ok(bytes) = STANDARD.decode(&body) {
            return Some(Block { label: label.to_owned(), bytes });
        }
    }
}
