//! SQL, as far as it is modelled: simple statements on tables, and what servers are asked about themselves.

use super::super::exec::Output;
use super::super::json::Json;
use super::super::state::State;
use super::environment::Environment;
use super::login::Known;
use super::psql::Request;
use super::statements;
use super::volume::Table;

/// Rows of an answer, or its error.
pub type Answer = Result<Rows, String>;

/// What a statement answers.
#[derive(Debug, Default)]
pub struct Rows {
    /// Columns of each row.
    pub rows: Vec<Vec<String>>,
    /// What psql prints when it is not quiet (`INSERT 0 1`).
    pub tag: String,
}

impl Rows {
    /// Rows of columns.
    pub fn of<const N: usize>(rows: impl IntoIterator<Item = [String; N]>) -> Self {
        Self { rows: rows.into_iter().map(Vec::from).collect(), tag: String::new() }
    }

    /// One row of one column.
    pub fn one(value: impl std::fmt::Display) -> Self {
        Self::of([[value.to_string()]])
    }

    /// No rows.
    pub fn tag(tag: impl Into<String>) -> Self {
        Self { rows: Vec::new(), tag: tag.into() }
    }
}

/// Where and how statements run.
pub struct Session<'a> {
    /// Everything.
    pub state: &'a mut State,
    /// The pod.
    pub pod: &'a Json,
    /// The server's volume.
    pub volume: &'a str,
    /// The database.
    pub database: String,
    /// The container's environment.
    pub environment: &'a Environment,
    /// The role.
    pub role: String,
    /// May write although the server's default is read-only.
    pub unfenced: bool,
}

/// The role that the session has, or why nobody is let in.
fn enter(
    state: &State,
    pod: &Json,
    container: &Json,
    volume: &str,
    environment: &Environment,
    request: &Request,
) -> Result<String, String> {
    let server = state.volumes.get(volume).and_then(|volume| volume.server.as_ref());
    match (server, &request.role) {
        (Some(server), Some(role)) => {
            Known::of(state, pod, container, environment).enter(server, role, request.password.as_deref())
        }
        _ => Ok(match environment.first(&["POSTGRES_USER", "SUPERUSER", "PGUSER"]) {
            "" => "postgres".into(),
            user => user.into(),
        }),
    }
}

/// Runs what psql was asked in a container.
pub fn run(
    state: &mut State,
    pod: &Json,
    container: &Json,
    volume: &str,
    environment: &Environment,
    request: &Request,
) -> Output {
    let database = match request.database.as_str() {
        "" => environment.first(&["PGDATABASE"]).to_string(),
        database => database.to_string(),
    };
    let database = if database.is_empty() { "postgres".into() } else { database };
    let known = state
        .volumes
        .get(volume)
        .filter(|volume| volume.used_by.is_some())
        .and_then(|volume| volume.server.as_ref())
        .map(|server| server.databases.contains_key(&database));
    match known {
        None => {
            return Output::failed(
                2,
                "psql: error: connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: No such file or \
                 directory\n\tIs the server running locally and accepting connections on that socket?\n",
            );
        }
        Some(false) if database != "template1" => {
            return Output::failed(
                2,
                format!(
                    "psql: error: connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: FATAL:  \
                     database \"{database}\" does not exist\n"
                ),
            );
        }
        Some(_) => {}
    }
    let role = match enter(state, pod, container, volume, environment, request) {
        Ok(role) => role,
        Err(why) => return Output::failed(2, why),
    };
    let mut session = Session { state, pod, volume, database, environment, role, unfenced: request.unfenced };
    let mut output = Output::default();
    if let Ok(server) = session.server() {
        server.commit_late();
    }
    for (line, statement) in split(&request.sql) {
        if let Some(database) = statement.strip_prefix("\\connect ").or_else(|| statement.strip_prefix("\\c ")) {
            session.database = database.trim().trim_matches('"').into();
            continue;
        }
        if statement.starts_with('\\') && !statement.starts_with("\\gexec") {
            if matches!(statement.split_whitespace().next(), Some("\\set" | "\\pset" | "\\echo" | "\\timing")) {
                if let Some(text) = statement.strip_prefix("\\echo ") {
                    line_of(&mut output.stdout, text.trim_matches('\''));
                }
                continue;
            }
            line_of(&mut output.stderr, &format!("sandbox: does not model: {statement}"));
            output.code = 1;
            return output;
        }
        match session.statement(&statement) {
            Ok(answer) => {
                for row in answer.rows {
                    line_of(&mut output.stdout, &row.join(&request.separator));
                }
                if !request.quiet && !answer.tag.is_empty() {
                    line_of(&mut output.stdout, &answer.tag);
                }
            }
            Err(error) => {
                let modelled = !error.starts_with("sandbox: ");
                let place = if request.script && modelled { format!("psql:<stdin>:{line}: ") } else { String::new() };
                let word = if modelled { "ERROR:  " } else { "" };
                line_of(&mut output.stderr, &format!("{place}{word}{error}"));
                if !modelled || !request.script {
                    output.code = 1;
                    return output;
                }
                if request.stops {
                    output.code = 3;
                    return output;
                }
            }
        }
    }
    output
}

