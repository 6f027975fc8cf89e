"""Result files of outside bodies, and who signed them: FORMAT.md section 35."""

import base64
import datetime

from cms import check_cms
from envelopes import PAYLOAD_TYPE, STATEMENT_TYPE, Envelope, day_of, strict_json, unbase64
from lines import fields, sha256
from report import Damaged

COLUMNS = "name signature sender file_digests found".split()
A_DAY = datetime.timedelta(hours=24)


def check_evidence(ledger, events, trust, stated, purges, report):
    """Every signature in the ledger holds, and is the one that events, attestation and selections rest on. `stated`
    is what the last attestation states of evidence."""
    rows = {row["name"]: row for row in ledger.rows("evidence")}
    signed = {row["name"]: row for row in ledger.rows("signed_evidence")}
    found = {name: strict_json(row["found"]) for name, row in signed.items()}
    for name, row in signed.items():
        try:
            check_row(row, rows[name], found[name], events, trust, report)
            who = ", ".join(one["subject"] for one in found[name]["signers"])
            report.checked(f"evidence {name}: signed by {who}")
        except (Damaged, ValueError, KeyError, IndexError) as error:
            report.finding(f"evidence {name}: its signature does not hold: {error}")
    for name in sorted(set(rows) - set(signed)):
        report.not_checked(f"evidence {name}: who it is from: it has no signature")
    for one in stated or []:
        report.check(one.get("signature") == found.get(one["name"]),
                     f"evidence {one['name']}: the attestation states its signature, or that there is none")
    for purge in purges:
        rests_on = purge.selection.get("evidence")
        for one in [rests_on, *rests_on.get("also", [])] if rests_on else []:
            report.check(one.get("signature") == found.get(one["name"]),
                         f"{purge.name}: it rests on evidence {one['name']} with its signature, or with none")


def check_row(row, file, found, events, trust, report):
    """A row of the ledger's table `signed_evidence`. `file` is the file's row in `evidence`."""
    event = next(one for one in events if one.kind == "evidence" and one.detail["subject"] == row["name"])
    if event.detail.get("signature") != sha256(fields(row[column] for column in COLUMNS) + b"\n"):
        raise Damaged("the event of its loading has another one")
    for moment in [event.at, file["loaded_at"]]:
        if abs(moment_of(found["checkedOn"]) - moment_of(moment)) > A_DAY:
            raise Damaged("it was not checked when the file was loaded")
    signature, digests = base64.b64decode(row["signature"], validate=True), strict_json(row["file_digests"])
    if found["sha256"] != sha256(signature) or digests["sha256"] != file["sha256"]:
        raise Damaged("the ledger has another signature, or another file")
    if found["format"] == "cms":
        check_cms(signature, base64.b64decode(row["sender"], validate=True), digests, found)
    else:
        check_dsse(signature, row["name"], digests, found, trust, report)


def moment_of(text):
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)


class OutsideEnvelope(Envelope):
    """An envelope of somebody else: its statement is written as they like, and says what they like."""

    def __init__(self, text, place, predicate_type):
        self.place, written = place, strict_json(text)
        self.body = unbase64(written["payload"])
        self.signatures = [(one.get("keyid", ""), unbase64(one["sig"])) for one in written["signatures"]]
        statement = strict_json(self.body)
        self.subject = statement["subject"]
        types = (written["payloadType"], statement["_type"], statement["predicateType"])
        if types != (PAYLOAD_TYPE, STATEMENT_TYPE, predicate_type):
            raise Damaged("it is another statement than the ledger names")


def check_dsse(text, name, digests, found, trust, report):
    """Every signature is by a key that the trust file gives the role `outside_body`."""
    envelope = OutsideEnvelope(text, f"evidence {name}", found["predicateType"])
    if found["predicateType"].startswith("urn:handover:"):
        raise Damaged("it is a statement about something else")
    if digests["sha256"] not in [one["digest"].get("sha256") for one in envelope.subject]:
        raise Damaged("it is over another file")
    signers, others = envelope.signers(trust, day_of(found["checkedOn"]))
    # Section 35 asks it of every signature: none may be beside the others.
    envelope.tell_others(others, False, report)
    is_whole = signers and len(signers) == len(envelope.signatures)
    if not is_whole or not all("outside_body" in key.roles for key in signers):
        raise Damaged("not every signature is of an outside body whose key counts")
    if [key.keyid for key in signers] != [one["fingerprint"] for one in found["signers"]]:
        raise Damaged("the ledger names other signers")
