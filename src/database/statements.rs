//! Every statement that is sent to a server, with the columns of its answer.
//!
//! They run in `psql -X -q -A -t -v ON_ERROR_STOP=1 -P null= -F US` (US is the unit separator, U+001F) started by
//! [`SHELL`]; the answer is a line per row. Where a statement ends in `\gexec`, each row of its result is run as a
//! statement, and the answer holds the rows of those.
//!
//! A model of PostgreSQL that answers exactly these can stand in for a server. Statements come to it as
//! `["sh", "-c", SHELL, "psql", DATABASE, SQL]`, with `ROLE` and `stdin` after it where those are given; an empty DATABASE is
//! `postgres`.
//! Besides these only the user's own check files are sent, and [`PLACES`] as `["sh", "-c", PLACES, "places", DIRECTORY]`.

/// Starts `psql` in the container of a server: `$1` is the database (or empty), `$2` the SQL, `$3` the role (or empty), `$4`
/// is `stdin` when the role's password comes as a line on standard input.
///
/// A command enters a container as the container's user, often root, while PostgreSQL may know only its own user
/// (`peer` authentication): so root becomes the owner of the data directory first, by whichever tool the image has.
/// Roles and passwords come from the container's own environment, as the usual images name them, or from the files that it
/// names; passwords go through an environment variable. Socket and port stand in `postmaster.pid`. What can't log in is
/// tried with the next role, then over the loopback interface; what the SQL itself answers is final.
pub const SHELL: &str = r#"given=; if [ "${4:-}" = stdin ]; then IFS= read -r given || :; fi
secret() { for name in "$@"; do
  eval "file=\${${name}_FILE:-} value=\${${name}:-}"
  if [ -n "$file" ] && [ -r "$file" ]; then value=$(cat "$file"); fi
  if [ -n "$value" ]; then printf %s "$value"; return; fi
done; }
main="${POSTGRES_USER:-${POSTGRESQL_USERNAME:-${POSTGRESQL_USER:-${SUPERUSER:-}}}}"
if [ -z "$main" ]; then main=$(secret POSTGRES_USER); fi
word=$(secret POSTGRES_PASSWORD POSTGRESQL_PASSWORD SUPERUSER_PASSWORD)
admin=$(secret POSTGRES_POSTGRES_PASSWORD POSTGRESQL_POSTGRES_PASSWORD POSTGRESQL_ADMIN_PASSWORD)
patroni=$(secret PATRONI_SUPERUSER_PASSWORD PGPASSWORD_SUPERUSER)
data="${PGDATA:-}"
if [ ! -f "$data/postmaster.pid" ]; then
  for process in /proc/[0-9]*; do
    if [ -f "$process/cwd/postmaster.pid" ]; then data=$(readlink "$process/cwd"); break; fi
  done
fi
port="${PGPORT:-}" socket=
if [ -r "$data/postmaster.pid" ]; then port=$(sed -n 4p "$data/postmaster.pid"); socket=$(sed -n 5p "$data/postmaster.pid"); fi
if [ -n "$port" ]; then export PGPORT="$port"; fi
export PGDATABASE="${1:-postgres}" PGCONNECT_TIMEOUT=10 PGAPPNAME=vulas-native SQL="$2" LC_ALL=C
export PGOPTIONS='-c default_transaction_read_only=off -c statement_timeout=0 -c lc_messages=C'
unset PGHOSTADDR PGSERVICE PGSSLMODE
owner= run='printf "%s\n" "$SQL" | psql -X -q -A -t -v ON_ERROR_STOP=1 -P null= -F "$(printf "\037")"'
if [ "$(id -u)" = 0 ] && [ -n "$data" ]; then owner=$(stat -c %u "$data" 2>/dev/null || :); fi
if [ "$owner" = 0 ]; then owner=; fi
tool=; if [ -n "$owner" ]; then
  if command -v setpriv >/dev/null 2>&1 && setpriv --reuid="$owner" --clear-groups true 2>/dev/null; then tool=setpriv
  elif command -v gosu >/dev/null 2>&1; then tool=gosu
  elif command -v su-exec >/dev/null 2>&1; then tool=su-exec
  elif command -v su >/dev/null 2>&1; then tool=su; fi
