//! What Helm says on stderr while it works: collected here, printed by the command line.

use std::cell::RefCell;
use std::fmt;

use crate::gotemplate::{errtext, runes, strconv};

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
    /// After these a key with bytes, which are always quoted.
    pub bytes: Option<(&'static str, Vec<u8>)>,
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
        if let Some((key, bytes)) = &self.bytes {
            write!(f, " {key}={}", strconv::quote(bytes))?;
        }
        Ok(())
    }
}

/// The `slog` rule: quote what is empty or holds a space, `=`, `"` or a character that is not printable.
fn quoted(text: &str) -> String {
    let plain = |c: char| match c {
        ' ' | '=' | '"' => false,
        '!'..='~' => true,
        c => c >= '\u{80}' && runes::is_print(c),
    };
    if !text.is_empty() && text.chars().all(plain) { text.to_string() } else { quote(text) }
}

/// A Go string literal, as `strconv.Quote` and `%q` write it.
pub fn quote(text: &str) -> String {
    strconv::quote(&errtext::bytes(text))
}

/// Collects notices in the order in which Helm would print them.
#[derive(Debug, Default)]
pub struct Notices {
    collected: RefCell<Vec<Notice>>,
    debug: bool,
}

impl Notices {
    /// An empty collection, which leaves out what is for debugging.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, with what is for debugging if that is wanted.
    #[must_use]
    pub fn with_debug(self, debug: bool) -> Self {
        Self { debug, ..self }
    }

    /// Adds a notice.
    pub fn add(&self, level: Level, message: impl Into<String>, attributes: Vec<(&'static str, String)>) {
        self.collected.borrow_mut().push(Notice { level, message: message.into(), attributes, bytes: None });
    }

    /// Adds what Helm prints with Go's `log.Printf`.
    pub fn info(&self, message: impl Into<String>) {
        self.add(Level::Info, message, Vec::new());
    }

    /// Adds what Helm prints with `--debug` only; the attributes are made only if it is wanted.
    pub fn debug(&self, message: &str, attributes: impl FnOnce() -> Vec<(&'static str, String)>) {
        if self.debug {
            self.add(Level::Debug, message, attributes());
        }
    }

    /// The same with bytes as the only attribute.
    pub fn debug_bytes(&self, message: &str, key: &'static str, bytes: &[u8]) {
        if self.debug {
            let bytes = Some((key, bytes.to_vec()));
            self.collected.borrow_mut().push(Notice {
                level: Level::Debug,
                message: message.into(),
                attributes: Vec::new(),
                bytes,
            });
        }
    }

    /// Adds a warning with attributes.
    pub fn warn(&self, message: impl Into<String>, attributes: Vec<(&'static str, String)>) {
        self.add(Level::Warn, message, attributes);
    }

    /// Adds notices that were collected elsewhere.
    pub fn extend(&self, notices: Vec<Notice>) {
        self.collected.borrow_mut().extend(notices);
    }

    /// Takes what was collected so far.
    pub fn take(&self) -> Vec<Notice> {
        self.collected.take()
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
            bytes: None,
        };
        assert_eq!(notice.to_string(), r#"level=WARN msg="returned non-bool value" path=a.b chart="""#);
        let notice = Notice { attributes: Vec::new(), bytes: Some(("schema", b"{\xe9}".to_vec())), ..notice };
        assert_eq!(notice.to_string(), r#"level=WARN msg="returned non-bool value" schema="{\xe9}""#);
    }

    #[test]
    fn quoting_escapes_as_go() {
        assert_eq!(quote("a\"b\\\n\u{1}\u{7f}é\u{200b}"), "\"a\\\"b\\\\\\n\\x01\\x7fé\\u200b\"");
    }
}
