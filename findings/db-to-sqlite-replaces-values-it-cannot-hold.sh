#!/usr/bin/env bash
# db-to-sqlite 1.5 (psycopg2 2.9.10, SQLAlchemy 2.1.9), PostgreSQL 18.4: values that its driver has no type for are
# replaced by others.
#
# Valid input: a numeric of 20 digits, an infinite date and an interval of a month. Guess beforehand: each
# arrives as text, or the row is refused. What happens: the numeric is rounded to a float, the
# infinite date is the last day of the year 9999, and the month is 30 days. No warning, exit
# code 0. (A date before our era does stop it: "year -44 is out of range".)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/postgres"
start_postgres 18
. "$(dirname "${BASH_SOURCE[0]}")/start/python"
install_python db-to-sqlite==1.5 psycopg2-binary==2.9.10 SQLAlchemy==2.1.9

"$bin_18/psql" -X -q -v ON_ERROR_STOP=1 "$url_18" <<'SQL'
CREATE TABLE t (id int PRIMARY KEY, n numeric, d date, i interval);
INSERT INTO t VALUES (1, 12345678901234567890, 'infinity', '1 month');
SQL
"$programs/db-to-sqlite" "postgresql+psycopg2://postgres@/postgres?host=${url_18##*host=}" "$work/t.db" --table t
found=$("$programs/python" -c "import sqlite3, sys
print(*sqlite3.connect(sys.argv[1]).execute(
    \"SELECT printf('%.0f', n), d, i FROM t\").fetchone())" "$work/t.db")
printf '%s\n' "$found"
[[ $found == 1234567890123456* && $found != 12345678901234567890* && $found == *' 9999-12-31 30 days'* ]]
