#!/usr/bin/env bash
# PostgreSQL 18.4 (and 16.14): pg_dump | psql exchanges the fields of composite values, silently.
#
# Valid input: a table that inherits, whose parent got a column after the child was made, and a column
# elsewhere of the child's row type. Guess beforehand: a restored database holds the same values.
# What happens: pg_dump makes the child anew as `CREATE TABLE nurse (ward text) INHERITS (person)`, which puts
# all inherited columns first: (id, name, ward, phone) becomes (id, name, phone, ward). The rows of `nurse`
# itself arrive right, since COPY names its columns. A value of type `nurse` in another table is
# written by position: its ward arrives as its phone and its phone as its ward. No error and no
# warning, exit code 0; where the types fit, nothing can notice. The text of the value is the same
# at both ends, so a comparison of rows as text says "equal".
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/postgres"

for version in 16 18; do
    start_postgres "$version"
    bin=bin_$version url=url_$version
    psql=("${!bin}/psql" -X -q -At -v ON_ERROR_STOP=1)
    "${psql[@]}" "${!url}" <<-'SQL'
	CREATE TABLE person (id int, name text);
	CREATE TABLE nurse (ward text) INHERITS (person);
	ALTER TABLE person ADD COLUMN phone text;
	INSERT INTO nurse (id, name, ward, phone) VALUES (1, 'A', 'W7', '090');
	CREATE TABLE shift (at date PRIMARY KEY, who nurse);
	INSERT INTO shift SELECT '2021-07-01', nurse FROM nurse;
	CREATE DATABASE restored;
	SQL
    restored=${!url/postgres\?/restored?}
    "${!bin}/pg_dump" "${!url}" | "${psql[@]}" "$restored" >/dev/null
    question="SELECT who, (who).ward, (who).phone FROM shift"
    before=$("${psql[@]}" "${!url}" -c "$question")
    after=$("${psql[@]}" "$restored" -c "$question")
    printf 'PostgreSQL %s  before: %s  after: %s\n' "$version" "$before" "$after"
    [[ $before == '(1,A,W7,090)|W7|090' && $after == '(1,A,W7,090)|090|W7' ]]
done
