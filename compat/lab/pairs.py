"""One pair of servers with the clients of one version: copy, kill, copy again, verify, run every printed command, and
change something."""

import concurrent.futures
import pathlib
import shutil
import subprocess
import tempfile
import time

from . import clients, data, ours
from .server import Refused, Server

# What a copy is killed in: slow enough that rows are still missing when the first ones are there.
SLOW = ["--chunk-bytes", "32K", "--max-rate", "600K"]
BULK = "keys.bulk"
# Changes in the target, each with what has to be named afterwards.
CHANGES = [
    ("update keys.bulk set filler = filler || 'x' where id = 3000", "keys.bulk"),
    ("drop view objects.constants", "constants"),
    ("alter table keys.none alter a set default 5", "keys.none"),
]


class Cell:
    """Source, target and clients; `run` gives what is wrong, and what was named."""

    def __init__(self, source: Server, target: Server, client: int):
        self.source, self.target, self.client = source, target, client
        self.name = f"{source.version} → {target.version}, client {client}"
        self.wrong, self.named, self.notes = [], [], []
        self.environment = clients.first_in_path(clients.client(client))
        self.database = f"target_{source.version}_{client}"
        self.ends = ["--source", source.url("source"), "--target", target.url(self.database)]

    def run(self) -> None:
        """Runs the cell; its target is dropped again."""
        start = time.monotonic()
        work = pathlib.Path(tempfile.mkdtemp(prefix="hc.", dir="/tmp"))
        self.target.fresh(self.database)
        try:
            self.steps(["--json", "--handover", ours.folder(work), *self.ends])
        except subprocess.TimeoutExpired as error:
            self.wrong.append(f"did not end: {error.cmd[0].name} {error.cmd[1]}")
        finally:
            self.target.sql("postgres", f"drop database {self.database} with (force)")
            shutil.rmtree(work)
            self.seconds = time.monotonic() - start

    def steps(self, arguments: list) -> None:
        copied = self.copy(["copy", "--vendor-code", "unread", *arguments])
        if copied is None:
            return
        self.judge_findings("copy", copied)
        newer = self.target.version >= self.source.version
        if copied.code != 0 and not self.named:
            self.wrong.append(f"copy ends with {copied.code} without a finding: {copied.last_words()}")
        verified = ours.run("handover-verify", ["tables", *arguments, "--explain", BULK], self.environment)
        if verified.report is None:
            self.wrong.append(f"verify: {verified.last_words()}")
            return
        self.judge_findings("verify", verified)
        if newer and not self.named and verified.report["verdict"] != "equal":
            self.wrong.append(f"verify says {verified.report['verdict']} and names nothing")
        for table in verified.report["tables"]:
            if table["verdict"] != "equal" and not data.cannot_hold(table["table"], self.target.version):
                self.wrong.append(f"{table['table']} is {table['verdict']}")
        self.run_commands(verified.report)
        self.change(arguments)

    def copy(self, arguments: list):
        """A copy that is killed among the rows, and in the structure if that takes long enough; then to its end."""

        def rows_are_coming():
            tables = ours.status(self.target.url(self.database), self.environment).get("tables", [])
            return any(table["copied"] for table in tables)

        def structure_is_made():
            return ours.status(self.target.url(self.database), self.environment).get("stage") == "structure"

        ended = ours.run_and_kill("handover-migrate", [*arguments, *SLOW], self.environment, rows_are_coming)
        if ended is not None:
            self.wrong.append(f"ended with {ended.code} before it could be killed: {ended.last_words()}")
            if ended.report is None:
                return None
        ended = ours.run_and_kill("handover-migrate", arguments, self.environment, structure_is_made)
        if ended is None:
            self.notes.append("killed twice")
            ended = ours.run("handover-migrate", arguments, self.environment)
        if ended.report is None:
            self.wrong.append(f"copy ends with {ended.code}: {ended.last_words()}")
            return None
        return ended

    def judge_findings(self, command: str, ended) -> None:
        """Findings may only tell of what this target cannot hold."""
        for place, message in ended.findings():
            if f"PostgreSQL {self.target.version}" in message and "older than" in message:
                continue
            if data.cannot_hold(f"{place} {message}", self.target.version):
                self.named.append(f"{place} {message}".strip())
            else:
                self.wrong.append(f"{command}: {place}: {message[:400]}")

    def run_commands(self, report: dict) -> None:
        """Every command that the verifier prints gives the digest beside it."""
        wrong, ran = commands_that_differ(report, self.environment)
        # A target may hold what it cannot print: the names of such tables say so.
        self.wrong += [text for text in wrong if not data.cannot_hold(text, self.target.version)]
        self.notes.append(f"{ran} commands")
        if not ran:
            self.wrong.append("no command was printed")

    def change(self, arguments: list) -> None:
        """What is changed in the target is found and named, and nothing besides."""
        try:
            self.target.sql(self.database, *(statement for statement, _ in CHANGES))
        except Refused as error:
            self.wrong.append(f"cannot be changed: {error}")
            return
        changed = ours.run("handover-verify", ["tables", *arguments], self.environment)
        if changed.report is None or changed.report["verdict"] != "different":
            self.wrong.append(f"after changes verify ends with {changed.code}: {changed.last_words()}")
            return
        texts = [f"{place} {message}" for place, message in changed.findings()]
        known = set(self.named)
        for statement, name in CHANGES:
            if not any(name in text for text in texts):
                self.wrong.append(f"not found: {statement}")
        for text in texts:
            expected = any(name in text for _, name in CHANGES) or data.cannot_hold(text, self.target.version)
            if not expected and text.strip() not in known and not any(text.strip() in wrong for wrong in self.wrong):
                self.wrong.append(f"found besides: {text[:300]}")

    def result(self) -> dict:
        """The cell's line in the results."""
        return {
            "cell": self.name,
            "seconds": round(self.seconds),
            "wrong": sorted(set(self.wrong)),
            "named": len(set(self.named)),
            "notes": self.notes,
        }


def commands_that_differ(report: dict, environment: dict) -> tuple:
    """Runs every command of a verifier's report: those that do not print the digest beside them, and how many ran."""
    commands = []
    for table in report["tables"]:
        for end in ("source", "target"):
            side = table[end] or {}
            for one in [side, *side.get("chunks", [])]:
                if one.get("command"):
                    commands.append((f"{table['table']} ({end})", one["command"], one["digest"]))

    def differs(entry):
        place, command, digest = entry
        done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True)
        if done.stdout.strip() != digest:
            return f"command for {place} gives another digest {done.stderr[:200]}"

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return [said for said in pool.map(differs, commands) if said], len(commands)


def cells(servers: dict, chosen: list):
    """Every pair of servers with every client that can read the source, or the chosen ones: `15-18`, `18-15@19`."""
    for source in servers.values():
        for target in servers.values():
            for client in clients.CLIENTS:
                names = {f"{source.version}-{target.version}", f"{source.version}-{target.version}@{client}"}
                if client >= source.version and (not chosen or names & set(chosen)):
                    yield Cell(source, target, client)
