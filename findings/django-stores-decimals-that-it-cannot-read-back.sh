#!/usr/bin/env bash
# Django 5.2.8 on SQLite: a DecimalField takes a value after which no row of the table can be read.
#
# Valid input: DecimalField(max_digits=20, decimal_places=10), and a number of exactly 20 digits.
# Guess beforehand: the number comes back, or is refused when it is saved.
# What happens: Django hands the number over as text, SQLite's column `decimal` turns it into the
# integer 10000000000, and reading formats that with ten places under a precision of 20 digits, one
# too few: decimal.InvalidOperation, for every query that meets the row. A number that has room comes
# back with other digits (1234567890.1234567891 as 1234567890.1234600000), without a warning.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/python"
install_python django==5.2.8

found=$("$programs/python" - "$work/decimals.db" <<'PYTHON'
import decimal, sys
import django
from django.conf import settings
settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}})
django.setup()
from django.db import connection, models

class Dose(models.Model):
    volume = models.DecimalField(max_digits=20, decimal_places=10)
    class Meta:
        app_label = "doses"

with connection.schema_editor() as editor:
    editor.create_model(Dose)
Dose.objects.create(volume=decimal.Decimal("1234567890.1234567891"))
print(Dose.objects.get().volume)
Dose.objects.create(volume=decimal.Decimal("9999999999.9999999999"))
try:
    print(list(Dose.objects.values_list("volume", flat=True)))
except decimal.InvalidOperation:
    print("InvalidOperation")
with connection.cursor() as cursor:
    cursor.execute("SELECT typeof(volume), volume FROM doses_dose WHERE id = 2")
    print(*cursor.fetchone())
PYTHON
)
printf '%s\n' "$found"
[[ $found == $'1234567890.1234600000\nInvalidOperation\ninteger 10000000000' ]]
