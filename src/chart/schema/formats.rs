//! The formats of strings that a schema can name, judged as Helm's JSON schema library does, in its words.

use std::error::Error as StdError;

use boon::{Compiler, Format};
use serde_json::Value as Json;

use super::super::notice::quote;
use crate::gotemplate::{Value, fmt, strconv};
use crate::sprig::check;

/// The format `regex` under a name that the validator leaves to us.
pub const EXPRESSION: &str = "go-regex";

/// What is wrong with a text.
pub type Verdict = Result<(), String>;

macro_rules! formats {
    ($($name:literal: $judge:expr,)*) => {
        /// Makes a compiler judge formats as Helm does. Those that Helm's library does not know allow everything.
        pub fn register(compiler: &mut Compiler) {
            // Its own `regex` it judges itself.
            compiler.register_format(Format { name: EXPRESSION, func: |value| of_text(value, check::expression) });
            $(compiler.register_format(Format { name: $name, func: |value| of_text(value, $judge) });)*
        }

        /// The name of a format and how a text is judged by it.
        pub fn of(name: &str) -> Option<(&'static str, fn(&str) -> Verdict)> {
            match name {
                "regex" => Some(("regex", check::expression)),
                $($name => Some(($name, $judge)),)*
                _ => None,
            }
        }
    };
}

formats! {
    "json-pointer": json_pointer,
    "relative-json-pointer": relative_json_pointer,
    "uuid": uuid,
    "duration": duration,
    "period": period,
    "ipv4": ipv4,
    "ipv6": ipv6,
    "hostname": host_name,
    "email": email,
    "date": date,
    "time": time,
    "date-time": date_time,
    "uri": uri,
    "iri": uri,
    "uri-reference": uri_reference,
    "iri-reference": uri_reference,
    "uri-template": uri_template,
    "semver": semver,
    "idn-hostname": |_| Ok(()),
    "idn-email": |_| Ok(()),
}

fn of_text(value: &Json, judge: fn(&str) -> Verdict) -> Result<(), Box<dyn StdError>> {
    Ok(value.as_str().map_or(Ok(()), judge)?)
}

fn fail(problem: &str) -> Verdict {
    Err(problem.to_owned())
}

/// Go's `%q` of a character.
fn quote_char(c: char) -> String {
    String::from_utf8_lossy(&fmt::sprintf(b"%q", &[Value::int(i64::from(u32::from(c)))])).into_owned()
}

fn invalid_character(c: char) -> Verdict {
    Err(format!("invalid character {}", quote_char(c)))
}

/// Go's `strconv.Atoi`.
fn atoi(text: &str) -> Result<i64, String> {
    strconv::parse_int(text.as_bytes(), 10, 64)
        .map_err(|error| format!("strconv.Atoi: parsing {}: {error}", quote(text)))
}

fn json_pointer(text: &str) -> Verdict {
    if text.is_empty() {
        return Ok(());
    }
    if !text.starts_with('/') {
        return fail("not starting with /");
    }
    for token in text.split('/').skip(1) {
        let mut characters = token.chars();
        while let Some(c) = characters.next() {
            if c == '~' && !matches!(characters.next(), Some('0' | '1')) {
                return fail("~ must be followed by 0 or 1");
            }
        }
    }
    Ok(())
}

fn relative_json_pointer(text: &str) -> Verdict {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    match text.len() - rest.len() {
        0 => fail("must start with non-negative integer"),
        2.. if text.starts_with('0') => fail("starts with zero"),
        _ if rest == "#" => Ok(()),
        _ => json_pointer(rest),
    }
}

fn uuid(text: &str) -> Verdict {
    const LENGTHS: [usize; 5] = [8, 4, 4, 4, 12];
    let groups: Vec<&str> = text.split('-').collect();
    if groups.len() != LENGTHS.len() {
        return Err(format!("must have {} elements", LENGTHS.len()));
    }
    for (i, (group, length)) in groups.iter().zip(LENGTHS).enumerate() {
        if group.len() != length {
            return Err(format!("element {} must be {length} characters long", i + 1));
        }
        if let Some(c) = group.chars().find(|c| !c.is_ascii_hexdigit()) {
            return Err(format!("non-hex character {}", quote_char(c)));
        }
    }
    Ok(())
}

