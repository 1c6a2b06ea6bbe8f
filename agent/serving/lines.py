"""What happens to the parts, in lines for people."""

from collections.abc import Callable
from typing import Any

from agent.types import Event


def line_of(event: Event) -> str:
    """The event's line; empty where it has none."""
    line = LINES.get(event.action)
    return line(event.facts) if line else ""


def plural(count: int) -> str:
    """So many parts."""
    return f"{count} part" if count == 1 else f"{count} parts"


LINES: dict[str, Callable[[Any], str]] = {
    "progress": lambda facts: str(facts["line"]),
    "part.started": lambda facts: f"{facts['part']} started (process {facts['pid']})",
    "part.ready": lambda facts: f"{facts['part']} is ready",
    "part.died": lambda facts: f"{facts['part']} died ({facts['how']}); started again in {facts['again_in_s']:g} s",
    "part.ended": lambda facts: f"{facts['part']} ended ({facts['how']})",
    "serve.ready": lambda facts: f"kowal serve is ready: {plural(facts['parts'])}",
    "serve.draining": lambda facts: f"ending: up to {facts['patience_s']:g} s for what is under way; again: at once",
    "serve.ended": lambda facts: f"ended; {plural(facts['killed'])} had to be killed" if facts["killed"] else "ended",
}
