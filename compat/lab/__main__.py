"""The command line: which parts to run."""

import sys

from . import data, pairs, rehearsals, results, tools
from .cache import cache, say
from .server import VERSIONS, Server

PARTS = ["pairs", "rehearsals", "tools"]


def main(arguments: list) -> int:
    """Runs the parts that are asked for; 1 if a cell is wrong."""
    chosen = [argument for argument in arguments if argument not in PARTS]
    parts = [part for part in PARTS if part in arguments] or PARTS
    (cache() / "results").mkdir(exist_ok=True)
    servers = start(parts, chosen)
    wrong = False
    try:
        for part in parts:
            cells = []
            for cell in run(part, servers, chosen):
                print(results.line(cell), flush=True)
                cells.append(cell)
            wrong = wrong or not cells or any(cell["wrong"] for cell in cells)
            if not chosen:
                results.keep(part, cells, [server.sql("postgres", "select version()") for server in servers.values()])
    finally:
        for server in servers.values():
            server.stop()
    return 1 if wrong else 0


def start(parts: list, chosen: list) -> dict:
    """The servers that are needed, with the source database on each that is a source."""
    if parts == ["tools"]:
        return {}
    needed = VERSIONS
    if chosen and parts == ["pairs"]:
        named = {int(number) for choice in chosen for number in choice.split("@")[0].split("-")}
        needed = [version for version in VERSIONS if version in named]
    servers = {}
    for version in needed:
        say(f"compat: server {version}")
        servers[version] = Server(version)
        if "pairs" in parts:
            data.load(servers[version], "source")
    return servers


def run(part: str, servers: dict, chosen: list):
    """The cells of a part, one after the other."""
    if part == "pairs":
        for cell in pairs.cells(servers, chosen):
            cell.run()
            yield cell.result()
    elif part == "rehearsals":
        for server in servers.values():
            yield rehearsals.on_server(server)
        for release in tools.RELEASES:
            yield rehearsals.with_tools(release)
    else:
        for release in tools.RELEASES:
            for crate, modules in tools.TESTS:
                yield tools.with_tools(release, crate, modules)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
