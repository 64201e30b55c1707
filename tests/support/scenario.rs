//! What happens to two releases, told once and played on every kind of cluster.
//!
//! The program is run as its users run it, by its command line; what became of the cluster is asked of the API server
//! and of the databases.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Output, Stdio},
    time::Duration,
};

use vulas_native::{
    cluster::{Cluster, ConnectOptions, DeleteOptions, ExecOutput, Json, ObjectRef},
    database::{Error as DatabaseError, Server, statements},
};

/// Schemas of the backend before and after.
pub const OLD_SCHEMA: &str = "20170302.1025";
pub const NEW_SCHEMA: &str = "20200219.1130";

/// A cluster to play on.
pub struct Stage {
    pub kubeconfig: PathBuf,
    pub core: String,
    pub admin: String,
    /// Name of the admin release: its IngressClass is cluster-wide.
    pub admin_release: String,
    /// Values files for the core chart, and for the admin chart.
    pub core_values: Vec<PathBuf>,
    pub admin_values: Vec<PathBuf>,
    pub cluster: Cluster,
    pub runtime: tokio::runtime::Runtime,
    reports: tempfile::TempDir,
    kept: Option<tokio::runtime::Runtime>,
}

/// What a command answered.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// It ended as it should; if not, everything that it said is shown.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    /// It said this, on either channel.
    #[track_caller]
    pub fn said(self, words: &str) -> Self {
        let all = format!("{}\n{}", self.stdout, self.stderr);
        assert!(
            all.contains(words),
            "\"{words}\" was not said\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Stage {
    /// A stage on the node of `tests/run cluster`, with more values files for the core chart.
    pub fn on_a_node(name: &str, more: &[&str]) -> Self {
        let kubeconfig = std::env::var_os("VULAS_TEST_KUBECONFIG")
            .expect("VULAS_TEST_KUBECONFIG names no cluster: use tests/run cluster");
        let values = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/values");
        // Namespaces of their own, so that a cluster can be used again.
        let mut stage = Self::new(Path::new(&kubeconfig), &format!("{name}{}", std::process::id()));
        stage.core_values = ["core.yaml"].iter().chain(more).map(|name| values.join(name)).collect();
        stage.admin_values = vec![values.join("admin.yaml")];
        stage
    }

    /// A stage in two namespaces of its own.
    pub fn new(kubeconfig: &Path, name: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let options =
            ConnectOptions { kubeconfig: Some(kubeconfig.display().to_string()), ..ConnectOptions::default() };
        let cluster = runtime.block_on(Cluster::connect(&options)).unwrap();
        Self {
            kubeconfig: kubeconfig.into(),
            core: format!("{name}-core"),
            admin: format!("{name}-admin"),
            admin_release: format!("{name}-nginx"),
            core_values: Vec::new(),
            admin_values: Vec::new(),
            cluster,
            runtime,
            reports: tempfile::tempdir().unwrap(),
            kept: None,
        }
    }

    /// Keeps the runtime that the cluster itself lives in.
    pub fn keep(&mut self, runtime: tokio::runtime::Runtime) {
        self.kept = Some(runtime);
    }

    /// A command, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vulas-native"));
        command.args(arguments).arg("--kubeconfig").arg(&self.kubeconfig);
        command.env_remove("KUBECONFIG").env("NO_COLOR", "1").env("CI", "1").stdin(Stdio::null());
        command.current_dir(self.reports.path());
        command
    }

    /// A command, run to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.command(arguments).output().unwrap().into()
    }

    /// The command line of the upgrade, as the old tool's documentation has it.
    pub fn upgrade_command(&self) -> Vec<String> {
        vec![
            "upgrade".into(),
            format!("--coreNamespace={}", self.core),
            format!("--adminNamespace={}", self.admin),
            "--currentRelease=alpha".into(),
            "--futureRelease=beta".into(),
            "--set-string".into(),
            format!("restbackend.schemaVersion={NEW_SCHEMA}"),
        ]
    }

    pub fn upgrade(&self, more: &[&str]) -> Ran {
        let command = self.upgrade_command();
        let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        arguments.extend(more);
        self.run(&arguments)
    }

    pub fn route(&self, release: &str, more: &[&str]) -> Ran {
        let (core, admin) = (format!("--coreNamespace={}", self.core), format!("--adminNamespace={}", self.admin));
        let (release, admin_release) =
            (format!("--coreRelease={release}"), format!("--adminRelease={}", self.admin_release));
        let mut arguments = vec!["route", &core, &release, &admin, &admin_release];
        arguments.extend(more);
        self.run(&arguments)
    }

    pub fn retreat(&self, more: &[&str]) -> Ran {
        let mut arguments = vec!["retreat", "--core-namespace", &self.core, "--admin-namespace", &self.admin];
        arguments.extend(more);
        self.run(&arguments)
    }

    pub fn status(&self) -> Ran {
        self.run(&["status", "--core-namespace", &self.core])
    }

    /// Alpha with its old schema, and admin, which serves it.
    pub fn install(&self) {
        self.install_with(&[]);
    }

    /// The same, with more flags for alpha.
    pub fn install_with(&self, more: &[&str]) {
        self.install_alpha(more);
        self.install_admin();
    }

    fn files(paths: &[PathBuf]) -> Vec<String> {
        paths.iter().flat_map(|path| ["-f".into(), path.display().to_string()]).collect()
    }

    /// Alpha alone.
    pub fn install_alpha(&self, more: &[&str]) {
        let schema = format!("restbackend.schemaVersion={OLD_SCHEMA}");
        let values = Self::files(&self.core_values);
        let mut arguments =
            vec!["install", "alpha", "core", "-n", &self.core, "--create-namespace", "--set-string", &schema];
        arguments.extend(values.iter().map(String::as_str));
        arguments.extend(more);
        self.run(&arguments).ended(0);
    }

    fn install_admin(&self) {
        let served = format!("global.coreNamespace={},global.managedRelease=alpha", self.core);
        let values = Self::files(&self.admin_values);
        let (name, namespace) = (self.admin_release.as_str(), self.admin.as_str());
        let mut arguments = vec!["install", name, "admin", "-n", namespace, "--create-namespace", "--set", &served];
        arguments.extend(values.iter().map(String::as_str));
        self.run(&arguments).ended(0);
    }

    /// Removes everything again.
    pub fn remove(&self) {
        self.run(&["uninstall", &self.admin_release, "-n", &self.admin]).ended(0);
        self.run(&["uninstall", "alpha", "-n", &self.core]).ended(0);
        for namespace in [&self.core, &self.admin] {
            let object = ObjectRef::cluster_wide("v1", "Namespace", namespace);
            self.runtime.block_on(self.cluster.delete(&object, &DeleteOptions::default())).unwrap();
        }
    }

    pub fn try_sql(&self, pod: &str, sql: &str) -> Result<String, DatabaseError> {
        let server = Server::new(&self.cluster, &self.core, pod, "postgres");
        self.runtime.block_on(server.run("vulas", sql)).map(|answer| answer.trim().to_owned())
    }

    #[track_caller]
    pub fn sql(&self, pod: &str, sql: &str) -> String {
        self.try_sql(pod, sql).unwrap()
    }

    /// What a client of the database does, whom a fence concerns.
    pub fn as_client(&self, pod: &str, sql: &str) -> impl Future<Output = ExecOutput> + Send + use<> {
        let (cluster, namespace, pod, sql) = (self.cluster.clone(), self.core.clone(), pod.to_owned(), sql.to_owned());
        async move {
            let shell = statements::shell_of_clients();
            let command = ["sh", "-c", &shell, "psql", "vulas", &sql];
            cluster.exec(&namespace, &pod, "postgres", &command, None, Duration::from_secs(400)).await.unwrap()
        }
    }

    #[track_caller]
    pub fn count(&self, pod: &str, table: &str) -> u64 {
        self.sql(pod, &format!("SELECT count(*) FROM {table};")).parse().unwrap()
    }

    pub fn get(&self, object: &ObjectRef) -> Option<Json> {
        self.runtime.block_on(self.cluster.get(object)).unwrap()
    }

    pub fn namespaced(&self, api_version: &str, kind: &str, name: &str) -> ObjectRef {
        ObjectRef::new(api_version, kind, &self.core, name)
    }

    /// The Services that the admin release's Ingresses lead to.
    pub fn served(&self) -> Vec<String> {
        let ingresses = self
            .runtime
            .block_on(self.cluster.list("networking.k8s.io/v1", "Ingress", Some(&self.core), None))
            .unwrap();
        let mut names = Vec::new();
        for ingress in ingresses {
            for rule in ingress["spec"]["rules"].as_array().into_iter().flatten() {
                for path in rule["http"]["paths"].as_array().into_iter().flatten() {
                    names.push(path["backend"]["service"]["name"].as_str().unwrap_or_default().to_owned());
                }
            }
        }
        names.sort();
        names.dedup();
        names
    }

    /// Waits until something holds; what waits is the test, so that the program need not.
    #[track_caller]
    pub fn until(&self, what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
        let start = std::time::Instant::now();
        while !holds() {
            assert!(start.elapsed() < limit, "{what}: not within {} s", limit.as_secs());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The values that alpha was given.
    pub fn values_of_alpha(&self) -> String {
        self.run(&["get", "values", "alpha", "-n", &self.core, "-o", "json"]).ended(0).stdout
    }

    /// The live specification of alpha's slaves, without what the server counts.
    pub fn slaves(&self) -> Json {
        let mut object = self.get(&self.namespaced("apps/v1", "StatefulSet", "alpha-database-slave")).unwrap();
        let managers: Vec<String> = object["metadata"]["managedFields"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|entry| entry["manager"].as_str().map(str::to_owned))
            .filter(|manager| manager == "vulas-native")
            .collect();
        assert!(managers.is_empty(), "alpha's slaves are still held by vulas-native");
        object["spec"].take()
    }

    fn reclaim_policy_of(&self, claim: &str) -> String {
        let claim = self.get(&self.namespaced("v1", "PersistentVolumeClaim", claim)).unwrap();
        let volume = ObjectRef::cluster_wide("v1", "PersistentVolume", claim["spec"]["volumeName"].as_str().unwrap());
        self.get(&volume).unwrap()["spec"]["persistentVolumeReclaimPolicy"].as_str().unwrap().to_owned()
    }

    /// Alpha's second slave follows alpha's master, and has all its rows.
    #[track_caller]
    pub fn replica_follows(&self, table: &str) {
        let (master, replica) = ("alpha-database-master-0", "alpha-database-slave-1");
        assert_eq!(self.sql(replica, "SELECT pg_is_in_recovery();"), "t");
        self.sql(master, &format!("INSERT INTO {table} SELECT g, 'mark' FROM generate_series(1, 1) g;"));
        let due = self.count(master, table);
        self.until("the replica to have the master's rows", Duration::from_secs(20), || {
            self.count(replica, table) == due
        });
    }
}

/// `rows` rows are in alpha; beta gets them all and a new schema, while alpha serves on; the traffic goes over; all is
/// taken back, and alpha is as it was.
pub fn there_and_back(stage: &Stage, rows: u64) {
    let (alpha, beta) = ("alpha-database-master-0", "beta-database-master-0");
    stage.sql(alpha, "CREATE TABLE visit (id bigint, note text);");
    stage.sql(alpha, &format!("INSERT INTO visit SELECT g, 'row' FROM generate_series(1, {rows}) g;"));
    let before = stage.slaves();
    let policy = stage.reclaim_policy_of("data-alpha-database-slave-1");
    let values = stage.values_of_alpha();

    stage.upgrade(&[]).ended(0).said("beta is up");
    assert_eq!(stage.count(beta, "visit"), rows, "rows in beta");
    assert_eq!(stage.sql(beta, "SELECT pg_is_in_recovery();"), "f");
    assert_eq!(stage.count(alpha, "visit"), rows, "rows in alpha");
    let schema = |pod: &str| {
        let server = Server::new(&stage.cluster, &stage.core, pod, "postgres");
        stage.runtime.block_on(server.schema_version()).unwrap().unwrap()
    };
    assert_eq!((schema(alpha).as_str(), schema(beta).as_str()), (OLD_SCHEMA, NEW_SCHEMA));
    assert!(stage.served().iter().all(|service| service.starts_with("alpha-")), "{:?}", stage.served());
    stage.status().ended(0).said("beta is up beside alpha").said("no rows changed");
    // A second upgrade would take another replica away.
    stage.upgrade(&[]).ended(4).said("was begun at");

    // Both go on by themselves.
    stage.sql(alpha, "INSERT INTO visit SELECT g, 'only in alpha' FROM generate_series(1, 12) g;");
    stage.sql(beta, "INSERT INTO visit SELECT g, 'only in beta' FROM generate_series(1, 5) g;");
    assert_eq!((stage.count(alpha, "visit"), stage.count(beta, "visit")), (rows + 12, rows + 5));

    // What statistics know of the last rows may come a second later; the refusal must not.
    stage.until("alpha's rows to be noticed", Duration::from_secs(15), || stage.route("beta", &[]).code == 4);
    stage.route("beta", &[]).ended(4).said("alpha has written since beta was forked").said("visit +12");
    assert!(stage.served().iter().all(|service| service.starts_with("alpha-")), "{:?}", stage.served());
    stage.route("beta", &["--accept-loss"]).ended(0).said("switched in");
    assert!(stage.served().iter().all(|service| service.starts_with("beta-")), "{:?}", stage.served());
    stage.status().ended(0).said("the traffic goes to beta");

    stage.retreat(&["--accept-loss"]).ended(0).said("alpha is as it was");
    assert!(stage.served().iter().all(|service| service.starts_with("alpha-")), "{:?}", stage.served());
    is_as_it_was(stage, &before, &policy);
    assert_eq!(stage.values_of_alpha(), values);
    assert_eq!(stage.count(alpha, "visit"), rows + 12);
    stage.replica_follows("visit");
    stage.status().ended(0).said("taken back");
    stage.retreat(&[]).ended(1).said("was taken back already");
}

/// Alpha's StatefulSet, its volume's policy and its record say what they said before; of beta nothing is left.
fn is_as_it_was(stage: &Stage, slaves: &Json, policy: &str) {
    assert_eq!(&stage.slaves(), slaves);
    assert_eq!(stage.reclaim_policy_of("data-alpha-database-slave-1"), policy);
    for kind in ["StatefulSet", "Deployment"] {
        let left = stage.runtime.block_on(stage.cluster.list("apps/v1", kind, Some(&stage.core), None)).unwrap();
        let names: Vec<&str> =
            left.iter().filter_map(|o| o["metadata"]["name"].as_str()).filter(|n| n.starts_with("beta-")).collect();
        assert!(names.is_empty(), "{names:?}");
    }
    for kind in ["PersistentVolumeClaim", "Secret"] {
        let left = stage.runtime.block_on(stage.cluster.list("v1", kind, Some(&stage.core), None)).unwrap();
        let names: Vec<&str> =
            left.iter().filter_map(|o| o["metadata"]["name"].as_str()).filter(|n| n.contains("beta")).collect();
        assert!(names.is_empty(), "{names:?}");
    }
}

/// Behind its fence alpha takes no row, neither of a new session nor of one that had begun to write; and without it again.
pub fn fenced(stage: &Stage) {
    let (alpha, beta) = ("alpha-database-master-0", "beta-database-master-0");
    let row = |note: &str| format!("INSERT INTO visit VALUES (0, '{note}');");
    let before = stage.count(alpha, "visit");
    let late = stage.as_client(alpha, &format!("BEGIN; {} SELECT pg_sleep(300); COMMIT;", row("late")));
    let late = stage.runtime.spawn(late);
    let sleeps = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep';";
    stage.until("a session to write", Duration::from_secs(20), || stage.sql(alpha, sleeps) == "1");

    stage.upgrade(&["--fence", "read-only"]).ended(0).said("clients of alpha may only read");
    assert_ne!(stage.runtime.block_on(late).unwrap().code, 0, "the session from before has committed");
    let refused = stage.runtime.block_on(stage.as_client(alpha, &row("new")));
    assert!(refused.code != 0 && refused.stderr.contains("read-only transaction"), "{}", refused.stderr);
    assert_eq!((stage.count(alpha, "visit"), stage.count(beta, "visit")), (before, before));

    stage.retreat(&[]).ended(0).said("clients of alpha may write again");
    let taken = stage.runtime.block_on(stage.as_client(alpha, &row("after")));
    assert_eq!((taken.code, stage.count(alpha, "visit")), (0, before + 1), "{}", taken.stderr);
    stage.replica_follows("visit");
}

/// An upgrade is killed when it has said `words`; the next run goes on with it, and it can be taken back.
pub fn killed_and_resumed(stage: &Stage, words: &str) {
    let (mut child, _) = stage.upgrade_until(words, &[]);
    child.kill().unwrap();
    child.wait().unwrap();
    // Whether the dead run's Lease has expired or not: the next run finds out.
    stage.run(&["upgrade", "--resume", "--core-namespace", &stage.core]).ended(0).said("beta is up");
    assert_eq!(stage.count("beta-database-master-0", "visit"), stage.count("alpha-database-master-0", "visit"));
    stage.retreat(&[]).ended(0);
    stage.replica_follows("visit");
}

impl Stage {
    /// Starts an upgrade and returns it when it has said `words`, with the rest of what it says.
    fn upgrade_until(&self, words: &str, more: &[&str]) -> (Child, BufReader<ChildStderr>) {
        let command = self.upgrade_command();
        let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        arguments.extend(more);
        self.command_until(&arguments, words)
    }

    /// The same for any command.
    fn command_until(&self, arguments: &[&str], words: &str) -> (Child, BufReader<ChildStderr>) {
        let mut child = self.command(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        while !said.lines().last().is_some_and(|line| line.contains(words)) {
            let read = stderr.read_line(&mut said).unwrap();
            assert!(read > 0, "it ended before it said {words}:\n{said}");
        }
        (child, stderr)
    }

    /// An upgrade that is asked to stop when it has said `words`.
    pub fn interrupted(&self, words: &str) -> Ran {
        let command = self.upgrade_command();
        let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        self.interrupted_command(&arguments, words)
    }

    /// A command that is asked to stop when it has said `words`.
    pub fn interrupted_command(&self, arguments: &[&str], words: &str) -> Ran {
        Self::ended(self.command_until(arguments, words), |child| {
            Command::new("kill").arg(child.id().to_string()).status().unwrap();
        })
    }

    /// An upgrade in whose middle, when it has said `words`, something happens.
    pub fn upgrade_while(&self, more: &[&str], words: &str, happens: impl FnOnce(&Child)) -> Ran {
        Self::ended(self.upgrade_until(words, more), happens)
    }

    fn ended((mut child, mut rest): (Child, BufReader<ChildStderr>), happens: impl FnOnce(&Child)) -> Ran {
        happens(&child);
        let mut stderr = String::new();
        rest.read_to_string(&mut stderr).unwrap();
        let code = child.wait().unwrap().code().unwrap_or(-1);
        Ran { code, stdout: String::new(), stderr }
    }
}
