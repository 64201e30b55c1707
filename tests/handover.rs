//! The handover against the API server in memory, with its PostgreSQL servers.

mod support;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use support::scenario::{NEW_SCHEMA, Stage, there_and_back};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use vulas_native::{
    cluster::{Error as ClusterError, Silent, Write, WriteHook},
    handover::{self, Fence, Given, Journal, RetreatOptions, State, UpgradeOptions},
    sandbox::{Config, Deny, Pace, Server},
};

/// A sandbox, and a stage on it.
struct Sandbox {
    stage: Stage,
    server: Option<Server>,
    _folder: tempfile::TempDir,
}

impl Sandbox {
    fn new(config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig: PathBuf = folder.path().join("kubeconfig");
        // The server lives in a runtime of its own, the stage's; it must be there before the stage connects.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let server = runtime.block_on(Server::start(config)).unwrap();
        std::fs::write(&kubeconfig, server.kubeconfig()).unwrap();
        let mut stage = Stage::new(&kubeconfig, "vulas");
        stage.keep(runtime);
        Self { stage, server: Some(server), _folder: folder }
    }

    fn fast() -> Self {
        Self::new(Config { pace: Pace::fast(), ..Config::default() })
    }

    /// With alpha and admin.
    fn installed() -> Self {
        let sandbox = Self::fast();
        sandbox.stage.install();
        sandbox
    }

    fn writes(&self) -> u64 {
        self.server.as_ref().unwrap().faults().writes()
    }

    /// An upgrade that must be refused with these words before anything is written.
    #[track_caller]
    fn refuses(&self, more: &[&str], words: &[&str]) {
        let before = self.writes();
        let mut ran = self.stage.upgrade(more).ended(1).said("Nothing has been changed.");
        for word in words {
            ran = ran.said(word);
        }
        // Access reviews are created, and so count; nothing else may be written.
        let log = self.server.as_ref().unwrap().faults().log();
        let written: Vec<_> = log.iter().filter(|r| r.writes).skip(before as usize).collect();
        let harmless =
            |r: &&&vulas_native::sandbox::Request| r.resource.contains("accessreviews") || r.verb == "connect";
        let harmful: Vec<_> = written.iter().filter(|r| !harmless(r)).collect();
        assert!(harmful.is_empty(), "{harmful:?}");
    }

    fn options(&self) -> UpgradeOptions {
        UpgradeOptions {
            namespace: self.stage.core.clone(),
            admin_namespace: Some(self.stage.admin.clone()),
            alpha: "alpha".into(),
            beta: "beta".into(),
            chart: "core".into(),
            values: serde_json::json!({"restbackend": {"schemaVersion": NEW_SCHEMA}}),
            reset_values: false,
            claim_value: "database.postgres.master.existingClaims".into(),
            credentials_value: "global.database.copyCredentialsFrom".into(),
            replicas_value: None,
            given: Given::default(),
            fence: Fence::None,
            check_sql: None,
            timeout: Duration::from_secs(60),
            holder: "test".into(),
            stop: CancellationToken::new(),
        }
    }

    fn retreat_options(&self) -> RetreatOptions {
        RetreatOptions {
            namespace: self.stage.core.clone(),
            admin_namespace: Some(self.stage.admin.clone()),
            admin_release: None,
            release_value: handover::RELEASE_VALUE.into(),
            admin_chart: "admin".into(),
            accept_loss: true,
            timeout: None,
            holder: "test".into(),
            stop: CancellationToken::new(),
        }
    }
}

#[test]
fn there_and_back_again() {
    let sandbox = Sandbox::installed();
    there_and_back(&sandbox.stage, 200_000);
}

#[test]
fn a_release_is_finished() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    stage.upgrade(&[]).ended(0);
    stage.run(&["finish", "--core-namespace", &stage.core]).ended(4).said("the traffic still goes to alpha");
    stage.route("beta", &[]).ended(0);
    stage
        .run(&["finish", "--core-namespace", &stage.core])
        .ended(0)
        .said("alpha is retired")
        .said("data-alpha-database-master-0");
    stage.status().ended(0).said("finished");
    assert_eq!(stage.sql("beta-database-master-0", "SELECT pg_is_in_recovery();"), "f");
}

