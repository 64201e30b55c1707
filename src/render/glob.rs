//! `.Files.Glob`: patterns as the library `gobwas/glob` reads them, with `/` as separator.
//!
//! `*` and `?` stop at `/`, `**` does not; `[abc]`, `[!abc]`, `[a-z]`, `{a,b}` and `\x`.

use std::collections::BTreeSet;

enum Node {
    Text(Vec<char>),
    Any,
    Super,
    Single,
    List { chars: Vec<char>, negated: bool },
    Range { lo: char, hi: char, negated: bool },
    AnyOf(Vec<Vec<Node>>),
}

/// A compiled pattern.
pub struct Glob(Vec<Node>);

impl Glob {
    /// Compiles a pattern; `None` if it is malformed.
    pub fn new(pattern: &str) -> Option<Self> {
        let chars: Vec<char> = pattern.chars().collect();
        let mut parser = Parser { chars: &chars, at: 0 };
        let nodes = parser.sequence(0)?;
        Some(Self(nodes))
    }

    /// A pattern that matches everything.
    pub fn everything() -> Self {
        Self(vec![Node::Super])
    }

    /// Whether the whole name matches.
    pub fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        walk(&self.0, &name, BTreeSet::from([0])).contains(&name.len())
    }
}

/// The positions that can be reached by a sequence from the given ones. Sets of positions keep it polynomial.
fn walk(nodes: &[Node], name: &[char], mut from: BTreeSet<usize>) -> BTreeSet<usize> {
    for node in nodes {
        let mut reached = BTreeSet::new();
        match node {
            Node::AnyOf(choices) => {
                for choice in choices {
                    reached.append(&mut walk(choice, name, from.clone()));
                }
            }
            Node::Super => reached.extend(from.first().map_or(0..0, |first| *first..name.len() + 1)),
            Node::Any => {
                // What is behind an earlier position was reached from there.
                let mut next = 0;
                for start in from.into_iter().filter(|start| *start <= name.len()) {
                    if start >= next {
                        let length = name[start..].iter().position(|c| *c == '/').unwrap_or(name.len() - start);
                        next = start + length + 1;
                        reached.extend(start..next);
                    }
                }
            }
            Node::Text(text) => {
                reached.extend(from.into_iter().filter(|at| name[*at..].starts_with(text)).map(|at| at + text.len()));
            }
            one => {
                let fits = |at: &usize| name.get(*at).is_some_and(|c| one.accepts(*c));
                reached.extend(from.into_iter().filter(fits).map(|at| at + 1));
            }
        }
        from = reached;
    }
    from
}

impl Node {
    /// Whether it is a single character that may be this one.
    fn accepts(&self, c: char) -> bool {
        match self {
            Self::Single => c != '/',
            Self::List { chars, negated } => chars.contains(&c) != *negated,
            Self::Range { lo, hi, negated } => (*lo..=*hi).contains(&c) != *negated,
            Self::Text(_) | Self::Any | Self::Super | Self::AnyOf(_) => false,
        }
    }
}

struct Parser<'a> {
    chars: &'a [char],
    at: usize,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.chars.get(self.at).copied()?;
        self.at += 1;
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// Up to the end or, inside braces, up to `,` or `}`, which are left.
    fn sequence(&mut self, depth: usize) -> Option<Vec<Node>> {
        // Nobody nests alternatives this deep; a hostile pattern could overflow the stack.
        if depth > 100 {
            return None;
        }
        let mut nodes = Vec::new();
        while let Some(c) = self.peek() {
            match c {
                ',' | '}' if depth > 0 => break,
                '{' => {
                    self.at += 1;
                    let mut choices = Vec::new();
                    loop {
                        choices.push(self.sequence(depth + 1)?);
                        // A brace that is never closed ends with the pattern.
                        if self.next() != Some(',') {
                            break;
                        }
                    }
                    nodes.push(Node::AnyOf(choices));
                }
                '[' => {
                    self.at += 1;
                    nodes.push(self.range()?);
                }
                '?' => {
                    self.at += 1;
                    nodes.push(Node::Single);
                }
                '*' => {
                    self.at += 1;
                    if self.peek() == Some('*') {
                        self.at += 1;
                        nodes.push(Node::Super);
                    } else {
                        nodes.push(Node::Any);
                    }
                }
                _ => {
                    let breakers: &[char] =
                        if depth > 0 { &['?', '*', '[', '{', '}', ','] } else { &['?', '*', '[', '{'] };
                    nodes.push(Node::Text(self.text(breakers)));
                }
            }
        }
        Some(nodes)
    }

    fn text(&mut self, breakers: &[char]) -> Vec<char> {
        let mut text = Vec::new();
        while let Some(c) = self.peek() {
            if c == '\\' {
                self.at += 1;
                text.extend(self.next());
            } else if breakers.contains(&c) {
                break;
            } else {
                self.at += 1;
                text.push(c);
            }
        }
        text
    }

    fn range(&mut self) -> Option<Node> {
        let negated = self.peek() == Some('!');
        if negated {
            self.at += 1;
        }
        let first = self.peek()?;
        if self.chars.get(self.at + 1) == Some(&'-') {
            self.at += 2;
            let hi = self.next()?;
            return (self.next() == Some(']') && first <= hi).then_some(Node::Range { lo: first, hi, negated });
        }
        let chars = self.text(&[']']);
        (self.next() == Some(']') && !chars.is_empty()).then_some(Node::List { chars, negated })
    }
}

#[cfg(test)]
mod tests {
    use super::Glob;

    #[test]
    fn patterns_match_as_in_gobwas() {
        for (pattern, name, expected) in [
            ("*", "a", true),
            ("*", "a/b", false),
            ("**", "a/b", true),
            ("a/**", "a/b/c", true),
            ("a/**.yaml", "a/b/c.yaml", true),
            ("**/x.yaml", "x.yaml", false),
            ("conf/*.{yaml,json}", "conf/a.json", true),
            ("conf/*.{yaml,json}", "conf/a.txt", false),
            ("{a,}b", "b", true),
            ("f?o", "foo", true),
            ("f?o", "f/o", false),
            ("[abc]x", "bx", true),
            ("[!abc]x", "bx", false),
            ("[a-c]x", "bx", true),
            ("a\\*", "a*", true),
            ("a,b", "a,b", true),
            ("", "", true),
            ("", "a", false),
            ("*{a,*b}*", "xxbyy", true),
            ("**{x,y/*}", "a/b/y/c", true),
            ("**{x,y/*}", "a/b/y/c/d", false),
        ] {
            assert_eq!(Glob::new(pattern).unwrap().matches(name), expected, "{pattern} {name}");
        }
        let nested = format!("{}x{}", "{*".repeat(90), "}".repeat(90));
        assert!(!Glob::new(&nested).unwrap().matches(&"a".repeat(1000)));
        assert!(Glob::new("[a-z0-9]").is_none());
        assert!(Glob::new("[abc").is_none());
        assert!(Glob::new("[]").is_none());
    }
}
