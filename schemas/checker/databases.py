"""Rows of the two ends and of the ledger, through psql and Python's sqlite3: FORMAT.md sections 1, 2, 6, 11.

Each question is a reading of its own, and names are read once: run the checker while nobody writes."""

import functools
import pathlib
import re
import sqlite3
from xml.etree import ElementTree

from lines import fields, texts
from programs import psql_lines
from report import Damaged
from values import Text, exact_field, value_field

# Types whose own order is that of section 6, as a shape (section 33) writes them.
OWN_ORDER = {"bool", "int2", "int4", "int8", "numeric", "date", "time", "timestamp", "timestamptz", "uuid", "bytea"}
BY_BYTES = {"date", "time", "timestamp", "timestamptz", "uuid", "json", "text"}


def open_database(url):
    return Sqlite(url[len("sqlite:"):]) if url.startswith("sqlite:") else Postgres(url)


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


class Place:
    """A table with the names that it and its columns have at one end, `source` or `target`. What is `main`
    in a SQLite source is `public` in a PostgreSQL target (section 2)."""

    def __init__(self, shape, end, is_public=False):
        self.shape, renamed = shape, (lambda one: one.get("renamed")) if end == "target" else (lambda one: None)
        self.schema = "public" if is_public else shape["name"]["schema"]
        self.name = renamed(shape) or shape["name"]["name"]
        self.columns = [(renamed(column) or column["name"], column) for column in shape["columns"]]
        key = shape["key"]
        self.key = None if key is None else key["columns"]

    def require_whole(self):
        """Tables of which only some rows are meant are not read here."""
        if self.shape.get("extent", "whole") != "whole":
            raise Damaged("only some of its rows are meant (`extent`): not known here")


class Postgres:
    kind = "postgres"

    def __init__(self, url):
        self.url = url

    def query(self, query):
        """Rows of texts."""
        return [texts(line) for line in psql_lines(self.url, query)]

    def ledger(self, table):
        return f"handover.{quoted(table)}"

    @functools.cached_property
    def of_ledger(self):
        names = "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        return {row[0] for row in self.query(f"{names} WHERE nspname = 'handover' AND relkind = 'r'")}

    def has(self, table):
        """Whether the ledger has this table."""
        return table in self.of_ledger

    def ledger_lines(self, table, key, columns):
        """The lines of section 33, sorted by the key."""
        order = ", ".join(f'"{one}" COLLATE "C"' if one in TEXT_KEYS else f'"{one}"' for one in key)
        listed = [f"encode({one}, 'hex')" if one == "leaves" else quoted(one) for one in key + columns]
        return psql_lines(self.url, f"SELECT {', '.join(listed)} FROM {self.ledger(table)} ORDER BY {order}")

    def tables(self):
        """Schema and name of every table that section 2 means, the ledger's among them."""
        return self.query(
            "SELECT nspname, relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE relkind IN ('r', 'p') AND NOT relispartition AND nspname !~ '^pg_|^information_schema$'"
            " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'"
            " AND d.classid = 'pg_class'::regclass)"
        )

    @functools.cached_property
    def all_columns(self):
        place = "SELECT nspname, relname, attname FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid"
        where = "attnum > 0 AND NOT attisdropped AND attgenerated = '' AND relkind IN ('r', 'p')"
        return self.query(f"{place} JOIN pg_namespace n ON n.oid = relnamespace WHERE {where}")

    def columns(self, schema, name):
        """Names of the columns that are written by somebody."""
        return [row[2] for row in self.all_columns if row[:2] == [schema, name]]

    def number(self, query):
        """The number that a figure's query gives (section 34). The server itself refuses a text that is more than
        one query that reads: within a function, nothing else is allowed."""
        asked = f"SELECT query_to_xml({literal(query)}, true, false, '')"
        [[given]] = [texts(line) for line in psql_lines(self.url, asked, "pg_catalog,public")]
        return whole_number([field.text for row in ElementTree.fromstring(given) for field in row])

    def lines(self, place):
        """The lines of a table in canonical order."""
        place.require_whole()
        listed = [self.listed(name, column) for name, column in place.columns]
        table = f"{quoted(place.schema)}.{quoted(place.name)}"
        query = f"SELECT {', '.join(listed)} FROM {'' if place.shape['partitioned'] else 'ONLY '}{table}"
        if place.key is None:
            return iter(sorted(psql_lines(self.url, query), key=lambda line: line[:-1]))
        order = [self.order(*place.columns[position]) for position in place.key]
        return psql_lines(self.url, f"{query} ORDER BY {', '.join(order)}")

    def listed(self, name, column):
        if column["ty"] == "char":
            return quoted(name) + "::text"
        if column["ty"] == "pglsn":
            return f"regexp_replace({quoted(name)}::text, '/0{{1,7}}(?=[0-9A-F])', '/')"
        if column["ty"] == "singlechar":
            raise Damaged('a column of the type "char": not known here')
        return quoted(name)

    def order(self, name, column):
        if column["ty"] in OWN_ORDER:
            return quoted(name)
        return f"convert_to({quoted(name)}{'' if column['ty'] == 'text' else '::text'}, 'UTF8')"