fi
start() { case $tool in
  setpriv) setpriv --reuid="$owner" --clear-groups sh -c "$run" ;;
  su) su -m -s /bin/sh "$(stat -c %U "$data")" -c "$run" ;;
  ?*) "$tool" "$owner" sh -c "$run" ;;
  *) sh -c "$run" ;;
esac; }
said= tried=' '
attempt() {
  case $tried in *" $host/$1/$2 "*) return ;; esac
  tried="$tried$host/$1/$2 "
  export PGUSER="$1" PGPASSWORD="$2"
  if [ -n "$host" ]; then export PGHOST="$host"; else unset PGHOST; fi
  { error=$(start 2>&1 1>&3 3>&-); code=$?; } 3>&1
  case $code$error in
    2psql:\ *) case $said in *"$error"*) ;; *) said="$said$error
" ;; esac ;;
    *) if [ -n "$error" ]; then printf '%s\n' "$error" >&2; fi; exit "$code" ;;
  esac
}
for host in "$socket" localhost; do
  if [ -n "${3:-}" ]; then
    if [ -n "$given" ]; then attempt "$3" "$given"; continue; fi
    if [ "$3" = postgres ] && [ -n "$admin" ]; then attempt "$3" "$admin"; fi
    attempt "$3" "$word"
    if [ -n "$patroni" ]; then attempt "$3" "$patroni"; fi
    continue
  fi
  if [ -n "$admin" ]; then attempt postgres "$admin"; fi
  if [ -n "$patroni" ]; then attempt "${PATRONI_SUPERUSER_USERNAME:-${PGUSER_SUPERUSER:-postgres}}" "$patroni"; fi
  if [ -n "$main" ]; then attempt "$main" "$word"; fi
  attempt postgres "$word"
done
printf %s "$said" >&2
exit 2"#;

/// [`SHELL`] as clients come: with no leave to write where the server's default is to read only.
pub fn shell_of_clients() -> String {
    SHELL.replace("-c default_transaction_read_only=off ", "")
}

/// Tells where the files of a server really are: `$1` is its data directory. A line each: `data=`, `wal=` (without links;
/// empty when that can't be seen), `libc=musl` or `libc=glibc`.
pub const PLACES: &str = r#"printf 'data=%s\n' "$(readlink -f "$1" 2>/dev/null)"
printf 'wal=%s\n' "$(readlink -f "$1/pg_wal" 2>/dev/null)"
libc=glibc; for file in /lib/ld-musl-*; do if [ -e "$file" ]; then libc=musl; fi; done
printf 'libc=%s\n' "$libc""#;

/// Who the server is. One row: `server_version_num` (`160014`), `server_version` (`16.14`), `data_directory`, the user we
/// are, in recovery (`t` or `f`), system identifier, timeline of the latest checkpoint, `wal_level`,
/// we are a superuser (`t` or `f`).
pub const IDENTITY: &str = "SELECT current_setting('server_version_num'), current_setting('server_version'), current_setting('data_directory'), current_user, pg_is_in_recovery(), (SELECT system_identifier FROM pg_control_system()), (SELECT timeline_id FROM pg_control_checkpoint()), current_setting('wal_level'), (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);";

/// Where the server stands. One row: in recovery (`t`/`f`); the position that is safe on a master's disk, or that a
/// standby has replayed; the server's time as `2026-01-31T00:14:07Z`.
pub const POSITION: &str = "SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"');";

/// Which transactions have ended. One row: `XMIN:XMAX:RUNNING,...`, and as long as that is the same, none has; the server's time
/// as in [`POSITION`]. Asked of masters.
pub const TRANSACTIONS: &str =
    "SELECT txid_current_snapshot(), to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"');";

/// How many sessions of clients but our own have done anything since this second (since 1970). One row.
pub fn sessions_since(second: i64) -> String {
    format!(
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND state_change >= to_timestamp({second});"
    )
}

/// A standby's view of its stream. One row: status of the WAL receiver (`streaming`, or empty when none runs), received
/// position (or empty), replayed position, replay is paused (`t`/`f`).
pub const RECEIVER: &str = "SELECT (SELECT status FROM pg_stat_wal_receiver), pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn(), CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE false END;";

/// A master's view of its standbys. A row each: application name, client address (or empty), state (`streaming`,
/// `catchup`, `backup`), sent, replayed (or empty), sync state (`async`, `sync`, `quorum`, `potential`).
pub const STANDBYS: &str = "SELECT application_name, host(client_addr), state, sent_lsn, replay_lsn, sync_state FROM pg_stat_replication ORDER BY application_name, pid;";

