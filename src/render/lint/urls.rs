//! Mail and web addresses as far as the linter's library (`govalidator`) accepts them: what its expressions match, written
//! as the parts that they are made of.

use std::sync::LazyLock;

use crate::sprig::check;

/// What stands beside ASCII in mail addresses.
const WIDE: &str = r"\x{A0}-\x{D7FF}\x{F900}-\x{FDCF}\x{FDF0}-\x{FFEF}";

static MAIL: LazyLock<String> = LazyLock::new(|| {
    let atom = format!(r"[a-zA-Z0-9!#$%&'*+\-/=?^_`{{|}}~{WIDE}]+");
    let space = r"(([ \t]*\r\n)?[ \t]+)?";
    let text = format!(r"([\x01-\x08\x0B\x0C\x0E-\x1F\x7F!#-\[\]-~{WIDE}]|\([\x01-\x09\x0B-\x7F])");
    let label = format!(r"[a-zA-Z0-9{WIDE}]([a-zA-Z0-9\-._~{WIDE}]*[a-zA-Z0-9{WIDE}])?");
    let top = format!(r"[a-zA-Z{WIDE}]([a-zA-Z0-9\-_~{WIDE}]*[a-zA-Z{WIDE}])?");
    // Each character between quotes has one before it: an escape is missing in the expression.
    format!(r#"^({atom}(\.{atom})*|("{space}{text})*{space}")@({label}\.)+{top}\.?$"#)
});

static WEB: LazyLock<String> = LazyLock::new(|| {
    let part = r"([0-9]{1,2}|1[0-9]{2}|2[0-4][0-9]|25[0-5])";
    let v4 = format!(r"([1-9][0-9]?|1[0-9]{{2}}|2[01][0-9]|22[0-3]|24[0-9]|25[0-5])(\.{part}){{3}}");
    // An address of version 6: all of its groups, or some on each side of a gap.
    let group = "[0-9a-fA-F]{1,4}";
    let byte = "(25[0-5]|(2[0-4]|1?[0-9])?[0-9])";
    let embedded = format!(r"({byte}\.){{3}}{byte}");
    let mut v6 = vec![
        format!("({group}:){{7}}{group}"),
        format!("({group}:){{1,7}}:"),
        format!(":((:{group}){{1,7}}|:)"),
        "fe80:(:[0-9a-fA-F]{0,4}){0,4}%[0-9a-zA-Z]+".to_owned(),
        format!("::(ffff(:0{{1,4}})?:)?{embedded}"),
        format!("({group}:){{1,4}}:{embedded}"),
    ];
    v6.extend((1..=6).map(|before| format!("({group}:){{1,{before}}}(:{group}){{1,{}}}", 7 - before)));
    let v6 = v6.join("|");
    let named = r"([a-zA-Z0-9][a-zA-Z0-9\-_]*[a-zA-Z0-9]([\-.][a-zA-Z0-9]+)*|www\.|[a-zA-Z0-9]([\-_.]?[a-zA-Z0-9])*[a-zA-Z0-9]\.[a-zA-Z0-9]+)?";
    let last = r"[a-zA-Z0-9\x{A1}-\x{FFFF}](-{0,2}[a-zA-Z0-9\x{A1}-\x{FFFF}])*(\.[a-zA-Z\x{A1}-\x{FFFF}]+)?";
    format!(r"^((ftp|tcp|udp|wss?|https?)://)?(\S+@)?({v4}|\[({v6})\]|{named}{last})\.?(:[0-9]{{1,5}})?([/?#]\S*)?$")
});

/// A mail address.
pub fn is_email(text: &str) -> bool {
    check::matches(&MAIL, text).unwrap_or_default()
}

/// What Go's `url.ParseRequestURI` accepts, with a scheme.
pub fn is_request_url(text: &str) -> bool {
    check::request_url(text) == Some(true)
}

/// A web address, with or without scheme.
pub fn is_url(text: &str) -> bool {
    if text.len() <= 3 || text.chars().count() >= 2083 || text.starts_with('.') {
        return false;
    }
    // A colon alone introduces a port.
    let has_port = text.contains(':') && !text.contains("://");
    let parsed = if has_port { check::url(&format!("http://{text}")) } else { check::url(text) };
    let Ok(url) = parsed else { return false };
    let is_word = url.host.is_empty() && !url.path.is_empty() && !url.path.contains('.');
    !url.host.starts_with('.') && !is_word && check::matches(&WEB, text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_texts() {
        for (text, expected) in [
            ("a@example.com", true),
            ("nobody", false),
            ("a b@example.com", false),
            ("a@b", false),
            ("\"a b\"@c.d", false),
            ("\"a\".\"b\"@c.d", true),
        ] {
            assert_eq!(is_email(text), expected, "{text}");
        }
        for (text, expected) in [
            ("https://example.com/x.png", true),
            ("no url", false),
            ("::", false),
            ("/path", false),
            ("https://exa mple.com", false),
            ("https://example.com/%zz", false),
            ("http://user:pa ss@h", false),
            ("http://h%41.com", false),
            ("mailto:a", true),
        ] {
            assert_eq!(is_request_url(text), expected, "{text}");
        }
        for (text, expected) in [
            ("https://example.com", true),
            ("example.com", true),
            ("not a url", false),
            ("abc", false),
            ("https://[::1]/", true),
            ("http://a..b", false),
            ("https://a.b.c.d.e.f", false),
        ] {
            assert_eq!(is_url(text), expected, "{text}");
        }
    }
}
