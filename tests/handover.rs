//! The handover against the API server in memory, with its PostgreSQL servers.

#[path = "handover/allowed.rs"]
mod allowed;
#[path = "handover/busy.rs"]
mod busy;
#[path = "handover/credentials.rs"]
mod credentials;
#[path = "handover/fence.rs"]
mod fence;
#[path = "handover/foreign.rs"]
mod foreign;
#[path = "handover/guards.rs"]
mod guards;
#[path = "handover/journal.rs"]
mod journal;
#[path = "handover/killed.rs"]
mod killed;
#[path = "handover/lease.rs"]
mod lease;
#[path = "handover/meanwhile.rs"]
mod meanwhile;
#[path = "handover/midway.rs"]
mod midway;
#[path = "handover/promotion.rs"]
mod promotion;
#[path = "handover/protection.rs"]
mod protection;
#[path = "handover/races.rs"]
mod races;
#[path = "handover/record.rs"]
mod record;
#[path = "handover/silence.rs"]
mod silence;
#[path = "handover/source.rs"]
mod source;
#[path = "handover/status.rs"]
mod status;
#[path = "handover/stopping.rs"]
mod stopping;
mod support;
#[path = "handover/takeover.rs"]
mod takeover;

use std::{path::PathBuf, time::Duration};

