"""Schemas of applications, as packages of Debian and PyPI have them."""

import gzip
import os
import pathlib
import subprocess
import sys

from .cache import cache, make_once, run_logged
from .server import Server

# Debian packages and the files in them that make a PostgreSQL database.
DEBIAN = {
    "zabbix": ("zabbix-server-pgsql", ["usr/share/zabbix-server-pgsql/schema.sql.gz",
        "usr/share/zabbix-server-pgsql/images.sql.gz", "usr/share/zabbix-server-pgsql/data.sql.gz"]),
    "roundcube": ("roundcube-core", ["usr/share/roundcube/SQL/postgres.initial.sql"]),
    "icinga2": ("icinga2-ido-pgsql", ["usr/share/icinga2-ido-pgsql/schema/pgsql.sql"]),
    "powerdns": ("pdns-backend-pgsql", ["usr/share/pdns-backend-pgsql/schema/schema.pgsql.sql"]),
}
# The same for SQLite.
DEBIAN_SQLITE = {
    "roundcube": ("roundcube-core", "usr/share/roundcube/SQL/sqlite.initial.sql"),
    "powerdns": ("pdns-backend-sqlite3", "usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"),
}
# Django applications and their settings: every migration is run.
DJANGO = {
    "wagtail": (["wagtail==6.3.1", "django==5.1.4"], ["wagtail.contrib.forms", "wagtail.contrib.redirects", "wagtail.embeds",
        "wagtail.sites", "wagtail.users", "wagtail.snippets", "wagtail.documents", "wagtail.images", "wagtail.search",
        "wagtail.admin", "wagtail", "modelcluster", "taggit"]),
}
MIGRATE = pathlib.Path(__file__).parent / "django_migrate.py"


def from_debian(name: str, server: Server, database: str) -> None:
    """The database of a Debian package, which is fetched and not installed."""
    package, files = DEBIAN[name]
    folder = make_once(f"package-{package}", lambda folder: unpack(package, folder))
    server.fresh(database)
    for file in files:
        content = (folder / "files" / file).read_bytes()
        plain = server.short / "part.sql"
        plain.write_bytes(gzip.decompress(content) if file.endswith(".gz") else content)
        server.file(database, plain)


def sqlite_from_debian(name: str, place: pathlib.Path) -> None:
    """The same as a SQLite file."""
    package, file = DEBIAN_SQLITE[name]
    folder = make_once(f"package-{package}", lambda folder: unpack(package, folder))
    with open(folder / "files" / file) as script:
        subprocess.run(["sqlite3", place], stdin=script, check=True)


def unpack(package: str, folder: pathlib.Path) -> None:
    folder.mkdir()
    log = cache() / f"{package}.log"
    run_logged(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", package], log, cwd=folder)
    (archive,) = folder.glob("*.deb")
    run_logged(["dpkg", "-x", archive, folder / "files"], log)


def migrate(name: str, engine: str, database: str, host: str) -> None:
    """Runs every migration of a Django application on a database of this engine, and makes some users."""
    packages, applications = DJANGO[name]
    python = environment(name, packages) / "bin/python"
    run_logged(
        [python, MIGRATE, engine, database, host, *applications],
        cache() / f"{name}.log",
        env={"PATH": os.environ["PATH"], "HOME": "/tmp"},
        cwd="/tmp",
    )


def environment(name: str, packages: list) -> pathlib.Path:
    """A Python environment with an application, below its final name: such a folder cannot be moved."""
    folder, wanted = cache() / f"django-{name}", " ".join(packages)
    if not (folder / "installed").exists() or (folder / "installed").read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *packages, "psycopg[binary]"], check=True)
        (folder / "installed").write_text(wanted)
    return folder
