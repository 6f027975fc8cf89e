#!/usr/bin/env python3
"""Checks the test vectors in this folder without the crate: an implementation of its own of
escaping, lines, leaves and trees, of the wire form of the commoner types, of what archives are made
of and signed by, and of events. Standard library only; Python 3.8 or later. `python3 check.py` exits 0 if
every vector holds."""

import base64
import datetime
import hashlib
import hmac
import json
import pathlib
import re
import struct
import unicodedata
import uuid

HERE = pathlib.Path(__file__).parent
LETTERS = {8: b"\\b", 9: b"\\t", 10: b"\\n", 11: b"\\v", 12: b"\\f", 13: b"\\r", 92: b"\\\\"}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


# --- Lines -----------------------------------------------------------------------------------


def escape(text):
    return b"".join(LETTERS.get(byte, bytes([byte])) for byte in text)


def fields(texts):
    """Fields of a line, TAB between them, without the LF; None is NULL."""
    return b"\t".join(b"\\N" if t is None else escape(t.encode()) for t in texts)


def lines(rows, key=True):
    """The lines of rows that come in key order; without a key, sorted as `LC_ALL=C sort` does."""
    made = [fields(row) for row in rows]
    return [line + b"\n" for line in (made if key else sorted(made))]


# --- Trees (RFC 6962 section 2.1, as it is defined there) --------------------------------------


def leaf_hash(leaf):
    return hashlib.sha256(b"\0" + leaf).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def split(hashes):
    k = 1
    while 2 * k < len(hashes):
        k *= 2
    return hashes[:k], hashes[k:]


def root(hashes):
    if len(hashes) == 0:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    left, right = split(hashes)
    return node_hash(root(left), root(right))


def path(index, hashes):
    if len(hashes) <= 1:
        return []
    left, right = split(hashes)
    if index < len(left):
        return path(index, left) + [root(right)]
    return path(index - len(left), right) + [root(left)]


# --- Leaves ------------------------------------------------------------------------------------


def logical(schema):
    return "public" if schema == "main" else schema


def leaf_line(label, texts):
    return label.encode() + b"\t" + fields(texts) + b"\n"


def head(kind, table):
    return leaf_line(kind, ["1"]) + leaf_line("table", [logical(table["schema"]), table["name"]])


def counts(part):
    """The last three lines of a leaf."""
    labels = ["rows", "bytes", "digest"]
    return b"".join(leaf_line(label, [str(part[label])]) for label in labels)


def chunk_leaf(table, chunk):
    leaf = head("handover-leaf", table)
    for name, type_name in table["columns"]:
        leaf += leaf_line("column", [name, type_name])
    leaf += leaf_line("key", [None] if table["key"] is None else table["key"])
    for end in ["lower", "upper"]:
        leaf += leaf_line(end, [None] if chunk[end] is None else chunk[end])
    return leaf + counts(chunk)


def table_leaf(table):
    leaf = head("handover-table", table)
    if table["excluded"]:
        return leaf + b"excluded\n"
    leaf += leaf_line("chunks", [str(len(table["chunks"]))])
    leaf += leaf_line("root", [table["root"]])
    return leaf + leaf_line("rows", [str(table["rows"])]) + leaf_line("bytes", [str(table["bytes"])])


# --- Values ------------------------------------------------------------------------------------


def decode_numeric(wire):
    count, weight, sign, scale = struct.unpack(">HhHH", wire[:8])
    special = {0xC000: "NaN", 0xD000: "Infinity", 0xF000: "-Infinity"}
    if sign in special:
        return special[sign]
    number = 0
    for digit in struct.unpack(f">{count}H", wire[8:]):
        number = number * 10000 + digit
    shift = 4 * (weight + 1 - count) + scale  # to a whole number of units of the last digit
    number = number * 10**shift if shift >= 0 else number // 10**-shift
    digits = str(number).rjust(scale + 1, "0")
    whole, part = digits[: len(digits) - scale], digits[len(digits) - scale :]
    return ("-" if sign == 0x4000 else "") + whole + ("." + part if scale else "")


def decode_moment(wire, with_zone):
    micros = struct.unpack(">q", wire)[0]
    moment = datetime.datetime(2000, 1, 1) + datetime.timedelta(microseconds=micros)
    text = moment.isoformat(sep=" ")
    return (text.rstrip("0") if "." in text else text) + ("+00" if with_zone else "")