class Sqlite:
    kind = "sqlite"

    def __init__(self, path):
        if not pathlib.Path(path).is_file():
            raise Damaged(f"{path} is not a file")
        self.connection = sqlite3.connect(pathlib.Path(path).absolute().as_uri() + "?mode=ro", uri=True)
        self.connection.text_factory = Text

    def query(self, query):
        rows = self.connection.execute(query)
        return [[text_of(value) for value in row] for row in rows]

    def ledger(self, table):
        return quoted(f"handover_{table}")

    def has(self, table):
        return bool(self.query(f"SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'handover_{table}'"))

    def ledger_lines(self, table, key, columns):
        listed = [f"lower(hex({one}))" if one == "leaves" else quoted(one) for one in key + columns]
        order = ", ".join(map(quoted, key))
        rows = self.query(f"SELECT {', '.join(listed)} FROM {self.ledger(table)} ORDER BY {order}")
        return (fields(row) + b"\n" for row in rows)

    def tables(self):
        listed = "SELECT 'main', name FROM pragma_table_list WHERE schema = 'main'"
        return self.query(f"{listed} AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")

    def columns(self, _schema, name):
        return [row[0] for row in self.query(f"SELECT name FROM pragma_table_xinfo({literal(name)}) WHERE hidden = 0")]

    def number(self, query):
        """The number that a figure's query gives (section 34)."""
        reads = {sqlite3.SQLITE_READ, sqlite3.SQLITE_SELECT, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
        self.connection.set_authorizer(
            lambda action, *_: sqlite3.SQLITE_OK if action in reads else sqlite3.SQLITE_DENY)
        try:
            given = [value for row in self.connection.execute(query) for value in row]
        except sqlite3.Error as error:
            raise Damaged(f"a figure's query: {type(error).__name__}") from error
        finally:
            self.connection.set_authorizer(None)
        return whole_number([str(value) if isinstance(value, int) else "" for value in given])

    def lines(self, place):
        place.require_whole()
        field = {column.get("form", ""): None for _, column in place.columns}
        if set(field) - {"", "exact"}:
            raise Damaged("a column has a declared rule (FORMAT.md 5.4): not known here")
        field = exact_field if "exact" in field else value_field
        types = [column["type_name"] for _, column in place.columns]
        query = f"SELECT {', '.join(quoted(name) for name, _ in place.columns)} FROM {quoted(place.name)}"
        if place.key is not None:
            query += " ORDER BY " + ", ".join(self.order(*place.columns[position]) for position in place.key)
        made = (b"\t".join(map(field, row, types)) + b"\n" for row in self.connection.execute(query))
        return made if place.key is not None else iter(sorted(made, key=lambda line: line[:-1]))

    def order(self, name, column):
        if column["ty"] not in OWN_ORDER | BY_BYTES:
            raise Damaged(f"a key of the type {column['type_name']} in SQLite: not known here")
        return f"{quoted(name)} IS NULL, {quoted(name)} COLLATE BINARY"


# Keys of the ledger's tables that are texts (section 33): sorted by their bytes.
TEXT_KEYS = {"name", "database_id", "document", "seal", "table_name"}


def whole_number(given):
    """The one number of a query's one row with one column."""
    found = re.fullmatch(r"(-?\d+)(\.0+)?", given[0] or "") if len(given) == 1 else None
    if not found or not -(2**63) <= int(found[1]) < 2**63:
        raise Damaged("a figure's query gives no whole number")
    return int(found[1])


def text_of(value):
    """A value of SQLite as the text that it prints."""
    if value is None or isinstance(value, int):
        return None if value is None else str(value)
    return value.raw.decode() if isinstance(value, Text) else str(value)


def literal(text):
    return "'" + text.replace("'", "''") + "'"
