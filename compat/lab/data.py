"""The source databases: every file of compat/schemas/ that a server can take, and what a target cannot hold of them.

The first line of a file says for which servers it is: `-- servers: all`, `15-`, `15-16`, or `contrib` for those
whose package has the extensions. What only some versions can hold is in schemas that say so in their names:
`since_18`, `since_15_until_16`, `contrib`."""

import pathlib
import re

from .server import WITH_CONTRIB, Server

SCHEMAS = pathlib.Path(__file__).resolve().parents[1] / "schemas"


def files(version: int) -> list:
    """The files for a server of this version, in the order in which they are run."""
    chosen = []
    for path in sorted(SCHEMAS.glob("*.sql")):
        first = path.read_text().splitlines()[0]
        servers = re.fullmatch(r"-- servers: (all|contrib|(\d+)-(\d*))", first)
        if servers is None:
            raise SystemExit(f"compat: {path}: the first line says for no servers")
        if servers[1] == "contrib":
            fits = version in WITH_CONTRIB
        elif servers[1] == "all":
            fits = True
        else:
            fits = int(servers[2]) <= version <= int(servers[3] or version)
        if fits:
            chosen.append(path)
    return chosen


def load(server: Server, database: str) -> None:
    """Makes a database with everything that this server can hold."""
    server.fresh(database)
    for path in files(server.version):
        server.file(database, path)


def cannot_hold(text: str, target: int) -> bool:
    """Whether a finding tells of something that this target cannot hold."""
    since = any(int(number) > target for number in re.findall(r"since_(\d+)", text))
    until = any(int(number) < target for number in re.findall(r"until_(\d+)", text))
    return since or until or ("contrib" in text and target not in WITH_CONTRIB)
