#!/usr/bin/env bash
# dlt 1.31.0 (PyPI): loading a database puts two tables into one, and two columns into one.
#
# Valid input: a SQLite file with the tables `Mũi tiêm` (doses, 1 row) and `mũi_tiêm` (2 rows), and a table with the
# columns `So the` and `so_the` (card number); `sql_database` and a DuckDB file, every setting at its default. Guess
# beforehand: names that become the same are refused, or told apart by a suffix.
# What happens: every letter outside ASCII becomes `x` or `_`; both tables end in `m_i_ti_m`, three rows that nobody
# can take apart again, without a word. Of the two columns the last one wins, row by row: `x2` is replaced by NULL.
# That is one line of the log; the run ends well, with "no failed jobs". (With the backend pyarrow the two columns
# are refused.)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/python"
install_python 'dlt[duckdb]==1.31.0' duckdb==2.0.1 sqlalchemy==2.1.9

output=$(cd "$work" && HOME=$work DLT_DATA_DIR=$work/data RUNTIME__DLTHUB_TELEMETRY=false "$programs/python" - 2>log <<'PYTHON'
import os
import sqlite3

import dlt
import duckdb
from dlt.sources.sql_database import sql_database

path = os.path.abspath("source.db")
with sqlite3.connect(path) as source:
    source.executescript("""
        CREATE TABLE "Mũi tiêm" (id INTEGER PRIMARY KEY, lot TEXT);
        INSERT INTO "Mũi tiêm" VALUES (1, 'A');
        CREATE TABLE "mũi_tiêm" (id INTEGER PRIMARY KEY, lot TEXT);
        INSERT INTO "mũi_tiêm" VALUES (2, 'B'), (3, 'C');
        CREATE TABLE person (id INTEGER PRIMARY KEY, "So the" TEXT, so_the TEXT);
        INSERT INTO person VALUES (1, 'x1', '079'), (2, 'x2', NULL);
    """)

pipeline = dlt.pipeline("copy", destination=dlt.destinations.duckdb("target.duckdb"), dataset_name="copy")
info = pipeline.run(sql_database(f"sqlite:////{path.lstrip('/')}"))
print("failed jobs", info.has_failed_jobs)
target = duckdb.connect("target.duckdb")
print(target.execute("SELECT id, lot FROM copy.m_i_ti_m ORDER BY id").fetchall())
print(target.execute("SELECT * EXCLUDE (_dlt_id, _dlt_load_id) FROM copy.person ORDER BY id").fetchall())
PYTHON
)
printf '%s\n' "$output"
grep -o 'column so_the .*' "$work/log"
! grep -q m_i_ti_m "$work/log"
[[ $output == "failed jobs False
[(1, 'A'), (2, 'B'), (3, 'C')]
[(1, '079'), (2, None)]" ]]
