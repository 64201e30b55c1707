//! The answers of the statements, read.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::Lsn;

/// One row of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row(Vec<String>);

/// Splits `psql`'s output into rows and columns.
pub(super) fn rows(output: &str) -> Vec<Row> {
    output
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| Row(line.split('\u{1f}').map(str::to_owned).collect()))
        .collect()
}

impl Row {
    pub(super) fn text(&self, column: usize) -> Option<&str> {
        self.0.get(column).map(String::as_str)
    }

    pub(super) fn number<T: std::str::FromStr>(&self, column: usize) -> Option<T> {
        self.text(column)?.parse().ok()
    }

    fn flag(&self, column: usize) -> Option<bool> {
        match self.text(column)? {
            "t" => Some(true),
            "f" => Some(false),
            _ => None,
        }
    }

    /// A position, which is NULL when there is none yet.
    fn lsn(&self, column: usize) -> Option<Lsn> {
        match self.text(column)? {
            "" => Some(Lsn::default()),
            text => text.parse().ok(),
        }
    }
}

/// Who a server is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// `16`
    pub major: u32,
    /// `16.14`
    pub version: String,
    /// `/var/lib/postgresql/data`
    pub data_directory: String,
    /// The user that we are connected as.
    pub user: String,
    /// A standby.
    pub in_recovery: bool,
    /// The same for a master and all copies of it.
    pub system_identifier: String,
    /// The timeline of the latest checkpoint.
    pub timeline: u32,
    /// `replica`, `logical`
    pub wal_level: String,
    /// The user that we are connected as may do everything.
    #[serde(default)]
    pub superuser: bool,
}

impl Identity {
    pub(super) fn read(rows: &[Row]) -> Option<Self> {
        let row = rows.first()?;
        let number: u32 = row.number(0)?;
        // "16.14 (Debian 16.14-1.pgdg120+1)": the packager's name adds nothing here.
        let version = row.text(1)?.split_whitespace().next()?.to_owned();
        Some(Self {
            major: number / 10_000,
            version,
            data_directory: row.text(2)?.into(),
            user: row.text(3)?.into(),
            in_recovery: row.flag(4)?,
            system_identifier: row.text(5)?.into(),
            timeline: row.number(6)?,
            wal_level: row.text(7)?.into(),
            superuser: row.flag(8)?,
        })
    }
}

/// Where the files of a server really are; what could not be seen is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    /// The data directory, without links on the way.
    pub data: String,
    /// `pg_wal`, likewise.
    pub wal: String,
    /// `musl` or `glibc`: they sort text differently.
    pub libc: String,
}

impl Places {
    pub(super) fn read(output: &str) -> Self {
        let value = |name: &str| {
            let line = output.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.unwrap_or_default().to_owned()
        };
        Self { data: value("data"), wal: value("wal"), libc: value("libc") }
    }
}

/// What keeps sessions of clients from writing.
#[derive(Clone, Debug, PartialEq)]
pub struct Clients {
    /// New ones may only read.
    pub read_only: bool,
    /// Where that is set: `default`, `configuration file`, `command line`, ...
    pub source: String,
    /// The roles and databases to which another setting applies.
    pub exempt: String,
    /// Transactions that are prepared, and can be committed by who may only read.
    pub prepared: String,
    /// The server's time, in seconds since 1970.
    pub now: f64,
}

impl Clients {
    pub(super) fn read(rows: &[Row]) -> Option<Self> {
        let row = rows.first()?;
        Some(Self {
            read_only: row.text(0)? == "on",
            source: row.text(1)?.into(),
            exempt: row.text(2)?.into(),
            prepared: row.text(3)?.into(),
            now: row.number(4)?,
        })
    }
}

/// Where a server stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// A standby.
    pub in_recovery: bool,
    /// Flushed by a master, replayed by a standby.
    pub lsn: Lsn,
    /// The server's time, RFC 3339 in UTC.
    pub time: String,
}

impl Position {
    pub(super) fn read(rows: &[Row]) -> Option<Self> {
        let row = rows.first()?;
        Some(Self { in_recovery: row.flag(0)?, lsn: row.lsn(1)?, time: row.text(2)?.into() })
    }
}

/// A standby's view of its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// `streaming`; empty when there is no stream.
    pub status: String,
    /// Received and on disk.
    pub received: Lsn,
    /// Replayed: visible to queries.
    pub replayed: Lsn,
    /// Replay is paused by `pg_wal_replay_pause()`.
    pub paused: bool,
}