def decode_date(wire):
    return (datetime.date(2000, 1, 1) + datetime.timedelta(struct.unpack(">i", wire)[0])).isoformat()


DECODE = {
    "bool": lambda wire: {b"\0": "f", b"\1": "t"}[wire],
    "int2": lambda wire: str(struct.unpack(">h", wire)[0]),
    "int4": lambda wire: str(struct.unpack(">i", wire)[0]),
    "int8": lambda wire: str(struct.unpack(">q", wire)[0]),
    "numeric": decode_numeric,
    "text": bytes.decode,
    "char": lambda wire: wire.decode().rstrip(" "),
    "bytea": lambda wire: "\\x" + wire.hex(),
    "date": decode_date,
    "timestamp": lambda wire: decode_moment(wire, False),
    "timestamptz": lambda wire: decode_moment(wire, True),
    "uuid": lambda wire: str(uuid.UUID(bytes=wire)),
    "json": bytes.decode,
    "jsonb": lambda wire: wire[1:].decode(),
    "enum": bytes.decode,
    "pglsn": lambda wire: "%X/%X" % struct.unpack(">II", wire),
    "singlechar": lambda wire: wire.decode().strip("\0") if wire[0] < 0x80 else "\\%03o" % wire[0],
}


def value_holds(value):
    """Whether the field is that of the wire bytes; None if this script cannot tell."""
    codec, wire, field = value["codec"], value["wire"], value["field"]
    if wire is None:
        return field == "\\N"
    wire = bytes.fromhex(wire)
    if codec in ("float4", "float8"):  # the same number, though not proved to be the shortest text
        form = ">f" if codec == "float4" else ">d"
        return field == "NaN" or struct.pack(form, float(field)) == wire
    if isinstance(codec, dict) or codec not in DECODE:
        return None
    try:
        return escape(DECODE[codec](wire).encode()) == field.encode()
    except OverflowError:  # a year that Python does not have
        return None


# --- Archives ----------------------------------------------------------------------------------


def salt_of(key, index):
    return hmac.new(key, b"handover-salt\0" + struct.pack(">Q", index), "sha256").digest()


def salt_line(row):
    evidence = "\\N" if row["evidence_line"] is None else str(row["evidence_line"])
    return f"{row['index']}\t{row['salt']}\t{evidence}\n"


def identity_number(text):
    return "".join(re.findall("[0-9A-Za-z]", text)).upper()


def phone(text):
    digits = "".join(re.findall("[0-9]", text))
    for code in ["0084", "84"]:
        if digits.startswith(code):
            return "0" + digits[len(code) :].lstrip("0")
    return digits


INVISIBLE = set("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")


def person_name(text):
    def without_marks(letters):
        return [c for c in letters if unicodedata.category(c)[0] != "M" and c not in INVISIBLE]

    plain = without_marks(unicodedata.normalize("NFD", text))
    lower = without_marks("".join(c.lower() for c in plain).replace("đ", "d"))
    # Beside letters and numbers, Alphabetic has circled and squared letters; none is in the vectors.
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


def parts_of(case, given):
    """The parts that a value is tagged with; None if there is nothing to search by."""
    if case["kind"] == "name-birth":
        parts = [person_name(given[0]), birth_date(given[1])]
    else:
        parts = [{"identity": identity_number, "phone": phone}[case["kind"]](given)]
    return parts if all(parts) else None


def tag_of(key, kind, parts):
    message = kind.encode()
    for part in parts:
        message += struct.pack(">I", len(part.encode())) + part.encode()
    return hmac.new(key, message, "sha256").hexdigest()[:32]


