//! Every statement that is sent to a server, with the columns of its answer.
//!
//! They run in `psql -X -q -A -t -v ON_ERROR_STOP=1 -P null= -F US` (US is the unit separator, U+001F) started by
//! [`SHELL`]; the answer is a line per row. Where a statement ends in `\gexec`, each row of its result is run as a
//! statement, and the answer holds the rows of those.
//!
//! A model of PostgreSQL that answers exactly these can stand in for a server. Statements come to it as
//! `["sh", "-c", SHELL, "psql", DATABASE, SQL]`; an empty DATABASE is `postgres`.
//! Besides these only the user's own check files are sent.

/// Starts `psql` in the container of a server: `$1` is the database (or empty), `$2` the SQL.
///
/// A command enters a container as the container's user, often root, while PostgreSQL may know only its own user
/// (`peer` authentication): so root becomes the owner of the data directory first, by whichever tool the image has.
/// The password comes from the container's own environment and goes through an environment variable.
pub const SHELL: &str = r#"user="${POSTGRES_USER:-${SUPERUSER:-postgres}}"
database="${1:-postgres}"
file="${POSTGRES_PASSWORD_FILE:-${POSTGRES_POSTGRES_PASSWORD_FILE:-${POSTGRESQL_PASSWORD_FILE:-}}}"
password="${POSTGRES_PASSWORD:-${POSTGRES_POSTGRES_PASSWORD:-${POSTGRESQL_PASSWORD:-}}}"
if [ -n "$file" ] && [ -r "$file" ]; then password=$(cat "$file"); fi
export PGUSER="$user" PGDATABASE="$database" PGPASSWORD="$password" PGCONNECT_TIMEOUT=10 PGAPPNAME=vulas-native SQL="$2"
export PGOPTIONS='-c default_transaction_read_only=off -c statement_timeout=0 -c lc_messages=C'
unset PGHOST PGHOSTADDR PGSERVICE
run='printf "%s\n" "$SQL" | psql -X -q -A -t -v ON_ERROR_STOP=1 -P null= -F "$(printf "\037")"'
owner=
if [ "$(id -u)" = 0 ] && [ -n "${PGDATA:-}" ]; then owner=$(stat -c %u "$PGDATA" 2>/dev/null || echo); fi
if [ -n "$owner" ] && [ "$owner" != 0 ]; then
  if command -v setpriv >/dev/null 2>&1 && setpriv --reuid="$owner" --clear-groups true 2>/dev/null; then
    exec setpriv --reuid="$owner" --clear-groups sh -c "$run"
  fi
  for tool in gosu su-exec; do if command -v $tool >/dev/null 2>&1; then exec $tool "$owner" sh -c "$run"; fi; done
fi
exec sh -c "$run""#;

/// Who the server is. One row: `server_version_num` (`160014`), `server_version` (`16.14`), `data_directory`, the user we
/// are, in recovery (`t` or `f`), system identifier, timeline of the latest checkpoint, `wal_level`.
pub const IDENTITY: &str = "SELECT current_setting('server_version_num'), current_setting('server_version'), current_setting('data_directory'), current_user, pg_is_in_recovery(), (SELECT system_identifier FROM pg_control_system()), (SELECT timeline_id FROM pg_control_checkpoint()), current_setting('wal_level');";

/// Where the server stands. One row: in recovery (`t`/`f`); the position that is safe on a master's disk, or that a
/// standby has replayed; the server's time as `2026-01-31T00:14:07Z`.
pub const POSITION: &str = "SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"');";

/// A standby's view of its stream. One row: status of the WAL receiver (`streaming`, or empty when none runs), received
/// position (or empty), replayed position, replay is paused (`t`/`f`).
pub const RECEIVER: &str = "SELECT (SELECT status FROM pg_stat_wal_receiver), pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn(), CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE false END;";

/// A master's view of its standbys. A row each: application name, client address (or empty), state (`streaming`,
/// `catchup`, `backup`), sent, replayed (or empty), sync state (`async`, `sync`, `quorum`, `potential`).
pub const STANDBYS: &str = "SELECT application_name, host(client_addr), state, sent_lsn, replay_lsn, sync_state FROM pg_stat_replication ORDER BY application_name, pid;";

/// Ends all sessions of clients but our own. One row: how many there were.
pub const END_SESSIONS: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid();";

/// The databases that take connections. A row each: name, size in bytes.
pub const DATABASES: &str =
    "SELECT datname, pg_database_size(oid) FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname;";

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

/// Lets new transactions read only; sessions must be ended afterwards. One row.
pub const FENCE: &str = "ALTER SYSTEM SET default_transaction_read_only = on;\nSELECT pg_reload_conf();";

/// Takes [`FENCE`] back. One row.
pub const UNFENCE: &str = "ALTER SYSTEM RESET default_transaction_read_only;\nSELECT pg_reload_conf();";

/// Whether new sessions may only read. One row: `on` or `off`, from the configuration, not from our own session.
pub const FENCED: &str = "SELECT coalesce((SELECT setting FROM pg_file_settings WHERE name = 'default_transaction_read_only' ORDER BY seqno DESC LIMIT 1), 'off');";
