#!/usr/bin/env bash
# sqldiff of SQLite 3.40.1 (3.53.4 the same): "0 changes" between files whose values differ.
#
# Valid input: two files whose rows differ in letter case in a column declared NOCASE, in trailing
# blanks in one declared RTRIM, and in 1 against 1.0 in a column without a type. Guess beforehand:
# three changes, since sqldiff promises the SQL that turns one file into the other. What happens:
# values are compared with the column's own collation and by SQLite's `IS NOT`, for which integer 1
# and real 1.0 are the same. Nothing is printed, the summary says that all rows are unchanged.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/sqldiff"

schema='CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, code TEXT COLLATE RTRIM, v);'
sqlite3 "$work/a.db" "$schema INSERT INTO t VALUES (1,'An','x','p'), (2,'B','y','q'), (3,'C','z',1);"
sqlite3 "$work/b.db" "$schema INSERT INTO t VALUES (1,'AN','x','p'), (2,'B','y  ','q'), (3,'C','z',1.0);"
rows="SELECT group_concat(hex(name) || ' ' || hex(code) || ' ' || typeof(v), ', ') FROM t"
a=$(sqlite3 "$work/a.db" "$rows") b=$(sqlite3 "$work/b.db" "$rows")
printf 'a: %s\nb: %s\n' "$a" "$b"
[[ $a != "$b" ]]

found=$("$sqldiff" "$work/a.db" "$work/b.db")
summary=$("$sqldiff" --summary "$work/a.db" "$work/b.db")
printf 'sqldiff: [%s]\n%s\n' "$found" "$summary"
[[ -z $found && $summary == 't: 0 changes, 0 inserts, 0 deletes, 3 unchanged' ]]
