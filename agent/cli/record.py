"""What the operational database knows of a version, for people and programs: its calls, and the answers it changes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console

from agent.cli.render import out, print_table
from agent.showing import cut
from agent.statistics import CONFIDENCE, lower_bound, upper_bound
from registry import CallCounts, Difference

MOST_SHOWN = 20
"""Differences that a table shows; `--json` has them all."""
WIDEST = 60
"""Characters of a value in such a table."""
LONGEST = 300
"""Characters of what tells two functions apart."""


def success_json(counts: CallCounts) -> dict[str, Any]:
    """How a version's distinct calls went, with the bounds of the share that succeeds."""
    trials = counts.ok + counts.failed
    return {
        "ok": counts.ok,
        "calls": trials,
        "at_least": lower_bound(counts.ok, trials),
        "at_most": upper_bound(counts.ok, trials),
        "confidence": CONFIDENCE,
    }


def differences_json(differences: Sequence[Difference]) -> list[dict[str, Any]]:
    """The recorded calls that a version answers otherwise than its predecessor."""
    return [
        {key: value for key, value in asdict(each).items() if key in ("arguments", "before", "after")}
        for each in differences
    ]


def print_differences(differences: Sequence[Difference]) -> None:
    """The same as a table; nothing where there are none."""
    if not differences:
        return
    out.print(f"answers that change, on {len(differences)} recorded calls", style="bold")
    shown = differences[:MOST_SHOWN]
    rows = [[cell(value) for value in (each.arguments, each.before, each.after)] for each in shown]
    print_table(["arguments", "before", "after"], rows)
    if len(differences) > len(shown):
        out.print(f"and {len(differences) - len(shown)} more: --json has them all")


def print_near(evidence: Mapping[str, Any], to: Console = out) -> None:
    """The function that does nearly the same, with inputs on which the two differ; nothing where there is none."""
    near = evidence.get("near")
    if not near:
        return
    to.print(f"{near['name']} {near['version']} does the same on {near['agree']} of {near['of']} inputs", style="bold")
    rows = [[cell(row[key]) for key in ("arguments", "this", "other")] for row in near["differs"]]
    if rows:
        print_table(["arguments", "this one", near["name"]], rows, to)
    for finding in near["fails"]:
        to.print(f"  {cut(finding, LONGEST)}", markup=False)


def cell(value: Any) -> str:
    """The value's JSON, as much of it as a cell holds."""
    return cut(json.dumps(value, ensure_ascii=False), WIDEST)
