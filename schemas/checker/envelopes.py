"""Envelopes, and the statements in them: FORMAT.md sections 26 and 27 (DSSE v1, in-toto Statement v1)."""

import base64
import json
import re

from lines import sha256
from programs import verifies
from report import Damaged
from trust import different_people

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"


def pae(payload_type, body):
    """The bytes that are signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)


def no_name_twice(pairs):
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name stands in one object twice")
    return dict(pairs)


def strict_json(text):
    return json.loads(text, object_pairs_hook=no_name_twice)


def compact(document):
    """JSON without white space, as statements and documents of the ledger are written."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def unbase64(text):
    text = re.sub("=*$", "", text).replace("-", "+").replace("_", "/")
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


class Envelope:
    """An envelope: its text, the payload, and the statement in that."""

    def __init__(self, text, place, predicate_type):
        self.text, self.place = text, place
        try:
            written = strict_json(text)
            self.body = unbase64(written["payload"])
            self.signatures = [(one.get("keyid", ""), unbase64(one["sig"])) for one in written["signatures"]]
            self.statement = strict_json(self.body)
            self.predicate, self.subject = self.statement["predicate"], self.statement["subject"]
            types = (written["payloadType"], self.statement["_type"], self.statement["predicateType"])
        except (ValueError, KeyError, TypeError) as error:
            raise Damaged(f"{place}: {error}") from error
        if types != (PAYLOAD_TYPE, STATEMENT_TYPE, predicate_type):
            raise Damaged(f"{place}: it is a {types[2]!r}, not a {predicate_type!r}")
        if compact(self.statement).encode() != self.body:
            raise Damaged(f"{place}: the statement is not written as statements are (section 26)")
        self.is_in_its_own_spelling = (json.dumps(written, indent=2, ensure_ascii=False) + "\n").encode() == text
        self.is_in_its_own_spelling &= set(written) == {"payloadType", "payload", "signatures"}
        self.statement_sha256, self.text_sha256 = sha256(self.body), sha256(text)

    def signers(self, trust, day):
        """The trusted keys that signed and count on a day, and what is to be said of the other signatures."""
        message, found, others = pae(PAYLOAD_TYPE, self.body), [], []
        for keyid, signature in self.signatures:
            named = [key for key in trust if key.keyid == keyid]
            key = next((key for key in named or trust if verifies(key.pem(), message, signature)), None)
            if key is None:
                others.append("a signature is by no key of the trust file, or not over this: it counts for nothing")
                continue
            if keyid not in ("", key.keyid):
                others.append(f"the signature of {key.name} says that another key made it")
            if not key.counts_on(day):
                others.append(f"the key of {key.name} does not count on {day}: its signature counts for nothing")
            elif key in found:
                others.append(f"{key.name} signed twice with one key, which counts once")
            else:
                found.append(key)
        return found, others

    def tell_others(self, others, is_enough, report):
        """Beside enough signatures the others change nothing: anybody who reaches the file could add one."""
        for other in others:
            if is_enough:
                report.not_checked(f"{self.place}: {other}")
            else:
                report.finding(f"{self.place}: {other}")

    def check_signed(self, trust, day, roles, report, but_not=()):
        """That a person for each role signed, none of them one of `but_not`; gives the signers."""
        signers, others = self.signers(trust, day)
        words = " and ".join(roles)
        names = ", ".join(sorted({key.name for key in signers}))
        is_enough = different_people(signers, list(roles), but_not)
        report.check(is_enough, f"{self.place}: signed as {words} by {names}", f"{self.place}: not signed as {words}")
        self.tell_others(others, is_enough, report)
        return signers


def day_of(moment):
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment):
        raise Damaged(f"{moment!r} is not a moment")
    return moment[:10]
