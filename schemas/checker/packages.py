"""Packages: sealed folders of a strict BagIt profile, FORMAT.md part 2."""

import hashlib
import os
import re

from attestations import read_bytes
from envelopes import strict_json
from lines import sha256
from programs import decoded
from report import Damaged

BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
PATH = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")


def suffix_of(package):
    """What section 19 adds to names."""
    encoding = package["encoding"]
    return (".zst" if encoding["zstd"] else "") + (".age" if encoding.get("age_recipients") else "")


def files_below(folder):
    """Every file below a folder, by path. What a package must not have is refused."""
    found = {}
    for place, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(place, name)
            short = os.path.relpath(path, folder)
            status = os.lstat(path)
            if not PATH.fullmatch(short) or {".", ".."} & set(short.split("/")) or len(short) > 1000:
                raise Damaged(f"{short!r} is no path of a package")
            if name in folders and os.path.islink(path):
                raise Damaged(f"{short} is a link")
            if name in files:
                if not os.path.isfile(path) or os.path.islink(path) or status.st_nlink != 1:
                    raise Damaged(f"{short} is no regular file with one name")
                found[short] = status.st_size
        if not folders and not files and place != folder:
            raise Damaged(f"{os.path.relpath(place, folder)} is an empty folder")
    return found


def manifest(text, digits):
    """A manifest's digests by path; refused unless it is spelled as section 14 says."""
    listed = [re.fullmatch(rf"([0-9a-f]{{{digits}}})  (.+)", line) for line in text.decode().splitlines()]
    if not all(listed) or not text.endswith(b"\n") or text.count(b"\n") != len(listed):
        raise Damaged("a manifest has a line that is none")
    paths = [line[2] for line in listed]
    if paths != sorted(set(paths), key=str.encode):
        raise Damaged("a manifest is not in its order")
    return dict(zip(paths, [line[1] for line in listed]))


class Package:
    """A package that is whole: what its seal covers is there, and nothing else is."""

    def __init__(self, folder):
        self.folder = folder
        if os.path.islink(folder) or not os.path.isdir(folder):
            raise Damaged("it is not there, or is a link")
        self.files = files_below(folder)
        tags_text = read_bytes(folder, "tagmanifest-sha256.txt")
        self.seal = sha256(tags_text)
        tags = manifest(tags_text, 64)
        payload = manifest(read_bytes(folder, "manifest-sha256.txt"), 64)
        there = {name for name in self.files if not name.startswith("data/")} - {"tagmanifest-sha256.txt"}
        if there != set(tags) or set(self.files) - there - {"tagmanifest-sha256.txt"} != set(payload):
            raise Damaged("files are missing, or there are others than those that are listed")
        for name, digest in {**tags, **payload}.items():
            with open(os.path.join(folder, name), "rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                    raise Damaged(f"{name} is not as it was sealed")
        self.check_sha512(payload)
        self.tags, self.payload = tags, payload
        self.document = strict_json(read_bytes(folder, "package.json"))
        self.suffix = suffix_of(self.document)
        self.check_info()

    def check_sha512(self, payload):
        """The second manifest, if there is one, lists the same files. Its digests are under the seal."""
        if "manifest-sha512.txt" in self.files:
            if set(manifest(read_bytes(self.folder, "manifest-sha512.txt"), 128)) != set(payload):
                raise Damaged("the two manifests list different files")

    def check_info(self):
        if read_bytes(self.folder, "bagit.txt") != BAGIT:
            raise Damaged("bagit.txt is not as section 14 says")
        info = read_bytes(self.folder, "bag-info.txt").decode().splitlines()
        sizes = [self.files[name] for name in self.payload]
        expected = [f"External-Identifier: {self.document['identifier']}", f"Payload-Oxum: {sum(sizes)}.{len(sizes)}"]
        if [info[0], info[2]] != expected or len(info) != 3:
            raise Damaged("bag-info.txt is not what package.json and the payload say")

    def read(self, name, identity=None):
        """A stored file as it was before section 19."""
        return decoded(os.path.join(self.folder, name), self.suffix, identity)

    def contents(self, identity=None):
        """The lines of contents.jsonl."""
        stated = self.document["contents"]
        text = self.read("contents.jsonl" + self.suffix, identity)
        if (len(text), sha256(text), text.count(b"\n")) != (stated["bytes"], stated["sha256"], stated["lines"]):
            raise Damaged("contents.jsonl is not what package.json says")
        return [strict_json(line) for line in text.splitlines()]

    def check_contents(self, identity=None):
        """Every payload file is, as it was delivered, what contents.jsonl says; gives how many there are."""
        listed = [one for one in self.contents(identity) if one["type"] == "file"]
        if sorted(one["stored"] for one in listed) != sorted(self.payload):
            raise Damaged("contents.jsonl lists other files than there are")
        for one in listed:
            content = self.read(one["stored"], identity)
            if (len(content), sha256(content)) != (one["size"], one["sha256"]):
                raise Damaged(f"{one['stored']} is not what contents.jsonl says")
        return len(listed)


def check_packages(folder, known, identity, report):
    """Every package of the ledger or of the attestation is there and whole, and there is no other.
    `known` are triples of name, seal and whether it was superseded. Gives those that are whole, by seal."""
    sound, used = {}, set()
    place = os.path.join(folder, "packages")
    names = sorted(os.listdir(place)) if os.path.isdir(place) and not os.path.islink(place) else []
    for name, seal, is_superseded in known:
        # One that was superseded has the first digits of its seal behind its name.
        places = [one for one in names if one == name] if not is_superseded else [
            one for one in names if one.startswith(name + ".") and seal.startswith(one[len(name) + 1:].split(".")[0])]
        if not places:
            report.finding(f"package {name} with the seal {seal[:16]}… is not there")
        for one in places:
            used.add(one)
            package = check_package(os.path.join(place, one), one, seal, identity, report)
            if package:
                sound[seal] = package
    for name in names:
        if name not in used:
            report.finding(f"packages/{name} is no package that is known")
    return sound


def check_package(path, name, seal, identity, report):
    try:
        package = Package(path)
        report.check(package.seal == seal, f"package {name}: {len(package.files)} files are as they were sealed",
                     f"package {name} has another seal than {seal}")
        if package.suffix.endswith(".age") and not identity:
            report.not_checked(f"package {name}: what it holds, without a key (--identity)")
        else:
            count = package.check_contents(identity)
            report.checked(f"package {name}: {count} delivered files are what contents.jsonl says")
        return package if package.seal == seal else None
    except (Damaged, ValueError, KeyError, IndexError, UnicodeDecodeError, OSError) as damaged:
        report.finding(f"package {name}: {damaged}")
        return None
