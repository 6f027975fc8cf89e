"""Moves of a database, which an operator signed: FORMAT.md sections 26 and 32."""

from attestations import read_bytes
from envelopes import Envelope, day_of
from report import Damaged

MOVE = "urn:handover:move:v1"


def check_moves(ledger, events, folder, trust, report):
    told = {str(event.detail.get("number")): event for event in events if event.kind == "move"}
    for row in ledger.rows("move", "move_no statement"):
        number, place = row["move_no"], f"moves/{int(row['move_no']):04}.dsse.json"
        envelope = Envelope(row["statement"].encode(), place, MOVE)
        stated = envelope.predicate
        envelope.check_signed(trust, day_of(stated["movedOn"]), ["operator"], report)
        try:
            report.check(read_bytes(folder, place) == envelope.text, f"{place}: it is the ledger's")
        except Damaged as damaged:
            report.finding(str(damaged))
        database = ledger.rows("identity")[0]["database_id"]
        is_about = envelope.subject == [{"name": f"handover/{database}", "digest": {"sha256": stated["head"]}}]
        event, follows = told.get(number), (stated["head"], str(int(stated["events"]) + 1))
        is_next = event is not None and (event.previous, event.number) == follows
        report.check(is_about and is_next, f"{place}: it is about this database, and follows the head that it states")
