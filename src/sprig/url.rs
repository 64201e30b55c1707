//! URLs taken apart and put together by the rules of Go's `net/url`.

use super::args::{Outcome, fail, string};
use crate::gotemplate::{Map, Value, strconv};

/// A part of a URL: which bytes may stand in it unescaped differs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Host,
    Zone,
    UserPassword,
    Path,
    PathSegment,
    Fragment,
}

fn is_plain(byte: u8, part: Part) -> bool {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
        return true;
    }
    match part {
        Part::Host | Part::Zone => matches!(
            byte,
            b'!' | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'['
                | b']'
                | b'<'
                | b'>'
                | b'"'
        ),
        Part::UserPassword => matches!(byte, b'$' | b'&' | b'+' | b',' | b';' | b'='),
        Part::Path => matches!(byte, b'$' | b'&' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'@'),
        Part::PathSegment => matches!(byte, b'$' | b'&' | b'+' | b':' | b'=' | b'@'),
        Part::Fragment => matches!(
            byte,
            b'$' | b'&' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'?' | b'@' | b'!' | b'(' | b')' | b'*'
        ),
    }
}

fn escape(s: &[u8], part: Part) -> Vec<u8> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = Vec::with_capacity(s.len());
    for &byte in s {
        if is_plain(byte, part) {
            out.push(byte);
        } else {
            out.extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
    out
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

fn unescape(s: &[u8], part: Part) -> Result<Vec<u8>, String> {
    let bad_escape = |escape: &[u8]| Err(format!("invalid URL escape {}", strconv::quote(escape)));
    let mut out = Vec::with_capacity(s.len());
    let mut at = 0;
    while at < s.len() {
        let byte = s[at];
        if byte != b'%' {
            if matches!(part, Part::Host | Part::Zone) && byte < 0x80 && !is_plain(byte, part) {
                return Err(format!("invalid character {} in host name", strconv::quote(&s[at..=at])));
            }
            out.push(byte);
            at += 1;
            continue;
        }
        let digits = (s.get(at + 1).copied().and_then(hex_digit), s.get(at + 2).copied().and_then(hex_digit));
        let (Some(high), Some(low)) = digits else { return bad_escape(&s[at..s.len().min(at + 3)]) };
        let escaped = &s[at..at + 3];
        let value = high << 4 | low;
        // Only non-ASCII bytes may be escaped in a host, and the percent sign before a zone.
        if part == Part::Host && high < 8 && escaped != b"%25"
            || part == Part::Zone && escaped != b"%25" && value != b' ' && !is_plain(value, Part::Host)
        {
            return bad_escape(escaped);
        }
        out.push(value);
        at += 3;
    }
    Ok(out)
}

/// A URL with the pointer in its fragment changed, and each part of that escaped as by `url.PathEscape`.
pub(super) fn with_pointer(url: &str, change: impl FnOnce(&str) -> String) -> String {
    let Some((place, fragment)) = url.split_once('#') else { return url.to_owned() };
    let Ok(pointer) = unescape(fragment.as_bytes(), Part::Fragment) else { return url.to_owned() };
    let changed = change(&String::from_utf8_lossy(&pointer));
    let parts: Vec<_> = changed.split('/').map(|part| escape(part.as_bytes(), Part::PathSegment)).collect();
    format!("{place}#{}", String::from_utf8_lossy(&parts.join(&b'/')))
}

#[derive(Default)]
struct Url<'a> {
    scheme: Vec<u8>,
    opaque: Vec<u8>,
    /// User name and, if there was a colon, password.
    user: Option<(Vec<u8>, Option<Vec<u8>>)>,
    host: Vec<u8>,
    path: Vec<u8>,
    raw_query: &'a [u8],
    fragment: Vec<u8>,
}

fn cut(s: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    match s.iter().position(|&byte| byte == separator) {
        Some(at) => (&s[..at], Some(&s[at + 1..])),
        None => (s, None),
    }
}

/// The scheme and what follows its colon; no scheme for a relative reference.
fn split_scheme(s: &[u8]) -> Result<(&[u8], &[u8]), String> {
    for (index, &byte) in s.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if index > 0 => {}
            b':' if index == 0 => return Err("missing protocol scheme".into()),
            b':' => return Ok((&s[..index], &s[index + 1..])),
            _ => break,
        }
    }
    Ok((b"", s))
}

