"""Moments: each event and each statement is from between those that come before and after it: FORMAT.md section 32,
"Times"."""

import datetime

from envelopes import Envelope, day_of
from purges import STATEMENT

SKEW = datetime.timedelta(minutes=1)


def is_before(moment, other):
    """Whether it is earlier by more than clocks may be apart."""
    for one in (moment, other):
        day_of(one)
    return datetime.datetime.fromisoformat(moment) + SKEW < datetime.datetime.fromisoformat(other)


def check_times(events, purges, report):
    back = [after.number for before, after in zip(events, events[1:]) if is_before(after.at, before.at)]
    report.check(not back, "no event is older than the one before it", f"time goes back at event {', '.join(back)}")
    for purge in purges:
        wrong = [what for what, earlier, later in pairs_of(purge, events) if is_before(later, earlier)]
        report.check(not wrong, f"{purge.name}: its statements are from between their events",
                     f"{purge.name}: the clock contradicts the events: {', '.join(wrong)}")


def pairs_of(purge, events):
    """What has to be later than something else: its words, the earlier moment, the later one."""
    at = {event.kind: event.at for event in events if event.detail.get("number") == purge.number}
    used = {event.detail.get("sha256"): event.at for event in events if event.kind == "approve"}
    for authority in purge.authorities:
        approval, execution = (Envelope(authority[kind].encode(), kind, STATEMENT.format(kind))
                               for kind in ["approval", "execution"])
        started = execution.predicate["startedOn"]
        yield "approved before the backup", at["backup"], approval.predicate["notBefore"]
        yield "begun before the backup", at["backup"], started
        if approval.text_sha256 in used:
            yield "begun after the event of it", started, used[approval.text_sha256]
    if purge.row["certificate"]:
        certificate = Envelope(purge.row["certificate"].encode(), "certificate", STATEMENT.format("certificate"))
        yield "certified before the deletion", at["execute"], certificate.predicate["issuedOn"]
        yield "certified after the event of it", certificate.predicate["issuedOn"], at["certify"]
