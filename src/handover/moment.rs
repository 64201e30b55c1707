//! A moment of a server, and what was written to it since.
//!
//! Statistics say what was written, but late: a session sends them up to a second after its transaction, and one that falls idle up
//! to ten seconds after; before PostgreSQL 15 an idle one may keep them for as long as it lives. The ids of transactions
//! say at once whether anything was written, but not what; the server's own housekeeping takes some as well.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::{
    cluster::{Observer, Waiting},
    database::{Changes, Error, Server, TableChanges, diff_changes},
};

/// After this long, sessions that have ended have sent their statistics.
const SOON: Duration = Duration::from_secs(1);
/// After this long, all others have.
const LATE: Duration = Duration::from_millis(10_500);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// Nothing is said of a wait before.
const QUIET: Duration = Duration::from_secs(2);
/// From this major version on, sessions that are idle send what they have kept.
const IDLE_TELL: u32 = 15;

/// What a server said of itself at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// When by its clock, RFC 3339 in UTC.
    pub time: String,
    /// Its statistics.
    pub changes: Vec<Changes>,
    /// Which transactions had ended (`txid_current_snapshot()`); `None` where that was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transactions: Option<String>,
}

/// What was written between two moments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// Nothing.
    Nothing,
    /// Rows, by table.
    Rows(Vec<TableChanges>),
    /// Transactions may have ended that the statistics do not show.
    Unseen,
    /// It can't be told: the statistics were reset, or the server was restarted.
    Unknown,
}

impl Moment {
    /// Asks a server.
    ///
    /// # Errors
    /// When it can't be asked.
    pub async fn of(server: &Server) -> Result<Self, Error> {
        // In this order: what ends in between is then unseen, and looked for again, rather than unnoticed.
        let changes = server.changes().await?;
        let (transactions, time) = server.transactions().await?;
        Ok(Self { time, changes, transactions: Some(transactions) })
    }

    /// What was written from here to `now`.
    pub fn until(&self, now: &Self) -> Since {
        if self.transactions.is_some() && self.transactions == now.transactions {
            return Since::Nothing;
        }
        match diff_changes(&self.changes, &now.changes) {
            None => Since::Unknown,
            Some(tables) if tables.is_empty() => Since::Unseen,
            Some(tables) => Since::Rows(tables),
        }
    }
}

/// What was written to a server of this major version since `then`. Where transactions have ended that its statistics do not
/// show, it is asked again until no session can keep anything from them. What stays unseen after that, only versions leave so
/// whose idle sessions keep it.
///
/// # Errors
/// When it can't be asked.
pub async fn settled(
    server: &Server,
    major: u32,
    then: &Moment,
    observer: &dyn Observer,
) -> Result<(Since, Moment), Error> {
    let began = Instant::now();
    let mut said = false;
    loop {
        let now = Moment::of(server).await?;
        let since = then.until(&now);
        if since != Since::Unseen {
            return Ok((since, now));
        }
        if began.elapsed() >= SOON && nobody_keeps(server, then).await? {
            return Ok((Since::Nothing, now));
        }
        if began.elapsed() >= LATE {
            let told = major >= IDLE_TELL || then.transactions.is_none();
            return Ok((if told { Since::Nothing } else { since }, now));
        }
        if !said && began.elapsed() >= QUIET {
            said = true;
            observer.waiting(0, 1, &[waiting(server, began.elapsed())]);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether no session that is still there has done anything since: what is unseen was then no client's.
async fn nobody_keeps(server: &Server, then: &Moment) -> Result<bool, Error> {
    let Ok(since) = then.time.parse::<jiff::Timestamp>() else { return Ok(false) };
    Ok(server.sessions_since(since.as_second()).await? == 0)
}

fn waiting(server: &Server, since: Duration) -> Waiting {
    let state = "transactions have ended, which its statistics show within 10 s if they wrote rows".into();
    Waiting { what: format!("pod/{} to say what was written", server.target().pod), state, since }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(inserted: u64, started: i64, transactions: Option<&str>) -> Moment {
        let table = TableChanges { table: "public.app".into(), inserted, updated: 0, deleted: 0 };
        let changes = vec![Changes { database: "vulas".into(), reset: 0, started, tables: vec![table] }];
        Moment { time: String::new(), changes, transactions: transactions.map(str::to_owned) }
    }

    #[test]
    fn ids_of_transactions_say_whether_and_statistics_say_what() {
        let then = moment(7, 1, Some("750:750:"));
        // Statistics of before that came late, or were lost by a restart, mean nothing.
        assert_eq!(then.until(&moment(9, 1, Some("750:750:"))), Since::Nothing);
        assert_eq!(then.until(&moment(0, 2, Some("750:750:"))), Since::Nothing);
        assert_eq!(then.until(&moment(7, 1, Some("750:751:"))), Since::Unseen);
        assert_eq!(then.until(&moment(0, 2, Some("751:751:"))), Since::Unknown);
        assert!(matches!(then.until(&moment(9, 1, Some("751:751:"))), Since::Rows(tables) if tables[0].inserted == 2));
        // A journal of before says nothing of transactions.
        assert_eq!(moment(7, 1, None).until(&moment(7, 1, Some("751:751:"))), Since::Unseen);
    }
}
