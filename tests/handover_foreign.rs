//! The handover of charts that are not ours (`fixtures/foreign`), against the API server in memory.

mod support;

use std::time::Duration;

use support::scenario::{Ran, Stage};
use vulas_native::{
    cluster::{DeleteOptions, Json},
    database::Server as Database,
    sandbox::{Config, Pace, Server},
};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/foreign");

/// A chart of another shape, installed as alpha.
struct Foreign {
    stage: Stage,
    server: Server,
    chart: String,
    /// Container, and database, of its servers.
    container: &'static str,
    database: &'static str,
    _folder: tempfile::TempDir,
}

impl Foreign {
    fn new(chart: &str, container: &'static str, database: &'static str, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let config = Config { pace: Pace::fast(), ..Config::default() };
        let server = runtime.block_on(Server::start(config)).unwrap();
        std::fs::write(&kubeconfig, server.kubeconfig()).unwrap();
        let mut stage = Stage::new(&kubeconfig, chart);
        stage.keep(runtime);
        let chart = format!("{FIXTURES}/{chart}");
        let mut install = vec!["install", "alpha", &chart, "-n", &stage.core, "--create-namespace"];
        install.extend(more);
        stage.run(&install).ended(0);
        let gate = format!("{FIXTURES}/gate");
        let serve = format!("serve.release=alpha,serve.namespace={}", stage.core);
        stage.run(&["install", "gate", &gate, "-n", &stage.admin, "--create-namespace", "--set", &serve]).ended(0);
        Self { stage, server, chart, container, database, _folder: folder }
    }

    fn ledger(more: &[&str]) -> Self {
        Self::new("ledger", "engine", "ledger", more)
    }

    fn tally(more: &[&str]) -> Self {
        Self::new("tally", "postgresql", "tally", more)
    }

    fn upgrade(&self, more: &[&str]) -> Ran {
        let (core, admin) = (&self.stage.core, &self.stage.admin);
        let mut arguments = vec!["upgrade", "--core-namespace", core, "--admin-namespace", admin];
        arguments.extend(["--current-release", "alpha", "--future-release", "beta", "--chart", &self.chart]);
        arguments.extend(more);
        self.stage.run(&arguments)
    }

    /// An upgrade that must be refused with these words before anything is written.
    #[track_caller]
    fn refuses(&self, more: &[&str], words: &[&str]) {
        let before = self.server.faults().writes() as usize;
        let mut ran = self.upgrade(more).ended(1).said("Nothing has been changed.");
        for word in words {
            ran = ran.said(word);
        }
        let log = self.server.faults().log();
        let written: Vec<_> = log.iter().filter(|request| request.writes).skip(before).collect();
        let harmless =
            |r: &&vulas_native::sandbox::Request| r.resource.contains("accessreviews") || r.verb == "connect";
        let harmful: Vec<_> = written.into_iter().filter(|request| !harmless(request)).collect();
        assert!(harmful.is_empty(), "{harmful:?}");
    }

    fn route(&self, release: &str, more: &[&str]) -> Ran {
        let (core, admin) = (&self.stage.core, &self.stage.admin);
        let mut arguments = vec!["route", "--core-namespace", core, "--core-release", release];
        arguments.extend(["--admin-namespace", admin, "--admin-release", "gate", "--release-value", "serve.release"]);
        arguments.extend(more);
        self.stage.run(&arguments)
    }

    fn retreat(&self, more: &[&str]) -> Ran {
        let (core, admin) = (&self.stage.core, &self.stage.admin);
        let mut arguments = vec!["retreat", "--core-namespace", core, "--admin-namespace", admin];
        arguments.extend(more);
        self.stage.run(&arguments)
    }

