//! The vendored charts without a cluster: the archives are what the sources make, and the script that guards a database's volume decides
//! right. PostgreSQL's programs are played by scripts; `tests/cluster_charts.rs` asks the real ones.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn the_archives_are_what_the_sources_make() {
    let check = Command::new(repository("vendor-charts/build.sh")).arg("--check").output().expect("build.sh starts");
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

/// A volume, and what the programs around it say.
struct Volume {
    folder: tempfile::TempDir,
    role: &'static str,
    claim: &'static str,
    major: &'static str,
}

impl Volume {
    /// Of release `alpha`, for PostgreSQL 16, empty.
    fn new(role: &'static str) -> Self {
        let volume = Self { folder: tempfile::tempdir().expect("a temporary folder"), role, claim: "", major: "16" };
        for name in ["volume", "run", "config", "bin"] {
            fs::create_dir(volume.path(name)).expect("a folder");
        }
        volume.write("config/postgresql.conf", "wal_level = logical\n");
        volume.write("config/pg_hba.conf", "local all all trust\n");
        volume.program("postgres", "echo 'postgres (PostgreSQL) 16.9 (Debian 16.9-1)'");
        volume.program("pg_isready", "exit 0");
        volume.program("initdb", "mkdir \"$2\"; echo 16 >\"$2/PG_VERSION\"; cat \"${4#--pwfile=}\" >\"$2/superuser\"");
        volume.program("pg_ctl", "exit 0");
        volume.program("psql", "cat >/dev/null");
        volume.program(
            "pg_basebackup",
            "mkdir \"$4\"; echo 16 >\"$4/PG_VERSION\"; echo \"primary_conninfo = 'old'\" >\"$4/postgresql.auto.conf\"",
        );
        volume
    }

    /// Holds a database whose control file has these lines.
    fn with_database(self, version: &str, control: &str) -> Self {
        fs::create_dir_all(self.path("volume/pgdata/pg_wal")).expect("a folder");
        self.write("volume/pgdata/PG_VERSION", version);
        self.write("volume/pgdata/postgresql.auto.conf", "");
        self.program("pg_controldata", &format!("cat <<'END'\n{control}\nEND"));
        self
    }

    /// A standby of the system 7 on the timeline, up to the position; the master is described by its answers.
    fn standby(timeline: u32, position: &str, identity: &str, history: &str) -> Self {
        let control = format!(
            "Database system identifier:           7\nDatabase cluster state:               shut down in recovery\n\
             Latest checkpoint's TimeLineID:       {timeline}\nMinimum recovery ending location:     {position}"
        );
        let volume = Self::new("slave").with_database("16", &control);
        volume.write("volume/pgdata/standby.signal", "");
        volume.program(
            "psql",
            &format!("case $* in *IDENTIFY_SYSTEM) echo '{identity}';; *TIMELINE_HISTORY*) printf '%s\\n' 'history|{history}';; esac"),
        );
        volume
    }

    fn owned_by(self, release: &str) -> Self {
        self.write("volume/vulas-native-owner", &format!("{release}\n"));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).expect("a file is written");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a program is written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program's mode");
    }

    fn prepare(&self) -> Output {
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("sh");
        command.arg(repository("vendor-charts/core/charts/database/files/prepare.sh"));
        command.env_clear().env("PATH", path).envs([
            ("ROLE", self.role),
            ("RELEASE", "alpha"),
            ("CLAIM", self.claim),
            ("POD_NAME", "alpha-database-slave-1"),
            ("PG_MAJOR_EXPECTED", self.major),
            ("SUPERUSER", "postgres"),
            ("SUPERUSER_PASSWORD", "super secret"),
            ("REPLICATION_USERNAME", "replicator"),
            ("REPLICATION_PASSWORD", r"re:pli\cator"),
            ("DB_NAME", "vulas"),
            ("AUTH_METHOD", "scram-sha-256"),
            ("INITDB_ARGS", "--data-checksums"),
            ("MASTER_HOST", "alpha-database-master"),
            ("MASTER_PORT", "5432"),
            ("CLONE_WAIT", "1"),
            ("COMPARE_WAIT", "1"),
        ]);
        for (name, folder) in [("MOUNT", "volume"), ("PGDATA", "volume/pgdata"), ("RUN", "run"), ("CONFIG", "config")] {
            command.env(name, self.path(folder));
        }
        command.output().expect("sh starts")
    }

    /// It may start. Returns the volume.
    fn starts(self) -> Self {
        let output = self.prepare();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        self
    }

    /// It may not, for this reason, and the database is as it was.
    fn refuses(self, reason: &str) {
        let before = self.read("volume/pgdata/PG_VERSION");
        let output = self.prepare();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(reason), "expected {reason:?}, got {said:?}");
        assert_eq!(self.read("volume/pgdata/PG_VERSION"), before);
    }
}

const MASTER: &str = "Database system identifier:           7\nDatabase cluster state:               shut down";

#[test]
fn an_empty_volume_becomes_a_database_of_the_release() {
    let volume = Volume::new("master").starts();
    assert_eq!(volume.read("volume/vulas-native-owner"), "alpha\n");
    assert_eq!(volume.read("volume/pgdata/superuser"), "super secret\n");
    assert!(!volume.path("run/superuser").exists(), "the password does not stay");
    assert_eq!(volume.read("volume/pgdata/vulas.conf"), "wal_level = logical\n");
    assert_eq!(volume.read("volume/pgdata/postgresql.conf"), "include_if_exists = 'vulas.conf'\n");
    assert_eq!(volume.read("run/pgpass"), "*:*:*:replicator:re\\:pli\\\\cator\n");
    // Again: nothing is made anew, the settings are written again and included once.
    volume.write("config/postgresql.conf", "wal_level = logical\nwork_mem = 1\n");
    volume.program("initdb", "exit 1");
    volume.program("pg_controldata", &format!("cat <<'END'\n{MASTER}\nEND"));
    let volume = volume.starts();
    assert_eq!(volume.read("volume/pgdata/vulas.conf"), "wal_level = logical\nwork_mem = 1\n");
    assert_eq!(volume.read("volume/pgdata/postgresql.conf"), "include_if_exists = 'vulas.conf'\n");
}

