# Is this server what its Service promises? master: takes writes. slave: is in recovery and streams, or has streamed a moment ago.
set -eu
ask() { psql -XAtq -h "$RUN" -U "$SUPERUSER" -d postgres -c "$1"; }

if [ "$ROLE" = master ]; then
  [ "$(ask "SELECT NOT pg_is_in_recovery()")" = t ] || { echo "in recovery"; exit 1; }
  exit 0
fi

case $(ask "SELECT pg_is_in_recovery(), EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')") in
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