fn line_of(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// Statements with the line they end on: split at `;` outside quotes and at `\gexec`, comments left out.
fn split(sql: &str) -> Vec<(usize, String)> {
    let mut statements = Vec::new();
    let mut current = String::new();
    let mut quote: Option<char> = None;
    let mut line = 1;
    let mut chars = sql.chars().peekable();
    let mut finish = |current: &mut String, line: usize| {
        let statement = current.split_whitespace().collect::<Vec<_>>().join(" ");
        if !statement.is_empty() {
            statements.push((line, statement));
        }
        current.clear();
    };
    while let Some(c) = chars.next() {
        if c == '\n' {
            line += 1;
        }
        match (quote, c) {
            (Some(open), c) => {
                current.push(c);
                if c == open {
                    quote = None;
                }
            }
            (None, '\'' | '"') => {
                quote = Some(c);
                current.push(c);
            }
            (None, '-') if chars.peek() == Some(&'-') => {
                while chars.peek().is_some_and(|c| *c != '\n') {
                    chars.next();
                }
            }
            (None, ';') => finish(&mut current, line),
            (None, '\n') if current.trim_start().starts_with('\\') || current.trim_end().ends_with("\\gexec") => {
                finish(&mut current, line);
            }
            (None, c) => current.push(c),
        }
    }
    finish(&mut current, line);
    statements
}

/// The name of a table as it is stored: with its schema.
fn qualified(name: &str) -> String {
    let name = name.replace('"', "").to_lowercase();
    if name.contains('.') { name } else { format!("public.{name}") }
}

fn missing(name: &str) -> String {
    format!("relation \"{}\" does not exist", name.trim_matches('"'))
}

impl Session<'_> {
    fn statement(&mut self, statement: &str) -> Answer {
        if let Some(answer) = statements::answer(self, statement) {
            return answer;
        }
        let words: Vec<&str> = statement.split([' ', '(', ')', ',']).filter(|word| !word.is_empty()).collect();
        let upper: Vec<String> = words.iter().take(8).map(|word| word.to_uppercase()).collect();
        let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
        match upper.as_slice() {
            [
                "BEGIN" | "START" | "COMMIT" | "END" | "SET" | "RESET" | "ANALYZE" | "VACUUM" | "GRANT" | "REVOKE"
                | "COMMENT",
                ..,
            ] => Ok(Rows::tag(upper[0])),
            ["ROLLBACK", ..] => Err("sandbox: does not model: ROLLBACK".into()),
            ["CREATE", "TABLESPACE", name, "LOCATION", _] => {
                self.write("CREATE TABLESPACE", 4096)?;
                self.server()?.tablespaces.insert(name.to_lowercase(), words[4].trim_matches('\'').into());
                Ok(Rows::tag("CREATE TABLESPACE"))
            }
            ["PREPARE", "TRANSACTION", ..] => {
                let name = words[2].trim_matches('\'').to_string();
                self.server()?.prepared.push(name);
                Ok(Rows::tag("PREPARE TRANSACTION"))
            }
            ["CREATE", "DATABASE", ..] => {
                self.write("CREATE DATABASE", 8192)?;
                let name = words[2].trim_matches('"').to_string();
                let server = self.server()?;
                if server.databases.contains_key(&name) {
                    return Err(format!("database \"{name}\" already exists"));
                }
                server.databases.insert(name, super::volume::Database::default());
                Ok(Rows::tag("CREATE DATABASE"))
            }
            ["CREATE", "TABLE", ..] | ["CREATE", "UNLOGGED", "TABLE", ..] => {
                self.create_table(statement, &words, &upper)
            }
            ["CREATE", what @ ("ROLE" | "USER"), name, ..] => {
                let tag = format!("CREATE {what}");
                self.write(&tag, 4096)?;
                let superuser = upper.contains(&"SUPERUSER");
                let password = words.iter().position(|word| word.eq_ignore_ascii_case("PASSWORD"));
                let password = password.and_then(|at| words.get(at + 1)).map_or("", |word| word.trim_matches('\''));
                let role = super::volume::Role { password: password.into(), superuser };
                self.server()?.roles.insert(name.to_lowercase(), role);
                Ok(Rows::tag(tag))
            }
            ["ALTER", "ROLE" | "USER", role, verb @ ("SET" | "RESET"), "DEFAULT_TRANSACTION_READ_ONLY", ..] => {
                self.write("ALTER ROLE", 4096)?;
                let value = words.last().map_or("off", |word| word.trim_matches('\'')).to_lowercase();
                let (role, set) = (role.to_lowercase(), *verb == "SET");
                let settings = &mut self.server()?.role_settings;
                if set {
                    settings.insert(role, value)
                } else {
                    settings.remove(&role)
                };
                Ok(Rows::tag("ALTER ROLE"))
            }
            ["CREATE", what @ ("INDEX" | "SCHEMA" | "EXTENSION" | "SEQUENCE" | "UNIQUE" | "VIEW"), ..] => {
                let tag = format!("CREATE {what}");
                self.write(&tag, 4096)?;
                Ok(Rows::tag(tag))
            }
            ["DROP", "TABLE", rest @ ..] => {
                self.write("DROP TABLE", 4096)?;
                let optional = rest.first() == Some(&"IF");
                let name = words[if optional { 4 } else { 2 }];
                let gone = self.database()?.tables.remove(&qualified(name));
                if gone.is_none() && !optional {
                    return Err(format!("table \"{name}\" does not exist"));
                }
                Ok(Rows::tag("DROP TABLE"))
            }
            ["ALTER", "TABLE", ..] => {
                self.write("ALTER TABLE", 4096)?;
                let at = if upper.get(2) == Some(&"IF") { 4 } else { 2 };
                let table = self.table(words[at])?;
                if let Some(add) = upper.iter().position(|word| *word == "ADD") {
                    let skip = add + 1 + usize::from(upper.get(add + 1) == Some(&"COLUMN"));
                    if let Some(column) = words.get(skip) {
                        table.columns.push((*column).into());
                    }
                }
                Ok(Rows::tag("ALTER TABLE"))
            }
            ["INSERT", "INTO", ..] => self.insert(statement, words[2]),
            ["DELETE", "FROM", ..] => {
                if upper.contains(&"WHERE") {
                    return Err(format!("sandbox: does not model: {statement}"));
                }
                self.write("DELETE", 0)?;
                let table = self.table(words[2])?;
                let rows = std::mem::take(&mut table.rows);
                self.wrote(words[2], [0, 0, rows])?;
                self.server()?.advance(rows * 56 + 64);
                Ok(Rows::tag(format!("DELETE {rows}")))
            }
            ["UPDATE", _, "SET", ..] => {
                if statement.to_uppercase().contains(" WHERE ") {
                    return Err(format!("sandbox: does not model: {statement}"));
                }
                self.write("UPDATE", 0)?;
                let table = self.table(words[1])?;
                let rows = table.rows;
                self.wrote(words[1], [0, rows, 0])?;
                self.server()?.advance(rows * 120 + 64);
                Ok(Rows::tag(format!("UPDATE {rows}")))
            }
            ["TRUNCATE", ..] => {
                self.write("TRUNCATE TABLE", 4096)?;
                let at = usize::from(upper.get(1) == Some(&"TABLE")) + 1;
                self.table(words[at])?.rows = 0;
                Ok(Rows::tag("TRUNCATE TABLE"))
            }
            ["SELECT", "COUNT", "*", "FROM", ..] if upper.len() == 5 => {
                let name = words[4];
                let table = self.database()?.tables.get(&qualified(name)).ok_or_else(|| missing(name))?;
                Ok(Rows::one(table.rows))
            }
            ["SELECT", number] if number.parse::<i64>().is_ok() => Ok(Rows::one(number)),
            ["SELECT", text] if text.starts_with('\'') => Ok(Rows::one(words[1].trim_matches('\''))),
            _ => Err(format!("sandbox: does not model: {statement}")),
        }
    }

    /// The server, which [`run`] has found to be there.
    pub fn server(&mut self) -> Result<&mut super::volume::Server, String> {
        let volume = self.state.volumes.get_mut(self.volume).and_then(|volume| volume.server.as_mut());
        volume.ok_or_else(|| "the database system is shutting down".into())
    }

    /// The database that the session is in.
    pub fn database(&mut self) -> Result<&mut super::volume::Database, String> {
        let name = self.database.clone();
        let missing = format!("database \"{name}\" does not exist");
        self.server()?.databases.get_mut(&name).ok_or(missing)
    }

    fn table(&mut self, name: &str) -> Result<&mut Table, String> {
        self.database()?.tables.get_mut(&qualified(name)).ok_or_else(|| missing(name))
    }

    /// Refuses writes where none are allowed; else writes so many bytes of log.
    fn write(&mut self, what: &str, bytes: u64) -> Result<(), String> {
        let fenced = statements::read_only(self)?.0;
        let server = self.server()?;
        if server.standby || fenced {
            let verb =
                what.split(' ').next().filter(|word| matches!(*word, "INSERT" | "UPDATE" | "DELETE")).unwrap_or(what);
            return Err(format!("cannot execute {verb} in a read-only transaction"));
        }
        server.transactions += 1;
        if bytes > 0 {
            server.advance(bytes);
        }
        Ok(())
    }

    /// Rows that the statistics will count.
    fn wrote(&mut self, table: &str, rows: [u64; 3]) -> Result<(), String> {
        let entry = (std::time::Instant::now(), self.database.clone(), qualified(table), rows);
        self.server()?.unseen.push(entry);
        Ok(())
    }

    fn create_table(&mut self, statement: &str, words: &[&str], upper: &[&str]) -> Answer {
        self.write("CREATE TABLE", 8192)?;
        let start = upper.iter().position(|word| *word == "TABLE").unwrap_or(1) + 1;
        let optional = upper.get(start) == Some(&"IF");
        let name = words.get(start + if optional { 3 } else { 0 }).copied().unwrap_or_default();
        let key = qualified(name);
        if self.database()?.tables.contains_key(&key) {
            if optional {
                return Ok(Rows::tag("CREATE TABLE"));
            }
            return Err(format!("relation \"{}\" already exists", key.trim_start_matches("public.")));
        }
        let columns =
            statement.split_once('(').map_or("", |(_, rest)| rest.rsplit_once(')').map_or(rest, |(body, _)| body));
        let columns =
            columns.split(',').filter_map(|column| column.split_whitespace().next()).map(String::from).collect();
        let rows = if statement.to_uppercase().contains(" AS SELECT ") { series(statement)? } else { 0 };
        let table = Table { columns, rows, unlogged: upper.contains(&"UNLOGGED"), changes: [rows, 0, 0] };
        self.database()?.tables.insert(key, table);
        self.server()?.advance(rows * 120);
        Ok(Rows::tag(if rows > 0 { format!("SELECT {rows}") } else { "CREATE TABLE".into() }))
    }

    fn insert(&mut self, statement: &str, name: &str) -> Answer {
        self.write("INSERT", 0)?;
        let upper = statement.to_uppercase();
        let rows = if let Some(at) = upper.find(" VALUES") {
            tuples(&statement[at + 7..])
        } else if upper.contains("GENERATE_SERIES") {
            series(statement)?
        } else if upper.contains(" SELECT ") && !upper.contains(" FROM ") {
            1
        } else {
            return Err(format!("sandbox: does not model: {statement}"));
        };
        let table = self.table(name)?;
        table.rows += rows;
        self.wrote(name, [rows, 0, 0])?;
        self.server()?.advance(rows * 120 + 64);
        Ok(Rows::tag(format!("INSERT 0 {rows}")))
    }
}

