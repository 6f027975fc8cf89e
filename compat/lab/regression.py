"""PostgreSQL's regression database: what its own tests leave behind, made from the distribution's source package."""

import os
import pathlib
import re
import shutil
import subprocess

from .cache import cache, make_once, run_logged, say
from .server import Server

VERSION = 15
# Several things of Debian's archive, for the sources that belong to the installed package.
ARCHIVES = """deb-src http://deb.debian.org/debian bookworm main
deb-src http://deb.debian.org/debian bookworm-updates main
deb-src http://deb.debian.org/debian-security bookworm-security main
"""


def sources() -> pathlib.Path:
    """The folder src/test/regress of the installed version, with its library compiled."""
    installed = ["dpkg-query", "-W", "-f", "${Version}", f"postgresql-{VERSION}"]
    version = subprocess.run(installed, capture_output=True, text=True, check=True).stdout
    return make_once(f"regress-{version}", lambda folder: fetch(version, folder)) / "regress"


def fetch(version: str, folder: pathlib.Path) -> None:
    """Fetches source and headers; nothing is installed."""
    (folder / "lists/partial").mkdir(parents=True)
    (folder / "sources.list").write_text(ARCHIVES)
    options = [
        f"Dir::Etc::SourceList={folder}/sources.list", "Dir::Etc::SourceParts=/dev/null",
        f"Dir::State::Lists={folder}/lists", "APT::Sandbox::User=root",
    ]
    apt = ["apt-get", "-q", *(part for option in options for part in ("-o", option))]
    log = cache() / "regress.log"
    run_logged([*apt, "update"], log)
    run_logged([*apt, "source", "--download-only", f"postgresql-{VERSION}={version}"], log, cwd=folder)
    run_logged(["apt-get", "download", f"postgresql-server-dev-{VERSION}={version}"], log, cwd=folder)
    (archive,) = folder.glob("*.orig.tar.bz2")
    run_logged(["tar", "-xjf", archive, "--strip-components=3", "--wildcards", "*/src/test/regress"], log, cwd=folder)
    (headers,) = folder.glob("*.deb")
    run_logged(["dpkg", "-x", headers, folder / "dev"], log)
    include = folder / f"dev/usr/include/postgresql/{VERSION}/server"
    library = folder / "regress/regress.so"
    run_logged(["cc", "-shared", "-fPIC", "-O1", "-I", include, "-o", library, folder / "regress/regress.c"], log)
    for part in ("refint", "autoinc"):
        shutil.copy(f"/usr/lib/postgresql/{VERSION}/lib/{part}.so", folder / "regress")


def load(server: Server, database: str) -> None:
    """Runs the tests one after the other, as pg_regress would, whatever they print."""
    # Where the server may read it.
    place = server.short / "regress"
    shutil.copytree(sources(), place)
    (place / "results").mkdir()
    server.command(["chown", "-R", "postgres:", str(place)], user=None)
    server.fresh(database)
    for setting in ("bytea_output to 'hex'", "timezone_abbreviations to 'Default'"):
        server.sql("postgres", f"alter database {database} set {setting}")
    environment = {
        **os.environ, "PG_ABS_SRCDIR": str(place), "PG_ABS_BUILDDIR": str(place), "PG_LIBDIR": str(place),
        "PG_DLSUFFIX": ".so", "PGTZ": "PST8PDT", "PGDATESTYLE": "Postgres, MDY",
        "PGOPTIONS": "-c intervalstyle=postgres_verbose",
    }
    schedule = (place / "parallel_schedule").read_text()
    tests = [name for line in re.findall(r"^test: (.*)$", schedule, re.MULTILINE) for name in line.split()]
    say(f"compat: {len(tests)} of PostgreSQL's tests")
    for name in tests:
        with open(place / "results" / f"{name}.out", "wb") as out:
            command = ["psql", "-X", "-a", "-q", "-d", server.url(database), "-f", str(place / f"sql/{name}.sql")]
            subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=600)
