//! Mail and web addresses as far as the linter's library (`govalidator`) accepts them.

/// A mail address: dotted atoms, `@`, a domain of at least two labels.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let wide = |c: char| matches!(c, '\u{a0}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{ffef}');
    let atom = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || wide(c))
    };
    let quoted =
        local.len() > 2 && local.starts_with('"') && local.ends_with('"') && !local[1..local.len() - 1].contains('"');
    if !quoted && !local.split('.').all(atom) {
        return false;
    }
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let Some((labels, top)) = domain.rsplit_once('.') else { return false };
    let edge = |c: char, digits: bool| c.is_ascii_alphabetic() || (digits && c.is_ascii_digit()) || wide(c);
    let label = |part: &str, digits: bool| {
        part.starts_with(|c| edge(c, digits))
            && part.ends_with(|c| edge(c, digits))
            && part.chars().all(|c| edge(c, true) || matches!(c, '-' | '_' | '~'))
    };
    labels.split('.').all(|part| label(part, true)) && label(top, false)
}

/// What Go's `url.ParseRequestURI` accepts, with a scheme.
pub fn is_request_url(text: &str) -> bool {
    if text.chars().any(|c| c.is_ascii_control()) {
        return false;
    }
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let scheme_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(scheme_char) {
        return false;
    }
    if !rest.starts_with('/') {
        // An opaque address such as mailto:x is not looked into.
        return true;
    }
    let (authority, path) = match rest.strip_prefix("//") {
        Some(after) => after.split_at(after.find(['/', '?']).unwrap_or(after.len())),
        None => ("", rest),
    };
    let path = path.split('?').next().unwrap_or(path);
    is_authority(authority) && escapes_are_valid(path)
}

fn is_authority(text: &str) -> bool {
    let host = text.rsplit_once('@').map_or(text, |(_, host)| host);
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((inner, after)) => (inner, after),
            None => return false,
        },
        None => host.find(':').map_or((host, ""), |at| host.split_at(at)),
    };
    let port_is_valid =
        port.is_empty() || port.strip_prefix(':').is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()));
    let allowed = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "-_.~!$&'()*+,;=:[]<>\"%".contains(c);
    port_is_valid && name.chars().all(allowed) && escapes_are_valid(name)
}

fn escapes_are_valid(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        let bytes = after.as_bytes();
        bytes.len() >= 2 && bytes[..2].iter().all(u8::is_ascii_hexdigit)
    })
}

/// A web address, with or without scheme.
pub fn is_url(text: &str) -> bool {
    if text.len() <= 3 || text.chars().count() >= 2083 || text.starts_with('.') || text.contains(char::is_whitespace) {
        return false;
    }
    let rest = match text.split_once("://") {
        Some(("ftp" | "tcp" | "udp" | "ws" | "wss" | "http" | "https", rest)) => rest,
        Some(_) => return false,
        None => text,
    };
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    if !text.contains("://") && !authority.contains(['.', ':']) && rest.len() == authority.len() {
        return false;
    }
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.starts_with('.') {
        return false;
    }
    let (name, port) = host.rsplit_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let port_is_valid = port.is_none_or(|p| (1..=5).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()));
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') || c >= '\u{a1}';
    port_is_valid && !name.is_empty() && name.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_texts() {
        for (text, expected) in [("a@example.com", true), ("nobody", false), ("a b@example.com", false), ("a@b", false)]
        {
            assert_eq!(is_email(text), expected, "{text}");
        }
        for (text, expected) in [
            ("https://example.com/x.png", true),
            ("no url", false),
            ("::", false),
            ("/path", false),
            ("https://exa mple.com", false),
            ("https://example.com/%zz", false),
            ("mailto:a", true),
        ] {
            assert_eq!(is_request_url(text), expected, "{text}");
        }
        for (text, expected) in
            [("https://example.com", true), ("example.com", true), ("not a url", false), ("abc", false)]
        {
            assert_eq!(is_url(text), expected, "{text}");
        }
    }
}
