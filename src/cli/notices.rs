//! Prints what the library noted while it worked, as Helm prints it.

use std::io::Write;

use super::Global;
use crate::chart::{Level, Notices};

/// Prints and forgets all notices; those for debugging only on request.
pub fn print(global: &Global, notices: &Notices) {
    let mut text = String::new();
    for notice in notices.take() {
        if notice.level != Level::Debug || global.debug {
            text.push_str(&notice.to_string());
            text.push('\n');
        }
    }
    // There is nobody to tell when stderr is closed.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
