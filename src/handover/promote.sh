# Makes the copy of a database on this volume a master of its own, on a new timeline, with no network.
#
# VN_OWNER    release that the volume belongs to from now on     VN_FORMER  release that it is taken from
# VN_VOLUME   where the volume is mounted                        VN_DATA    data directory on it
# VN_MAJOR    major version of PostgreSQL                        VN_USER    a superuser
# VN_FORK     position that must have been replayed              VN_TIMELINE  timeline of the former owner
# VN_OPTIONS  settings of the former server, as options          VN_WORK    an empty, writable folder
# VN_TIMEOUT  seconds that start, replay and promotion may take each
#
# Can be run again at any point. Up to the line "taking the volume" nothing on it has changed for its former owner.
set -eu
umask 077
say() { printf 'promote: %s\n' "$*"; }
fail() { printf 'promote: error: %s\n' "$*"; exit 1; }

# PostgreSQL does not run as root: root becomes the owner of the data directory.
become=
[ -d "$VN_DATA" ] || fail "there is no directory $VN_DATA on the volume (mounted at $VN_VOLUME)"
[ -f "$VN_DATA/PG_VERSION" ] || fail "$VN_DATA/PG_VERSION can't be read: no database there, or not readable for user $(id -u) ($(ls -ld "$VN_DATA" | cut -d' ' -f1,3,4))"
if [ "$(id -u)" = 0 ]; then
  owner=$(stat -c %u "$VN_DATA"); group=$(stat -c %g "$VN_DATA")
  [ "$owner" != 0 ] || fail "$VN_DATA belongs to root, as whom PostgreSQL does not run"
  chown "$owner:$group" "$VN_WORK"
  if command -v gosu >/dev/null 2>&1; then become="gosu $owner:$group"
  elif command -v su-exec >/dev/null 2>&1; then become="su-exec $owner:$group"
  elif command -v setpriv >/dev/null 2>&1; then become="setpriv --reuid=$owner --regid=$group --clear-groups"
  else fail "the container runs as root, and the image has none of gosu, su-exec, setpriv to become user $owner"; fi
fi
as_owner() { $become "$@"; }
on_volume() { as_owner test "$@"; }

major=$(as_owner cat "$VN_DATA/PG_VERSION")
[ "$major" = "$VN_MAJOR" ] || fail "the volume holds PostgreSQL $major, but the server that was asked is $VN_MAJOR"

marker=$VN_VOLUME/vulas-native-owner
holder=$(cat "$marker" 2>/dev/null || :)
case $holder in
  ''|"$VN_FORMER"|"$VN_OWNER") ;;
  *) fail "the volume belongs to release $holder ($marker), neither to $VN_FORMER nor to $VN_OWNER" ;;
esac

# Charts that know how hold this lock for as long as PostgreSQL runs on the volume.
guard=$VN_VOLUME/vulas-native-lock
if command -v flock >/dev/null 2>&1 && [ -w "$guard" ]; then
  exec 9>>"$guard"
  flock -n 9 || fail "PostgreSQL runs on this volume: $guard is locked"
fi

# A server that was killed leaves its lock file. Its process id means nothing here: containers count their own. Whether
# another pod uses the volume was asked of the API server before; here only our own processes can be seen.
lock=$VN_DATA/postmaster.pid
if on_volume -f "$lock"; then
  pid=$(as_owner sed -n 1p "$lock")
  # (The command line of a process that has ended, and only waits to be collected, is empty.) Only its first word counts: the
  # script that is read here stands in our own command line, and we have the number that PostgreSQL had in its container, 1.
  case $(tr '\0\n' '\n ' < "/proc/$pid/cmdline" 2>/dev/null | sed -n 1p || :) in
    *postgres*|*postmaster*) fail "PostgreSQL runs on this volume as process $pid" ;;
  esac
  say "removing postmaster.pid, left by a server that could not stop cleanly"
  as_owner rm -f "$lock"
fi

# What makes it a standby.
standby=
if [ "$major" -ge 12 ]; then
  if on_volume -f "$VN_DATA/standby.signal"; then standby=standby.signal; fi
  on_volume ! -e "$VN_DATA/recovery.conf" || fail "$VN_DATA/recovery.conf exists; PostgreSQL $major does not start with it"
elif on_volume -f "$VN_DATA/recovery.conf"; then
  standby=recovery.conf
fi

