#!/usr/bin/env python3
"""Checks the test vectors in this folder with the independent checker beside it (`../checker`): its
escaping, lines, leaves, trees, tags, signed bytes and events; and the wire form of the commoner types with
a decoder that stands here. It also works the example of FORMAT.md's quick start. Standard library only;
Python 3.11 or later. `python3 check.py` exits 0 if every vector holds."""

import base64
import datetime
import json
import pathlib
import struct
import sys
import uuid

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "checker"))

from archives import salt_of
from chain import COLUMNS as EVENT
from chunks import cut, table_root
from envelopes import pae
from lines import escape, fields, sha256
from search import searched_by, shard_bits, shard_name, tag_of
from trees import chunk_leaf, handover_root, leaf_hash, path, root, root_by_path, table_leaf
from trust import DER_PREFIX
from values import Text, exact_field, float_text


def lines(rows, key=True):
    """The lines of rows that come in key order; without a key, sorted as `LC_ALL=C sort` does."""
    made = [fields(row) for row in rows]
    return [line + b"\n" for line in (made if key else sorted(made))]


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
    "float8": lambda wire: float_text(struct.unpack(">d", wire)[0]),
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
    if codec == "float4":  # the same number, though not proved to be the shortest text
        return field == "NaN" or struct.pack(">f", float(field)) == wire
    if isinstance(codec, dict) or codec not in DECODE:
        return None
    try:
        return escape(DECODE[codec](wire).encode()) == field.encode()
    except OverflowError:  # a year that Python does not have
        return None


# --- Archives ----------------------------------------------------------------------------------


def salt_line(row):
    evidence = "\\N" if row["evidence_line"] is None else str(row["evidence_line"])
    return f"{row['index']}\t{row['salt']}\t{evidence}\n"


# --- Events -----------------------------------------------------------------------------------


def check_chain(chain):
    head = "0" * 64
    for number, event in enumerate(chain["events"], 1):
        what = f"chain.json event {number}"
        equal(f"{what} number", event["number"], number)
        equal(f"{what} previous", event["previous"], head)
        line = fields([str(event[column.replace("event_no", "number")]) for column in EVENT]) + b"\n"
        equal(f"{what} line", line, event["line"].encode())
        head = sha256(line)
        equal(f"{what} digest", head, event["digest"])
    equal("chain.json head", head, chain["head"])


# --- What others published ----------------------------------------------------------------------


def proves(case):
    """Whether a path proves its leaf: RFC 9162 section 2.1.3.2."""
    index, size = int(case["index"]), int(case["size"])
    digests = [case["leaf_hash"], case["root"], *case["proof"]]
    if any(len(text) != 64 for text in digests):
        return False
    leaf, expected, *siblings = map(bytes.fromhex, digests)
    return root_by_path(leaf, index, size, siblings) == expected


# --- Stored values of SQLite (FORMAT.md sections 5.4 and 5.5) -----------------------------------

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


def stored_value(kind, stored):
    """A stored value as Python's sqlite3 gives it."""
    if kind == "integer":
        return int(stored)
    raw = bytes.fromhex(stored)
    return {"real": lambda: struct.unpack(">d", raw)[0], "text": lambda: Text(raw), "blob": lambda: raw}[kind]()


def check_stored(case):
    ((kind, stored),) = case["stored"].items()
    if case["exact"] is not None:
        found = exact_field(stored_value(kind, stored), case["type"])
        equal(f"sqlite.json {case}", found, case["exact"].encode())
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
    leaves_of_tables = []
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
        leaf = table_leaf(table["schema"], table["name"], None if table["excluded"] else stated(table))
        equal(f"{what} table leaf", leaf.hex(), table["leaf"])
        equal(f"{what} table leaf hash", leaf_hash(leaf).hex(), table["leaf_hash"])
        leaves_of_tables.append(((table["schema"], table["name"]), leaf))
    equal("handover.json root", handover_root(leaves_of_tables).hex(), handover["root"])


def stated(table):
    return dict(table, chunks=len(table["chunks"]))


def check_tags(archive):
    key = bytes.fromhex(archive["index_key"])
    for case in archive["tags"]:
        what = f"archive.json {case['kind']} {case['parts']}"
        for given in case.get("given", []):
            equal(f"{what} from {given!r}", searched_by(case["kind"], given), case["parts"])
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


# --- The example of FORMAT.md's quick start ------------------------------------------------------


def quick_start():
    """What the example has, by the names that stand before the values."""
    numbers = {"schema": "public", "name": "numbers", "columns": [("id", "bigint")], "key": ["id"]}
    text = [b"%d\n" % number for number in range(1, 300_001)]
    parts = list(cut(text, lambda line: [line.decode().strip()]))
    made = table_root(numbers, iter(text), [0])
    hashes = []
    for (lower, part), upper in zip(parts, [*(lower for lower, _ in parts[1:]), None]):
        chunk = {"lower": lower, "upper": upper, "rows": part.rows, "bytes": part.bytes, "digest": part.digest()}
        hashes.append(leaf_hash(chunk_leaf(numbers, chunk)).hex())
    handover = handover_root([(("public", "numbers"), table_leaf("public", "numbers", made))])
    salt = salt_of(bytes(range(32)), 1)
    rows = load("archive.json")["rows"]
    leaf = leaf_hash(salt + rows[1]["line"].encode())
    siblings = [bytes.fromhex(rows[index]["leaf"]) for index in (0, 2)]
    return {
        "digest of the table": sha256(b"".join(text)),
        "digest of chunk 1": parts[0][1].digest(), "digest of chunk 2": parts[1][1].digest(),
        "hash of chunk 1's leaf": hashes[0], "hash of chunk 2's leaf": hashes[1],
        "root of the table": made["root"], "root of the hand-over": handover.hex(),
        "salt of row 1": salt.hex(), "leaf of row 1": leaf.hex(),
        "root of the archive": root_by_path(leaf, 1, 3, siblings).hex(),
        "tag of 0912345678": tag_of(bytes(range(32, 64)), "phone", ["0912345678"]),
    }


def check_quick_start():
    text = (HERE.parent / "FORMAT.md").read_text(encoding="utf-8")
    block = text.split("\n```text\n")[1].split("```\n")[0]
    written = dict(line.rsplit(maxsplit=1) for line in block.splitlines())
    equal("FORMAT.md, quick start", {name.strip(): value for name, value in written.items()}, quick_start())
    print(f"the example of FORMAT.md holds: {len(written)} values")


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
    check_quick_start()
    unchecked = sum(holds is None for _, holds in held)
    print(f"all vectors hold; {unchecked} of {len(held)} values are of types not decoded here")


if __name__ == "__main__":
    main()
