"""What both sides signed, and the closing that binds the files beside it: FORMAT.md section 33."""

import os
import re

from envelopes import Envelope, day_of
from ledger import ATTESTED, check_stated
from lines import sha256
from report import Damaged
from trees import handover_root, table_leaf
from trust import different_people

ATTESTATION, CLOSING = "urn:handover:attestation:v1", "urn:handover:closing:v1"
SIDES = ["giving_side", "receiving_side"]
BOUND_FOLDERS = ["schema", "purges", "moves", "figures"]


def read_bytes(folder, name):
    """A regular file below a folder; no link is followed."""
    path = os.path.join(folder, name)
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or any(
        os.path.islink(os.path.join(folder, *parts[:count])) for count in range(1, len(parts) + 1)
    ):
        raise Damaged(f"{name} leads elsewhere, or is a link")
    if not os.path.isfile(path):
        raise Damaged(f"{name} is not there")
    with open(path, "rb") as file:
        return file.read()


def read_attestations(folder, report):
    """The envelopes of the folder by number; other names are findings."""
    names = sorted(os.listdir(os.path.join(folder, "attestations"))) if os.path.isdir(
        os.path.join(folder, "attestations")) else []
    numbers = {found[1] for name in names if (found := re.fullmatch(r"(\d{4,})\.dsse\.json", name))}
    for name in names:
        found = re.fullmatch(r"(\d{4,})(\.dsse\.json|-closing\.dsse\.json|-report\.html|-minutes\.pdf)", name)
        if not found or found[1] not in numbers:
            report.finding(f"attestations/{name} belongs to no attestation")
    envelopes = {}
    for number in sorted(numbers, key=int):
        try:
            name = f"attestations/{number}.dsse.json"
            envelopes[int(number)] = Envelope(read_bytes(folder, name), name, ATTESTATION)
        except Damaged as damaged:
            report.finding(str(damaged))
    return envelopes


def check_signed(envelope, trust, report):
    """Signatures, and what can be told from the statement alone."""
    stated, place = envelope.predicate, envelope.place
    envelope.check_signed(trust, day_of(stated["statedOn"]), SIDES, report)
    report.check(envelope.is_in_its_own_spelling, f"{place}: it is spelled as envelopes are")
    subjects = [("handover-root", stated["copy"]["root"])] if stated.get("copy", {}).get("root") else []
    subjects += [(f"package:{one['name']}", one["seal"]) for one in stated["packages"] if not one["superseded"]]
    subjects.append(("ledger-head", stated["ledger"]["head"]))
    named = [(one["name"], one["digest"]["sha256"]) for one in envelope.subject]
    report.check(named == subjects, f"{place}: its subjects are what it states")
    last = stated["timeline"][-1]["digest"] if stated["timeline"] else None
    is_whole = len(stated["timeline"]) == int(stated["ledger"]["events"]) and last == stated["ledger"]["head"]
    report.check(is_whole, f"{place}: its timeline ends in the head that it states")
    if stated.get("copy", {}).get("root"):
        check_root(stated["copy"], place, report)
    check_keys(stated.get("trustedKeys", []), trust, place, report)


def check_root(copy, place, report):
    leaves = []
    for one in copy["tables"]:
        name = (one["name"]["schema"], one["name"]["name"])
        if one.get("sourceRoot") != one.get("targetRoot"):
            report.finding(f"{place}: {name[1]} has other roots at the two ends")
        leaves.append((name, table_leaf(*name, dict(one, root=one["targetRoot"]))))
    for one in copy["leftOut"]:
        name = (one["name"]["schema"], one["name"]["name"])
        leaves.append((name, table_leaf(*name, None)))
    made = handover_root(leaves)
    report.check(made is not None and made.hex() == copy["root"], f"{place}: its tables make the root that it states")


def check_keys(stated, trust, place, report):
    """The trust file says of each key what was stated; a key that was lost later may count for fewer days."""
    now = {key.keyid: key.stated() for key in trust}
    others = []
    for then in stated:
        here = now.get(then["keyid"])
        if here != then:
            is_shorter = here and here["validUntil"] < then["validUntil"]
            if is_shorter and dict(here, validUntil=then["validUntil"]) == then:
                report.not_checked(f"{place}: the key of {then['name']} counts for fewer days than was stated")
            else:
                others.append(then["name"])
    report.check(not others, f"{place}: the trust file says of its keys what it states",
                 f"{place}: the trust file says something else of the keys of {', '.join(others)}, or lacks them")


