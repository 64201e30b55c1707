//! What `route`, `retreat` and `finish` refuse, and what they ask for, so that no row is left behind unsaid.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio_util::sync::CancellationToken;
use vulas_native::{
    cluster::{Cluster, ConnectOptions, Error as ClusterError, Patch, Silent, Write, WriteHook},
    database::Server as Database,
    handover::{self, FinishOptions, Journal, RouteOptions, State},
};

use super::{Config, Pace, Sandbox, Stage, killed::killed_at};

const ALPHA: &str = "alpha-database-master-0";
const BETA: &str = "beta-database-master-0";
const ROWS: &str = "INSERT INTO visit SELECT g, 'row' FROM generate_series(1, 5) g;";

/// Alpha with a table, and beta up beside it.
fn upgraded() -> Sandbox {
    let sandbox = Sandbox::installed();
    sandbox.stage.sql(ALPHA, "CREATE TABLE visit (id bigint, note text);");
    sandbox.stage.upgrade(&[]).ended(0);
    sandbox
}

impl Stage {
    #[track_caller]
    fn serves(&self, release: &str) {
        let served = self.served();
        assert!(served.iter().all(|service| service.starts_with(&format!("{release}-"))), "{served:?}");
    }

    fn finish(&self, more: &[&str]) -> super::support::scenario::Ran {
        self.run(&[&["finish", "--core-namespace", &self.core], more].concat())
    }

    fn journal(&self) -> Journal {
        self.runtime.block_on(Journal::load(&self.cluster, &self.core)).unwrap().unwrap()
    }

    fn route_options(&self, release: &str) -> RouteOptions {
        RouteOptions {
            namespace: self.core.clone(),
            release: release.into(),
            admin_namespace: self.admin.clone(),
            admin_release: self.admin_release.clone(),
            release_value: handover::RELEASE_VALUE.into(),
            admin_chart: "admin".into(),
            accept_loss: false,
            force: false,
            timeout: Duration::from_secs(60),
            holder: "test".into(),
        }
    }

    fn finish_options(&self) -> FinishOptions {
        let (namespace, holder) = (self.core.clone(), "test".into());
        FinishOptions { namespace, force: false, timeout: None, holder, stop: CancellationToken::new() }
    }
}

/// Writes rows to a server as soon as a release of the admin namespace has a new revision: while the traffic is moved.
struct WritesMeanwhile {
    kubeconfig: PathBuf,
    core: String,
    admin: String,
    pod: &'static str,
    done: AtomicUsize,
}

impl WritesMeanwhile {
    fn to(stage: &Stage, pod: &'static str) -> Arc<Self> {
        let (kubeconfig, core, admin) = (stage.kubeconfig.clone(), stage.core.clone(), stage.admin.clone());
        Arc::new(Self { kubeconfig, core, admin, pod, done: AtomicUsize::new(0) })
    }
}

impl WriteHook for WritesMeanwhile {
    fn before(&self, write: &Write) -> Result<(), ClusterError> {
        let record = format!("/namespaces/{}/secrets", self.admin);
        if write.dry_run || !write.path.contains(&record) || self.done.fetch_add(1, Ordering::SeqCst) > 0 {
            return Ok(());
        }
        let (kubeconfig, core, pod) = (self.kubeconfig.clone(), self.core.clone(), self.pod);
        // The hook is called by a task, which can't wait for another one.
        std::thread::spawn(move || elsewhere(&kubeconfig, &core, pod)).join().unwrap();
        Ok(())
    }
}

fn elsewhere(kubeconfig: &Path, namespace: &str, pod: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options =
            ConnectOptions { kubeconfig: Some(kubeconfig.display().to_string()), ..ConnectOptions::default() };
        let cluster = Cluster::connect(&options).await.unwrap();
        Database::new(&cluster, namespace, pod, "postgres").run("vulas", ROWS).await.unwrap();
    });
}

