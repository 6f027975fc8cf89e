"""Folders for the front of PATH: the client programs of a PostgreSQL, and the tools of a Debian release."""

import os
import pathlib
import shlex
import shutil

from . import chroots
from .cache import cache

CLIENTS = [15, 18, 19]
GIT_PARTS = ["git-upload-pack", "git-receive-pack", "git-upload-archive"]


def client(version: int) -> pathlib.Path:
    """pg_dump, pg_restore and psql of a version."""
    folder = emptied(f"client-{version}")
    for program in ["pg_dump", "pg_restore", "psql"]:
        if version == 15:
            (folder / program).symlink_to(f"/usr/lib/postgresql/15/bin/{program}")
        else:
            root = chroots.sid() if version == 18 else chroots.experimental()
            wrap(folder / program, root, f"usr/lib/postgresql/{version}/bin/{program}")
    return folder


def tools(release: str) -> pathlib.Path:
    """git, age and sqlite3 of a release."""
    root = {"trixie": chroots.trixie, "sid": chroots.sid}[release]()
    folder = emptied(f"tools-{release}")
    for program in ["age", "age-keygen"]:
        # Needs no libraries.
        (folder / program).symlink_to(root / "usr/bin" / program)
    wrap(folder / "sqlite3", root, "usr/bin/sqlite3")
    parts = folder / "git-core"
    parts.mkdir()
    # git runs parts of itself by name, from the folder that it is told.
    settings = f"GIT_EXEC_PATH={shlex.quote(str(parts))} GIT_TEMPLATE_DIR={shlex.quote(str(root / 'usr/share/git-core/templates'))}"
    wrap(folder / "git", root, "usr/bin/git", settings)
    (parts / "git").symlink_to(folder / "git")
    for part in GIT_PARTS:
        script(parts / part, f'exec {shlex.quote(str(folder / "git"))} {part.removeprefix("git-")} "$@"')
        (folder / part).symlink_to(parts / part)
    return folder


def first_in_path(folder: pathlib.Path) -> dict:
    """An environment in which this folder's programs are found first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "PATH": f"{folder}:{os.environ['PATH']}"}


def emptied(name: str) -> pathlib.Path:
    folder = cache() / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def wrap(path: pathlib.Path, root: pathlib.Path, program: str, settings: str = "") -> None:
    command = " ".join(shlex.quote(part) for part in [*chroots.loader(root), str(root / program)])
    script(path, f'exec env {settings} {command} "$@"')


def script(path: pathlib.Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