started=; taken=; saved=$VN_DATA/recovery.conf.vulas-native
[ -n "$become" ] && as_owner test -w "$VN_WORK" || test -w "$VN_WORK" || fail "$VN_WORK is not writable for user $(id -u)"
control() { as_owner pg_ctl -D "$VN_DATA" -s -t "$VN_TIMEOUT" "$@"; }
stop() { control -w -m fast stop >/dev/null 2>&1 || control -w -m immediate stop >/dev/null 2>&1 || :; started=; }
give_back() {
  code=$?
  if [ -n "$started" ]; then stop; fi
  if [ -z "$taken" ] && on_volume -f "$saved"; then as_owner mv -f "$saved" "$VN_DATA/recovery.conf"; fi
  if [ "$code" != 0 ]; then
    as_owner test -f "$VN_WORK/log" && { say "the server's last words:"; as_owner tail -n 25 "$VN_WORK/log"; }
    if [ -n "$taken" ]; then say "stopped after the volume was taken"; else say "stopped; the volume is as it was"; fi
  fi
}
trap give_back EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

# The private server: no port, a socket in a folder of our own, nothing followed, nothing archived, nothing fetched.
as_owner sh -c 'echo "local all all trust" > "$0/hba"; : > "$0/ident"; : > "$0/log"; chmod 700 "$0" 2>/dev/null || :' "$VN_WORK"
options="$VN_OPTIONS -c listen_addresses='' -c port=5432 -c unix_socket_directories='$VN_WORK' -c hba_file='$VN_WORK/hba' -c ident_file='$VN_WORK/ident'"
options="$options -c hot_standby=on -c archive_mode=off -c synchronous_standby_names='' -c max_logical_replication_workers=0 -c autovacuum=off"
options="$options -c ssl=off -c logging_collector=off -c log_destination=stderr -c shared_preload_libraries='' -c default_transaction_read_only=off"
if [ "$major" -ge 12 ]; then
  options="$options -c primary_conninfo='' -c primary_slot_name='' -c restore_command='' -c recovery_target_timeline=latest"
  # Up to 11 they stand in recovery.conf, which is put aside.
  options="$options -c archive_cleanup_command='' -c recovery_end_command=''"
elif [ -n "$standby" ]; then
  on_volume -f "$saved" || as_owner cp -p "$VN_DATA/recovery.conf" "$saved"
  as_owner sh -c 'printf "standby_mode = on\nrecovery_target_timeline = latest\n" > "$0"' "$VN_DATA/recovery.conf"
