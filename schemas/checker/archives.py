"""Archives of rows: FORMAT.md sections 21 to 23."""

import hmac
import re
import struct

from lines import Sum, sha256, unescape
from report import Damaged
from search import searched_by, shard_bits, shard_name, tag_of
from trees import leaf_hash, logical, root


class Archive:
    """A whole package that carries an archive."""

    def __init__(self, package):
        if package.document.get("carries") != "archive":
            raise Damaged("it is no archive")
        self.package, self.about = package, package.document["archive"]
        with open(f"{package.folder}/leaves.bin", "rb") as file:
            packed = file.read()
        self.leaves = [packed[at:at + 32] for at in range(0, len(packed), 32)]
        if len(self.leaves) != self.about["leaves"] or len(packed) % 32 or root(self.leaves).hex() != self.about["root"]:
            raise Damaged("leaves.bin does not make the root that package.json states")

    def read(self, name, identity):
        return self.package.read(f"data/{name}{self.package.suffix}", identity)

    def rows(self, table, identity):
        """A table's lines with their salts, chunk by chunk."""
        for chunk in range(1, table["chunks"] + 1):
            place = f"{table['folder']}/{chunk:06}"
            lines = self.read(f"rows/{place}.copy", identity).splitlines(keepends=True)
            salts = self.read(f"salts/{place}.salts", identity).decode().splitlines()
            if len(lines) != len(salts):
                raise Damaged(f"{place}: rows and salts are not as many")
            yield chunk, list(zip(lines, salts))

    def check_content(self, identity):
        """That the archive is sound (section 22); gives the lines of each table, by its place."""
        entries, found, index = set(), [], 0
        key = bytes.fromhex(self.read("key/index.key", identity).decode().strip())
        digests = re.findall("([0-9a-f]{64})  (.*)\n", self.read("key/tables.sha256", identity).decode())
        for number, (table, (digest, folder)) in enumerate(zip(self.about["tables"], digests, strict=True)):
            lines = Sum()
            found.append([])
            if index != table["first_index"] or folder != table["folder"]:
                raise Damaged(f"{table['folder']} does not begin at its index")
            for chunk, rows in self.rows(table, identity):
                for place, (line, salted) in enumerate(rows):
                    stated, salt, _ = salted.split("\t")
                    if stated != str(index) or leaf_hash(bytes.fromhex(salt) + line) != self.leaves[index]:
                        raise Damaged(f"row {index} does not give its leaf")
                    entries |= {tag + struct.pack(">HIH", number, chunk, place).hex()
                                for tag in self.tags(key, table, line)}
                    lines.add(line)
                    found[-1].append(line)
                    index += 1
            if not lines.is_as(dict(table["lines"], sha256=digest)):
                raise Damaged(f"the rows of {table['folder']} are not those of tables.sha256")
        if index != len(self.leaves):
            raise Damaged("there are fewer rows than leaves")
        self.check_index(sorted(entries), identity)
        return found

    def tags(self, key, table, line):
        """The tags of a row (section 23)."""
        columns = [column["name"] for column in table["columns"]]
        values = [unescape(field) for field in line.rstrip(b"\n").split(b"\t")]
        text = {name: None if value is None else value.decode() for name, value in zip(columns, values)}
        place = f"{table['name']['schema']}.{table['name']['name']}"
        yield tag_of(key, "key", [place] + [text[columns[position]] for position in table["key"]])
        for parent in table["parents"]:
            referring = [text[name] for name in parent["columns"]]
            if None not in referring:
                yield tag_of(key, "parent", [place, *parent["columns"], *referring])
        for search in self.about["search"]:
            schema, _, name = search["table"].partition(".")
            if (logical(schema), name) != (logical(table["name"]["schema"]), table["name"]["name"]):
                continue
            given = {kind: text[search[column]] for kind, column in [("identity", "identity_number"), ("phone", "phone")]
                     if column in search}
            if "name" in search and "birth_date" in search:
                person = [text[search["name"]], text[search["birth_date"]]]
                given["name-birth"] = None if None in person else person
            for kind, value in given.items():
                parts = None if value is None else searched_by(kind, value)
                if parts:
                    yield tag_of(key, kind, parts)

    def check_index(self, expected, identity):
        """The index has exactly these entries, in their order and in the right parts."""
        bits = self.about["index"]["shard_bits"]
        if len(expected) != self.about["index"]["entries"] or bits != shard_bits(len(expected)):
            raise Damaged("the index has other entries than its rows give")
        shards = {}
        for entry in expected:
            shards.setdefault(shard_name(entry[:32], bits), []).append(entry)
        parts = {}
        for name, entries in shards.items():
            for part, begin in enumerate(range(0, len(entries), 10922)):
                parts[f"{name[:-5]}{part:05}"] = "".join(entries[begin:begin + 10922])
        there = {name for name in self.package.payload if name.startswith("data/index/")}
        if there != {f"data/{name}{self.package.suffix}" for name in parts}:
            raise Damaged("the index has other parts than its rows give")
        for name, entries in parts.items():
            if self.read(name, identity).hex() != entries:
                raise Damaged(f"{name} has other entries than its rows give")


def salt_of(key, index):
    """The salt of a row (section 22). Nobody has the salt key of a certified purge any more."""
    return hmac.new(key, b"handover-salt\0" + struct.pack(">Q", index), "sha256").digest()


def leaves_digest(leaves):
    """What a restore's statement says of rows, in the order of their indexes (section 26)."""
    return sha256(b"".join(leaves))
