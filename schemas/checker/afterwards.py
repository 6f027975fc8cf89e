"""Tables after purges: what the last purge left, rows that came back since, and what was there before. FORMAT.md
sections 6, 25, 26 and 30."""

import collections
import heapq
import itertools
import operator
import re
from decimal import Decimal

from databases import Place
from envelopes import Envelope
from lines import Sum, unescape
from purges import RESTORE
from report import Damaged
from trees import logical

NUMBERS = {"int2", "int4", "int8", "numeric"}
MOMENTS = {"date", "time", "timestamp", "timestamptz"}


def check_rows(database, purges, archived, events, report):
    """Purged tables are what the last purge left, and the rows that were restored since; with the archive they
    are what was there before. `archived` are the archives' lines by purge and table, as far as a key opened
    them."""
    last = {}
    for purge in purges:
        if purge.state == "executing":
            report.unverified(f"target: {purge.name} has not ended: rows of its tables are not compared")
        if purge.state in ("executed", "certified", "closed"):
            for number, table in enumerate(purge.selection["tables"]):
                name = logical_name(table["shape"]["name"])
                if name in last:
                    report.not_checked(f"target: {name[1]} as purge {last[name][0].number} left it: purge "
                                       f"{purge.number} took rows from it since")
                last[name] = (purge, number)
    for name, (purge, number) in last.items():
        try:
            check_table(database, name, purge, number, purges, archived, events, report)
        except Damaged as damaged:
            report.unverified(f"target: {name[1]}: {damaged}")


def check_table(database, name, purge, number, purges, archived, events, report):
    selected, after = purge.selection["tables"][number], purge.outcome["tables"][number]["after"]
    back = restored_lines(purge, name, purges, archived, events)
    left, extra = Sum(), collections.Counter(back)
    shape = shape_now(selected["shape"], name, purges)

    def not_restored():
        for line in database.lines(Place(shape, "here")):
            if extra[line] > 0:
                extra[line] -= 1
            else:
                left.add(line)
                yield line

    rows, before = archived[purge.number][number] if purge.number in archived else [], Sum()
    for line in merged(not_restored(), rows, shape):
        before.add(line)
    is_left = left.is_as(after) and not any(extra.values())
    report.check(is_left, f"target: {name[1]} is as purge {purge.number} left it, and {len(back)} restored rows")
    what = f"target: {name[1]} and the archive of purge {purge.number} are what was there before"
    if purge.number not in archived:
        report.not_checked(f"{what}: no key opened it (--identity)")
    elif is_left:
        report.check(before.is_as(selected["before"]), what)


def merged(left, archived, shape):
    """Lines of a table and of its archive in the order of their keys; of rows that both have, the archive's."""
    def keyed(lines):
        return ((sort_key(shape, line), line) for line in lines)

    pairs = heapq.merge(keyed(archived), keyed(left), key=operator.itemgetter(0))
    for _, rows in itertools.groupby(pairs, key=operator.itemgetter(0)):
        yield next(rows)[1]


def sort_key(shape, line):
    """What a line is ordered by (section 6)."""
    fields = line.rstrip(b"\n").split(b"\t")
    return [order_of(shape["columns"][place], unescape(fields[place])) for place in shape["key"]["columns"]]


def order_of(column, value):
    if column["ty"] in NUMBERS:
        text = value.decode()
        ranks = {"-Infinity": 0, "Infinity": 2, "NaN": 3}
        return (ranks[text], 0) if text in ranks else (1, Decimal(text))
    is_printed = column.get("form") != "exact" and column["ty"] in MOMENTS
    if is_printed and not re.fullmatch(rb"\d{4}-\d\d-\d\d.*|\d\d:.*", value) or is_printed and value.endswith(b"BC"):
        raise Damaged("a key with a year of more than four digits, before 1, or without an end: not known here")
    return value


def logical_name(name):
    return logical(name["schema"]), name["name"]


def said_of(restore):
    """What the statement of a restore says."""
    return Envelope(restore["statement"].encode(), "restore", RESTORE).predicate


def shape_now(shape, name, purges):
    """A table's columns with the names that they have by now, as the last restore of any purge says: they may
    have been renamed since they were archived."""
    restores = [restore for purge in purges for restore in purge.restores]
    restores.sort(key=lambda one: int(one["restore_no"]))
    stated = [one for restore in restores for one in said_of(restore)["tables"] if logical_name(one["name"]) == name]
    changes = stated[-1].get("columns", []) if stated else []
    now = {one["archived"]: one["now"] for one in changes if "archived" in one}
    return dict(shape, columns=[dict(one, name=now.get(one["name"], one["name"])) for one in shape["columns"]])


def restored_lines(last, name, purges, archived, events):
    """The lines of rows of a table that came back after its last purge."""
    done = [int(event.number) for event in events
            if event.kind in ("execute", "close_purge") and event.detail["number"] == last.number]
    lines = []
    for event in events:
        if event.kind != "restore" or not done or int(event.number) < done[0]:
            continue
        number = str(event.detail["number"])
        purge, restore = next((purge, one) for purge in purges for one in purge.restores if one["restore_no"] == number)
        if said_of(restore).get("replaced"):
            raise Damaged("rows were replaced by a restore: not known here")
        for run in purge.restored:
            table = purge.selection["tables"][int(run["table_no"])]["shape"]["name"]
            if run["restore_no"] == number and logical_name(table) == name:
                if purge.number not in archived:
                    raise Damaged("rows were restored, and no key opens their archive (--identity)")
                begin = int(run["first_position"])
                lines += archived[purge.number][int(run["table_no"])][begin:begin + int(run["row_count"])]
    return lines
