//! What Helm says on stderr while it works: collected here, printed by the command line.

use std::cell::RefCell;
use std::fmt;

/// Weight of a notice, as Go's `slog` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Shown with `--debug` only.
    Debug,
    /// What Helm prints with `log.Printf` or `slog.Info`.
    Info,
    /// A warning.
    Warn,
    /// An error that does not end the command by itself.
    Error,
}

/// One line that Helm writes to stderr. Displayed as Go's `slog` text handler writes it, without the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Weight.
    pub level: Level,
    /// The message.
    pub message: String,
    /// Keys and values after the message.
    pub attributes: Vec<(&'static str, String)>,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warn => "WARN",
            Level::Error => "ERROR",
        };
        write!(f, "level={level} msg={}", quoted(&self.message))?;
        for (key, value) in &self.attributes {
            write!(f, " {key}={}", quoted(value))?;
        }
        Ok(())
    }
}

/// The `slog` rule: quote what is empty or holds a space, `=`, `"` or a character that is not printable.
fn quoted(text: &str) -> String {
    let plain = |c: char| match c {
        ' ' | '=' | '"' => false,
        '!'..='~' => true,
        c => c >= '\u{80}' && is_print(c),
    };
    if !text.is_empty() && text.chars().all(plain) { text.to_string() } else { quote(text) }
}

/// A Go string literal, as `strconv.Quote` and `%q` write it.
pub fn quote(text: &str) -> String {
    use fmt::Write;
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c if is_print(c) => out.push(c),
            // Writing to a string cannot fail.
            c if (c as u32) < 0x20 || c == '\u{7f}' => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c if (c as u32) < 0x10000 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => {
                let _ = write!(out, "\\U{:08x}", c as u32);
            }
        }
    }
    out.push('"');
    out
}

/// Close to Go's `strconv.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space.
fn is_print(c: char) -> bool {
    match c {
        ' ' => true,
        c if c.is_control() || c.is_whitespace() => false,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => false,
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'.. => false,
        _ => true,
    }
}

/// Collects notices in the order in which Helm would print them.
#[derive(Debug, Default)]
pub struct Notices(RefCell<Vec<Notice>>);

impl Notices {
    /// An empty collection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a notice.
    pub fn add(&self, level: Level, message: impl Into<String>, attributes: Vec<(&'static str, String)>) {
        self.0.borrow_mut().push(Notice { level, message: message.into(), attributes });
    }

    /// Adds what Helm prints with Go's `log.Printf`.
    pub fn info(&self, message: impl Into<String>) {
        self.add(Level::Info, message, Vec::new());
    }

    /// Adds a warning with attributes.
    pub fn warn(&self, message: impl Into<String>, attributes: Vec<(&'static str, String)>) {
        self.add(Level::Warn, message, attributes);
    }

    /// Takes what was collected so far.
    pub fn take(&self) -> Vec<Notice> {
        self.0.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_reads_as_slog_writes_it() {
        let notice = Notice {
            level: Level::Warn,
            message: "returned non-bool value".into(),
            attributes: vec![("path", "a.b".into()), ("chart", String::new())],
        };
        assert_eq!(notice.to_string(), r#"level=WARN msg="returned non-bool value" path=a.b chart="""#);
    }

    #[test]
    fn quoting_escapes_as_go() {
        assert_eq!(quote("a\"b\\\n\u{1}\u{7f}é\u{200b}"), "\"a\\\"b\\\\\\n\\x01\\x7fé\\u200b\"");
    }
}
