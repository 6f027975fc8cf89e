#!/usr/bin/env bash
# sqlite-diffable 0.6: dump and load give a file whose blobs are text.
#
# Valid input: a table with a BLOB. Guess beforehand: load gives back what dump read, or dump refuses what
# JSON cannot hold. What happens: bytes are written as Python would print them, and come back as
# text that begins with b'. x'00ff' becomes the eleven characters b'\x00\xff' and the empty blob
# the three characters b''. No error, exit code 0 for both commands.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/python"
install_python sqlite-diffable==0.6

values() {
    "$programs/python" -c 'import sqlite3, sys
print(*sqlite3.connect(sys.argv[1]).execute(
    "SELECT typeof(v), length(v), typeof(w), length(w) FROM t").fetchone())' "$1"
}
"$programs/python" -c 'import sqlite3, sys
sqlite3.connect(sys.argv[1]).executescript(
    "CREATE TABLE t (id INTEGER PRIMARY KEY, v BLOB, w BLOB); INSERT INTO t VALUES (1, x'"'00ff'"', x'"''"');")
' "$work/before.db"
"$programs/sqlite-diffable" dump "$work/before.db" "$work/dumped" --all >/dev/null
"$programs/sqlite-diffable" load "$work/after.db" "$work/dumped" >/dev/null
before=$(values "$work/before.db") after=$(values "$work/after.db")
printf 'before: %s\nafter: %s\n' "$before" "$after"
[[ $before == 'blob 2 blob 0' && $after == 'text 11 text 3' ]]
