//! Slash-separated paths. The functions of the operating system's paths are the same ones: charts are rendered as on Unix.

use super::args::{Args, Chapter, func, string};
use crate::gotemplate::Type::Str;

pub(super) static FUNCTIONS: Chapter = &[
    ("base", func!([Str], |_, a| string(base(a.bytes(0))))),
    ("clean", func!([Str], |_, a| string(clean(a.bytes(0))))),
    ("dir", func!([Str], |_, a| string(dir(a.bytes(0))))),
    ("ext", func!([Str], |_, a| string(ext(a.bytes(0))))),
    ("isAbs", func!([Str], |_, a| Ok(a.bytes(0).starts_with(b"/").into()))),
    ("osBase", func!([Str], |_, a| string(base(a.bytes(0))))),
    ("osClean", func!([Str], |_, a| string(clean(a.bytes(0))))),
    ("osDir", func!([Str], |_, a| string(dir(a.bytes(0))))),
    ("osExt", func!([Str], |_, a| string(ext(a.bytes(0))))),
    ("osIsAbs", func!([Str], |_, a| Ok(a.bytes(0).starts_with(b"/").into()))),
];

/// `path.Base`: the last element.
fn base(path: &[u8]) -> &[u8] {
    if path.is_empty() {
        return b".";
    }
    let end = path.iter().rposition(|&byte| byte != b'/').map_or(0, |last| last + 1);
    let start = path[..end].iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
    if end == 0 { b"/" } else { &path[start..end] }
}

/// `path.Dir`: all but the last element, cleaned.
fn dir(path: &[u8]) -> Vec<u8> {
    let end = path.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
    clean(&path[..end])
}

/// `path.Ext`: from the last dot of the last element on.
fn ext(path: &[u8]) -> &[u8] {
    let start = path.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
    match path[start..].iter().rposition(|&byte| byte == b'.') {
        Some(dot) => &path[start + dot..],
        None => b"",
    }
}

/// Whether nothing is to be done to clean a path, which is so with most.
fn is_clean(path: &[u8]) -> bool {
    let elements = path.strip_prefix(b"/").unwrap_or(path);
    elements.split(|&byte| byte == b'/').all(|element| !matches!(element, b"" | b"." | b".."))
}

/// Go's `path.Clean`: the shortest equal path, without doubled slashes and `.`, and `..` resolved.
pub fn clean(path: &[u8]) -> Vec<u8> {
    if is_clean(path) {
        return path.to_vec();
    }
    let rooted = path.starts_with(b"/");
    let mut elements: Vec<&[u8]> = Vec::new();
    for element in path.split(|&byte| byte == b'/') {
        match element {
            b"" | b"." => {}
            b".." if elements.last().is_some_and(|last| *last != b"..") => {
                elements.pop();
            }
            b".." if rooted => {}
            other => elements.push(other),
        }
    }
    let joined = elements.join(&b'/');
    match (rooted, joined.is_empty()) {
        (true, _) => [b"/", joined.as_slice()].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}
