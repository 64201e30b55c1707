//! What lies on volumes: the owner's mark, and a database cluster.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::{Duration, Instant};

/// A position in the write-ahead log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lsn(pub u64);

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xffff_ffff)
    }
}

impl Lsn {
    /// Reads `0/5B1F4F0`.
    pub fn parse(text: &str) -> Option<Self> {
        let (high, low) = text.split_once('/')?;
        Some(Self(u64::from_str_radix(high, 16).ok()? << 32 | u64::from_str_radix(low, 16).ok()?))
    }
}

/// A table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Names of its columns.
    pub columns: Vec<String>,
    /// How many rows it has.
    pub rows: u64,
    /// Its rows are on no replica.
    pub unlogged: bool,
    /// Statistics: rows inserted, updated, deleted.
    pub changes: [u64; 3],
}

/// A database.
#[derive(Clone, Debug, Default)]
pub struct Database {
    /// By `schema.table`.
    pub tables: BTreeMap<String, Table>,
    /// The version that the backend's migrations left.
    pub schema_version: Option<String>,
}

/// A role that may log in.
#[derive(Clone, Debug, Default)]
pub struct Role {
    /// Its password, empty for none.
    pub password: String,
    /// May do everything.
    pub superuser: bool,
}

/// A session that is about to commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Commit {
    /// It goes on as long as nobody tells it to end.
    #[default]
    Open,
    /// It was told to, and has committed then.
    Until(Instant),
    /// It has ended.
    Done,
}

/// A database cluster: what `initdb` makes.
#[derive(Clone, Debug)]
pub struct Server {
    /// `16`
    pub major: u32,
    /// The same for a master and all its copies.
    pub system_identifier: u64,
    /// The timeline it is on.
    pub timeline: u32,
    /// Where each later timeline began.
    pub history: Vec<(u32, Lsn)>,
    /// `standby.signal` is there.
    pub standby: bool,
    /// It was a standby when it stopped and nobody promoted it.
    pub in_recovery: bool,
    /// The end of what is written, or of what is replayed.
    pub position: Lsn,
    /// The end of what a standby has received.
    pub received: Lsn,
    /// Its databases.
    pub databases: BTreeMap<String, Database>,
    /// Its physical replication slots, by name: whether they are used.
    pub slots: BTreeMap<String, bool>,
    /// Tablespaces: name and place.
    pub tablespaces: BTreeMap<String, String>,
    /// Names of prepared transactions.
    pub prepared: Vec<String>,
    /// Its roles.
    pub roles: BTreeMap<String, Role>,
    /// `pg_hba.conf` asks for passwords on the socket.
    pub asks_password: bool,
    /// `ALTER SYSTEM` settings.
    pub settings: BTreeMap<String, String>,
    /// What roles have of their own as `default_transaction_read_only`.
    pub role_settings: BTreeMap<String, String>,
    /// A session that commits late.
    pub commit: Commit,
    /// What the statistics do not show yet: when it was written, database, table, rows inserted, updated, deleted.
    pub unseen: Vec<(Instant, String, String, [u64; 3])>,
    /// How many transactions have written.
    pub transactions: u64,
    /// When something was written last.
    pub written: Option<Instant>,
    /// When it was started, in seconds since 1970; 0 for never.
    pub started: i64,
    /// Replay is held: what the master writes is received and not shown. For tests.
    pub paused: bool,
}

impl Server {
    /// A new cluster with its own databases and one for the application.
    pub fn new(major: u32, system_identifier: u64, database: &str) -> Self {
        let mut databases = BTreeMap::from([("postgres".to_string(), Database::default())]);
        if !database.is_empty() {
            databases.insert(database.into(), Database::default());
        }
        Self {
            major,
            system_identifier,
            timeline: 1,
            history: Vec::new(),
            standby: false,
            in_recovery: false,
            position: Lsn(0x0154_8f40),
            received: Lsn(0),
            databases,
            slots: BTreeMap::new(),
            tablespaces: BTreeMap::new(),
            prepared: Vec::new(),
            roles: BTreeMap::from([("postgres".to_string(), Role { superuser: true, ..Role::default() })]),
            asks_password: false,
            settings: BTreeMap::new(),
            role_settings: BTreeMap::new(),
            commit: Commit::Open,
            unseen: Vec::new(),
            transactions: 740,
            written: None,
            started: 0,
            paused: false,
        }
    }

    /// `16.14`
    pub fn version(&self) -> String {
        let minor = match self.major {
            11 | 12 => 22,
            13 => 23,
            14 => 20,
            15 => 15,
            17 => 10,
            18 => 6,
            _ => 14,
        };
        format!("{}.{minor}", self.major)
    }

    /// `160014`
    pub fn version_number(&self) -> u32 {
        let minor: u32 = self.version().rsplit('.').next().and_then(|minor| minor.parse().ok()).unwrap_or(0);
        self.major * 10_000 + minor
    }

    /// Writes so many bytes of log (records are aligned to eight).
    pub fn advance(&mut self, bytes: u64) {
        self.position = Lsn(self.position.0 + bytes.next_multiple_of(8));
        self.written = Some(Instant::now());
    }

    /// Tells the sessions to end; says how many are still there. One takes `delay` to commit its last row.
    pub fn end_sessions(&mut self, delay: Duration) -> u64 {
        self.commit_late();
        if self.commit == Commit::Open && !self.standby && !delay.is_zero() {
            self.commit = Commit::Until(Instant::now() + delay);
        }
        u64::from(matches!(self.commit, Commit::Until(_)))
    }