fn duration(text: &str) -> Verdict {
    let Some(text) = text.strip_prefix('P') else { return fail("must start with P") };
    if text.is_empty() {
        return fail("nothing after P");
    }
    if let Some(weeks) = text.strip_suffix('W') {
        return match weeks {
            "" => fail("no number in week"),
            _ if weeks.bytes().all(|b| b.is_ascii_digit()) => Ok(()),
            _ => fail("invalid week"),
        };
    }
    for (i, part) in text.split('T').enumerate() {
        if i > 0 && part.is_empty() {
            return fail("no time elements");
        }
        let Some(all) = ["YMD", "HMS"].get(i) else { return fail("more than one T") };
        let (mut units, mut rest) = (*all, part);
        while !rest.is_empty() {
            let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            if after.len() == rest.len() {
                return fail("missing number");
            }
            // Go looks at a byte.
            let Some(unit) = after.bytes().next().map(char::from) else { return fail("missing unit") };
            match units.find(unit) {
                Some(at) => units = &units[at + 1..],
                None if all.contains(unit) => return Err(format!("unit {} out of order", quote_char(unit))),
                None => return Err(format!("invalid unit {}", quote_char(unit))),
            }
            rest = &after[1..];
        }
    }
    Ok(())
}

fn period(text: &str) -> Verdict {
    let Some((start, end)) = text.split_once('/') else { return fail("missing slash") };
    let as_duration = |side: &str, text| duration(text).map_err(|e| format!("invalid {side} duration: {e}"));
    let as_time = |side: &str, text| date_time(text).map_err(|e| format!("invalid {side} date-time: {e}"));
    if start.starts_with('P') {
        as_duration("start", start)?;
        return as_time("end", end);
    }
    as_time("start", start)?;
    if end.starts_with('P') { as_duration("end", end) } else { as_time("end", end) }
}

fn ipv4(text: &str) -> Verdict {
    let groups: Vec<&str> = text.split('.').collect();
    if groups.len() != 4 {
        return fail("expected four decimals");
    }
    for group in groups {
        if group.len() > 1 && group.starts_with('0') {
            return fail("leading zeros");
        }
        if !(0..=255).contains(&atoi(group)?) {
            return fail("decimal must be between 0 and 255");
        }
    }
    Ok(())
}

fn ipv6(text: &str) -> Verdict {
    if !text.contains(':') {
        return fail("missing colon");
    }
    check::address(text)?;
    if text.contains('%') { fail("zone id is not a part of ipv6 address") } else { Ok(()) }
}

fn host_name(text: &str) -> Verdict {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.len() > 253 {
        return fail("more than 253 characters long");
    }
    for label in text.split('.') {
        if !(1..=63).contains(&label.len()) {
            return fail("label must be 1 to 63 characters long");
        }
        if label.starts_with('-') {
            return fail("label starts with hyphen");
        }
        if label.ends_with('-') {
            return fail("label ends with hyphen");
        }
        if let Some(c) = label.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
            return invalid_character(c);
        }
    }
    Ok(())
}

fn email(text: &str) -> Verdict {
    if text.len() > 254 {
        return fail("more than 255 characters long");
    }
    let Some((local, domain)) = text.rsplit_once('@') else { return fail("missing @") };
    if local.len() > 64 {
        return fail("local part more than 64 characters long");
    }
    // Helm's library does not look whether the quotes are closed.
    if let Some(quoted) = local.strip_prefix('"').filter(|quoted| !quoted.is_empty()) {
        let inner = &quoted.as_bytes()[..quoted.len() - 1];
        if inner.iter().any(|b| matches!(b, b'\\' | b'"')) {
            return fail("backslash and quote are not allowed within quoted local part");
        }
    } else {
        if local.starts_with('.') {
            return fail("starts with dot");
        }
        if local.ends_with('.') {
            return fail("ends with dot");
        }
        if local.contains("..") {
            return fail("consecutive dots");
        }
        if let Some(c) = local.chars().find(|c| !c.is_ascii_alphanumeric() && !".!#$%&'*+-/=?^_`{|}~".contains(*c)) {
            return invalid_character(c);
        }
    }
    if let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return match literal.strip_prefix("IPv6:") {
            Some(literal) => ipv6(literal).map_err(|e| format!("invalid ipv6 address: {e}")),
            None => ipv4(literal).map_err(|e| format!("invalid ipv4 address: {e}")),
        };
    }
    host_name(domain).map_err(|e| format!("invalid domain: {e}"))
}

fn date(text: &str) -> Verdict {
    check::date(text.as_bytes())
}

