"""Deletions: what people signed, and what the ledger says of it. FORMAT.md sections 22, 25 to 30."""

import collections
import os

from archives import Archive, leaves_digest
from attestations import read_bytes
from envelopes import Envelope, compact, day_of, strict_json
from lines import sha256
from proofs import Checkpoint
from report import Damaged
from trees import root

DELETING = {"executing", "executed", "certified", "closed"}
STATES = DELETING | {"selected", "backed_up", "abandoned"}
STATEMENT = "urn:handover:purge-{}:v1"
RESTORE = "urn:handover:restore:v1"


class Purge:
    """One row of the ledger's table `purge` with what belongs to it."""

    def __init__(self, row, ledger):
        self.number, self.rule, self.state = int(row["purge_no"]), row["rule_name"], row["state"]
        self.row, self.folder = row, f"purges/purge-{row['rule_name']}-{row['purge_no']}"
        self.name = f"purge {self.number}"
        self.selection = strict_json(row["selection"])
        self.backup = strict_json(row["backup"]) if row["backup"] else None
        self.outcome = strict_json(row["outcome"]) if row["outcome"] else None

        def mine(table, order):
            return [one for one in ledger.rows(table, order=order) if one["purge_no"] == row["purge_no"]]

        self.authorities = mine("purge_authority", "authority_no")
        self.batches = mine("purge_batch", "table_no, first_position")
        self.kept = mine("purge_kept", "table_no, position")
        self.restores = mine("restore", "restore_no")
        self.restored = [one for one in ledger.rows("restored_rows", order="restore_no, table_no, first_position")
                         if one["restore_no"] in {restore["restore_no"] for restore in self.restores}]
        self.archive = None
        closings = mine("purge_closing", "purge_no")
        if closings and self.state in ("executing", "executed"):
            self.state, self.closing = "closed", closings[0]["statement"]

    def binding(self):
        """What approval, execution and certificate have to be bound to (section 26)."""
        selection = self.selection
        bound = {
            "database": selection["database"], "origin": selection["origin"], "rule": self.rule,
            "ruleDigest": sha256(compact(selection["rule"]).encode()),
            "selection": sha256(self.row["selection"].encode()), "seal": self.backup["seal"],
            "root": selection["root"], "rows": str(selection["rows"]),
            "tables": [{"name": one["shape"]["name"], "rows": str(one["listed"]["rows"])}
                       for one in selection["tables"]],
        }
        if "evidence" in selection:
            bound["evidence"] = bound_evidence(selection["evidence"])
        if "share_max" in selection["rule"]:
            bound["shareMax"] = str(selection["rule"]["share_max"])
        if "reach" in self.backup:
            bound["reach"] = self.backup["reach"]
        return bound


def bound_evidence(selected):
    """A file of evidence, and the further ones of its rule, with their numbers as strings."""
    bound = dict(selected, rows=str(selected["rows"]))
    if "also" in selected:
        bound["also"] = [bound_evidence(one) for one in selected["also"]]
    return bound


def read_purges(ledger):
    return [Purge(row, ledger) for row in ledger.rows("purge", order="purge_no")]


def check_purge(purge, ledger, sound, identity, report):
    """What the ledger says of a purge, and its archive. `sound` are whole packages by seal. Gives the
    archive's lines, table by table, if a key opened it."""
    if purge.state not in STATES:
        report.unverified(f"not known here: state {purge.state} of {purge.name}")
    leaves = leaves_of(purge, ledger)
    is_same = root(leaves).hex() == purge.selection["root"] and len(leaves) == purge.selection["rows"]
    report.check(is_same, f"{purge.name}: {len(leaves)} leaves make the root of its selection")
    if purge.state in ("executed", "certified", "closed"):
        check_outcome(purge, report)
    package = sound.get(purge.backup["seal"]) if purge.backup else None
    if package is None:
        if purge.backup:
            report.finding(f"{purge.name}: there is no whole package with its seal")
        return None
    try:
        archive = Archive(package)
        about, selection = archive.about, purge.selection
        same = [about[key] == selection[key] for key in ["origin", "database"]]
        same += [about["rule"] == purge.rule, about["root"] == selection["root"], archive.leaves == leaves]
        same += [[one["name"] for one in about["tables"]] == [one["shape"]["name"] for one in selection["tables"]]]
        same += [[one["lines"] for one in about["tables"]] == [one["listed"] for one in selection["tables"]]]
        shapes = [one["shape"] for one in selection["tables"]]
        same += [[[column["name"], column["type"]] for column in one["columns"]] == columns_of(shape)
                 and one["key"] == shape["key"]["columns"] for one, shape in zip(about["tables"], shapes)]
        report.check(all(same), f"{purge.name}: its archive is of what was selected")
        if not identity:
            report.not_checked(f"{purge.name}: the content of its archive, without a key (--identity)")
            return None
        lines = archive.check_content(identity)
        report.checked(f"{purge.name}: {len(leaves)} archived rows give their leaves, sums and index")
        return lines
    except (Damaged, ValueError, KeyError, OSError) as damaged:
        report.finding(f"{purge.name}: archive: {damaged}")
        return None


