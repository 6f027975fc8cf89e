"""One private PostgreSQL server of a version, reachable through a socket only."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from . import chroots, npm

VERSIONS = [14, 15, 16, 17, 18, 19]
# Versions whose package has the extensions of contrib.
WITH_CONTRIB = [15, 17, 18, 19]
USER = "postgres"


class Refused(Exception):
    """Statements that the server refused, in its words."""


class Server:
    """A server; runs from the beginning until `stop`."""

    def __init__(self, version: int):
        self.version = version
        self.root = {17: chroots.trixie, 18: chroots.sid, 19: chroots.experimental}.get(version, lambda: None)()
        if version in npm.VERSIONS:
            self.programs = npm.programs(version)
        else:
            self.programs = pathlib.Path(f"/usr/lib/postgresql/{version}/bin")
        # A short path whatever the cache is called: that of a socket has at most 107 bytes.
        self.short = pathlib.Path(tempfile.mkdtemp(prefix="hc.", dir="/tmp"))
        self.short.chmod(0o755)
        if self.root is None:
            self.outside = self.inside = self.short / "s"
            self.outside.mkdir()
        else:
            self.outside = pathlib.Path(tempfile.mkdtemp(prefix="hc.", dir=self.root / "srv"))
            self.outside.chmod(0o755)
            self.inside = pathlib.Path("/srv") / self.outside.name
            (self.short / "s").symlink_to(self.outside)
        self.command(["chown", f"{USER}:", str(self.inside)], user=None)
        self.start()

    def command(self, command: list, user=USER) -> None:
        """Runs a program of the server's, as its user."""
        if user:
            command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command]
        if self.root is not None:
            command = ["chroot", str(self.root), *command]
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/tmp"}
        done = subprocess.run(command, env=environment, cwd="/", stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode != 0:
            raise SystemExit(f"compat: {command}: {done.stdout.decode()}{done.stderr.decode()}")

    def start(self) -> None:
        """Makes a cluster and starts it."""
        data = self.inside / "data"
        options = ["-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-sync"]
        self.command([str(self.programs / "initdb"), "-D", str(data), *options])
        with open(self.outside / "data/postgresql.conf", "a") as settings:
            settings.write(
                f"listen_addresses = ''\nunix_socket_directories = '{self.inside}'\nmax_connections = 60\n"
                "fsync = off\nfull_page_writes = off\ndynamic_shared_memory_type = mmap\nwal_level = logical\n"
            )
        # The log is a file: who waits for pg_ctl's output would wait for the server.
        log = str(self.inside / "log")
        self.command([str(self.programs / "pg_ctl"), "-D", str(data), "-l", log, "-w", "-s", "start"])

    def url(self, database: str) -> str:
        """URL of a database, as superuser."""
        return f"postgres://postgres@localhost/{database}?host={self.short}/s"

    def sql(self, database: str, *statements: str) -> str:
        """What statements print."""
        flags = [part for statement in statements for part in ("-c", statement)]
        return self.psql(database, flags)

    def file(self, database: str, path: pathlib.Path) -> None:
        """Runs a file of statements."""
        self.psql(database, ["-o", os.devnull, "-f", str(path)])

    def psql(self, database: str, flags: list) -> str:
        """Runs psql, which has to succeed."""
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.url(database), *flags]
        environment = {**os.environ, "PGOPTIONS": "-c client_min_messages=error"}
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise Refused(f"server {self.version}: {done.stderr.strip()}")
        return done.stdout.strip()

    def fresh(self, database: str) -> None:
        """An empty database of this name."""
        self.sql("postgres", f"drop database if exists {database} with (force)", f"create database {database} template template0")

    def stop(self) -> None:
        """Stops the server and removes its folders."""
        self.command([str(self.programs / "pg_ctl"), "-D", str(self.inside / "data"), "-m", "immediate", "stop"])
        shutil.rmtree(self.outside, ignore_errors=True)
        shutil.rmtree(self.short, ignore_errors=True)
