//! One server, asked through a command in its container.

use std::{fmt, time::Duration};

use base64::Engine as _;
use serde::{Deserialize, Serialize};

use super::{
    Changes, Clients, Error, Facts, Identity, Lsn, Places, Position, Receiver, Standby, TableCount,
    answers::{self, Row},
    statements,
};
use crate::cluster::{self, Cluster, ObjectRef};

/// How long a question may take that is answered from memory; starting `psql` on a busy node takes most of it.
const QUESTION: Duration = Duration::from_secs(30);
/// How long work on the whole database may take: counts, checkpoints, the user's own SQL.
const WORK: Duration = Duration::from_secs(6 * 3600);

/// Where a server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Namespace of the pod.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The container that PostgreSQL runs in.
    pub container: String,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pod/{} container {}", self.pod, self.container)
    }
}

/// As whom a server is asked. What is not given is found in the container's environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// The role.
    pub role: Option<String>,
    /// Secret and key that hold its password.
    pub password: Option<(String, String)>,
}

/// A PostgreSQL server in a pod.
#[derive(Clone)]
pub struct Server {
    cluster: Cluster,
    target: Target,
    login: Login,
}

impl Server {
    /// A server in `container` of `pod`. Nothing is asked yet.
    pub fn new(cluster: &Cluster, namespace: &str, pod: &str, container: &str) -> Self {
        let target = Target { namespace: namespace.into(), pod: pod.into(), container: container.into() };
        Self { cluster: cluster.clone(), target, login: Login::default() }
    }

    /// The same server, asked as somebody.
    #[must_use]
    pub fn with_login(self, login: Login) -> Self {
        Self { login, ..self }
    }

    /// The password that was named, from its Secret.
    async fn password(&self, name: &str, key: &str) -> Result<String, Error> {
        let missing = |cause: cluster::Error| Error::Unreachable { target: self.target.to_string(), cause };
        let secret = self.cluster.get(&ObjectRef::new("v1", "Secret", &self.target.namespace, name)).await;
        let secret = secret.map_err(missing)?;
        let data = secret.as_ref().and_then(|s| s.get("data")?.get(key)?.as_str());
        let bytes = data.and_then(|data| base64::engine::general_purpose::STANDARD.decode(data).ok());
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        text.ok_or_else(|| missing(cluster::Error::Other(format!("secret/{name} has no key {key} with a password"))))
    }

    /// Where it runs.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Runs SQL and returns `psql`'s output as it is: columns separated by U+001F, a line per row. An empty `database` is
    /// `postgres`, which every server has.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when the container can't be entered, [`Error::Refused`] with the server's words.
    pub async fn run(&self, database: &str, sql: &str) -> Result<String, Error> {
        self.run_within(WORK, database, sql).await
    }

    async fn run_within(&self, limit: Duration, database: &str, sql: &str) -> Result<String, Error> {
        self.run_by(statements::SHELL, limit, database, sql).await
    }

    async fn run_by(&self, shell: &str, limit: Duration, database: &str, sql: &str) -> Result<String, Error> {
        let mut command = vec!["sh", "-c", shell, "psql", database, sql];
        command.extend(self.login.role.as_deref());
        let mut input = None;
        if let (Some((name, key)), Some(_)) = (&self.login.password, &self.login.role) {
            command.push("stdin");
            input = Some(format!("{}\n", self.password(name, key).await?.trim_end_matches('\n')));
        }
        let Target { namespace, pod, container } = &self.target;
        let input = input.as_deref().map(str::as_bytes);
        let output = self.cluster.exec(namespace, pod, container, &command, input, limit).await;
        let output = output.map_err(|cause| Error::Unreachable { target: self.target.to_string(), cause })?;
        if output.code != 0 {
            let message = output.stderr.trim().to_owned();
            return Err(Error::Refused { target: self.target.to_string(), code: output.code, message });
        }
        Ok(output.stdout)
    }

    /// Reads an answer by `read`; what it can't read becomes an error that shows statement and answer.
    async fn ask<T>(&self, database: &str, sql: &str, read: impl Fn(&[Row]) -> Option<T>) -> Result<T, Error> {
        self.ask_within(QUESTION, database, sql, read).await
    }

