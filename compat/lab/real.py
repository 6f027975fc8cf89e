"""Real schemas: copied, verified, every printed command run, and timed beside pg_dump and pg_restore."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from . import clients, ours, packages, regression, results
from .cache import cache, say
from .pairs import commands_that_differ
from .server import Server

DUMP = 'pg_dump -Fc -d "$0" > "$2" && pg_restore -d "$1" "$2"'


def sets() -> dict:
    """Every set of data that packages have: how its source is made."""
    made = {"regression": lambda server, place: regression.load(server, "source")}
    for name in packages.DEBIAN:
        made[name] = lambda server, place, name=name: packages.from_debian(name, server, "source")
    for name in packages.DEBIAN_SQLITE:
        made[f"{name}.sqlite"] = lambda server, place, name=name: packages.sqlite_from_debian(name, place)
    for name in packages.DJANGO:
        made[name] = lambda server, place, name=name: on_postgres(server, name)
        made[f"{name}.sqlite"] = lambda server, place, name=name: packages.migrate(name, "sqlite3", str(place), "")
    return made


def on_postgres(server: Server, name: str) -> None:
    server.fresh("source")
    packages.migrate(name, "postgresql", "source", f"{server.short}/s")


def given(argument: str):
    """`name=a.sql,b.sql`: plain dumps."""
    name, files = argument.split("=", 1)

    def load(server, place):
        server.fresh("source")
        for file in files.split(","):
            # A dump may speak of roles and languages that this server does not have; what runs, runs.
            command = ["psql", "-X", "-q", "-d", server.url("source"), "-f", file]
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    return name, load


class Run:
    """One set on its way through."""

    def __init__(self, name: str, source: str, target: str, work: pathlib.Path):
        self.name, self.source, self.target, self.work = name, source, target, work
        self.wrong, self.named, self.notes = [], set(), []
        self.environment = clients.first_in_path(clients.client(15))
        self.start = time.monotonic()

    def run(self) -> dict:
        arguments = ["--json", "--handover", ours.folder(self.work), "--source", self.source, "--target", self.target]
        copied, copy_time = self.timed("handover-migrate", ["copy", "--vendor-code", "unread", *arguments])
        verified, verify_time = self.timed("handover-verify", ["tables", *arguments])
        if copied.report is None or verified.report is None:
            failed = verified if copied.report else copied
            self.wrong.append(f"ends with {failed.code}: {failed.last_words()}")
            return self.result()
        found = copied.findings() + verified.findings()
        self.named = {f"{place} {message}".strip() for place, message in found}
        tables = verified.report["tables"]
        known = {place for place, _ in copied.findings()} | self.stale_views(copied, verified)
        self.wrong += [
            f"{table['table']} is {table['verdict']}"
            for table in tables
            if table["verdict"] != "equal" and table["table"] not in known
        ]
        # Objects are compared between ends of one engine only.
        same_engine = self.source.split(":")[0] == self.target.split(":")[0]
        if verified.report["verdict"] == "equal" and copied.code != 0 and same_engine:
            self.wrong.append("copy has findings, and verify says equal")
        rows = sum((table["source"] or {}).get("rows", 0) for table in tables)
        wrong, ran = commands_that_differ(verified.report, self.environment)
        self.wrong += wrong
        self.notes += [f"{len(tables)} tables", f"{rows:,} rows", f"{ran} commands"]
        self.notes += [f"copy {copy_time:.1f} s", f"verify {verify_time:.1f} s"]
        (cache() / "results" / f"{self.name}.findings.txt").write_text("\n".join(sorted(self.named)) + "\n")
        return self.result(copy_time + verify_time)

    def stale_views(self, *ended) -> set:
        """Materialised views that are found to differ, and that hold at the source what their query does not give."""
        found = {
            finding["object"]
            for one in ended
            for finding in one.report["findings"]
            if finding.get("object_kind") == "materialized_view"
        }
        return {name for name in found if self.is_stale(name)}

    def is_stale(self, view: str) -> bool:
        query = self.ask_source(f"select rtrim(pg_get_viewdef('{view}'::regclass), ';')")
        return self.ask_source(
            f"select exists ((table {view} except all ({query})) union all (({query}) except all table {view}))"
        ) == "t"

    def ask_source(self, sql: str) -> str:
        command = ["psql", "-XAtc", sql, self.source]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def timed(self, program: str, arguments: list):
        start = time.monotonic()
        ended = ours.run(program, arguments, self.environment)
        return ended, time.monotonic() - start

    def beside(self, server: Server, seconds: float) -> None:
        """The same by pg_dump and pg_restore."""
        server.fresh("restored")
        start = time.monotonic()
        command = ["bash", "-c", DUMP, server.url("source"), server.url("restored"), self.work / "dump"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        theirs = time.monotonic() - start
        errors = done.stderr.count("error:")
        refused = f" with {errors} errors" if errors else ""
        self.notes.append(f"pg_dump and pg_restore {theirs:.1f} s{refused}, ratio {seconds / theirs:.1f}")

    def result(self, seconds: float = 0) -> dict:
        self.ours = seconds
        return {
            "cell": self.name, "seconds": round(time.monotonic() - self.start), "wrong": sorted(set(self.wrong)),
            "named": len(self.named), "notes": self.notes,
        }


def runs(name: str, load, server: Server):
    """A set between the engines that it can go between."""
    work = pathlib.Path(tempfile.mkdtemp(prefix="hc.", dir="/tmp"))
    file = work / "source.sqlite"
    try:
        load(server, file)
        if file.exists():
            yield Run(f"{name} to SQLite", f"sqlite:{file}", f"sqlite:{work}/target.sqlite", work / "a").run()
            server.fresh("target")
            yield Run(f"{name} to PostgreSQL", f"sqlite:{file}", server.url("target"), work / "b").run()
        else:
            server.fresh("target")
            run = Run(name, server.url("source"), server.url("target"), work)
            result = run.run()
            run.beside(server, run.ours)
            yield result
    finally:
        shutil.rmtree(work)


def main(arguments: list) -> int:
    known = sets()
    chosen = {}
    for argument in arguments:
        if "=" in argument:
            name, load = given(argument)
            chosen[name] = load
        elif argument in known:
            chosen[argument] = known[argument]
        else:
            say(f"compat: {argument} is none of {', '.join(known)}")
            return 2
    whole = all("=" in argument for argument in arguments)
    (cache() / "results").mkdir(exist_ok=True)
    cells = []
    server = Server(15)
    try:
        for name, load in ({**known, **chosen} if whole else chosen).items():
            say(f"compat: {name}")
            for cell in runs(name, load, server):
                print(results.line(cell), flush=True)
                cells.append(cell)
        if whole:
            results.keep("real", cells, [server.sql("postgres", "select version()")])
    finally:
        server.stop()
    return 1 if any(cell["wrong"] for cell in cells) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
