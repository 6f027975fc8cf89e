#!/usr/bin/env bash
# connectorx 0.4.6 and dask 2026.8.0 (PyPI): reading a table in parts loses the rows whose key is NULL.
#
# Valid input: a table of five rows, one with NULL in the column that the parts are made by. Guess beforehand: the
# parts together are the table, or the column is refused.
# What happens: the parts are ranges between the smallest and the largest value, so the row is in none of them. Four
# rows are returned, with no error and no warning; without parts, all five.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/python"
install_python connectorx==0.4.6 'dask[dataframe]==2026.8.0' polars==1.44.2 sqlalchemy==2.1.9

output=$(cd "$work" && "$programs/python" -W error::UserWarning - <<'PYTHON'
import os
import sqlite3

import connectorx
import dask.dataframe

path = os.path.abspath("doses.db")
with sqlite3.connect(path) as doses:
    doses.execute("CREATE TABLE dose (person INTEGER, lot TEXT)")
    doses.executemany("INSERT INTO dose VALUES (?, ?)", [(1, "A"), (2, "B"), (None, "C"), (3, "D"), (10, "E")])

query = "SELECT * FROM dose"
url = f"sqlite:////{path.lstrip('/')}"
whole = connectorx.read_sql(url, query, return_type="polars")
parts = connectorx.read_sql(url, query, partition_on="person", partition_num=2, return_type="polars")
print("connectorx", len(whole), len(parts))
print("dask", len(dask.dataframe.read_sql_table("dose", url, index_col="person", npartitions=2)))
PYTHON
)
printf '%s\n' "$output"
[[ $output == 'connectorx 5 4
dask 4' ]]