    async fn ask_within<T>(
        &self,
        limit: Duration,
        database: &str,
        sql: &str,
        read: impl Fn(&[Row]) -> Option<T>,
    ) -> Result<T, Error> {
        let answer = self.run_within(limit, database, sql).await?;
        self.read(sql, &answer, read)
    }

    fn read<T>(&self, sql: &str, answer: &str, read: impl Fn(&[Row]) -> Option<T>) -> Result<T, Error> {
        let rows = answers::rows(answer);
        read(&rows).ok_or_else(|| Error::Answer {
            target: self.target.to_string(),
            statement: sql.chars().take(60).collect(),
            found: format!("{rows:?}").chars().take(200).collect(),
        })
    }

    /// Version, data directory, role, system identifier, timeline.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn identity(&self) -> Result<Identity, Error> {
        self.ask("", statements::IDENTITY, Identity::read).await
    }

    /// Where its files really are.
    ///
    /// # Errors
    /// When the container can't be entered.
    pub async fn places(&self, data_directory: &str) -> Result<Places, Error> {
        let command = ["sh", "-c", statements::PLACES, "places", data_directory];
        let Target { namespace, pod, container } = &self.target;
        let output = self.cluster.exec(namespace, pod, container, &command, None, QUESTION).await;
        let output = output.map_err(|cause| Error::Unreachable { target: self.target.to_string(), cause })?;
        Ok(Places::read(&output.stdout))
    }

    /// Role and position now.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn position(&self) -> Result<Position, Error> {
        self.ask("", statements::POSITION, Position::read).await
    }

    /// Which transactions have ended, as a text that stays the same until one more has; and the server's time, RFC 3339 in UTC.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn transactions(&self) -> Result<(String, String), Error> {
        let read = |rows: &[Row]| Some((rows.first()?.text(0)?.to_owned(), rows.first()?.text(1)?.to_owned()));
        self.ask("", statements::TRANSACTIONS, read).await
    }

    /// How many sessions of clients that are still there have done anything since this second (since 1970).
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn sessions_since(&self, second: i64) -> Result<u64, Error> {
        self.ask("", &statements::sessions_since(second), |rows| rows.first()?.number(0)).await
    }

    /// How a standby follows.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn receiver(&self) -> Result<Receiver, Error> {
        self.ask("", statements::RECEIVER, Receiver::read).await
    }

    /// Who follows this master.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn standbys(&self) -> Result<Vec<Standby>, Error> {
        self.ask("", statements::STANDBYS, |rows| rows.iter().map(Standby::read).collect()).await
    }

    /// What a copy of this server must know of.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn facts(&self) -> Result<Facts, Error> {
        self.ask("", statements::FACTS, Facts::read).await
    }

    /// Unlogged tables and extensions of every database: `unlogged` or `extension`, and a name.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn contents(&self) -> Result<Vec<(String, String)>, Error> {
        let mut all = Vec::new();
        for (database, _) in self.databases().await? {
            let read = |row: &Row| Some((row.text(0)?.to_owned(), row.text(1)?.to_owned()));
            all.extend(
                self.ask(&database, statements::CONTENTS, |rows| rows.iter().map(read).collect::<Option<Vec<_>>>())
                    .await?,
            );
        }
        Ok(all)
    }

    /// Drops a physical slot that nobody uses; `false` while somebody does.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn drop_slot(&self, name: &str) -> Result<bool, Error> {
        self.run_within(QUESTION, "", &statements::drop_slot(name)).await?;
        Ok(!self.has_slot(name).await?)
    }

    /// Whether there is a slot of this name.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn has_slot(&self, name: &str) -> Result<bool, Error> {
        self.ask("", &statements::has_slot(name), |rows| Some(rows.first()?.text(0)? == "t")).await
    }

    /// Makes a physical slot.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn make_slot(&self, name: &str) -> Result<(), Error> {
        self.run_within(QUESTION, "", &statements::make_slot(name)).await.map(|_| ())
    }

    /// Ends the sessions of all clients; returns how many there were.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn end_sessions(&self) -> Result<u64, Error> {
        self.ask("", statements::END_SESSIONS, |rows| rows.first()?.number(0)).await
    }

    /// The databases that take connections, with their sizes in bytes.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn databases(&self) -> Result<Vec<(String, u64)>, Error> {
        let read = |row: &Row| Some((row.text(0)?.to_owned(), row.number(1)?));
        self.ask_within(WORK, "", statements::DATABASES, |rows| rows.iter().map(read).collect()).await
    }

    /// The settings of [`statements::SETTINGS`] by name.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn settings(&self) -> Result<Vec<(String, String)>, Error> {
        let read = |row: &Row| Some((row.text(0)?.to_owned(), row.text(1)?.to_owned()));
        self.ask("", statements::SETTINGS, |rows| rows.iter().map(read).collect()).await
    }

    /// Rows of every user table in every database, by `database` and `schema.table`.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn counts(&self) -> Result<Vec<TableCount>, Error> {
        let mut all = Vec::new();
        for (database, _) in self.databases().await? {
            let read = |row: &Row| TableCount::read(&database, row);
            let all_of = |rows: &[Row]| rows.iter().map(read).collect::<Option<Vec<_>>>();
            all.extend(self.ask_within(WORK, &database, statements::COUNTS, all_of).await?);
        }
        Ok(all)
    }

    /// What the statistics of every database say was written so far.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn changes(&self) -> Result<Vec<Changes>, Error> {
        let mut all = Vec::new();
        for (database, _) in self.databases().await? {
            all.push(self.ask(&database, statements::CHANGES, |rows| Changes::read(&database, rows)).await?);
        }
        Ok(all)
    }

    /// The newest version that a migration tool has recorded in any database.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn schema_version(&self) -> Result<Option<String>, Error> {
        for (database, _) in self.databases().await? {
            let read = |rows: &[Row]| {
                Some(rows.iter().find_map(|row| row.text(1).filter(|v| !v.is_empty()).map(str::to_owned)))
            };
            if let Some(version) = self.ask(&database, statements::SCHEMA_VERSION, read).await? {
                return Ok(Some(version));
            }
        }
        Ok(None)
    }

    /// Runs a user's check file in the one database that is not `postgres`, or in `postgres` when there are several (the
    /// file can choose by `\\connect`), and returns what it prints, columns separated by `|`.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn check(&self, sql: &str) -> Result<String, Error> {
        let databases = self.databases().await?;
        let own: Vec<&str> =
            databases.iter().map(|(name, _)| name.as_str()).filter(|name| *name != "postgres").collect();
        let database = if let [one] = own.as_slice() { one } else { "" };
        Ok(self.run(database, sql).await?.replace('\u{1f}', "|"))
    }

    /// Writes all dirty pages, so that a clone begins at once.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn checkpoint(&self) -> Result<(), Error> {
        self.run("", statements::CHECKPOINT).await.map(|_| ())
    }

    /// Lets clients read only. The server heeds that when it has read its files again, and transactions that are open go on:
    /// see [`Server::clients`] and [`Server::end_sessions_before`].
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn fence(&self) -> Result<(), Error> {
        self.run_within(QUESTION, "", statements::FENCE).await.map(|_| ())
    }

    /// Lets clients write again, likewise.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn unfence(&self) -> Result<(), Error> {
        self.run_within(QUESTION, "", statements::UNFENCE).await.map(|_| ())
    }

    /// What keeps clients from writing, asked as one of them.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn clients(&self) -> Result<Clients, Error> {
        let shell = statements::shell_of_clients();
        let answer = self.run_by(&shell, QUESTION, "", statements::CLIENTS).await?;
        self.read(statements::CLIENTS, &answer, Clients::read)
    }

    /// Ends the sessions of clients that began before this moment of the server's clock; returns how many were still there.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn end_sessions_before(&self, moment: f64) -> Result<u64, Error> {
        self.ask("", &statements::end_sessions_before(moment), |rows| rows.first()?.number(0)).await
    }

    /// Whether its files say that clients may only read.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn is_fenced(&self) -> Result<bool, Error> {
        self.ask("", statements::FENCED, |rows| Some(matches!(rows.first()?.text(0)?, "on" | "true" | "1" | "yes")))
            .await
    }

    /// Whether a standby has replayed the log up to `position`, and how far it has come.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub async fn has_replayed(&self, position: Lsn) -> Result<(bool, Lsn), Error> {
        let receiver = self.receiver().await?;
        Ok((receiver.replayed >= position, receiver.replayed))
    }
}
