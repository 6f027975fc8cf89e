"""Checkpoints, and the proof for one record: FORMAT.md section 28."""

import base64
import hashlib
import re

from envelopes import strict_json
from programs import verifies
from report import Damaged
from trees import leaf_hash, root_by_path


def one_spelling(text):
    """The bytes of base64. A last character with bits that belong to no byte would be a second spelling of them."""
    made = base64.b64decode(text, validate=True)
    if base64.b64encode(made).decode() != text:
        raise Damaged("base64 is not written as it is made")
    return made


class Checkpoint:
    """A signed note: origin, number of leaves, root."""

    def __init__(self, text):
        body, _, signatures = text.partition("\n\n")
        self.signed = (body + "\n").encode()
        lines = body.split("\n")
        if len(lines) != 3 or not re.fullmatch("[1-9][0-9]*|0", lines[1]):
            raise Damaged("it is no checkpoint")
        self.origin, self.size, self.root = lines[0], int(lines[1]), one_spelling(lines[2])
        self.signatures = []
        for line in signatures.splitlines():
            found = re.fullmatch("— (.+) ([A-Za-z0-9+/=]+)", line)
            if not found or len(self.root) != 32:
                raise Damaged("it is no checkpoint")
            packed = one_spelling(found[2])
            self.signatures.append((found[1], packed[:4], packed[4:]))

    def signers(self, trust):
        """Trusted keys that signed. A signature that names a trusted key and does not hold is refused."""
        found = []
        for name, key_id, signature in self.signatures:
            for key in trust:
                named = hashlib.sha256(name.encode() + b"\n\x01" + key.raw).digest()[:4]
                if name == self.origin and named == key_id:
                    if not verifies(key.pem(), self.signed, signature):
                        raise Damaged(f"the signature of {key.name} is not over this checkpoint")
                    found.append(key)
        return found


def check_proof(record_text, proof_text, trust, day, archives, report):
    """That a row was under the root of a checkpoint that somebody trusted signed. `archives` are what
    package.json says of the whole archives of certified purges, by origin."""
    record = strict_json(record_text)
    head, _, rest = proof_text.partition("\n\n")
    lines = head.split("\n")
    if lines[0] != "c2sp.org/tlog-proof@v1":
        raise Damaged("it is no tlog-proof")
    lines = lines[2:] if lines[1].startswith("extra ") else lines[1:]
    index = re.fullmatch("index (0|[1-9][0-9]*)", lines[0])
    checkpoint = Checkpoint(rest)
    path = [one_spelling(line) for line in lines[1:]]
    if not index or any(len(one) != 32 for one in path) or len(path) > 64:
        raise Damaged("it is no tlog-proof")
    report.check(index[1] == record["index"], "record and proof have one index")
    report.check(record["origin"] == checkpoint.origin, "record and checkpoint have one origin")
    report.check(re.fullmatch("[0-9a-f]{64}", record["salt"]) is not None, "the salt is written as salts are")
    leaf = leaf_hash(bytes.fromhex(record["salt"]) + record["line"].encode())
    made = root_by_path(leaf, int(index[1]), checkpoint.size, path)
    report.check(made == checkpoint.root, "salt, line and path make the checkpoint's root")
    names = sorted({key.name for key in checkpoint.signers(trust) if key.counts_on(day)})
    report.check(bool(names), f"the checkpoint is signed by {', '.join(names)}", "nobody trusted signed the checkpoint")
    about = archives.get(checkpoint.origin)
    if about is None:
        report.not_checked("table and columns of the record: its purge's archive is not in this hand-over")
        return
    report.check(about["root"] == checkpoint.root.hex(), "the checkpoint's root is that of the purge's archive")
    table = [one for one in about["tables"] if one["first_index"] <= int(index[1])
             < one["first_index"] + one["lines"]["rows"]]
    columns = [column["name"] for column in table[0]["columns"]] if table else None
    place = f"{table[0]['name']['schema']}.{table[0]['name']['name']}" if table else None
    is_its = (record["table"], record["columns"], record["version"]) == (place, columns, 1)
    report.check(is_its, "table and columns of the record are those of the archive")
