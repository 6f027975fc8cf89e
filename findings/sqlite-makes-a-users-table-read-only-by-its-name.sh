#!/usr/bin/env bash
# SQLite 3.54.1 (apsw 3.54.1.0; the sqlite3 shells 3.46.1 and 3.53.4 the same, since they are
# "defensive" unless told otherwise): a user's own table may not be written, because of its name.
#
# Valid input: an ordinary table notes_content, and beside it the index
# `fts5(body, content='notes_content')`, which by its own definition keeps no such table. Guess
# beforehand: shadow tables are those that the virtual table made, and a user's table is none. What
# happens: SQLite goes by the name alone. PRAGMA table_list calls the table "shadow", and a connection
# with SQLITE_DBCONFIG_DEFENSIVE refuses to write into it, though it took the same statement a line
# before. Whoever lists tables WHERE type = 'table' loses it without a word.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/python"
install_python apsw==3.54.1.0

"$programs/python" - <<'PYTHON'
import apsw

print(apsw.sqlite_lib_version())
assert apsw.sqlite_lib_version() == "3.54.1"
db = apsw.Connection(":memory:")
db.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
kind = lambda: db.execute("SELECT type FROM pragma_table_list WHERE name = 'notes_content'").get
write = "INSERT INTO notes_content (body) VALUES ('a')"

db.execute("CREATE TABLE notes_content (id INTEGER PRIMARY KEY, body TEXT)")
db.execute(write)
before = kind()
db.execute(
    "CREATE VIRTUAL TABLE notes USING fts5(body, content='notes_content', content_rowid='id')"
)
try:
    db.execute(write)
    refused = None
except apsw.SQLError as error:
    refused = str(error)
print(f"before: {before}; after: {kind()}; writing: {refused}")
assert (before, kind()) == ("table", "shadow")
assert refused == "table notes_content may not be modified"
PYTHON
