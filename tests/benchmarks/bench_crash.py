"""Tasks whose workers are killed with `kill -9` at every boundary of a step and at random moments.

`KILLS` says how many (1,000), `SEED` where chance begins, `OUT` where the figures go as JSON. Half of the kills come at
boundaries, each of which is used once a round; over SQLite, and over Postgres where that is installed. With a thousand
kills it takes about an hour.
"""

import itertools
import json
import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from crash_model import WISHES, Server
from crash_rounds import Figures, Nursery, Place, Round, all_places, at_boundaries, at_moments

SHOWN = (
    "kills", "tasks", "lost", "promotions_doubled", "reports_doubled", "requests", "requests_repeated",
    "repeated_after_reply",
)  # fmt: skip
MADE_AT_BOUNDARIES, MADE_AT_MOMENTS = 1, 3
"""Functions made in one round, by how its workers are killed; as many tasks match."""
MOST_AT_MOMENTS = 60
"""Kills in one round of random moments; then its tasks are worked off in peace."""
LONGEST_S = float(os.environ.get("LONGEST_S", "3.0"))
"""No worker lives longer in a round of random moments."""


def main() -> None:
    """Kill, count, print the figures; write them to `OUT` where that is set."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the server and the workers end with this process
    kills, seed = int(os.environ.get("KILLS", "1000")), int(os.environ.get("SEED", "1"))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        places = stack.enter_context(all_places(folder, tell))
        nursery, model = stack.enter_context(Nursery()), stack.enter_context(Server())
        found = {place.name: killed(place, nursery, model, folder, kills // len(places), seed) for place in places}
    total = Figures()
    for figures in found.values():
        total += figures
    show("all", total)
    if os.environ.get("OUT"):
        whole: dict[str, Any] = total.as_json() | {name: figures.as_json() for name, figures in found.items()}
        Path(os.environ["OUT"]).write_text(json.dumps(whole, indent=2) + "\n")


def killed(place: Place, nursery: Nursery, model: Server, folder: Path, kills: int, seed: int) -> Figures:
    """Rounds until so many workers were killed, by turns at boundaries and at random moments."""
    total = Figures()
    by_chance = 0
    for number in itertools.count():
        left = kills - total.kills
        if left <= 0:
            break
        randomly = by_chance < total.kills - by_chance  # whichever has had fewer
        wishes = WISHES[number * 5 % 100 :][: MADE_AT_MOMENTS if randomly else MADE_AT_BOUNDARIES]
        name = f"{place.name}_{number}"
        with place.copied(folder / name, model.url) as settings:
            log = folder / name / "log"
            one = Round(nursery=nursery, server=model, settings=settings, log=log, wishes=wishes)
            if randomly:
                figures = one.played(at_moments(seed + number, LONGEST_S), min(left, MOST_AT_MOMENTS), tell)
            else:
                figures = one.played(at_boundaries, left, tell)
        total += figures
        by_chance += figures.kills if randomly else 0
        show(f"{name} {'moments' if randomly else 'boundaries'}", figures)
    show(place.name, total)
    return total


def show(name: str, figures: Figures) -> None:
    """A line."""
    told = ", ".join(f"{each} {getattr(figures, each)}" for each in SHOWN)
    again = f"{figures.runs_repeated} runs repeated, {len(figures.places)} different boundaries"
    tell(f"{name:24} {told}, {again}, {figures.seconds:.0f} s")


def tell(line: str) -> None:
    """Print at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
