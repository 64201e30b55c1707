//! `.helmignore`: which files of a chart directory are left out.

use super::Error;
use super::pathmatch::{BAD_PATTERN, Pattern};

/// Go's scanner reads no line of this length.
const LONGEST_LINE: usize = 64 * 1024;

struct Rule {
    pattern: Pattern,
    /// Compared with the last element of the path only.
    base_only: bool,
    negated: bool,
    directories_only: bool,
}

/// More steps are not done to compare names with patterns.
const MAX_STEPS: u64 = 5_000_000_000;

/// The rules of a file, in order.
pub struct Rules {
    rules: Vec<Rule>,
    steps: u64,
}

impl Rules {
    /// Parses the file's content; Helm's default (`templates/.?*`) is added.
    ///
    /// # Errors
    /// A pattern that is malformed or holds `**`.
    pub fn parse(content: &[u8]) -> Result<Self, Error> {
        let text = String::from_utf8_lossy(content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content));
        let mut rules = Self { rules: Vec::new(), steps: 0 };
        for line in text.split('\n') {
            if line.len() >= LONGEST_LINE {
                return Err(Error::new("bufio.Scanner: token too long"));
            }
            rules.add(line)?;
        }
        rules.add("templates/.?*")?;
        Ok(rules)
    }

    fn add(&mut self, line: &str) -> Result<(), Error> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        if line.contains("**") {
            return Err(Error::new("double-star (**) syntax is not supported"));
        }
        let (negated, rule) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        let (directories_only, rule) = rule.strip_suffix('/').map_or((false, rule), |rest| (true, rest));
        let (base_only, rule) = match rule.strip_prefix('/') {
            Some(rest) => (false, rest),
            None => (!rule.contains('/'), rule),
        };
        let pattern = Pattern::new(rule).ok_or_else(|| Error::new(BAD_PATTERN))?;
        self.rules.push(Rule { pattern, base_only, negated, directories_only });
        Ok(())
    }

    /// Whether the path (relative to the chart) is left out. The first rule that applies decides; a negated rule leaves out all
    /// that it does not match.
    ///
    /// # Errors
    /// The patterns take too long.
    pub fn ignores(&mut self, path: &str, is_dir: bool) -> Result<bool, Error> {
        let base = path.rsplit('/').next().unwrap_or(path);
        for rule in &self.rules {
            let applies = if rule.directories_only && !is_dir {
                self.steps += 1;
                rule.negated
            } else {
                let name = if rule.base_only { base } else { path };
                rule.pattern.matches_in(name, &mut self.steps) != rule.negated
            };
            if applies {
                return Ok(true);
            }
            if self.steps > MAX_STEPS {
                return Err(Error::new("the patterns of .helmignore take too long"));
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_apply_as_in_helm() {
        for (rule, path, is_dir, expected) in [
            ("helm.txt", "helm.txt", false, true),
            ("helm.*", "a/helm.txt", false, true),
            ("/helm.txt", "a/helm.txt", false, false),
            ("cargo/a.txt", "cargo/a.txt", false, true),
            ("cargo/", "cargo", true, true),
            ("cargo/", "cargo", false, false),
            ("!helm.txt", "helm.txt", false, false),
            ("!helm.txt", "tiller.txt", false, true),
            ("*/ca", "x/ca", false, true),
            ("# comment", "# comment", false, false),
            ("", "templates/.dotfile", false, true),
            ("", "templates/x/.dotfile", false, false),
        ] {
            let mut rules = Rules::parse(rule.as_bytes()).unwrap();
            assert_eq!(rules.ignores(path, is_dir), Ok(expected), "{rule} {path}");
        }
        assert!(Rules::parse(b"a/**").is_err());
        assert!(Rules::parse(b"[").is_err());
    }
}
