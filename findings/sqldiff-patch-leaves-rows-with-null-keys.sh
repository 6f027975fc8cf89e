#!/usr/bin/env bash
# sqldiff --primarykey of SQLite 3.40.1 (3.53.4 the same): the SQL it prints does not do what it says.
#
# Valid input: a text primary key that holds NULL, which SQLite allows. Guess beforehand: running the
# printed SQL on the first file gives the second one, as its manual says. What happens: rows to be
# removed come out as `DELETE … WHERE id=NULL`, which is true of no row, while the new ones are
# inserted: the patched file has rows of both, and no error.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/sqldiff"

sqlite3 "$work/a.db" "CREATE TABLE k (id TEXT PRIMARY KEY, v); INSERT INTO k VALUES (NULL,1),(NULL,2),('a',3);"
sqlite3 "$work/b.db" "CREATE TABLE k (id TEXT PRIMARY KEY, v); INSERT INTO k VALUES (NULL,9),('a',3);"
patch=$("$sqldiff" --primarykey "$work/a.db" "$work/b.db")
printf '%s\n' "$patch"
[[ $patch == *'DELETE FROM k WHERE id=NULL;'* ]]
sqlite3 "$work/a.db" "$patch"
after=$(sqlite3 "$work/a.db" "SELECT group_concat(v) FROM (SELECT v FROM k ORDER BY v)")
wanted=$(sqlite3 "$work/b.db" "SELECT group_concat(v) FROM (SELECT v FROM k ORDER BY v)")
printf 'patched: %s  wanted: %s\n' "$after" "$wanted"
[[ $after == 1,2,3,9 && $wanted == 3,9 ]]
