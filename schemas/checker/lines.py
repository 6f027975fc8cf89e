"""Rows as lines, and their digests: FORMAT.md sections 3 and 7."""

import hashlib
import re

LETTERS = {8: b"\\b", 9: b"\\t", 10: b"\\n", 11: b"\\v", 12: b"\\f", 13: b"\\r", 92: b"\\\\"}
SPECIAL = re.compile(rb"[\x08-\x0d\\]")
ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
BYTES = {letters[1:]: bytes([byte]) for byte, letters in LETTERS.items()}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def escape(text):
    """The field of a text (section 3)."""
    return SPECIAL.sub(lambda found: LETTERS[found.group()[0]], text)


def unescape(field):
    """The text of a field; None of NULL."""
    return None if field == b"\\N" else ESCAPED.sub(lambda found: BYTES[found.group(1)], field)


def fields(texts):
    """Fields of a line, TAB between them, without the LF; None is NULL."""
    return b"\t".join(b"\\N" if t is None else escape(t.encode()) for t in texts)


def texts(line):
    """The texts of a line's fields, as str; None of NULL."""
    values = [unescape(field) for field in line.rstrip(b"\n").split(b"\t")]
    return [value if value is None else value.decode() for value in values]


class Sum:
    """Rows, bytes and digest of lines (section 7)."""

    def __init__(self):
        self.rows, self.bytes, self.hash = 0, 0, hashlib.sha256()

    def add(self, line):
        self.rows += 1
        self.bytes += len(line)
        self.hash.update(line)

    def digest(self):
        return self.hash.hexdigest()

    def is_as(self, stated):
        """Whether it is what a document states with `rows`, `bytes` and `sha256` (or `digest`)."""
        digest = stated.get("sha256", stated.get("digest"))
        return (self.rows, self.bytes, self.digest()) == (int(stated["rows"]), int(stated["bytes"]), digest)
