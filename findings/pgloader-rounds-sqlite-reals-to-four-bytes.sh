#!/usr/bin/env bash
# pgloader 3.6.9, SQLite 3.40 to PostgreSQL 16.14: numbers of a REAL column lose more than half of their digits.
#
# Valid input: a column declared REAL, which in SQLite holds eight-byte floats. Guess beforehand: it
# becomes double precision. What happens: it becomes PostgreSQL's `real`, four bytes. The rows are
# counted as loaded, nothing is said, exit code 0. (Declared DOUBLE, the same column arrives exact.)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/postgres"
start_postgres 16
. "$(dirname "${BASH_SOURCE[0]}")/start/pgloader"

load_sqlite "CREATE TABLE t (id INTEGER PRIMARY KEY, a REAL, b DOUBLE);
    INSERT INTO t VALUES (1, 123456789.125, 123456789.125);"
sqlite=$(sqlite3 "$work/source.db" 'SELECT a, b FROM t')
postgres=$("$bin_16/psql" -X -q -At "$url_16" -c 'SELECT a::float8, b FROM t')
printf 'SQLite: %s\nPostgreSQL: %s\n' "$sqlite" "$postgres"
[[ $sqlite == '123456789.125|123456789.125' && $postgres == '123456792|123456789.125' ]]
[[ -z $(grep -E 'ERROR|WARN' "$work/output" || true) ]]
