"""Which facts of an event may leave the house: names, counts and times, never what people gave or got."""

from collections.abc import Mapping
from typing import Any

from agent.types import Event
from agent.workflow.execution import current

TELLABLE = frozenset(
    (
        "again_in_s", "agree", "backend", "by", "calls", "chance", "commit", "different", "error", "function", "hidden",
        "how", "id", "instead", "killed", "made", "missed", "model", "name", "number", "of", "part", "parts",
        "passed", "patience_s", "pid", "points", "red", "restored", "ruling", "seconds", "status", "step", "tokens_in",
        "tokens_out", "total", "version", "what",
    )
)  # fmt: skip
"""Facts that are told of every event. All others hold, or may hold, arguments, results, or words about them."""
TELLABLE_OF = {
    "progress": frozenset({"line"}),
    "task.parked": frozenset({"reason"}),
    "task.queued": frozenset({"reason"}),
    "worker.said": frozenset({"line"}),
}
"""More, of single events: here they are the words of our own machinery or of a neighbour."""


def tellable(event: Event) -> dict[str, Any]:
    """The facts of the event that may be told, without those that say nothing."""
    allowed = TELLABLE | TELLABLE_OF.get(event.action, frozenset())
    return {key: value for key, value in event.facts.items() if key in allowed and value not in ("", None)}


def place() -> Mapping[str, Any]:
    """Which task this thread is at, in which turn, and as which worker; nothing where it is at none."""
    at = current()
    return {"task": at.task_id, "turn": at.turn, "worker": at.worker} if at else {}
