//! Replacing of matches: `$1`, `${name}` and `$$` in the replacement are expanded.

use super::Regex;
use super::search::{Search, Text, steps, width_at};
use crate::gotemplate::runes::{decode_rune, is_digit, is_letter};
use crate::gotemplate::{FuncError, Scope};
use crate::sprig::limits::check_text;

impl Regex {
    /// The text with all matches replaced; with `expand`, groups named in the replacement are put in.
    ///
    /// # Errors
    /// The result is too long, or it takes too long.
    pub(super) fn replace_all(
        &self,
        scope: &mut dyn Scope,
        text: &Text<'_>,
        replacement: &[u8],
        expand: bool,
    ) -> Result<Vec<u8>, FuncError> {
        self.check(text.searched())?;
        let expand = expand && replacement.contains(&b'$');
        let mut search = self.search();
        let searched = text.searched();
        let mut out = Vec::with_capacity(searched.len());
        let (mut copied, mut at) = (0, 0);
        while at <= searched.len() {
            scope.work(steps(searched.len() - at))?;
            let Some(found) = search.next(scope, searched, at)? else { break };
            out.extend_from_slice(text.slice(copied..found.start));
            // An empty match right after another match is not replaced.
            if found.end > copied || found.start == 0 {
                if expand {
                    self.expand(&mut out, replacement, text, &search)?;
                } else {
                    out.extend_from_slice(replacement);
                }
            }
            check_text(out.len())?;
            copied = found.end;
            let next = at + width_at(searched, at).max(1);
            at = next.max(found.end);
        }
        out.extend_from_slice(text.slice(copied.min(searched.len())..searched.len()));
        Ok(out)
    }

    fn expand(
        &self,
        out: &mut Vec<u8>,
        template: &[u8],
        text: &Text<'_>,
        search: &Search<'_>,
    ) -> Result<(), FuncError> {
        let mut rest = template;
        while let Some(dollar) = rest.iter().position(|&byte| byte == b'$') {
            out.extend_from_slice(&rest[..dollar]);
            rest = &rest[dollar + 1..];
            if let Some(after) = rest.strip_prefix(b"$") {
                out.push(b'$');
                rest = after;
                continue;
            }
            let Some((name, after)) = reference(rest) else {
                out.push(b'$');
                continue;
            };
            rest = after;
            let group = match group_number(name) {
                Some(number) => search.group(number),
                None => self.named_group(name, search),
            };
            if let Some(group) = group {
                out.extend_from_slice(text.slice(group));
                check_text(out.len())?;
            }
        }
        out.extend_from_slice(rest);
        Ok(())
    }

    fn named_group(&self, name: &[u8], search: &Search<'_>) -> Option<std::ops::Range<usize>> {
        let named = |own: &Option<String>| own.as_ref().is_some_and(|own| own.as_bytes() == name);
        let mut indexes = self.names.iter().enumerate().filter(|(_, own)| named(own));
        indexes.find_map(|(index, _)| search.group(index))
    }
}

/// The name after a dollar sign, in braces or as long as it goes, and what follows.
fn reference(s: &[u8]) -> Option<(&[u8], &[u8])> {
    let (braced, s) = match s.strip_prefix(b"{") {
        Some(inside) => (true, inside),
        None => (false, s),
    };
    let mut length = 0;
    while length < s.len() {
        let (rune, width) = decode_rune(&s[length..]);
        if !(is_letter(rune) || is_digit(rune) || rune == '_') {
            break;
        }
        length += width;
    }
    if length == 0 {
        return None;
    }
    let (name, rest) = s.split_at(length);
    if braced { Some((name, rest.strip_prefix(b"}")?)) } else { Some((name, rest)) }
}

/// The number of a group; `None` for a name. Leading zeros make it a name.
fn group_number(name: &[u8]) -> Option<usize> {
    if name.len() > 9 || name.len() > 1 && name[0] == b'0' || !name.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(name).ok()?.parse().ok()
}