/// What a copy of this server must know of. Rows of three columns: `setting`, name, value (commands and libraries of an
/// archive only as `set`); `slot`, name, kind and state and bytes of WAL that it holds; `tablespace`, name, place; `prepared`,
/// name of a prepared transaction, database; `hba`, an address that clients may come from, empty; `mine`, `slot`, the slot
/// that this standby uses (or empty).
pub const FACTS: &str = "SELECT 'setting', name, CASE WHEN name IN ('archive_command', 'archive_library') AND setting NOT IN ('', '(disabled)') THEN 'set' ELSE setting END FROM pg_settings WHERE name IN ('archive_mode', 'archive_command', 'archive_library', 'synchronous_standby_names', 'synchronized_standby_slots', 'allow_alter_system', 'shared_preload_libraries', 'wal_keep_segments', 'wal_keep_size', 'max_prepared_transactions') UNION ALL SELECT 'slot', slot_name, concat_ws(' ', slot_type, CASE WHEN active THEN 'active' ELSE 'inactive' END, CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_flush_lsn(), restart_lsn)::bigint END) FROM pg_replication_slots WHERE NOT temporary UNION ALL SELECT 'tablespace', spcname, pg_tablespace_location(oid) FROM pg_tablespace WHERE pg_tablespace_location(oid) <> '' UNION ALL SELECT 'prepared', gid, database FROM pg_prepared_xacts UNION ALL SELECT 'hba', coalesce(address, ''), '' FROM pg_hba_file_rules WHERE type <> 'local' AND error IS NULL AND NOT ('{replication}' = database) UNION ALL SELECT 'mine', 'slot', coalesce((SELECT slot_name FROM pg_stat_wal_receiver), '');";

/// What one database holds that a copy may lack. A row each: `unlogged`, table; `extension`, name.
pub const CONTENTS: &str = "SELECT 'unlogged', n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relpersistence = 'u' AND c.relkind = 'r' UNION ALL SELECT 'extension', extname FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1, 2;";

/// Drops a physical slot that nobody uses, if it is there.
pub fn drop_slot(name: &str) -> String {
    format!(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '{}' AND NOT active;",
        name.replace('\'', "''")
    )
}

/// Whether there is a slot of this name. One row: `t` or `f`.
pub fn has_slot(name: &str) -> String {
    format!("SELECT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '{}');", name.replace('\'', "''"))
}

/// Makes a physical slot that holds WAL from now on.
pub fn make_slot(name: &str) -> String {
    format!("SELECT pg_create_physical_replication_slot('{}', true);", name.replace('\'', "''"))
}

/// Ends all sessions of clients but our own. One row: how many there were.
pub const END_SESSIONS: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid();";

/// The same for those that began before this moment of the server's clock (seconds since 1970). One row: how many are left.
pub fn end_sessions_before(moment: f64) -> String {
    format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND backend_start < to_timestamp({moment});"
    )
}

/// The databases that take connections, which those that a `DROP DATABASE` was broken off in do not (their `datconnlimit` is -2
/// since 11.21, 12.16, 13.12, 14.9, 15.4 and 16). A row each: name, size in bytes.
pub const DATABASES: &str = "SELECT datname, pg_database_size(oid) FROM pg_database WHERE datallowconn AND datconnlimit <> -2 AND NOT datistemplate ORDER BY datname;";

/// Settings that a server started on a copy of the volume needs as they are here: a standby stops when one of the first
/// five is lower than its master's was. A row each: name, value.
pub const SETTINGS: &str = "SELECT name, setting FROM pg_settings WHERE name IN ('max_connections', 'max_worker_processes', 'max_wal_senders', 'max_prepared_transactions', 'max_locks_per_transaction', 'config_file', 'wal_level', 'wal_log_hints', 'track_commit_timestamp') ORDER BY name;";

/// Rows of every permanent user table of one database, exactly. A row each: `schema.table`, count (empty for tables over
/// 4 GiB, which are not counted).
pub const COUNTS: &str = r"SELECT format(CASE WHEN pg_relation_size(c.oid) < 4294967296 THEN 'SELECT %L, count(*) FROM ONLY %I.%I' ELSE 'SELECT %L, NULL' END, n.nspname || '.' || c.relname, n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY n.nspname, c.relname \gexec";

