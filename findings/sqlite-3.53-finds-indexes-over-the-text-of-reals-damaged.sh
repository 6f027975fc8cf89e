#!/usr/bin/env bash
# SQLite 3.53 and later (here 3.54.1) on a file that 3.51.3 made: a whole file "fails" integrity_check, and a query by
# an index gives other rows than the same query without it.
#
# Valid input: a table with a REAL column, an index over an expression that turns the number into text, and a CHECK
# over such a text. Guess beforehand: the file format is stable, any release reads the files of any other.
# What happens: since 3.53 a REAL that 15 digits do not give back becomes a text of 17 (1.11 computed as 3 * 0.37 is
# 1.1099999999999999, it was 1.11). Entries of an expression index, of a partial index and of a stored generated column
# keep what the older release computed. The newer one then reports "row N missing from index", finds no row by the
# index where there is one, says that a row breaks a CHECK which it kept when it was written, and takes the same value
# twice into a UNIQUE index over the text. REINDEX mends the index and makes the older release find the same damage.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/python"
install_python apsw==3.54.1.0
"$programs/pip" install --quiet --disable-pip-version-check --target "$work/old" apsw==3.51.3.0

cat >"$work/make.py" <<'PYTHON'
import apsw, sys
db = apsw.Connection(sys.argv[1])
for _ in db.execute("""
    create table doses (id integer primary key, ml real check (length(ml) <= 6));
    create unique index by_text on doses (ml || ' ml');
    with n (i) as (values (1) union all select i + 1 from n where i < 7)
    insert into doses select i, i * 0.37 from n;
"""): pass
PYTHON
cat >"$work/look.py" <<'PYTHON'
import apsw, sys
db = apsw.Connection(sys.argv[1])
one = lambda sql: [row[0] for row in db.execute(sql)]
print(apsw.sqlite_lib_version(), one("select (3 * 0.37) || ''")[0])
print("check:", "; ".join(one("pragma integrity_check")))
text = "1.11 ml" if len(sys.argv) < 3 else sys.argv[2]
print("by index:", one(f"select count(*) from doses where ml || ' ml' = '{text}'")[0],
      "by table:", one(f"select count(*) from doses not indexed where ml || ' ml' = '{text}'")[0])
PYTHON
PYTHONPATH=$work/old python3 "$work/make.py" "$work/doses.db"
old=$(PYTHONPATH=$work/old python3 "$work/look.py" "$work/doses.db")
new=$("$programs/python" "$work/look.py" "$work/doses.db")
printf '%s\n\n%s\n' "$old" "$new"
[[ $old == '3.51.3 1.11
check: ok
by index: 1 by table: 1' ]]
[[ $new == '3.54.1 1.1099999999999999
check: '*'row 3 missing from index by_text'*'
by index: 1 by table: 0' ]]
[[ $new == *'CHECK constraint failed in doses'* ]]
twice=$("$programs/python" -c '
import apsw, sys
db = apsw.Connection(sys.argv[1])
list(db.execute("pragma ignore_check_constraints = on"))
list(db.execute("insert into doses select 100, ml from doses where id = 3"))
print([row[0] for row in db.execute("select count(*) from doses not indexed where ml = 3 * 0.37")][0])' "$work/doses.db")
printf 'rows of one value below a unique index over its text: %s\n' "$twice"
[[ $twice == 2 ]]
"$programs/python" -c '
import apsw, sys
list(apsw.Connection(sys.argv[1]).execute("delete from doses where id = 100; reindex"))' "$work/doses.db" || true
back=$(PYTHONPATH=$work/old python3 "$work/look.py" "$work/doses.db")
printf '\nafter REINDEX:\n%s\n' "$back"
[[ $back == *'missing from index by_text'* ]]