def shard_name(tag, bits):
    shard = int(tag[:4], 16) >> (16 - bits)
    return "index/%0*x-00000" % (max(1, -(-bits // 4)), shard)


def shard_bits(entries):
    return next((bits for bits in range(16) if entries <= 8192 << bits), 16)


def pae(payload_type, body):
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)


DER_PREFIX = bytes.fromhex("302a300506032b6570032100")  # RFC 8410: an Ed25519 key follows


# --- The files ---------------------------------------------------------------------------------


# --- Events -----------------------------------------------------------------------------------

EVENT = "number kind at operator host program program_sha256 detail previous".split()


def check_chain(chain):
    head = "0" * 64
    for number, event in enumerate(chain["events"], 1):
        what = f"chain.json event {number}"
        equal(f"{what} number", event["number"], number)
        equal(f"{what} previous", event["previous"], head)
        line = fields([str(event[column]) for column in EVENT]) + b"\n"
        equal(f"{what} line", line, event["line"].encode())
        head = sha256(line)
        equal(f"{what} digest", head, event["digest"])
    equal("chain.json head", head, chain["head"])


# --- What others published ----------------------------------------------------------------------


def proves(case):
    """Whether a path proves its leaf: RFC 9162 section 2.1.3.2."""
    index, last = int(case["index"]), int(case["size"]) - 1
    texts = [case["leaf_hash"], case["root"], *case["proof"]]
    if index > last or any(len(text) != 64 for text in texts):
        return False
    found = bytes.fromhex(case["leaf_hash"])
    for sibling in map(bytes.fromhex, case["proof"]):
        if last == 0:
            return False
        if index % 2 or index == last:
            found = node_hash(sibling, found)
            while index % 2 == 0 and index:
                index, last = index >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and found.hex() == case["root"]


# --- Stored values of SQLite (FORMAT.md sections 5.4 and 5.5) -----------------------------------

OWN_CLASS = {"boolean": "integer", "smallint": "integer", "integer": "integer", "bigint": "integer",
             "double precision": "real", "bytea": "blob"}


def exact(type_name, kind, stored):
    """A field of the exact form; None for numbers in the numeric and double columns' own form."""
    raw = stored.encode() if kind == "integer" else bytes.fromhex(stored)
    if type_name.startswith("numeric"):
        is_own = kind in ("integer", "real")
    else:
        is_own = OWN_CLASS.get(type_name, "text") == kind
    if type_name == "boolean" and is_own:
        is_own = stored in ("0", "1")
        raw = b"ft"[int(stored):int(stored) + 1] if is_own else raw
    if is_own and (kind == "real" or type_name.startswith("numeric")):
        return None
    if kind == "blob" and is_own:
        return b"\\\\x" + stored.encode()
    body = escape(raw) if kind == "text" else raw if kind == "integer" or is_own else stored.encode()
    return body if is_own else {"integer": b"\\I", "real": b"\\R", "text": b"\\T", "blob": b"\\B"}[kind] + body


def as_stored(kind, stored):
    """The text that says what is stored, as a field; None for numbers with a fraction."""
    if kind == "real":
        return None
    if kind != "text":
        return f"{kind}:{stored}".encode()
    try:
        text = bytes.fromhex(stored)
        text.decode()
        fits = 0 not in text
    except UnicodeDecodeError:
        fits = False
    return escape(b"text:" + text) if fits else b"text-bytes:" + stored.encode()


def check_stored(case):
    ((kind, stored),) = case["stored"].items()
    if case["exact"] is not None:
        found = exact(case["type"], kind, stored)
        equal(f"sqlite.json {case}", found in (None, case["exact"].encode()), True)
    if case["type"] == "text, as stored":
        found = as_stored(kind, stored)
        equal(f"sqlite.json {case}", found in (None, case["value"].encode()), True)


def load(name):
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def equal(what, found, expected):
    if found != expected:
        raise SystemExit(f"{what}: found {found!r}, expected {expected!r}")


def check_lines(what, part, text):
    equal(f"{what} rows", len(text), part["rows"])
    equal(f"{what} bytes", sum(map(len, text)), part["bytes"])
    equal(f"{what} digest", sha256(b"".join(text)), part["digest"])


def check_handover(handover):
    hashes = {}
    for table in handover["tables"]:
        what = f"handover.json {table['name']}"
        if not table["excluded"]:
            text = lines(table["data"], key=table["key"] is not None)
            check_lines(what, table, text)
            start, leaves = 0, []
            for chunk in table["chunks"]:
                check_lines(what, chunk, text[start : start + chunk["rows"]])
                start += chunk["rows"]
                leaves.append(leaf_hash(chunk_leaf(table, chunk)))
                equal(f"{what} leaf", leaves[-1].hex(), chunk["leaf_hash"])
            equal(f"{what} rows in chunks", start, len(text))
            equal(f"{what} root", root(leaves).hex(), table["root"])
        leaf = table_leaf(table)
        equal(f"{what} table leaf", leaf.hex(), table["leaf"])
        equal(f"{what} table leaf hash", leaf_hash(leaf).hex(), table["leaf_hash"])
        hashes[logical(table["schema"]).encode(), table["name"].encode()] = leaf_hash(leaf)
    equal("handover.json root", root([hashes[name] for name in sorted(hashes)]).hex(), handover["root"])


def check_tags(archive):
    key = bytes.fromhex(archive["index_key"])
    for case in archive["tags"]:
        what = f"archive.json {case['kind']} {case['parts']}"
        for given in case.get("given", []):
            equal(f"{what} from {given!r}", parts_of(case, given), case["parts"])
        if "table" in case:
            table = f"{case['table']['schema']}.{case['table']['name']}"
            equal(what, [table] + case.get("columns", []) + case["values"], case["parts"])
        if case["parts"] is not None:
            equal(what, tag_of(key, case["kind"], case["parts"]), case["tag"])


def check_archive(archive):
    key, hashes = bytes.fromhex(archive["salt_key"]), []
    for row in archive["rows"]:
        what = f"archive.json row {row['index']}"
        salt = salt_of(key, row["index"])
        equal(f"{what} salt", salt.hex(), row["salt"])
        hashes.append(leaf_hash(salt + row["line"].encode()))
        equal(f"{what} leaf", hashes[-1].hex(), row["leaf"])
        equal(f"{what} salt line", salt_line(row), row["salt_line"])
    far = archive["far_salt"]
    equal("archive.json far salt", salt_of(key, far["index"]).hex(), far["salt"])
    equal("archive.json root", root(hashes).hex(), archive["root"])
    check_tags(archive)
    for case in archive["entries"]:
        place = struct.pack(">HIH", case["table"], case["chunk"], case["row"])
        equal("archive.json entry", case["tag"] + place.hex(), case["entry"])
        for bits, name in case["shards"]:
            equal(f"archive.json shard, {bits} bits", shard_name(case["tag"], bits), name)
    for entries, bits in archive["shard_bits"]:
        equal(f"archive.json shards of {entries} entries", shard_bits(entries), bits)
    for case in archive["pae"]:
        equal("archive.json pae", pae(case["type"], case["body"].encode()).hex(), case["pae"])
    check_checkpoint(archive["checkpoint"])


def check_checkpoint(case):
    encoded = base64.b64encode(bytes.fromhex(case["root"])).decode()
    text = f"{case['origin']}\n{case['size']}\n{encoded}\n"
    equal("archive.json checkpoint", text, case["text"])
    key = bytes.fromhex(case["key"]["public_key"])
    equal("archive.json keyid", sha256(DER_PREFIX + key), case["key"]["keyid"])
    named = case["key"]["name"].encode() + b"\n\1" + key
    equal("archive.json key id", sha256(named)[:8], case["key"]["key_id"])


def main():
    for case in load("escape.json"):
        equal("escape.json", escape(bytes.fromhex(case["text"])), case["field"].encode())
    for case in load("lines.json"):
        text = lines(case["data"], key=case["key"])
        equal(f"lines.json {case['what']}", b"".join(text), case["lines"].encode())
        check_lines(f"lines.json {case['what']}", case, text)
    for case in load("leaves.json"):
        leaf = chunk_leaf(case, case)
        equal(f"leaves.json {case['what']}", leaf.hex(), case["leaf"])
        equal(f"leaves.json {case['what']} hash", leaf_hash(leaf).hex(), case["leaf_hash"])
    for case in load("trees.json"):
        hashes = [leaf_hash(bytes.fromhex(leaf)) for leaf in case["leaves"]]
        equal("trees.json hashes", [h.hex() for h in hashes], case["leaf_hashes"])
        equal("trees.json root", root(hashes).hex(), case["root"])
        paths = [[h.hex() for h in path(i, hashes)] for i in range(len(hashes))]
        equal("trees.json paths", paths, case["paths"])
    check_handover(load("handover.json"))
    check_archive(load("archive.json"))
    check_chain(load("chain.json"))
    for case in load("sqlite.json"):
        check_stored(case)
    for case in load("inclusion.json"):
        equal(f"inclusion.json {case['what']}", proves(case), case["proves"])
    for case in load("signatures.json")["pae"]:
        made = pae(case["type"], bytes.fromhex(case["body"]))
        equal(f"signatures.json {case['what']}", made.hex(), case["pae"])
    held = [(value, value_holds(value)) for value in load("values.json")]
    for value, holds in held:
        equal(f"values.json {value['type']} {value['sql']}", holds is not False, True)
    unchecked = sum(holds is None for _, holds in held)
    print(f"all vectors hold; {unchecked} of {len(held)} values are of types not decoded here")


if __name__ == "__main__":
    main()