fn parse_url(raw: &[u8]) -> Result<Url<'_>, String> {
    let (without_fragment, fragment) = cut(raw, b'#');
    let failed = |text: &[u8], error: String| format!("parse {}: {error}", strconv::quote(text));
    let mut url = parse_reference(without_fragment).map_err(|error| failed(without_fragment, error))?;
    if let Some(fragment) = fragment {
        url.fragment = unescape(fragment, Part::Fragment).map_err(|error| failed(raw, error))?;
    }
    Ok(url)
}

fn parse_reference(raw: &[u8]) -> Result<Url<'_>, String> {
    if raw.iter().any(|&byte| byte < b' ' || byte == 0x7F) {
        return Err("net/url: invalid control character in URL".into());
    }
    let mut url = Url::default();
    if raw == b"*" {
        url.path = raw.to_vec();
        return Ok(url);
    }
    let (scheme, rest) = split_scheme(raw)?;
    url.scheme = scheme.to_ascii_lowercase();
    let (mut rest, query) = cut(rest, b'?');
    url.raw_query = query.unwrap_or_default();
    if !rest.starts_with(b"/") {
        if !scheme.is_empty() {
            url.opaque = rest.to_vec();
            return Ok(url);
        }
        if cut(rest, b'/').0.contains(&b':') {
            return Err("first path segment in URL cannot contain colon".into());
        }
    }
    if (!scheme.is_empty() || !rest.starts_with(b"///")) && rest.starts_with(b"//") {
        let authority = &rest[2..];
        let end = authority.iter().position(|&byte| byte == b'/').unwrap_or(authority.len());
        rest = &authority[end..];
        parse_authority(&mut url, &authority[..end])?;
    }
    url.path = unescape(rest, Part::Path)?;
    Ok(url)
}

/// Whether a URL of a request, which has no fragment, has a scheme; `None` if it is none.
pub(super) fn request(raw: &[u8]) -> Option<bool> {
    if !split_scheme(raw).ok()?.0.is_empty() || raw == b"*" {
        return parse_reference(raw).ok().map(|url| !url.scheme.is_empty());
    }
    // A path that begins with two slashes names no host here.
    let slashes = raw.iter().take_while(|&&byte| byte == b'/').count();
    parse_reference(&raw[slashes.checked_sub(1)?..]).ok().map(|_| false)
}

fn parse_authority(url: &mut Url<'_>, authority: &[u8]) -> Result<(), String> {
    let at = authority.iter().rposition(|&byte| byte == b'@');
    let is_http = matches!(url.scheme.as_slice(), b"http" | b"https");
    url.host = parse_host(&authority[at.map_or(0, |at| at + 1)..], is_http)?;
    let Some(at) = at else { return Ok(()) };
    let user_info = &authority[..at];
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte);
    if !user_info.iter().all(fits) {
        return Err("net/url: invalid userinfo".into());
    }
    let (name, password) = cut(user_info, b':');
    let name = unescape(name, Part::UserPassword)?;
    let password = password.map(|password| unescape(password, Part::UserPassword)).transpose()?;
    url.user = Some((name, password));
    Ok(())
}

fn check_port(port: &[u8]) -> Result<(), String> {
    let fits = port.is_empty() || port[0] == b':' && port[1..].iter().all(u8::is_ascii_digit);
    if fits { Ok(()) } else { Err(format!("invalid port {} after host", strconv::quote(port))) }
}

fn parse_host(host: &[u8], is_http: bool) -> Result<Vec<u8>, String> {
    match host.iter().rposition(|&byte| byte == b'[') {
        Some(0) => return parse_ip_literal(host),
        Some(_) => return Err("invalid IP-literal".into()),
        None => {}
    }
    // Web addresses have one colon; elsewhere only the last one has to introduce a port.
    let colon =
        if is_http { host.iter().position(|&byte| byte == b':') } else { host.iter().rposition(|&byte| byte == b':') };
    if let Some(colon) = colon {
        check_port(&host[colon..])?;
    }
    unescape(host, Part::Host)
}