/// Refuses writes to paths that hold a text, from the `first` on, `times` times.
struct RefusesPath {
    text: &'static str,
    first: usize,
    times: usize,
    seen: AtomicUsize,
}

impl RefusesPath {
    fn new(text: &'static str, first: usize, times: usize) -> Arc<Self> {
        Arc::new(Self { text, first, times, seen: AtomicUsize::new(0) })
    }
}

impl WriteHook for RefusesPath {
    fn before(&self, write: &Write) -> Result<(), ClusterError> {
        if write.path.contains(self.text) {
            let seen = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
            if (self.first..self.first + self.times).contains(&seen) {
                return Err(ClusterError::Other("the disk is full".into()));
            }
        }
        Ok(())
    }
}

/// A finish that is killed when it has written to a path that holds `text`.
fn finish_killed_at(stage: &Stage, text: &'static str) {
    let options = stage.finish_options();
    let fits = move |write: &Write| write.path.contains(text);
    let ended = killed_at(stage, 1, fits, async |cluster| handover::finish(cluster, &Silent, &options).await.is_ok());
    assert_eq!(ended, None);
}

#[test]
fn a_route_given_twice_forgets_no_rows() {
    let sandbox = upgraded();
    let stage = &sandbox.stage;
    stage.route("beta", &[]).ended(0);
    stage.sql(BETA, ROWS);
    stage.route("beta", &[]).ended(0).said("serves beta already");
    stage.retreat(&[]).ended(4).said("visit +5");
    stage.serves("beta");
    stage.retreat(&["--accept-loss"]).ended(0);
    stage.serves("alpha");
}

#[test]
fn a_route_that_could_not_be_recorded_is_repeated_and_taken_back() {
    let sandbox = upgraded();
    let stage = &sandbox.stage;
    // The journal is written before the switch, and after it.
    let cluster = stage.cluster.with_hook(RefusesPath::new("/secrets/vulas-native-handover", 2, 1));
    let options = stage.route_options("beta");
    let error = stage.runtime.block_on(handover::route(&cluster, &Silent, &options)).unwrap_err();
    assert_eq!(error.exit_code(), 3, "{error}");
    let words = error.to_string();
    assert!(words.contains("the disk is full") && words.contains("same command again"), "{words}");
    stage.serves("beta");
    stage.route("beta", &[]).ended(0);
    stage.status().ended(0).said("the traffic goes to beta");
    stage.retreat(&[]).ended(0);
    stage.serves("alpha");
}

#[test]
fn what_beta_has_written_is_asked_about_wherever_the_traffic_goes() {
    let sandbox = upgraded();
    let stage = &sandbox.stage;
    // It went over, and the run that moved it was killed before it said so.
    let cluster = stage.cluster.with_hook(RefusesPath::new("/secrets/vulas-native-handover", 2, 1));
    let options = stage.route_options("beta");
    stage.runtime.block_on(handover::route(&cluster, &Silent, &options)).unwrap_err();
    stage.sql(BETA, ROWS);
    stage.retreat(&[]).ended(4).said("visit +5").said("Nothing has been changed.");
    stage.serves("beta");
    // Recorded late, rows from before that are not forgotten.
    stage.route("beta", &[]).ended(0);
    stage.retreat(&[]).ended(4).said("visit +5");
    // To go back by a route is to leave them as well.
    stage.route("alpha", &[]).ended(4).said("beta has written").said("visit +5");
    stage.serves("beta");
    stage.route("alpha", &["--accept-loss"]).ended(0).said("Left behind in beta").said("visit +5");
    stage.serves("alpha");
    stage.retreat(&[]).ended(4).said("visit +5");
    stage.retreat(&["--accept-loss"]).ended(0);
    stage.replica_follows("visit");
}

