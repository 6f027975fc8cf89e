"""Stored values of SQLite as fields: FORMAT.md sections 4, 5.2 and 5.5."""

import re
import struct
from decimal import Decimal
from fractions import Fraction

from lines import escape
from report import Damaged

INTEGERS = {"smallint": 15, "integer": 31, "bigint": 63}
CLOCK = r"\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?"
TEXT_FORMS = {
    "date": r"\d{4}-\d\d-\d\d",
    "time without time zone": CLOCK,
    "timestamp without time zone": r"\d{4}-\d\d-\d\d " + CLOCK,
    "timestamp with time zone": r"\d{4}-\d\d-\d\d " + CLOCK + r"\+00",
    "uuid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
}


def float_text(number):
    """The shortest decimal strictly inside the rounding interval (section 4)."""
    if number != number:
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return "Infinity" if number > 0 else "-Infinity"
    sign = "-" if struct.pack(">d", number)[0] & 0x80 else ""
    if number == 0:
        return sign + "0"
    digits, exponent = shortest(abs(number))
    if -4 <= exponent < 15:
        text = format(Decimal(f"{digits}e{exponent - len(digits) + 1}"), "f")
        return sign + (text.rstrip("0").rstrip(".") if "." in text else text)
    rest = "." + digits[1:] if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{rest}e{'-' if exponent < 0 else '+'}{abs(exponent):02}"


def shortest(number):
    """Digits without zeros at the end, and the exponent of the first one."""
    bits = struct.unpack(">q", struct.pack(">d", number))[0]
    # Below the smallest number and above the largest the neighbour is as far away as the other one.
    below = struct.unpack(">d", struct.pack(">q", bits - 1))[0]
    above = struct.unpack(">d", struct.pack(">q", bits + 1))[0]
    here = Fraction(number)
    low = (here + Fraction(below)) / 2
    high = (here + Fraction(above)) / 2 if above != float("inf") else here + (here - Fraction(below)) / 2
    for count in range(17):
        digits, exponent = f"{number:.{count}e}".split("e")
        if low < Fraction(f"{digits}e{exponent}") < high:
            break
    return digits.replace(".", "").rstrip("0") or "0", int(exponent)


def decimal_of(number):
    """The shortest decimal that reads back as a floating-point number (section 5.2); None if it has none."""
    is_finite = number == number and number not in (float("inf"), float("-inf"))
    return Decimal(repr(number)) if is_finite else None


def numeric(value, type_name):
    """The own form of `numeric` and `numeric(p,s)`; None if the value is not in it."""
    if isinstance(value, float):
        number = None if struct.pack(">d", value) == b"\x80" + bytes(7) else decimal_of(value)
        if number is None or (number == number.to_integral_value() and abs(number) < 2**63):
            return None
    elif isinstance(value, int):
        number = Decimal(value)
    else:
        return None
    limits = re.fullmatch(r"numeric\((\d+),(-?\d+)\)", type_name)
    if limits:
        precision, scale = int(limits[1]), int(limits[2])
        if Fraction(number) * 10**scale % 1 or abs(number) >= Decimal(10) ** (precision - scale):
            return None
        # Decimal itself would round to 28 digits.
        whole = str(abs(int(Fraction(number) * 10**scale))).rjust(scale + 1, "0")
        sign = "-" if number < 0 else ""
        return sign + (whole[:-scale] + "." + whole[-scale:] if scale else whole)
    return format(number, "f")


def own_form(value, type_name):
    """The field of a value in its type's own class; None if it is of another class. `value` is what
    Python's sqlite3 gives: int, float, bytes, and `Text` for text."""
    if type_name == "boolean":
        return {0: b"f", 1: b"t"}.get(value) if isinstance(value, int) else None
    if type_name in INTEGERS:
        return str(value).encode() if isinstance(value, int) else None
    if type_name == "double precision":
        return float_text(value).encode() if isinstance(value, float) else None
    if type_name.startswith("numeric"):
        text = numeric(value, type_name)
        return None if text is None else text.encode()
    if type_name == "bytea":
        return b"\\\\x" + value.hex().encode() if type(value) is bytes else None
    return escape(value.raw) if isinstance(value, Text) else None


class Text:
    """A stored text, as bytes: SQLite does not say that it is UTF-8."""

    def __init__(self, raw):
        self.raw = raw


def exact_field(value, type_name):
    """A field of the exact form (section 5.5)."""
    if value is None:
        return b"\\N"
    own = own_form(value, type_name)
    if own is not None:
        return own
    if isinstance(value, int):
        return b"\\I" + str(value).encode()
    if isinstance(value, float):
        return b"\\R" + struct.pack(">d", value).hex().encode()
    return b"\\T" + escape(value.raw) if isinstance(value, Text) else b"\\B" + value.hex().encode()


def value_field(value, type_name):
    """A field as PostgreSQL would print the value (section 5.2). Other spellings (5.3) are not read here."""
    if value is None:
        return b"\\N"
    field = own_form(value, type_name)
    form = TEXT_FORMS.get(type_name)
    if field is None or (form and not re.fullmatch(form, field.decode(errors="replace"))):
        raise Damaged(f"a value is not in the own form of {type_name} (FORMAT.md 5.3, 5.4: not known here)")
    if type_name in INTEGERS and not -(2 ** INTEGERS[type_name]) <= value < 2 ** INTEGERS[type_name]:
        raise Damaged(f"an integer is too large for {type_name}")
    return field