use support::scenario::{NEW_SCHEMA, Stage, there_and_back};
use tokio_util::sync::CancellationToken;
use vulas_native::{
    action::Releases,
    cluster::{DeleteOptions, ObjectRef, Patch, Silent, Write},
    handover::{self, Fence, Given, Journal, RetreatOptions, State, UpgradeOptions},
    release::Status,
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

    /// With nothing but alpha's database.
    fn small() -> Self {
        let mut sandbox = Self::fast();
        let values = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/values/database-only.yaml");
        sandbox.stage.core_values.push(values.into());
        sandbox.stage.install_alpha(&[]);
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
            claim_value: None,
            credentials_value: None,
            replicas_value: None,
            given: Given::default(),
            take_only_replica: false,
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
            release_value: None,
            admin_chart: None,
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
    // What was gone over to is what the next upgrade leaves.
    let core = format!("--core-namespace={}", stage.core);
    stage.run(&["upgrade", &core, "--current-release=beta", "--future-release=gamma"]).ended(0).said("gamma is up");
    assert_eq!(stage.sql("gamma-database-master-0", "SELECT pg_is_in_recovery();"), "f");
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
    sandbox.refuses(&["--set", "database.postgres.image.tag=9.6"], &["chart core", "PostgreSQL 11 to 18"]);
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
    let deny = vec![
        Deny::new("patch", "apps", "statefulsets"),
        Deny::new("create", "batch", "jobs"),
        // Wanted only on the way back, or only after a while.
        Deny::new("update", "coordination.k8s.io", "leases"),
        Deny::new("update", "", "secrets"),
        // Without it not even the releases can be seen.
        Deny::new("list", "", "secrets"),
    ];
    let allowed = Sandbox::installed();
    // The same cluster can't change its mind: what is refused here is what a second user may not do.
    let denied = Sandbox::new(Config { pace: Pace::fast(), deny, ..Config::default() });
    denied
        .stage
        .upgrade(&[])
        .ended(1)
        .said("no permission to patch statefulsets.apps")
        .said("no permission to create jobs.batch")
        .said("no permission to update leases.coordination.k8s.io")
        .said("no permission to update secrets")
        .said("no permission to list secrets")
        .said("Nothing has been changed.");
    drop(allowed);
}

fn is_journal(write: &Write) -> bool {
    write.path.ends_with(handover::JOURNAL_NAME) && !write.path.contains("/leases/")
}

/// All else that is written, but the Lease, and beta's own objects (those are the business of an installation).
fn is_alphas(write: &Write) -> bool {
    let own = write.path.rsplit('/').next().is_some_and(|name| name.contains("beta") && !name.contains("promote"));
    let asks = write.dry_run || write.verb == "exec" || write.path.contains("accessreviews");
    !(asks || own || is_journal(write) || write.path.contains("/leases"))
}

/// One upgrade, killed when it has written what `counts` `wanted` times, then resumed or taken back. `false`: it ended
/// before.
fn killed_then_mended(counts: fn(&Write) -> bool, wanted: usize) -> bool {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    let alpha = "alpha-database-master-0";
    stage.sql(alpha, "CREATE TABLE visit (id bigint, note text);");
    stage.sql(alpha, "INSERT INTO visit SELECT g, 'row' FROM generate_series(1, 1000) g;");
    let (slaves, values) = (stage.slaves(), stage.values_of_alpha());
    if !sandbox.killed_at(wanted, counts) {
        return false;
    }
    let load = || stage.runtime.block_on(Journal::load(&stage.cluster, &stage.core)).unwrap().unwrap();
    let journal = load();
    println!("killed after {wanted} writes: next is {:?}", journal.next());
    // Alpha serves, whatever happened.
    assert_eq!(stage.count(alpha, "visit"), 1000);
    if wanted.is_multiple_of(2) && journal.state == State::Upgrading {
        let stop = CancellationToken::new();
        let resumed = handover::resume(&stage.cluster, &Silent, &stage.core, "test", stop);
        assert_eq!(stage.runtime.block_on(resumed).unwrap().state, State::Up);
        assert_eq!(stage.count("beta-database-master-0", "visit"), 1000);
    }
    let options = sandbox.retreat_options();
    let taken_back = handover::retreat(&stage.cluster, &Silent, &options);
    assert_eq!(stage.runtime.block_on(taken_back).unwrap().state, State::Retreated);
    stage.replica_follows("visit");
    assert!(!load().taken);
    // Its number of replicas too, in the cluster and in its record, and nobody holds it.
    assert_eq!((stage.slaves(), stage.values_of_alpha()), (slaves, values));
    let history = stage
        .runtime
        .block_on(async { Releases::of(&stage.cluster, &stage.core).history("alpha", &Silent).await.unwrap() });
    assert_eq!(history.all_deployed().count(), 1);
    true
}

/// Kills an upgrade at every write that counts; returns how many there were.
fn killed_at_every(counts: fn(&Write) -> bool) -> usize {
    const LANES: usize = 4;
    let most = std::thread::scope(|scope| {
        let lane = |first: usize| {
            (first..).step_by(LANES).find(|wanted| !killed_then_mended(counts, *wanted)).unwrap_or_default()
        };
        let lanes: Vec<_> = (1..=LANES).map(|first| scope.spawn(move || lane(first))).collect();
        lanes.into_iter().map(|lane| lane.join().unwrap()).min().unwrap()
    });
    most - 1
}

#[test]
fn a_run_killed_at_any_step_is_resumed_or_taken_back() {
    let written = killed_at_every(is_journal);
    assert!(written > 11, "the journal was written only {written} times");
}

#[test]
fn a_run_killed_between_a_write_and_the_journal_is_resumed_or_taken_back() {
    let written = killed_at_every(is_alphas);
    assert!(written > 6, "there were only {written} writes");
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

#[test]
fn a_history_without_a_deployed_revision_does_not_cost_a_replica() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    stage.sql("alpha-database-master-0", "CREATE TABLE visit (id bigint, note text);");
    stage.upgrade(&[]).ended(0);
    // A rollback that failed halfway leaves this.
    stage.runtime.block_on(async {
        let records = Releases::of(&stage.cluster, &stage.core);
        let history = records.history("alpha", &Silent).await.unwrap();
        let mut last = history.deployed().unwrap().clone();
        last.set_status(Status::Superseded, "superseded");
        records.update(&last).await.unwrap();
        last.version += 1;
        last.config = serde_json::json!({});
        last.set_status(Status::Failed, "Rollback failed");
        records.create(&last).await.unwrap();
    });
    stage.retreat(&[]).ended(0);
    stage.replica_follows("visit");
    let slaves = stage.get(&stage.namespaced("apps/v1", "StatefulSet", "alpha-database-slave")).unwrap();
    assert_eq!(slaves["spec"]["replicas"], 2);
}

#[test]
fn writers_are_scaled_to_zero_and_back() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    let replicas = || {
        let deployments =
            stage.runtime.block_on(stage.cluster.list("apps/v1", "Deployment", Some(&stage.core), None)).unwrap();
        let alphas = deployments.iter().filter(|d| d["metadata"]["name"].as_str().unwrap().starts_with("alpha-"));
        let mut all: Vec<_> =
            alphas.map(|d| (d["metadata"]["name"].clone().to_string(), d["spec"]["replicas"].as_u64())).collect();
        all.sort();
        all
    };
    let before = replicas();
    stage.upgrade(&["--fence", "scale"]).ended(0).said("scaled to zero: deployment/alpha-");
    assert!(replicas().iter().any(|(_, n)| *n == Some(0)));
    stage.retreat(&[]).ended(0);
    assert_eq!(replicas(), before);
}