/// `hh:mm:ss`, perhaps with a fraction, and `Z` or an offset. The bytes are looked at one by one, as Go does.
fn time(text: &str) -> Verdict {
    let bytes = text.as_bytes();
    if bytes.len() < 9 {
        return fail("less than 9 characters long");
    }
    if bytes[2] != b':' || bytes[5] != b':' {
        return fail("missing colon in correct place");
    }
    let [hour, minute, second] = [&bytes[..2], &bytes[3..5], &bytes[6..8]].map(two_digits);
    let mut numbers = [0; 3];
    for (number, read) in numbers.iter_mut().zip([hour, minute, second]) {
        match read {
            None => return fail("invalid hour/min/sec"),
            Some(..0) => return fail("non-positive hour/min/sec"),
            Some(read) => *number = read,
        }
    }
    let [mut hour, mut minute, second] = numbers;
    if hour > 23 || minute > 59 || second > 60 {
        return fail("hour/min/sec out of range");
    }
    let mut rest = &bytes[8..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return fail("no digits in second fraction");
        }
        rest = &fraction[digits..];
    }
    if !matches!(rest, b"z" | b"Z") {
        if rest.len() != 6 {
            return fail("offset must be 6 characters long");
        }
        let sign = match rest[0] {
            b'+' => -1,
            b'-' => 1,
            _ => return fail("offset must begin with plus/minus"),
        };
        if rest[3] != b':' {
            return fail("missing colon in offset in correct place");
        }
        let mut numbers = [0; 2];
        for (number, digits) in numbers.iter_mut().zip([&rest[1..3], &rest[4..]]) {
            match two_digits(digits) {
                None => return fail("invalid hour/min in offset"),
                Some(..0) => return fail("non-positive hour/min in offset"),
                Some(read) => *number = read,
            }
        }
        let [hours, minutes] = numbers;
        if hours > 23 || minutes > 59 {
            return fail("hour/min in offset out of range");
        }
        let mut in_utc = hour * 60 + minute + sign * (hours * 60 + minutes);
        if in_utc < 0 {
            in_utc += 24 * 60;
        }
        (hour, minute) = (in_utc / 60, in_utc % 60);
    }
    if second >= 60 && (hour, minute) != (23, 59) { fail("invalid leap second") } else { Ok(()) }
}

/// Two bytes as `strconv.Atoi` reads them: one of them may be a sign.
fn two_digits(digits: &[u8]) -> Option<i64> {
    strconv::parse_int(digits, 10, 64).ok()
}

fn date_time(text: &str) -> Verdict {
    let bytes = text.as_bytes();
    if bytes.len() < 20 {
        return fail("less than 20 characters long");
    }
    if !matches!(bytes[10], b't' | b'T') {
        return fail("11th character must be t or T");
    }
    check::date(&bytes[..10]).map_err(|e| format!("invalid date element: {e}"))?;
    // After an ASCII character.
    time(&text[11..]).map_err(|e| format!("invalid time element: {e}"))
}

/// A URL whose IPv6 address, if it has one, is well-formed.
fn url(text: &str) -> Result<check::Url, String> {
    let url = check::url(text)?;
    if url.host_name.contains(':') {
        if !url.host.contains('[') || !url.host.contains(']') {
            return Err("ipv6 address not enclosed in brackets".into());
        }
        ipv6(&url.host_name).map_err(|e| format!("invalid ipv6 address: {e}"))?;
    }
    Ok(url)
}

fn uri(text: &str) -> Verdict {
    if url(text)?.absolute { Ok(()) } else { fail("relative url") }
}

/// What stands for a URL in a `$ref` or `$id`.
pub fn uri_reference(text: &str) -> Verdict {
    if text.contains('\\') { fail("contains \\") } else { url(text).map(drop) }
}

fn uri_template(text: &str) -> Verdict {
    for part in url(text)?.path.split('/') {
        let mut open = false;
        for c in part.chars().filter(|c| matches!(c, '{' | '}')) {
            if (c == '{') == open {
                return fail("nested curly braces");
            }
            open = !open;
        }
        if open {
            return fail("no matching closing brace");
        }
    }
    Ok(())
}

fn semver(text: &str) -> Verdict {
    let identifier = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
    let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    if build == Some("") {
        return fail("build is empty");
    }
    for id in build.into_iter().flat_map(|build| build.split('.')) {
        if id.is_empty() {
            return fail("build identifier is empty");
        }
        if let Some(c) = id.chars().find(|c| !identifier(c)) {
            return Err(format!("invalid character {} in build identifier", quote_char(c)));
        }
    }
    let (core, pre) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
    for id in pre.into_iter().flat_map(|pre| pre.split('.')) {
        if id.is_empty() {
            return fail("pre-release identifier is empty");
        }
        if let Some(c) = id.chars().find(|c| !identifier(c)) {
            return Err(format!("invalid character {} in pre-release identifier", quote_char(c)));
        }
        if id.len() > 1 && id.starts_with('0') && id.bytes().all(|b| b.is_ascii_digit()) {
            return fail("pre-release numeric identifier starts with zero");
        }
    }
    let numbers: Vec<&str> = core.split('.').collect();
    if numbers.len() != 3 {
        return fail("versionCore must have 3 numbers separated by dot");
    }
    for (number, name) in numbers.iter().zip(["major", "minor", "patch"]) {
        if number.is_empty() {
            return Err(format!("{name} is empty"));
        }
        if number.len() > 1 && number.starts_with('0') {
            return Err(format!("{name} starts with zero"));
        }
        if !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("{name} contains non-digit"));
        }
    }
    Ok(())
}
