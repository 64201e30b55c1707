//! The form that versions and the versions inside constraints share.

/// The pieces of a version text, each with the character that introduces it.
pub(super) struct Parts<'a> {
    /// `1`
    pub major: &'a str,
    /// `.2` or nothing
    pub minor: &'a str,
    /// `.3` or nothing
    pub patch: &'a str,
    /// `-rc.1` or nothing
    pub pre: &'a str,
    /// `+build` or nothing
    pub metadata: &'a str,
    /// How much of the text was read.
    pub length: usize,
}

/// Reads as much of a version as there is at the start of `text`; `None` if there is not even a first number.
pub(super) fn scan(text: &str, is_digit: fn(u8) -> bool) -> Option<Parts<'_>> {
    let bytes = text.as_bytes();
    let mut at = usize::from(bytes.first() == Some(&b'v'));
    let run = |from: usize, fits: fn(u8) -> bool| bytes[from..].iter().take_while(|&&byte| fits(byte)).count();
    let take = |at: &mut usize, length: usize| {
        let piece = &text[*at..*at + length];
        *at += length;
        piece
    };
    let length = run(at, is_digit);
    if length == 0 {
        return None;
    }
    let major = take(&mut at, length);
    let dotted = |at: usize| match bytes.get(at) {
        Some(b'.') => match run(at + 1, is_digit) {
            0 => 0,
            digits => digits + 1,
        },
        _ => 0,
    };
    let length = dotted(at);
    let minor = take(&mut at, length);
    let length = dotted(at);
    let patch = take(&mut at, length);
    let segments = |at: usize, sign: u8| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if bytes.get(at) != Some(&sign) {
            return 0;
        }
        let mut end = at + 1 + run(at + 1, is_part);
        if end == at + 1 {
            return 0;
        }
        while bytes.get(end) == Some(&b'.') {
            match run(end + 1, is_part) {
                0 => break,
                length => end += length + 1,
            }
        }
        end - at
    };
    let length = segments(at, b'-');
    let pre = take(&mut at, length);
    let length = segments(at, b'+');
    let metadata = take(&mut at, length);
    Some(Parts { major, minor, patch, pre, metadata, length: at })
}
