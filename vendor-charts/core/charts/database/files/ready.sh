# Is this server what its Service promises? master: takes writes. slave: is in recovery and streams, or has streamed a moment ago.
set -eu
ask() { psql -XAtq -h "$RUN" -U "$SUPERUSER" -d postgres -c "$1"; }

if [ "$ROLE" = master ]; then
  [ "$(ask "SELECT NOT pg_is_in_recovery()")" = t ] || { echo "in recovery"; exit 1; }
  exit 0
fi

# A receiver that the master turns away calls itself streaming for the blink of its life; one that lasts is.
state() {
  ask "SELECT pg_is_in_recovery(), EXISTS (
         SELECT FROM pg_stat_wal_receiver JOIN pg_stat_activity USING (pid)
         WHERE status = 'streaming' AND backend_start < clock_timestamp() - interval '500 ms')"
}
now=$(state)
[ "$now" != "t|f" ] || { sleep 0.6; now=$(state); }

case $now in
  "t|t")
    date +%s >"$RUN/streamed"
    ;;
  "t|f")
    [ -s "$RUN/streamed" ] || { echo "has not streamed from the master yet"; exit 1; }
    [ "$READY_WITHOUT_STREAM" -ge 0 ] || exit 0
    silent=$(($(date +%s) - $(cat "$RUN/streamed")))
    [ "$silent" -le "$READY_WITHOUT_STREAM" ] || { echo "has not streamed from the master for $silent s"; exit 1; }
    ;;
  *)
    echo "not a standby: it takes writes"
    exit 1
    ;;
esac
