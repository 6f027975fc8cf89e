"""The ledger's tables: what an attestation states of them, and what events tell of them: FORMAT.md
sections 32 and 33."""

import functools
import json

from envelopes import strict_json
from lines import Sum, sha256

# Name: columns of the key, other columns (section 33).
TABLES = {
    "chunk": ("table_no chunk_no part_no",
              "lower_key upper_key state row_count byte_count digest snapshot copied_at read_back_at"),
    "evidence": ("name", "file_name bytes sha256 row_count columns signer loaded_at"),
    "identity": ("database_id", ""),
    "inventory": ("document", "recorded_at"),
    "ledger": ("version", "source source_identity chunk_bytes stage created_at"),
    "package": ("seal", "component files bytes recorded_at superseded_at"),
    "plan_table": ("table_no", "schema_name table_name shape left_out left_out_by"),
    "purge": ("purge_no", "rule_name state selection salt_key backup outcome certificate checkpoint"
              " selected_at changed_at"),
    "purge_authority": ("authority_no", "purge_no nonce approval execution begun_at"),
    "purge_batch": ("purge_no table_no first_position",
                    "row_count deleted changed referenced absent authority_no done_at"),
    "purge_chunk": ("purge_no table_no chunk_no", "first_position row_count leaves"),
    "purge_closing": ("purge_no", "statement closed_at"),
    "purge_kept": ("purge_no table_no position", "reason"),
    "restore": ("restore_no", "purge_no statement restored_at"),
    "restored_rows": ("restore_no table_no first_position", "row_count"),
    "run": ("run_no", "started_at ended_at outcome"),
    "session_setting": ("name", "value"),
    "signed_evidence": ("name", "signature sender file_digests found"),
    "step": ("name", "problem done_at"),
    "unvacuumed_table": ("table_name", ""),
}
# Bound by the chain, or only there while a purge goes on.
OTHERS = {"event", "attestation", "move"}
ATTESTED = "attestation_no statement closing"


class Ledger:
    """Everything that the checks ask of a ledger, as rows by column."""

    def __init__(self, database):
        self.database = database

    @functools.lru_cache(maxsize=None)
    def rows(self, table, columns=None, order="1"):
        if not self.database.has(table):
            return []
        columns = (columns or " ".join(TABLES[table])).split()
        listed = ", ".join(f'"{column}"' for column in columns)
        rows = self.database.query(f"SELECT {listed} FROM {self.database.ledger(table)} ORDER BY {order}")
        return [dict(zip(columns, row)) for row in rows]

    def own_tables(self):
        """Names of its tables, as `tables` of the database gives them."""
        evidence = {f"evidence_{row['name']}" for row in self.rows("evidence")}
        return {name for name in [*TABLES, *OTHERS] if self.database.has(name)} | evidence

    def sum(self, table):
        """Rows and digest of one of its tables; of no rows, if it is not there."""
        made = Sum()
        if not self.database.has(table):
            return made
        if table in TABLES:
            key, columns = (part.split() for part in TABLES[table])
        else:
            of = next(row for row in self.rows("evidence") if table == f"evidence_{row['name']}")
            key, columns = ["line_no"], json.loads(of["columns"])
        for line in self.database.ledger_lines(table, key, columns):
            made.add(line)
        return made


def check_stated(ledger, stated, report):
    """The ledger's tables are what an attestation states of them."""
    names = {one["name"] for one in stated}
    later = {"purge_closing", "signed_evidence"}
    expected = set(TABLES) - later | {f"evidence_{row['name']}" for row in ledger.rows("evidence")}
    expected |= {table for table in later if ledger.database.has(table)}
    wrong = sorted(names ^ expected)
    for one in stated:
        if one["name"] in expected:
            made = ledger.sum(one["name"])
            if (made.rows, made.digest()) != (int(one["rows"]), one["sha256"]):
                wrong.append(one["name"])
    report.check(not wrong, f"{len(stated)} tables of the ledger are as they were attested",
                 f"the ledger's tables are not as they were attested: {', '.join(wrong)}")


def check_told(ledger, events, report):
    """The ledger's tables hold what its events tell of them (the table of section 32)."""
    packages, purges = ledger.rows("package"), {row["purge_no"]: row for row in ledger.rows("purge")}
    evidence = {row["name"]: row for row in ledger.rows("evidence")}
    restores = {row["restore_no"]: row for row in ledger.rows("restore")}
    closings = {row["purge_no"]: row for row in ledger.rows("purge_closing")}
    moves = {row["move_no"]: row for row in ledger.rows("move", "move_no statement")}
    attestations = ledger.rows("attestation", ATTESTED)
    attested = {row["attestation_no"]: row for row in attestations}
    inventories = [event for event in events if event.kind == "artifacts"]
    documents = {sha256(row["document"].encode()) for row in ledger.rows("inventory")}
    approvals = {(row["purge_no"], sha256(row["approval"].encode())) for row in ledger.rows("purge_authority")}

    def digest_of(rows, number, column):
        text = rows.get(number, {}).get(column)
        return None if text is None else sha256(text.encode())

    def is_there(event):
        detail, number = event.detail, str(event.detail.get("number"))
        digest, count, subject = (detail.get(key) for key in ["sha256", "count", "subject"])
        purge = purges.get(number, {})
        if event.kind == "package":
            return any((one["seal"], one["component"], int(one["files"])) == (digest, subject, count) for one in packages)
        if event.kind == "evidence":
            one = evidence.get(subject, {"sha256": None, "row_count": 0})
            return (one["sha256"], int(one["row_count"])) == (digest, count)
        if event.kind == "select":
            return purge and strict_json(purge["selection"])["root"] == digest
        if event.kind == "backup":
            return purge and purge["backup"] and strict_json(purge["backup"])["seal"] == digest
        if event.kind == "approve":
            return (number, digest) in approvals
        if event.kind == "artifacts":
            return event is not inventories[-1] or digest in documents
        tables = {"execute": (purges, "outcome"), "certify": (purges, "certificate"),
                  "restore": (restores, "statement"), "move": (moves, "statement"),
                  "close_purge": (closings, "statement"), "attest": (attested, "statement"), "close": (attested, "closing")}
        if event.kind in tables:
            rows, column = tables[event.kind]
            return digest_of(rows, number, column) == digest
        return True

    lost = [event for event in events if not is_there(event)]
    for event in lost:
        report.finding(f"event {event.number} ({event.kind}) is not what the ledger's tables hold of it")
    if not lost:
        report.checked("the ledger's tables hold what its events tell")
    for kind, rows in [("evidence", evidence), ("select", purges), ("restore", restores), ("move", moves),
                       ("close_purge", closings), ("attest", attested)]:
        told = sum(event.kind == kind for event in events)
        if told != len(rows):
            report.finding(f"{told} events {kind}, and {len(rows)} rows in the ledger of them")
