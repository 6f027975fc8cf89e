"""Whose keys count, and who has to have signed what: FORMAT.md section 27."""

import base64
import datetime
import hashlib
import re
import tomllib

from report import Damaged

DER_PREFIX = bytes.fromhex("302a300506032b6570032100")  # RFC 8410: an Ed25519 key follows
ROLES = {"data_owner", "custodian", "operator", "auditor", "witness", "giving_side", "receiving_side", "outside_body"}
KEYS = {"public_key", "person", "name", "organisation", "roles", "valid_from", "valid_until"}


class Key:
    """One `[[key]]` of a trust file."""

    def __init__(self, entry):
        if set(entry) != KEYS:
            raise Damaged(f"a [[key]] has the keys {', '.join(sorted(entry))}")
        text = entry["public_key"].strip()
        body = "".join(text.splitlines()[1:-1]) if text.startswith("-----BEGIN") else text
        raw = base64.b64decode(body, validate=True)
        raw = raw[len(DER_PREFIX):] if raw.startswith(DER_PREFIX) else raw
        if len(raw) != 32:
            raise Damaged(f"the public_key of {entry['person']} is no Ed25519 key")
        self.raw, self.keyid = raw, hashlib.sha256(DER_PREFIX + raw).hexdigest()
        self.person, self.name, self.organisation = entry["person"], entry["name"], entry["organisation"]
        self.roles = entry["roles"]
        self.valid_from, self.valid_until = str(entry["valid_from"]), str(entry["valid_until"])
        if not re.fullmatch("[a-z0-9][a-z0-9-]{0,39}", self.person) or not self.roles or set(self.roles) - ROLES:
            raise Damaged(f"person or roles of {entry['person']!r} are none")
        for day in (self.valid_from, self.valid_until):
            datetime.date.fromisoformat(day)

    def pem(self):
        body = base64.b64encode(DER_PREFIX + self.raw).decode()
        return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n".encode()

    def counts_on(self, day):
        return self.valid_from <= day <= self.valid_until

    def stated(self):
        """What an attestation states of it (`trustedKeys`)."""
        return {
            "keyid": self.keyid, "person": self.person, "name": self.name, "organisation": self.organisation,
            "roles": self.roles, "validFrom": self.valid_from, "validUntil": self.valid_until,
        }


def read_trust(path):
    try:
        with open(path, "rb") as file:
            document = tomllib.load(file)
        keys = [Key(entry) for entry in document["key"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Damaged(f"{path}: {error}") from error
    names = {}
    for key in keys:
        if names.setdefault(key.person, key.name) != key.name:
            raise Damaged(f"{path}: {key.person} has two names")
    if len({key.keyid for key in keys}) < len(keys) or not keys:
        raise Damaged(f"{path}: a key stands there twice, or there is none")
    return keys


def different_people(signers, roles, but_not=()):
    """Whether there is a person for each role, none for two of them. `signers` are the keys that signed."""
    if not roles:
        return True
    candidates = {key.person for key in signers if roles[0] in key.roles} - set(but_not)
    return any(different_people(signers, roles[1:], [*but_not, person]) for person in candidates)
