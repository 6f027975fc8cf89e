"""Figure sets: what was reported, whether its sums hold, and what both databases give for it. FORMAT.md section 34."""

import os
import tomllib

from attestations import read_bytes
from lines import sha256
from report import Damaged

WORSE = ["holds", "unverified", "differs"]


def check_figures(stated, folder, databases, report):
    """What an attestation states of each set. `databases` are those that were given, by end."""
    files = files_of(folder)
    for one in stated:
        name = f"figures {one['id']}"
        text = files.get(one["sha256"])
        if text is None:
            report.unverified(f"{name}: no file in figures/ has its digest")
            continue
        chosen = tomllib.loads(text.decode())
        figures = {figure["id"]: figure for figure in chosen["figure"]}
        same = [chosen["id"] == one["id"], list(figures) == [figure["id"] for figure in one["figures"]]]
        same += [str(figures[figure["id"]]["value"]) == figure["reported"] for figure in one["figures"]]
        same.append([said_of(relation, figures) for relation in chosen.get("relation", [])]
                    == [{key: relation[key] for key in ("total", "parts", "result", "difference", "failsBy")}
                        for relation in one["relations"]])
        report.check(all(same), f"{name}: numbers and sums are those of its file")
        judged = {"itself": itself(one["relations"])}
        for end in ["source", "target"]:
            judged[end] = one.get(end) and judgement([figure[end]["verdict"] for figure in one["figures"]])
            if one.get(end) and end in databases:
                check_end(name, end, databases[end], one, figures, report)
            elif one.get(end):
                report.not_checked(f"{name}: what the {end} gives (--{end})")
        worst = max([one for one in judged.values() if one], key=WORSE.index, default="unverified")
        is_so = all(judged[key] == one.get(key) for key in judged) and one["verdict"] == worst
        report.check(is_so, f"{name}: its verdicts follow from its numbers")


# Sets of the public reports, which come with the specification.
SHIPPED = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def files_of(handover):
    """The texts of the sets in the hand-over folder, and of the public reports, by digest."""
    texts = []
    for folder in [handover, SHIPPED]:
        place = os.path.join(folder, "figures")
        names = sorted(os.listdir(place)) if os.path.isdir(place) else []
        texts += [read_bytes(folder, f"figures/{name}") for name in names if name.endswith(".toml")]
    return {sha256(text): text for text in texts}


def bounds(figure):
    """The least and the greatest number that a figure stands for."""
    value, rounding = figure["value"], figure.get("rounding")
    if rounding is None:
        return value, value
    step = rounding["step"]
    return {"over": (value, value + step - 1), "nearly": (value - step + 1, value),
            "about": (value - step // 2, value + step // 2)}[rounding["as"]]


def said_of(relation, figures):
    """What is stated of a relation."""
    total, parts, less = relation["total"], relation["parts"], relation.get("less", [])
    taken = [*less, total]
    low = sum(bounds(figures[one])[0] for one in parts) - sum(bounds(figures[one])[1] for one in taken)
    high = sum(bounds(figures[one])[1] for one in parts) - sum(bounds(figures[one])[0] for one in taken)
    difference = sum(figures[one]["value"] for one in parts) - sum(figures[one]["value"] for one in taken)
    is_rest = relation.get("rest", False)
    fails_by = max(low, 0) if is_rest or low > 0 else max(-high, 0)
    holds = high <= 0 if is_rest else low == high == 0
    result = "fails" if fails_by else "holds" if holds else "rounded"
    return {"total": total, "parts": parts, "result": result, "difference": str(difference), "failsBy": str(fails_by)}


def itself(relations):
    if not relations:
        return None
    return "differs" if any(one["result"] == "fails" for one in relations) else "holds"


def judgement(verdicts):
    """Of an end, from those on its figures."""
    asked = [one for one in verdicts if one != "no_query"]
    if "differs" in asked:
        return "differs"
    return "unverified" if "unverified" in asked or not asked else "holds"


def check_end(name, end, database, stated, figures, report):
    """Asks a database for every figure again."""
    wrong = []
    for one in stated["figures"]:
        figure = figures[one["id"]]
        query = figure.get("query", {})
        query = query.get(database.kind, query.get("sql"))
        low, high = bounds(figure)
        number = None
        if query is not None:
            try:
                number = database.number(query)
            except Damaged:
                pass
        verdict = ("no_query" if query is None else "unverified" if number is None else "same"
                   if number == figure["value"] else "rounded" if low <= number <= high else "differs")
        given = {"value": None if number is None else str(number), "verdict": verdict}
        if given != {"value": one[end].get("value"), "verdict": one[end]["verdict"]}:
            wrong.append(one["id"])
    report.check(not wrong, f"{name}: the {end} gives the numbers that were attested",
                 f"{name}: the {end} gives other numbers than were attested for {', '.join(wrong)}")
