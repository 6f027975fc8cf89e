"""Debian releases in folders, with the servers and tools that they have."""

import os
import pathlib
import shutil

from .cache import cache, make_once, run_logged

MIRROR = "http://deb.debian.org/debian"
TOOLS = ["sqlite3", "git", "age"]


def trixie() -> pathlib.Path:
    """Debian 13: PostgreSQL 17."""
    return make_once("trixie", lambda folder: debootstrap(folder, "trixie", servers(17) + TOOLS))


def sid() -> pathlib.Path:
    """Debian's next release as it is today: PostgreSQL 18 and the newest tools."""
    return make_once("sid", lambda folder: debootstrap(folder, "sid", servers(18) + TOOLS))


def experimental() -> pathlib.Path:
    """The same with what is not released yet: PostgreSQL 19."""

    def make(folder):
        shutil.copytree(sid(), folder, symlinks=True)
        with open(folder / "etc/apt/sources.list", "a") as sources:
            sources.write(f"deb {MIRROR} experimental main\n")
        install(folder, ["-t", "experimental", *servers(19)])

    return make_once("exp", make)


def servers(version: int) -> list:
    """The packages of a PostgreSQL."""
    return [f"postgresql-{version}", f"postgresql-client-{version}"]


def debootstrap(folder: pathlib.Path, suite: str, packages: list) -> None:
    """Makes a release with packages in it, none of which may start a service."""
    run_logged(["debootstrap", "--variant=minbase", suite, folder, MIRROR], cache() / f"{suite}.log")
    (folder / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (folder / "usr/sbin/policy-rc.d").chmod(0o755)
    clusters = folder / "etc/postgresql-common/createcluster.d"
    clusters.mkdir(parents=True, exist_ok=True)
    (clusters / "none.conf").write_text("create_main_cluster = false\n")
    # However this machine reaches its mirror.
    for settings in pathlib.Path("/etc/apt/apt.conf.d").iterdir():
        shutil.copy(settings, folder / "etc/apt/apt.conf.d")
    shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")
    install(folder, packages)


def install(folder: pathlib.Path, packages: list) -> None:
    """apt-get install in a chroot."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    log = cache() / f"{folder.name}.log"
    run_logged(["chroot", folder, "apt-get", "update", "-q"], log, env=environment)
    run_logged(
        ["chroot", folder, "apt-get", "install", "-q", "-y", "--no-install-recommends", *packages],
        log,
        env=environment,
    )


def loader(root: pathlib.Path) -> list:
    """How a program of a chroot is run outside of it: by the chroot's own loader, with its libraries."""
    machine = os.uname().machine
    libraries = root / f"usr/lib/{machine}-linux-gnu"
    (found,) = libraries.glob("ld-linux-*.so.*")
    return [str(found), "--library-path", str(libraries)]
