//! What the charts promise of a database's volumes, on a real node with real PostgreSQL: standbys stream, a handed-over volume becomes
//! another release's master, and PostgreSQL refuses to start wherever rows would be lost or two of them would share a volume.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "cluster/support.rs"]
mod support;

use std::sync::Mutex;

use support::{Cluster, chart, values};

/// One at a time: the node is small.
static NODE: Mutex<()> = Mutex::new(());

const MASTER: &str = "alpha-database-master-0";
const STREAMING: &str = "SELECT string_agg(application_name, ' ' ORDER BY application_name) FROM pg_stat_replication WHERE state = 'streaming'";

fn install(cluster: &Cluster, release: &str, major: &str, options: &[&str]) {
    let files = [values("core"), values("database-only"), chart("core")];
    let tag = format!("database.postgres.image.tag={major}");
    let mut arguments = vec!["install", release, &files[2], "-f", &files[0], "-f", &files[1], "--set-string", &tag];
    arguments.extend(options);
    cluster.helm(&arguments);
}

/// A pod that runs a script as the database's user on a claim, to its end. Returns its log.
fn run_on_claim(cluster: &Cluster, major: &str, claim: &str, script: &str) -> String {
    let script = serde_json::to_string(script).expect("a string is JSON");
    cluster.create(&format!(
        r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "on-claim"}}, "spec": {{
            "restartPolicy": "Never",
            "securityContext": {{"runAsNonRoot": true, "runAsUser": 999, "runAsGroup": 999, "fsGroup": 999, "seccompProfile": {{"type": "RuntimeDefault"}}}},
            "containers": [{{"name": "on-claim", "image": "postgres:{major}", "command": ["sh", "-euc", {script}],
                "securityContext": {{"allowPrivilegeEscalation": false, "capabilities": {{"drop": ["ALL"]}}}},
                "env": [{{"name": "PGDATA", "value": "/volume/pgdata"}}],
                "volumeMounts": [{{"name": "volume", "mountPath": "/volume"}}]}}],
            "volumes": [{{"name": "volume", "persistentVolumeClaim": {{"claimName": "{claim}"}}}}]}}}}"#
    ));
    let phase = || cluster.kubectl(&["get", "pod", "on-claim", "-o", "jsonpath={.status.phase}"]);
    cluster.until("the pod on the claim ends", || ["Succeeded", "Failed"].contains(&phase().as_str()));
    let log = cluster.kubectl(&["logs", "on-claim"]);
    assert_eq!(phase(), "Succeeded", "{log}");
    cluster.kubectl(&["delete", "pod", "on-claim"]);
    log
}

/// A promotion with no network, as a handover does it.
const PROMOTE: &str = r#"
options="-c listen_addresses='' -c unix_socket_directories=/tmp"
if [ "$PG_MAJOR" -ge 12 ]; then
  options="$options -c primary_conninfo=''"
else
  printf "standby_mode = on\nrecovery_target_timeline = latest\n" >$PGDATA/recovery.conf
fi
pg_ctl -D $PGDATA -s -w -o "$options" start
pg_ctl -D $PGDATA -s -w promote
pg_ctl -D $PGDATA -s -w -m fast stop
"#;