#[test]
fn a_replica_that_does_not_follow_is_refused() {
    let sandbox = Sandbox::installed();
    sandbox.stage.sql("alpha-database-slave-1", "SELECT pg_wal_replay_pause();");
    sandbox.refuses(&[], &["pod/alpha-database-slave-1", "replay paused", "pg_wal_replay_resume()"]);
}

#[test]
fn a_claim_that_is_not_bound_is_refused() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    let claim = stage.namespaced("v1", "PersistentVolumeClaim", "data-alpha-database-slave-1");
    // Its volume is taken away for good, past what protects it.
    let volume = stage.get(&claim).unwrap()["spec"]["volumeName"].as_str().unwrap().to_owned();
    let volume = ObjectRef::cluster_wide("v1", "PersistentVolume", &volume);
    let unprotected = Patch::Merge(serde_json::json!({"metadata": {"finalizers": null}}));
    stage.runtime.block_on(async {
        stage.cluster.patch(&volume, &unprotected, None, "test").await.unwrap();
        stage.cluster.delete(&volume, &DeleteOptions::default()).await.unwrap();
    });
    let phase = || stage.get(&claim).unwrap()["status"]["phase"].clone();
    stage.until("the claim to be lost", Duration::from_secs(10), || phase() == "Lost");
    sandbox.refuses(&[], &["persistentvolumeclaim/data-alpha-database-slave-1 is not Bound but Lost"]);
}

#[test]
fn the_users_own_check_must_agree() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    stage.sql("alpha-database-master-0", "CREATE TABLE visit (id bigint, note text);");
    stage.sql("alpha-database-master-0", "INSERT INTO visit SELECT g, 'row' FROM generate_series(1, 7) g;");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, sql: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, sql).unwrap();
        path.display().to_string()
    };
    // The schema change adds a row to this one.
    let differs = file("differs.sql", "SELECT count(*) FROM schema_version;\n");
    stage
        .upgrade(&["--check-sql", &differs])
        .ended(1)
        .said("your check gives another answer on beta")
        .said("Everything was put back");
    let agrees = file("agrees.sql", "SELECT count(*) FROM visit;\n");
    stage.upgrade(&["--check-sql", &agrees]).ended(0).said("your check agrees");
    stage.upgrade(&["--check-sql", "/does/not/exist.sql"]).ended(1).said("/does/not/exist.sql");
}

#[test]
fn an_interrupted_upgrade_takes_itself_back() {
    let sandbox = Sandbox::installed();
    let stage = &sandbox.stage;
    stage.sql("alpha-database-master-0", "CREATE TABLE visit (id bigint, note text);");
    for words in ["3 fork", "4 detach", "5 promote"] {
        let ran = stage.interrupted(words).ended(1);
        ran.said("interrupted").said("Everything was put back");
        stage.replica_follows("visit");
    }
}

#[test]
fn alpha_can_be_changed_in_place_beside_beta() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    stage.sql("alpha-database-master-0", "CREATE TABLE visit (id bigint, note text);");
    stage.upgrade(&[]).ended(0);
    let upgrade =
        |more: &[&str]| stage.run(&[&["upgrade", "alpha", "core", "-n", &stage.core, "--reuse-values"], more].concat());
    let replicas = || {
        stage.get(&stage.namespaced("apps/v1", "StatefulSet", "alpha-database-slave")).unwrap()["spec"]["replicas"]
            .clone()
    };
    upgrade(&[]).ended(0);
    assert_eq!(replicas(), 1);
    // What would bring the replica back onto beta's volume is left as it is.
    upgrade(&["--set", "database.postgres.slave.replicas=2"])
        .ended(0)
        .said("stays as the handover of its database has it");
    assert_eq!(replicas(), 1);
    stage.retreat(&[]).ended(0);
    stage.replica_follows("visit");
    assert_eq!(replicas(), 2);
    upgrade(&["--set", "database.postgres.slave.replicas=3"]).ended(0);
    assert_eq!(replicas(), 3);
}