#[test]
fn the_old_way_back_works_as_well() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    stage.upgrade(&[]).ended(0);
    stage.route("beta", &[]).ended(0);
    stage.run(&["rollback", &stage.admin_release, "-n", &stage.admin]).ended(0);
    assert!(stage.served().iter().all(|service| service.starts_with("alpha-")), "{:?}", stage.served());
    stage.run(&["uninstall", "beta", "-n", &stage.core]).ended(0);
    stage.retreat(&["--accept-loss"]).ended(0);
    assert_eq!(stage.sql("alpha-database-slave-1", "SELECT pg_is_in_recovery();"), "t");
}

#[test]
fn unknown_releases_are_refused() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    let core = format!("--core-namespace={}", stage.core);
    stage
        .run(&["upgrade", &core, "--current-release=gamma", "--future-release=beta"])
        .ended(1)
        .said("release gamma is not deployed")
        .said("there are: alpha")
        .said("Nothing has been changed.");
    stage.route("gamma", &[]).ended(1).said("release gamma is not deployed").said("Nothing has been changed.");
    stage
        .run(&["upgrade", &core, "--current-release=alpha", "--future-release=alpha"])
        .ended(1)
        .said("both named alpha");
    stage.run(&["upgrade", &core, "--current-release=alpha"]).ended(2).said("--future-release is missing");
    stage.retreat(&[]).ended(1).said("there is no handover");
    stage.run(&["upgrade", "--resume", &core]).ended(1).said("there is no handover");
}

#[test]
fn a_beta_that_exists_is_refused() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    stage.run(&["install", "beta", "core", "-n", &stage.core]).ended(0);
    sandbox.refuses(&[], &["release beta exists", "vulas-native uninstall beta"]);
}

#[test]
fn a_single_replica_is_refused() {
    let sandbox = Sandbox::fast();
    let stage = &sandbox.stage;
    stage.install_with(&["--set", "database.postgres.slave.replicas=1"]);
    sandbox.refuses(&[], &["has 1 replica"]);
}

#[test]
fn a_chart_that_does_not_render_is_refused() {
    let sandbox = Sandbox::installed();
    sandbox.refuses(&["--set", "database.postgres.image.tag=9.6"], &["chart core", "PostgreSQL 11 to 17"]);
    sandbox.refuses(&["--chart", "/does/not/exist"], &["/does/not/exist"]);
    sandbox.refuses(
        &["--claim-value", "restbackend.env.CLAIM"],
        &["mounts persistentvolumeclaim/data-alpha-database-slave-1", "--claim-value"],
    );
    sandbox.refuses(&["--set", "database.postgres.image.tag=15"], &["PostgreSQL 16", "another major version"]);
}

#[test]
fn claims_of_an_earlier_beta_are_refused() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    stage.run(&["install", "beta", "core", "-n", &stage.core]).ended(0);
    stage.run(&["uninstall", "beta", "-n", &stage.core]).ended(0);
    sandbox.refuses(
        &[],
        &["persistentvolumeclaim/data-beta-database-slave-0 is left", "kubectl -n vulas-core delete pvc"],
    );
}

#[test]
fn missing_permissions_are_named_all_at_once() {
    let deny = vec![Deny::new("patch", "apps", "statefulsets"), Deny::new("create", "batch", "jobs")];
    let allowed = Sandbox::installed();
    // The same cluster can't change its mind: what is refused here is what a second user may not do.
    let denied = Sandbox::new(Config { pace: Pace::fast(), deny, ..Config::default() });
    denied
        .stage
        .upgrade(&[])
        .ended(1)
        .said("no permission to patch statefulsets.apps")
        .said("no permission to create jobs.batch")
        .said("Nothing has been changed.");
    drop(allowed);
}

/// Tells when the journal was written for the n-th time.
struct Count {
    seen: AtomicUsize,
    wanted: usize,
    reached: Arc<Notify>,
}