fn a_volume_changes_hands(major: &str) {
    let _node = NODE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let cluster = Cluster::namespace(&format!("charts-{major}"), &["pod-security.kubernetes.io/enforce=restricted"]);
    let secret =
        |release: &str| cluster.kubectl(&["get", "secret", &format!("{release}-database"), "-o", "jsonpath={.data}"]);

    // Standbys stream.
    install(&cluster, "alpha", major, &[]);
    cluster.until("both standbys stream", || {
        cluster.try_sql(MASTER, "postgres", STREAMING).as_deref()
            == Some("alpha-database-slave-0 alpha-database-slave-1")
    });
    assert!(cluster.sql(MASTER, "SELECT version()").starts_with(&format!("PostgreSQL {major}.")));
    assert_eq!(cluster.sql(MASTER, "SHOW wal_level"), "logical");
    cluster.sql(MASTER, "CREATE TABLE app AS SELECT i AS id FROM generate_series(1, 50000) i");
    let fork = cluster.sql(MASTER, "SELECT pg_current_wal_flush_lsn()");
    cluster.until("the rows are replayed", || {
        cluster.sql("alpha-database-slave-1", &format!("SELECT pg_last_wal_replay_lsn() >= '{fork}'")) == "t"
    });
    // No password is on a volume, and the standby holds none in its settings.
    let password = cluster.kubectl(&["exec", MASTER, "-c", "postgres", "--", "cat", "/run/vulas/pgpass"]);
    let password = password.rsplit(':').next().expect("five fields");
    assert_eq!(password.len(), 32);
    let grep = cluster.try_kubectl(&[
        "exec",
        "alpha-database-slave-1",
        "-c",
        "postgres",
        "--",
        "grep",
        "-rlF",
        "--",
        password,
        "/var/lib/postgresql/data/pgdata",
        "--include=*.conf",
        "--include=*.done",
    ]);
    assert_eq!(String::from_utf8_lossy(&grep.stdout), "");

    // A volume that is still alpha's, then one whose standby was not promoted: both are refused.
    cluster.kubectl(&["scale", "statefulset", "alpha-database-slave", "--replicas=1"]);
    cluster.gone("pod/alpha-database-slave-1");
    let claim = "database.postgres.master.existingClaims=data-alpha-database-slave-1";
    install(
        &cluster,
        "beta",
        major,
        &[
            "--set",
            claim,
            "--set",
            "global.database.copyCredentialsFrom=alpha-database",
            "--set",
            "database.postgres.slave.replicas=1",
        ],
    );
    assert_eq!(secret("beta"), secret("alpha"), "beta has alpha's credentials");
    assert!(
        cluster.refusal("beta-database-master-0").contains("the volume belongs to release alpha, this is release beta")
    );
    cluster.kubectl(&["scale", "statefulset", "beta-database-master", "--replicas=0"]);
    cluster.gone("pod/beta-database-master-0");
    run_on_claim(&cluster, major, "data-alpha-database-slave-1", "echo beta >/volume/vulas-native-owner");
    cluster.kubectl(&["scale", "statefulset", "beta-database-master", "--replicas=1"]);
    assert!(
        cluster.refusal("beta-database-master-0").contains("the volume holds a standby that has not been promoted")
    );

    // Promoted, it is beta's master, with alpha's rows and a standby of its own. Alpha goes on.
    cluster.kubectl(&["scale", "statefulset", "beta-database-master", "--replicas=0"]);
    cluster.gone("pod/beta-database-master-0");
    run_on_claim(&cluster, major, "data-alpha-database-slave-1", PROMOTE);
    cluster.kubectl(&["scale", "statefulset", "beta-database-master", "--replicas=1"]);
    let beta = "beta-database-master-0";
    cluster.until("beta's standby streams", || {
        cluster.try_sql(beta, "postgres", STREAMING).as_deref() == Some("beta-database-slave-0")
    });
    assert_eq!(cluster.sql(beta, "SELECT count(*) FROM app"), "50000");
    assert_eq!(cluster.sql(beta, "SELECT timeline_id FROM pg_control_checkpoint()"), "2");
    cluster.sql(MASTER, "INSERT INTO app VALUES (0)");
    cluster.sql(beta, "DELETE FROM app WHERE id > 10");
    assert_eq!(cluster.sql(MASTER, "SELECT count(*) FROM app"), "50001");

    // The claim stays beta's: over an upgrade that forgets it, against alpha, against a second PostgreSQL.
    let files = [chart("core"), values("core"), values("database-only")];
    let tag = format!("database.postgres.image.tag={major}");
    let forgot =
        cluster.try_helm(&["upgrade", "beta", &files[0], "-f", &files[1], "-f", &files[2], "--set-string", &tag]);
    assert!(
        String::from_utf8_lossy(&forgot.stderr).contains(r#"release beta runs on claim "data-alpha-database-slave-1""#)
    );
    cluster.kubectl(&["scale", "statefulset", "alpha-database-slave", "--replicas=2"]);
    assert!(
        cluster.refusal("alpha-database-slave-1").contains("the volume belongs to release beta, this is release alpha")
    );
    cluster.kubectl(&["scale", "statefulset", "alpha-database-slave", "--replicas=1"]);
    let lock = run_on_claim(
        &cluster,
        major,
        "data-alpha-database-slave-1",
        "exec 9>>/volume/vulas-native-lock; flock -n 9 || echo locked",
    );
    assert_eq!(lock, "locked", "a PostgreSQL that runs holds its volume's lock");

    // Beta is given up; alpha's replica is cloned anew. A claim of beta's own that was left behind is of no use to another beta.
    cluster.helm(&["uninstall", "beta", "--wait"]);
    cluster.gone("pod/beta-database-master-0");
    cluster.kubectl(&["delete", "pvc", "data-alpha-database-slave-1"]);
    cluster.kubectl(&["scale", "statefulset", "alpha-database-slave", "--replicas=2"]);
    cluster.until("alpha's replica streams again", || {
        cluster.try_sql(MASTER, "postgres", STREAMING).as_deref()
            == Some("alpha-database-slave-0 alpha-database-slave-1")
    });
    cluster.until("alpha's replica has all rows", || {
        cluster.try_sql("alpha-database-slave-1", "vulas", "SELECT count(*) FROM app").as_deref() == Some("50001")
    });
    install(&cluster, "beta", major, &["--set", "database.postgres.slave.replicas=1"]);
    let stale = cluster.refusal("beta-database-slave-0");
    assert!(
        stale.contains("the volume holds a copy of another database")
            && stale.contains("Delete claim data-beta-database-slave-0"),
        "{stale}"
    );

    // An empty claim is an error, never a new database.
    cluster.create(
        r#"{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "empty"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}"#,
    );
    install(
        &cluster,
        "gamma",
        major,
        &["--set", "database.postgres.master.existingClaims=empty", "--set", "database.postgres.slave.replicas=0"],
    );
    assert!(cluster.refusal("gamma-database-master-0").contains("claim empty holds no database"));
    run_on_claim(&cluster, major, "empty", "[ ! -e $PGDATA ]");
}

#[test]
fn a_volume_changes_hands_in_postgresql_16() {
    a_volume_changes_hands("16");
}

#[test]
fn a_volume_changes_hands_in_postgresql_11() {
    a_volume_changes_hands("11");
}

/// The three charts come up with every part, their own tests pass, and the backend brings the schema to its version.
#[test]
fn the_charts_come_up_and_pass_their_own_tests() {
    let _node = NODE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let core = Cluster::namespace("charts-core", &[]);
    core.helm(&[
        "install",
        "alpha",
        &chart("core"),
        "-f",
        &values("core"),
        "-f",
        &values("volume-permissions"),
        "-f",
        &values("schema-old"),
        "--wait",
    ]);
    core.helm(&["test", "alpha"]);
    assert_eq!(core.sql(MASTER, "SELECT max(version) FROM schema_version"), "20170302.1025");
    core.helm(&[
        "upgrade",
        "alpha",
        &chart("core"),
        "-f",
        &values("core"),
        "-f",
        &values("volume-permissions"),
        "-f",
        &values("schema-new"),
        "--wait",
    ]);
    assert_eq!(core.sql(MASTER, "SELECT max(version) FROM schema_version"), "20200219.1130");

    let admin = Cluster::namespace("charts-admin", &["pod-security.kubernetes.io/enforce=restricted"]);
    admin.helm(&[
        "install",
        "admin",
        &chart("admin"),
        "-f",
        &values("admin"),
        "--set",
        "global.coreNamespace=charts-core",
        "--wait",
    ]);
    let backend = || {
        core.kubectl(&[
            "get",
            "ingress",
            "admin-core",
            "-o",
            "jsonpath={.spec.rules[0].http.paths[0].backend.service.name}",
        ])
    };
    assert_eq!(backend(), "alpha-frontendapps");
    admin.helm(&["upgrade", "admin", &chart("admin"), "--reuse-values", "--set", "global.managedRelease=beta"]);
    assert_eq!(backend(), "beta-frontendapps");
    admin.helm(&["uninstall", "admin"]);

    let monitoring = Cluster::namespace("charts-monitoring", &[]);
    monitoring.helm(&["install", "monitoring", &chart("monitoring"), "-f", &values("monitoring"), "--wait"]);
    monitoring.helm(&["test", "monitoring"]);
    monitoring.helm(&["uninstall", "monitoring"]);
}