    /// The row of a session that was told to end, when it is time.
    pub fn commit_late(&mut self) {
        let Commit::Until(at) = self.commit else { return };
        if at > Instant::now() || self.standby {
            return;
        }
        self.commit = Commit::Done;
        if let Some(table) = self.databases.values_mut().find_map(|database| database.tables.values_mut().next()) {
            table.rows += 1;
            table.changes[0] += 1;
            self.transactions += 1;
            self.advance(184);
        }
    }

    /// Counts what was written longer ago than `delay`, as statistics do.
    pub fn count(&mut self, delay: Duration) {
        let (due, unseen) = std::mem::take(&mut self.unseen).into_iter().partition(|(at, ..)| at.elapsed() >= delay);
        self.unseen = unseen;
        let due: Vec<(Instant, String, String, [u64; 3])> = due;
        for (_, database, table, rows) in due {
            let table = self.databases.get_mut(&database).and_then(|database| database.tables.get_mut(&table));
            if let Some(table) = table {
                table.changes.iter_mut().zip(rows).for_each(|(count, rows)| *count += rows);
            }
        }
    }

    /// Whether this standby can stream from `master`.
    pub fn can_follow(&self, master: &Self) -> bool {
        self.refusal(master).is_none()
    }

    /// Why this copy cannot follow `master`.
    pub fn refusal(&self, master: &Self) -> Option<String> {
        if self.system_identifier != master.system_identifier {
            return Some(format!(
                "the volume holds a copy of another database (system identifier {}, the master's is {})",
                self.system_identifier, master.system_identifier
            ));
        }
        if self.timeline > master.timeline {
            return Some(format!(
                "the volume is on timeline {}, the master on {}: it was promoted once",
                self.timeline, master.timeline
            ));
        }
        let mut end = master.position;
        if self.timeline < master.timeline {
            match master.history.iter().find(|(timeline, _)| *timeline == self.timeline + 1) {
                Some((_, began)) => end = *began,
                None => {
                    return Some(format!(
                        "the volume is on timeline {}, which is not in the past of the master's {}",
                        self.timeline, master.timeline
                    ));
                }
            }
        } else if self.history != master.history {
            return Some(format!(
                "the volume is on another timeline {} than the master: both were promoted, at different times",
                master.timeline
            ));
        }
        (self.position > end).then(|| {
            format!("the volume is at {}, past the {end} up to which it shares the master's history", self.position)
        })
    }

    /// Replays all that `master` has written.
    pub fn catch_up(&mut self, master: &Self) {
        self.received = master.position;
        if self.paused {
            return;
        }
        self.position = master.position;
        self.transactions = master.transactions;
        self.timeline = master.timeline;
        self.history.clone_from(&master.history);
        self.databases.clone_from(&master.databases);
        self.unseen.clear();
        self.tablespaces.clone_from(&master.tablespaces);
        self.roles.clone_from(&master.roles);
        self.role_settings.clone_from(&master.role_settings);
        for database in self.databases.values_mut() {
            for table in database.tables.values_mut() {
                // Statistics are of each server's own.
                table.changes = [0; 3];
            }
        }
    }

    /// Ends recovery: a new timeline begins here.
    pub fn promote(&mut self) {
        self.timeline += 1;
        self.history.push((self.timeline, self.position));
        self.standby = false;
        self.in_recovery = false;
        self.advance(0x78);
    }
}

/// A volume.
#[derive(Clone, Debug, Default)]
pub struct Volume {
    /// `vulas-native-owner`: the release that may start a server here.
    pub owner: Option<String>,
    /// The cluster, if one was made here.
    pub server: Option<Server>,
    /// Uid of the pod whose server runs on it.
    pub used_by: Option<String>,
    /// Whom a standby follows: namespace and host.
    pub follows: Option<(String, String)>,
}

/// All volumes, by the name of the `PersistentVolume`.
#[derive(Debug, Default)]
pub struct Volumes(HashMap<String, Volume>);

impl Volumes {
    /// A volume that something was written to.
    pub fn get(&self, name: &str) -> Option<&Volume> {
        self.0.get(name)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Volume> {
        self.0.get_mut(name)
    }

    /// A volume, empty when nothing was written to it yet.
    pub fn open(&mut self, name: &str) -> &mut Volume {
        self.0.entry(name.to_string()).or_default()
    }

    /// The volume and all on it is gone.
    pub fn forget(&mut self, name: &str) {
        self.0.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_read_as_they_print() {
        let lsn = Lsn::parse("1/5B1F4F0").unwrap();
        assert_eq!(lsn.0, 0x1_05B1_F4F0);
        assert_eq!(lsn.to_string(), "1/5B1F4F0");
        assert!(Lsn::parse("x").is_none());
    }

    #[test]
    fn who_can_follow_whom() {
        let mut master = Server::new(16, 7, "app");
        let mut copy = master.clone();
        master.advance(100);
        assert!(copy.can_follow(&master));
        copy.catch_up(&master);
        let mut promoted = copy.clone();
        promoted.promote();
        assert!(promoted.refusal(&master).unwrap().contains("it was promoted once"));
        assert!(copy.can_follow(&promoted), "an older timeline that ends where the newer begins");
        master.advance(1000);
        copy.catch_up(&master);
        assert!(copy.refusal(&promoted).unwrap().contains("past the"));
        assert!(copy.refusal(&Server::new(16, 8, "")).unwrap().contains("system identifier"));
    }
}