#[test]
fn what_beta_is_written_while_the_traffic_goes_back_is_not_deleted() {
    let sandbox = upgraded();
    let stage = &sandbox.stage;
    stage.route("beta", &[]).ended(0);
    let cluster = stage.cluster.with_hook(WritesMeanwhile::to(stage, BETA));
    let options = handover::RetreatOptions { accept_loss: false, ..sandbox.retreat_options() };
    let error = stage.runtime.block_on(handover::retreat(&cluster, &Silent, &options)).unwrap_err();
    assert!(error.exit_code() == 3 && error.to_string().contains("visit +5"), "{error}");
    stage.serves("alpha");
    assert_eq!(stage.count(BETA, "visit"), 5);
    stage.status().ended(0).said("beta is up beside alpha");
    stage.retreat(&["--accept-loss"]).ended(0);
    stage.replica_follows("visit");
}

#[test]
fn an_accepted_loss_is_not_asked_about_again() {
    let sandbox = upgraded();
    let stage = &sandbox.stage;
    stage.route("beta", &[]).ended(0);
    stage.sql(BETA, ROWS);
    // It stops when beta is to be removed.
    let cluster = stage.cluster.with_hook(RefusesPath::new("sh.helm.release.v1.beta", 1, 1));
    stage.runtime.block_on(handover::retreat(&cluster, &Silent, &sandbox.retreat_options())).unwrap_err();
    stage.retreat(&[]).ended(0);
    stage.replica_follows("visit");
}

#[test]
fn an_admin_release_that_is_not_found_stops_a_retreat() {
    let sandbox = upgraded();
    let stage = &sandbox.stage;
    stage.route("beta", &[]).ended(0);
    let before = sandbox.writes();
    let core = ["retreat", "--core-namespace", &stage.core];
    let refused = |more: &[&str], words: &str| {
        stage.run(&[&core[..], more].concat()).ended(1).said(words).said("Nothing has been changed.");
        stage.serves("beta");
    };
    refused(&["--admin-release", "typo"], "release typo is not deployed in namespace vulas-admin");
    refused(&["--admin-namespace", "typo"], "is not deployed in namespace typo");
    refused(&["--release-value", "global.typo"], "has no value global.typo");
    assert_eq!(stage.count(BETA, "visit"), 0);
    // Nothing but the Lease and questions.
    let log = sandbox.server.as_ref().unwrap().faults().log();
    let harmful: Vec<_> = log
        .iter()
        .filter(|request| request.writes)
        .skip(before as usize)
        .filter(|r| r.verb != "connect" && r.resource != "leases" && !r.resource.contains("accessreviews"))
        .collect();
    assert!(harmful.is_empty(), "{harmful:?}");
    stage.retreat(&[]).ended(0);
    stage.serves("alpha");
}

#[test]
fn a_release_that_serves_is_not_retired() {
    let sandbox = upgraded();
    let stage = &sandbox.stage;
    stage.route("beta", &[]).ended(0);
    stage.run(&["rollback", &stage.admin_release, "-n", &stage.admin]).ended(0);
    stage.finish(&[]).ended(4).said("serves alpha").said("Nothing has been changed.");
    stage.route("beta", &[]).ended(0);
    // Nor while what stays can't be used.
    let master = stage.namespaced("apps/v1", "StatefulSet", "beta-database-master");
    let missing = serde_json::json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image",
        "value": "registry.example/postgres:does-not-exist"}]);
    stage.runtime.block_on(stage.cluster.patch(&master, &Patch::Json(missing), None, "test")).unwrap();
    stage.finish(&[]).ended(1).said("release beta is not ready").said("statefulset/beta-database-master");
    stage.run(&["uninstall", "beta", "-n", &stage.core]).ended(0);
    stage.finish(&["--force"]).ended(1).said("release beta is not deployed");
    assert_eq!(stage.count(ALPHA, "visit"), 0);
}

