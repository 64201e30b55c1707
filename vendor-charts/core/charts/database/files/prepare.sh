# Makes the volume ready for PostgreSQL, or says why PostgreSQL must not start on it. Runs before every start; repeating it is harmless, and
# being killed in it as well: what it makes is made beside its place and moved there when whole.
set -eu
umask 077
. "${0%/*}/lib.sh"

NEW=$PGDATA.new

# One volume, one owner. The file is written by the first release on the volume, and by whoever hands the volume to another.
check_owner() {
  owner=
  [ ! -e "$OWNER_FILE" ] || read -r owner <"$OWNER_FILE" || :
  if [ "$owner" = "$RELEASE" ]; then return; fi
  if [ -n "$owner" ]; then
    refuse "the volume belongs to release $owner, this is release $RELEASE. A volume that was handed over can't be taken back:" \
      "delete the claim and the pod, and the volume is made anew"
  fi
  if [ -n "$CLAIM" ]; then
    has_database || refuse "claim $CLAIM holds no database in $PGDATA. A release on an existing claim never makes a new one"
    refuse "claim $CLAIM names no owner ($OWNER_FILE is missing): it has not been handed over to release $RELEASE"
  fi
}

take_ownership() {
  [ -z "$owner" ] || return 0
  echo "$RELEASE" >"$OWNER_FILE.new"
  mv "$OWNER_FILE.new" "$OWNER_FILE"
}

check_image() {
  major=$(postgres -V | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
  [ "$major" = "$PG_MAJOR_EXPECTED" ] ||
    refuse "the image holds PostgreSQL $major, the chart is set up for $PG_MAJOR_EXPECTED: set database.postgres.majorVersion"
}

check_version() {
  version=$(cat "$PGDATA/PG_VERSION")
  [ "$version" = "$major" ] || refuse "the volume holds a database of PostgreSQL $version, the image is $major"
}

check_empty() {
  for path in "$PGDATA"/* "$PGDATA"/.[!.]*; do
    case $path in
      */lost+found | "$OWNER_FILE" | "$LOCK_FILE") continue ;;
    esac
    [ ! -e "$path" ] || refuse "$PGDATA holds files but no database (no PG_VERSION): $path"
  done
}

# Settings go onto the volume, so that whoever starts the database elsewhere (a promotion, a repair) has them too.
configure() {
  cat "$CONFIG/postgresql.conf" >"$1/vulas.conf.new"
  if [ "$ROLE" = slave ] && [ "$major" -ge 12 ]; then
    {
      echo "primary_conninfo = '$CONNINFO'"
      echo "recovery_target_timeline = 'latest'"
    } >>"$1/vulas.conf.new"
    touch "$1/standby.signal"
    # What a former life of this database left here would win.
    sed -i -E '/^(primary_conninfo|primary_slot_name|restore_command|recovery_)/d' "$1/postgresql.auto.conf"
  elif [ "$ROLE" = slave ]; then
    printf "standby_mode = 'on'\nprimary_conninfo = '%s'\nrecovery_target_timeline = 'latest'\n" "$CONNINFO" >"$1/recovery.conf.new"
    mv "$1/recovery.conf.new" "$1/recovery.conf"
  fi
  mv "$1/vulas.conf.new" "$1/vulas.conf"
  cat "$CONFIG/pg_hba.conf" >"$1/pg_hba.conf.new"
  mv "$1/pg_hba.conf.new" "$1/pg_hba.conf"
  grep -qs "^include_if_exists = 'vulas.conf'" "$1/postgresql.conf" || echo "include_if_exists = 'vulas.conf'" >>"$1/postgresql.conf"
}

# For standbys, and for subscriptions that should not carry a password.
write_passfile() {
  escaped=$(printf %s "$REPLICATION_PASSWORD" | sed 's/[\\:]/\\&/g')
  printf '*:*:*:%s:%s\n' "$REPLICATION_USERNAME" "$escaped" >"$PASSFILE"
}

initialise() {
  say "initialising $PGDATA"
  rm -rf "$NEW"
  printf '%s\n' "$SUPERUSER_PASSWORD" >"$RUN/superuser"
  # shellcheck disable=SC2086 # several arguments
  initdb -D "$NEW" --username="$SUPERUSER" --pwfile="$RUN/superuser" --auth-local=trust --auth-host="$AUTH_METHOD" $INITDB_ARGS
  rm "$RUN/superuser"
  configure "$NEW"
  pg_ctl -D "$NEW" -s -w -o "-c listen_addresses='' -c unix_socket_directories='$RUN'" start
  # Passwords come from the environment, by psql's backquotes: they are on no command line and in no log.
  psql -XAtq -v ON_ERROR_STOP=1 -h "$RUN" -U "$SUPERUSER" -d postgres <<'SQL'
SET log_min_error_statement = panic;
SET log_statement = none;
\set user `printf %s "$DB_USERNAME"`
\set password `printf %s "$DB_PASSWORD"`
\set database `printf %s "$DB_NAME"`
\set replication `printf %s "$REPLICATION_USERNAME"`
\set replication_password `printf %s "$REPLICATION_PASSWORD"`
CREATE ROLE :"user" LOGIN PASSWORD :'password';
CREATE ROLE :"replication" LOGIN REPLICATION PASSWORD :'replication_password';
CREATE DATABASE :"database" OWNER :"user";
SQL
  for script in /initdb/*.sql; do
    [ -e "$script" ] || continue
    say "running ${script##*/}"
    psql -Xq -v ON_ERROR_STOP=1 -h "$RUN" -U "$SUPERUSER" -d "$DB_NAME" -f "$script"
  done
  pg_ctl -D "$NEW" -s -w -m fast stop
  [ ! -d "$PGDATA" ] || rmdir "$PGDATA"
  mv "$NEW" "$PGDATA"
}