/// What has been written to one database since its statistics were reset. First row: `*`, the reset as seconds since
/// 1970 (0 for never), start of the server likewise, 0. Then a row for each user table and for the catalogues that
/// change with DDL, TRUNCATE, roles and large objects: `schema.table`, inserted, updated, deleted.
pub const CHANGES: &str = "SELECT '*', coalesce(extract(epoch FROM stats_reset)::bigint, 0), extract(epoch FROM pg_postmaster_start_time())::bigint, 0 FROM pg_stat_database WHERE datname = current_database() UNION ALL (SELECT schemaname || '.' || relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_all_tables WHERE (schemaname !~ '^pg_' AND schemaname <> 'information_schema') OR (schemaname = 'pg_catalog' AND relname IN ('pg_class', 'pg_largeobject', 'pg_authid', 'pg_proc')) ORDER BY 1);";

/// Versions that migration tools have left in one database (Flyway, golang-migrate, Liquibase). A row each: table, version.
pub const SCHEMA_VERSION: &str = r"SELECT format(CASE WHEN c.relname = 'databasechangelog' THEN 'SELECT %L, (SELECT id FROM %I.%I ORDER BY orderexecuted DESC LIMIT 1)' WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'installed_rank') THEN 'SELECT %L, (SELECT version FROM %I.%I WHERE success ORDER BY installed_rank DESC LIMIT 1)' ELSE 'SELECT %L, max(version::text) FROM %I.%I' END, n.nspname || '.' || c.relname, n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND (c.relname = 'databasechangelog' OR c.relname IN ('schema_version', 'flyway_schema_history', 'schema_migrations') AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'version')) ORDER BY 1 \gexec";

/// Writes all dirty pages now, so that a base backup begins at once. No rows.
pub const CHECKPOINT: &str = "CHECKPOINT;";

/// Lets new transactions read only, as soon as the server has read its files again; those that are open go on. One row.
pub const FENCE: &str = "ALTER SYSTEM SET default_transaction_read_only = on;\nSELECT pg_reload_conf();";

/// Takes [`FENCE`] back. One row.
pub const UNFENCE: &str = "ALTER SYSTEM RESET default_transaction_read_only;\nSELECT pg_reload_conf();";

/// Whether new sessions may only read. One row: `on` or `off`, from the configuration, not from our own session.
pub const FENCED: &str = "SELECT coalesce((SELECT setting FROM pg_file_settings WHERE name = 'default_transaction_read_only' ORDER BY seqno DESC LIMIT 1), 'off');";

/// What keeps sessions of clients from writing, asked as one of them ([`shell_of_clients`]). One row: `on` or `off`, as a new session
/// begins; where that is set (`default`, `configuration file`, `command line`, ...); the roles and databases that have another
/// setting of their own, separated by commas; the prepared transactions likewise, which end as if there were no fence; the
/// server's time in seconds since 1970.
pub const CLIENTS: &str = "SELECT setting, source, (SELECT coalesce(string_agg(coalesce(r.rolname, 'all roles') || ' in ' || coalesce(d.datname, 'all databases'), ', '), '') FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase CROSS JOIN LATERAL unnest(s.setconfig) c WHERE split_part(c, '=', 1) = 'default_transaction_read_only' AND lower(split_part(c, '=', 2)) NOT IN ('on', 'true', 'yes', '1')), (SELECT coalesce(string_agg(gid, ', '), '') FROM pg_prepared_xacts), extract(epoch FROM clock_timestamp()) FROM pg_settings WHERE name = 'default_transaction_read_only';";

#[cfg(test)]
mod tests {
    use std::{io::Write as _, process::Stdio};

    use super::*;

    /// Lets in one role with one password and prints its input; refuses others as `psql` does.
    const PSQL: &str = r#"#!/bin/sh
if [ "$PGUSER/$PGPASSWORD" = "$LET_IN" ] && [ "${PGHOST:-socket}" = "${LET_IN_AT:-socket}" ]; then cat; exit "${END:-0}"; fi
echo "psql: error: connection to server failed: FATAL:  password authentication failed for user \"$PGUSER\"" >&2
exit 2
"#;

