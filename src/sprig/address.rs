//! IP addresses as Go's `netip.ParseAddr` reads them, with its words for what is wrong.

use crate::gotemplate::strconv;

/// How many bytes an IPv6 address has.
const LENGTH: usize = 16;

/// Whether a text is an IP address, an IPv6 address perhaps with a zone.
///
/// # Errors
/// Go's text.
pub(super) fn check(text: &str) -> Result<(), String> {
    let problem = match text.bytes().find(|b| matches!(b, b'.' | b':' | b'%')) {
        Some(b'.') => version_four(text).err(),
        Some(b':') => version_six(text).err(),
        Some(_) => Some(Problem::of("missing IPv6 address")),
        None => Some(Problem::of("unable to parse IP")),
    };
    match problem {
        None => Ok(()),
        Some(Problem { message, at: "" }) => Err(format!("ParseAddr({}): {message}", strconv::quote(text.as_bytes()))),
        Some(Problem { message, at }) => Err(format!(
            "ParseAddr({}): {message} (at {})",
            strconv::quote(text.as_bytes()),
            strconv::quote(at.as_bytes())
        )),
    }
}

/// What is wrong, and where.
struct Problem<'a> {
    message: &'static str,
    at: &'a str,
}

impl<'a> Problem<'a> {
    fn of(message: &'static str) -> Self {
        Self { message, at: "" }
    }

    fn at(message: &'static str, at: &'a str) -> Self {
        Self { message, at }
    }
}

fn version_four(text: &str) -> Result<(), Problem<'_>> {
    let bytes = text.as_bytes();
    let (mut dots, mut digits, mut value) = (0, 0, 0);
    for (i, byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                if digits == 1 && value == 0 {
                    return Err(Problem::of("IPv4 field has octet with leading zero"));
                }
                value = value * 10 + u32::from(byte - b'0');
                digits += 1;
                if value > 255 {
                    return Err(Problem::of("IPv4 field has value >255"));
                }
            }
            b'.' => {
                if i == 0 || i + 1 == bytes.len() || bytes[i - 1] == b'.' {
                    return Err(Problem::at("IPv4 field must have at least one digit", &text[i..]));
                }
                if dots == 3 {
                    return Err(Problem::of("IPv4 address too long"));
                }
                (dots, digits, value) = (dots + 1, 0, 0);
            }
            _ => return Err(Problem::at("unexpected character", &text[i..])),
        }
    }
    if dots < 3 { Err(Problem::of("IPv4 address too short")) } else { Ok(()) }
}

fn version_six(text: &str) -> Result<(), Problem<'_>> {
    let mut rest = match text.split_once('%') {
        Some((_, "")) => return Err(Problem::of("zone must be a non-empty string")),
        Some((address, _)) => address,
        None => text,
    };
    let mut ellipsis = false;
    if let Some(after) = rest.strip_prefix("::") {
        (ellipsis, rest) = (true, after);
        if rest.is_empty() {
            return Ok(());
        }
    }
    let mut read = 0;
    while read < LENGTH {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        match rest.len() - after.len() {
            0 => return Err(Problem::at("each colon-separated field must have at least one digit", rest)),
            1..=4 => {}
            _ => return Err(Problem::at("each group must have 4 or less digits", rest)),
        }
        if after.starts_with('.') {
            if !ellipsis && read != LENGTH - 4 {
                let message = "embedded IPv4 address must replace the final 2 fields of the address";
                return Err(Problem::at(message, rest));
            }
            if read + 4 > LENGTH {
                let message = "too many hex fields to fit an embedded IPv4 at the end of the address";
                return Err(Problem::at(message, rest));
            }
            version_four(rest)?;
            (rest, read) = ("", read + 4);
            break;
        }
        (rest, read) = (after, read + 2);
        if rest.is_empty() {
            break;
        }
        let Some(next) = rest.strip_prefix(':') else {
            return Err(Problem::at("unexpected character, want colon", rest));
        };
        if next.is_empty() {
            return Err(Problem::at("colon must be followed by more characters", rest));
        }
        rest = next;
        if let Some(next) = rest.strip_prefix(':') {
            if ellipsis {
                return Err(Problem::at("multiple :: in address", rest));
            }
            (ellipsis, rest) = (true, next);
            if rest.is_empty() {
                break;
            }
        }
    }
    if !rest.is_empty() {
        return Err(Problem::at("trailing garbage after address", rest));
    }
    match (read < LENGTH, ellipsis) {
        (true, false) => Err(Problem::of("address string too short")),
        (false, true) => Err(Problem::of("the :: must expand to at least one field of zeros")),
        _ => Ok(()),
    }
}