    fn try_sql(&self, pod: &str, sql: &str) -> Result<String, String> {
        let server = Database::new(&self.stage.cluster, &self.stage.core, pod, self.container);
        let answer = self.stage.runtime.block_on(server.run(self.database, sql));
        answer.map(|answer| answer.trim().to_owned()).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn sql(&self, pod: &str, sql: &str) -> String {
        self.try_sql(pod, sql).unwrap()
    }

    #[track_caller]
    fn count(&self, pod: &str) -> u64 {
        self.sql(pod, "SELECT count(*) FROM entry;").parse().unwrap()
    }

    fn spec(&self, statefulset: &str) -> Json {
        self.stage.get(&self.stage.namespaced("apps/v1", "StatefulSet", statefulset)).unwrap()["spec"].clone()
    }

    /// `rows` rows go to beta and stay in alpha; traffic goes there and back; all is taken back, and nothing is lost.
    #[track_caller]
    fn there_and_back(&self, [master, replica, beta]: [&str; 3], statefulset: &str, flags: &[&str]) {
        let rows = 20_000;
        self.sql(master, "CREATE TABLE entry (id bigint, note text);");
        self.sql(master, &format!("INSERT INTO entry SELECT g, 'row' FROM generate_series(1, {rows}) g;"));
        let before = self.spec(statefulset);

        self.upgrade(flags).ended(0).said("beta is up").said(replica);
        assert_eq!(self.count(beta), rows, "rows in beta");
        assert_eq!(self.sql(beta, "SELECT pg_is_in_recovery();"), "f");
        assert_eq!(self.count(master), rows, "rows in alpha");
        self.sql(beta, "INSERT INTO entry SELECT g, 'beta' FROM generate_series(1, 5) g;");
        self.sql(master, "INSERT INTO entry SELECT g, 'alpha' FROM generate_series(1, 12) g;");
        assert_eq!((self.count(master), self.count(beta)), (rows + 12, rows + 5));

        self.route("beta", &[]).ended(4).said("entry +12");
        self.route("beta", &["--accept-loss"]).ended(0).said("gate serves beta now (was alpha)");
        assert_eq!(self.stage.served(), ["beta-front"]);
        self.retreat(&["--accept-loss"]).ended(0).said("alpha is as it was");
        assert_eq!(self.stage.served(), ["alpha-front"]);
        assert_eq!(self.spec(statefulset), before);
        assert_eq!(self.count(master), rows + 12);
        self.sql(master, "INSERT INTO entry SELECT g, 'mark' FROM generate_series(1, 1) g;");
        assert_eq!(self.sql(replica, "SELECT pg_is_in_recovery();"), "t");
        self.stage.until("the replica to have the master's rows", Duration::from_secs(20), || {
            self.count(replica) == rows + 13
        });
        let beta_is = |what: &Json| what["metadata"]["name"].as_str().is_some_and(|name| name.contains("beta"));
        for kind in ["PersistentVolumeClaim", "Pod"] {
            let left = self.stage.runtime.block_on(self.stage.cluster.list("v1", kind, Some(&self.stage.core), None));
            assert!(!left.unwrap().iter().any(beta_is), "{kind} of beta is left");
        }
    }
}

const LEDGER: [&str; 4] = ["--claim-value", "storage.adopt", "--credentials-value", "account.secret"];
const TALLY: [&str; 4] = [
    "--claim-value",
    "postgresql.primary.persistence.existingClaim",
    "--credentials-value",
    "postgresql.auth.existingSecret",
];

#[test]
fn one_statefulset_of_master_and_replicas_goes_there_and_back() {
    let foreign = Foreign::ledger(&[]);
    foreign.there_and_back(["alpha-ledger-0", "alpha-ledger-2", "beta-ledger-0"], "alpha-ledger", &LEDGER);
}

#[test]
fn a_database_of_a_subchart_goes_there_and_back() {
    let foreign = Foreign::tally(&[]);
    let pods = ["alpha-postgresql-primary-0", "alpha-postgresql-read-1", "beta-postgresql-primary-0"];
    foreign.there_and_back(pods, "alpha-postgresql-read", &TALLY);
}

#[test]
fn the_only_replica_is_taken_when_that_is_agreed_to() {
    let foreign = Foreign::ledger(&["--set", "engine.nodes=2"]);
    foreign.refuses(&LEDGER, &["alpha has 1 replica, pod/alpha-ledger-1", "--take-only-replica"]);
    let flags = [&LEDGER[..], &["--take-only-replica"]].concat();
    foreign.there_and_back(["alpha-ledger-0", "alpha-ledger-1", "beta-ledger-0"], "alpha-ledger", &flags);
}

#[test]
fn a_container_or_statefulset_that_is_not_there_is_named() {
    let foreign = Foreign::tally(&[]);
    foreign.refuses(
        &["--slave-statefulset", "alpha-database-slave"],
        &["no statefulset/alpha-database-slave", "alpha-postgresql-primary, alpha-postgresql-read, alpha-web"],
    );
    foreign.refuses(
        &["--database-container", "db"],
        &["no StatefulSet with a PostgreSQL container", "--database-container"],
    );
    let flags = [&TALLY[..], &["--slave-statefulset", "alpha-postgresql-primary"]].concat();
    foreign.refuses(&flags, &["no replica"]);
}

#[test]
fn roles_and_passwords_that_do_not_fit_are_named_with_the_flag() {
    let foreign = Foreign::ledger(&[]);
    let flags = |more: &[&'static str]| [&LEDGER[..], more].concat();
    foreign.refuses(&flags(&["--database-user", "postgres"]), &["role \"postgres\" does not exist", "--database-user"]);
    foreign.sql("alpha-ledger-0", "CREATE ROLE clerk LOGIN PASSWORD 'sesame';");
    foreign.sql("alpha-ledger-0", "CREATE ROLE boss LOGIN SUPERUSER PASSWORD 'sesame';");
    let wrong = flags(&["--database-user", "boss"]);
    foreign.refuses(&wrong, &["password authentication failed for user \"boss\"", "--database-password-secret"]);
    let password = |key: &str| {
        let data = serde_json::json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "keys", "namespace": foreign.stage.core}, "stringData": {key: "sesame"}});
        let options = vulas_native::cluster::ApplyOptions::new("test");
        foreign.stage.runtime.block_on(foreign.stage.cluster.apply(&data, &options)).unwrap();
    };
    password("boss");
    foreign.refuses(&flags(&["--database-user", "boss", "--database-password-secret", "keys/none"]), &["no key none"]);
    let clerk = flags(&["--database-user", "clerk", "--database-password-secret", "keys/boss"]);
    foreign.refuses(&clerk, &["role clerk, which is no superuser"]);
    let boss = flags(&["--database-user", "boss", "--database-password-secret", "keys/boss"]);
    foreign.there_and_back(["alpha-ledger-0", "alpha-ledger-2", "beta-ledger-0"], "alpha-ledger", &boss);
}

