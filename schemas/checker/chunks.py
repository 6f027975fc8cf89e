"""Cutting rows into chunks, and the root of a table: FORMAT.md sections 8 and 10."""

import itertools
import json

from lines import Sum, unescape
from trees import chunk_leaf, leaf_hash, root

HALF = 8_388_608
LIMIT = 16_777_216
MOST_ROWS = 262_144


def rows_per_chunk(first_lines):
    """n of section 8, from the first 1000 lines."""
    size = sum(map(len, first_lines))
    if size == 0:
        return MOST_ROWS
    return max(1, min(MOST_ROWS, HALF * len(first_lines) // size))


def cut(lines, key_of):
    """Pairs of lower end and Sum for the chunks of lines in canonical order; `key_of` is None for a
    table without a key, which is one chunk."""
    lines = iter(lines)
    first = list(itertools.islice(lines, 1000))
    per_chunk = rows_per_chunk(first)
    lower, current = None, Sum()
    for number, line in enumerate(itertools.chain(first, lines)):
        is_boundary = number > 0 and number % per_chunk == 0
        is_full = current.rows > 0 and current.bytes + len(line) > LIMIT
        if key_of and (is_boundary or is_full):
            yield lower, current
            lower, current = key_of(line), Sum()
        current.add(line)
    yield lower, current


def table_root(table, lines, key):
    """What a table's leaf states of its rows: chunks, root, rows, bytes. `key` has the positions of
    the key's columns, or is None."""
    def key_of(line):
        values = line.rstrip(b"\n").split(b"\t")
        return [unescape(values[position]).decode() for position in key]

    parts = list(cut(lines, None if key is None else key_of))
    ends = [lower for lower, _ in parts[1:]] + [None]
    return stated(table, [(lower, upper, part) for (lower, part), upper in zip(parts, ends)])


def root_over_copied_chunks(table, lines, chunks):
    """The same over the chunks of the copy's ledger, as earlier versions attested it (`rootsOver`, section
    33). `chunks` are rows of the ledger's table `chunk`, in order."""
    lines, parts = iter(lines), []
    for chunk in chunks:
        part = Sum()
        for line in itertools.islice(lines, int(chunk["row_count"])):
            part.add(line)
        parts.append((*(chunk[end] and json.loads(chunk[end]) for end in ["lower_key", "upper_key"]), part))
    for line in lines:  # rows behind the last chunk belong to none
        parts[-1][2].add(line)
    return stated(table, parts)


def stated(table, parts):
    """`parts` are triples of lower end, upper end and Sum."""
    leaves = []
    for lower, upper, part in parts:
        chunk = {"lower": lower, "upper": upper, "rows": part.rows, "bytes": part.bytes, "digest": part.digest()}
        leaves.append(leaf_hash(chunk_leaf(table, chunk)))
    rows, size = sum(part.rows for *_, part in parts), sum(part.bytes for *_, part in parts)
    return {"chunks": len(parts), "root": root(leaves).hex(), "rows": rows, "bytes": size}
