"""The rehearsal on each server, with the oldest client that can read it; and on files, with the tools of each release."""

import pathlib
import shutil
import tempfile
import time

from . import clients, ours
from .server import Server

DOSES = ["--doses", "20000"]


def rehearse(name: str, environment: dict, ends: list) -> dict:
    """One rehearsal as a line of the results."""
    start = time.monotonic()
    work = pathlib.Path(tempfile.mkdtemp(prefix="hc.", dir="/tmp"))
    try:
        ended = ours.run("handover-migrate", ["rehearse", "--dir", work / "r", *DOSES, *ends], environment)
    finally:
        shutil.rmtree(work)
    wrong = [] if ended.code == 0 else [f"ends with {ended.code}: {ended.last_words()}"]
    return {"cell": name, "seconds": round(time.monotonic() - start), "wrong": wrong, "named": 0, "notes": []}


def on_server(server: Server) -> dict:
    """The rehearsal between two databases of a server."""
    client = min(client for client in clients.CLIENTS if client >= server.version)
    server.fresh("vendor")
    server.fresh("ministry")
    ends = ["--source", server.url("vendor"), "--target", server.url("ministry")]
    environment = clients.first_in_path(clients.client(client))
    return rehearse(f"rehearsal on {server.version}, client {client}", environment, ends)


def with_tools(release: str) -> dict:
    """The rehearsal on files, with the git, age and sqlite3 of a release."""
    return rehearse(f"rehearsal on files, tools of {release}", clients.first_in_path(clients.tools(release)), [])
