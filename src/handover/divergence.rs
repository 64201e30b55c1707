//! What alpha has written since beta was forked from it, and beta does not have.

use super::{
    Commands, Error, Fork, Journal,
    moment::{Moment, Since, settled},
};
use crate::{
    cluster::{Cluster, Observer},
    database::{Lsn, Position, TableChanges, human_bytes},
};

/// What alpha has written since the fork.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The release that was written to.
    pub alpha: String,
    /// The release that does not have it.
    pub beta: String,
    /// Up to here beta holds what alpha wrote.
    pub shared: Lsn,
    /// Alpha's time at the fork.
    pub fork_time: String,
    /// Alpha's position now.
    pub now: Lsn,
    /// Seconds since the fork.
    pub seconds: u64,
    /// Rows by table; `None` when the statistics can't tell.
    pub tables: Option<Vec<TableChanges>>,
    /// Transactions have ended that the statistics do not show, however long one waits.
    pub unseen: bool,
    /// Which of alpha's transactions have ended; where that is the same in another look, nothing was written in between.
    pub transactions: Option<String>,
    /// What can be done about it.
    pub choices: Vec<String>,
}

impl Divergence {
    /// Bytes of WAL that beta does not have. Not all of them are rows: a server writes some on its own.
    pub fn bytes(&self) -> u64 {
        self.now.bytes_since(self.shared)
    }

    /// Whether anything is lost by leaving alpha: rows were written, or it can't be told that none were.
    pub fn loses(&self) -> bool {
        self.bytes() > 0 && (self.unseen || self.tables.as_ref().is_none_or(|tables| !tables.is_empty()))
    }

    /// Rows by table, in words.
    pub fn rows(&self) -> String {
        if self.unseen { UNSEEN.into() } else { rows(self.tables.as_deref()) }
    }

    /// Minutes or seconds, for people.
    pub fn ago(&self) -> String {
        match self.seconds {
            s if s < 120 => format!("{s} s"),
            s if s < 7200 => format!("{} minutes", s / 60),
            s => format!("{} hours", s / 3600),
        }
    }

    /// The lines of a refusal.
    pub fn lines(&self) -> Vec<String> {
        let width = self.alpha.len().max(self.beta.len());
        let mut lines = vec![
            format!(
                "{:width$}  {}, {} after the fork ({}, {} ago); {}",
                self.alpha,
                self.now,
                human_bytes(self.bytes()),
                self.fork_time,
                self.ago(),
                self.rows()
            ),
            format!("{:width$}  forked at {}", self.beta, self.shared),
        ];
        lines.extend(self.choices.iter().cloned());
        lines
    }
}

/// What is said where transactions have ended that the statistics do not show.
pub const UNSEEN: &str = "rows changed: not known, since sessions keep what they have written from the statistics";

/// Rows by table, in words; `None` when it is not known.
pub fn rows(tables: Option<&[TableChanges]>) -> String {
    let Some(tables) = tables else {
        return "rows changed: not known, since the statistics were reset or the server was restarted".into();
    };
    if tables.is_empty() {
        return "no rows changed".into();
    }
    let one = |t: &TableChanges| {
        if t.table.contains("pg_catalog.") {
            return format!("{} (the schema itself)", t.table);
        }
        let parts = [("+", t.inserted), ("~", t.updated), ("-", t.deleted)];
        let parts: Vec<String> = parts.iter().filter(|(_, n)| *n > 0).map(|(sign, n)| format!("{sign}{n}")).collect();
        format!("{} {}", t.table.strip_prefix("public.").unwrap_or(&t.table), parts.join(" "))
    };
    format!("rows changed by table: {}", tables.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// Asks alpha, at once: what its statistics do not show yet is not in the answer. `None` when the journal records no fork.
///
/// # Errors
/// When alpha's master can't be asked.
pub async fn ask(cluster: &Cluster, journal: &Journal) -> Result<Option<Divergence>, Error> {
    let Some(fork) = &journal.fork else { return Ok(None) };
    let master = journal.layout.master.server(cluster, &journal.namespace);
    let now = Moment::of(&master).await?;
    let since = since(fork).until(&now);
    let position = master.position().await?;
    Ok(described(journal, fork, since, now, position).map(|found| Divergence { unseen: false, ..found }))
}

/// Asks alpha, again and again until its statistics must have shown what was written.
///
/// # Errors
/// When alpha's master can't be asked.
pub async fn ask_settled(
    cluster: &Cluster,
    observer: &dyn Observer,
    journal: &Journal,
) -> Result<Option<Divergence>, Error> {
    let Some(fork) = &journal.fork else { return Ok(None) };
    let master = journal.layout.master.server(cluster, &journal.namespace);
    let major = journal.layout.master.identity.major;
    let (since, now) = settled(&master, major, &since(fork), observer).await?;
    let position = master.position().await?;
    Ok(described(journal, fork, since, now, position))
}

/// The fork as a moment of alpha.
fn since(fork: &Fork) -> Moment {
    Moment { time: fork.time.clone(), changes: fork.changes.clone(), transactions: fork.transactions.clone() }
}

fn described(journal: &Journal, fork: &Fork, since: Since, now: Moment, position: Position) -> Option<Divergence> {
    let seconds = match (fork.time.parse::<jiff::Timestamp>(), position.time.parse::<jiff::Timestamp>()) {
        (Ok(then), Ok(now)) => u64::try_from(now.as_second() - then.as_second()).unwrap_or_default(),
        _ => 0,
    };
    let commands = Commands::of(journal);
    let choices = vec![
        format!("{} and upgrade again with --fence=read-only, or", commands.retreat()),
        format!("add --accept-loss to route without these changes: {} --accept-loss", commands.route()),
    ];
    let unseen = since == Since::Unseen;
    Some(Divergence {
        alpha: journal.alpha.clone(),
        beta: journal.beta.clone(),
        shared: journal.shared_up_to()?,
        fork_time: fork.time.clone(),
        now: position.lsn,
        seconds,
        tables: match since {
            Since::Nothing | Since::Unseen => Some(Vec::new()),
            Since::Rows(tables) => Some(tables),
            Since::Unknown => None,
        },
        unseen,
        transactions: now.transactions,
        choices,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divergence(tables: Option<Vec<TableChanges>>, now: u64) -> Divergence {
        Divergence {
            alpha: "alpha".into(),
            beta: "beta".into(),
            shared: Lsn(1000),
            fork_time: "2026-01-31T00:14:07Z".into(),
            now: Lsn(now),
            seconds: 2220,
            tables,
            unseen: false,
            transactions: None,
            choices: Vec::new(),
        }
    }

    #[test]
    fn wal_alone_is_no_loss() {
        assert!(!divergence(Some(Vec::new()), 5000).loses());
        assert!(!divergence(None, 1000).loses());
        assert!(divergence(None, 1001).loses());
        let unseen = Divergence { unseen: true, ..divergence(Some(Vec::new()), 1001) };
        assert!(unseen.loses() && unseen.rows().contains("not known"));
    }

    #[test]
    fn a_loss_is_told_in_bytes_minutes_and_rows() {
        let app = TableChanges { table: "public.app".into(), inserted: 12, updated: 3, deleted: 0 };
        let loss = divergence(Some(vec![app]), 919_200);
        assert!(loss.loses());
        let line = &loss.lines()[0];
        assert!(line.contains("918 kB after the fork (2026-01-31T00:14:07Z, 37 minutes ago)"), "{line}");
        assert!(line.ends_with("app +12 ~3"), "{line}");
    }
}
