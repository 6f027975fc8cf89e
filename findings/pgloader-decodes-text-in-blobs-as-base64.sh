#!/usr/bin/env bash
# pgloader 3.6.9, SQLite 3.40 to PostgreSQL 16.14: a text in a BLOB column arrives as other bytes.
#
# Valid input: a column declared BLOB in which some rows hold text, as SQLite allows and programs do that
# bind a string. Guess beforehand: the bytes of the text, or an error. What happens: text in such a
# column is taken for Base64. `abcd`, which happens to be valid Base64, arrives as the three bytes
# 69 b7 1d with no error and no warning; a text that is not ends the table ("Unexpected end of Base64 data"),
# the rows behind it are lost, and the exit code is 0 all the same.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/postgres"
start_postgres 16
. "$(dirname "${BASH_SOURCE[0]}")/start/pgloader"

load_sqlite "CREATE TABLE t (id INTEGER PRIMARY KEY, v BLOB);
    INSERT INTO t VALUES (1, x'00ff'), (2, 'abcd'), (3, x'01');"
[[ -z $(grep -E 'ERROR|WARN' "$work/output" || true) ]]
found=$("$bin_16/psql" -X -q -At "$url_16" -c "SELECT string_agg(v::text, ' ' ORDER BY id) FROM t")
printf '%s\n' "$found"
[[ $found == '\x00ff \x69b71d \x01' ]]

rm "$work/source.db"
load_sqlite "CREATE TABLE u (id INTEGER PRIMARY KEY, v BLOB);
    INSERT INTO u VALUES (1, x'00ff'), (2, 'text in blob'), (3, x'01');"
grep -o 'ERROR.*' "$work/output"
rows=$("$bin_16/psql" -X -q -At "$url_16" -c 'SELECT count(*) FROM u')
printf '%s of 3 rows\n' "$rows"
[[ $rows == 1 ]]
