#!/usr/bin/env bash
# datacompy 1.1.0 (PyPI): two tables "match" while their whole numbers and decimals differ.
#
# Valid input: two tables of one row, compared by their key with the defaults, which are an absolute and a relative
# tolerance of 0. Guess beforehand: with a tolerance of 0, 79090001234567890 and …891 differ.
# What happens: numbers are compared as 8-byte floats, so that integers above 2^53 and decimals of more than 15 digits
# are equal to their neighbours, with pandas and with polars alike. A text such as '01/02/2021' is compared with
# a date by reading it first: as 2 January with pandas, as 1 February with polars.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/python"
install_python datacompy==1.1.0 pandas==3.0.6 polars==1.44.2

output=$("$programs/python" -W ignore - <<'PYTHON'
from datetime import datetime
from decimal import Decimal

import pandas
import polars
from datacompy import PandasCompare, PolarsCompare


def matches(what, left, right):
    for name, table, compare in (("pandas", pandas.DataFrame, PandasCompare), ("polars", polars.DataFrame, PolarsCompare)):
        sides = [table({"id": [1], "value": [value]}) for value in (left, right)]
        print(what, name, bool(compare(*sides, join_columns="id").matches()))


matches("small", 78, 79)
matches("integer", 79090001234567890, 79090001234567891)
matches("decimal", Decimal("12345678901234567.01"), Decimal("12345678901234567.02"))
matches("second-of-january", "01/02/2021", datetime(2021, 1, 2))
PYTHON
)
printf '%s\n' "$output"
[[ $output == 'small pandas False
small polars False
integer pandas True
integer polars True
decimal pandas True
decimal polars True
second-of-january pandas True
second-of-january polars False' ]]
