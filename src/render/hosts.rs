//! `getHostByName`: addresses of hosts as Go's resolver finds them.

use std::net::ToSocketAddrs as _;

use crate::gotemplate::FuncError;
use crate::sprig;

/// An address of a host; an address as it is.
///
/// # Errors
/// There is none. sprig takes one at random of those that were found, and says nothing of what was wrong.
pub(super) fn address(name: &str) -> Result<String, FuncError> {
    if sprig::check::address(name).is_ok() {
        return Ok(name.to_owned());
    }
    let found = (is_domain_name(name) && !is_number(name)).then(|| (name, 0).to_socket_addrs().ok()?.next()).flatten();
    found.map(|found| found.ip().to_string()).ok_or_else(|| FuncError::new("invalid argument to Intn"))
}

/// Whether Go asks a server for a name: labels of letters, digits, `-` and `_`, which are not all digits.
fn is_domain_name(name: &str) -> bool {
    let labels = name.strip_suffix('.').unwrap_or(name);
    let fits = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    labels.len() < 254 && labels.split('.').all(fits) && !labels.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.'))
}

/// Whether the C library would read it as an address: `127.1`, `0x7f.1`.
fn is_number(name: &str) -> bool {
    let is_number = |part: &str| match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()),
    };
    name.split('.').all(is_number)
}

#[cfg(test)]
mod tests {
    use super::address;

    /// What Helm answers to `getHostByName` with `--enable-dns`.
    #[test]
    fn only_what_go_takes_for_a_host_has_an_address() {
        for name in ["", ".", "a b", "[::1]", "127.1", "2130706433", "0x7f.1", "1.2.3", "-a", "a..b", "\u{E9}", "a\0"] {
            assert_eq!(address(name).unwrap_err().message, "invalid argument to Intn", "{name:?}");
        }
        for name in ["127.0.0.1", "::1", "fe80::1%lo"] {
            assert_eq!(address(name).as_deref(), Ok(name));
        }
        assert!(["127.0.0.1", "::1"].contains(&address("localhost").unwrap().as_str()));
    }
}
