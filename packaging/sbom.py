#!/usr/bin/env python3
"""Writes the software bill of materials of each program, as CycloneDX 1.6 JSON (ECMA-424).

    packaging/sbom.py FOLDER    writes FOLDER/handover-migrate.cdx.json and so on

What is listed is what `cargo` resolves for this machine's target under Cargo.lock: crates that are
linked into the program, crates that only run while it is built (scope "excluded"), and the C libraries
that some crates bring along in source. Needs cargo and the sources of the crates (cargo fetch), nothing
else. The same commit gives the same bytes.
"""

import json
import pathlib
import re
import subprocess
import sys
import tomllib
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = ["handover-migrate", "handover-verify", "handover-minutes"]

# Crates that compile a C library which they bring along: the library, who makes it, its licence, the
# header that says its version, and what stands there.
BUNDLED = {
    "libsqlite3-sys": ("SQLite", "sqlite", "blessing", "sqlite3/sqlite3.h", r'SQLITE_VERSION\s+"([0-9.]+)"'),
    "zstd-sys": ("Zstandard", "facebook", "BSD-3-Clause", "zstd/lib/zstd.h",
                 r"ZSTD_VERSION_MAJOR\s+(\d+).*?ZSTD_VERSION_MINOR\s+(\d+).*?ZSTD_VERSION_RELEASE\s+(\d+)"),
    "liblzma-sys": ("XZ Utils", "tukaani", "0BSD", "xz/src/liblzma/api/lzma/version.h",
                    r"LZMA_VERSION_MAJOR\s+(\d+).*?LZMA_VERSION_MINOR\s+(\d+).*?LZMA_VERSION_PATCH\s+(\d+)"),
}


def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True, cwd=ROOT).stdout


def host():
    return re.search(r"^host: (\S+)$", run("rustc", "-vV"), re.M)[1]


def linked_and_built_with(root, nodes, packages):
    """Ids of what is linked into a program, and of what only runs while it is built."""
    def reachable(starts, kinds):
        found, open_ones = set(starts), list(starts)
        while open_ones:
            one = open_ones.pop()
            for dep in nodes[one]["deps"]:
                if dep["pkg"] not in found and any(kind["kind"] in kinds for kind in dep["dep_kinds"]):
                    found.add(dep["pkg"])
                    open_ones.append(dep["pkg"])
        return found

    def is_macro(id):
        return any("proc-macro" in target["kind"] for target in packages[id]["targets"])

    everything = reachable([root], {None, "build"})
    linked, open_ones = {root}, [root]
    while open_ones:
        for dep in nodes[open_ones.pop()]["deps"]:
            normal = any(kind["kind"] is None for kind in dep["dep_kinds"])
            if normal and dep["pkg"] not in linked and not is_macro(dep["pkg"]):
                linked.add(dep["pkg"])
                open_ones.append(dep["pkg"])
    return linked, everything - linked


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version'].replace('+', '%2B')}"


def component(package, scope, checksums):
    entry = {
        "type": "library",
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "scope": scope,
        "purl": purl(package),
    }
    if package["license"]:
        # "MIT/Apache-2.0" is how it was written before SPDX expressions.
        entry["licenses"] = [{"expression": re.sub(r"\s*/\s*", " OR ", package["license"])}]
    checksum = checksums.get((package["name"], package["version"]))
    if checksum:
        entry["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["repository"]:
        entry["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    bundled = BUNDLED.get(package["name"])
    if bundled:
        entry["components"] = [library(package, *bundled)]
    return entry


def library(package, name, maker, licence, header, pattern):
    folder = pathlib.Path(package["manifest_path"]).parent
    found = re.search(pattern, (folder / header).read_text(errors="replace"), re.S)
    if not found:
        sys.exit(f"{folder / header} does not say the version of {name}")
    version = ".".join(found.groups())
    ref = f"pkg:generic/{maker}/{name.lower().replace(' ', '-')}@{version}"
    return {
        "type": "library",
        "bom-ref": ref,
        "name": name,
        "version": version,
        "scope": "required",
        "purl": ref,
        "licenses": [{"license": {"id": licence}}],
    }


def bill(program, packages, nodes, checksums, target):
    root = next(id for id, package in packages.items() if package["name"] == program)
    linked, built_with = linked_and_built_with(root, nodes, packages)
    listed = [(id, "required") for id in linked - {root}] + [(id, "excluded") for id in built_with]
    components = [component(packages[id], scope, checksums) for id, scope in listed]
    components.sort(key=lambda entry: entry["bom-ref"])
    kept = linked | built_with
    dependencies = [
        {
            "ref": purl(packages[id]),
            "dependsOn": sorted({
                purl(packages[dep["pkg"]])
                for dep in nodes[id]["deps"]
                if dep["pkg"] in kept and any(kind["kind"] != "dev" for kind in dep["dep_kinds"])
            }),
        }
        for id in kept
    ]
    dependencies.sort(key=lambda entry: entry["ref"])
    main = component(packages[root], "required", checksums) | {"type": "application"}
    main["properties"] = [{"name": "rust:target", "value": target}]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "packaging/sbom.py"}]},
            "component": main,
        },
        "components": components,
        "dependencies": dependencies,
    }
    # Made of the content: the same bill has the same number.
    number = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(document, sort_keys=True))
    return {"$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "serialNumber": f"urn:uuid:{number}"} | document


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    target = host()
    metadata = json.loads(run("cargo", "metadata", "--locked", "--format-version=1", f"--filter-platform={target}"))
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    checksums = {(one["name"], one["version"]): one.get("checksum") for one in lock["package"]}
    for program in PROGRAMS:
        document = bill(program, packages, nodes, checksums, target)
        path = folder / f"{program}.cdx.json"
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
        print(f"{path}: {len(document['components'])} components")


if __name__ == "__main__":
    main()
