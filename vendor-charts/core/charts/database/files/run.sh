# Starts PostgreSQL on the volume that prepare.sh has checked.
set -eu
. "${0%/*}/lib.sh"
lock_volume
has_database || refuse "there is no database in $PGDATA"
exec postgres -D "$PGDATA"
