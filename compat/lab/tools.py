"""The project's own tests of what git, age and sqlite3 do, with the programs of another release in their place."""

import re
import subprocess
import time

from . import clients
from .cache import PROJECT

RELEASES = ["trixie", "sid"]
# Packages and their test modules: received repositories, packages, archives that age opens, printed commands.
TESTS = [
    ("handover-migrate", ["artifacts_", "package_", "archive_recovery::", "restore::", "routes::"]),
    ("handover-verify", ["explain::"]),
]


def with_tools(release: str, crate: str, modules: list) -> dict:
    """The tests of a crate as a line of the results."""
    start = time.monotonic()
    environment = clients.first_in_path(clients.tools(release))
    versions = [
        subprocess.run(command, env=environment, capture_output=True, text=True).stdout.split("\n")[0]
        for command in (["git", "--version"], ["age", "--version"], ["sqlite3", "--version"])
    ]
    command = [PROJECT / "test", "-p", crate, "--test", "main", "--", *modules]
    done = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    failed = sorted(set(re.findall(r"^test (\S+) \.\.\. FAILED", done.stdout, re.MULTILINE)))
    passed = sum(map(int, re.findall(r"(\d+) passed", done.stdout)))
    wrong = [f"{name} fails" for name in failed]
    if done.returncode != 0 and not failed:
        wrong.append(done.stderr[-400:])
    if passed == 0:
        wrong.append("no test ran")
    return {
        "cell": f"tests of {crate}, tools of {release}",
        "seconds": round(time.monotonic() - start),
        "wrong": wrong,
        "named": 0,
        "notes": [f"{passed} passed", re.sub(r"\s+", " ", ", ".join(versions))[:90]],
    }
