#!/bin/sh
# Debian's pg_basebackup 15 with PostgreSQL 11's own libpq: what it writes with a libpq of 15 has options that 11 refuses.
from=/usr/lib/postgresql/11 to=/tmp/libpq11
mkdir -p $to
cp -n $from/lib/libpq.so.5 $from/lib/libssl.so.1.1 $from/lib/libcrypto.so.1.1 $to/ 2>/dev/null
LD_PRELOAD=$from/pqshim.so LD_LIBRARY_PATH=$to exec /usr/lib/postgresql/15/bin/pg_basebackup "$@"
