#!/usr/bin/env bash
# SQLAlchemy 2.0.44 on SQLite: a JSON column gives a large integer back as another number, a float.
#
# Valid input: Column(JSON) and the integer 12345678901234567890 (a serial number beyond 63 bits).
# Guess beforehand: JSON is kept as its text, so the integer comes back (as it does from PostgreSQL,
# and from SQLite inside a list).
# What happens: the column is declared JSON, which SQLite takes for NUMERIC, and a JSON text that is
# nothing but a number is stored as a number: beyond 63 bits as a real. 12345678901234567890 comes
# back as 1.2345678901234567e+19, no warning; within a list it comes back as it was.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/python"
install_python sqlalchemy==2.0.44

found=$("$programs/python" - "$work/json.db" <<'PYTHON'
import sys
from sqlalchemy import JSON, Column, Integer, MetaData, Table, create_engine, select
engine = create_engine("sqlite:///" + sys.argv[1])
tables = MetaData()
codes = Table("codes", tables, Column("id", Integer, primary_key=True), Column("code", JSON))
tables.create_all(engine)
with engine.begin() as connection:
    for code in (12345678901234567890, [12345678901234567890]):
        connection.execute(codes.insert(), {"code": code})
    print([code for (code,) in connection.execute(select(codes.c.code).order_by(codes.c.id))])
PYTHON
)
printf '%s\n' "$found"
[[ $found == '[1.2345678901234567e+19, [12345678901234567890]]' ]]
