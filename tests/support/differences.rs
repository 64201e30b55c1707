//! Differences between what Go answers and what we answer.

use std::fmt::Debug;

/// How many random cases a test runs; `VULAS_CASES` sets another number.
pub fn cases(usual: usize) -> usize {
    std::env::var("VULAS_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// Bytes for a message.
pub fn show(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// The differences found so far.
#[derive(Default)]
pub struct Differences {
    compared: usize,
    found: Vec<String>,
}

impl Differences {
    /// Notes a difference, if there is one.
    pub fn compare<T: PartialEq + Debug>(&mut self, input: &str, go: &T, ours: &T) {
        self.compared += 1;
        if go != ours {
            self.found.push(format!("--- {input}\n  go:   {go:?}\n  ours: {ours:?}"));
        }
    }

    /// Counts a comparison, with the difference that it showed.
    pub fn count(&mut self, difference: Option<String>) {
        self.compared += 1;
        self.found.extend(difference);
    }

    /// Fails if there are any, and shows the first.
    pub fn finish(self) {
        println!("{} compared, {} different", self.compared, self.found.len());
        let shown = self.found.iter().take(12).map(String::as_str).collect::<Vec<_>>().join("\n");
        assert!(self.found.is_empty(), "{} of {} differ:\n{shown}", self.found.len(), self.compared);
    }
}