#[test]
fn what_was_killed_half_way_is_made_again() {
    let volume = Volume::new("master");
    fs::create_dir(volume.path("volume/pgdata.new")).expect("a folder");
    volume.write("volume/pgdata.new/PG_VERSION", "16");
    let volume = volume.starts();
    assert_eq!(volume.read("volume/pgdata/superuser"), "super secret\n");
}

#[test]
fn a_standby_is_cloned_into_an_empty_volume_and_keeps_no_password() {
    let volume = Volume::new("slave").starts();
    let conninfo = format!(
        "primary_conninfo = 'host=alpha-database-master port=5432 user=replicator passfile={} application_name=alpha-database-slave-1'",
        volume.path("run/pgpass").display()
    );
    assert!(volume.read("volume/pgdata/vulas.conf").contains(&conninfo));
    assert!(volume.path("volume/pgdata/standby.signal").exists());
    assert_eq!(volume.read("volume/pgdata/postgresql.auto.conf"), "", "what the master left there would win");
}

#[test]
fn a_volume_has_one_owner() {
    Volume::new("master").with_database("16", MASTER).owned_by("alpha").starts();
    for role in ["master", "slave"] {
        Volume::new(role).owned_by("beta").refuses("the volume belongs to release beta, this is release alpha");
        Volume::new(role).with_database("16", MASTER).owned_by("beta").refuses("the volume belongs to release beta");
    }
}

#[test]
fn a_volume_in_use_is_left_alone() {
    let volume = Volume::new("master").with_database("16", MASTER);
    let other = fs::File::create(volume.path("volume/vulas-native-lock")).expect("the lock file");
    other.lock().expect("nobody else holds it");
    volume.refuses("another PostgreSQL runs on this volume");
}

#[test]
fn an_existing_claim_is_never_initialised() {
    let with_claim = |volume: Volume| Volume { claim: "handed-over", ..volume };
    with_claim(Volume::new("master")).refuses("claim handed-over holds no database");
    with_claim(Volume::new("master").owned_by("alpha")).refuses("claim handed-over holds no database");
    with_claim(Volume::new("master").with_database("16", MASTER)).refuses("claim handed-over names no owner");
    with_claim(Volume::new("master").with_database("16", MASTER).owned_by("alpha")).starts();
}

#[test]
fn a_master_is_not_started_on_what_is_no_master() {
    let standby = MASTER.replace("shut down", "shut down in recovery");
    Volume::new("master").with_database("16", &standby).refuses("a standby that has not been promoted (pg_control");
    for file in ["standby.signal", "recovery.conf"] {
        let volume = Volume::new("master").with_database("16", MASTER);
        volume.write(&format!("volume/pgdata/{file}"), "");
        volume.refuses("a standby that has not been promoted");
    }
    Volume::new("master").with_database("15", MASTER).refuses("a database of PostgreSQL 15, the image is 16");
    Volume { major: "15", ..Volume::new("master") }
        .refuses("the image holds PostgreSQL 16, the chart is set up for 15");
    let foreign = Volume::new("master");
    fs::create_dir(foreign.path("volume/pgdata")).expect("a folder");
    foreign.write("volume/pgdata/rows.csv", "1");
    foreign.refuses("holds files but no database");
}

#[test]
fn a_standby_starts_only_where_it_can_follow_the_master() {
    let on_two = "1\t0/500\tno recovery target specified";
    // On the master's timeline, behind it; on an earlier one, before the master left it.
    Volume::standby(1, "0/4FF", "7|1|0/500|", "").starts();
    Volume::standby(1, "1/0", "7|1|1/500|", "").starts();
    Volume::standby(1, "0/500", "7|2|0/900|", on_two).starts();
    let same = Volume::standby(2, "0/800", "7|2|0/900|", on_two);
    same.write("volume/pgdata/pg_wal/00000002.history", on_two);
    same.starts();

    Volume::standby(1, "0/1", "8|1|0/500|", "").refuses("a copy of another database");
    Volume::standby(2, "0/1", "7|1|0/500|", "").refuses("on timeline 2, the master on 1: it was promoted once");
    Volume::standby(1, "0/501", "7|1|0/500|", "").refuses("is at 0/501, past the 0/500");
    Volume::standby(1, "1/0", "7|1|0/FFFFFFFF|", "").refuses("is at 1/0, past the 0/FFFFFFFF");
    Volume::standby(1, "0/501", "7|2|0/900|", on_two).refuses("is at 0/501, past the 0/500");
    Volume::standby(2, "0/1", "7|3|0/900|", on_two)
        .refuses("on timeline 2, which is not in the past of the master's 3");
    let other = Volume::standby(2, "0/800", "7|2|0/900|", on_two);
    other.write("volume/pgdata/pg_wal/00000002.history", "1\t0/300\tno recovery target specified");
    other.refuses("on another timeline 2 than the master");
    Volume::new("slave").with_database("16", MASTER).refuses("a database that is not a standby: it was promoted");
}

#[test]
fn a_standby_without_its_master_starts_on_what_it_has() {
    let volume = Volume::standby(1, "0/4FF", "", "");
    volume.program("pg_isready", "exit 2");
    volume.starts();
    let empty = Volume::new("slave");
    empty.program("pg_isready", "exit 2");
    empty.refuses("alpha-database-master:5432 has not answered for 1 s");
}