prepare_master() {
  if has_database; then
    check_version
    ! is_standby || refuse "the volume holds a standby that has not been promoted ($PGDATA has standby.signal or recovery.conf)"
    case $(control "Database cluster state") in
      "shut down in recovery" | "in archive recovery")
        refuse "the volume holds a standby that has not been promoted (pg_control says: $(control "Database cluster state"))"
        ;;
    esac
    configure "$PGDATA"
  elif [ -n "$CLAIM" ]; then
    refuse "claim $CLAIM holds no database in $PGDATA. A release on an existing claim never makes a new one"
  else
    check_empty
    initialise
  fi
}

wait_for_master() {
  i=0
  until pg_isready -q -h "$MASTER_HOST" -p "$MASTER_PORT"; do
    [ $i -gt 0 ] || say "waiting for $MASTER_HOST:$MASTER_PORT"
    i=$((i + 1))
    [ $i -lt "$1" ] || return 1
    sleep 1
  done
}

clone() {
  wait_for_master "$CLONE_WAIT" || refuse "$MASTER_HOST:$MASTER_PORT has not answered for $CLONE_WAIT s"
  say "cloning $MASTER_HOST"
  rm -rf "$NEW"
  pg_basebackup -d "$CONNINFO" -D "$NEW" -w -X stream --checkpoint=fast
  # pg_basebackup leaves these out or takes them from the master; here they would be another's.
  rm -f "$NEW/postmaster.pid" "$NEW/recovery.done"
  configure "$NEW"
  [ ! -d "$PGDATA" ] || rmdir "$PGDATA"
  mv "$NEW" "$PGDATA"
}

# An LSN as a number.
position() { echo $((0x${1%/*} * 4294967296 + 0x${1#*/})); }

# A question in the replication protocol.
ask_master() { psql -XAtw -d "$CONNINFO dbname=postgres replication=true" -c "$1"; }

# A standby that can't follow this master would be ready and serve old rows for ever.
compare_with_master() {
  if ! wait_for_master "$COMPARE_WAIT"; then
    say "the master has not answered for $COMPARE_WAIT s: starting on what is here"
    return
  fi
  anew="Delete claim $VOLUME_CLAIM and the pod, and the standby is cloned anew"
  # system identifier|timeline|position|
  answer=$(ask_master IDENTIFY_SYSTEM)
  IFS='|' read -r identifier timeline end _ <<EOT
$answer
EOT
  own=$(control "Database system identifier")
  [ "$own" = "$identifier" ] || refuse "the volume holds a copy of another database (system identifier $own, the master's is $identifier). $anew"
  own_timeline=$(control "Latest checkpoint's TimeLineID")
  [ "$own_timeline" -le "$timeline" ] || refuse "the volume is on timeline $own_timeline, the master on $timeline: it was promoted once. $anew"
  if [ "$timeline" -gt 1 ]; then
    history=$(ask_master "TIMELINE_HISTORY $timeline" | sed '1s/^[^|]*|//')
    if [ "$own_timeline" -lt "$timeline" ]; then
      # The master left the volume's timeline here; what the volume has beyond it is another's.
      end=$(echo "$history" | sed -n "s/^$own_timeline[[:space:]]*\([0-9A-F]*\/[0-9A-F]*\).*/\1/p")
      [ -n "$end" ] || refuse "the volume is on timeline $own_timeline, which is not in the past of the master's $timeline. $anew"
    elif [ "$history" != "$(cat "$PGDATA/pg_wal/$(printf %08X "$timeline").history")" ]; then
      refuse "the volume is on another timeline $timeline than the master: both were promoted, at different times. $anew"
    fi
  fi
  own=$(control "Minimum recovery ending location")
  [ "$(position "$own")" -le "$(position "$end")" ] || refuse "the volume is at $own, past the $end up to which it shares the master's history. $anew"
}

prepare_slave() {
  if has_database; then
    check_version
    is_standby || refuse "the volume holds a database that is not a standby: it was promoted. Delete claim $VOLUME_CLAIM and the pod, and the standby is cloned anew"
    compare_with_master
    configure "$PGDATA"
  else
    check_empty
    clone
  fi
}

check_image
check_owner
lock_volume
take_ownership
write_passfile
if [ "$ROLE" = master ]; then
  prepare_master
else
  VOLUME_CLAIM=data-$POD_NAME
  CONNINFO="host=$MASTER_HOST port=$MASTER_PORT user=$REPLICATION_USERNAME passfile=$PASSFILE application_name=$POD_NAME"
  prepare_slave
fi
chmod 0700 "$PGDATA"
say "ready to start PostgreSQL $major on $PGDATA"