/// How many rows `generate_series(FROM, TO)` makes.
fn series(statement: &str) -> Result<u64, String> {
    let unknown = || format!("sandbox: does not model: {statement}");
    let at = statement.to_lowercase().find("generate_series").ok_or_else(unknown)?;
    let arguments = statement[at..].split_once('(').and_then(|(_, rest)| rest.split_once(')')).ok_or_else(unknown)?.0;
    let numbers: Vec<i64> = arguments.split(',').filter_map(|number| number.trim().parse().ok()).collect();
    match numbers.as_slice() {
        [from, to] => Ok(u64::try_from(to - from + 1).unwrap_or(0)),
        [from, to, step] if *step > 0 => Ok(u64::try_from((to - from) / step + 1).unwrap_or(0)),
        _ => Err(unknown()),
    }
}

/// How many tuples `VALUES (..), (..)` has.
fn tuples(values: &str) -> u64 {
    let (mut depth, mut count, mut quoted) = (0, 0, false);
    for c in values.chars() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => {
                depth += 1;
                count += u64::from(depth == 1);
            }
            ')' if !quoted => depth -= 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_split_outside_quotes() {
        let sql = "SELECT 'a;b'; -- gone;\nSELECT\n 2;\n\\connect app\nSELECT format('x') \\gexec\n";
        let texts: Vec<String> = split(sql).into_iter().map(|(_, statement)| statement).collect();
        assert_eq!(texts, ["SELECT 'a;b'", "SELECT 2", "\\connect app", "SELECT format('x') \\gexec"]);
    }

    #[test]
    fn rows_are_counted() {
        assert_eq!(series("insert into t select g from generate_series(1, 200000) g"), Ok(200_000));
        assert_eq!(tuples(" (1, '(x)'), (2, (3))"), 2);
    }
}