impl WriteHook for Count {
    fn before(&self, _: &Write) -> Result<(), ClusterError> {
        Ok(())
    }

    fn after(&self, write: &Write) -> Result<(), ClusterError> {
        if write.path.ends_with(handover::JOURNAL_NAME) && self.seen.fetch_add(1, Ordering::SeqCst) + 1 == self.wanted {
            self.reached.notify_one();
        }
        Ok(())
    }
}

/// Runs an upgrade that is killed when it has written its journal `wanted` times. `false`: it ended before.
fn killed_after(sandbox: &Sandbox, wanted: usize) -> bool {
    let reached = Arc::new(Notify::new());
    let hook = Arc::new(Count { seen: AtomicUsize::new(0), wanted, reached: reached.clone() });
    let cluster = sandbox.stage.cluster.with_hook(hook);
    let options = sandbox.options();
    sandbox.stage.runtime.block_on(async {
        tokio::select! {
            biased;
            () = reached.notified() => true,
            result = handover::upgrade(&cluster, &Silent, &options) => {
                result.unwrap();
                false
            }
        }
    })
}

#[test]
fn a_run_killed_at_any_step_is_resumed_or_taken_back() {
    for wanted in 1.. {
        let sandbox = Sandbox::installed();
        let stage = &sandbox.stage;
        let alpha = "alpha-database-master-0";
        stage.sql(alpha, "CREATE TABLE visit (id bigint, note text);");
        stage.sql(alpha, "INSERT INTO visit SELECT g, 'row' FROM generate_series(1, 1000) g;");
        if !killed_after(&sandbox, wanted) {
            println!("the journal is written {} times", wanted - 1);
            assert!(wanted > 12, "the journal was written only {} times", wanted - 1);
            break;
        }
        let journal = stage.runtime.block_on(Journal::load(&stage.cluster, &stage.core)).unwrap().unwrap();
        println!("killed after writing the journal {wanted} times: next is {:?}", journal.next());
        // Alpha serves, whatever happened.
        assert_eq!(stage.count(alpha, "visit"), 1000);
        let resumes = wanted % 2 == 0 && journal.state == State::Upgrading;
        if resumes {
            let stop = CancellationToken::new();
            let resumed = handover::resume(&stage.cluster, &Silent, &stage.core, "test", stop);
            assert_eq!(stage.runtime.block_on(resumed).unwrap().state, State::Up);
            assert_eq!(stage.count("beta-database-master-0", "visit"), 1000);
        }
        let options = sandbox.retreat_options();
        let taken_back = handover::retreat(&stage.cluster, &Silent, &options);
        let journal = stage.runtime.block_on(taken_back).unwrap();
        assert_eq!(journal.state, State::Retreated);
        stage.replica_follows("visit");
        assert!(!stage.runtime.block_on(Journal::load(&stage.cluster, &stage.core)).unwrap().unwrap().taken);
    }
}

#[test]
fn a_failing_step_is_taken_back() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    stage.sql("alpha-database-master-0", "CREATE TABLE visit (id bigint, note text);");
    // The image can be named, but not pulled: beta never becomes ready.
    let missing = ["--set", "restbackend.image.tag=does-not-exist", "--timeout", "5s"];
    stage.upgrade(&missing).ended(1).said("step 6 of 8 (install) failed").said("Everything was put back");
    stage.status().ended(0).said("taken back");
    stage.replica_follows("visit");
    // And it can be tried again.
    stage.upgrade(&[]).ended(0);
}

#[test]
fn a_fence_keeps_alpha_from_writing_until_it_is_lifted() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    let alpha = "alpha-database-master-0";
    stage.sql(alpha, "CREATE TABLE visit (id bigint, note text);");
    stage.upgrade(&["--fence", "read-only"]).ended(0).said("may only read");
    stage.route("beta", &[]).ended(0);
    stage.retreat(&[]).ended(0).said("alpha is as it was");
    stage.sql(alpha, "INSERT INTO visit SELECT g, 'row' FROM generate_series(1, 3) g;");
    stage.replica_follows("visit");
}
