#!/usr/bin/env bash
# reladiff 0.6.0 with PostgreSQL 18.4: hashdiff finds no difference between numbers that differ.
#
# Valid input: a column `numeric` (no precision declared, as most are) with 1.1, 2.1, … in one table and
# 1.49, 2.49, … in the other. Guess beforehand: 1000 rows are updated. What happens: a numeric
# without a declared scale is rounded to whole numbers before it is hashed; all 1000 rows are
# "unchanged". With numeric(10,2) all of them are found. No warning in either case.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/postgres"
start_postgres 18
. "$(dirname "${BASH_SOURCE[0]}")/start/reladiff"

"$bin_18/psql" -X -q -v ON_ERROR_STOP=1 "$url_18" <<'SQL'
CREATE TABLE a (id int PRIMARY KEY, plain numeric, scaled numeric(10,2));
CREATE TABLE b (LIKE a INCLUDING ALL);
INSERT INTO a SELECT i, i + 0.1, i + 0.1 FROM generate_series(1, 1000) i;
INSERT INTO b SELECT i, i + 0.49, i + 0.49 FROM generate_series(1, 1000) i;
SQL
url=$(reladiff_url "$url_18")
for column in plain scaled; do
    found=$("$reladiff" "$url" a "$url" b -k id -c "$column" --algorithm hashdiff --stats 2>&1)
    printf '%s:\n%s\n' "$column" "$found"
    case $column in
    plain) [[ $found == *'0 rows updated'*'1000 rows unchanged'* ]] ;;
    scaled) [[ $found == *'1000 rows updated'*'0 rows unchanged'* ]] ;;
    esac
done
