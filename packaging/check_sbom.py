#!/usr/bin/env python3
"""Holds bills of materials against the JSON Schema of CycloneDX 1.6.

    check_sbom.py SCHEMAS FILE…    SCHEMAS is the folder that the package cyclonedx-python-lib has

Needs the package jsonschema. Ends with 1 if one of them is not valid, or says nothing.
"""

import json
import pathlib
import sys

from jsonschema import Draft7Validator
from referencing import Registry, Resource

BASE = "http://cyclonedx.org/schema/"
OTHERS = ["spdx", "jsf-0.82", "cryptography-defs"]


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__.strip())
    folder = pathlib.Path(sys.argv[1])

    def schema(name):
        return json.loads((folder / f"{name}.SNAPSHOT.schema.json").read_text())

    others = [(f"{BASE}{name}.SNAPSHOT.schema.json", Resource.from_contents(schema(name)))
              for name in OTHERS if (folder / f"{name}.SNAPSHOT.schema.json").exists()]
    validator = Draft7Validator(schema("bom-1.6"), registry=Registry().with_resources(others))
    wrong = False
    for path in sys.argv[2:]:
        document = json.loads(pathlib.Path(path).read_text())
        problems = [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]
        named = {component["bom-ref"] for component in document["components"]}
        named.add(document["metadata"]["component"]["bom-ref"])
        for one in document["dependencies"]:
            problems += [f"{ref} is not listed" for ref in [one["ref"], *one["dependsOn"]] if ref not in named]
        if len(named) < 10:
            problems.append("it lists next to nothing")
        for problem in problems:
            print(f"{path}: {problem}")
        wrong |= bool(problems)
    if wrong:
        sys.exit(1)
    print(f"{len(sys.argv) - 2} bills of materials are valid")


if __name__ == "__main__":
    main()