def check_against_ledger(envelope, number, is_last, closing, ledger, events, report):
    """The ledger has this statement, its events up to then, and, if it is the last one, no others."""
    stated, place = envelope.predicate, envelope.place
    rows = {row["attestation_no"]: row for row in ledger.rows("attestation", ATTESTED)}
    row = rows.get(str(number))
    is_same = row is not None and row["statement"].encode() == envelope.body and stated["number"] == str(number)
    report.check(is_same, f"{place}: the ledger has the same statement")
    if is_last and row is not None and row["closing"] is not None and closing is None:
        report.finding(f"{place}: the ledger has its closing, and the folder has none that holds")
    count = int(stated["ledger"]["events"])
    told = [(event.number, event.kind, event.at, *event.columns[3:5], event.digest) for event in events[:count]]
    named = [tuple(one[key] for key in ["number", "kind", "at", "operator", "host", "digest"])
             for one in stated["timeline"]]
    report.check(told == named, f"{place}: its timeline is what the ledger's events are")
    own = events[count] if count < len(events) else None
    is_told = own is not None and own.kind == "attest" and own.detail.get("sha256") == envelope.statement_sha256
    said = stated["ledger"].get("ownEvent")
    if is_told and said is not None:
        moment = [stated["statedOn"], *(said[key] for key in ["operator", "host", "program", "programSha256"])]
        detail = detail_of(said, number=number, sha256=envelope.statement_sha256)
        is_told = own.columns[2:7] == moment and own.detail == detail
    report.check(is_told, f"{place}: the event after those is its own")
    known = {row["database_id"] for row in ledger.rows("identity")}
    report.check(known == {stated["target"]["identity"]}, f"{place}: it is about this database")
    if is_last:
        after = [event for event in events[count + 1:] if event.kind != "close"]
        report.check(not after and len(events) <= count + 2, f"{place}: nothing but its closing came after it",
                     f"{place}: it was made for an earlier state; other events followed")
        check_stated(ledger, stated["ledger"]["tables"], report)


def check_closing(folder, number, attestation, trust, report, is_last):
    """The closing of an attestation: what it binds is there, and nothing else is. Gives it, or None."""
    name = attestation.place.replace(".dsse", "-closing.dsse")
    if not os.path.lexists(os.path.join(folder, name)):
        report.unverified(f"attestation {number} has no closing: nothing binds report, minutes and the folder's files")
        return None
    closing = Envelope(read_bytes(folder, name), name, CLOSING)
    stated = closing.predicate
    signers, others = closing.signers(trust, day_of(stated["closedOn"]))
    is_for_both = different_people(signers, SIDES)
    is_by_closer = stated.get("closedBy") in (None, *[key.keyid for key in signers])
    if not is_for_both:
        report.unverified(f"{name}: not signed for both sides")
    elif not is_by_closer:
        report.finding(f"{name}: the key that closed it did not sign it")
    else:
        report.checked(f"{name}: signed for both sides")
    closing.tell_others(others, is_for_both and is_by_closer, report)
    report.check(closing.is_in_its_own_spelling, f"{name}: it is spelled as envelopes are")
    is_about = stated["statement"] == attestation.statement_sha256 and stated["attestation"] == str(number)
    report.check(is_about, f"{name}: it is about this attestation")
    then = [sha256(signature) for _, signature in attestation.signatures][:len(stated["signatures"])]
    report.check(then == stated["signatures"], f"{name}: the attestation has the signatures that it had then")
    subjects = [(f"attestation:{number}", stated["statement"])] + [(f["name"], f["sha256"]) for f in stated["files"]]
    named = [(one["name"], one["digest"]["sha256"]) for one in closing.subject]
    report.check(named == subjects, f"{name}: its subjects are what it states")
    made_from_it = [name.replace("-closing.dsse.json", what) for what in ["-report.html", "-minutes.pdf"]]
    for one in stated["files"]:
        if is_last or one["name"] in made_from_it:
            check_file(folder, one, report)
    if is_last:
        check_others(folder, {one["name"] for one in stated["files"]}, made_from_it, report)
    return closing


def check_file(folder, stated, report):
    try:
        content = read_bytes(folder, stated["name"])
    except Damaged as damaged:
        report.finding(str(damaged))
        return
    is_same = (str(len(content)), sha256(content)) == (stated["bytes"], stated["sha256"])
    report.check(is_same, f"{stated['name']} is the one that was closed")


def check_others(folder, bound, made_from_it, report):
    """No file came into what the closing binds."""
    there = ["handover.toml"] + [name for name in made_from_it if os.path.lexists(os.path.join(folder, name))]
    for top in BOUND_FOLDERS:
        for place, folders, files in os.walk(os.path.join(folder, top)):
            links = [name for name in folders if os.path.islink(os.path.join(place, name))]
            there += [os.path.relpath(os.path.join(place, name), folder) for name in files + links]
    for name in there:
        if name not in bound:
            report.finding(f"{name} is not among what was closed")
    known = {"attestations", "packages", "findings", "handover.toml", *BOUND_FOLDERS}
    for name in sorted(set(os.listdir(folder)) - known):
        report.not_checked(f"{name} in the hand-over folder: nothing binds it")


def detail_of(said, **detail):
    """The detail of a statement's own event; connections less than verify-full are in it if there were any."""
    return {**detail, **{key: said[key] for key in ["lesserLines"] if key in said}}


def check_close_event(closing, number, ledger, events, report):
    """The event `close` is about this closing and says what it says: no later event binds it."""
    stated, place = closing.predicate, closing.place
    rows = {row["attestation_no"]: row for row in ledger.rows("attestation", ATTESTED)}
    is_same = rows.get(str(number), {}).get("closing") == closing.body.decode()
    report.check(is_same, f"{place}: the ledger has the same statement")
    told = [event for event in events if event.kind == "close" and event.detail.get("number") == number]
    said = [stated[key] for key in ["closedOn", "operator", "host", "program", "programSha256"]]
    is_told = (
        len(told) == 1
        and told[0].columns[2:7] == said
        and told[0].detail == detail_of(
            stated, number=number, sha256=closing.statement_sha256, count=len(stated["files"]))
        and stated.get("event", told[0].number) == told[0].number
        and told[0].previous == stated["head"]
    )
    report.check(is_told, f"{place}: its event says what it says, and follows the head that it states")
