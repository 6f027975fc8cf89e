"""What people are found by, and the tags of the index: FORMAT.md sections 23 and 24."""

import datetime
import hmac
import re
import struct
import unicodedata

INVISIBLE = set("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")


def identity_number(text):
    return "".join(re.findall("[0-9A-Za-z]", text)).upper()


def phone(text):
    digits = "".join(re.findall("[0-9]", text))
    for code in ["0084", "84"]:
        if digits.startswith(code):
            return "0" + digits[len(code):].lstrip("0")
    return digits


def person_name(text):
    def without_marks(letters):
        return [c for c in letters if unicodedata.category(c)[0] != "M" and c not in INVISIBLE]

    plain = without_marks(unicodedata.normalize("NFD", text))
    lower = without_marks("".join(c.lower() for c in plain).replace("đ", "d"))
    # Beside letters and numbers, Alphabetic has circled and squared letters, which Python does not tell.
    return " ".join("".join(c if unicodedata.category(c)[0] in "LN" else " " for c in lower).split())


def birth_date(text):
    text = text.strip()
    moment = re.fullmatch(r"([0-9]{4}|[0-9]{4}-[^ T]*)[ T]00:00:00(\.0+)?", text)
    date = moment.group(1) if moment else text
    if re.fullmatch("[0-9]{4}", date):
        return date
    parts = re.fullmatch(r"([0-9]+)([-/.])([0-9]{1,2})\2([0-9]+)", date)
    if not parts:
        return ""
    first, month, last = parts.group(1), parts.group(3), parts.group(4)
    year, day = (first, last) if len(first) == 4 else (last, first)
    if len(year) != 4 or len(day) > 2:
        return ""
    try:
        return datetime.date(int(year), int(month), int(day)).isoformat()
    except ValueError:  # no such day, or the year 0, which Python does not have
        return ""


def searched_by(kind, given):
    """The parts that a value is tagged with; None if there is nothing to search by. `given` is a text;
    for a person, name and birth date."""
    if kind == "name-birth":
        parts = [person_name(given[0]), birth_date(given[1])]
    else:
        parts = [{"identity": identity_number, "phone": phone}[kind](given)]
    return parts if all(parts) else None


def tag_of(key, kind, parts):
    """A tag, as 32 hexadecimal digits."""
    message = kind.encode()
    for part in parts:
        message += struct.pack(">I", len(part.encode())) + part.encode()
    return hmac.new(key, message, "sha256").hexdigest()[:32]


def shard_bits(entries):
    return next((bits for bits in range(16) if entries <= 8192 << bits), 16)


def shard_name(tag, bits, part=0):
    shard = int(tag[:4], 16) >> (16 - bits)
    return "index/%0*x-%05d" % (max(1, -(-bits // 4)), shard, part)
