"""Rows of the two ends against what was attested: FORMAT.md sections 2, 6 to 10 and 33."""

from chunks import root_over_copied_chunks, table_root
from databases import Place
from envelopes import strict_json
from report import Damaged
from trees import logical

STATED = ["chunks", "root", "rows", "bytes"]


def planned(ledger):
    """The shapes of the tables that were copied, by logical name; and the names of those left out."""
    shapes, left_out = {}, set()
    for row in ledger.rows("plan_table", order="table_no"):
        name = (logical(row["schema_name"]), row["table_name"])
        if row["left_out"] is None:
            shapes[name] = strict_json(row["shape"])
        else:
            left_out.add(name)
    return shapes, left_out


def leaf_of(shape):
    """What chunks' leaves say of a table: always with the source's names."""
    names = [column["name"] for column in shape["columns"]]
    key = None if shape["key"] is None else [names[position] for position in shape["key"]["columns"]]
    columns = [(column["name"], column["type_name"]) for column in shape["columns"]]
    return {"schema": shape["name"]["schema"], "name": shape["name"]["name"], "columns": columns, "key": key}


def check_tables(database, end, ledger, copy, purged, report):
    """Every table of one end gives the root that was attested; there are no others."""
    shapes, left_out = planned(ledger)
    from_a_file = copy["source"]["identity"].startswith("sqlite ")
    is_public = end == "target" and from_a_file and database.kind == "postgres"
    places = {name: Place(shape, end, is_public) for name, shape in shapes.items()}
    equal = 0
    for one in copy["tables"]:
        name = (logical(one["name"]["schema"]), one["name"]["name"])
        root = one.get(f"{end}Root")
        if name not in shapes or root is None:
            report.finding(f"{end}: {name[1]} was attested, and has no plan or no root")
        elif end == "target" and name in purged:
            continue
        else:
            copied = None if copy.get("rootsOver") == "rows" else chunks_of(ledger, name)
            equal += check_table(database, end, places[name], dict(one, root=root), copied, report)
    if equal:
        report.checked(f"{end}: {equal} tables give the roots that were attested")
    check_names(database, end, ledger, places.values(), left_out, report)
    report.not_checked(f"{end}: views, indexes, triggers, functions, sequences, rights and settings")


def chunks_of(ledger, name):
    """The chunks in which a table was copied, of which earlier versions attested the root."""
    plan = ledger.rows("plan_table", order="table_no")
    number = next(row["table_no"] for row in plan if (logical(row["schema_name"]), row["table_name"]) == name)
    return [row for row in ledger.rows("chunk", order="table_no, chunk_no, part_no") if row["table_no"] == number]


def check_table(database, end, place, stated, copied, report):
    """`copied` are the copy's chunks if the root is over them, else None."""
    name, leaf = place.shape["name"]["name"], leaf_of(place.shape)
    try:
        lines = database.lines(place)
        made = (table_root(leaf, lines, place.key) if copied is None
                else root_over_copied_chunks(leaf, lines, copied))
    except Damaged as damaged:
        report.unverified(f"{end}: {name}: {damaged}")
        return False
    if [str(made[key]) for key in STATED] != [str(stated[key]) for key in STATED]:
        differing = [key for key in STATED if str(made[key]) != str(stated[key])]
        report.finding(f"{end}: {name} is not what was attested: {', '.join(differing)} differ")
        return False
    return True


def check_names(database, end, ledger, places, left_out, report):
    """Nothing is there that was not copied: no other table, no other column."""
    own = set()
    if end == "target":
        prefix = "handover_" if database.kind == "sqlite" else ""
        own = {("public" if prefix else "handover", prefix + name) for name in ledger.own_tables()}
    known = {(logical(place.schema), place.name) for place in places} | left_out | own
    others = sorted(name for schema, name in database.tables() if (logical(schema), name) not in known)
    report.check(not others, f"{end}: there are no other tables",
                 f"{end}: tables that were not copied are there: {', '.join(others)}")
    for place in places:
        more = set(database.columns(place.schema, place.name)) - {name for name, _ in place.columns}
        if more:
            report.finding(f"{end}: {place.name} has columns that were not copied: {', '.join(sorted(more))}")
