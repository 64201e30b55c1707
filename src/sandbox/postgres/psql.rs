//! Command lines that come down to `psql`.

/// What is asked of psql.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of psql")]
pub struct Request {
    /// Database; empty is `postgres` or the container's own.
    pub database: String,
    /// The SQL.
    pub sql: String,
    /// The role that is asked for; `None` where the command says nothing that is modelled.
    pub role: Option<String>,
    /// Its password, when it came on standard input.
    pub password: Option<String>,
    /// Between columns.
    pub separator: String,
    /// No command tags (`-q`).
    pub quiet: bool,
    /// SQL was read from standard input or a file: errors name a line, and end with code 3 when they stop the script.
    pub script: bool,
    /// `ON_ERROR_STOP`
    pub stops: bool,
    /// The session may write although the server's default is read-only.
    pub unfenced: bool,
}

impl Request {
    /// Reads a command; `None` when it is none of psql.
    pub fn parse(command: &[String], stdin: &str) -> Option<Self> {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        match words.as_slice() {
            // A shell script that pipes its second argument into psql, in the database that is its first.
            [shell, "-c", script, "psql", database, sql, more @ ..] if is_shell(shell) && script.contains("psql") => {
                Some(Self {
                    role: Some(more.first().copied().unwrap_or_default().into()),
                    password: (more.get(1) == Some(&"stdin")).then(|| stdin.trim_end_matches('\n').into()),
                    database: (*database).into(),
                    sql: (*sql).into(),
                    separator: if script.contains("\\037") { "\u{1f}".into() } else { "|".into() },
                    quiet: true,
                    script: true,
                    stops: true,
                    unfenced: script.contains("default_transaction_read_only=off"),
                })
            }
            [shell, "-c" | "-ec" | "-lc", script, ..] if is_shell(shell) => {
                let words = split(script)?;
                let start = words.iter().position(|word| word == "psql")?;
                Some(Self::arguments(&words[start + 1..], stdin))
            }
            ["psql", rest @ ..] => {
                let rest: Vec<String> = rest.iter().map(ToString::to_string).collect();
                Some(Self::arguments(&rest, stdin))
            }
            ["su" | "gosu" | "su-exec" | "setpriv", rest @ ..] => {
                let start = rest.iter().position(|word| *word == "psql" || is_shell(word) || *word == "-c")?;
                if rest[start] == "-c" {
                    let words = split(rest.get(start + 1)?)?;
                    return Self::parse(&words, stdin);
                }
                let rest: Vec<String> = rest[start..].iter().map(ToString::to_string).collect();
                Self::parse(&rest, stdin)
            }
            _ => None,
        }
    }

    fn arguments(words: &[String], stdin: &str) -> Self {
        let mut request = Self { separator: "|".into(), ..Self::default() };
        let mut commands = Vec::new();
        let mut words = words.iter();
        let mut positional = 0;
        while let Some(word) = words.next() {
            if let Some(long) = word.strip_prefix("--") {
                let (name, value) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_string())),
                    None => (long, None),
                };
                let mut value = || value.clone().or_else(|| words.next().cloned()).unwrap_or_default();
                match name {
                    "command" => commands.push(value()),
                    "dbname" => request.database = value(),
                    "field-separator" => request.separator = value(),
                    "quiet" => request.quiet = true,
                    "set" | "variable" => request.stops |= value().starts_with("ON_ERROR_STOP"),
                    "username" | "host" | "port" | "file" | "pset" => drop(value()),
                    _ => {}
                }
                continue;
            }
            let Some(flags) = word.strip_prefix('-').filter(|flags| !flags.is_empty()) else {
                if positional == 0 {
                    request.database.clone_from(word);
                }
                positional += 1;
                continue;
            };
            for (index, flag) in flags.char_indices() {
                if "cdUhpvFfPR".contains(flag) {
                    let rest = &flags[index + flag.len_utf8()..];
                    let value = if rest.is_empty() { words.next().cloned().unwrap_or_default() } else { rest.into() };
                    match flag {
                        'c' => commands.push(value),
                        'd' => request.database = value,
                        'F' => request.separator = value,
                        'v' => request.stops |= value.starts_with("ON_ERROR_STOP"),
                        _ => {}
                    }
                    break;
                }
                request.quiet |= flag == 'q';
            }
        }
        request.script = commands.is_empty();
        request.sql = if request.script { stdin.into() } else { commands.join(";\n") };
        request
    }
}

fn is_shell(word: &str) -> bool {
    matches!(word.rsplit('/').next().unwrap_or(word), "sh" | "bash" | "ash")
}

/// Splits a simple shell command into words; `None` when it has more than words and quotes.
fn split(script: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = script.trim().chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' => word.get_or_insert_default().extend(chars.by_ref().take_while(|c| *c != '\'')),
            '"' => {
                let word = word.get_or_insert_default();
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => word.extend(chars.next()),
                        c => word.push(c),
                    }
                }
            }
            '\\' => word.get_or_insert_default().extend(chars.next()),
            c if c.is_whitespace() => words.extend(word.take()),
            '|' | ';' | '&' | '<' | '>' | '`' => return None,
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str], stdin: &str) -> Option<Request> {
        Request::parse(&words.iter().map(ToString::to_string).collect::<Vec<_>>(), stdin)
    }

    #[test]
    fn command_lines() {
        let request = parse(&["psql", "-XAtq", "-U", "postgres", "-d", "vulas", "-c", "SELECT 1"], "").unwrap();
        assert_eq!((request.database.as_str(), request.sql.as_str(), request.quiet), ("vulas", "SELECT 1", true));
        let request = parse(&["sh", "-c", "psql -tAc \"SELECT 'x'\" app"], "").unwrap();
        assert_eq!((request.database.as_str(), request.sql.as_str()), ("app", "SELECT 'x'"));
        let request = parse(&["su", "postgres", "-c", "psql -t"], "SELECT 2;").unwrap();
        assert!(request.script);
        assert_eq!(request.sql, "SELECT 2;");
        assert!(parse(&["ls"], "").is_none());
        assert!(parse(&["sh", "-c", "ls | wc"], "").is_none());
    }
}
