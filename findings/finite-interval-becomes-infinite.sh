#!/usr/bin/env bash
# PostgreSQL 16.14 to 18.4: a finite interval becomes infinite, by pg_dump's text as well as by COPY in binary.
#
# Valid input: the longest interval that PostgreSQL 16 takes. Guess beforehand: the value arrives, or
# is refused as out of range. What happens: version 17 gave the two extreme triples of months, days
# and microseconds a new meaning, infinity and -infinity. The wire format has no version, so
# COPY in binary makes it infinite without a word; and the text that 16 prints, which has no word
# for infinity in it, is read as the same three counts and is infinite as well. No error, no
# warning; a comparison of the binary form finds nothing, since the bytes are the same.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/postgres"

start_postgres 16
start_postgres 18
psql_16=("$bin_16/psql" -X -q -At -v ON_ERROR_STOP=1 "$url_16")
psql_18=("$bin_18/psql" -X -q -At -v ON_ERROR_STOP=1 "$url_18")
question='SELECT v, isfinite(v) FROM t'

"${psql_16[@]}" <<'SQL'
CREATE TABLE t (v interval);
INSERT INTO t VALUES ('178956970 years 7 mons 2147483647 days 2562047788:00:54.775807');
SQL
sent=$("${psql_16[@]}" -c "$question")

"${psql_18[@]}" -c 'CREATE TABLE t (v interval)'
"${psql_16[@]}" -c 'COPY t TO STDOUT (FORMAT binary)' |
    "${psql_18[@]}" -c 'COPY t FROM STDIN (FORMAT binary)'
by_binary=$("${psql_18[@]}" -c "$question")

"${psql_18[@]}" -c 'DROP TABLE t'
"$bin_18/pg_dump" "$url_16" | "${psql_18[@]}" >/dev/null
by_dump=$("${psql_18[@]}" -c "$question")

printf '16: %s\n18, binary COPY: %s\n18, pg_dump: %s\n' "$sent" "$by_binary" "$by_dump"
[[ $sent == '178956970 years 7 mons 2147483647 days 2562047788:00:54.775807|t' ]]
[[ $by_binary == 'infinity|f' && $by_dump == 'infinity|f' ]]