fi
if [ "$major" -ge 17 ]; then options="$options -c allow_alter_system=on -c sync_replication_slots=off -c synchronized_standby_slots=''"; fi
sql() { as_owner psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$VN_WORK" -p 5432 -U "$VN_USER" -d "${2:-template1}" -c "$1"; }

say "starting PostgreSQL $major on $VN_DATA, with no network"
as_owner pg_ctl -D "$VN_DATA" -s -w -t "$VN_TIMEOUT" -l "$VN_WORK/log" -o "$options" start >/dev/null 9>&- || { started=1; fail "PostgreSQL did not start"; }
started=1
export PGOPTIONS='-c lc_messages=C'

recovering=$(sql 'SELECT pg_is_in_recovery()') || fail "the private server does not answer"
if [ "$recovering" = t ]; then
  waited=0; last=
  while [ "$(sql "SELECT pg_last_wal_replay_lsn() >= '$VN_FORK'")" != t ]; do
    now=$(sql 'SELECT pg_last_wal_replay_lsn()')
    if [ "$now" = "$last" ]; then waited=$((waited + 1)); else waited=0; last=$now; fi
    [ "$waited" -lt 20 ] || fail "the volume ends at $now, before the fork at $VN_FORK: rows would be lost"
    sleep 1
  done
  say "replayed up to $(sql 'SELECT pg_last_wal_replay_lsn()'), past the fork at $VN_FORK"
  say "taking the volume for $VN_OWNER"
  taken=1
  # Whole or not at all: written beside, then renamed.
  if { printf '%s\n' "$VN_OWNER" > "$marker.new" && chmod 644 "$marker.new" && mv -f "$marker.new" "$marker"; } 2>/dev/null; then :
  else say "warning: $marker can't be written by user $(id -u) ($(ls -ld "$VN_VOLUME" | cut -d' ' -f1,3,4)); no chart can see who owns the volume"; fi
  control -w promote >/dev/null || fail "the promotion did not end"
else
  [ -z "$standby" ] || fail "$standby is there, but the server is not in recovery"
  taken=1
  [ "$(cat "$marker" 2>/dev/null || :)" = "$VN_OWNER" ] || say "warning: $marker does not name $VN_OWNER"
fi

sql CHECKPOINT >/dev/null
timeline=$(sql 'SELECT timeline_id FROM pg_control_checkpoint()')
[ "$timeline" -gt "$VN_TIMELINE" ] || fail "the server is a master on timeline $timeline, as $VN_FORMER is: somebody made it one without a promotion; it can't be told from its origin"

# What would tie it to the former owner: where it streamed from, whom its commits wait for, what it was subscribed to; and
# the fence, in a copy that was made while the former owner had one.
settings="synchronous_standby_names default_transaction_read_only"
if [ "$major" -ge 12 ]; then settings="$settings primary_conninfo primary_slot_name"; fi
if [ "$major" -ge 17 ]; then settings="$settings synchronized_standby_slots"; fi
for setting in $settings; do sql "ALTER SYSTEM RESET $setting" >/dev/null || say "warning: $setting could not be reset"; done
sql "SELECT d.datname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid ORDER BY 1" | sort -u | while IFS= read -r database; do
  sql "SELECT quote_ident(subname) FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = current_database()" "$database" | while IFS= read -r subscription; do
    say "dropping subscription $subscription of database $database: its changes belong to $VN_FORMER"
    sql "ALTER SUBSCRIPTION $subscription DISABLE" "$database"
    sql "ALTER SUBSCRIPTION $subscription SET (slot_name = NONE)" "$database"
    sql "DROP SUBSCRIPTION $subscription" "$database"
  done
done
# A slot of the copy has no reader, and would hold WAL for ever.
sql "SELECT slot_name FROM pg_replication_slots WHERE NOT active" | while IFS= read -r slot; do
  say "dropping replication slot $slot of the copy: nobody reads it here"
  sql "SELECT pg_drop_replication_slot('$slot')" >/dev/null || say "warning: replication slot $slot of the copy could not be dropped"
done
# What the files on the volume say, beside what can be reset: commits and logical replication (from 17 on) would wait for alpha's
# standbys, and two servers would write into one archive.
in_files() { sql "SELECT setting FROM pg_file_settings WHERE name = '$1' ORDER BY seqno DESC LIMIT 1"; }
if [ -n "$(in_files synchronous_standby_names)" ]; then
  sql "ALTER SYSTEM SET synchronous_standby_names = ''" >/dev/null
  say "warning: commits wait for no standby on $VN_OWNER (ALTER SYSTEM SET synchronous_standby_names = ''); when it has its own: ALTER SYSTEM RESET synchronous_standby_names"
fi
if [ -n "$(in_files synchronized_standby_slots)" ]; then
  sql "ALTER SYSTEM SET synchronized_standby_slots = ''" >/dev/null
  say "warning: logical replication waits for no slot of a standby on $VN_OWNER (ALTER SYSTEM SET synchronized_standby_slots = ''); when it has its own: ALTER SYSTEM RESET synchronized_standby_slots"
fi
case $(in_files archive_mode) in
  ''|off|false|no|0) ;;
  *) sql "ALTER SYSTEM SET archive_mode = off" >/dev/null
     say "warning: $VN_OWNER does not archive its WAL (ALTER SYSTEM SET archive_mode = off), since $VN_FORMER uses that archive; when it has its own: ALTER SYSTEM RESET archive_mode, and a restart" ;;
esac
prepared=$(sql 'SELECT count(*) FROM pg_prepared_xacts')
[ "$prepared" = 0 ] || say "warning: $prepared prepared transactions wait for COMMIT PREPARED or ROLLBACK PREPARED"

identifier=$(sql 'SELECT system_identifier FROM pg_control_system()')
history=$(printf '%s/pg_wal/%08X.history' "$VN_DATA" "$timeline")
switched=$(as_owner sed -n 's/^[0-9][0-9]*[[:space:]]*\([0-9A-F]*\/[0-9A-F]*\).*/\1/p' "$history" | tail -n 1)
[ -n "$switched" ] || fail "$history does not say where the timeline began"
control -w -m fast stop >/dev/null || fail "PostgreSQL did not stop"
started=
as_owner rm -f "$VN_DATA/recovery.done" "$saved" "$VN_DATA/standby.signal" "$VN_DATA/recovery.conf"
as_owner sync 2>/dev/null || :
say "timeline $VN_TIMELINE -> $timeline at $switched, stopped cleanly"
say "result timeline=$timeline switched=$switched system_identifier=$identifier"
