#!/usr/bin/env bash
# pgloader 3.6.9, SQLite 3.40 to PostgreSQL 16.14: the number 4.5 arrives as the text `4.5d0`.
#
# Valid input: a column without a type, as SQLite allows, that holds text, an integer and a real.
# Guess beforehand: text, with numbers as SQLite prints them. What happens: reals are written in
# the syntax of the language that pgloader is written in, exponent mark included. No error, no
# warning, exit code 0; whoever compares counts, or casts back, learns of it late.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/postgres"
start_postgres 16
. "$(dirname "${BASH_SOURCE[0]}")/start/pgloader"

load_sqlite "CREATE TABLE t (id INTEGER PRIMARY KEY, v);
    INSERT INTO t VALUES (1, 'x'), (2, 3), (3, 4.5), (4, 1e30);"
found=$("$bin_16/psql" -X -q -At "$url_16" -c "SELECT string_agg(v, ' ' ORDER BY id) FROM t")
printf '%s\n' "$found"
[[ $found == 'x 3 4.5d0 1.0d30' ]]
[[ -z $(grep -E 'ERROR|WARN' "$work/output" || true) ]]
