#!/usr/bin/env bash
# PostgreSQL 15.20 (Debian 12's present security release) dumped by pg_dump 18.4: no other server takes the dump.
#
# Valid input: any table. Guess beforehand: minor releases do not change what a schema-only dump says.
# What happens: 15.20 keeps a bookkeeping entry `pg_attver=N` in pg_attribute.attoptions of every column
# that was made, another number in each database. Its own pg_dump leaves it out; a pg_dump that
# does not know of it (18.4 here; 15.18 and 18.6 the same) takes it for a setting of the user's and writes
# `ALTER TABLE … ALTER COLUMN … SET (pg_attver=N)`, which servers refuse: unrecognized parameter.
# A comparison of catalogs finds every column different. (17.12 of Debian 13 has it as well.)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/postgres"
start_postgres 18

(cd "$work" && apt-get download -qq postgresql-15=15.20-0+deb12u1 2>/dev/null &&
    dpkg -x postgresql-15_*.deb debian)
bin_15=$work/debian/usr/lib/postgresql/15/bin
start_server 15 "$bin_15" "$work/debian/usr/share/postgresql/15"

psql=("$bin_18/psql" -X -q -At -v ON_ERROR_STOP=1)
"${psql[@]}" "$url_15" -c 'CREATE TABLE t (a int, b text)'
options=$("${psql[@]}" "$url_15" -c "SELECT attname, attoptions FROM pg_attribute
    WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attnum")
printf '%s\n' "$options"
[[ $options == 'a|{pg_attver='*'b|{pg_attver='* ]]

"$bin_18/pg_dump" --schema-only "$url_15" >"$work/dump.sql"
grep pg_attver "$work/dump.sql"
refused=$("${psql[@]}" "$url_18" -f "$work/dump.sql" 2>&1 >/dev/null || true)
printf '%s\n' "$refused"
[[ $refused == *'unrecognized parameter "pg_attver"'* ]]
