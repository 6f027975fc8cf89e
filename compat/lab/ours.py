"""Runs of our programs."""

import json
import os
import pathlib
import signal
import subprocess
import time

from .cache import programs

LIMIT = 1800


class Ended:
    """A run that ended: its exit code, what it printed, and the report if that was one."""

    def __init__(self, code: int, stdout: str, stderr: str):
        self.code, self.stdout, self.stderr = code, stdout, stderr
        try:
            self.report = json.loads(stdout)
        except ValueError:
            self.report = None

    def findings(self) -> list:
        """Each finding as (place, kind and message)."""
        found = [("", finding) for finding in self.report.get("findings", [])]
        for table in self.report.get("tables", []):
            found += [(table["table"], finding) for finding in table["findings"]]
        return [
            (place, " ".join(str(finding.get(part) or "") for part in ("kind", "object_kind", "object", "message")))
            for place, finding in found
        ]

    def last_words(self) -> str:
        """The end of standard error, on one line."""
        return " / ".join(self.stderr.strip().splitlines()[-3:])[:600]


def run(program: str, arguments: list, environment: dict) -> Ended:
    """Runs one of our programs to its end."""
    command = [programs() / program, *map(str, arguments)]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT)
    return Ended(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def run_and_kill(program: str, arguments: list, environment: dict, when) -> Ended | None:
    """Runs a program and ends it with SIGKILL as soon as `when()` holds: None. Or how it ended before."""
    command = [programs() / program, *map(str, arguments)]
    with open(os.devnull) as nothing:
        running = subprocess.Popen(
            command, env=environment, stdin=nothing, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    end = time.monotonic() + LIMIT
    while running.poll() is None and time.monotonic() < end:
        if when():
            running.send_signal(signal.SIGKILL)
            running.communicate()
            return None if running.returncode == -signal.SIGKILL else Ended(running.returncode, "", "")
        time.sleep(0.05)
    stdout, stderr = running.communicate(timeout=60)
    return Ended(running.returncode, stdout.decode(errors="replace"), stderr.decode(errors="replace"))


def status(target: str, environment: dict) -> dict:
    """What the target's ledger says, or nothing while there is none."""
    ended = run("handover-migrate", ["status", "--json", "--target", target], environment)
    return ended.report if ended.code == 0 and ended.report else {}


def folder(parent: pathlib.Path) -> pathlib.Path:
    """A hand-over folder's place."""
    return parent / "handover"
