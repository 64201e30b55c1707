# What the scripts of this folder share. POSIX sh: the image may be Debian or Alpine.
#
# From the pod: ROLE (master, slave), RELEASE, MOUNT (the volume), PGDATA, CLAIM (an existing claim, or empty), RUN (a folder in memory).

OWNER_FILE=$MOUNT/vulas-native-owner
LOCK_FILE=$MOUNT/vulas-native-lock
PASSFILE=$RUN/pgpass

say() { echo "$ROLE: $*"; }

refuse() {
  echo "$ROLE: refused to start PostgreSQL: $*" >&2
  exit 1
}

# Holds the volume until this process and all that come of it have ended: a lock of the file system, which other containers on the node
# see, as they do not see postmaster.pid's process.
lock_volume() {
  if [ ! -w "$MOUNT" ] && [ ! -w "$LOCK_FILE" ]; then
    refuse "user $(id -u) may not write to the root of the volume ($(stat -c 'owner %u:%g, mode %a' "$MOUNT")). The storage does not honour fsGroup:" \
      "set database.postgres.volumePermissions.enabled=true"
  fi
  command -v flock >/dev/null || { say "there is no flock in this image: nothing but the owner's file guards the volume"; return; }
  exec 9>>"$LOCK_FILE"
  flock -n 9 || refuse "another PostgreSQL runs on this volume. Two of them would destroy it; end the other first"
}

has_database() { [ -s "$PGDATA/PG_VERSION" ]; }

is_standby() { [ -e "$PGDATA/standby.signal" ] || [ -e "$PGDATA/recovery.conf" ]; }

control() { LC_ALL=C pg_controldata "$PGDATA" | sed -n "s/^$1: *//p"; }
