#!/usr/bin/env bash
# sqlite-utils 4.2.1, insert --csv: account numbers come out as other numbers.
#
# Valid input: a CSV file with a column of 20-digit numbers (health-insurance, bank or batch numbers).
# Guess beforehand: they stay text, or the import says that they are too long for SQLite's integers.
# What happens: since version 4 the types of columns are guessed unless `--no-detect-types` is
# given; a column of digits becomes INTEGER, and what has no room in 64 bits is stored as a
# rounded real. Two numbers that differ in their last digits become one. No warning, exit code 0.
# (12-digit numbers lose their leading zeros by the same guess.)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/python"
install_python sqlite-utils==4.2.1

printf 'number,name\n79000000002000000001,A\n79000000002000000002,B\n' >"$work/numbers.csv"
"$programs/sqlite-utils" insert "$work/numbers.db" numbers "$work/numbers.csv" --csv >/dev/null 2>&1
found=$("$programs/python" - "$work/numbers.db" <<'PYTHON'
import sqlite3, sys
rows = sqlite3.connect(sys.argv[1]).execute(
    "SELECT count(DISTINCT number), min(typeof(number)), printf('%.0f', min(number)) FROM numbers")
print(*rows.fetchone())
PYTHON
)
printf '%s\n' "$found"
[[ $found == '1 real 7900000000'* ]]
