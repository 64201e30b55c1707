//! Symbolic links in the directory of a chart.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::goerr;
use crate::sprig::clean_path;

/// More links than this lead nowhere, as in Go.
const MOST: usize = 255;

/// The path without symbolic links, as Go's `filepath.EvalSymlinks` finds it: it follows more of them than the system does, and
/// knows no parent of the first element of a path.
///
/// # Errors
/// Go's text: an element is not there, is no directory, or the links have no end.
pub fn evaluate(path: &Path) -> Result<PathBuf, String> {
    let mut rest = path.as_os_str().as_bytes().to_vec();
    let mut reached = Reached { absolute: rest.starts_with(b"/"), elements: Vec::new() };
    let mut links = 0;
    while let Some(start) = rest.iter().position(|byte| *byte != b'/') {
        let end = rest[start..].iter().position(|byte| *byte == b'/').map_or(rest.len(), |length| start + length);
        let after = rest.split_off(end);
        let element = std::mem::replace(&mut rest, after).split_off(start);
        match element.as_slice() {
            b"." => continue,
            b".." => {
                reached.leave();
                continue;
            }
            _ => reached.elements.push(element),
        }
        let here = reached.path();
        let about = std::fs::symlink_metadata(&here).map_err(|e| goerr::path_error("lstat", &here, &e))?;
        if about.is_symlink() {
            links += 1;
            if links > MOST {
                return Err("EvalSymlinks: too many links".into());
            }
            let target = std::fs::read_link(&here).map_err(|e| goerr::path_error("readlink", &here, &e))?;
            let target = target.as_os_str().as_bytes();
            reached.elements.pop();
            if target.starts_with(b"/") {
                reached = Reached { absolute: true, elements: Vec::new() };
            }
            rest.splice(..0, target.iter().copied());
        } else if !about.is_dir() && !rest.is_empty() {
            return Err("not a directory".into());
        }
    }
    let path = clean_path(reached.path().as_os_str().as_bytes());
    Ok(PathBuf::from(OsStr::from_bytes(&path)))
}

/// The elements up to which no link is left.
struct Reached {
    absolute: bool,
    elements: Vec<Vec<u8>>,
}

impl Reached {
    /// Goes to the parent. The first element stays and is followed by `..`, as in Go.
    fn leave(&mut self) {
        match self.elements.as_slice() {
            [_, .., last] if last != b".." => drop(self.elements.pop()),
            _ => self.elements.push(b"..".to_vec()),
        }
    }

    fn path(&self) -> PathBuf {
        let root: &[u8] = if self.absolute { b"/" } else { b"" };
        PathBuf::from(OsStr::from_bytes(&[root, &self.elements.join(&b'/')].concat()))
    }
}