def columns_of(shape):
    return [[column["name"], column["type_name"]] for column in shape["columns"]]


def leaves_of(purge, ledger):
    """The leaves that the ledger has, in the order of their indexes."""
    lines = ledger.database.ledger_lines("purge_chunk", ["purge_no", "table_no", "chunk_no"], ["leaves"])
    rows = [line.rstrip(b"\n").split(b"\t") for line in lines] if ledger.database.has("purge_chunk") else []
    packed = bytes.fromhex("".join(row[3].decode() for row in rows if int(row[0]) == purge.number))
    return [packed[at:at + 32] for at in range(0, len(packed), 32)]


def check_outcome(purge, report):
    """Every place of every list was dealt with once, and the counts add up (section 30, `batches`)."""
    wrong = []
    for number, (selected, outcome) in enumerate(zip(purge.selection["tables"], purge.outcome["tables"], strict=True)):
        place, sums = 0, collections.Counter()
        for batch in purge.batches:
            if int(batch["table_no"]) == number:
                is_next = int(batch["first_position"]) == place
                place = place + int(batch["row_count"]) if is_next else -1
                sums.update({key: int(batch[key]) for key in ["deleted", "changed", "referenced", "absent"]})
        kept = collections.Counter(one["reason"] for one in purge.kept if int(one["table_no"]) == number)
        counts, before, after = outcome["counts"], selected["before"], outcome["after"]
        is_closed = purge.state == "closed"
        missing = int(closed_table(purge, number)["untouched"]["absent"]) if is_closed else 0
        holds = [
            place == sum(counts.values()) and (is_closed or place == selected["listed"]["rows"]),
            all(sums[key] == count for key, count in counts.items()),
            all(kept[key] == counts[key] for key in ["changed", "referenced", "absent"]),
            outcome["outside"] == selected["outside"],
            before["rows"] == selected["listed"]["rows"] + selected["outside"]["rows"],
            before["bytes"] == selected["listed"]["bytes"] + selected["outside"]["bytes"],
            after["rows"] == before["rows"] - counts["deleted"] - counts["absent"] - missing,
        ]
        if not all(holds):
            wrong.append(selected["shape"]["name"]["name"])
    report.check(not wrong, f"{purge.name}: every listed row was dealt with once, and the rows outside stayed",
                 f"{purge.name}: its batches and sums do not add up for {', '.join(wrong)}")


def closed_table(purge, number):
    """What the closing states of a table."""
    return Envelope(purge.closing.encode(), "closing", STATEMENT.format("closing")).predicate["tables"][number]


def check_closing(purge, authorities, ledger_leaves, folder, trust, report):
    """A purge that was closed before its end: two people signed what the ledger has of it."""
    closing = envelope_of(purge, "closing.dsse.json", purge.closing, STATEMENT.format("closing"), folder, report)
    stated, place = closing.predicate, closing.place
    operators = set()
    for number, authority in enumerate(purge.authorities, 1):
        begun = Envelope(authority["execution"].encode(), "execution", STATEMENT.format("execution"))
        operators |= {key.person for key in begun.check_signed(trust, day_of(begun.predicate["startedOn"]),
                                                                ["operator"], report)}
    closing.check_signed(trust, day_of(stated["closedOn"]), ["data_owner", "custodian"], report, operators)
    report.check(stated["binding"] == purge.binding(), f"{place}: it is about this selection")
    report.check(stated["authorities"] == authorities, f"{place}: its authorities are the ledger's")
    figures = []
    for number, (selected, outcome) in enumerate(zip(purge.selection["tables"], purge.outcome["tables"])):
        first, rows = selected["first_index"], selected["listed"]["rows"]
        kept = {int(one["position"]) for one in purge.kept if int(one["table_no"]) == number}
        dealt_with = sum(outcome["counts"].values())
        is_deleted = [at < dealt_with and at not in kept for at in range(rows)]
        leaves = ledger_leaves[first:first + rows]
        sums = {"before": selected["before"], "after": outcome["after"],
                "outsideBefore": selected["outside"], "outsideAfter": outcome["outside"]}
        untouched = stated["tables"][number]["untouched"]
        report.check(sum(map(int, untouched.values())) == rows - dealt_with,
                     f"{place}: what it did not come to is the rest of the list")
        figures.append({
            "name": selected["shape"]["name"], "selected": str(rows),
            "counts": {key: str(count) for key, count in outcome["counts"].items()}, "untouched": untouched,
            "deletedRoot": root([leaf for leaf, gone in zip(leaves, is_deleted) if gone]).hex(),
            "keptRoot": root([leaf for leaf, gone in zip(leaves, is_deleted) if not gone]).hex(),
            **{key: {"rows": str(one["rows"]), "bytes": str(one["bytes"]), "sha256": one["digest"]}
               for key, one in sums.items()},
        })
    report.check(stated["tables"] == figures, f"{place}: its figures are the ledger's")


