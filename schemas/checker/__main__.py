#!/usr/bin/env python3
"""An independent checker of a whole hand-over, written from FORMAT.md alone: no line of it is shared with
the programs it checks. README.md beside this file says how to run it and what it does not look at."""

import argparse
import datetime
import os
import sqlite3
import sys

from afterwards import check_rows
from attestations import (
    check_against_ledger, check_close_event, check_closing, check_signed, read_attestations, read_bytes)
from chain import check_chain, check_head, read_events
from databases import open_database
from evidence import check_evidence
from figures import check_figures
from ledger import ATTESTED, Ledger, check_told
from moves import check_moves
from packages import check_packages
from proofs import check_proof
from purges import DELETING, check_folders, check_purge, check_restores, check_statements, leaves_of, read_purges
from report import Damaged, Report
from tables import check_tables
from times import check_times
from trees import logical
from trust import read_trust
from unchecked import tell


def arguments():
    parser = argparse.ArgumentParser(prog="checker", description=__doc__)
    parser.add_argument("handover", help="the hand-over folder")
    parser.add_argument("--trust", metavar="FILE", help="trust.toml, from somebody else than the folder")
    parser.add_argument("--head", metavar="DIGITS", help="the head of the chain that stands on paper")
    parser.add_argument("--target", metavar="URL", help="the database with the ledger: postgres://… or sqlite:FILE")
    parser.add_argument("--source", metavar="URL", help="the vendor's database")
    parser.add_argument("--identity", metavar="FILE", help="age key that opens packages")
    parser.add_argument("--proof", metavar="PATH", action="append", default=[],
                        help="a record: PATH.record.json and PATH.tlog-proof")
    return parser.parse_args()


def check(asked, report):
    report.heading("1 trust")
    trust = []
    if asked.trust:
        trust = read_trust(asked.trust)
        report.checked(f"{asked.trust}: {len(trust)} keys of {len({key.person for key in trust})} people")
    else:
        report.unverified("nobody said whose keys count (--trust)")

    report.heading("2 signatures")
    envelopes = read_attestations(asked.handover, report)
    last, closing = max(envelopes, default=None), None
    if last is None:
        report.unverified("nothing was attested")
    for number, envelope in envelopes.items():
        check_signed(envelope, trust, report)
        one = check_closing(asked.handover, number, envelope, trust, report, number == last)
        closing = one if number == last else closing

    report.heading("3 head, chain and ledger")
    database = open_database(asked.target) if asked.target else None
    ledger, events, purges = None, [], []
    if database is None:
        report.unverified("the ledger and the rows: no database was given (--target)")
    elif not database.has("event"):
        report.unverified("the ledger and the rows: the target has no ledger")
        database = None
    else:
        ledger = Ledger(database)
        events, purges = read_events(database), read_purges(ledger)
        check_ledger(asked, ledger, events, envelopes, closing, report)
        check_times(events, purges, report)
        check_moves(ledger, events, asked.handover, trust, report)
        stated = envelopes[last].predicate["evidence"] if envelopes else None
        check_evidence(ledger, events, trust, stated, purges, report)

    report.heading("4 tables and figures")
    copy = envelopes[last].predicate.get("copy") if envelopes else None
    purged = {(logical(one["shape"]["name"]["schema"]), one["shape"]["name"]["name"])
              for purge in purges if purge.state in DELETING for one in purge.selection["tables"]}
    if ledger is None or copy is None:
        report.unverified("rows against the attested roots: there is no ledger or no attested copy")
    else:
        check_tables(database, "target", ledger, copy, purged, report)
        if asked.source:
            check_tables(open_database(asked.source), "source", ledger, copy, purged, report)
        else:
            report.not_checked("the vendor's database (--source)")

    if last is not None:
        check_figures(envelopes[last].predicate.get("figures", []), asked.handover, ends_of(asked, database), report)

    report.heading("5 packages' seals")
    sound = check_packages(asked.handover, known_packages(ledger, envelopes, last), asked.identity, report)

    report.heading("6 archives and certificates")
    archived = {}
    for purge in purges:
        lines = check_purge(purge, ledger, sound, asked.identity, report)
        if lines is not None:
            archived[purge.number] = lines
        check_statements(purge, leaves_of(purge, ledger), asked.handover, trust, report)
        check_restores(purge, asked.handover, leaves_of(purge, ledger), trust, report)
    if database:
        check_folders(purges, asked.handover, report)
        check_rows(database, purges, archived, events, report)

    report.heading("7 proofs")
    archives = {purge.selection["origin"]: sound[purge.backup["seal"]].document["archive"]
                for purge in purges if purge.state == "certified" and purge.backup["seal"] in sound}
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    for path in asked.proof:
        texts = [read_bytes(*os.path.split(os.path.abspath(path + end))).decode()
                 for end in (".record.json", ".tlog-proof")]
        check_proof(*texts, trust, today, archives, report)


def ends_of(asked, target):
    """The databases that were given, by end."""
    ends = {"source": open_database(asked.source)} if asked.source else {}
    return {**ends, "target": target} if target else ends


def check_ledger(asked, ledger, events, envelopes, closing, report):
    """The chain, and that attestations and ledger say the same."""
    check_chain(events, report)
    if asked.head:
        check_head(events, asked.head, report)
    else:
        report.unverified("that the chain is the one of then: no head from paper was given (--head)")
    check_told(ledger, events, report)
    for number, envelope in envelopes.items():
        check_against_ledger(envelope, number, number == max(envelopes), closing, ledger, events, report)
    if closing:
        check_close_event(closing, max(envelopes), ledger, events, report)
    recorded = len(ledger.rows("attestation", ATTESTED))
    report.check(recorded == len(envelopes), "the folder has an envelope of each attestation of the ledger")


def known_packages(ledger, envelopes, last):
    """Name, seal and whether it was superseded, of every package: as the ledger says; without it, as attested."""
    if ledger:
        return [(one["component"], one["seal"], one["superseded_at"] is not None) for one in ledger.rows("package")]
    stated = envelopes[last].predicate["packages"] if envelopes else []
    return [(one["name"], one["seal"], one["superseded"]) for one in stated]


def main():
    asked, report = arguments(), Report()
    try:
        check(asked, report)
    except Damaged as damaged:
        report.finding(str(damaged))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, StopIteration) as error:
        # A document has another shape than FORMAT.md says: its keys are named, its values are not.
        report.finding(f"a document is not what FORMAT.md says it is ({type(error).__name__})")
    except sqlite3.Error as error:
        report.finding(f"a database cannot be read: {error}")
    except OSError as error:
        report.unverified(f"cannot read {error.filename or 'a file'}: {error.strerror}")
    tell(report)
    verdict, code = report.verdict()
    report.heading(f"verdict: {verdict}; {len(report.findings)} findings, {len(report.gaps)} gaps")
    sys.exit(code)


if __name__ == "__main__":
    main()
