"""compat/RESULTS.md: what the last runs gave, a line for each cell."""

import datetime
import json
import pathlib
import subprocess

from .cache import PROJECT, cache

FILE = PROJECT / "compat/RESULTS.md"
PARTS = {
    "pairs": "Pairs of servers",
    "rehearsals": "Rehearsals",
    "tools": "Newer git, age and sqlite3",
    "real": "Real schemas",
}
HEAD = """# Results of the last runs

Written by `compat/run` and `compat/real`; not by hand. *ok*: as it should be, and *n named* if objects or rows that the
target cannot hold were named, one by one, while everything else arrived. *WRONG*: a false verdict, a finding of what the
target can hold, a refusal, a command with another digest.
"""


def keep(part: str, cells: list, versions: list) -> None:
    """Keeps the result of a whole part, and writes the file from all parts."""
    folder = cache() / "results"
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=PROJECT, capture_output=True, text=True
    ).stdout.strip()
    today = datetime.date.today().isoformat()
    (folder / f"{part}.json").write_text(
        json.dumps({"date": today, "commit": commit, "versions": versions, "cells": cells}, ensure_ascii=False)
    )
    text = HEAD
    for name, title in PARTS.items():
        path = folder / f"{name}.json"
        if path.exists():
            text += section(title, json.loads(path.read_text()))
    FILE.write_text(text)


def section(title: str, kept: dict) -> str:
    """One part as Markdown."""
    wrong = sum(1 for cell in kept["cells"] if cell["wrong"])
    text = f"\n## {title}\n\n{kept['date']}, commit {kept['commit']}; {len(kept['cells'])} cells, {wrong} wrong.\n"
    text += "".join(f"{version}\n" for version in ["", *kept["versions"]]) if kept["versions"] else ""
    text += "\n| | | |\n|---|---|---|\n"
    return text + "".join(f"| {cell['cell']} | {verdict(cell)} | {beside(cell)} |\n" for cell in kept["cells"])


def verdict(cell: dict) -> str:
    """ok, ok with named findings, or WRONG and why."""
    if cell["wrong"]:
        shown = "<br>".join(text.replace("|", "\\|").replace("\n", " ")[:300] for text in cell["wrong"][:5])
        more = len(cell["wrong"]) - 5
        return f"**WRONG** {shown}" + (f"<br>and {more} more" if more > 0 else "")
    return f"ok, {cell['named']} named" if cell["named"] else "ok"


def beside(cell: dict) -> str:
    """Notes and time."""
    return ", ".join([*cell["notes"], f"{cell['seconds']} s"])


def line(cell: dict) -> str:
    """The cell for the terminal. Everything that is wrong is in a file of its own."""
    head = f"{cell['cell']}: {'WRONG' if cell['wrong'] else verdict(cell)} ({beside(cell)})"
    if not cell["wrong"]:
        return head
    file = cache() / "results" / f"{cell['cell'].replace(' ', '')}.txt"
    file.write_text("\n".join(cell["wrong"]) + "\n")
    shown = [f"    {text[:300]}" for text in cell["wrong"][:8]]
    return "\n".join([head, *shown, f"    {len(cell['wrong'])} in {file}"])