    /// Runs the script with this environment; answers code, output and errors.
    fn shell(environment: &[(&str, &str)], arguments: &[&str], input: &str) -> (i32, String, String) {
        let folder = tempfile::tempdir().unwrap();
        let psql = folder.path().join("psql");
        std::fs::write(&psql, PSQL).unwrap();
        std::process::Command::new("chmod").arg("755").arg(&psql).status().unwrap();
        std::process::Command::new("chmod").arg("755").arg(folder.path()).status().unwrap();
        std::fs::write(folder.path().join("word"), "from-file\n").unwrap();
        // A server of this machine is not to be found: this is its folder, with port and no folder for sockets.
        std::fs::write(folder.path().join("postmaster.pid"), "1\n\n\n5432\n\n\n").unwrap();
        let path = format!("{}:/usr/bin:/bin", folder.path().display());
        let mut command = std::process::Command::new("sh");
        command.args(["-c", SHELL, "psql"]).args(arguments).env_clear().env("PATH", path).current_dir(folder.path());
        command.envs(environment.iter().copied()).env("PGDATA", folder.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    #[test]
    fn roles_and_passwords_come_from_the_container() {
        let table: [(&str, &[(&str, &str)]); 8] = [
            ("postgres/", &[]),
            ("postgres/a", &[("POSTGRES_PASSWORD", "a")]),
            ("keeper/a", &[("POSTGRES_USER", "keeper"), ("POSTGRES_PASSWORD", "a")]),
            ("keeper/from-file", &[("POSTGRES_USER", "keeper"), ("POSTGRES_PASSWORD_FILE", "word")]),
            // Where there are two, the application's role is no superuser.
            (
                "postgres/b",
                &[("POSTGRES_USER", "app"), ("POSTGRES_PASSWORD", "a"), ("POSTGRES_POSTGRES_PASSWORD", "b")],
            ),
            ("app/a", &[("POSTGRESQL_USERNAME", "app"), ("POSTGRESQL_PASSWORD", "a")]),
            ("postgres/c", &[("POSTGRESQL_USER", "app"), ("POSTGRESQL_ADMIN_PASSWORD", "c")]),
            ("boss/d", &[("PATRONI_SUPERUSER_USERNAME", "boss"), ("PATRONI_SUPERUSER_PASSWORD", "d")]),
        ];
        for (let_in, environment) in table {
            for at in ["socket", "localhost"] {
                let all = [environment, &[("LET_IN", let_in), ("LET_IN_AT", at)]].concat();
                assert_eq!(
                    shell(&all, &["", "SELECT 1;"], ""),
                    (0, "SELECT 1;\n".into(), String::new()),
                    "{let_in} {at}"
                );
            }
        }
    }

    #[test]
    fn a_role_that_is_named_is_the_only_one() {
        let environment = [("POSTGRES_USER", "app"), ("POSTGRES_PASSWORD", "a"), ("LET_IN", "boss/a")];
        assert_eq!(shell(&environment, &["", "SELECT 1;", "boss"], "").0, 0);
        let (code, output, error) = shell(&environment, &["", "SELECT 1;", "other"], "");
        assert_eq!((code, output.as_str()), (2, ""));
        assert!(error.contains("user \"other\"") && !error.contains("user \"app\""), "{error}");
        let environment = [("POSTGRES_PASSWORD", "a"), ("LET_IN", "boss/it's secret")];
        assert_eq!(shell(&environment, &["", "SELECT 1;", "boss", "stdin"], "it's secret\n").0, 0);
    }

    #[test]
    fn an_error_of_the_sql_is_final() {
        let environment = [("LET_IN", "postgres/"), ("END", "3")];
        assert_eq!(shell(&environment, &["", "SELECT 1;"], ""), (3, "SELECT 1;\n".into(), String::new()));
    }

    #[test]
    fn clients_have_no_leave_to_write() {
        assert!(SHELL.contains("read_only=off") && !shell_of_clients().contains("read_only"));
    }

    #[test]
    fn no_password_is_in_an_error() {
        let environment = [("POSTGRES_PASSWORD", "hidden"), ("LET_IN", "nobody/")];
        let (code, output, error) = shell(&environment, &["", "SELECT 1;"], "");
        assert_eq!((code, output.as_str()), (2, ""));
        assert!(error.contains("authentication failed for user \"postgres\"") && !error.contains("hidden"), "{error}");
    }
}
