#!/usr/bin/env bash
# reladiff 0.6.0 with PostgreSQL 18.4: exit code 0 and an empty standard output, both when two tables are
# equal and when nothing was compared.
#
# Valid input: (1) a table that is missing at one end; (2) a server that takes no connections;
# (3) two small tables with a NULL in a row that differs. Guess beforehand: an exit code that is not 0
# in all three. What happens: a line with ERROR on standard error, standard output empty, exit code
# 0. In (3) hashdiff gives up while sorting the differing rows ("'<' not supported between
# instances of 'NoneType' and 'str'"): it cannot report a difference that holds a NULL.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/postgres"
start_postgres 18
. "$(dirname "${BASH_SOURCE[0]}")/start/reladiff"

"$bin_18/psql" -X -q -v ON_ERROR_STOP=1 "$url_18" <<'SQL'
CREATE TABLE a (id int PRIMARY KEY, t text);
CREATE TABLE same (LIKE a INCLUDING ALL);
CREATE TABLE other (LIKE a INCLUDING ALL);
INSERT INTO a VALUES (1, NULL), (2, 'a');
INSERT INTO same SELECT * FROM a;
INSERT INTO other VALUES (1, 'x'), (2, NULL);
SQL
url=$(reladiff_url "$url_18")

# compare WHAT URL TABLE: table a with another one
compare() {
    local what=$1 code=0 output
    output=$("$reladiff" "$url" a "$2" "$3" -k id -c t --algorithm hashdiff 2>"$work/error") || code=$?
    printf '%s: exit code %s, standard output [%s], %s\n' "$what" "$code" "$output" \
        "$(grep -o 'ERROR.*' "$work/error" || printf 'no error')"
    [[ $code == 0 && -z $output ]]
}
compare equal "$url" same
compare missing "$url" nowhere
grep -q 'does not exist' "$work/error"
compare 'no server' postgresql://postgres@127.0.0.1:1/postgres a
grep -q 'refused' "$work/error"
compare 'a NULL that differs' "$url" other
grep -q "'<' not supported between instances of 'NoneType' and 'str'" "$work/error"
