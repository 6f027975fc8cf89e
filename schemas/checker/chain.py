"""Events and their chain: FORMAT.md section 32."""

from envelopes import strict_json
from lines import fields, sha256
from report import Damaged

COLUMNS = "event_no kind at operator host program program_sha256 detail previous".split()
KINDS = set(
    "plan copy settle artifacts package evidence select backup abandon approve execute certify close_purge"
    " restore move attest close".split()
)
FIRST = "0" * 64


class Event:
    def __init__(self, row):
        *self.columns, self.digest = row
        self.number, self.kind, self.at, *_ = self.columns
        self.previous = self.columns[8]
        self.made = sha256(fields(self.columns) + b"\n")
        try:
            self.detail = strict_json(self.columns[7])
        except ValueError as error:
            raise Damaged(f"the detail of event {self.number}: {error}") from error


def read_events(database):
    rows = database.query(f"SELECT {', '.join(COLUMNS)}, digest FROM {database.ledger('event')} ORDER BY event_no")
    return [Event(row) for row in rows]


def check_chain(events, report):
    """Numbers, digests and order; and that every kind is one that is known here."""
    head, broken = FIRST, []
    for number, event in enumerate(events, 1):
        if (event.number, event.previous, event.made) != (str(number), head, event.digest):
            broken.append(event.number)
        head = event.digest
    report.check(not broken, f"{len(events)} events are one chain; its head is {head}",
                 f"the chain of events is broken at event {', '.join(broken[:3])}")
    for kind in sorted({event.kind for event in events} - KINDS):
        report.unverified(f"not known here: event kind {kind}")
    return head


def check_head(events, given, report):
    """A head from paper is one of this chain, and nothing but attesting and closing came after it."""
    digests = [FIRST] + [event.digest for event in events]
    if given not in digests:
        report.finding("the head from paper is none of this chain: events were changed, or it is of another one")
        return
    later = [event for event in events[digests.index(given):] if event.kind not in ("attest", "close")]
    report.check(not later, "nothing but attesting and closing follows the head from paper",
                 f"{len(later)} other events follow the head from paper")
