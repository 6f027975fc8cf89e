"""Signatures of outside bodies as CMS, without the file that they are over: its digests are known. RFC 5652 section 5,
FORMAT.md section 35."""

import hashlib

from programs import leads_to, signed_by_certificate
from report import Damaged

ID_DATA = bytes.fromhex("2a864886f70d010701")
CONTENT_TYPE, MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010903"), bytes.fromhex("2a864886f70d010904")
DIGESTS = {bytes.fromhex("60864801650304020" + digit): name
           for digit, name in [("1", "sha256"), ("2", "sha384"), ("3", "sha512")]}
PSS, ED25519 = bytes.fromhex("2a864886f70d01010a"), bytes.fromhex("2b6570")


def elements(content):
    """The elements in a constructed value of DER: tag, content, and all bytes of each."""
    at, found = 0, []
    while at < len(content):
        tag, length, begin = content[at], content[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, begin = int.from_bytes(content[begin:begin + size]), begin + size
        if begin + length > len(content):
            raise Damaged("the signature is cut off")
        found.append((tag, content[begin:begin + length], content[at:begin + length]))
        at = begin + length
    return found


class SignedData:
    """The certificates that came with a signature, and its signers."""

    def __init__(self, der):
        [(_, content_info, _)] = elements(der)
        [_, (_, explicit, _)] = elements(content_info)
        [(_, signed_data, _)] = elements(explicit)
        _, _, (_, encapsulated, _), *rest = elements(signed_data)
        if [one[1] for one in elements(encapsulated)] != [ID_DATA]:
            raise Damaged("the signature holds a content of its own, or one of another type")
        self.certificates = [whole for tag, sort, _ in rest if tag == 0xA0 for _, _, whole in elements(sort)]
        self.signers = [Signer(one) for _, one, _ in elements(rest[-1][1])]
        if not self.signers:
            raise Damaged("nobody signed")


class Signer:
    """One SignerInfo."""

    def __init__(self, content):
        parts = elements(content)
        if len(parts) < 6 or parts[3][0] != 0xA0:
            raise Damaged("a signer has no signed attributes")
        self.digest = DIGESTS.get(elements(parts[2][1])[0][1])
        self.attributes = {}
        for _, attribute, _ in elements(parts[3][1]):
            (_, kind, _), (_, values, _) = elements(attribute)
            if kind in self.attributes or len(elements(values)) != 1:
                raise Damaged("a signed attribute stands there twice")
            self.attributes[kind] = elements(values)[0][1]
        # What is signed has the tag of a SET (section 5.4).
        self.signed = b"\x31" + parts[3][2][1:]
        self.algorithm, self.signature = elements(parts[4][1])[0][1], parts[5][1]

    def is_over(self, file_digests):
        """Whether it is over the file with these digests."""
        stated = file_digests.get(self.digest)
        return (self.attributes.get(CONTENT_TYPE), self.attributes.get(MESSAGE_DIGEST)) == (
            ID_DATA, stated and bytes.fromhex(stated))


def check_cms(signature, sender, file_digests, found):
    """That every signer's signature holds, by a certificate from which a path leads to the sender's, at the moment at
    which it was checked; otherwise says why not. `found` is what the ledger says of it."""
    data = SignedData(signature)
    if len(data.signers) != len(found["signers"]):
        raise Damaged("the ledger names other signers than the signature has")
    certificates = [*data.certificates, sender]
    for signer, stated in zip(data.signers, found["signers"]):
        own = next((one for one in certificates if hashlib.sha256(one).hexdigest() == stated["fingerprint"]), None)
        if own is None or not signer.is_over(file_digests):
            raise Damaged("it is over another file, or lacks the certificate that the ledger names")
        if not signed_by_certificate(own, signer.signed, signer.signature, signer.digest,
                                     signer.algorithm == PSS, signer.algorithm == ED25519):
            raise Damaged("a signature is not by the certificate that the ledger names")
        if not leads_to(own, sender, data.certificates, found["checkedOn"]):
            raise Damaged("no valid path leads from a signer's certificate to the sender's")
