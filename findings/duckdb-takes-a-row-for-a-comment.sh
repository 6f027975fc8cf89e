#!/usr/bin/env bash
# DuckDB 2.0.1 (PyPI): a CSV file with one cell that begins with `#` loses that row, and text behind `#` elsewhere.
#
# Valid input (RFC 4180, four rows): the numbers 1, 2, `#3`, 4 in the first column, and the remark `late # second visit`.
# Guess beforehand: four rows; comments exist only when asked for.
# What happens: the reader looks for a comment character by itself and decides for `#`, where the rest then are numbers:
# three rows, and the remark is `late `. Nothing is said; `comment=''` reads all. Without a row that begins with `#`, the same remark is whole.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/python"
install_python duckdb==2.0.1

output=$(cd "$work" && "$programs/python" - <<'PYTHON'
import duckdb

rows = ["1,first visit", "2,late # second visit", "#3,first visit", "4,first visit"]
for name, kept in (("all", rows), ("without", rows[:2] + rows[3:])):
    with open(f"{name}.csv", "w") as file:
        file.write("\n".join(["lot,remark", *kept]) + "\n")

print(duckdb.sql("FROM 'all.csv'").fetchall())
print(duckdb.sql("FROM read_csv('all.csv', comment='')").fetchall())
print(duckdb.sql("FROM 'without.csv'").fetchall())
PYTHON
)
printf '%s\n' "$output"
[[ $output == "[(1, 'first visit'), (2, 'late '), (4, 'first visit')]
[('1', 'first visit'), ('2', 'late # second visit'), ('#3', 'first visit'), ('4', 'first visit')]
[(1, 'first visit'), (2, 'late # second visit'), (4, 'first visit')]" ]]