/// `[::1]:80`, with a zone after `%25`.
fn parse_ip_literal(host: &[u8]) -> Result<Vec<u8>, String> {
    let Some(close) = host.iter().rposition(|&byte| byte == b']') else { return Err("missing ']' in host".into()) };
    let port = &host[close + 1..];
    check_port(port)?;
    let port = unescape(port, Part::Host)?;
    let name = &host[1..close];
    let zone = memchr::memmem::find(name, b"%25").unwrap_or(name.len());
    let address = unescape(&name[..zone], Part::Host)?;
    let whole = [address.as_slice(), &unescape(&name[zone..], Part::Zone)?].concat();
    let text = String::from_utf8_lossy(&address).into_owned();
    if text.parse::<std::net::Ipv4Addr>().is_ok() {
        return Err("invalid IP-literal".into());
    }
    super::address::check(&String::from_utf8_lossy(&whole)).map_err(|error| format!("invalid host: {error}"))?;
    Ok([b"[", whole.as_slice(), b"]", &port].concat())
}

fn user_info((name, password): &(Vec<u8>, Option<Vec<u8>>)) -> Vec<u8> {
    let mut out = escape(name, Part::UserPassword);
    if let Some(password) = password {
        out.push(b':');
        out.extend(escape(password, Part::UserPassword));
    }
    out
}

/// The host without port and, for an IPv6 address, brackets.
fn host_name(host: &[u8]) -> &[u8] {
    let name = match host.iter().rposition(|&byte| byte == b':') {
        Some(colon) if check_port(&host[colon..]).is_ok() => &host[..colon],
        _ => host,
    };
    name.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]")).unwrap_or(name)
}

/// What Go finds in a URL.
pub(super) fn checked(raw: &[u8]) -> Result<super::check::Url, String> {
    let url = parse_url(raw)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(super::check::Url {
        absolute: !url.scheme.is_empty(),
        scheme: text(&url.scheme),
        host: text(&url.host),
        host_name: text(host_name(&url.host)),
        path: text(&url.path),
    })
}

/// The parts of a URL as a dictionary.
pub(super) fn parse(raw: &[u8]) -> Outcome {
    let url = match parse_url(raw) {
        Ok(url) => url,
        Err(error) => return fail(format!("unable to parse url: {error}")),
    };
    Ok(Value::map([
        ("scheme", Value::str(url.scheme)),
        ("host", Value::str(url.host.as_slice())),
        ("hostname", Value::str(host_name(&url.host))),
        ("path", Value::str(url.path)),
        ("query", Value::str(url.raw_query)),
        ("opaque", Value::str(url.opaque)),
        ("fragment", Value::str(url.fragment)),
        ("userinfo", Value::str(url.user.as_ref().map(user_info).unwrap_or_default())),
    ]))
}

/// The URL that a dictionary of parts describes.
pub(super) fn join(parts: &Map) -> Outcome {
    let part = |name: &str| match parts.get(name) {
        None => Ok(Vec::new()),
        Some(Value::Str(text)) => Ok(text.as_bytes().to_vec()),
        Some(Value::Nil) => fail(super::args::NIL_DEREFERENCE),
        Some(other) => {
            fail(format!("unable to parse {name} key, must be of type string, but {} found", other.kind_name()))
        }
    };
    let (scheme, host, path) = (part("scheme")?, part("host")?, part("path")?);
    let (query, opaque, fragment) = (part("query")?, part("opaque")?, part("fragment")?);
    let info = part("userinfo")?;
    let user = if info.is_empty() {
        None
    } else {
        let example = [b"proto://", info.as_slice(), b"@host"].concat();
        match parse_url(&example) {
            Ok(url) => url.user,
            Err(error) => return fail(format!("unable to parse userinfo in dict: {error}")),
        }
    };
    let mut out = Vec::new();
    if !scheme.is_empty() {
        out.extend_from_slice(&scheme);
        out.push(b':');
    }
    if opaque.is_empty() {
        if !scheme.is_empty() || !host.is_empty() || user.is_some() {
            if !host.is_empty() || !path.is_empty() || user.is_some() {
                out.extend_from_slice(b"//");
            }
            if let Some(user) = &user {
                out.extend(user_info(user));
                out.push(b'@');
            }
            out.extend(escape(&host, Part::Host));
        }
        let path = if path == b"*" { path } else { escape(&path, Part::Path) };
        if !path.is_empty() && path[0] != b'/' && !host.is_empty() {
            out.push(b'/');
        }
        if out.is_empty() && cut(&path, b'/').0.contains(&b':') {
            out.extend_from_slice(b"./");
        }
        out.extend(path);
    } else {
        out.extend(opaque);
    }
    if !query.is_empty() {
        out.push(b'?');
        out.extend(query);
    }
    if !fragment.is_empty() {
        out.push(b'#');
        out.extend(escape(&fragment, Part::Fragment));
    }
    string(out)
}