impl Receiver {
    pub(super) fn read(rows: &[Row]) -> Option<Self> {
        let row = rows.first()?;
        Some(Self { status: row.text(0)?.into(), received: row.lsn(1)?, replayed: row.lsn(2)?, paused: row.flag(3)? })
    }

    /// Follows its master right now.
    pub fn is_streaming(&self) -> bool {
        self.status == "streaming"
    }
}

/// A master's view of one standby.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standby {
    /// `application_name`
    pub name: String,
    /// Its address; empty for a local socket.
    pub address: String,
    /// `streaming`, `catchup`, `backup`
    pub state: String,
    /// Sent to it.
    pub sent: Lsn,
    /// Replayed by it.
    pub replayed: Lsn,
    /// `async`, `sync`, `quorum`, `potential`
    pub sync: String,
}

impl Standby {
    pub(super) fn read(row: &Row) -> Option<Self> {
        Some(Self {
            name: row.text(0)?.into(),
            address: row.text(1)?.into(),
            state: row.text(2)?.into(),
            sent: row.lsn(3)?,
            replayed: row.lsn(4)?,
            sync: row.text(5)?.into(),
        })
    }
}

/// A replication slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// For a standby; not logical.
    pub physical: bool,
    /// Somebody reads it.
    pub active: bool,
    /// Bytes of WAL that it holds.
    pub retained: u64,
}

/// What a copy of a server must know of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Settings by name.
    pub settings: Vec<(String, String)>,
    /// Its slots.
    pub slots: Vec<Slot>,
    /// Tablespaces with a place of their own: name, place.
    pub tablespaces: Vec<(String, String)>,
    /// Names of prepared transactions.
    pub prepared: Vec<String>,
    /// Addresses that clients may come from.
    pub hba: Vec<String>,
    /// The slot that this standby uses; empty for none.
    pub own_slot: String,
}

impl Facts {
    pub(super) fn read(rows: &[Row]) -> Option<Self> {
        let mut facts = Self::default();
        for row in rows {
            let (name, value) = (row.text(1)?.to_owned(), row.text(2)?);
            match row.text(0)? {
                "setting" => facts.settings.push((name, value.to_owned())),
                "slot" => {
                    let mut words = value.split(' ');
                    let (physical, active) = (words.next()? == "physical", words.next()? == "active");
                    let retained = words.next().and_then(|bytes| bytes.parse().ok()).unwrap_or_default();
                    facts.slots.push(Slot { name, physical, active, retained });
                }
                "tablespace" => facts.tablespaces.push((name, value.to_owned())),
                "prepared" => facts.prepared.push(name),
                "hba" => facts.hba.push(name),
                "mine" => value.clone_into(&mut facts.own_slot),
                _ => {}
            }
        }
        Some(facts)
    }

    /// A setting; empty when there is none of that name.
    pub fn setting(&self, name: &str) -> &str {
        self.settings.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }
}

/// Rows of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableCount {
    /// The database.
    pub database: String,
    /// `schema.table`
    pub table: String,
    /// `None` when the table is too big to be counted in passing.
    pub rows: Option<u64>,
}

impl TableCount {
    pub(super) fn read(database: &str, row: &Row) -> Option<Self> {
        let rows = match row.text(1)? {
            "" => None,
            number => Some(number.parse().ok()?),
        };
        Some(Self { database: database.into(), table: row.text(0)?.into(), rows })
    }
}

/// Tuples written to one table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableChanges {
    /// `schema.table`
    pub table: String,
    /// Inserted.
    pub inserted: u64,
    /// Updated.
    pub updated: u64,
    /// Deleted.
    pub deleted: u64,
}

impl TableChanges {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.inserted + self.updated + self.deleted
    }
}

/// What the statistics say was written to one database since they were reset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// The database.
    pub database: String,
    /// When they were reset; seconds since 1970.
    pub reset: i64,
    /// When the server was started; seconds since 1970. A crash resets the statistics without saying so.
    pub started: i64,
    /// By table.
    pub tables: Vec<TableChanges>,
}

impl Changes {
    pub(super) fn read(database: &str, rows: &[Row]) -> Option<Self> {
        let (head, tables) = rows.split_first()?;
        if head.text(0)? != "*" {
            return None;
        }
        let read = |row: &Row| {
            let table = row.text(0)?.to_owned();
            Some(TableChanges { table, inserted: row.number(1)?, updated: row.number(2)?, deleted: row.number(3)? })
        };
        let tables = tables.iter().map(read).collect::<Option<Vec<_>>>()?;
        Some(Self { database: database.into(), reset: head.number(1)?, started: head.number(2)?, tables })
    }
}

