//! Shell patterns as Go's `path/filepath.Match` reads them: `*`, `?`, `[a-z]`, `[^a]`, `\x`; `*` and `?` stop at `/`.

/// What Go says of a pattern that is malformed.
pub const BAD_PATTERN: &str = "syntax error in pattern";

enum Piece {
    Literal(char),
    Any,
    Star,
    Class { negated: bool, ranges: Vec<(char, char)> },
}

/// A compiled pattern.
pub struct Pattern {
    pieces: Vec<Piece>,
    /// The characters that every name begins and ends with.
    first: Option<char>,
    last: Option<char>,
}

impl Pattern {
    /// Compiles a pattern; `None` if it is malformed.
    pub fn new(pattern: &str) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut rest = pattern.chars().peekable();
        while let Some(c) = rest.next() {
            pieces.push(match c {
                '*' => Piece::Star,
                '?' => Piece::Any,
                '\\' => Piece::Literal(rest.next()?),
                '[' => class(&mut rest)?,
                c => Piece::Literal(c),
            });
        }
        let literal = |piece: Option<&Piece>| match piece {
            Some(Piece::Literal(c)) => Some(*c),
            _ => None,
        };
        let (first, last) = (literal(pieces.first()), literal(pieces.last()));
        Some(Self { pieces, first, last })
    }

    /// Whether the whole name matches.
    #[cfg(any(feature = "cluster", test))]
    pub fn matches(&self, name: &str) -> bool {
        self.matches_in(name, &mut 0)
    }

    /// [`matches`](Self::matches), adding to `steps` how many it took.
    pub fn matches_in(&self, name: &str, steps: &mut u64) -> bool {
        // Most names are told apart by their first or last character.
        if self.first.is_some_and(|c| !name.starts_with(c)) || self.last.is_some_and(|c| !name.ends_with(c)) {
            *steps += 1;
            return false;
        }
        let character = |at: usize| name[at..].chars().next();
        // The classic way with one star to come back to: linear in most cases, quadratic at worst.
        let (mut p, mut n) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        loop {
            *steps += 1;
            match self.pieces.get(p) {
                Some(Piece::Star) => {
                    star = Some((p, n));
                    p += 1;
                    continue;
                }
                Some(piece) if let Some(c) = character(n).filter(|c| piece.accepts(*c)) => {
                    p += 1;
                    n += c.len_utf8();
                    continue;
                }
                None if n == name.len() => return true,
                _ => {}
            }
            match star {
                Some((at, start)) if let Some(c) = character(start).filter(|c| *c != '/') => {
                    star = Some((at, start + c.len_utf8()));
                    p = at + 1;
                    n = start + c.len_utf8();
                }
                _ => return false,
            }
        }
    }
}

impl Piece {
    fn accepts(&self, c: char) -> bool {
        match self {
            Self::Literal(l) => *l == c,
            Self::Any => c != '/',
            Self::Class { negated, ranges } => ranges.iter().any(|(lo, hi)| (*lo..=*hi).contains(&c)) != *negated,
            Self::Star => false,
        }
    }
}

fn class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Piece> {
    let negated = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        if !ranges.is_empty() && rest.next_if_eq(&']').is_some() {
            return Some(Piece::Class { negated, ranges });
        }
        let lo = class_char(rest)?;
        let hi = if rest.next_if_eq(&'-').is_some() { class_char(rest)? } else { lo };
        ranges.push((lo, hi));
    }
}

fn class_char(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    let c = match rest.next()? {
        '-' | ']' => return None,
        '\\' => rest.next()?,
        c => c,
    };
    // A class that ends here is not closed.
    rest.peek().map(|_| c)
}

/// Go's `filepath.Glob`: the paths that match a pattern, those of a directory by name; `None` if it is malformed.
#[cfg(any(feature = "cluster", test))]
pub fn glob(pattern: &str) -> Option<Vec<String>> {
    const MOST_LEVELS: usize = 10_000;
    let has_meta = |text: &str| text.contains(['*', '?', '[', '\\']);
    // From the end to a directory that is named, then forth again.
    let mut names = Vec::new();
    let mut directory = pattern;
    while has_meta(directory) {
        Pattern::new(directory)?;
        let (outer, name) = match directory.rfind('/') {
            Some(0) => ("/", &directory[1..]),
            Some(at) => (&directory[..at], &directory[at + 1..]),
            None => (".", directory),
        };
        names.push(Pattern::new(name)?);
        directory = outer;
        if names.len() == MOST_LEVELS {
            return None;
        }
    }
    let mut found = vec![directory.to_owned()];
    found.retain(|path| std::fs::symlink_metadata(path).is_ok());
    for name in names.iter().rev() {
        found = found.iter().flat_map(|directory| matching(directory, name)).collect();
    }
    Some(found)
}

/// The paths in a directory whose names match, in order.
#[cfg(any(feature = "cluster", test))]
fn matching(directory: &str, name: &Pattern) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|file| name.matches(file)).collect();
    names.sort_unstable();
    names.iter().map(|file| super::archive::clean(&format!("{directory}/{file}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> Option<bool> {
        Some(Pattern::new(pattern)?.matches(name))
    }

    /// Cases of Go's own `path/filepath` test.
    #[test]
    fn patterns_match_as_in_go() {
        for (pattern, name, expected) in [
            ("abc", "abc", Some(true)),
            ("*", "abc", Some(true)),
            ("*c", "abc", Some(true)),
            ("a*", "ab/c", Some(false)),
            ("a*/b", "abc/b", Some(true)),
            ("a*/b", "a/c/b", Some(false)),
            ("a*b*c*d*e*/f", "axbxcxdxe/f", Some(true)),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/f", Some(true)),
            ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", Some(false)),
            ("a*b?c*x", "abxbbxdbxebxczzx", Some(true)),
            ("a*b?c*x", "abxbbxdbxebxczzy", Some(false)),
            ("ab[c]", "abc", Some(true)),
            ("ab[e-g]", "abc", Some(false)),
            ("ab[^b-d]", "abc", Some(false)),
            ("a\\*b", "a*b", Some(true)),
            ("a???b", "a☺☺☺b", Some(true)),
            ("[a-ζ]*", "α", Some(true)),
            ("[\\]a]", "]", Some(true)),
            ("[]a]", "]", None),
            ("[-]", "-", None),
            ("[x-]", "x", None),
            ("[a-b-c]", "a", None),
            ("[", "a", None),
            ("[^", "a", None),
            ("a[", "ab", None),
            ("*x", "xxx", Some(true)),
            ("\\", "a", None),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn patterns_may_lead_through_directories() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().to_string_lossy().into_owned();
        for name in ["a1", "a2", "b[1]"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            std::fs::write(folder.path().join(name).join("x.tgz"), "").unwrap();
        }
        let found = |pattern: &str| {
            let found = glob(&format!("{top}/{pattern}"))?;
            Some(found.iter().map(|path| path[top.len()..].to_owned()).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(found("*/x*").as_deref(), Some("/a1/x.tgz /a2/x.tgz /b[1]/x.tgz"));
        assert_eq!(found("b[1]/x.tgz").as_deref(), Some(""));
        assert_eq!(found("a1/x.tgz").as_deref(), Some("/a1/x.tgz"));
        assert_eq!(found("b[1/x.tgz"), None);
    }
}