def check_statements(purge, ledger_leaves, folder, trust, report):
    """Approvals, executions, certificate and checkpoint, or closing."""
    if purge.state not in DELETING:
        return
    said = []
    for authority in purge.authorities:
        said.append(check_authority(purge, authority, folder, trust, report))
    if not said:
        report.finding(f"{purge.name}: rows were deleted under no approval")
    if purge.state == "certified":
        check_certificate(purge, said, folder, trust, report)
    if purge.state == "closed":
        check_closing(purge, said, ledger_leaves, folder, trust, report)
    check_used(purge, folder, report)


def envelope_of(purge, name, text, kind, folder, report):
    """An envelope of the ledger, which the folder has as a file of the same bytes."""
    place = f"{purge.folder}/{name}"
    envelope = Envelope(text.encode(), place, kind)
    try:
        report.check(read_bytes(folder, place) == envelope.text, f"{place}: it is the ledger's")
    except Damaged as damaged:
        report.finding(str(damaged))
    seal = envelope.predicate.get("seal") or envelope.predicate["binding"]["seal"]
    package = purge.backup["package"]
    report.check(envelope.subject == [{"name": package, "digest": {"sha256": seal}}], f"{place}: its subject is the archive")
    return envelope


def check_authority(purge, authority, folder, trust, report):
    """An approval and the execution under it. Authorities are numbered through the database."""
    number = authority["authority_no"]
    approval = envelope_of(purge, f"approval-{number}.dsse.json", authority["approval"],
                           STATEMENT.format("approval"), folder, report)
    execution = envelope_of(purge, f"execution-{number}.dsse.json", authority["execution"],
                            STATEMENT.format("execution"), folder, report)
    approved, executed, started = approval.predicate, execution.predicate, execution.predicate["startedOn"]
    operators = execution.check_signed(trust, day_of(started), ["operator"], report)
    people = {key.person for key in operators if "operator" in key.roles}
    approval.check_signed(trust, day_of(started), ["data_owner", "custodian"], report, people)
    binding = purge.binding()
    report.check(approved["binding"] == executed["binding"] == binding, f"{approval.place}: it is about this selection")
    gaps = purge.backup.get("gaps", [])
    report.check(approved.get("searchGaps", []) == gaps, f"{approval.place}: it has the ledger's counts of rows that nobody finds")
    is_under = (executed["approval"] == approval.statement_sha256
                and executed["nonce"] == approved["nonce"] == authority["nonce"])
    report.check(is_under, f"{execution.place}: it is under this approval")
    in_time = approved["notBefore"] <= started <= approved["notAfter"]
    report.check(in_time, f"{execution.place}: it began while the approval was good")
    deleted = sum(int(one["deleted"]) for one in purge.batches if one["authority_no"] == authority["authority_no"])
    return {"nonce": approved["nonce"], "approval": approval.statement_sha256,
            "execution": execution.statement_sha256, "deleted": str(deleted)}