#[test]
fn what_a_copy_would_lack_is_said_before() {
    let foreign = Foreign::tally(&[]);
    let master = "alpha-postgresql-primary-0";
    foreign.sql(master, "CREATE TABLESPACE fast LOCATION '/ssd/fast';");
    std::thread::sleep(Duration::from_millis(200));
    foreign.refuses(&TALLY, &["tablespace fast of pod/alpha-postgresql-read-1 lies at /ssd/fast"]);
}

#[test]
fn a_version_that_does_not_know_what_it_is_asked_is_refused() {
    let foreign = Foreign::tally(&["--set-string", "postgresql.image.tag=9.6.24"]);
    foreign.refuses(&TALLY, &["alpha runs PostgreSQL 9", "which can't be handed over", "bring it to 11 or later"]);
}

#[test]
fn what_postgresql_17_brought_is_asked_about() {
    let foreign = Foreign::tally(&["--set-string", "postgresql.image.tag=17.6.0"]);
    let (master, replica) = ("alpha-postgresql-primary-0", "alpha-postgresql-read-1");
    foreign.sql(master, "SELECT pg_create_physical_replication_slot('read_1', true);");
    foreign.sql(replica, "ALTER SYSTEM SET primary_slot_name = read_1;");
    foreign.sql(master, "ALTER SYSTEM SET synchronized_standby_slots = 'read_0, read_1';");
    foreign.sql(master, "ALTER SYSTEM SET allow_alter_system = off;");
    let fenced = [&TALLY[..], &["--fence", "read-only"]].concat();
    foreign.refuses(
        &fenced,
        &["waits for slot read_1 of pod/alpha-postgresql-read-1", "takes no ALTER SYSTEM", "--fence=scale"],
    );
    foreign.sql(master, "ALTER SYSTEM RESET synchronized_standby_slots;");
    foreign.upgrade(&TALLY).ended(0);
}

