//! The kind of a file by its first 512 bytes, as Go's `http.DetectContentType` names it (for error messages).

const PREFIXES: &[(&[u8], &str)] = &[
    (b"%PDF-", "application/pdf"),
    (b"%!PS-Adobe-", "application/postscript"),
    (b"\xFE\xFF\x00\x00", "text/plain; charset=utf-16be"),
    (b"\xFF\xFE\x00\x00", "text/plain; charset=utf-16le"),
    (b"\xFE\xFF", "text/plain; charset=utf-16be"),
    (b"\xFF\xFE", "text/plain; charset=utf-16le"),
    (b"\xEF\xBB\xBF", "text/plain; charset=utf-8"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"\x00\x00\x02\x00", "image/x-icon"),
    (b"BM", "image/bmp"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\x89PNG\x0D\x0A\x1A\x0A", "image/png"),
    (b"\xFF\xD8\xFF", "image/jpeg"),
    (b"ID3", "audio/mpeg"),
    (b"OggS\x00", "application/ogg"),
    (b"MThd\x00\x00\x00\x06", "audio/midi"),
    (b"\x1A\x45\xDF\xA3", "video/webm"),
    (b"\x00\x01\x00\x00", "font/ttf"),
    (b"OTTO", "font/otf"),
    (b"ttcf", "font/collection"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"\x1F\x8B\x08", "application/x-gzip"),
    (b"PK\x03\x04", "application/zip"),
    (b"Rar!\x1A\x07\x00", "application/x-rar-compressed"),
    (b"Rar!\x1A\x07\x01\x00", "application/x-rar-compressed"),
    (b"\x00\x61\x73\x6D", "application/wasm"),
];

const TAGS: &[&str] = &[
    "<!DOCTYPE HTML",
    "<HTML",
    "<HEAD",
    "<SCRIPT",
    "<IFRAME",
    "<H1",
    "<DIV",
    "<FONT",
    "<TABLE",
    "<A",
    "<STYLE",
    "<TITLE",
    "<B",
    "<BODY",
    "<BR",
    "<P",
    "<!--",
];

/// The media type of a buffer.
pub fn content_type(data: &[u8]) -> &'static str {
    let data = &data[..data.len().min(512)];
    let start = data.iter().position(|b| !b"\t\n\x0C\r ".contains(b)).unwrap_or(data.len());
    let trimmed = &data[start..];
    let is_tag = |tag: &&str| {
        trimmed.len() > tag.len()
            && trimmed[..tag.len()].eq_ignore_ascii_case(tag.as_bytes())
            && matches!(trimmed[tag.len()], b' ' | b'>')
    };
    if TAGS.iter().any(is_tag) {
        return "text/html; charset=utf-8";
    }
    if trimmed.starts_with(b"<?xml") {
        return "text/xml; charset=utf-8";
    }
    if let Some((_, name)) = PREFIXES.iter().find(|(prefix, _)| data.starts_with(prefix)) {
        return name;
    }
    if data.starts_with(b"RIFF") && data.len() >= 14 {
        match &data[8..12] {
            b"WEBP" if data[12..].starts_with(b"VP") => return "image/webp",
            b"WAVE" => return "audio/wave",
            b"AVI " => return "video/avi",
            _ => {}
        }
    }
    let binary = |b: &u8| matches!(b, 0..=8 | 0x0B | 0x0E..=0x1A | 0x1C..=0x1F);
    if trimmed.iter().any(binary) { "application/octet-stream" } else { "text/plain; charset=utf-8" }
}

#[cfg(test)]
mod tests {
    use super::content_type;

    #[test]
    fn kinds_are_those_of_go() {
        assert_eq!(content_type(b"apiVersion: v1\n"), "text/plain; charset=utf-8");
        assert_eq!(content_type(b" \n<!doctype html>"), "text/html; charset=utf-8");
        assert_eq!(content_type(b"PK\x03\x04abc"), "application/zip");
        assert_eq!(content_type(b"abc\0\0"), "application/octet-stream");
    }
}