/// What was written between two looks, by table (prefixed by the database where there are several). `None` when that
/// can't be told, since the statistics were reset or the server was restarted in between.
pub fn diff_changes(before: &[Changes], after: &[Changes]) -> Option<Vec<TableChanges>> {
    let mut written = Vec::new();
    for now in after {
        let first = written.len();
        let then = before.iter().find(|changes| changes.database == now.database)?;
        if then.reset != now.reset || then.started != now.started {
            return None;
        }
        let (zero, known) = (TableChanges::default(), then.tables.iter().map(|table| (table.table.as_str(), table)));
        let known: HashMap<&str, &TableChanges> = known.collect();
        for table in &now.tables {
            let old = *known.get(table.table.as_str()).unwrap_or(&&zero);
            let change = TableChanges {
                table: table.table.clone(),
                inserted: table.inserted.checked_sub(old.inserted)?,
                updated: table.updated.checked_sub(old.updated)?,
                deleted: table.deleted.checked_sub(old.deleted)?,
            };
            if change.total() > 0 {
                written.push(change);
            }
        }
        // `postgres` and the one database that is used: two names, but no doubt which one is meant.
        if after.iter().filter(|changes| changes.database != "postgres").count() > 1 {
            written[first..].iter_mut().for_each(|change| change.table = format!("{}.{}", now.database, change.table));
        }
    }
    Some(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, inserted: u64, updated: u64) -> TableChanges {
        TableChanges { table: name.into(), inserted, updated, deleted: 0 }
    }

    fn look(started: i64, tables: Vec<TableChanges>) -> Vec<Changes> {
        vec![Changes { database: "vulas".into(), reset: 0, started, tables }]
    }

    #[test]
    fn an_identity_is_read() {
        let row =
            "160014\u{1f}16.14 (Debian 16.14-1)\u{1f}/data\u{1f}postgres\u{1f}t\u{1f}7300\u{1f}1\u{1f}logical\u{1f}t\n";
        let identity = Identity::read(&rows(row)).unwrap();
        assert_eq!((identity.major, identity.version.as_str()), (16, "16.14"));
        assert!(identity.in_recovery);
        assert!(Identity::read(&rows("160014\u{1f}16.14\n")).is_none());
    }

    #[test]
    fn facts_are_read_by_their_kind() {
        let answer = "setting|archive_mode|on\nslot|a|physical inactive 42\nslot|b|logical active\nhba|10.0.0.0|\nmine|slot|a_1\n";
        let facts = Facts::read(&rows(&answer.replace('|', "\u{1f}"))).unwrap();
        assert_eq!((facts.setting("archive_mode"), facts.setting("x"), facts.own_slot.as_str()), ("on", "", "a_1"));
        assert_eq!(facts.slots[0], Slot { name: "a".into(), physical: true, active: false, retained: 42 });
        assert!(facts.slots[1].active && !facts.slots[1].physical);
        assert_eq!(facts.hba, ["10.0.0.0"]);
    }

    #[test]
    fn places_are_read_as_far_as_they_are_told() {
        let places = Places::read("data=/pg/data\nwal=\nlibc=musl\n");
        assert_eq!((places.data.as_str(), places.wal.as_str(), places.libc.as_str()), ("/pg/data", "", "musl"));
        assert_eq!(Places::read(""), Places::default());
    }

    #[test]
    fn a_standby_without_stream_has_empty_columns() {
        let receiver = Receiver::read(&rows("\u{1f}\u{1f}0/3000060\u{1f}f\n")).unwrap();
        assert!(!receiver.is_streaming());
        assert_eq!(receiver.received, Lsn(0));
        assert_eq!(receiver.replayed, Lsn(0x0300_0060));
    }

    #[test]
    fn changes_since_are_told_by_table() {
        let before = look(5, vec![table("public.app", 10, 1), table("public.idle", 7, 0)]);
        let after = look(5, vec![table("public.app", 22, 1), table("public.idle", 7, 0), table("public.new", 3, 0)]);
        let written = diff_changes(&before, &after).unwrap();
        assert_eq!(written, vec![table("public.app", 12, 0), table("public.new", 3, 0)]);
    }

    #[test]
    fn changes_are_unknown_after_a_restart_or_reset() {
        let before = look(5, vec![table("public.app", 10, 0)]);
        assert!(diff_changes(&before, &look(6, vec![table("public.app", 10, 0)])).is_none());
        assert!(diff_changes(&before, &look(5, vec![table("public.app", 9, 0)])).is_none());
        assert!(diff_changes(&[], &before).is_none());
    }
}
