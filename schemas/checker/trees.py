"""Leaves and trees: FORMAT.md sections 9 and 10, RFC 6962 section 2.1, RFC 9162 section 2.1.3.2."""

import hashlib

from lines import fields


def leaf_hash(leaf):
    return hashlib.sha256(b"\0" + leaf).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def split(hashes):
    """The first k hashes and the rest; k is the largest power of two below their number."""
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
    """The siblings of a leaf, the nearest first."""
    if len(hashes) <= 1:
        return []
    left, right = split(hashes)
    if index < len(left):
        return path(index, left) + [root(right)]
    return path(index - len(left), right) + [root(left)]


def root_by_path(leaf, index, size, siblings):
    """The root that a leaf and its path make; None if they make none (FORMAT.md section 28)."""
    last = size - 1
    if not 0 <= index <= last:
        return None
    found = leaf
    for sibling in siblings:
        if last == 0:
            return None
        if index % 2 or index == last:
            found = node_hash(sibling, found)
            while index % 2 == 0 and index:
                index, last = index >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        index, last = index >> 1, last >> 1
    return found if last == 0 else None


def logical(schema):
    """Schema `main` of SQLite and `public` of PostgreSQL are one place (section 2)."""
    return "public" if schema == "main" else schema


def leaf_line(label, texts):
    return label.encode() + b"\t" + fields(texts) + b"\n"


def leaf_head(kind, schema, name):
    return leaf_line(kind, ["1"]) + leaf_line("table", [logical(schema), name])


def chunk_leaf(table, chunk):
    """The leaf of a chunk. `table` has schema, name, columns (name and type) and key (names or None);
    `chunk` has lower and upper (texts or None), rows, bytes and digest."""
    leaf = leaf_head("handover-leaf", table["schema"], table["name"])
    for name, type_name in table["columns"]:
        leaf += leaf_line("column", [name, type_name])
    leaf += leaf_line("key", [None] if table["key"] is None else table["key"])
    for end in ["lower", "upper"]:
        leaf += leaf_line(end, [None] if chunk[end] is None else chunk[end])
    for label in ["rows", "bytes", "digest"]:
        leaf += leaf_line(label, [str(chunk[label])])
    return leaf


def table_leaf(schema, name, stated):
    """The leaf of a table; None for one that is left out."""
    leaf = leaf_head("handover-table", schema, name)
    if stated is None:
        return leaf + b"excluded\n"
    return leaf + b"".join(leaf_line(key, [str(stated[key])]) for key in ["chunks", "root", "rows", "bytes"])


def handover_root(leaves):
    """The root over tables: pairs of (schema, name) and leaf, in any order (section 10)."""
    ordered = sorted(((logical(schema).encode(), name.encode()), leaf) for (schema, name), leaf in leaves)
    if len({place for place, _ in ordered}) < len(ordered):
        return None
    return root([leaf_hash(leaf) for _, leaf in ordered])
