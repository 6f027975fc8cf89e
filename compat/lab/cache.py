"""The folder in which everything that is made is kept for the next run."""

import os
import pathlib
import shutil
import subprocess
import sys

PROJECT = pathlib.Path(__file__).resolve().parents[2]


def cache() -> pathlib.Path:
    """The folder: COMPAT_CACHE, or one below target/."""
    target = os.environ.get("CARGO_TARGET_DIR", PROJECT / "target")
    folder = pathlib.Path(os.environ.get("COMPAT_CACHE", pathlib.Path(target) / "compat")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def programs() -> pathlib.Path:
    """Where our programs are: built as COMPAT_PROFILE says."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", PROJECT / "target")).resolve()
    return target / os.environ.get("COMPAT_PROFILE", "debug")


def say(text: str) -> None:
    """A line for who waits."""
    print(text, file=sys.stderr, flush=True)


def make_once(name: str, make) -> pathlib.Path:
    """The folder of this name in the cache. Where it is missing it is made under another name first, so that one
    that is there is whole."""
    folder = cache() / name
    if folder.exists():
        return folder
    say(f"compat: making {folder}")
    unfinished = cache() / f"{name}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    make(unfinished)
    unfinished.rename(folder)
    return folder


def run_logged(command: list, log: pathlib.Path, **options) -> None:
    """Runs a command that has to succeed; what it says goes into a file."""
    with open(log, "ab") as out:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, **options)
    if ended.returncode != 0:
        tail = log.read_text(errors="replace").splitlines()[-15:]
        raise SystemExit("\n".join(tail + [f"compat: failed: {command} ({log})"]))