def check_certificate(purge, authorities, folder, trust, report):
    certificate = envelope_of(purge, "certificate.dsse.json", purge.row["certificate"],
                              STATEMENT.format("certificate"), folder, report)
    stated, place = certificate.predicate, certificate.place
    day = day_of(stated["issuedOn"])
    certificate.check_signed(trust, day, ["operator"], report)
    report.check(stated["binding"] == purge.binding(), f"{place}: it is about this selection")
    report.check(stated["authorities"] == authorities, f"{place}: its authorities are the ledger's")
    figures = []
    for selected, outcome in zip(purge.selection["tables"], purge.outcome["tables"]):
        sums = {"before": selected["before"], "after": outcome["after"],
                "outsideBefore": selected["outside"], "outsideAfter": outcome["outside"]}
        figures.append({
            "name": selected["shape"]["name"], "selected": str(selected["listed"]["rows"]),
            "counts": {key: str(count) for key, count in outcome["counts"].items()},
            **{key: {"rows": str(one["rows"]), "bytes": str(one["bytes"]), "sha256": one["digest"]}
               for key, one in sums.items()},
        })
    report.check(stated["tables"] == figures, f"{place}: its figures are the ledger's")
    text = purge.row["checkpoint"]
    try:
        same = read_bytes(folder, f"{purge.folder}/checkpoint.note") == text.encode()
        note = Checkpoint(text)
        said = (note.origin, note.size, note.root.hex())
        bound = (purge.selection["origin"], purge.selection["rows"], purge.selection["root"])
        signed = any("operator" in key.roles and key.counts_on(day) for key in note.signers(trust))
        report.check(same and said == bound and signed, f"{purge.folder}/checkpoint.note: it is of this tree, and signed")
    except (Damaged, ValueError) as damaged:
        report.finding(f"{purge.folder}/checkpoint.note: {damaged}")


def check_used(purge, folder, report):
    """The folder knows each approval as used (section 29)."""
    try:
        lines = read_bytes(folder, "purges/approvals-used.jsonl").decode().split("\n")[:-1]
        states = {(one["nonce"], one["origin"]): one["state"] for one in map(strict_json, lines)}
    except (Damaged, ValueError, KeyError) as damaged:
        report.finding(f"purges/approvals-used.jsonl: {damaged}")
        return
    known = [states.get((one["nonce"], purge.selection["origin"])) for one in purge.authorities]
    is_known = all(state == "finished" if purge.state in ("certified", "closed") else state for state in known)
    report.check(is_known, f"{purge.name}: the folder knows its approvals as used")


def check_restores(purge, folder, leaves, trust, report):
    """What operators signed of rows that came back."""
    for restore in purge.restores:
        envelope = envelope_of(purge, f"restore-{restore['restore_no']}.dsse.json", restore["statement"], RESTORE,
                               folder, report)
        stated, place = envelope.predicate, envelope.place
        envelope.check_signed(trust, day_of(stated["restoredOn"]), ["operator"], report)
        is_about = (stated["origin"], stated["seal"]) == (purge.selection["origin"], purge.backup["seal"])
        report.check(is_about and stated["database"] == purge.selection["database"], f"{place}: it is from this archive")
        runs = [one for one in purge.restored if one["restore_no"] == restore["restore_no"]]
        restored = [leaves[index] for index in indexes(purge, runs)]
        tables = [sum(int(one[key]) for one in stated["tables"]) for key in ["inserted", "replaced"]]
        is_same = leaves_digest(restored) == stated["leaves"] and len(restored) == sum(tables)
        report.check(is_same, f"{place}: it states the {len(restored)} rows that the ledger has as restored")


def indexes(purge, runs):
    """The indexes of rows in runs of places."""
    first = [one["first_index"] for one in purge.selection["tables"]]
    return sorted(first[int(run["table_no"])] + int(run["first_position"]) + more
                  for run in runs for more in range(int(run["row_count"])))


def check_folders(purges, folder, report):
    """No folder of statements belongs to no purge, and no statement to nothing."""
    known = {f"approvals-used.jsonl"} if any(purge.state in DELETING for purge in purges) else set()
    for purge in purges:
        known |= {f"{purge.folder[7:]}/{name}" for name in ["approval.dsse.json", "certificate.dsse.json", "checkpoint.note",
                                                       "closing.dsse.json"]}
        known |= {f"{purge.folder[7:]}/{what}-{one['authority_no']}.dsse.json"
                  for one in purge.authorities for what in ["approval", "execution"]}
        known |= {f"{purge.folder[7:]}/restore-{one['restore_no']}.dsse.json" for one in purge.restores}
    top = os.path.join(folder, "purges")
    for place, _, files in os.walk(top):
        for name in files:
            short = os.path.relpath(os.path.join(place, name), top)
            if short not in known:
                report.finding(f"purges/{short} belongs to no purge")