#[test]
fn a_finish_that_could_not_begin_leaves_the_way_back_open() {
    let sandbox = upgraded();
    let stage = &sandbox.stage;
    stage.route("beta", &[]).ended(0);
    let cluster = stage.cluster.with_hook(RefusesPath::new("sh.helm.release.v1.alpha", 1, 1));
    let options = stage.finish_options();
    let error = stage.runtime.block_on(handover::finish(&cluster, &Silent, &options)).unwrap_err();
    assert_eq!((error.exit_code(), error.aftermath()), (1, "Nothing has been changed."), "{error}");
    assert_eq!(stage.journal().state, State::Routed);
    // Killed before it began.
    finish_killed_at(stage, "/secrets/vulas-native-handover");
    assert_eq!(stage.journal().state, State::Finishing);
    stage.retreat(&[]).ended(0);
    stage.serves("alpha");
    stage.replica_follows("visit");
}

#[test]
fn a_finish_that_has_begun_goes_on_and_names_what_it_keeps() {
    let sandbox = upgraded();
    let stage = &sandbox.stage;
    stage.route("beta", &[]).ended(0);
    // What its record held is gone, and what is left must still be named.
    finish_killed_at(stage, "sh.helm.release.v1.alpha.v2");
    stage.retreat(&[]).ended(1).said("alpha is being retired").said("vulas-native finish");
    stage.upgrade(&[]).ended(4).said("vulas-native finish");
    let cluster = stage.cluster.with_hook(RefusesPath::new("/secrets/vulas-native-handover", 2, 1));
    stage.runtime.block_on(handover::finish(&cluster, &Silent, &stage.finish_options())).unwrap_err();
    stage.finish(&[]).ended(0).said("data-alpha-database-master-0");
}

#[test]
fn rows_that_the_statistics_do_not_show_yet_are_not_left_unsaid() {
    let pace = Pace { statistics: 3000, ..Pace::fast() };
    let sandbox = Sandbox::new(Config { pace, ..Config::default() });
    let stage = &sandbox.stage;
    stage.install();
    stage.sql(ALPHA, "CREATE TABLE visit (id bigint, note text);");
    stage.sql(ALPHA, ROWS);
    // Rows of before the fork that are counted late are in beta.
    stage.upgrade(&[]).ended(0);
    let ran = stage.route("beta", &[]).ended(0);
    assert!(!ran.stderr.contains("to say what was written"), "waited for nothing: {}", ran.stderr);
    stage.sql(BETA, ROWS);
    stage.retreat(&[]).ended(4).said("visit +5");
    stage.route("alpha", &["--accept-loss"]).ended(0).said("visit +5");
    stage.sql(ALPHA, ROWS);
    stage.route("beta", &[]).ended(4).said("alpha has written since beta was forked").said("visit +");
    stage.serves("alpha");
}

#[test]
fn rows_written_while_the_traffic_moves_are_told_and_recorded() {
    let sandbox = upgraded();
    let stage = &sandbox.stage;
    let cluster = stage.cluster.with_hook(WritesMeanwhile::to(stage, ALPHA));
    let options = stage.route_options("beta");
    let routed = stage.runtime.block_on(handover::route(&cluster, &Silent, &options)).unwrap();
    assert!(routed.lost.is_some_and(|lost| lost.rows().contains("visit +5")));
    let journal = stage.journal();
    assert!(journal.route.is_some_and(|route| route.lost_bytes > 0));
    assert!(journal.warnings.iter().any(|warning| warning.contains("visit +5")), "{:?}", journal.warnings);
}

#[test]
fn a_journal_of_an_older_version_is_read_and_what_it_lacks_is_said() {
    let sandbox = upgraded();
    let stage = &sandbox.stage;
    let mut journal = stage.journal();
    journal.beta_up = None;
    journal.fork.as_mut().unwrap().transactions = None;
    stage.runtime.block_on(journal.save(&stage.cluster)).unwrap();
    stage.retreat(&[]).ended(4).said("an older version of this program has not recorded how it was");
    stage.route("beta", &[]).ended(0);
    // The route has.
    stage.retreat(&[]).ended(0);
    stage.serves("alpha");
}