#[test]
fn slots_unlogged_tables_and_archives_are_dealt_with() {
    let foreign = Foreign::tally(&[]);
    let (master, replica) = ("alpha-postgresql-primary-0", "alpha-postgresql-read-1");
    foreign.sql(master, "CREATE UNLOGGED TABLE cache (id bigint);");
    foreign.sql(master, "ALTER SYSTEM SET archive_mode = on;");
    foreign.sql(master, "ALTER SYSTEM SET archive_command = 'cp %p /archive/hidden';");
    foreign.sql(master, "SELECT pg_create_physical_replication_slot('read_1', true);");
    foreign.sql(replica, "ALTER SYSTEM SET primary_slot_name = read_1;");
    let has_slot = "SELECT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = 'read_1');";
    let ran = foreign
        .upgrade(&TALLY)
        .ended(0)
        .said("unlogged tables are empty in beta")
        .said("public.cache")
        .said("archive_mode");
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("hidden"));
    assert_eq!(foreign.sql(master, has_slot), "f");
    foreign.retreat(&[]).ended(0);
}

#[test]
fn the_values_are_found_by_rendering() {
    let foreign = Foreign::tally(&[]);
    let pods = ["alpha-postgresql-primary-0", "alpha-postgresql-read-1", "beta-postgresql-primary-0"];
    foreign.there_and_back(pods, "alpha-postgresql-read", &[]);
    // And where no name tells.
    let foreign = Foreign::ledger(&[]);
    foreign.there_and_back(["alpha-ledger-0", "alpha-ledger-2", "beta-ledger-0"], "alpha-ledger", &[]);
}

#[test]
fn what_would_start_a_new_database_is_refused() {
    let foreign = Foreign::tally(&[]);
    foreign.refuses(
        &["--claim-value", "postgresql.primary.persistence.existing"],
        &["mounts persistentvolumeclaim/data-alpha-postgresql-read-1", "--claim-value"],
    );
    foreign.refuses(
        &[&TALLY[..2], &["--credentials-value", ""]].concat(),
        &["another POSTGRES_PASSWORD", "--credentials-value"],
    );
    foreign.refuses(&["--set", "postgresql.image.tag=17.2.0"], &["PostgreSQL 16", "another major version"]);
}

#[test]
fn a_secret_that_beta_goes_on_with_outlives_alpha() {
    let outlives = |foreign: &Foreign, flags: &[&str], secret: &str, pod: &str| {
        foreign.upgrade(flags).ended(0);
        foreign.sql(pod, "CREATE TABLE entry (id bigint, note text);");
        foreign.route("beta", &[]).ended(0);
        let kept = format!("secret/{secret} was kept");
        foreign.stage.run(&["finish", "--core-namespace", &foreign.stage.core]).ended(0).said(&kept);
        // What starts anew needs it.
        let object = foreign.stage.namespaced("v1", "Pod", pod);
        let uid = |pod: Option<Json>| pod.map(|pod| pod["metadata"]["uid"].clone());
        let before = uid(foreign.stage.get(&object));
        foreign.stage.runtime.block_on(foreign.stage.cluster.delete(&object, &DeleteOptions::default())).unwrap();
        foreign.stage.until("the pod to start anew", Duration::from_secs(20), || {
            let now = uid(foreign.stage.get(&object));
            now.is_some() && now != before && foreign.try_sql(pod, "SELECT count(*) FROM entry;").is_ok()
        });
    };
    outlives(&Foreign::ledger(&[]), &LEDGER, "alpha-ledger-account", "beta-ledger-0");
    outlives(&Foreign::tally(&[]), &TALLY, "alpha-postgresql", "beta-postgresql-primary-0");
}

#[test]
fn a_value_with_a_dot_in_its_name_is_routed_by_and_taken_back() {
    let foreign = Foreign::ledger(&[]);
    foreign.upgrade(&LEDGER).ended(0);
    let (core, admin) = (&foreign.stage.core, &foreign.stage.admin);
    let route = ["route", "--core-namespace", core, "--admin-namespace", admin, "--admin-release", "gate"];
    let to = |release: &str| {
        foreign.stage.run(&[&route[..], &["--release-value", r"served\.by", "--core-release", release]].concat())
    };
    to("alpha").ended(0);
    // What can be pasted keeps its backslash.
    to("beta").ended(0).said("gate serves beta now (was alpha)").said(r"--release-value 'served\.by'");
    assert_eq!(foreign.stage.served(), ["beta-front"]);
    foreign.retreat(&[]).ended(0);
    assert_eq!(foreign.stage.served(), ["alpha-front"]);
}
